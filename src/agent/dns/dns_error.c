/* dns_error.c: see dns_error.h. */
#include "dns_error.h"

#include <stdio.h>
#include <string.h>

/* RFC 2136 2.2, RFC 8945 3. `after_key`: NULL where the text names no key. */
static const struct {
    const char *rcode, *before_key, *after_key;
} refusals[] = {
    {"NOTAUTH", "the server is not the zone's primary: check `zone` and the server's zones", NULL},
    {"NOTZONE", "a name is outside of the zone: check `zone` and `host`", NULL},
    {"BADKEY", "the server does not know the key ", ": check `key` and the server's keys"},
    {"BADSIG", "the server has another secret for the key ", ": check `secret` and the server's keys"},
    {"BADTIME", "the clocks of the server and this host differ by more than 300 s: check `date` on both", NULL},
    {"REFUSED", "the key ", " may not change the zone: check the zone's update rules"},
    {"SERVFAIL", "the server cannot change the zone: check its log", NULL},
    {"NOTIMP", "the server does not support dynamic updates", NULL},
    {"FORMERR", "the server does not support dynamic updates", NULL},
};

static void format_refusal(const char *rcode, const struct dns_name *key, char *text)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (strcmp(rcode, refusals[i].rcode) != 0)
            continue;
        const bool names_key = refusals[i].after_key != NULL;
        snprintf(text, DNS_ERROR_TEXT_BYTES, "%s: %s%s%s", rcode, refusals[i].before_key,
                 names_key ? key->text : "", names_key ? refusals[i].after_key : "");
        return;
    }
    snprintf(text, DNS_ERROR_TEXT_BYTES, "the server answers %s", rcode);
}

const char *dns_error_format(const struct dns_error *error, const struct dns_name *key,
                             char text[static DNS_ERROR_TEXT_BYTES])
{
    text[0] = '\0';
    switch (error->kind) {
    case DNS_ERROR_NONE:
        break;
    case DNS_ERROR_NOT_INSTALLED:
        snprintf(text, DNS_ERROR_TEXT_BYTES,
                 "nsupdate(1) is not installed: it is in the package bind9-dnsutils "
                 "of Debian, bind-utils of Fedora");
        break;
    case DNS_ERROR_NOT_RUN:
        snprintf(text, DNS_ERROR_TEXT_BYTES, "nsupdate(1) fails: %s", error->word);
        break;
    case DNS_ERROR_TIMEOUT:
        snprintf(text, DNS_ERROR_TEXT_BYTES, "no answer: is the server up, and reachable from this host?");
        break;
    case DNS_ERROR_CONNECTION:
        snprintf(text, DNS_ERROR_TEXT_BYTES,
                 "no TCP connection%s%s%s: is the server up, and reachable from this host?",
                 error->word[0] == '\0' ? "" : " (", error->word, error->word[0] == '\0' ? "" : ")");
        break;
    case DNS_ERROR_REFUSED:
        format_refusal(error->word, key, text);
        break;
    case DNS_ERROR_UNSIGNED:
        snprintf(text, DNS_ERROR_TEXT_BYTES,
                 "the answer is not signed with the key %s: does the server know it?", key->text);
        break;
    }
    return text;
}
