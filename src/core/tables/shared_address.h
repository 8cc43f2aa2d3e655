/* shared_address.h: the shared addresses of the configuration, found by address.
 * Called by: all of core. Never: decides anything. */
#ifndef PEARPD_CORE_SHARED_ADDRESS_H
#define PEARPD_CORE_SHARED_ADDRESS_H

#include "pearpd/addr.h"
#include "pearpd/port_range.h"
#include "pearpd/rate.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct shared_addresses;

/* A shared address while the engine runs. */
struct shared_address {
    struct ipv4 router; /* that asked for the address, for HELLO; zero: none did */
    struct mac router_mac;
    uint32_t learned;       /* bindings of it by claims and traffic */
    uint64_t live_until_ns; /* none of them was stale: not looked for again before */
    struct rate defence;    /* gratuitous ARP on a conflict: one in 10 s */
};

/* The addresses of the engine's configuration. NULL: out of memory. */
struct shared_addresses *shared_addresses_new(const struct engine *e);
void shared_addresses_free(struct shared_addresses *addresses);
/* Takes over the routers of another engine (a reload). */
void shared_addresses_carry(struct engine *e, const struct engine *old);

/* The index of a shared address in config.addresses, or -1. */
int shared_address_index(const struct engine *e, struct ipv4 address);

/* The same for ports whose address is shared. */
static inline uint32_t shared_address_of_ports(const struct engine *e, const struct port_range *ports)
{
    return (uint32_t)shared_address_index(e, ports->range.address);
}

struct shared_address *shared_address_at(const struct engine *e, uint32_t address_index);

#endif
