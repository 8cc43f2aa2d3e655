/* claimant.c: see claimant.h. The table of docs/pe-arp.md#host-machine. */
#include "claimant.h"

#include "pearpd/time_units.h"

#include <errno.h>

#define PROTOCOL_ICMP    1
#define PROTOCOL_TCP     6
#define PROTOCOL_UDP     17
#define PROTOCOL_DCCP    33
#define PROTOCOL_SCTP    132
#define PROTOCOL_UDPLITE 136

static const struct rate_limit hello_claims_limit = {
    CLAIMANT_HELLO_CLAIM_GAP_S * NS_PER_S, (CLAIMANT_HELLO_CLAIMS - 1) * CLAIMANT_HELLO_CLAIM_GAP_S *NS_PER_S};

/* splitmix64: spreads claims over a window, no more is asked of it. */
static uint64_t next_random(struct claimant *s)
{
    s->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = s->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct port_address whole_range(const struct claimant *s)
{
    const struct range *range = &s->held.range;
    return (struct port_address){.address = range->address, .first = range->first, .last = range->last};
}

static struct tx_frame message_to(struct claimant *s, struct mac destination, enum pe_arp_type type)
{
    struct tx_frame made = {
        .destination = destination,
        .source = s->own,
        .ethertype = s->ethertype,
        .kind = TX_PE_ARP,
        .pe_arp = {.type = type, .sha = s->own, .spa = whole_range(s), .tpa = whole_range(s)}};
    made.pe_arp.psid.present = s->held.is_port_set;
    if (s->held.is_port_set) {
        made.pe_arp.psid.offset = s->held.params.offset;
        made.pe_arp.psid.length = s->held.params.length;
        made.pe_arp.psid.psid = s->held.psid;
    }
    if (type == PE_ARP_CLAIM || type == PE_ARP_REPLY) {
        made.pe_arp.services = s->services;
        made.pe_arp.services_length = s->services_length;
    }
    made.key = s->signing;
    if (made.key == NULL)
        return made;
    if (type == PE_ARP_CLAIM || type == PE_ARP_RELEASE || type == PE_ARP_CONFLICT) {
        made.pe_arp.seq.present = true;
        made.pe_arp.seq.number = (*s->keys.number)++;
    }
    return made;
}

uint64_t claimant_number(uint64_t next, uint64_t wall_us)
{
    const uint64_t most = wall_us + CLAIMANT_SEQ_AHEAD_S * (NS_PER_S / NS_PER_US);
    return next < wall_us || next > most ? wall_us : next;
}

static void send_claim(struct claimant *s, uint64_t now_ns, const struct claimant_out *out)
{
    const struct tx_frame claim = message_to(s, mac_broadcast, PE_ARP_CLAIM);
    s->counts.claims++;
    s->rival_claim_allowed_ns = now_ns + NS_PER_S;
    out->send(&claim, out->context);
}

void claimant_init(struct claimant *s, const struct port_range *held, struct mac own, uint16_t ethertype,
                   uint64_t seed, const struct claimant_keys *keys)
{
    *s = (struct claimant){.held = *held,
                           .keys = *keys,
                           .signing = pe_arp_signing_key(keys->keys, keys->count, KEY_HOST),
                           .own = own,
                           .ethertype = ethertype,
                           .random = seed,
                           .claim_due_ns = NEVER_NS,
                           .hello_claim_due_ns = NEVER_NS,
                           .silent_due_ns = NEVER_NS,
                           .doubt_due_ns = NEVER_NS};
}

void claimant_services(struct claimant *s, const uint8_t *tlvs, size_t length)
{
    s->services = tlvs;
    s->services_length = length;
}

static void end_resize(struct claimant *s, enum claimant_event event, const struct pe_arp *message,
                       const struct claimant_out *out)
{
    s->resizing = false;
    s->wanted_due_ns = NEVER_NS;
    out->event(event, message, out->context);
}

static void begin_claims(struct claimant *s, uint64_t now_ns)
{
    s->claim_gap_s = 1;
    s->claim_due_ns = now_ns;
}

static void end_doubt(struct claimant *s)
{
    s->doubt = CLAIMANT_SURE;
    s->doubt_due_ns = NEVER_NS;
}

/* Is the range still ours? A challenge within `wait_s` says so. One that is being claimed already needs no wait. */
static void begin_doubt(struct claimant *s, uint64_t now_ns, uint32_t wait_s)
{
    const bool claims = s->claim_due_ns != NEVER_NS;
    const uint64_t due_ns = now_ns + (claims ? CLAIMANT_RECLAIM_S : wait_s) * NS_PER_S;
    if (s->displaced || s->doubt == CLAIMANT_RECLAIMS || due_ns >= s->doubt_due_ns)
        return;
    s->doubt = claims ? CLAIMANT_RECLAIMS : CLAIMANT_WAITS;
    s->doubt_due_ns = due_ns;
}

/* An event of our range that no message caused. */
static void report(const struct claimant *s, enum claimant_event event, struct mac who,
                   const struct claimant_out *out)
{
    const struct pe_arp message = {.type = PE_ARP_CLAIM, .sha = who, .tpa = whole_range(s)};
    out->event(event, &message, out->context);
}

static void forget_challenge(struct claimant *s, const struct claimant_out *out)
{
    const bool was = s->challenged;
    s->challenged = false;
    if (was)
        report(s, CLAIMANT_UNHEARD, s->bridge, out);
}

/* No challenge came. */
static void doubt_due(struct claimant *s, uint64_t now_ns, const struct claimant_out *out)
{
    if (s->doubt == CLAIMANT_WAITS) {
        s->doubt = CLAIMANT_RECLAIMS;
        s->doubt_due_ns = now_ns + CLAIMANT_RECLAIM_S * NS_PER_S;
        begin_claims(s, now_ns);
        forget_challenge(s, out);
        return;
    }
    end_doubt(s);
    s->displaced = true;
    s->confirmed = false;
    report(s, CLAIMANT_DISPLACED, s->rival, out);
}

/* The one that asked this host is the bridge. Until one did, each sender of a HELLO may be. */
static bool may_be_bridge(const struct claimant *s, struct mac from)
{
    return !s->pinned || mac_equal(from, s->bridge);
}

static uint64_t silence_ns(const struct claimant *s)
{
    const uint64_t least_ns = CLAIMANT_HELLO_S * NS_PER_S;
    return CLAIMANT_SILENT_HELLOS * (s->hello_gap_ns > least_ns ? s->hello_gap_ns : least_ns);
}

static void hear_bridge(struct claimant *s, uint64_t now_ns, struct mac from)
{
    if (!mac_equal(from, s->bridge)) {
        s->pinned = false;
        s->seq_known = s->seq_known && s->keys.count > 0;
    }
    s->bridge = from;
    s->silent_due_ns = now_ns + silence_ns(s);
}

static void forget_bridge(struct claimant *s)
{
    s->bridge = (struct mac){{0}};
    s->pinned = s->seq_known = s->challenged = false;
    s->silent_due_ns = NEVER_NS;
}

static void bridge_is_silent(struct claimant *s, const struct claimant_out *out)
{
    const struct mac silent = s->bridge;
    forget_bridge(s);
    report(s, CLAIMANT_SILENT, silent, out);
}

void claimant_link(struct claimant *s, uint64_t now_ns, bool up, struct mac own, const struct claimant_out *out)
{
    if (s->stopped)
        return;
    const bool again = up == s->link_up && mac_equal(own, s->own);
    s->confirmed = s->confirmed && mac_equal(own, s->own);
    s->link_up = up;
    s->own = own;
    if (again)
        return;
    s->claim_due_ns = NEVER_NS;
    s->hello_claim_due_ns = NEVER_NS;
    end_doubt(s);
    forget_bridge(s);
    if (!up) {
        claimant_give_up(s, out);
        return;
    }
    s->displaced = false;
    s->rival = (struct mac){{0}};
    begin_claims(s, now_ns);
    (void)claimant_tick(s, now_ns, out);
}

/* Protocols whose packets carry ports, echo (whose id is taken for one), and 0 for all of them. */
static bool protocol_is_held(uint8_t protocol)
{
    switch (protocol) {
    case 0:
    case PROTOCOL_ICMP:
    case PROTOCOL_TCP:
    case PROTOCOL_UDP:
    case PROTOCOL_DCCP:
    case PROTOCOL_SCTP:
    case PROTOCOL_UDPLITE:
        return true;
    default:
        return false;
    }
}

static bool is_ours(const struct claimant *s, const struct port_address *a)
{
    if (a->address.host != s->held.range.address.host || (s->held.is_port_set && a->first != a->last))
        return false;
    return port_range_has(&s->held, a->first) && port_range_has(&s->held, a->last);
}

static struct port_range plain_range(const struct port_address *a)
{
    return (struct port_range){.range = {a->address, a->first, a->last}};
}

/* What the sender of `message` says that it holds. */
static struct port_range stated(const struct pe_arp *message)
{
    const struct port_set_params params = {message->psid.offset, message->psid.length};
    if (!message->psid.present || !port_set_valid(params))
        return plain_range(&message->spa);
    return port_range_of_set(message->spa.address, params, message->psid.psid);
}

/* What is claimed to get from what is held to `wanted`: a range whose first port is not the one that the bridge asks
 * for when it looks after what is held, so that its REQUEST for this one is recognized. Where only the end is given up,
 * all of it: nobody else can own that. */
static struct range to_claim(const struct range *held, struct range wanted)
{
    if (wanted.first == held->first && wanted.last > held->last)
        wanted.first = (uint16_t)(held->last + 1);
    return wanted;
}

static void send_wanted(struct claimant *s, const struct claimant_out *out)
{
    struct tx_frame claim = message_to(s, mac_broadcast, PE_ARP_CLAIM);
    claim.pe_arp.spa.first = claim.pe_arp.tpa.first = s->claimed.first;
    claim.pe_arp.spa.last = claim.pe_arp.tpa.last = s->claimed.last;
    s->counts.claims++;
    out->send(&claim, out->context);
}

int claimant_resize(struct claimant *s, uint64_t now_ns, struct range wanted, const struct claimant_out *out)
{
    const struct port_range whole = {.range = wanted};
    if (s->resizing)
        return -EBUSY;
    if (!s->link_up || s->stopped)
        return -ENETDOWN;
    if (s->held.is_port_set)
        return -EOPNOTSUPP;
    if (port_range_equal(&s->held, &whole))
        return -EALREADY;
    s->resizing = true;
    s->wanted = wanted;
    s->claimed = to_claim(&s->held.range, wanted);
    s->wanted_gap_s = 1;
    s->wanted_due_ns = now_ns;
    s->wanted_until_ns = now_ns + CLAIMANT_RESIZE_S * NS_PER_S;
    (void)claimant_tick(s, now_ns, out);
    return 0;
}

void claimant_give_up(struct claimant *s, const struct claimant_out *out)
{
    if (s->resizing)
        end_resize(s, CLAIMANT_UNANSWERED, NULL, out);
}

/* Claims again, or gives up. */
static void resize_due(struct claimant *s, uint64_t now_ns, const struct claimant_out *out)
{
    if (now_ns >= s->wanted_until_ns) {
        end_resize(s, CLAIMANT_UNANSWERED, NULL, out);
        return;
    }
    s->wanted_due_ns = now_ns + s->wanted_gap_s * NS_PER_S;
    if (s->wanted_due_ns > s->wanted_until_ns)
        s->wanted_due_ns = s->wanted_until_ns;
    s->wanted_gap_s *= 2;
    send_wanted(s, out);
}

static void answer(struct claimant *s, const struct pe_arp *request, const struct claimant_out *out)
{
    struct tx_frame reply = message_to(s, request->sha, PE_ARP_REPLY);
    reply.pe_arp.tpa = request->tpa;
    reply.pe_arp.tha = request->sha;
    reply.pe_arp.nonce = request->nonce;
    s->counts.requests++;
    s->confirmed = true;
    out->send(&reply, out->context);
}

/* The bridge asks this host for what it claimed: nobody else has it. */
static bool is_for_wanted(const struct claimant *s, struct mac to, const struct pe_arp *request)
{
    return s->resizing && mac_equal(to, s->own) && request->tpa.address.host == s->claimed.address.host &&
           request->tpa.first == s->claimed.first && request->tpa.last == s->claimed.first;
}

static void note_challenge(struct claimant *s, uint64_t now_ns, struct mac from)
{
    hear_bridge(s, now_ns, from);
    s->pinned = true;
    s->asked_ns = now_ns;
    s->counts.challenges++;
}

/* What was held beside it goes. */
static void take_wanted(struct claimant *s, uint64_t now_ns, const struct pe_arp *request,
                        const struct claimant_out *out)
{
    struct tx_frame released = message_to(s, mac_broadcast, PE_ARP_RELEASE);
    const bool beside = s->confirmed && !range_overlaps(&s->held.range, &s->wanted);
    s->held.range = s->wanted;
    end_doubt(s);
    s->displaced = false;
    answer(s, request, out);
    note_challenge(s, now_ns, request->sha);
    if (beside)
        out->send(&released, out->context);
    end_resize(s, CLAIMANT_RESIZED, request, out);
}

/* Whoever asks is answered: its nonce is of use to it alone. Only the bridge's asking says that the range is ours. */
static void receive_request(struct claimant *s, uint64_t now_ns, struct mac to, const struct pe_arp *request,
                            const struct claimant_out *out)
{
    const bool counts = may_be_bridge(s, request->sha);
    if (counts && is_for_wanted(s, to, request)) {
        take_wanted(s, now_ns, request, out);
        return;
    }
    if (!is_ours(s, &request->tpa) || !protocol_is_held(request->tpa.protocol))
        return;
    answer(s, request, out);
    if (!counts || !mac_equal(to, s->own))
        return;
    note_challenge(s, now_ns, request->sha);
    s->claim_due_ns = NEVER_NS;
    end_doubt(s);
    if (s->challenged && !s->displaced)
        return;
    s->challenged = true;
    s->displaced = false;
    out->event(CLAIMANT_CHALLENGED, request, out->context);
}

static void object(struct claimant *s, uint64_t now_ns, const struct pe_arp *claim,
                   const struct claimant_out *out)
{
    struct tx_frame conflict = message_to(s, mac_broadcast, PE_ARP_CONFLICT);
    conflict.pe_arp.tpa = claim->spa;
    conflict.pe_arp.tha = claim->sha;
    s->conflict_allowed_ns = now_ns + NS_PER_S;
    s->counts.conflicts++;
    out->send(&conflict, out->context);
    out->event(CLAIMANT_CONFLICT, claim, out->context);
}

/* Only what the bridge receives too counts against the range: a broadcast. A bridge without a table hears of us too, by a
 * claim at once: the one for a HELLO may be due in a minute, which is then this one. */
static void receive_claim(struct claimant *s, uint64_t now_ns, const struct claimant_frame *frame,
                          const struct claimant_out *out)
{
    const struct pe_arp *claim = &frame->message;
    const struct port_range other = stated(claim);
    if (!port_range_overlaps(&s->held, &other))
        return;
    if (mac_is_group(frame->to)) {
        s->rival = claim->sha;
        begin_doubt(s, now_ns, CLAIMANT_WAIT_S);
    }
    if (now_ns >= s->conflict_allowed_ns)
        object(s, now_ns, claim, out);
    if (!mac_is_group(frame->to) || now_ns < s->rival_claim_allowed_ns)
        return;
    s->hello_claim_due_ns = NEVER_NS;
    send_claim(s, now_ns, out);
}

/* One claim, at a random moment of the window; of two that are due the earlier. */
static void claim_within(struct claimant *s, uint64_t now_ns, uint64_t window_s)
{
    const uint64_t window_ns = (window_s < CLAIMANT_WINDOW_MAX_S ? window_s : CLAIMANT_WINDOW_MAX_S) * NS_PER_S;
    const uint64_t allowed_ns = rate_next(&s->hello_claims, hello_claims_limit, now_ns);
    uint64_t due_ns = now_ns + (window_ns > 0 ? next_random(s) % window_ns : 0);
    due_ns = due_ns > allowed_ns ? due_ns : allowed_ns;
    if (due_ns < s->hello_claim_due_ns)
        s->hello_claim_due_ns = due_ns;
}

static bool is_managed(const struct claimant *s, const struct pe_arp *hello)
{
    return s->held.range.first >= hello->tpa.first && s->held.range.last <= hello->tpa.last;
}

/* The bridge's table is empty. */
static void begin_epoch(struct claimant *s, uint64_t now_ns, const struct pe_arp *hello,
                        const struct claimant_out *out)
{
    s->epoch = hello->nonce;
    s->epoch_known = true;
    out->event(CLAIMANT_EPOCH, hello, out->context);
    forget_challenge(s, out);
    if (is_managed(s, hello))
        claim_within(s, now_ns, hello->lifetime_s);
    else
        out->event(CLAIMANT_UNMANAGED, hello, out->context);
}

/* The bridge may have forgotten the range, or leased it to another host. */
static bool is_long_unasked(const struct claimant *s, uint64_t now_ns)
{
    return s->claim_due_ns == NEVER_NS &&
           (!s->challenged || now_ns - s->asked_ns >= CLAIMANT_UNASKED_S * NS_PER_S);
}

/* It grows, by a step that a clock may make: a forged one must not make the host deaf to the bridge. */
static bool seq_follows(const struct claimant *s, uint64_t now_ns, uint64_t number)
{
    const uint64_t step = (now_ns - s->hello_ns) / NS_PER_US + CLAIMANT_SEQ_AHEAD_S * (NS_PER_S / NS_PER_US);
    return number > s->seq && number - s->seq <= step;
}

static bool hello_counts(const struct claimant *s, uint64_t now_ns, const struct pe_arp *hello)
{
    const bool has_keys = s->keys.count > 0;
    if (hello->shared_mac.present && !mac_equal(hello->shared_mac.mac, hello->sha))
        return false;
    if (!has_keys && !may_be_bridge(s, hello->sha))
        return false;
    if (!s->seq_known || !(has_keys || mac_equal(hello->sha, s->bridge)))
        return true;
    if (now_ns - s->hello_ns >= silence_ns(s))
        return true; /* the number of the last one is forgotten */
    return hello->seq.present ? seq_follows(s, now_ns, hello->seq.number) : !has_keys;
}

/* The period of a bridge that says HELLO more rarely than others is known when it was silent once. */
static void hear_hello(struct claimant *s, uint64_t now_ns, const struct pe_arp *hello)
{
    const uint64_t gap_ns = now_ns - s->hello_ns;
    if (!mac_equal(hello->sha, s->hello_from))
        s->hello_gap_ns = 0;
    else if (s->hello_gap_ns == 0 || gap_ns < s->hello_gap_ns)
        s->hello_gap_ns = gap_ns;
    s->hello_from = hello->sha;
    s->hello_ns = now_ns;
    hear_bridge(s, now_ns, hello->sha);
    s->seq_known = hello->seq.present;
    s->seq = hello->seq.number;
}

static void receive_hello(struct claimant *s, uint64_t now_ns, const struct pe_arp *hello,
                          const struct claimant_out *out)
{
    if (hello->tpa.address.host != s->held.range.address.host)
        return;
    if (!hello_counts(s, now_ns, hello)) {
        out->event(CLAIMANT_FORGED, hello, out->context);
        return;
    }
    hear_hello(s, now_ns, hello);
    if (!s->epoch_known || hello->nonce != s->epoch)
        begin_epoch(s, now_ns, hello, out);
    else if (is_managed(s, hello) && is_long_unasked(s, now_ns))
        claim_within(s, now_ns, CLAIMANT_WINDOW_MAX_S);
    if (hello->gateway.present)
        out->event(CLAIMANT_GATEWAY, hello, out->context);
}

/* tpa is a range of ours as the other received it. */
static void receive_conflict(struct claimant *s, uint64_t now_ns, const struct pe_arp *conflict,
                             const struct claimant_out *out)
{
    const struct port_range ours = plain_range(&conflict->tpa);
    if (s->resizing && mac_equal(conflict->tha, s->own) &&
        conflict->tpa.address.host == s->claimed.address.host && conflict->tpa.first == s->claimed.first &&
        conflict->tpa.last == s->claimed.last) {
        end_resize(s, CLAIMANT_REFUSED, conflict, out);
        return;
    }
    if (!mac_equal(conflict->tha, s->own) || !port_range_overlaps(&s->held, &ours))
        return;
    s->counts.accusations++;
    s->rival = conflict->sha;
    s->confirmed = false;
    begin_doubt(s, now_ns, CLAIMANT_WAIT_S);
    out->event(CLAIMANT_ACCUSED, conflict, out->context);
}

/* A hint: from a host whose key is its own and the bridge's, so that nobody else can check it. */
enum belief { BELIEF_NONE, BELIEF_HINT, BELIEF_FULL };

/* True where hosts have keys of their own. */
static bool knows_roles(const struct claimant_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->keys[i].role != KEY_GROUP)
            return true;
    return false;
}

static enum belief belief_of(const struct claimant *s, const struct claimant_frame *frame)
{
    const struct claimant_keys *keys = &s->keys;
    const struct pe_arp *message = &frame->message;
    if (!mac_equal(frame->from, message->sha))
        return BELIEF_NONE;
    if (keys->count == 0)
        return BELIEF_FULL;
    const struct pe_arp_key *key =
        pe_arp_authentic_key(frame->payload, frame->payload_length, message, keys->keys, keys->count);
    if (key != NULL)
        return pe_arp_key_may_send(key, message->type) ? BELIEF_FULL : BELIEF_NONE;
    const bool is_unknown =
        message->auth.present && pe_arp_key_find(keys->keys, keys->count, message->auth.key_id) == NULL;
    const bool is_hosts = message->type != PE_ARP_REQUEST && message->type != PE_ARP_HELLO;
    return is_unknown && is_hosts && knows_roles(keys) ? BELIEF_HINT : BELIEF_NONE;
}

/* A host without a key of its own signs with that of the group that the bridge uses, and therefore knows: keys are changed
 * one machine after the other. */
static void follow_key(struct claimant *s, const struct pe_arp *message)
{
    if (message->type != PE_ARP_REQUEST && message->type != PE_ARP_HELLO)
        return;
    const struct pe_arp_key *key = pe_arp_key_find(s->keys.keys, s->keys.count, message->auth.key_id);
    if (key != NULL && key->role == KEY_GROUP && (s->signing == NULL || s->signing->role == KEY_GROUP))
        s->signing = key;
}

void claimant_message(struct claimant *s, uint64_t now_ns, const struct claimant_frame *frame,
                      const struct claimant_out *out)
{
    const struct pe_arp *message = &frame->message;
    const struct mac from = frame->from;
    if (s->stopped || !s->link_up || mac_is_group(from) || mac_is_zero(from) || mac_equal(from, s->own))
        return;
    const enum belief belief = belief_of(s, frame);
    if (belief == BELIEF_NONE) {
        out->event(CLAIMANT_FORGED, message, out->context);
        return;
    }
    if (belief == BELIEF_HINT && message->type != PE_ARP_CLAIM)
        return;
    follow_key(s, message);
    switch (message->type) {
    case PE_ARP_REQUEST:
        receive_request(s, now_ns, frame->to, message, out);
        break;
    case PE_ARP_CLAIM:
        receive_claim(s, now_ns, frame, out);
        break;
    case PE_ARP_HELLO:
        receive_hello(s, now_ns, message, out);
        break;
    case PE_ARP_CONFLICT:
        receive_conflict(s, now_ns, message, out);
        break;
    case PE_ARP_REPLY:
    case PE_ARP_RELEASE:
        break;
    }
}

uint64_t claimant_tick(struct claimant *s, uint64_t now_ns, const struct claimant_out *out)
{
    if (s->stopped)
        return NEVER_NS;
    if (now_ns >= s->silent_due_ns)
        bridge_is_silent(s, out);
    if (now_ns >= s->hello_claim_due_ns) {
        s->hello_claim_due_ns = NEVER_NS;
        (void)rate_take(&s->hello_claims, hello_claims_limit, now_ns);
        send_claim(s, now_ns, out);
        begin_doubt(s, now_ns, s->challenged ? CLAIMANT_WAIT_S : CLAIMANT_WAIT_HELLO_S);
    }
    if (now_ns >= s->doubt_due_ns)
        doubt_due(s, now_ns, out);
    if (now_ns >= s->claim_due_ns) {
        s->claim_due_ns = now_ns + s->claim_gap_s * NS_PER_S;
        s->claim_gap_s =
            s->claim_gap_s * 2 > CLAIMANT_CLAIM_GAP_MAX_S ? CLAIMANT_CLAIM_GAP_MAX_S : s->claim_gap_s * 2;
        send_claim(s, now_ns, out);
    }
    if (s->resizing && now_ns >= s->wanted_due_ns)
        resize_due(s, now_ns, out);
    uint64_t next_ns = s->claim_due_ns < s->hello_claim_due_ns ? s->claim_due_ns : s->hello_claim_due_ns;
    if (s->doubt_due_ns < next_ns)
        next_ns = s->doubt_due_ns;
    if (s->silent_due_ns < next_ns)
        next_ns = s->silent_due_ns;
    if (s->resizing && s->wanted_due_ns < next_ns)
        next_ns = s->wanted_due_ns;
    return next_ns;
}

void claimant_stop(struct claimant *s, const struct claimant_out *out)
{
    if (s->stopped)
        return;
    s->stopped = true;
    if (!s->link_up || !s->confirmed)
        return;
    const struct tx_frame release = message_to(s, mac_broadcast, PE_ARP_RELEASE);
    out->send(&release, out->context);
}
