/* range_macs.c: see range_macs.h. Sorted by the other MAC address. */
#include "range_macs.h"

#include "engine_state.h"

#include <stdlib.h>

struct pair {
    uint64_t other;
    struct mac first;
};

struct range_macs {
    size_t count;
    struct pair pairs[];
};

static int by_other(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->other < y->other ? -1 : x->other > y->other;
}

struct range_macs *range_macs_new(const struct config *config)
{
    struct range_macs *macs =
        calloc(1, sizeof(*macs) + config->range_count * RANGE_OTHER_MACS_MAX * sizeof(struct pair));
    if (macs == NULL)
        return NULL;
    for (size_t i = 0; i < config->range_count; i++)
        for (unsigned k = 0; k < config->ranges[i].other_count; k++)
            macs->pairs[macs->count++] =
                (struct pair){mac_number(config->ranges[i].others[k]), config->ranges[i].mac};
    if (macs->count > 0)
        qsort(macs->pairs, macs->count, sizeof(macs->pairs[0]), by_other);
    return macs;
}

void range_macs_free(struct range_macs *macs)
{
    free(macs);
}

struct mac range_macs_first(const struct engine *e, struct mac mac)
{
    const struct range_macs *macs = e->range_macs;
    if (macs->count == 0)
        return mac;
    const struct pair wanted = {.other = mac_number(mac)};
    const struct pair *found = bsearch(&wanted, macs->pairs, macs->count, sizeof(macs->pairs[0]), by_other);
    return found == NULL ? mac : found->first;
}
