/* undo.h: the record of what an agent changes on its host, written before it is changed.
 * In and out: struct undo, a text file. Called by: agent, status. Never: changes a setting. */
#ifndef PEARPD_AGENT_UNDO_H
#define PEARPD_AGENT_UNDO_H

#include "pearpd/addr.h"
#include "pearpd/netlink_host.h"
#include "pearpd/range_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNDO_INTERFACE_BYTES 16
#define UNDO_VALUE_BYTES     32
#define UNDO_METRICS_BYTES   128
#define UNDO_RESERVED_BYTES  4096
#define UNDO_TEXT_MAX_BYTES  16384

/* The sysctls of docs/pe-arp.md#host-requirements: name, of the interface, value wished for (NULL: the ranges). */
#define UNDO_SYSCTLS(X)                        \
    X(ARP_IGNORE, "arp_ignore", true, "1")     \
    X(ARP_ANNOUNCE, "arp_announce", true, "2") \
    X(ARP_NOTIFY, "arp_notify", true, "0")     \
    X(LOCAL_PORT_RANGE, "ip_local_port_range", false, NULL)

enum undo_sysctl {
#define X(id, name, of_interface, value) UNDO_SYSCTL_##id,
    UNDO_SYSCTLS(X)
#undef X
        UNDO_SYSCTL_COUNT
};

const char *undo_sysctl_name(enum undo_sysctl sysctl);

struct undo {
    char interface[UNDO_INTERFACE_BYTES];
    unsigned ifindex;
    uint64_t namespace_cookie; /* SO_NETNS_COOKIE; 0: the kernel does not say */
    struct range_list held;
    char sysctls[UNDO_SYSCTL_COUNT][UNDO_VALUE_BYTES]; /* the value before; "": not changed */
    bool reserves;                                     /* ip_local_reserved_ports was changed, from: */
    char reserved[UNDO_RESERVED_BYTES];
    bool rules;                        /* the tables of nft.h */
    char metrics[UNDO_METRICS_BYTES];  /* a file that is to be removed; "": none */
    bool enforce;                      /* with those that hold programs to the ranges */
    struct ipv4 addresses[RANGES_MAX]; /* added to lo */
    size_t address_count;
    struct ipv4 gateway_route;      /* the route to it was added; 0.0.0.0: was not */
    struct ipv4 default_route;      /* the default route by it was added */
    struct host_route_raw replaced; /* the default route that stood in its place */
};

/* Writes the record as text. Its length, or -ENOSPC. */
int undo_format(const struct undo *undo, char *text, size_t size);

/* Reads it. 0; -EBADMSG: not one, cut, or with a line that is not understood: *line is its number. */
int undo_parse(const char *text, size_t length, struct undo *undo, unsigned *line);

#endif
