/* hash.h: keyed hashing of table keys (SipHash by libsodium) and keyed nonces.
 * The key is the caller's: random in the daemon, fixed in a replay. */
#ifndef PEARPD_HASH_H
#define PEARPD_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_KEY_BYTES 16

/* SipHash-2-4 of `length` bytes. */
uint64_t hash_bytes(const uint8_t key[static HASH_KEY_BYTES], const void *bytes, size_t length);

/* Fills `bytes` with random bytes from the kernel. */
void random_bytes(void *bytes, size_t length);

#endif
