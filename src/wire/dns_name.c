/* dns_name.c: see dns_name.h. */
#include "pearpd/dns_name.h"

#include <errno.h>
#include <string.h>

#define POINTER       0xc0U
#define POINTERS_MOST 16

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* One label behind what *name has. */
static bool take_label(const char *text, size_t length, struct dns_name *name)
{
    if (length < 1 || length > DNS_LABEL_BYTES || name->length + 1 + length + 1 > DNS_NAME_BYTES)
        return false;
    if (text[0] == '-' || text[length - 1] == '-')
        return false;
    uint8_t *to = name->bytes + name->length;
    *to++ = (uint8_t)length;
    for (size_t i = 0; i < length; i++) {
        const uint8_t c = lower((uint8_t)text[i]);
        if (!is_letter_or_digit(c) && c != '-' && c != '_')
            return false;
        *to++ = c;
    }
    name->length = (uint8_t)(name->length + 1 + length);
    return true;
}

int dns_name_parse_bytes(const char *text, size_t length, struct dns_name *name)
{
    struct dns_name parsed = {.length = 0};
    if (length > 0 && text[length - 1] == '.')
        length--;
    size_t at = 0;
    while (at <= length) {
        const char *dot = at < length ? memchr(text + at, '.', length - at) : NULL;
        const size_t end = dot == NULL ? length : (size_t)(dot - text);
        if (!take_label(text + at, end - at, &parsed))
            return -EINVAL;
        at = end + 1;
    }
    parsed.bytes[parsed.length++] = 0;
    *name = parsed;
    return 0;
}

int dns_name_parse(const char *text, struct dns_name *name)
{
    return dns_name_parse_bytes(text, strlen(text), name);
}

const char *dns_name_format(const struct dns_name *name, char text[static DNS_NAME_TEXT_BYTES])
{
    size_t at = 0, length = 0;
    while (at < name->length && name->bytes[at] != 0) {
        const size_t label = name->bytes[at++];
        if (length > 0 && length + 1 < DNS_NAME_TEXT_BYTES)
            text[length++] = '.';
        for (size_t i = 0; i < label && at < name->length && length + 1 < DNS_NAME_TEXT_BYTES; i++, at++) {
            const uint8_t c = name->bytes[at];
            text[length++] = is_letter_or_digit(c) || c == '-' || c == '_' ? (char)c : '?';
        }
    }
    text[length] = '\0';
    return text;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

bool dns_name_in(const struct dns_name *name, const struct dns_name *zone)
{
    size_t at = 0;
    while (at + zone->length < name->length)
        at += 1U + name->bytes[at];
    return at + zone->length == name->length && memcmp(name->bytes + at, zone->bytes, zone->length) == 0;
}

/* Labels until the empty one (true), or until a pointer, which is put into *pointer. */
static bool rd_labels(struct rd *r, struct dns_name *name, size_t *pointer)
{
    *pointer = 0;
    while (!r->failed) {
        const uint8_t length = rd_u8(r);
        if ((length & POINTER) == POINTER) {
            *pointer = (size_t)(length & ~POINTER) << 8 | rd_u8(r);
            return false;
        }
        const uint8_t *label = rd_bytes(r, length);
        if (length > DNS_LABEL_BYTES || label == NULL || name->length + 1 + length > DNS_NAME_BYTES) {
            r->failed = true;
            return false;
        }
        name->bytes[name->length++] = length;
        for (size_t i = 0; i < length; i++)
            name->bytes[name->length++] = lower(label[i]);
        if (length == 0)
            return true;
    }
    return false;
}

void rd_dns_name(struct rd *r, const uint8_t *message, struct dns_name *name)
{
    size_t before = r->failed ? 0 : (size_t)(r->at - message), pointer;
    name->length = 0;
    bool whole = rd_labels(r, name, &pointer);
    for (unsigned jumps = 0; !whole && !r->failed; jumps++) {
        if (pointer >= before || jumps == POINTERS_MOST) {
            r->failed = true;
            return;
        }
        before = pointer;
        struct rd piece = rd_over(message + pointer, (size_t)(r->end - message) - pointer);
        whole = rd_labels(&piece, name, &pointer);
        r->failed = piece.failed;
    }
}

void wr_dns_name(struct wr *w, const struct dns_name *name)
{
    wr_bytes(w, name->bytes, name->length);
}
