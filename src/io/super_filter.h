/* super_filter.h: parts the super-frames of an interface between two packet sockets, by an eBPF socket filter.
 * Called by: packet_port.c. See docs/decisions/0019-no-frame-stops-a-ring.md. */
#ifndef PEARPD_SUPER_FILTER_H
#define PEARPD_SUPER_FILTER_H

/* Which frames a socket takes. */
enum super_filter {
    SUPER_FILTER_RING, /* ordinary frames, and super-frames of TCP directly behind IPv4 or IPv6 */
    SUPER_FILTER_ASIDE /* every other super-frame: UDP, SCTP, tunnels, behind two tags */
};

/* Attaches the filter to a packet socket of type SOCK_RAW. Each frame passes exactly one of the two filters.
 * 0, or -Exxx: -EPERM without CAP_BPF where the system asks for it. */
int super_filter_attach(int fd, enum super_filter filter);

/* Attaches a program of type BPF_PROG_TYPE_SOCKET_FILTER in its place. 0, or -Exxx. */
int super_filter_replace(int fd, int program);

#endif
