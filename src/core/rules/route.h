/* route.h: the right that a packet of a shared address needs, and its route. */
#ifndef PEARPD_CORE_ROUTE_H
#define PEARPD_CORE_ROUTE_H

#include "pearpd/addr.h"
#include "pearpd/drop.h"

#include <stdbool.h>
#include <stdint.h>

/* The right that a host needs to send a packet. */
enum right_kind {
    RIGHT_FREE,                  /* nothing: echo, UDP source port 68 */
    RIGHT_PORT,                  /* the source port */
    RIGHT_ICMP_ERROR,            /* what its ICMP error quotes was sent to `host`, at `port` */
    RIGHT_ICMP_ERROR_FOREIGN,    /* ... was not sent to the shared address */
    RIGHT_ICMP_ERROR_FRAGMENT,   /* ... is a later fragment */
    RIGHT_ICMP_ERROR_UNREADABLE, /* ... cannot be read */
    RIGHT_FLOW,                  /* {remote, protocol} */
};
struct right {
    enum right_kind kind;
    uint16_t port;
    uint8_t protocol;
    struct ipv4 remote;
    struct mac host;  /* zero: nobody in particular */
    bool shows_usage; /* RIGHT_PORT: the packet teaches who owns the port, and keeps what was learned so */
};

/* Where a packet to a shared address goes. */
enum route_kind {
    ROUTE_PORT,         /* the owner of `port`; hosts are asked for it by `protocol` */
    ROUTE_HOST,         /* `host` */
    ROUTE_DEFAULT_HOST, /* default-host, or dropped for `reason` */
    ROUTE_ECHO,         /* the bridge answers */
    ROUTE_DROP,         /* dropped for `reason` */
};
struct route {
    enum route_kind kind;
    uint16_t port;
    uint8_t protocol;
    struct mac host;
    enum drop_reason reason;
};

#endif
