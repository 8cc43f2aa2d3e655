/* hash.c: see hash.h; the only place that knows libsodium. */
#include "pearpd/hash.h"

#include <sodium.h>

#include <string.h>

uint64_t hash_bytes(const uint8_t key[static HASH_KEY_BYTES], const void *bytes, size_t length)
{
    uint8_t out[crypto_shorthash_siphash24_BYTES];
    uint64_t hash = 0;
    crypto_shorthash_siphash24(out, bytes, length, key);
    for (unsigned i = 0; i < sizeof(out); i++)
        hash |= (uint64_t)out[i] << 8 * i;
    return hash;
}

void random_bytes(void *bytes, size_t length)
{
    randombytes_buf(bytes, length);
}
