/* hash.h: keyed hashing of table keys (SipHash by libsodium) and keyed nonces; HMAC-SHA-256; secrets as text.
 * The key is the caller's: random in the daemon, fixed in a replay. */
#ifndef PEARPD_HASH_H
#define PEARPD_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_KEY_BYTES 16

/* SipHash-2-4 of `length` bytes. */
uint64_t hash_bytes(const uint8_t key[static HASH_KEY_BYTES], const void *bytes, size_t length);

#define HMAC_KEY_BYTES 32
#define HMAC_BYTES     32

/* HMAC-SHA-256 (RFC 2104, FIPS 180-4) of `length` bytes. */
void hmac_sha256(const uint8_t key[static HMAC_KEY_BYTES], const void *bytes, size_t length,
                 uint8_t mac[static HMAC_BYTES]);

/* Reads base64 (RFC 4648 4, with its padding) into `bytes`. 0, or -EINVAL: not of that form, or over `size`. */
int base64_decode(const char *text, uint8_t *bytes, size_t size, size_t *length);

#define BASE64_BYTES(length) (((length) + 2) / 3 * 4 + 1) /* with the NUL */

/* Writes `length` bytes as base64; `text` has room for BASE64_BYTES(length). */
void base64_encode(const uint8_t *bytes, size_t length, char *text);

/* Compares in a time that does not depend on where they differ. */
bool secret_equal(const void *a, const void *b, size_t length);

/* Fills `bytes` with random bytes from the kernel. */
void random_bytes(void *bytes, size_t length);

#endif
