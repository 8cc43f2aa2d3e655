/* hash.c: see hash.h; the only place that knows libsodium. */
#include "pearpd/hash.h"

#include <sodium.h>

#include <endian.h>
#include <errno.h>
#include <string.h>

uint64_t hash_bytes(const uint8_t key[static HASH_KEY_BYTES], const void *bytes, size_t length)
{
    uint8_t out[crypto_shorthash_siphash24_BYTES];
    uint64_t hash;
    crypto_shorthash_siphash24(out, bytes, length, key);
    memcpy(&hash, out, sizeof(hash));
    return le64toh(hash);
}

void hmac_sha256(const uint8_t key[static HMAC_KEY_BYTES], const void *bytes, size_t length,
                 uint8_t mac[static HMAC_BYTES])
{
    _Static_assert(HMAC_KEY_BYTES == crypto_auth_hmacsha256_KEYBYTES, "libsodium's key");
    _Static_assert(HMAC_BYTES == crypto_auth_hmacsha256_BYTES, "libsodium's result");
    crypto_auth_hmacsha256(mac, bytes, length, key);
}

int base64_decode(const char *text, uint8_t *bytes, size_t size, size_t *length)
{
    return sodium_base642bin(bytes, size, text, strlen(text), NULL, length, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0
               ? 0
               : -EINVAL;
}

void base64_encode(const uint8_t *bytes, size_t length, char *text)
{
    sodium_bin2base64(text, BASE64_BYTES(length), bytes, length, sodium_base64_VARIANT_ORIGINAL);
}

bool secret_equal(const void *a, const void *b, size_t length)
{
    return sodium_memcmp(a, b, length) == 0;
}

void random_bytes(void *bytes, size_t length)
{
    randombytes_buf(bytes, length);
}
