/* dhcp_transactions.c: see dhcp_transactions.h. */
#include "dhcp_transactions.h"

#include "pearpd/hash.h"
#include "pearpd/keyed_table.h"
#include "pearpd/time_units.h"

#include "bridge_rules.h"
#include "engine_state.h"
#include "tables/account.h"

#include <stdlib.h>

#define OPEN_NS   (60 * NS_PER_S)
#define OPEN_XIDS 4
#define TABLES    2 /* of hosts that own ports, of all others */
#define OWNERS    0
#define STRANGERS 1

/* No padding: it is hashed. */
struct client_key {
    struct mac client;
    uint8_t via_relay;
};

struct client {
    struct client_key key;
    uint8_t next;      /* the oldest of `open` */
    uint64_t until_ns; /* the last of them ends */
    struct {
        uint32_t xid;
        uint64_t until_ns; /* 0: none */
    } open[OPEN_XIDS];
};

struct dhcp_transactions {
    struct keyed_table *clients[TABLES];
    uint64_t evictions; /* numbers the random choices */
};

struct dhcp_transactions *dhcp_transactions_new(const struct engine *e)
{
    struct dhcp_transactions *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    for (unsigned i = 0; i < TABLES; i++) {
        t->clients[i] = keyed_table_new(e->config.limits.dhcp_clients / TABLES, sizeof(struct client_key),
                                        sizeof(struct client), e->seed.hash_key);
        if (t->clients[i] == NULL) {
            dhcp_transactions_free(t);
            return NULL;
        }
    }
    return t;
}

void dhcp_transactions_free(struct dhcp_transactions *transactions)
{
    if (transactions == NULL)
        return;
    for (unsigned i = 0; i < TABLES; i++)
        keyed_table_free(transactions->clients[i]);
    free(transactions);
}

void dhcp_transactions_carry(struct engine *e, const struct engine *old)
{
    for (unsigned i = 0; i < TABLES; i++)
        keyed_table_copy(e->dhcp_transactions->clients[i], old->dhcp_transactions->clients[i]);
}

/* Where the oldest of a full table is over, it makes room; else one at random. */
static void make_room(struct engine *e, struct keyed_table *table)
{
    struct dhcp_transactions *t = e->dhcp_transactions;
    const struct client *oldest = keyed_table_oldest(table);
    if (oldest->until_ns <= e->now_ns)
        return;
    const uint64_t number = t->evictions++;
    keyed_table_remove(table, keyed_table_any(table, hash_bytes(e->seed.hash_key, &number, sizeof(number))));
}

static struct client *client_of(struct engine *e, const struct client_key *key, unsigned which)
{
    struct keyed_table *table = e->dhcp_transactions->clients[which];
    bool fresh;
    if (which == STRANGERS && keyed_table_full(table) && keyed_table_find(table, key) == NULL)
        make_room(e, table);
    return keyed_table_put(table, key, &fresh);
}

void dhcp_transaction_begin(struct engine *e, const struct rx_frame *rx, const struct dhcp *request)
{
    bool is_clients_own = mac_equal(rx->eth.source, request->chaddr);
    const struct client_key key = {request->chaddr, !is_clients_own};
    if (rx->from != SIDE_DOWNSTREAM || (!is_clients_own && request->giaddr.host == 0) ||
        bridge_is_same_side(e, rx))
        return;
    struct client *c =
        client_of(e, &key, is_clients_own && account_has_binding(e, key.client) ? OWNERS : STRANGERS);
    unsigned at = c->next;
    for (unsigned i = 0; i < OPEN_XIDS; i++)
        if (c->open[i].until_ns != 0 && c->open[i].xid == request->xid)
            at = i;
    if (at == c->next)
        c->next = (uint8_t)((at + 1) % OPEN_XIDS);
    c->open[at].xid = request->xid;
    c->open[at].until_ns = c->until_ns = e->now_ns + OPEN_NS;
}

bool dhcp_transaction_is_open(struct engine *e, struct mac client, uint32_t xid)
{
    for (unsigned i = 0; i < 2 * TABLES; i++) {
        const struct client_key key = {client, i % 2 == 1};
        const struct client *c = keyed_table_find(e->dhcp_transactions->clients[i / 2], &key);
        for (unsigned k = 0; c != NULL && k < OPEN_XIDS; k++)
            if (c->open[k].xid == xid && c->open[k].until_ns > e->now_ns)
                return true;
    }
    return false;
}
