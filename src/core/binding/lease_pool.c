/* lease_pool.c: see lease_pool.h. */
#include "lease_pool.h"

#include "pearpd/keyed_table.h"
#include "pearpd/port_range.h"
#include "pearpd/time_units.h"

#include "engine_state.h"
#include "out/event_emit.h"
#include "tables/binding.h"
#include "tables/host.h"
#include "tables/shared_address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HTYPE_ETHERNET 1
#define NOTES_AT_ONCE  3 /* sets that a host without a lease keeps from others by answering */

struct client_row {
    struct lease_client client; /* the key */
    uint32_t index;
};
struct host_row {
    struct mac mac; /* the key */
    uint32_t count;
};

/* The usual identifier, type 1 and the MAC, adds nothing to the MAC. */
struct lease_client lease_client_of(struct mac mac, const uint8_t *id, size_t length)
{
    static const uint8_t no_key[HMAC_KEY_BYTES];
    struct lease_client client;
    memset(&client, 0, sizeof(client));
    client.mac = mac;
    if (length == MAC_BYTES + 1 && id[0] == HTYPE_ETHERNET && memcmp(id + 1, mac.octets, MAC_BYTES) == 0)
        return client;
    if (length > CLIENT_ID_BYTES) {
        hmac_sha256(no_key, id, length, client.id);
        client.id_length = HMAC_BYTES;
    } else if (length > 0) {
        memcpy(client.id, id, length);
        client.id_length = (uint8_t)length;
    }
    return client;
}

/* The pool. */

static struct lease_run run_of(const struct config_address *a, uint32_t first, uint32_t most)
{
    struct lease_run run = {.first = first};
    for (uint32_t psid = 0; a->is_served && run.count < most && psid < UINT32_C(1) << a->lease_psid.length;
         psid++) {
        struct port_span bounds = port_set_bounds(a->lease_psid, (uint16_t)psid);
        if (bounds.first < a->ports_first || bounds.last > a->ports_last)
            continue;
        if (run.count++ == 0)
            run.lowest = (uint16_t)psid;
    }
    return run;
}

static struct lease *lease_of_psid(const struct lease_pool *pool, uint32_t address_index, uint16_t psid)
{
    const struct lease_run *run = &pool->runs[address_index];
    if (psid < run->lowest || (uint32_t)psid - run->lowest >= run->count)
        return NULL;
    return &pool->at[run->first + psid - run->lowest];
}

struct lease *lease_at(const struct engine *e, uint32_t address_index, uint16_t port)
{
    const struct config_address *a = &e->config.addresses[address_index];
    uint16_t psid;
    if (!a->is_served || !port_set_of(a->lease_psid, port, &psid))
        return NULL;
    return lease_of_psid(e->lease_pool, address_index, psid);
}

/* The client of a reservation: its MAC, or its identifier where that is given. */
static struct lease_client reserved_client(struct mac mac, const uint8_t *id, size_t length)
{
    struct lease_client client = lease_client_of(mac, id, length);
    if (client.id_length > 0)
        client.mac = mac_zero;
    return client;
}

static void reservations_take(const struct engine *e, struct lease_pool *pool)
{
    for (size_t i = 0; i < e->config.lease_count; i++) {
        const struct config_lease *r = &e->config.leases[i];
        int index = shared_address_index(e, r->range.address);
        uint16_t psid;
        if (index < 0 || !port_set_of(e->config.addresses[index].lease_psid, r->range.first, &psid))
            continue;
        struct lease *lease = lease_of_psid(pool, (uint32_t)index, psid);
        if (lease == NULL)
            continue; /* beyond [limits] leases */
        struct mac mac = r->mac;
        bool fresh;
        /* The usual identifier is a MAC. */
        if (r->client_id_length == MAC_BYTES + 1 && r->client_id[0] == HTYPE_ETHERNET)
            memcpy(mac.octets, r->client_id + 1, MAC_BYTES);
        struct lease_client client = reserved_client(mac, r->client_id, r->client_id_length);
        struct client_row *row = keyed_table_put(pool->reserved, &client, &fresh);
        row->index = (uint32_t)(lease - pool->at);
        lease->reservation = r;
        pool->reserved_count++;
    }
}

static bool tables_new(const struct engine *e, struct lease_pool *pool)
{
    uint32_t rows = pool->count > 0 ? pool->count : 1;
    pool->at = calloc(rows, sizeof(*pool->at));
    pool->clients =
        keyed_table_new(rows, sizeof(struct lease_client), sizeof(struct client_row), e->seed.hash_key);
    pool->hosts = keyed_table_new(rows, sizeof(struct mac), sizeof(struct host_row), e->seed.hash_key);
    pool->reserved = keyed_table_new((uint32_t)e->config.lease_count + 1, sizeof(struct lease_client),
                                     sizeof(struct client_row), e->seed.hash_key);
    return pool->at != NULL && pool->clients != NULL && pool->hosts != NULL && pool->reserved != NULL;
}

void lease_queue_join(struct lease_queue *queue, struct lease *lease)
{
    TAILQ_INSERT_TAIL(queue, lease, others);
    lease->queue = queue;
}

void lease_queue_leave(struct lease *lease)
{
    if (lease->queue != NULL)
        TAILQ_REMOVE(lease->queue, lease, others);
    lease->queue = NULL;
}

struct lease_pool *lease_pool_new(const struct engine *e)
{
    struct lease_pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL)
        return NULL;
    TAILQ_INIT(&pool->free);
    TAILQ_INIT(&pool->blocked);
    TAILQ_INIT(&pool->offered);
    pool->runs = calloc(e->config.address_count + 1, sizeof(*pool->runs));
    for (uint32_t i = 0; pool->runs != NULL && i < e->config.address_count; i++) {
        pool->runs[i] = run_of(&e->config.addresses[i], pool->count, e->config.limits.leases - pool->count);
        pool->count += pool->runs[i].count;
    }
    if (pool->runs == NULL || !tables_new(e, pool)) {
        lease_pool_free(pool);
        return NULL;
    }
    pool->in_state[LEASE_FREE] = pool->count;
    reservations_take(e, pool);
    for (uint32_t i = 0; i < e->config.address_count; i++) {
        const struct lease_run *run = &pool->runs[i];
        for (uint32_t k = 0; k < run->count; k++) {
            struct lease *lease = &pool->at[run->first + k];
            lease->timer.kind = TIMER_LEASE;
            lease->address_index = i;
            lease->psid = (uint16_t)(run->lowest + k);
            if (lease->reservation == NULL)
                lease_queue_join(&pool->free, lease);
        }
    }
    return pool;
}

void lease_pool_free(struct lease_pool *pool)
{
    if (pool == NULL)
        return;
    free(pool->at);
    free(pool->runs);
    free(pool->parked);
    keyed_table_free(pool->clients);
    keyed_table_free(pool->hosts);
    keyed_table_free(pool->reserved);
    free(pool);
}

/* Clients and their sets. */

struct port_range lease_ports(const struct engine *e, const struct lease *lease)
{
    const struct config_address *a = &e->config.addresses[lease->address_index];
    return binding_ports_of_set(a, a->lease_psid, lease->psid);
}

struct range lease_range(const struct engine *e, const struct lease *lease)
{
    return lease_ports(e, lease).range;
}

struct lease *lease_find(const struct engine *e, const struct lease_client *client)
{
    const struct client_row *row = keyed_table_find(e->lease_pool->clients, client);
    return row == NULL ? NULL : &e->lease_pool->at[row->index];
}

uint32_t lease_host_count(const struct engine *e, struct mac mac)
{
    const struct host_row *row = keyed_table_find(e->lease_pool->hosts, &mac);
    return row == NULL ? 0 : row->count;
}

static void host_gains(struct engine *e, struct mac mac)
{
    bool fresh;
    struct host_row *row = keyed_table_put(e->lease_pool->hosts, &mac, &fresh);
    row->count++;
}

static void host_loses(struct engine *e, struct mac mac)
{
    struct host_row *row = keyed_table_find(e->lease_pool->hosts, &mac);
    if (row != NULL && --row->count == 0)
        keyed_table_remove(e->lease_pool->hosts, row);
}

/* The set no longer has a client, nor a former one. */
void lease_forget(struct engine *e, struct lease *lease)
{
    struct client_row *row = keyed_table_find(e->lease_pool->clients, &lease->client);
    if (row != NULL && &e->lease_pool->at[row->index] == lease)
        keyed_table_remove(e->lease_pool->clients, row);
    memset(&lease->client, 0, sizeof(lease->client));
}

/* The one place where a set's state changes. */
void lease_enter(struct engine *e, struct lease *lease, enum lease_state state)
{
    struct lease_pool *pool = e->lease_pool;
    if (lease->state == state)
        return;
    pool->in_state[lease->state]--;
    pool->in_state[state]++;
    timer_stop(e->timers, &lease->timer);
    lease_queue_leave(lease);
    if (state == LEASE_OFFERED)
        lease->offered_ns = e->now_ns;
    if (state == LEASE_OFFERED && lease->reservation == NULL)
        lease_queue_join(&pool->offered, lease);
    if (lease->state == LEASE_FREE) {
        host_gains(e, lease->client.mac);
    } else if (state == LEASE_FREE) {
        lease->is_known_free = lease->is_known_free || lease->state == LEASE_BOUND;
        host_loses(e, lease->client.mac);
        if (lease->reservation == NULL)
            lease_queue_join(&pool->free, lease);
    }
    lease->state = state;
}

/* Assigns a free set to the client, which loses the one that it had before. */
void lease_assign(struct engine *e, struct lease *lease, const struct lease_client *client)
{
    struct lease *before = lease_find(e, client);
    bool fresh;
    if (before == lease)
        return;
    if (before != NULL)
        lease_forget(e, before);
    lease_forget(e, lease);
    struct client_row *row = keyed_table_put(e->lease_pool->clients, client, &fresh);
    row->index = (uint32_t)(lease - e->lease_pool->at);
    lease->client = *client;
}

struct lease *lease_reserved_for(const struct engine *e, const struct lease_client *client)
{
    const struct lease_client by_mac = reserved_client(client->mac, NULL, 0);
    const struct client_row *row = keyed_table_find(e->lease_pool->reserved, &by_mac);
    if (row == NULL && client->id_length > 0) {
        struct lease_client by_id = *client;
        by_id.mac = mac_zero;
        row = keyed_table_find(e->lease_pool->reserved, &by_id);
    }
    return row == NULL ? NULL : &e->lease_pool->at[row->index];
}

struct binding *lease_binding(const struct engine *e, const struct lease *lease)
{
    struct port_range ports = lease_ports(e, lease);
    struct binding *b = binding_find(e->bindings, lease->address_index, ports.range.first);
    bool is_its = b != NULL && b->origin == ORIGIN_DHCP && mac_equal(b->owner, lease->client.mac) &&
                  port_range_equal(&b->ports, &ports);
    return is_its ? b : NULL;
}

bool lease_is_ours(const struct engine *e, const struct binding *binding)
{
    const struct lease *lease = lease_at(e, binding->address_index, binding->ports.range.first);
    return lease != NULL && lease->state == LEASE_BOUND && lease_binding(e, lease) == binding;
}

void lease_binding_ended(struct engine *e, const struct binding *binding)
{
    if (lease_is_ours(e, binding))
        lease_enter(e, lease_at(e, binding->address_index, binding->ports.range.first), LEASE_FREE);
}

/* What hosts have. */

void lease_pool_begin(struct engine *e)
{
    if (!e->lease_pool->is_restored)
        e->lease_pool->offers_from_ns = e->now_ns + e->config.limits.hello_window_s * NS_PER_S;
}

static void doubt(struct lease *lease)
{
    lease->is_known_free = false;
    lease->is_sent = false;
    lease->lost_answers = 0;
    lease->asked_ns = lease->holder_until_ns = 0;
}

void lease_pool_doubt(struct engine *e, uint32_t address_index)
{
    const struct lease_run *run = &e->lease_pool->runs[address_index];
    for (uint32_t i = 0; i < run->count; i++)
        doubt(&e->lease_pool->at[run->first + i]);
}

/* [limits] host-leases in a lifetime, all at once: one host does not hold back all sets. */
static bool claim_counts(struct engine *e, struct mac claimant)
{
    const struct limits *l = &e->config.limits;
    const uint64_t interval_ns = l->lifetime_s * NS_PER_S / l->host_leases;
    const struct rate_limit limit = {interval_ns, (l->host_leases - 1) * interval_ns};
    return rate_take(&host_of(e->hosts, claimant)->set_claims, limit, e->now_ns);
}

void lease_claimed(struct engine *e, uint32_t address_index, uint16_t port, struct mac claimant)
{
    struct lease *lease = lease_at(e, address_index, port);
    const uint64_t wait_ns = e->config.limits.offer_wait_s * NS_PER_S;
    if (lease == NULL)
        return;
    const bool is_being_asked = lease->asked_ns != 0 && e->now_ns < lease->asked_ns + wait_ns;
    if (claim_counts(e, claimant))
        lease->claimed_ns = e->now_ns;
    if (!is_being_asked)
        doubt(lease);
}

static bool is_claimed(const struct engine *e, const struct lease *lease)
{
    return lease->claimed_ns != 0 && e->now_ns - lease->claimed_ns < e->config.limits.lifetime_s * NS_PER_S;
}

void lease_asked(struct engine *e, uint32_t address_index, uint16_t port)
{
    struct lease *lease = lease_at(e, address_index, port);
    if (lease == NULL || lease->asked_ns == 0 || lease->is_sent || lease_range(e, lease).first != port)
        return;
    lease->is_sent = true;
    if (is_claimed(e, lease))
        lease->asked_ns = e->now_ns;
}

/* An agent repeats its claim once a minute. */
bool lease_must_be_asked(const struct engine *e, const struct lease *lease)
{
    return !lease->is_sent && is_claimed(e, lease);
}

/* Few at once, so that a newcomer has not to wait for all of them; then [limits] host-leases in a lifetime. */
static bool may_note(struct engine *e, const struct lease *lease, struct mac holder)
{
    const struct limits *l = &e->config.limits;
    const uint64_t interval_ns = l->lifetime_s * NS_PER_S / l->host_leases;
    const struct rate_limit limit = {interval_ns, (NOTES_AT_ONCE - 1) * interval_ns};
    struct host *host = host_of(e->hosts, holder);
    if (rate_take(&host->notes, limit, e->now_ns))
        return true;
    e->stats.counters[COUNTER_HOST_PORTS]++;
    if (host_may_emit(host, EVENT_CONFLICT, e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_CONFLICT,
                                     .side = SIDE_DOWNSTREAM,
                                     .range = lease_range(e, lease),
                                     .mac = holder,
                                     .detail = "answers for more port sets of [dhcp] than host-leases allows"});
    return false;
}

bool lease_note_holder(struct engine *e, uint32_t address_index, uint16_t port, struct mac holder)
{
    struct lease *lease = lease_at(e, address_index, port);
    if (lease == NULL || lease->state == LEASE_BOUND || lease_range(e, lease).first != port ||
        lease->holder_until_ns > e->now_ns)
        return true;
    if (!may_note(e, lease, holder))
        return false;
    doubt(lease);
    lease->holder = holder;
    lease->holder_until_ns = e->now_ns + e->config.limits.lifetime_s * NS_PER_S;
    return true;
}

/* A reload. */

static void lease_carry(struct engine *e, const struct lease *old, struct lease *lease)
{
    lease->is_known_free = old->is_known_free;
    lease->asked_ns = old->asked_ns;
    lease->is_sent = old->is_sent;
    lease->claimed_ns = old->claimed_ns;
    lease->lost_answers = old->lost_answers;
    lease->holder = old->holder;
    lease->holder_until_ns = old->holder_until_ns;
    bool is_bound = old->state == LEASE_BOUND;
    if (old->state == LEASE_DECLINED)
        lease->client = old->client;
    else if (!mac_is_zero(old->client.mac))
        lease_assign(e, lease, &old->client);
    if (is_bound && lease_binding(e, lease) == NULL)
        return;
    lease_enter(e, lease, old->state);
    if (timer_armed(&old->timer))
        timer_set(e->timers, &lease->timer, old->timer.due_ns);
}

static struct lease *lease_as(const struct engine *e, const struct engine *old, const struct lease *lease)
{
    const struct config_address *was = &old->config.addresses[lease->address_index];
    int index = shared_address_index(e, was->address);
    if (index < 0 || !e->config.addresses[index].is_served ||
        !port_set_same(e->config.addresses[index].lease_psid, was->lease_psid))
        return NULL;
    return lease_of_psid(e->lease_pool, (uint32_t)index, lease->psid);
}

static void park(struct lease_pool *pool, const struct lease_parked *parked)
{
    if (pool->parked != NULL)
        pool->parked[pool->parked_count++] = *parked;
}

/* The leases of addresses that are not served now. Without memory for them they are over. */
static void leases_park(struct engine *e, const struct engine *old)
{
    const struct lease_pool *was = old->lease_pool;
    uint32_t room = was->in_state[LEASE_BOUND] + was->parked_count;
    e->lease_pool->parked = room > 0 ? calloc(room, sizeof(*was->parked)) : NULL;
    for (uint32_t i = 0; i < was->parked_count; i++)
        park(e->lease_pool, &was->parked[i]);
    for (uint32_t i = 0; i < was->count; i++) {
        const struct lease *lease = &was->at[i];
        const struct binding *b = lease->state == LEASE_BOUND ? lease_binding(old, lease) : NULL;
        if (b == NULL || lease_as(e, old, lease) != NULL)
            continue;
        const struct config_address *a = &old->config.addresses[lease->address_index];
        park(e->lease_pool, &(struct lease_parked){a->address, a->lease_psid, lease->psid, lease->client,
                                                   timer_armed(&b->timer) ? b->timer.due_ns : TIMER_NEVER});
    }
}

/* The queue of free sets keeps its order; new sets come first. */
void lease_pool_carry(struct engine *e, const struct engine *old)
{
    e->lease_pool->is_restored = old->lease_pool->is_restored;
    e->lease_pool->offers_from_ns = old->lease_pool->offers_from_ns;
    leases_park(e, old);
    const struct lease *was;
    struct lease *lease;
    TAILQ_FOREACH(was, &old->lease_pool->free, others)
    {
        lease = lease_as(e, old, was);
        if (lease != NULL && lease->queue != NULL) {
            lease_queue_leave(lease);
            lease_queue_join(&e->lease_pool->free, lease);
        }
    }
    for (uint32_t i = 0; i < old->lease_pool->count; i++) {
        was = &old->lease_pool->at[i];
        lease = lease_as(e, old, was);
        if (lease != NULL)
            lease_carry(e, was, lease);
        if (was->state == LEASE_BOUND && (lease == NULL || lease->state != LEASE_BOUND))
            e->reload_ended.leases++;
    }
}

/* Listings. */

const char *lease_state_name(enum lease_state state)
{
    switch (state) {
    case LEASE_FREE:
        return "free";
    case LEASE_OFFERED:
        return "offered";
    case LEASE_BOUND:
        return "bound";
    case LEASE_DECLINED:
        return "declined";
    }
    return "?";
}

static uint64_t lease_left_ns(const struct engine *e, const struct lease *lease, uint64_t now_ns)
{
    const struct binding *b = lease->state == LEASE_BOUND ? lease_binding(e, lease) : NULL;
    const struct timer *timer = b != NULL ? &b->timer : &lease->timer;
    if (!timer_armed(timer))
        return ENGINE_NEVER;
    return timer->due_ns > now_ns ? timer->due_ns - now_ns : 0;
}

bool engine_pool_next(const struct engine *engine, uint64_t now_ns, uint32_t *cursor, struct lease_entry *entry)
{
    const struct lease_pool *pool = engine->lease_pool;
    while (*cursor < pool->count && pool->at[*cursor].state == LEASE_FREE)
        ++*cursor;
    if (*cursor >= pool->count)
        return false;
    const struct lease *lease = &pool->at[(*cursor)++];
    *entry = (struct lease_entry){
        .range = lease_range(engine, lease),
        .psid = engine->config.addresses[lease->address_index].lease_psid,
        .psid_id = lease->psid,
        .mac = lease->client.mac,
        .client_id_length = lease->client.id_length,
        .state = lease->state,
        .left_ns = lease_left_ns(engine, lease, now_ns),
        .name = lease->reservation != NULL ? lease->reservation->name : "",
    };
    memcpy(entry->client_id, lease->client.id, sizeof(entry->client_id));
    return true;
}

bool engine_leases_next(const struct engine *engine, uint64_t now_ns, uint32_t *cursor,
                        struct lease_entry *entry)
{
    while (engine_pool_next(engine, now_ns, cursor, entry))
        if (entry->state == LEASE_BOUND)
            return true;
    return false;
}

struct lease_figures engine_lease_figures(const struct engine *engine)
{
    const struct lease_pool *pool = engine->lease_pool;
    const struct lease *lease;
    uint32_t blocked = 0;
    TAILQ_FOREACH(lease, &pool->blocked, others)
    {
        blocked++;
    }
    return (struct lease_figures){
        .pool = pool->count,
        .leased = pool->in_state[LEASE_BOUND],
        .offered = pool->in_state[LEASE_OFFERED],
        .declined = pool->in_state[LEASE_DECLINED],
        .reserved = pool->reserved_count,
        .blocked = blocked,
    };
}
