/* pe_arp_auth.h: AUTH of PE-ARP (docs/pe-arp.md#auth): HMAC-SHA-256 cut to 128 bits.
 * In: the bytes of a message, keys. Out: its signature; whether it is valid.
 * Called by: core (checks), io (signs), agent, conf. Never: decides about unsigned messages. */
#ifndef PEARPD_PE_ARP_AUTH_H
#define PEARPD_PE_ARP_AUTH_H

#include "pearpd/hash.h"
#include "pearpd/pe_arp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pe_arp_key {
    uint32_t id;
    uint8_t bytes[HMAC_KEY_BYTES];
};

/* A key's id, decimal, and its value, 64 hexadecimal digits. 0, or -EINVAL and *key is left alone. */
int pe_arp_key_parse(const char *id, const char *value, struct pe_arp_key *key);

/* Sorts by id, the order in which keys are kept: the lowest signs. */
void pe_arp_keys_sort(struct pe_arp_key *keys, size_t count);

/* The key of this id, or NULL. */
const struct pe_arp_key *pe_arp_key_find(const struct pe_arp_key *keys, size_t count, uint32_t id);

/* Fills in the last 16 bytes of a message whose last TLV is AUTH with this key's id. `payload` begins with
 * ar$hrd; what follows the TLVs is padding. 0, or -EBADMSG: no room for such a message in `length` bytes. */
int pe_arp_sign(uint8_t *payload, size_t length, const struct pe_arp_key *key);

/* True where `message`, read from `payload`, has an AUTH made with one of the keys. */
bool pe_arp_is_authentic(const uint8_t *payload, size_t length, const struct pe_arp *message,
                         const struct pe_arp_key *keys, size_t key_count);

#endif
