/* pe_arp_auth.c: see pe_arp_auth.h. */
#include "pearpd/pe_arp_auth.h"

#include "pearpd/cursor.h"
#include "pearpd/hex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXT_LEN_OFFSET 52
#define MESSAGE_BYTES  (PE_ARP_FIXED_BYTES + PE_ARP_TLVS_MAX_BYTES)

static bool parse_id(const char *text, uint32_t *id)
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
    struct pe_arp_key read;
    size_t length;
    if (!parse_id(id, &read.id) || hex_parse(value, read.bytes, sizeof(read.bytes), &length) != 0 ||
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
    for (size_t i = 0; i < count; i++)
        if (keys[i].id == id)
            return &keys[i];
    return NULL;
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

bool pe_arp_is_authentic(const uint8_t *payload, size_t length, const struct pe_arp *message,
                         const struct pe_arp_key *keys, size_t key_count)
{
    uint8_t mac[HMAC_BYTES];
    length = message_length(payload, length);
    if (length == 0 || !message->auth.present)
        return false;
    const struct pe_arp_key *key = pe_arp_key_find(keys, key_count, message->auth.key_id);
    if (key == NULL)
        return false;
    signature(payload, length, key, mac);
    return secret_equal(mac, message->auth.mac, PE_ARP_AUTH_MAC_BYTES);
}
