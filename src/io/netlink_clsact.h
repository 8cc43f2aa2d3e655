/* netlink_clsact.h: what filters a clsact qdisc has.
 * Called by: fast_loader.c. Never: changes one. */
#ifndef PEARPD_IO_NETLINK_CLSACT_H
#define PEARPD_IO_NETLINK_CLSACT_H

#include "pearpd/netlink.h"

#include <stdbool.h>
#include <stdint.h>

/* The number of filters at the ingress and the egress of an interface in *count. 0, or -Exxx. */
int netlink_clsact_filters(struct netlink *netlink, unsigned ifindex, unsigned *count);

#define CLSACT_NAME_BYTES 256

/* A BPF program, as it was attached: libbpf calls it PROGRAM:[ID]. */
struct clsact_program {
    uint32_t id; /* 0: none */
    char name[CLSACT_NAME_BYTES];
};

/* The program at one place of an interface's ingress or egress. The kernel gives its id and name to everybody here, while
 * bpf(2) opens a program by its id for CAP_SYS_ADMIN only. 0, or -Exxx: there is no such interface or qdisc. */
int netlink_clsact_program(struct netlink *netlink, unsigned ifindex, bool at_egress, uint16_t priority,
                           uint32_t handle, struct clsact_program *program);

#endif
