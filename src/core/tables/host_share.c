/* host_share.c: see host_share.h. */
#include "host_share.h"

struct host_shares {
    struct mac mac; /* the key */
    uint32_t counts[HOST_SHARES];
};

struct keyed_table *host_shares_new(uint32_t entries, const uint8_t hash_key[static HASH_KEY_BYTES])
{
    return keyed_table_new(entries, sizeof(struct mac), sizeof(struct host_shares), hash_key);
}

uint32_t host_share_of(struct keyed_table *shares, struct mac mac, enum host_share share)
{
    const struct host_shares *has = keyed_table_find(shares, &mac);
    return has == NULL ? 0 : has->counts[share];
}

bool host_take(struct keyed_table *shares, struct mac mac, enum host_share share, uint32_t most)
{
    bool fresh;
    if (host_share_of(shares, mac, share) >= most)
        return false;
    struct host_shares *has = keyed_table_put(shares, &mac, &fresh);
    has->counts[share]++;
    return true;
}

void host_give_back(struct keyed_table *shares, struct mac mac, enum host_share share)
{
    struct host_shares *has = keyed_table_find(shares, &mac);
    if (has == NULL || has->counts[share] == 0)
        return;
    has->counts[share]--;
    for (unsigned i = 0; i < HOST_SHARES; i++)
        if (has->counts[i] > 0)
            return;
    keyed_table_remove(shares, has);
}
