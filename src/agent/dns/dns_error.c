/* dns_error.c: see dns_error.h. */
#include "dns_error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void format_clocks(const struct dns_error *trouble, uint64_t wall_s, char *text, size_t size)
{
    const uint64_t server_s = trouble->server_time_s;
    if (server_s == 0)
        snprintf(text, size, "BADTIME: the clocks of server and host differ too much");
    else
        snprintf(text, size, "BADTIME: the server's clock is %" PRIu64 " s %s this host's",
                 server_s > wall_s ? server_s - wall_s : wall_s - server_s,
                 server_s > wall_s ? "ahead of" : "behind");
}

static void format_refusal(const struct dns_error *trouble, const char *key, uint64_t wall_s, char *text,
                           size_t size)
{
    const char *name = dns_rcode_name(trouble->rcode);
    switch (trouble->rcode) {
    case DNS_NOTAUTH:
        snprintf(text, size, "NOTAUTH: the server is not the zone's primary: look at `zone` and at its zones");
        break;
    case DNS_NOTZONE:
        snprintf(text, size, "NOTZONE: a name lies outside of the zone: look at `zone` and `host`");
        break;
    case DNS_BADKEY:
        snprintf(text, size, "BADKEY: the server does not know the key %s: look at `key` and at its keys", key);
        break;
    case DNS_BADSIG:
        snprintf(text, size, "BADSIG: the key %s has another secret there: look at `secret` and at its keys",
                 key);
        break;
    case DNS_BADTIME:
        format_clocks(trouble, wall_s, text, size);
        break;
    case DNS_REFUSED:
        snprintf(text, size, "REFUSED: the key %s may not change the zone: look at the zone's update rules",
                 key);
        break;
    case DNS_SERVFAIL:
        snprintf(text, size, "SERVFAIL: the server cannot change the zone: look at its log");
        break;
    case DNS_NOTIMP:
    case DNS_FORMERR:
        snprintf(text, size, "%s: the server knows no dynamic updates", name);
        break;
    default:
        snprintf(text, size, "it answers %s (%u)", name == NULL ? "an error" : name, trouble->rcode);
        break;
    }
}

const char *dns_error_format(const struct dns_error *trouble, const struct dns_name *key, uint64_t wall_s,
                             char text[static DNS_ERROR_TEXT_BYTES])
{
    char name[DNS_NAME_TEXT_BYTES];
    dns_name_format(key, name);
    text[0] = '\0';
    switch (trouble->kind) {
    case DNS_ERROR_NONE:
        break;
    case DNS_ERROR_SILENT:
        snprintf(text, DNS_ERROR_TEXT_BYTES, "no answer: is the server up, and reached from here?");
        break;
    case DNS_ERROR_UNREACHABLE:
        snprintf(text, DNS_ERROR_TEXT_BYTES, "%s%s", strerror(-trouble->error),
                 trouble->error == -ECONNREFUSED ? ": nobody listens there" : "");
        break;
    case DNS_ERROR_REFUSED:
        format_refusal(trouble, name, wall_s, text, DNS_ERROR_TEXT_BYTES);
        break;
    case DNS_ERROR_UNSIGNED:
        snprintf(text, DNS_ERROR_TEXT_BYTES, "answers without a signature: does the server know the key %s?",
                 name);
        break;
    case DNS_ERROR_FORGED:
        snprintf(text, DNS_ERROR_TEXT_BYTES, "answers that are not signed with the key %s, or not now", name);
        break;
    }
    return text;
}
