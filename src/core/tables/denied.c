/* denied.c: see denied.h. */
#include "denied.h"

#include "pearpd/keyed_table.h"

#include "engine_state.h"

#include <errno.h>

struct denied {
    struct mac mac; /* the key */
    bool is_configured;
};

struct keyed_table *denied_new(const struct engine *e)
{
    struct keyed_table *table = keyed_table_new(e->config.limits.denied_hosts, sizeof(struct mac),
                                                sizeof(struct denied), e->seed.hash_key);
    bool fresh;
    for (size_t i = 0; table != NULL && i < e->config.denied_count; i++) {
        struct denied *denied = keyed_table_put(table, &e->config.denied[i], &fresh);
        denied->is_configured = true;
    }
    return table;
}

int denied_carry(struct engine *e, const struct engine *old)
{
    int error = 0;
    for (const struct denied *d = keyed_table_oldest(old->denied); d != NULL && error == 0;
         d = keyed_table_newer(old->denied, d))
        if (!d->is_configured)
            error = denied_add(e, d->mac);
    return error;
}

/* True where the configuration names `mac` as the owner of something. */
static bool is_given(const struct config *c, struct mac mac)
{
    bool is_found = false;
    for (size_t i = 0; i < c->address_count; i++)
        is_found =
            is_found || (c->addresses[i].has_default_host && mac_equal(c->addresses[i].default_host, mac));
    for (size_t i = 0; i < c->range_count; i++) {
        const struct config_range *range = &c->ranges[i];
        is_found = is_found || mac_equal(range->mac, mac);
        for (unsigned k = 0; k < range->other_count; k++)
            is_found = is_found || mac_equal(range->others[k], mac);
    }
    for (size_t i = 0; i < c->protocol_count; i++)
        is_found = is_found || mac_equal(c->protocols[i].mac, mac);
    for (size_t i = 0; i < c->lease_count; i++)
        is_found = is_found || (c->leases[i].has_mac && mac_equal(c->leases[i].mac, mac));
    return is_found;
}

int denied_add(struct engine *e, struct mac mac)
{
    bool fresh;
    if (is_denied(e, mac))
        return 0;
    if (is_given(&e->config, mac))
        return -EEXIST;
    if (keyed_table_full(e->denied))
        return -ENOSPC;
    keyed_table_put(e->denied, &mac, &fresh);
    return 0;
}

int denied_remove(struct engine *e, struct mac mac)
{
    struct denied *denied = keyed_table_find(e->denied, &mac);
    if (denied == NULL)
        return -ENOENT;
    if (denied->is_configured)
        return -EPERM;
    keyed_table_remove(e->denied, denied);
    return 0;
}

bool is_denied(const struct engine *e, struct mac mac)
{
    return keyed_table_find(e->denied, &mac) != NULL;
}

/* For the daemon. */

bool engine_denied_next(const struct engine *engine, uint32_t *cursor, struct denied_entry *entry)
{
    const struct denied *denied = keyed_table_walk(engine->denied, cursor);
    if (denied == NULL)
        return false;
    *entry = (struct denied_entry){denied->mac, denied->is_configured ? ORIGIN_CONFIG : ORIGIN_CONTROL};
    return true;
}
