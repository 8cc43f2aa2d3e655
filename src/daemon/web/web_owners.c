/* web_owners.c: see web_owners.h.
 *
 * A heap whose root is the least of those that are kept: an owner with more takes its place. */
#include "web_owners.h"

#include <stdlib.h>
#include <string.h>

#define ACCOUNTS_AT_ONCE 1024
#define OWNERS_AT_ONCE   100

struct web_owners {
    uint32_t most, count;
    uint32_t cursor;     /* of the engine's accounts */
    uint64_t seen;       /* owners, with those that are not kept */
    struct traffic rest; /* of hosts without an account of their own */
    bool is_sorted;
    unsigned family;  /* that is written */
    uint32_t written; /* of it */
    struct account_entry heap[];
};

struct owner_family {
    const char *name, *help;
    bool is_bytes;
};

static const struct owner_family families[] = {
    {"pearpd_owner_frames_total",
     "Frames of an owner, of those with the most bytes: rx towards it, tx from it.", false},
    {"pearpd_owner_bytes_total",
     "Bytes of an owner, of those with the most: rx towards it, tx from it, Ethernet headers included.", true},
};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

struct web_owners *web_owners_new(uint32_t most)
{
    struct web_owners *owners = calloc(1, sizeof(*owners) + most * sizeof(owners->heap[0]));
    if (owners != NULL)
        owners->most = most;
    return owners;
}

void web_owners_free(struct web_owners *owners)
{
    free(owners);
}

static uint64_t bytes_of(const struct account_entry *account)
{
    return account->total.rx_bytes + account->total.tx_bytes;
}

static void swap(struct account_entry *a, struct account_entry *b)
{
    const struct account_entry was = *a;
    *a = *b;
    *b = was;
}

static void sift_down(struct account_entry *heap, uint32_t count, uint32_t place)
{
    for (;;) {
        uint32_t least = place;
        for (uint32_t child = 2 * place + 1; child <= 2 * place + 2 && child < count; child++)
            if (bytes_of(&heap[child]) < bytes_of(&heap[least]))
                least = child;
        if (least == place)
            return;
        swap(&heap[place], &heap[least]);
        place = least;
    }
}

static void sift_up(struct account_entry *heap, uint32_t place)
{
    for (; place > 0 && bytes_of(&heap[place]) < bytes_of(&heap[(place - 1) / 2]); place = (place - 1) / 2)
        swap(&heap[place], &heap[(place - 1) / 2]);
}

static void take(struct web_owners *owners, const struct account_entry *account)
{
    owners->seen++;
    if (owners->count < owners->most) {
        owners->heap[owners->count] = *account;
        sift_up(owners->heap, owners->count++);
    } else if (bytes_of(account) > bytes_of(&owners->heap[0])) {
        owners->heap[0] = *account;
        sift_down(owners->heap, owners->count, 0);
    }
}

static int by_bytes(const void *a, const void *b)
{
    const uint64_t x = bytes_of(a), y = bytes_of(b);
    return x < y ? 1 : x > y ? -1 : 0;
}

bool web_owners_look(struct web_owners *owners, const struct engine *engine)
{
    struct account_entry account;
    if (owners->is_sorted)
        return false;
    for (unsigned n = 0; n < ACCOUNTS_AT_ONCE; n++) {
        if (!engine_accounts_next(engine, &owners->cursor, &account)) {
            qsort(owners->heap, owners->count, sizeof(owners->heap[0]), by_bytes);
            owners->is_sorted = true;
            return false;
        }
        if (mac_is_zero(account.mac))
            owners->rest = account.total;
        else
            take(owners, &account);
    }
    return true;
}

static void write_owner(struct prometheus_text *p, const char *mac, const char *name,
                        const struct traffic *traffic, bool is_bytes)
{
    const uint64_t values[] = {is_bytes ? traffic->rx_bytes : traffic->rx_frames,
                               is_bytes ? traffic->tx_bytes : traffic->tx_frames};
    static const char *const directions[] = {"rx", "tx"};
    for (unsigned i = 0; i < 2; i++) {
        prometheus_begin(p, "");
        prometheus_label(p, "mac", mac);
        prometheus_label(p, "name", name);
        prometheus_label(p, "direction", directions[i]);
        prometheus_u64(p, values[i]);
    }
}

static void write_some(struct web_owners *owners, const struct engine *engine, struct prometheus_text *p)
{
    const struct owner_family *family = &families[owners->family];
    char mac[MAC_TEXT_BYTES];
    struct range range;
    if (owners->written == 0) {
        prometheus_family(p, family->name, "counter", family->help);
        write_owner(p, "others", "", &owners->rest, family->is_bytes);
    }
    for (unsigned n = 0; n < OWNERS_AT_ONCE && owners->written < owners->count; n++, owners->written++) {
        const struct account_entry *owner = &owners->heap[owners->written];
        const char *name = "";
        (void)engine_account_ranges(engine, owner->mac, &range, 1, &name);
        write_owner(p, mac_format(owner->mac, mac), name, &owner->total, family->is_bytes);
    }
}

bool web_owners_write(struct web_owners *owners, const struct engine *engine, struct prometheus_text *p)
{
    if (owners->family == FAMILIES) {
        prometheus_single(p, "pearpd_owners_omitted", "gauge",
                          "Owners with less traffic that this answer leaves out (?owners=N).",
                          owners->seen - owners->count);
        return false;
    }
    write_some(owners, engine, p);
    if (owners->written == owners->count) {
        owners->written = 0;
        owners->family++;
    }
    return true;
}
