/* listen_address.h: where a server listens: an IP address and a TCP port, or a Unix socket.
 * In and out: text, plain data. Called by: conf, daemon, io. Never: opens a socket. */
#ifndef PEARPD_LISTEN_ADDRESS_H
#define PEARPD_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define LISTEN_PATH_BYTES 108 /* sun_path, with its NUL */
#define LISTEN_TEXT_BYTES (LISTEN_PATH_BYTES + 8)

enum listen_kind { LISTEN_NONE, LISTEN_IPV4, LISTEN_IPV6, LISTEN_UNIX };

/* Zeroed: none. */
struct listen_address {
    enum listen_kind kind;
    uint8_t ip[16]; /* network order; of IPv4 the first four */
    uint16_t port;  /* host order */
    char path[LISTEN_PATH_BYTES];
};

/* Reads ADDRESS:PORT, [IPV6]:PORT or unix:PATH, an absolute one. 0, or -EINVAL. */
int listen_address_parse(const char *text, struct listen_address *address);

/* Writes it in the same form; "none" for none. Returns `text`. */
const char *listen_address_format(const struct listen_address *address, char text[static LISTEN_TEXT_BYTES]);

bool listen_address_equal(const struct listen_address *a, const struct listen_address *b);

/* True for 127.0.0.0/8 and ::1: only this machine reaches it. */
bool listen_address_is_loopback(const struct listen_address *address);

#endif
