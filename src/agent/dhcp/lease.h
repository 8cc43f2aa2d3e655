/* lease.h: what a DHCP client was given: an address, its port set (RFC 7618), and what goes with them.
 * In: the words of a client's hook, or the file that keeps them. Out: a struct, or what is wrong with them.
 * Called by: lease_command, agent, tests. Never: opens a file, reads a clock. */
#ifndef PEARPD_AGENT_LEASE_H
#define PEARPD_AGENT_LEASE_H

#include "pearpd/addr.h"
#include "pearpd/range_list.h"

#include <stddef.h>
#include <stdint.h>

#define LEASE_DNS_MAX    3 /* resolv.conf(5) takes no more */
#define LEASE_WORDS_MAX  16
#define LEASE_TEXT_BYTES 512 /* of the longest file, with a NUL */
#define LEASE_WHY_BYTES  200
#define LEASE_FOREVER_S  UINT64_MAX

struct lease {
    bool bound; /* false: released or expired, and the rest is zero */
    struct port_range held;
    struct ipv4 gateway; /* 0.0.0.0: none given */
    struct ipv4 dns[LEASE_DNS_MAX];
    size_t dns_count;
    uint16_t mtu;     /* 0: none given */
    uint64_t until_s; /* seconds since boot, or LEASE_FOREVER_S */
};

/* Reads "released", "expired", or "bound ADDRESS PORTS [KEY=VALUE ...]", a word each. PORTS is option 159 as
 * clients print it: 00060800, 0:6:8:0, "0 6 2048", or OFFSET/LENGTH/ID. Keys: gateway, netmask, dns, mtu,
 * lifetime (seconds from now_s), until (seconds since boot); lists have blanks or commas between; an empty value
 * says nothing. 0; -EINVAL: *why says which word and why. */
int lease_parse(const char *const *words, size_t count, uint64_t now_s, struct lease *lease,
                char why[static LEASE_WHY_BYTES]);

/* Whether this is what is held of it. */
bool lease_is_of(const struct lease *lease, const struct port_range *held);

/* Seconds that it lasts from now on; LEASE_FOREVER_S. */
uint64_t lease_left_s(const struct lease *lease, uint64_t now_s);

/* The same words as one line of a file, for a lease that is bound. Its length. */
int lease_format(const struct lease *lease, char text[static LEASE_TEXT_BYTES]);

/* Reads that line, `text` with a NUL behind it. As lease_parse(). */
int lease_read(char *text, struct lease *lease, char why[static LEASE_WHY_BYTES]);

#endif
