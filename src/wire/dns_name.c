/* dns_name.c: see dns_name.h. */
#include "pearpd/dns_name.h"

#include <errno.h>
#include <string.h>

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* One label behind what *name has. */
static bool take_label(const char *text, size_t length, struct dns_name *name)
{
    const size_t dot = name->length > 0 ? 1 : 0;
    if (length < 1 || length > DNS_LABEL_BYTES || name->length + dot + length >= DNS_NAME_TEXT_BYTES)
        return false;
    if (text[0] == '-' || text[length - 1] == '-')
        return false;
    char *to = name->text + name->length;
    if (dot > 0)
        *to++ = '.';
    for (size_t i = 0; i < length; i++) {
        const char c = lower(text[i]);
        if (!is_letter_or_digit(c) && c != '-' && c != '_')
            return false;
        *to++ = c;
    }
    name->length = (uint8_t)(name->length + dot + length);
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
    *name = parsed;
    return 0;
}

int dns_name_parse(const char *text, struct dns_name *name)
{
    return dns_name_parse_bytes(text, strlen(text), name);
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

bool dns_name_in(const struct dns_name *name, const struct dns_name *zone)
{
    if (name->length < zone->length)
        return false;
    const size_t before = (size_t)(name->length - zone->length);
    return memcmp(name->text + before, zone->text, zone->length) == 0 &&
           (before == 0 || name->text[before - 1] == '.');
}
