/* host.c: see host.h. */
#include "host.h"

#define EVENTS_PER_SECOND 10

struct keyed_table *host_table_new(uint32_t limit, const uint8_t hash_key[static HASH_KEY_BYTES])
{
    return keyed_table_new(limit, sizeof(struct mac), sizeof(struct host), hash_key);
}

struct host *host_of(struct keyed_table *hosts, struct mac mac)
{
    bool fresh;
    return keyed_table_put(hosts, &mac, &fresh);
}

struct host *host_find(struct keyed_table *hosts, struct mac mac)
{
    return keyed_table_find(hosts, &mac);
}

static unsigned event_place(enum event_kind kind)
{
    switch (kind) {
    case EVENT_CONFLICT:
        return 0;
    case EVENT_CAPTURE:
        return 1;
    case EVENT_VIOLATION:
        return 2;
    case EVENT_FLOW_CONFLICT:
        return 3;
    case EVENT_REFUSED:
        return 4;
    case EVENT_DECLINED:
        return 5;
    default:
        return HOST_EVENT_PLACES - 1;
    }
}

bool host_may_emit(struct host *host, enum event_kind kind, uint64_t now_ns)
{
    return rate_take(&host->events[event_place(kind)], rate_limit_of(EVENTS_PER_SECOND, EVENTS_PER_SECOND),
                     now_ns);
}
