/* shared_address.c: the shared addresses of the configuration, by address.
 * Called by: all of core. */
#include "internal.h"

static uint32_t address_slot(const struct engine *e, struct ipv4 address)
{
    return (address.host * UINT32_C(2654435761)) >> 8 & e->address_mask;
}

int shared_index(const struct engine *e, struct ipv4 address)
{
    for (uint32_t i = address_slot(e, address); e->address_slots[i] != 0; i = (i + 1) & e->address_mask)
        if (e->config.addresses[e->address_slots[i] - 1].address.host == address.host)
            return e->address_slots[i] - 1;
    return -1;
}

void address_insert(struct engine *e, uint32_t index)
{
    uint32_t i = address_slot(e, e->config.addresses[index].address);
    while (e->address_slots[i] != 0)
        i = (i + 1) & e->address_mask;
    e->address_slots[i] = (uint16_t)(index + 1);
}
