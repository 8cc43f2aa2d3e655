/* pe_arp_auth.c: see pe_arp_auth.h. */
#include "pearpd/pe_arp_auth.h"

#include "pearpd/cursor.h"
#include "pearpd/hex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXT_LEN_OFFSET 52
#define MESSAGE_BYTES  (PE_ARP_FIXED_BYTES + PE_ARP_TLVS_MAX_BYTES)

bool pe_arp_key_id_parse(const char *text, uint32_t *id)
{
    uint64_t number = 0;
    size_t length = strlen(text);
    if (length == 0 || length > 10 || strspn(text, "0123456789") != length)
        return false;
    for (size_t i = 0; i < length; i++)
        number = number * 10 + (uint64_t)(text[i] - '0');
    *id = (uint32_t)number;
    return number <= UINT32_MAX;
}

int pe_arp_key_parse(const char *id, const char *value, struct pe_arp_key *key)
{
    struct pe_arp_key read = {.role = KEY_GROUP};
    size_t length;
    if (!pe_arp_key_id_parse(id, &read.id) || hex_parse(value, read.bytes, sizeof(read.bytes), &length) != 0 ||
        length != sizeof(read.bytes))
        return -EINVAL;
    *key = read;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct pe_arp_key *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

void pe_arp_keys_sort(struct pe_arp_key *keys, size_t count)
{
    if (count > 0)
        qsort(keys, count, sizeof(*keys), by_id);
}

const struct pe_arp_key *pe_arp_key_find(const struct pe_arp_key *keys, size_t count, uint32_t id)
{
    const struct pe_arp_key wanted = {.id = id};
    return count == 0 ? NULL : bsearch(&wanted, keys, count, sizeof(*keys), by_id);
}

const struct pe_arp_key *pe_arp_key_with_id(const struct pe_arp_key *keys, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].id == id)
            return &keys[i];
    return NULL;
}

const struct pe_arp_key *pe_arp_key_with_secret(const struct pe_arp_key *keys, size_t count,
                                                const struct pe_arp_key *key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].id != key->id && secret_equal(keys[i].bytes, key->bytes, HMAC_KEY_BYTES))
            return &keys[i];
    return NULL;
}

static const struct pe_arp_key *lowest_of(const struct pe_arp_key *keys, size_t count, enum key_role role)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].role == role)
            return &keys[i];
    return NULL;
}

const struct pe_arp_key *pe_arp_signing_key(const struct pe_arp_key *keys, size_t count, enum key_role role)
{
    const struct pe_arp_key *own = lowest_of(keys, count, role);
    return own != NULL ? own : lowest_of(keys, count, KEY_GROUP);
}

bool pe_arp_key_may_send(const struct pe_arp_key *key, enum pe_arp_type type)
{
    const bool is_bridges = type == PE_ARP_REQUEST || type == PE_ARP_HELLO;
    switch (key->role) {
    case KEY_GROUP:
        return true;
    case KEY_BRIDGE:
        return is_bridges;
    case KEY_HOST:
        break;
    }
    return !is_bridges;
}

/* The message's length by its own word; 0: it is not there as a whole, or has no room for an AUTH. */
static size_t message_length(const uint8_t *payload, size_t length)
{
    struct rd r = rd_over(payload, length);
    rd_skip(&r, EXT_LEN_OFFSET);
    size_t tlvs = rd_u16(&r);
    if (r.failed || tlvs < PE_ARP_AUTH_MAC_BYTES || tlvs > PE_ARP_TLVS_MAX_BYTES || rd_left(&r) < tlvs)
        return 0;
    return PE_ARP_FIXED_BYTES + tlvs;
}

/* Over everything, the 16 bytes of the signature as zero. */
static void signature(const uint8_t *payload, size_t length, const struct pe_arp_key *key,
                      uint8_t mac[static HMAC_BYTES])
{
    uint8_t message[MESSAGE_BYTES];
    memcpy(message, payload, length - PE_ARP_AUTH_MAC_BYTES);
    memset(message + length - PE_ARP_AUTH_MAC_BYTES, 0, PE_ARP_AUTH_MAC_BYTES);
    hmac_sha256(key->bytes, message, length, mac);
}

int pe_arp_sign(uint8_t *payload, size_t length, const struct pe_arp_key *key)
{
    uint8_t mac[HMAC_BYTES];
    length = message_length(payload, length);
    if (length == 0)
        return -EBADMSG;
    signature(payload, length, key, mac);
    memcpy(payload + length - PE_ARP_AUTH_MAC_BYTES, mac, PE_ARP_AUTH_MAC_BYTES);
    return 0;
}

const struct pe_arp_key *pe_arp_authentic_key(const uint8_t *payload, size_t length,
                                              const struct pe_arp *message, const struct pe_arp_key *keys,
                                              size_t key_count)
{
    uint8_t mac[HMAC_BYTES];
    length = message_length(payload, length);
    if (length == 0 || !message->auth.present)
        return NULL;
    const struct pe_arp_key *key = pe_arp_key_find(keys, key_count, message->auth.key_id);
    if (key == NULL)
        return NULL;
    signature(payload, length, key, mac);
    return secret_equal(mac, message->auth.mac, PE_ARP_AUTH_MAC_BYTES) ? key : NULL;
}

bool pe_arp_is_authentic(const uint8_t *payload, size_t length, const struct pe_arp *message,
                         const struct pe_arp_key *keys, size_t key_count)
{
    return pe_arp_authentic_key(payload, length, message, keys, key_count) != NULL;
}
