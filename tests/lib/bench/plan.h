/* plan.h: which host owns which port in `make bench`, as one formula that the sender, the sinks and the contestants'
 * tables share. Included by: the programs beside it, sink.bpf.c among them: nothing of the C library here.
 *
 * The ports from PLAN_FIRST_PORT on of each address are cut into `ranges` ranges of equal width; range r of address a
 * belongs to host (a * ranges + r) mod `hosts`. Host h has MAC 02:62 and h in 32 bits. All numbers in host order.
 * Every `moving`-th range moves between its host h and host h + `hosts` while frames pass. */
#ifndef PEARPD_BENCH_PLAN_H
#define PEARPD_BENCH_PLAN_H

#include <linux/types.h>

#define PLAN_FIRST_PORT 1024
#define PLAN_PORTS      64512       /* 1024-65535 */
#define PLAN_REMOTE     0xc633640aU /* 198.51.100.10, behind the router */
#define PLAN_MAC        0x0262U     /* the first two octets of each host's MAC */

/* What a frame of the flood has behind its UDP header: the mark and the frame's number, 32 bits each. */
#define PLAN_MARK       0x70656172U
#define PLAN_NUMBERS    (1U << 27) /* frames of one flood, at most: what the sinks remember */
#define PLAN_V4_PAYLOAD 42
#define PLAN_V6_PAYLOAD 62

struct plan {
    __u32 address, addresses; /* the shared addresses follow each other */
    __u32 ranges;             /* of one address; 1 to PLAN_PORTS */
    __u32 width;              /* ports of a range */
    __u32 hosts;
    __u32 moving; /* 0: none moves */
};

/* The parameters of sink.bpf.c. */
struct sink_constants {
    struct plan plan;
    __u32 ordered; /* whether the order within flows is checked, which costs a look at memory */
};

/* Ports that the plan uses of each address, from PLAN_FIRST_PORT on. */
static inline __u32 plan_ports(const struct plan *plan)
{
    return plan->ranges * plan->width;
}

/* `address` counts from 0, `port` from PLAN_FIRST_PORT; both must be in the plan. */
static inline __u32 plan_owner(const struct plan *plan, __u32 address, __u32 port)
{
    return (address * plan->ranges + port / plan->width) % plan->hosts;
}

/* Does the range of `port` move? */
static inline int plan_moves(const struct plan *plan, __u32 port)
{
    return plan->moving != 0 && port / plan->width % plan->moving == plan->moving - 1;
}

#endif
