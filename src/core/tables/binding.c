/* binding.c: see binding.h. */
#include "binding.h"

#include "portmap.h"

#include <stdlib.h>
#include <string.h>

#define NONE      UINT32_MAX
#define WINDOW_NS (LIVE_NS / (LIVE_WINDOWS - 1)) /* none is started again within LIVE_NS of its last packet */

/* The port sets that an address is shared by, if it is, and how many of its bindings are none of them. */
struct expected {
    bool has_psid;
    struct port_set_params params;
    uint32_t others;
};

struct binding_table {
    uint32_t limit, count, unused, free;
    uint32_t addresses;
    uint32_t stale_oldest, stale_newest;
    uint64_t changes;
    struct binding *bindings; /* from 1: ids of the port maps; stale_older links the free ones */
    struct portmap *maps;
    struct expected *expected; /* as maps */
    struct portmap_pool pool;
};

struct port_range binding_ports_of_set(const struct config_address *address, struct port_set_params params,
                                       uint16_t psid)
{
    struct port_range ports = port_range_of_set(address->address, params, psid);
    ports.is_port_set = address->has_psid || params.offset > 0;
    return ports;
}

struct binding_table *binding_table_new(uint32_t limit, uint32_t addresses)
{
    struct binding_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    table->limit = limit;
    table->unused = 1;
    table->free = table->stale_oldest = table->stale_newest = NONE;
    table->addresses = addresses;
    table->bindings = calloc((size_t)limit + 1, sizeof(*table->bindings));
    table->maps = calloc(addresses, sizeof(*table->maps));
    table->expected = calloc(addresses, sizeof(*table->expected));
    if (table->bindings == NULL || table->maps == NULL || table->expected == NULL ||
        portmap_pool_init(&table->pool, addresses) != 0) {
        binding_table_free(table);
        return NULL;
    }
    return table;
}

void binding_table_free(struct binding_table *table)
{
    if (table == NULL)
        return;
    portmap_pool_free(&table->pool);
    free(table->bindings);
    free(table->maps);
    free(table->expected);
    free(table);
}

void binding_table_expect(struct binding_table *table, uint32_t address_index, struct port_set_params params)
{
    table->expected[address_index] = (struct expected){.has_psid = true, .params = params};
}

static bool is_expected(const struct binding_table *table, uint32_t address_index,
                        const struct port_range *ports)
{
    const struct expected *expected = &table->expected[address_index];
    return expected->has_psid && ports->is_port_set && port_set_same(expected->params, ports->params);
}

bool binding_sets_only(const struct binding_table *table, uint32_t address_index,
                       const struct port_range *ports)
{
    return table->expected[address_index].others == 0 && is_expected(table, address_index, ports);
}

static uint32_t id_of(const struct binding_table *table, const struct binding *binding)
{
    return (uint32_t)(binding - table->bindings);
}

struct binding *binding_find(const struct binding_table *table, uint32_t address_index, uint16_t port)
{
    uint32_t id = portmap_get(&table->pool, &table->maps[address_index], port);
    return id == PORTMAP_NOBODY ? NULL : &table->bindings[id];
}

struct binding *binding_next(const struct binding_table *table, uint32_t address_index, uint16_t first,
                             uint16_t last, uint16_t *port)
{
    uint32_t id;
    if (!portmap_next(&table->pool, &table->maps[address_index], first, last, port, &id))
        return NULL;
    return &table->bindings[id];
}

void binding_free_run(const struct binding_table *table, uint32_t address_index, uint16_t port, uint16_t *first,
                      uint16_t *last)
{
    portmap_free_run(&table->pool, &table->maps[address_index], port, first, last);
}

static void map_ports(struct binding_table *table, uint32_t address_index, const struct port_range *ports,
                      uint32_t id)
{
    for (unsigned i = 0; i < port_range_spans(ports); i++) {
        struct port_span span = port_range_span(ports, i);
        portmap_set(&table->pool, &table->maps[address_index], span.first, span.last, id);
    }
}

struct binding *binding_add(struct binding_table *table, uint32_t address_index, const struct port_range *ports,
                            struct mac owner)
{
    if (table->count == table->limit)
        return NULL;
    uint32_t id = table->free;
    if (id != NONE)
        table->free = table->bindings[id].stale_older;
    else
        id = table->unused++;
    struct binding *binding = &table->bindings[id];
    memset(binding, 0, sizeof(*binding));
    binding->address_index = address_index;
    binding->ports = *ports;
    binding->owner = owner;
    binding->name = "";
    binding->stale_older = binding->stale_newer = NONE;
    table->count++;
    table->changes++;
    table->expected[address_index].others += !is_expected(table, address_index, ports);
    map_ports(table, address_index, ports, id);
    return binding;
}

void binding_remove(struct binding_table *table, struct binding *binding)
{
    binding_stale_remove(table, binding);
    map_ports(table, binding->address_index, &binding->ports, PORTMAP_NOBODY);
    binding->state = BINDING_INCOMPLETE;
    binding->stale_older = table->free;
    table->free = id_of(table, binding);
    table->count--;
    table->changes++;
    table->expected[binding->address_index].others -=
        !is_expected(table, binding->address_index, &binding->ports);
}

struct binding *binding_walk(const struct binding_table *table, uint32_t *place)
{
    while (++*place < table->unused)
        if (table->bindings[*place].state != BINDING_INCOMPLETE)
            return &table->bindings[*place];
    return NULL;
}

void binding_shrink(struct binding_table *table, struct binding *binding, uint16_t first, uint16_t last)
{
    struct port_range *ports = &binding->ports;
    struct portmap *map = &table->maps[binding->address_index];
    if (first > ports->range.first)
        portmap_set(&table->pool, map, ports->range.first, (uint16_t)(first - 1), PORTMAP_NOBODY);
    if (last < ports->range.last)
        portmap_set(&table->pool, map, (uint16_t)(last + 1), ports->range.last, PORTMAP_NOBODY);
    ports->range.first = first;
    ports->range.last = last;
    table->changes++;
}

void binding_stale_add(struct binding_table *table, struct binding *binding)
{
    uint32_t id = id_of(table, binding);
    binding->stale_older = table->stale_newest;
    binding->stale_newer = NONE;
    if (table->stale_newest == NONE)
        table->stale_oldest = id;
    else
        table->bindings[table->stale_newest].stale_newer = id;
    table->stale_newest = id;
}

void binding_stale_remove(struct binding_table *table, struct binding *binding)
{
    uint32_t id = id_of(table, binding);
    uint32_t older = binding->stale_older, newer = binding->stale_newer;
    if (older == NONE && newer == NONE && table->stale_oldest != id)
        return; /* not in the list */
    if (older == NONE)
        table->stale_oldest = newer;
    else
        table->bindings[older].stale_newer = newer;
    if (newer == NONE)
        table->stale_newest = older;
    else
        table->bindings[newer].stale_older = older;
    binding->stale_older = binding->stale_newer = NONE;
}

struct binding *binding_oldest_stale(const struct binding_table *table)
{
    return table->stale_oldest == NONE ? NULL : &table->bindings[table->stale_oldest];
}

struct binding *binding_next_stale(const struct binding_table *table, const struct binding *binding)
{
    return binding->stale_newer == NONE ? NULL : &table->bindings[binding->stale_newer];
}

bool binding_table_full(const struct binding_table *table)
{
    return table->count == table->limit;
}

uint64_t binding_table_changes(const struct binding_table *table)
{
    return table->changes;
}

static bool is_used(const struct live_window *w)
{
    return w->length_us_plus_1 > 0;
}

/* Of its last frame, up to a microsecond too late: a port counts as used a little longer, never shorter. */
static uint64_t last_ns(const struct live_window *w)
{
    return w->first_ns + (uint64_t)(w->length_us_plus_1 - 1) * 1000;
}

/* The window of `now_ns`; where there is none the oldest one is started again. */
static struct live_window *live_window_at(struct binding *binding, uint64_t now_ns)
{
    struct live_window *oldest = &binding->live[0];
    for (unsigned i = 0; i < LIVE_WINDOWS; i++) {
        struct live_window *w = &binding->live[i];
        if (is_used(w) && now_ns - w->first_ns < WINDOW_NS)
            return w;
        if (!is_used(w) || (is_used(oldest) && last_ns(w) < last_ns(oldest)))
            oldest = w;
    }
    *oldest = (struct live_window){now_ns, 1, UINT16_MAX, 0};
    return oldest;
}

void binding_seen(struct binding *binding, uint16_t port, uint64_t now_ns)
{
    struct live_window *w = live_window_at(binding, now_ns);
    w->length_us_plus_1 = (uint32_t)((now_ns - w->first_ns + 999) / 1000) + 1;
    if (port < w->low)
        w->low = port;
    if (port > w->high)
        w->high = port;
    binding->idle_since_ns = now_ns;
}

bool binding_live_span(const struct binding *binding, uint64_t now_ns, struct port_span *span)
{
    bool live = false;
    *span = (struct port_span){UINT16_MAX, 0};
    for (unsigned i = 0; i < LIVE_WINDOWS; i++) {
        const struct live_window *w = &binding->live[i];
        if (!is_used(w) || (last_ns(w) < now_ns && now_ns - last_ns(w) >= LIVE_NS))
            continue;
        live = true;
        span->first = w->low < span->first ? w->low : span->first;
        span->last = w->high > span->last ? w->high : span->last;
    }
    return live;
}

/* Names. */

const char *binding_state_name(enum binding_state state)
{
    switch (state) {
    case BINDING_INCOMPLETE:
        return "incomplete";
    case BINDING_REACHABLE:
        return "reachable";
    case BINDING_STALE:
        return "stale";
    case BINDING_PROBE:
        return "probe";
    case BINDING_PERMANENT:
        return "permanent";
    case BINDING_PUBLISHED:
        return "published";
    }
    return "?";
}

const char *binding_origin_name(enum binding_origin origin)
{
    switch (origin) {
    case ORIGIN_CONFIG:
        return "config";
    case ORIGIN_PE_ARP:
        return "pe-arp";
    case ORIGIN_TRAFFIC:
        return "traffic";
    case ORIGIN_DHCP:
        return "dhcp";
    case ORIGIN_CONTROL:
        return "control";
    }
    return "?";
}

bool binding_origin_parse(const char *name, enum binding_origin *origin)
{
    for (int i = ORIGIN_CONFIG; i <= ORIGIN_CONTROL; i++) {
        if (strcmp(binding_origin_name((enum binding_origin)i), name) != 0)
            continue;
        *origin = (enum binding_origin)i;
        return true;
    }
    return false;
}
