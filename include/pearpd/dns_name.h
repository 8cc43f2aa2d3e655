/* dns_name.h: names of the DNS (RFC 1035 2.3.1), as text.
 * In: text that people or hosts wrote. Out: a name in one form. Called by: pe_arp (names of services), agent.
 * Never: asks for a name. */
#ifndef PEARPD_DNS_NAME_H
#define PEARPD_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_TEXT_BYTES 254 /* 253 letters and a NUL */
#define DNS_LABEL_BYTES     63

/* Lower case, without the last dot. */
struct dns_name {
    uint8_t length; /* 0: none */
    char text[DNS_NAME_TEXT_BYTES];
};

/* Labels of 1-63 letters, digits, `-` (inside) and `_`, separated by dots, 253 characters at most; one dot may end it.
 * 0, or -EINVAL and *name is left alone. */
int dns_name_parse(const char *text, struct dns_name *name);

/* The same for `length` bytes that no NUL ends. */
int dns_name_parse_bytes(const char *text, size_t length, struct dns_name *name);

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);

/* True where `name` is `zone` or lies below it. */
bool dns_name_in(const struct dns_name *name, const struct dns_name *zone);

#endif
