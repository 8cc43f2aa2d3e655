/* fast_loader.h: the programs and the memory of the fast path in the kernel.
 * In: the memory's size, ports. Out: memory to write, filters for packet sockets, programs at the ports.
 * Called by: daemon. Needs CAP_BPF, CAP_NET_ADMIN, and CAP_PERFMON, without which the verifier follows every branch that a
 * processor might guess, and gives up. Never: decides what is forwarded.
 *
 * What is attached and pinned outlives the process where the caller leaves it; who opens the same name next takes it
 * over. Errors are -Exxx; `why` then holds one line for the log, without a newline. */
#ifndef PEARPD_FAST_LOADER_H
#define PEARPD_FAST_LOADER_H

#include "pearpd/addr.h"
#include "pearpd/fast_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAST_LOADER_WHY_BYTES 256
#define FAST_LOADER_NAME_MAX  128 /* bytes of a name */

struct fast_loader;

/* Where the frames of a port come in: at the ingress of an interface, or at the egress of a tap, which is sent them. */
enum fast_hook { FAST_AT_INGRESS, FAST_AT_EGRESS };

/* Loads the programs, and makes the memory with `leaves` (at most FAST_LEAVES_MAX) and `columns` (at most
 * FAST_COLUMNS_MAX), or takes over what is pinned as `name` and has the same shape. Another shape is replaced.
 * 0 and *loader, to be closed by the caller.
 * -ENOSYS: pearpd was built without the programs; -EPERM: no right to; -EINVAL: a bad argument; -EOPNOTSUPP and others:
 * the kernel refuses. `why` may be NULL. */
int fast_loader_open(struct fast_loader **loader, const char *name, uint32_t leaves, uint32_t columns,
                     char *why, size_t why_bytes);

/* Borrowed until the loader is closed. */
const struct fast_memory *fast_loader_memory(const struct fast_loader *loader);

/* The memory holds what an earlier process left there. */
bool fast_loader_was_taken_over(const struct fast_loader *loader);

/* False: nothing can outlive this process, since no BPF file system is mounted at /sys/fs/bpf or it cannot be written. */
bool fast_loader_is_pinned(const struct fast_loader *loader);

/* The filter for a packet socket (FAST_SOCKET_RING, FAST_SOCKET_ASIDE), for SO_ATTACH_BPF. Borrowed. */
int fast_loader_filter_fd(const struct fast_loader *loader, unsigned socket);

/* The program of the ports. Borrowed. */
int fast_loader_program_fd(const struct fast_loader *loader);

/* Attaches the program to the interface of `side`, in place of what an earlier process of this name attached there, and sets
 * IFF_PROMISC where it is at the ingress; of another interface of this side it is detached. The frames that it forwards are
 * those of fast_config.ifindex.
 * -EEXIST: another program has the place; -ENODEV: there is no such interface; others of netlink. */
int fast_loader_attach(struct fast_loader *loader, enum side side, unsigned ifindex, enum fast_hook hook,
                       char *why, size_t why_bytes);

/* Takes it away from there; and IFF_PROMISC, the punt device of the interface (netlink_punt.h), and the clsact qdisc, if it came
 * with it and has nothing else. An interface that is gone is no error; one that the other side has by now stays as it is. */
int fast_loader_detach(struct fast_loader *loader, enum side side);

/* The interface that this loader, or the one before it, attached the program to; 0: none. */
unsigned fast_loader_attached(const struct fast_loader *loader, enum side side);

/* True where the interface still has this loader's program: others may have deleted the qdisc. */
bool fast_loader_is_attached(const struct fast_loader *loader, enum side side);

/* `leave`: what is attached stays and forwards, if it is pinned. Else it is detached, and the pins are removed. NULL is
 * allowed. */
void fast_loader_close(struct fast_loader *loader, bool leave);

/* What is left of `name`, also of another layout, is detached from these interfaces (0: none) and unpinned. Nothing there
 * is no error. */
int fast_loader_remove_all(const char *name, const unsigned ifindexes[SIDES], char *why, size_t why_bytes);

#endif
