/* event.c: events as text. See event.h. */
#include "pearpd/event.h"

#include <stdio.h>
#include <string.h>

#define X(id, name, level, help) name,
static const char *const names[] = {EVENT_KINDS(X)};
#undef X

const char *event_name(enum event_kind kind)
{
    return names[kind];
}

/* Appends " TEXT" as far as there is room. */
static void append(char text[static EVENT_TEXT_BYTES], const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, EVENT_TEXT_BYTES - used, " %s", more);
}

/* "192.0.2.1/47 198.51.100.1": shared address, protocol, remote. */
static void append_flow(char text[static EVENT_TEXT_BYTES], const struct event *event)
{
    char shared[IPV4_TEXT_BYTES], remote[IPV4_TEXT_BYTES];
    size_t used = strlen(text);
    snprintf(text + used, EVENT_TEXT_BYTES - used, " %s/%u %s", ipv4_format(event->range.address, shared),
             event->protocol, ipv4_format(event->remote, remote));
}

const char *event_format(const struct event *event, char text[static EVENT_TEXT_BYTES])
{
    char part[RANGE_TEXT_BYTES + MAC_TEXT_BYTES];
    snprintf(text, EVENT_TEXT_BYTES, "%s", event_name(event->kind));
    if (event_has_remote(event))
        append_flow(text, event);
    else if (event->range.address.host != 0)
        append(text, range_format(&event->range, part));
    else
        append(text, side_name(event->side));
    if (!mac_is_zero(event->mac))
        append(text, mac_format(event->mac, part));
    if (!mac_is_zero(event->other)) {
        append(text, event->kind == EVENT_MOVED ? "from" : "against");
        append(text, mac_format(event->other, part));
    }
    if (event->detail != NULL) {
        size_t used = strlen(text);
        snprintf(text + used, EVENT_TEXT_BYTES - used, " (%s)", event->detail);
    }
    return text;
}
