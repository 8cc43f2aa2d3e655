/* bind_hook.h: bind() of a port outside what is held fails at once, for the programs of a cgroup: a BPF program at
 * BPF_CGROUP_INET4_BIND.
 * In: what is held, a cgroup (v2). Out: a hook that goes with this process. Called by: agent, tests.
 * Never: looks at another network namespace, at IPv6, at a port that the kernel picks. */
#ifndef PEARPD_AGENT_BIND_HOOK_H
#define PEARPD_AGENT_BIND_HOOK_H

#include "pearpd/range_list.h"

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#define BIND_HOOK_MAX 4608 /* two for a span, of an address and of all; what is around them */

/* The program: 1 for a bind of a port that is held of the address, or of any where the socket is bound to any; for
 * every port of another address, port 0 and a DHCP client's; and in another namespace than `cookie` says (0: in all).
 * Else 0, for which bind() fails with EPERM. The number of instructions. */
size_t bind_hook_program(const struct range_list *held, uint64_t cookie,
                         struct bpf_insn program[static BIND_HOOK_MAX]);

/* Attaches it, beside what is there. A descriptor that keeps it, or -Exxx. */
int bind_hook_attach(const char *cgroup, const struct range_list *held, uint64_t cookie);

/* Puts another program in its place. 0 or -Exxx. */
int bind_hook_update(int hook, const struct range_list *held, uint64_t cookie);

#endif
