/* sandbox.h: what a daemon that runs may still ask of the kernel.
 * Called by: daemon, once everything is open. Never: undone, also not in children that are forked later. */
#ifndef PEARPD_SANDBOX_H
#define PEARPD_SANDBOX_H

/* Gives up CAP_NET_RAW, which only the opening of packet sockets needs, and installs the filter of system calls:
 * - execve, ptrace, access to the memory of other processes, and sockets of other families than UNIX, IPv4, IPv6 and
 *   rtnetlink kill the process (SIGSYS);
 * - what a running pearpd has no use for answers ENOSYS, which a library that is newer than this list can take;
 * - the rest is allowed.
 * The capabilities for links and the fast path stay: a reload may need them.
 * 0; -ENOSYS: built with a sanitizer that needs other calls; -Exxx: the kernel has no such filters. */
int sandbox_enter(void);

#endif
