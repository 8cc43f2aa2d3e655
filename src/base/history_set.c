/* history_set.c: see history_set.h. Chains of a table that doubles. */
#include "pearpd/history_set.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CHAINS 64

struct chain {
    struct holding *first;
};

struct history_set {
    uint8_t hash_key[HASH_KEY_BYTES];
    struct chain *chains;
    uint32_t mask, count;
};

static struct chain *chain_of(const struct history_set *set, const struct port_range *ports)
{
    const uint32_t key[3] = {ports->range.address.host, (uint32_t)ports->range.first << 16 | ports->range.last,
                             ports->is_port_set ? (uint32_t)ports->params.offset << 8 | ports->params.length
                                                : 0};
    return &set->chains[hash_bytes(set->hash_key, key, sizeof(key)) & set->mask];
}

struct history_set *history_set_new(const uint8_t hash_key[static HASH_KEY_BYTES])
{
    struct history_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        return NULL;
    memcpy(set->hash_key, hash_key, HASH_KEY_BYTES);
    set->mask = FIRST_CHAINS - 1;
    set->chains = calloc(FIRST_CHAINS, sizeof(*set->chains));
    if (set->chains != NULL)
        return set;
    free(set);
    return NULL;
}

static void holding_free(struct holding *holding)
{
    free(holding->name);
    free(holding);
}

void history_set_free(struct history_set *set)
{
    if (set == NULL)
        return;
    for (uint32_t i = 0; i <= set->mask; i++)
        for (struct holding *h = set->chains[i].first, *next; h != NULL; h = next) {
            next = h->next;
            holding_free(h);
        }
    free(set->chains);
    free(set);
}

struct holding *history_set_find(const struct history_set *set, const struct port_range *ports)
{
    struct holding *h = chain_of(set, ports)->first;
    while (h != NULL && !port_range_equal(&h->ports, ports))
        h = h->next;
    return h;
}

/* Without memory for more chains, the old ones become longer. */
static void grow(struct history_set *set)
{
    struct chain *old = set->chains, *larger = calloc(2 * ((size_t)set->mask + 1), sizeof(*larger));
    const uint32_t count = set->mask + 1;
    if (larger == NULL)
        return;
    set->chains = larger;
    set->mask = 2 * count - 1;
    for (uint32_t i = 0; i < count; i++)
        for (struct holding *h = old[i].first, *next; h != NULL; h = next) {
            struct chain *to = chain_of(set, &h->ports);
            next = h->next;
            h->next = to->first;
            to->first = h;
        }
    free(old);
}

struct holding *history_set_add(struct history_set *set, const struct holding *holding, const char *name)
{
    struct holding *h = malloc(sizeof(*h));
    if (h == NULL)
        return NULL;
    *h = *holding;
    h->name = name != NULL && *name != '\0' ? strdup(name) : NULL;
    h->is_marked = true;
    if (set->count > set->mask)
        grow(set);
    struct chain *chain = chain_of(set, &h->ports);
    h->next = chain->first;
    chain->first = h;
    set->count++;
    return h;
}

void history_set_remove(struct history_set *set, struct holding *holding)
{
    struct holding **at = &chain_of(set, &holding->ports)->first;
    while (*at != holding)
        at = &(*at)->next;
    *at = holding->next;
    set->count--;
    holding_free(holding);
}

static void unmark(void *context, struct holding *holding)
{
    (void)context;
    holding->is_marked = false;
}

void history_set_unmark(struct history_set *set)
{
    history_set_walk(set, unmark, NULL);
}

uint32_t history_set_count(const struct history_set *set)
{
    return set->count;
}

void history_set_walk(struct history_set *set, void (*visit)(void *context, struct holding *holding),
                      void *context)
{
    for (uint32_t i = 0; i <= set->mask; i++)
        for (struct holding *h = set->chains[i].first, *next; h != NULL; h = next) {
            next = h->next;
            visit(context, h);
        }
}
