/* fast_ports.h: from an address and a port to a slot: the addresses, blocks and leaves of fast_layout.h.
 * In: which ports a slot has. Out: what the programs read. Called by: fast_table.c.
 * A word of blocks is a slot where all 64 ports have the same one, else a leaf, else 0. A word or an entry is written
 * when what it refers to is complete. */
#ifndef PEARPD_FAST_PORTS_H
#define PEARPD_FAST_PORTS_H

#include "pearpd/addr.h"
#include "pearpd/fast_memory.h"
#include "pearpd/port_range.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fast_leaf_record {
    uint64_t until_ns; /* in quarantine */
    uint32_t next;     /* free or in quarantine */
    uint32_t used;     /* entries that are not 0 */
};

struct fast_ports {
    struct fast_memory memory;
    uint32_t addresses[FAST_ADDRESSES]; /* by index; 0: none */
    struct fast_leaf_record *leaves;    /* by number */
    uint32_t fresh;                     /* this and those above were never used */
    uint32_t free, free_count;          /* a list; 0: none */
    uint32_t ended_first, ended_last, ended_count;
};

/* 0, or -ENOMEM. Takes the addresses that are there. */
int fast_ports_begin(struct fast_ports *ports, const struct fast_memory *memory);
void fast_ports_end(struct fast_ports *ports);

/* As fast_table_set_addresses(). */
int fast_ports_set_addresses(struct fast_ports *ports, uint64_t now_ns, const struct ipv4 *addresses,
                             size_t count);

/* Gives the ports to `slot`, which is complete. 0; -ENOENT: not a shared address; -ENOSPC: no leaves: nothing is
 * written. */
int fast_ports_fill(struct fast_ports *ports, uint64_t now_ns, const struct port_range *range, uint16_t slot);
/* Takes them away from it, where it has them. */
void fast_ports_drop(struct fast_ports *ports, uint64_t now_ns, const struct port_range *range, uint16_t slot);
void fast_ports_clear(struct fast_ports *ports, uint64_t now_ns);
/* 0: none. */
uint16_t fast_ports_find(const struct fast_ports *ports, struct ipv4 address, uint16_t port);

/* Counts what a daemon before left, and takes away ports for which `has` is false. */
typedef bool fast_ports_has_fn(const void *context, uint16_t slot, struct ipv4 address, uint16_t first,
                               uint16_t last);
void fast_ports_adopt(struct fast_ports *ports, uint64_t now_ns, fast_ports_has_fn *has, const void *context);

uint32_t fast_ports_leaves_used(const struct fast_ports *ports);

#endif
