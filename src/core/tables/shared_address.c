/* shared_address.c: see shared_address.h. */
#include "shared_address.h"

#include "engine_state.h"

#include <stdlib.h>

struct shared_addresses {
    struct shared_address *shared; /* as config.addresses */
    uint16_t *slots;               /* index + 1 by hash of the address; 0: empty */
    uint32_t mask;
};

static uint32_t slot_of(const struct shared_addresses *addresses, struct ipv4 address)
{
    return (address.host * UINT32_C(2654435761)) >> 8 & addresses->mask;
}

int shared_address_index(const struct engine *e, struct ipv4 address)
{
    const struct shared_addresses *a = e->addresses;
    for (uint32_t i = slot_of(a, address); a->slots[i] != 0; i = (i + 1) & a->mask)
        if (e->config.addresses[a->slots[i] - 1].address.host == address.host)
            return a->slots[i] - 1;
    return -1;
}

struct shared_address *shared_address_at(const struct engine *e, uint32_t address_index)
{
    return &e->addresses->shared[address_index];
}

struct shared_addresses *shared_addresses_new(const struct engine *e)
{
    struct shared_addresses *a = calloc(1, sizeof(*a));
    uint32_t slots = 16;
    if (a == NULL)
        return NULL;
    while (slots < 4 * e->config.address_count)
        slots *= 2;
    a->mask = slots - 1;
    a->slots = calloc(slots, sizeof(*a->slots));
    a->shared = calloc(e->config.address_count + 1, sizeof(*a->shared));
    if (a->slots == NULL || a->shared == NULL) {
        shared_addresses_free(a);
        return NULL;
    }
    for (uint32_t index = 0; index < e->config.address_count; index++) {
        uint32_t i = slot_of(a, e->config.addresses[index].address);
        while (a->slots[i] != 0)
            i = (i + 1) & a->mask;
        a->slots[i] = (uint16_t)(index + 1);
    }
    return a;
}

void shared_addresses_free(struct shared_addresses *addresses)
{
    if (addresses == NULL)
        return;
    free(addresses->shared);
    free(addresses->slots);
    free(addresses);
}

void shared_addresses_carry(struct engine *e, const struct engine *old)
{
    for (uint32_t i = 0; i < old->config.address_count; i++) {
        int index = shared_address_index(e, old->config.addresses[i].address);
        if (index >= 0)
            e->addresses->shared[index] = old->addresses->shared[i];
    }
}
