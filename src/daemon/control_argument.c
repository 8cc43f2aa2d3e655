/* control_argument.c: see control_argument.h. */
#include "control_argument.h"

#include "pearpd/month.h"

#include "control_request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool take_address(struct control_request *request, const char *word)
{
    if (request->has_address || ipv4_parse(word, &request->range.address) != 0)
        return false;
    request->range.first = 0;
    request->range.last = UINT16_MAX;
    return request->has_address = true;
}

static bool take_range(struct control_request *request, const char *word)
{
    if (request->has_address || range_parse(word, &request->range) != 0)
        return false;
    return request->has_address = request->has_port = true;
}

static bool take_port(struct control_request *request, const char *word)
{
    struct range range;
    return range_parse(word, &range) == 0 && range.first == range.last && take_range(request, word);
}

static bool take_mac(struct control_request *request, const char *word)
{
    struct mac mac;
    if (mac_parse(word, &mac) != 0 || mac_is_zero(mac))
        return false;
    request->mac = mac;
    return true;
}

static bool take_owner(struct control_request *request, const char *word)
{
    return take_mac(request, word) || take_port(request, word);
}

static bool take_month(struct control_request *request, const char *word)
{
    return month_parse(word, &request->month) == 0;
}

static bool take_count(struct control_request *request, const char *word)
{
    char *end;
    const unsigned long count = isdigit((unsigned char)*word) ? strtoul(word, &end, 10) : 0;
    if (count == 0 || count > 65536 || *end != '\0')
        return false;
    request->count = (uint32_t)count;
    return true;
}

/* A word with a colon, or of digits and dots, was meant for an address; a name begins with a letter or digit. */
static bool take_name(struct control_request *request, const char *word)
{
    if (!isalnum((unsigned char)*word) || strchr(word, ':') != NULL ||
        strspn(word, "0123456789.") == strlen(word) || strlen(word) >= sizeof(request->name))
        return false;
    memcpy(request->name, word, strlen(word) + 1);
    return true;
}

static bool take_filter(struct control_request *request, const char *word)
{
    return take_address(request, word) || take_range(request, word) || take_mac(request, word) ||
           take_name(request, word);
}

static bool take_force(struct control_request *request, const char *word)
{
    return request->force = strcmp(word, "--force") == 0;
}

static bool take_ask(struct control_request *request, const char *word)
{
    return request->ask = strcmp(word, "--ask") == 0;
}

const struct control_argument control_argument_address = {"an IPv4 address", take_address};
const struct control_argument control_argument_port = {"ADDRESS:PORT", take_port};
const struct control_argument control_argument_range = {"ADDRESS:FIRST-LAST", take_range};
const struct control_argument control_argument_mac = {"a MAC address", take_mac};
const struct control_argument control_argument_owner = {"a MAC address or ADDRESS:PORT", take_owner};
const struct control_argument control_argument_month = {"a month, as 2026-11", take_month};
const struct control_argument control_argument_count = {"a number of ports, 1 to 65536", take_count};
const struct control_argument control_argument_filter = {
    "an address, a port or range of one, a MAC address or a name", take_filter};
const struct control_argument control_argument_force = {"--force", take_force};
const struct control_argument control_argument_ask = {"--ask", take_ask};
