/* served.c: see served.h. */
#include "served.h"

#include "pearpd/time_units.h"

#include <stdlib.h>
#include <string.h>

#define CELLS     65536 /* a hash of 64 bits names four of them */
#define HASHES    4
#define AGE_S     60
#define SECONDS_M UINT16_MAX /* times are kept modulo this, from 1 on; 0: never */

struct served {
    uint8_t hash_key[HASH_KEY_BYTES];
    uint16_t cells[CELLS];
};

struct served *served_new(const uint8_t hash_key[static HASH_KEY_BYTES])
{
    struct served *served = calloc(1, sizeof(*served));
    if (served != NULL)
        memcpy(served->hash_key, hash_key, HASH_KEY_BYTES);
    return served;
}

void served_free(struct served *served)
{
    free(served);
}

static unsigned second_of(uint64_t now_ns)
{
    return (unsigned)(now_ns / NS_PER_S % SECONDS_M) + 1;
}

void served_mark(struct served *served, struct mac mac, uint64_t now_ns)
{
    uint64_t hash = hash_bytes(served->hash_key, mac.octets, sizeof(mac.octets));
    for (unsigned i = 0; i < HASHES; i++, hash >>= 16)
        served->cells[hash & (CELLS - 1)] = (uint16_t)second_of(now_ns);
}

bool served_lately(const struct served *served, struct mac mac, uint64_t now_ns)
{
    uint64_t hash = hash_bytes(served->hash_key, mac.octets, sizeof(mac.octets));
    for (unsigned i = 0; i < HASHES; i++, hash >>= 16) {
        const unsigned marked = served->cells[hash & (CELLS - 1)];
        if (marked == 0 || (second_of(now_ns) + SECONDS_M - marked) % SECONDS_M >= AGE_S)
            return false;
    }
    return true;
}
