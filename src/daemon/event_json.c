/* event_json.c: see event_json.h. */
#include "event_json.h"

#include "pearpd/clock.h"

static void write_time(struct json *j, const struct event *event, uint64_t now_ns)
{
    char text[CLOCK_TEXT_BYTES];
    const uint64_t age_us = now_ns > event->time_ns ? (now_ns - event->time_ns) / 1000 : 0;
    json_key_string(j, "time", clock_wall_format(clock_wall_us() - age_us, text));
}

void event_json(struct json *j, const struct event *event, uint64_t now_ns)
{
    char text[RANGE_TEXT_BYTES];
    json_object_begin(j);
    json_key_string(j, "event", event_name(event->kind));
    json_key_u64(j, "time_ns", event->time_ns);
    json_key_string(j, "side", side_name(event->side));
    if (event->range.address.host != 0)
        json_key_string(j, "range", range_format(&event->range, text));
    if (event_has_remote(event)) {
        json_key_string(j, "remote", ipv4_format(event->remote, text));
        json_key_u64(j, "protocol", event->protocol);
    }
    if (!mac_is_zero(event->mac))
        json_key_string(j, "mac", mac_format(event->mac, text));
    if (!mac_is_zero(event->other))
        json_key_string(j, "other", mac_format(event->other, text));
    if (event->detail != NULL)
        json_key_string(j, "detail", event->detail);
    write_time(j, event, now_ns);
    json_object_end(j);
}
