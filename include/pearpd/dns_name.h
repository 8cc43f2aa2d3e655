/* dns_name.h: names of the DNS (RFC 1035 3.1, 4.1.4), as text and on the wire.
 * In: text, or a message. Out: the other form. Called by: dns_message, core (names of services), agent.
 * Never: asks for a name. */
#ifndef PEARPD_DNS_NAME_H
#define PEARPD_DNS_NAME_H

#include "pearpd/cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_BYTES      255
#define DNS_NAME_TEXT_BYTES 254 /* 253 letters and a NUL; no dot at the end */
#define DNS_LABEL_BYTES     63

/* The uncompressed form: labels with their lengths, the empty one last; in lower case. */
struct dns_name {
    uint8_t length;
    uint8_t bytes[DNS_NAME_BYTES];
};

/* Labels of 1-63 letters, digits, `-` (inside) and `_`, parted by dots, 253 letters at most; one dot may end it.
 * 0, or -EINVAL and *name is left alone. */
int dns_name_parse(const char *text, struct dns_name *name);

/* The same for `length` bytes that no NUL ends. */
int dns_name_parse_bytes(const char *text, size_t length, struct dns_name *name);

/* The text form, without the last dot. What dns_name_parse() would not take is shown as `?`. */
const char *dns_name_format(const struct dns_name *name, char text[static DNS_NAME_TEXT_BYTES]);

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);

/* True where `name` is `zone` or lies below it. */
bool dns_name_in(const struct dns_name *name, const struct dns_name *zone);

/* Reads a name that stands at `r`, a reader over `message` from its first byte on. Pointers go backwards alone, each
 * further than the last, so that no name loops. Fails `r` where it is none. Letters become lower case. */
void rd_dns_name(struct rd *r, const uint8_t *message, struct dns_name *name);

void wr_dns_name(struct wr *w, const struct dns_name *name);

#endif
