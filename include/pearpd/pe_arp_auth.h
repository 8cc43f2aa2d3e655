/* pe_arp_auth.h: AUTH of PE-ARP (docs/pe-arp.md#auth): HMAC-SHA-256 cut to 128 bits.
 * In: the bytes of a message, keys. Out: its signature; whether it is valid.
 * Called by: core (checks), io (signs), agent, conf. Never: decides about unsigned messages. */
#ifndef PEARPD_PE_ARP_AUTH_H
#define PEARPD_PE_ARP_AUTH_H

#include "pearpd/hash.h"
#include "pearpd/key_section.h"
#include "pearpd/pe_arp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pe_arp_key {
    uint32_t id;
    uint8_t bytes[HMAC_KEY_BYTES];
    enum key_role role;
    struct key_macs macs; /* of a host's key, as are the ranges */
    struct key_ranges ranges;
    unsigned line, macs_line, ranges_line; /* in its file: of [key ID] and these keys of it; 0: of [keys] */
};

/* Reads a key's id, decimal. False: it is none. */
bool pe_arp_key_id_parse(const char *text, uint32_t *id);

/* A key of [keys]: its id, decimal, and its value, 64 hexadecimal digits. 0, or -EINVAL and *key is left alone. */
int pe_arp_key_parse(const char *id, const char *value, struct pe_arp_key *key);

/* Sorts by id, the order in which keys are kept: of those with one role the lowest signs. */
void pe_arp_keys_sort(struct pe_arp_key *keys, size_t count);

/* The key of this id, or NULL. The keys are sorted. */
const struct pe_arp_key *pe_arp_key_find(const struct pe_arp_key *keys, size_t count, uint32_t id);

/* While a file is read, and the keys are not sorted yet: the one of this id, or of this secret and another id; or NULL. */
const struct pe_arp_key *pe_arp_key_with_id(const struct pe_arp_key *keys, size_t count, uint32_t id);
const struct pe_arp_key *pe_arp_key_with_secret(const struct pe_arp_key *keys, size_t count,
                                                const struct pe_arp_key *key);

/* The lowest key that whoever has this role signs with: one of the role, else of the group; NULL: there is none. */
const struct pe_arp_key *pe_arp_signing_key(const struct pe_arp_key *keys, size_t count, enum key_role role);

/* True where the role of the key allows its owner to send messages of this type. */
bool pe_arp_key_may_send(const struct pe_arp_key *key, enum pe_arp_type type);

/* Fills in the last 16 bytes of a message whose last TLV is AUTH with this key's id. `payload` begins with
 * ar$hrd; what follows the TLVs is padding. 0, or -EBADMSG: no room for such a message in `length` bytes. */
int pe_arp_sign(uint8_t *payload, size_t length, const struct pe_arp_key *key);

/* The key that the AUTH of `message`, read from `payload`, was made with; NULL: none of these. */
const struct pe_arp_key *pe_arp_authentic_key(const uint8_t *payload, size_t length,
                                              const struct pe_arp *message, const struct pe_arp_key *keys,
                                              size_t key_count);

/* True where there is one. */
bool pe_arp_is_authentic(const uint8_t *payload, size_t length, const struct pe_arp *message,
                         const struct pe_arp_key *keys, size_t key_count);

#endif
