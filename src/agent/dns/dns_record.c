/* dns_record.c: see dns_record.h. */
#include "dns_record.h"

#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static const char *const type_names[] = {
    [DNS_TYPE_A] = "A", [DNS_TYPE_SRV] = "SRV", [DNS_TYPE_SVCB] = "SVCB", [DNS_TYPE_HTTPS] = "HTTPS"};
static const char protocol_characters[] = LETTERS "./_+:-", data_characters[] = LETTERS "./_+:-=,\" ";

const char *dns_type_name(enum dns_type type)
{
    return type_names[type];
}

bool dns_type_parse(const char *text, enum dns_type *type)
{
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (strcmp(type_names[i], text) == 0) {
            *type = (enum dns_type)i;
            return true;
        }
    return false;
}

static void begin_record(struct dns_record *record, const struct dns_name *name, enum dns_type type,
                         uint32_t ttl_s)
{
    *record = (struct dns_record){.name = *name, .type = type, .ttl_s = ttl_s};
}

void dns_record_a(struct dns_record *record, const struct dns_name *name, uint32_t ttl_s, struct ipv4 address)
{
    char text[IPV4_TEXT_BYTES];
    begin_record(record, name, DNS_TYPE_A, ttl_s);
    snprintf(record->data, sizeof(record->data), "%s", ipv4_format(address, text));
}

void dns_record_srv(struct dns_record *record, const struct dns_name *name, uint32_t ttl_s, uint16_t priority,
                    uint16_t weight, uint16_t port, const struct dns_name *target)
{
    begin_record(record, name, DNS_TYPE_SRV, ttl_s);
    snprintf(record->data, sizeof(record->data), "%u %u %u %s.", priority, weight, port, target->text);
}

bool dns_alpn_is_valid(const char *alpn)
{
    if (strlen(alpn) > DNS_ALPN_TEXT_BYTES)
        return false;
    for (const char *at = alpn;; at++) {
        at += strspn(at, " ");
        const size_t length = strspn(at, protocol_characters);
        if (length == 0)
            return false;
        at += length;
        at += strspn(at, " ");
        if (*at == '\0')
            return true;
        if (*at != ',')
            return false;
    }
}

void dns_record_svcb(struct dns_record *record, enum dns_type type, const struct dns_name *name, uint32_t ttl_s,
                     uint16_t priority, uint16_t port, const char *alpn, const struct dns_name *target)
{
    char list[DNS_ALPN_TEXT_BYTES + 1], parameter[sizeof(list) + sizeof(" alpn=\"\"")] = "";
    size_t length = 0;
    for (; *alpn != '\0' && length < sizeof(list) - 1; alpn++)
        if (*alpn != ' ')
            list[length++] = *alpn;
    list[length] = '\0';
    if (length > 0)
        snprintf(parameter, sizeof(parameter), " alpn=\"%s\"", list);
    begin_record(record, name, type, ttl_s);
    snprintf(record->data, sizeof(record->data), "%u %s.%s port=%u", priority, target->text, parameter, port);
}

bool dns_data_is_valid(const char *text)
{
    const size_t length = strlen(text);
    size_t quotes = 0;
    for (const char *at = text; *at != '\0'; at++)
        quotes += *at == '"';
    return length > 0 && length < DNS_DATA_BYTES && strspn(text, data_characters) == length && quotes % 2 == 0;
}

bool dns_record_equal(const struct dns_record *a, const struct dns_record *b)
{
    return a->type == b->type && dns_name_equal(&a->name, &b->name) && strcmp(a->data, b->data) == 0;
}
