/* fuzz_agent_claimant.c: what a host of a range hears, HELLO above all, and time: it says nothing but what it may, as often as it
 * may, and always comes to rest. Input: a variant, then records of {flags, time step, length, PE-ARP}. */
#include "pe_arp/claimant.h"
#include "pearpd/cursor.h"
#include "pearpd/frame_build.h"

#include <stdlib.h>
#include <string.h>

#define S             UINT64_C(1000000000)
#define MESSAGE_BYTES (PE_ARP_FIXED_BYTES + PE_ARP_TLVS_MAX_BYTES)
#define CLAIMS_MOST   80 /* of all causes, in a minute */

/* Of a record's flags. */
enum { TO_ALL = 1, WHOLE_FIELDS = 2, SIGNED = 4, ANOTHERS_SOURCE = 8, LINK = 16, RESIZE = 32, OF_SHARED = 64 };

static const struct mac own = {{2, 0, 0, 0, 0, 7}};
static const struct ipv4 shared = {0xc0000201};

struct host {
    struct claimant claimant;
    struct frame_builder *builder;
    uint64_t now_ns, number;
    uint64_t claims[CLAIMS_MOST]; /* times of the last, a ring */
    unsigned claim_count, sent;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void take_send(const struct tx_frame *made, void *context)
{
    static uint8_t bytes[FRAME_BUILD_MAX_BYTES];
    struct host *h = context;
    const struct pe_arp *m = &made->pe_arp;
    must(made->kind == TX_PE_ARP && mac_equal(m->sha, own) && m->spa.address.host == shared.host);
    must(m->type == PE_ARP_REPLY || m->type == PE_ARP_CLAIM || m->type == PE_ARP_RELEASE ||
         m->type == PE_ARP_CONFLICT);
    must(frame_build(h->builder, made, bytes, sizeof(bytes)) >= ETH_MIN_BYTES);
    h->sent++;
    if (m->type != PE_ARP_CLAIM || h->claimant.resizing)
        return;
    const uint64_t first = h->claims[h->claim_count % CLAIMS_MOST];
    must(h->claim_count < CLAIMS_MOST || h->now_ns - first >= 60 * S);
    h->claims[h->claim_count++ % CLAIMS_MOST] = h->now_ns;
}

static void take_event(enum claimant_event event, const struct pe_arp *message, void *context)
{
    (void)context;
    must(event <= CLAIMANT_UNANSWERED);
    must(message != NULL || event == CLAIMANT_UNHEARD || event == CLAIMANT_SILENT ||
         event == CLAIMANT_DISPLACED || event == CLAIMANT_UNANSWERED);
}

/* Time passes; each time that it asks for is later than the last. */
static void pass(struct host *h, uint64_t until_ns, const struct claimant_out *out)
{
    for (unsigned rounds = 0;; rounds++) {
        const uint64_t next_ns = claimant_tick(&h->claimant, h->now_ns, out);
        must(rounds < 10000 && next_ns > h->now_ns);
        if (next_ns > until_ns)
            break;
        h->now_ns = next_ns;
    }
    h->now_ns = until_ns;
}

/* The fields that make it a message, and one about this address, so that its type and its TLVs are what is tried. */
static void whole_fields(uint8_t *bytes, size_t length, uint8_t flags)
{
    static const uint8_t head[] = {0, 1, 0x88, 0xb5, 6, 10, 0};
    if (length < PE_ARP_FIXED_BYTES)
        return;
    memcpy(bytes, head, sizeof(head));
    bytes[40] = 1;
    bytes[41] = (uint8_t)(1 + bytes[41] % 6);
    bytes[7] = (uint8_t)pe_arp_operation((enum pe_arp_type)bytes[41]);
    bytes[52] = (uint8_t)((length - PE_ARP_FIXED_BYTES) >> 8);
    bytes[53] = (uint8_t)(length - PE_ARP_FIXED_BYTES);
    const uint8_t address[] = {0xc0, 0, 2, 1};
    if (flags & OF_SHARED) {
        memcpy(bytes + 14, address, 4);
        memcpy(bytes + 30, address, 4);
    }
}

static void one_message(struct host *h, struct rd *r, const struct pe_arp_key *key, uint8_t flags,
                        const struct claimant_out *out)
{
    uint8_t copy[MESSAGE_BYTES];
    size_t length = rd_u16(r) % MESSAGE_BYTES;
    length = length > rd_left(r) ? rd_left(r) : length;
    const uint8_t *bytes = rd_bytes(r, length);
    if (bytes == NULL || length == 0)
        return;
    memcpy(copy, bytes, length);
    if (flags & WHOLE_FIELDS)
        whole_fields(copy, length, flags);
    uint8_t *exact = malloc(length);
    must(exact != NULL);
    memcpy(exact, copy, length);
    struct claimant_frame frame = {.to = flags & TO_ALL ? mac_broadcast : own, .payload_length = length};
    frame.payload = exact;
    if (pe_arp_parse(exact, length, &frame.message) == 0) {
        if (flags & SIGNED && frame.message.auth.present)
            must(pe_arp_sign(exact, length, key) == 0 && pe_arp_parse(exact, length, &frame.message) == 0);
        frame.from = flags & ANOTHERS_SOURCE ? (struct mac){{2, 0, 0, 0, 0, 9}} : frame.message.sha;
        const unsigned before = h->sent;
        claimant_message(&h->claimant, h->now_ns, &frame, out);
        must(h->sent - before <= 2); /* a REPLY; a CONFLICT and a CLAIM */
        must(h->claimant.hello_claim_due_ns == UINT64_MAX ||
             h->claimant.hello_claim_due_ns <=
                 h->now_ns + (CLAIMANT_WINDOW_MAX_S + CLAIMANT_HELLO_CLAIM_GAP_S) * S);
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pe_arp_key key = {.id = 7, .bytes = {1, 2, 3}};
    struct host h = {.builder = frame_builder_new(), .now_ns = S, .number = 1};
    const struct claimant_out out = {take_send, take_event, &h};
    struct rd r = rd_over(data, size);
    const uint8_t variant = rd_u8(&r);
    const struct claimant_keys keys = {&key, variant & 1, &h.number};
    const struct port_range plain = {.range = {shared, 2000, 2999}};
    const struct port_range set = port_range_of_set(shared, (struct port_set_params){6, 8}, 0x34);
    must(h.builder != NULL);
    claimant_init(&h.claimant, variant & 2 ? &set : &plain, own, 0x88b5, variant, &keys);
    claimant_link(&h.claimant, h.now_ns, true, own, &out);
    while (rd_left(&r) > 0) {
        const uint8_t flags = rd_u8(&r), step = rd_u8(&r);
        pass(&h, h.now_ns + (step < 128 ? step * S / 10 : step * S), &out);
        if (flags & LINK)
            claimant_link(&h.claimant, h.now_ns, step & 1, own, &out);
        else if (flags & RESIZE)
            (void)claimant_resize(&h.claimant, h.now_ns, (struct range){shared, 1500, 2499}, &out);
        else
            one_message(&h, &r, &key, flags, &out);
    }
    pass(&h, h.now_ns + 1000 * S, &out);
    claimant_stop(&h.claimant, &out);
    const unsigned sent = h.sent;
    pass(&h, h.now_ns + 1000 * S, &out);
    must(h.sent == sent);
    frame_builder_free(h.builder);
    return 0;
}
