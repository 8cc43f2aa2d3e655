/* arp_relay.c: see arp_relay.h.
 *
 * A question is what was asked upstream, by {shared, target}; it keeps its answer for the second in which it is not
 * asked again. Askers are the hosts that wait for an answer, by {shared, target, host}, for 3 s. [limits] askers
 * bounds both tables; in a full one the oldest is evicted: such a question is asked again, such a host gets no answer
 * to that request. */
#include "arp_relay.h"

#include "pearpd/keyed_table.h"
#include "pearpd/time_units.h"

#include "engine_state.h"
#include "out/frame_send.h"
#include "out/verdict.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_NS  (3 * NS_PER_S)
#define AGAIN_NS NS_PER_S

struct question {
    struct {
        uint32_t shared, target; /* host order */
    } key;
    bool is_plain; /* sent as an untagged broadcast, or with the subnet's tag */
    bool waits;    /* there may be askers */
    bool is_answered;
    uint64_t sent_ns;
    struct mac answer_source;
    struct arp answer;
};

struct asker {
    struct {
        uint32_t shared, target;
        struct mac mac;
        uint16_t unused; /* no padding: it is hashed */
    } key;
    uint64_t asked_ns;
};

struct arp_relay {
    struct keyed_table *questions, *askers;
};

struct arp_relay *arp_relay_new(const struct engine *e)
{
    const uint32_t limit = e->config.limits.askers;
    struct arp_relay *relay = calloc(1, sizeof(*relay));
    if (relay == NULL)
        return NULL;
    relay->questions =
        keyed_table_new(limit, sizeof(((struct question *)0)->key), sizeof(struct question), e->seed.hash_key);
    relay->askers =
        keyed_table_new(limit, sizeof(((struct asker *)0)->key), sizeof(struct asker), e->seed.hash_key);
    if (relay->questions == NULL || relay->askers == NULL) {
        arp_relay_free(relay);
        return NULL;
    }
    return relay;
}

void arp_relay_free(struct arp_relay *relay)
{
    if (relay == NULL)
        return;
    keyed_table_free(relay->questions);
    keyed_table_free(relay->askers);
    free(relay);
}

void arp_relay_carry(struct engine *e, const struct engine *old)
{
    keyed_table_copy(e->arp_relay->questions, old->arp_relay->questions);
    keyed_table_copy(e->arp_relay->askers, old->arp_relay->askers);
}

static void send_copy(struct engine *e, const struct question *q, struct mac host, struct eth_tag tag)
{
    struct tx_frame tx = tx_frame_of(e, TX_ARP, host, ETHERTYPE_ARP);
    tx.source = q->answer_source;
    tx.tag = tag;
    tx.arp = q->answer;
    tx.arp.tha = host;
    tx_frame_send(e, SIDE_DOWNSTREAM, &tx);
}

/* A request that may have been sent to where nobody listens, to one MAC or in another tag, must not keep back one that
 * all upstream receive. */
static bool is_plain(const struct engine *e, const struct rx_frame *rx)
{
    return mac_equal(rx->eth.destination, mac_broadcast) && rx->tag.present == (e->config.vlan != 0);
}

static bool is_asked_already(const struct engine *e, const struct question *q, bool plain)
{
    return q->sent_ns != 0 && e->now_ns - q->sent_ns < AGAIN_NS && (q->is_plain || !plain);
}

static struct verdict send_upstream(struct engine *e, struct rx_frame *rx, struct question *q, bool plain)
{
    uint8_t *arp = rx->frame->bytes + rx->eth.payload, *spa = arp + ARP_SPA_OFFSET;
    eth_set_source(rx->frame->bytes, e->config.mac);
    memcpy(arp + ARP_SHA_OFFSET, e->config.mac.octets, MAC_BYTES);
    for (unsigned i = 0; i < 4; i++)
        spa[i] = (uint8_t)(q->key.shared >> (24 - 8 * i));
    struct verdict verdict = frame_send(e, SIDE_UPSTREAM, rx->frame);
    if (verdict.fate == FATE_SENT) {
        q->sent_ns = e->now_ns;
        q->is_plain = plain;
        q->is_answered = false;
    }
    return verdict;
}

static void wait_for_answer(struct engine *e, struct question *q, struct mac host)
{
    struct asker wanted = {.key = {q->key.shared, q->key.target, host, 0}};
    bool fresh;
    struct asker *asker = keyed_table_put(e->arp_relay->askers, &wanted.key, &fresh);
    asker->asked_ns = e->now_ns;
    q->waits = true;
}

struct verdict arp_relay_request(struct engine *e, struct rx_frame *rx, const struct arp *request)
{
    struct question wanted = {.key = {request->spa.host, request->tpa.host}};
    bool fresh, plain = is_plain(e, rx);
    struct question *q = keyed_table_put(e->arp_relay->questions, &wanted.key, &fresh);
    struct verdict verdict = verdict_consumed(CONSUMED_ARP_COALESCED);
    if (!is_asked_already(e, q, plain))
        verdict = send_upstream(e, rx, q, plain);
    if (verdict.fate == FATE_DROPPED)
        return verdict;
    if (q->is_answered)
        send_copy(e, q, rx->eth.source, rx->tag);
    else
        wait_for_answer(e, q, rx->eth.source);
    return verdict;
}

static bool give_to_askers(struct engine *e, struct question *q, struct eth_tag tag)
{
    struct keyed_table *askers = e->arp_relay->askers;
    bool given = false;
    for (struct asker *a = keyed_table_oldest(askers), *newer; a != NULL; a = newer) {
        newer = keyed_table_newer(askers, a);
        if (a->key.shared != q->key.shared || a->key.target != q->key.target)
            continue;
        if (e->now_ns - a->asked_ns <= WAIT_NS) {
            send_copy(e, q, a->key.mac, tag);
            given = true;
        }
        keyed_table_remove(askers, a);
    }
    return given;
}

struct verdict arp_relay_reply(struct engine *e, const struct rx_frame *rx, const struct arp *reply)
{
    struct question wanted = {.key = {reply->tpa.host, reply->spa.host}};
    struct question *q = keyed_table_find(e->arp_relay->questions, &wanted.key);
    if (q == NULL || !q->waits)
        return verdict_dropped(DROP_ARP_UNASKED);
    q->waits = false;
    q->answer_source = rx->eth.source;
    q->answer = *reply;
    if (!give_to_askers(e, q, rx->tag))
        return verdict_dropped(DROP_ARP_UNASKED);
    q->is_answered = true;
    return verdict_consumed(CONSUMED_ARP_RELAYED);
}
