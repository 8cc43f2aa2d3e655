/* dhcp_server.c: see dhcp_server.h. */
#include "dhcp_server.h"

#include "pearpd/rate.h"
#include "pearpd/time_units.h"
#include "pearpd/timer_heap.h"

#include "binding/binding_learn.h"
#include "binding/lease.h"
#include "bridge_rules.h"
#include "engine_state.h"
#include "out/event_emit.h"
#include "out/frame_send.h"
#include "out/verdict.h"
#include "rx_frame.h"
#include "tables/account.h"
#include "tables/host.h"
#include "tables/shared_address.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A DHCPDISCOVER whose set hosts are asked for. */
struct waiting {
    struct timer timer; /* armed: in use */
    bool may_displace;
    struct eth_tag tag;
    struct dhcp message;
};

/* Who shares a budget. Hosts that own ports, those that take their offer and newcomers do not wait for the rest. */
enum budget { OF_OWNERS, OF_TAKERS, OF_NEWCOMERS, OF_OTHERS, BUDGETS };

#define OTHERS_PART 4 /* of dhcp-rate */

/* A newcomer asks as clients do: a few times, not twice within a second. Once it did otherwise, it has to be silent first. */
#define SILENT_NS      (10 * NS_PER_S)
#define TRY_GAP_NS     NS_PER_S
#define NEWCOMER_TRIES 5

/* An owner's turns: it renews, or begins anew, before those that ask more often than clients do. */
#define OWNER_TURNS_AT_ONCE 3
#define OWNER_TURN_NS       (5 * NS_PER_S)

struct dhcp_server {
    struct rate_limit limit, others_limit, host_limit; /* [limits] dhcp-rate, a part of it, dhcp-host-rate */
    struct rate messages[BUDGETS], exhausted_events;
    struct waiting *waiting; /* [limits] dhcp-waiting */
};

struct request {
    struct eth_tag tag; /* for the answer */
    const struct dhcp *message;
    struct lease_client client;
    bool is_broadcast; /* to all servers */
    bool may_displace; /* an offer that nobody took yields to it */
};

static const struct ipv4 limited_broadcast = {UINT32_MAX};

struct dhcp_server *dhcp_server_new(const struct engine *e)
{
    const struct limits *l = &e->config.limits;
    struct dhcp_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return NULL;
    const uint32_t others = l->dhcp_rate > OTHERS_PART ? l->dhcp_rate / OTHERS_PART : 1;
    server->limit = rate_limit_of(l->dhcp_rate, l->dhcp_rate);
    server->others_limit = rate_limit_of(others, others);
    server->host_limit = rate_limit_of(l->dhcp_host_rate, l->dhcp_host_rate);
    server->waiting = calloc(l->dhcp_waiting, sizeof(*server->waiting));
    if (server->waiting == NULL) {
        dhcp_server_free(server);
        return NULL;
    }
    for (uint32_t i = 0; i < l->dhcp_waiting; i++)
        server->waiting[i].timer.kind = TIMER_DISCOVER;
    return server;
}

void dhcp_server_free(struct dhcp_server *server)
{
    if (server == NULL)
        return;
    free(server->waiting);
    free(server);
}

void dhcp_server_carry(struct engine *e, const struct engine *old)
{
    memcpy(e->dhcp_server->messages, old->dhcp_server->messages, sizeof(old->dhcp_server->messages));
    e->dhcp_server->exhausted_events = old->dhcp_server->exhausted_events;
}

/* Answers. */

/* RFC 2131 4.1: to ciaddr; else broadcast, if the client asks for it or it is a DHCPNAK; else to yiaddr at the
 * hardware address. */
static void answer(struct engine *e, const struct request *q, const struct dhcp_answer *answered)
{
    const struct dhcp *m = q->message;
    struct tx_frame tx = tx_frame_of(e, TX_DHCP, m->chaddr, ETHERTYPE_IPV4);
    tx.tag = q->tag;
    tx.dhcp = (struct tx_dhcp){.source = e->config.dhcp.server_id, .answer = *answered};
    struct dhcp_answer *a = &tx.dhcp.answer;
    a->xid = m->xid;
    a->flags = m->flags;
    a->chaddr = m->chaddr;
    a->server_id = e->config.dhcp.server_id;
    a->client_id = m->client_id;
    a->client_id_length = m->client_id_length;
    tx.dhcp.destination = a->yiaddr;
    if (a->kind == DHCP_NAK || (m->ciaddr.host == 0 && (m->flags & DHCP_FLAG_BROADCAST))) {
        tx.dhcp.destination = limited_broadcast;
        tx.destination = mac_broadcast;
    } else if (m->ciaddr.host != 0) {
        tx.dhcp.destination = m->ciaddr;
    }
    tx_frame_send(e, SIDE_DOWNSTREAM, &tx);
}

/* The parameters for every client. */
static struct dhcp_answer parameters(const struct engine *e, enum dhcp_kind kind)
{
    const struct config_dhcp *c = &e->config.dhcp;
    struct dhcp_answer a = {.kind = kind, .netmask = c->netmask, .router = c->router, .mtu = c->mtu};
    a.dns_count = c->dns_count;
    for (unsigned i = 0; i < c->dns_count; i++)
        a.dns[i] = c->dns[i];
    return a;
}

/* Its client asks for option 159: no other is served (RFC 7618 7). */
static void answer_lease(struct engine *e, const struct request *q, enum dhcp_kind kind,
                         const struct lease *lease)
{
    const struct config_address *address = &e->config.addresses[lease->address_index];
    struct dhcp_answer a = parameters(e, kind);
    a.ciaddr = kind == DHCP_ACK ? q->message->ciaddr : (struct ipv4){0};
    a.yiaddr = address->address;
    a.lease_s = e->config.dhcp.lease_s;
    a.ports =
        (struct dhcp_port_params){true, address->lease_psid.offset, address->lease_psid.length, lease->psid};
    e->stats.counters[kind == DHCP_ACK ? COUNTER_DHCP_ACKS : COUNTER_DHCP_OFFERS]++;
    answer(e, q, &a);
}

static struct verdict nak(struct engine *e, const struct request *q)
{
    const struct dhcp_answer a = {.kind = DHCP_NAK};
    e->stats.counters[COUNTER_DHCP_NAKS]++;
    answer(e, q, &a);
    return verdict_consumed(CONSUMED_DHCP);
}

/* Refusals. */

static struct verdict bad(struct engine *e, struct mac source, const char *why)
{
    if (host_may_emit(host_of(e->hosts, source), EVENT_REFUSED, e->now_ns))
        event_emit_refused(e, SIDE_DOWNSTREAM, source, why);
    return verdict_dropped(DROP_DHCP_BAD);
}

static struct verdict exhausted(struct engine *e, const struct request *q)
{
    host_of(e->hosts, q->client.mac)->dhcp_refused_ns = e->now_ns;
    if (rate_take(&e->dhcp_server->exhausted_events, rate_limit_of(1, 1), e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_EXHAUSTED,
                                     .side = SIDE_DOWNSTREAM,
                                     .mac = q->client.mac,
                                     .detail = "[dhcp] has no free port set"});
    return verdict_dropped(DROP_DHCP_EXHAUSTED);
}

/* The rules of RFC 2131 4.3, by kind. */

/* The set that a client requests in its DHCPDISCOVER: address and ports (RFC 7618 6). */
static struct lease *wish_of(const struct engine *e, const struct dhcp *m)
{
    int index = m->has_requested && m->ports.present ? shared_address_index(e, m->requested) : -1;
    const struct port_set_params params = {m->ports.offset, m->ports.length};
    if (index < 0 || !e->config.addresses[index].is_served ||
        !port_set_same(params, e->config.addresses[index].lease_psid))
        return NULL;
    return lease_at(e, (uint32_t)index, port_set_bounds(params, m->ports.psid).first);
}

/* Keeps the newest message of the client until hosts had time to answer. In a full table the client asks again. */
static void wait_for_hosts(struct engine *e, const struct request *q, const struct lease *lease)
{
    const uint64_t wait_ns = e->config.limits.offer_wait_s * NS_PER_S;
    const uint64_t due_ns = lease->asked_ns + wait_ns;
    const uint32_t limit = e->config.limits.dhcp_waiting;
    uint32_t place = limit;
    for (uint32_t i = 0; i < limit; i++) {
        const struct waiting *at = &e->dhcp_server->waiting[i];
        if (!timer_armed(&at->timer)) {
            place = place == limit ? i : place;
        } else if (mac_equal(at->message.chaddr, q->client.mac) &&
                   at->message.client_id_length == q->message->client_id_length &&
                   memcmp(at->message.client_id, q->message->client_id, q->message->client_id_length) == 0) {
            place = i;
            break;
        }
    }
    if (place == limit)
        return;
    struct waiting *w = &e->dhcp_server->waiting[place];
    w->may_displace = q->may_displace || (timer_armed(&w->timer) && w->may_displace);
    w->message = *q->message;
    w->tag = q->tag;
    timer_set(e->timers, &w->timer, due_ns > e->now_ns ? due_ns : e->now_ns + wait_ns);
}

static struct verdict discover(struct engine *e, const struct request *q)
{
    if (e->now_ns < e->lease_pool->offers_from_ns)
        return verdict_consumed(CONSUMED_DHCP); /* the client asks again */
    if (binding_is_denied(e, (struct range){0}, q->client.mac))
        return verdict_consumed(CONSUMED_DHCP);
    struct lease *lease = lease_choose(e, &q->client, wish_of(e, q->message), q->may_displace);
    if (lease == NULL)
        return exhausted(e, q);
    lease_offer(e, lease);
    if (lease_is_certain(e, lease))
        answer_lease(e, q, DHCP_OFFER, lease);
    else
        wait_for_hosts(e, q, lease);
    return verdict_consumed(CONSUMED_DHCP);
}

static struct request request_of(const struct dhcp *m, struct eth_tag tag, bool is_broadcast)
{
    return (struct request){.tag = tag,
                            .message = m,
                            .client = lease_client_of(m->chaddr, m->client_id, m->client_id_length),
                            .is_broadcast = is_broadcast};
}

void dhcp_server_due(struct engine *e, struct timer *timer)
{
    struct waiting *w = (struct waiting *)(void *)((char *)timer - offsetof(struct waiting, timer));
    const struct dhcp message = w->message;
    struct request q = request_of(&message, w->tag, true);
    q.may_displace = w->may_displace;
    discover(e, &q); /* the frame was consumed when it came */
}

/* True where the lease is of this address and, where the client names them, these ports. */
static bool is_of(const struct engine *e, const struct lease *lease, struct ipv4 address,
                  const struct dhcp_port_params *ports)
{
    const struct config_address *a = &e->config.addresses[lease->address_index];
    const struct port_set_params params = {ports->offset, ports->length};
    if (a->address.host != address.host)
        return false;
    return !ports->present || (port_set_same(params, a->lease_psid) && ports->psid == lease->psid);
}

static struct verdict confirm(struct engine *e, const struct request *q, struct lease *lease,
                              struct ipv4 address)
{
    if (lease == NULL || !is_of(e, lease, address, &q->message->ports))
        return nak(e, q);
    int error = lease_bind(e, lease, e->config.dhcp.lease_s * NS_PER_S);
    if (error == -ENOSPC)
        return exhausted(e, q);
    if (error != 0)
        return nak(e, q);
    answer_lease(e, q, DHCP_ACK, lease);
    return verdict_consumed(CONSUMED_DHCP);
}

/* RFC 2131 4.3.2: a server without a record of the client stays silent, unless the address is of another network. */
static bool is_foreign(const struct engine *e, struct ipv4 address)
{
    const struct config_dhcp *c = &e->config.dhcp;
    return ((address.host ^ c->server_id.host) & c->netmask.host) != 0;
}

static struct verdict request(struct engine *e, const struct request *q)
{
    const struct dhcp *m = q->message;
    struct lease *lease = lease_find(e, &q->client);
    if (m->has_requested && m->has_server_id) /* SELECTING; some clients give their old address, too */
        return confirm(e, q, lease, m->requested);
    if (!m->has_requested && m->ciaddr.host == 0)
        return bad(e, q->message->chaddr, "DHCPREQUEST without an address");
    if (m->has_requested) { /* INIT-REBOOT */
        if (lease == NULL && !is_foreign(e, m->requested))
            return verdict_consumed(CONSUMED_DHCP);
        return confirm(e, q, lease, m->requested);
    }
    /* RENEWING is sent to this server only; REBINDING to all, and another server may know the client. */
    if (lease == NULL && q->is_broadcast && !is_foreign(e, m->ciaddr))
        return verdict_consumed(CONSUMED_DHCP);
    return confirm(e, q, lease, m->ciaddr);
}

static struct verdict decline(struct engine *e, const struct request *q)
{
    const struct dhcp *m = q->message;
    struct lease *lease = lease_find(e, &q->client);
    if (lease == NULL || lease->state == LEASE_FREE || !is_of(e, lease, m->requested, &m->ports))
        return verdict_consumed(CONSUMED_DHCP);
    e->stats.counters[COUNTER_DHCP_DECLINES]++;
    lease_decline(e, lease);
    if (host_may_emit(host_of(e->hosts, m->chaddr), EVENT_DECLINED, e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_DECLINED,
                                     .side = SIDE_DOWNSTREAM,
                                     .range = lease_range(e, lease),
                                     .mac = m->chaddr});
    return verdict_consumed(CONSUMED_DHCP);
}

static struct verdict release(struct engine *e, const struct request *q)
{
    const struct dhcp *m = q->message;
    struct lease *lease = lease_find(e, &q->client);
    if (lease == NULL || lease->state != LEASE_BOUND || !is_of(e, lease, m->ciaddr, &m->ports))
        return verdict_consumed(CONSUMED_DHCP);
    e->stats.counters[COUNTER_DHCP_RELEASES]++;
    lease_end(e, lease, EVENT_RELEASED);
    return verdict_consumed(CONSUMED_DHCP);
}

/* RFC 2131 4.3.5: parameters alone. */
static struct verdict inform(struct engine *e, const struct request *q)
{
    if (q->message->ciaddr.host == 0)
        return bad(e, q->message->chaddr, "DHCPINFORM without ciaddr");
    struct dhcp_answer a = parameters(e, DHCP_ACK);
    a.ciaddr = q->message->ciaddr;
    e->stats.counters[COUNTER_DHCP_ACKS]++;
    answer(e, q, &a);
    return verdict_consumed(CONSUMED_DHCP);
}

static struct verdict serve(struct engine *e, const struct request *q)
{
    switch (q->message->kind) {
    case DHCP_DISCOVER:
        return discover(e, q);
    case DHCP_REQUEST:
        return request(e, q);
    case DHCP_DECLINE:
        return decline(e, q);
    case DHCP_RELEASE:
        return release(e, q);
    case DHCP_INFORM:
        return inform(e, q);
    case DHCP_OFFER:
    case DHCP_ACK:
    case DHCP_NAK:
        break;
    }
    return bad(e, q->message->chaddr, "DHCP message type of a server, sent by a client");
}

/* Messages for this server. */

/* The client took another server's offer: the set offered here is free again. */
static void chose_another(struct engine *e, const struct lease_client *client)
{
    struct lease *lease = lease_find(e, client);
    if (lease != NULL && lease->state == LEASE_OFFERED)
        lease_end(e, lease, EVENT_RELEASED);
}

/* To this server or to all, not via a relay, and not a copy that a switch flooded. */
static bool is_for_server(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *ip,
                          const struct l4_ports *ports, const struct dhcp *m)
{
    return rx->from == SIDE_DOWNSTREAM && m->op == DHCP_OP_REQUEST && ports->source == DHCP_PORT_CLIENT &&
           ports->destination == DHCP_PORT_SERVER && m->giaddr.host == 0 && !m->has_relay &&
           (ip->destination.host == limited_broadcast.host ||
            ip->destination.host == e->config.dhcp.server_id.host) &&
           !bridge_is_same_side(e, rx);
}

/* True where the client asks for ports, or gives back a set of the pool. */
static bool is_ours(struct engine *e, const struct dhcp *m, const struct lease_client *client)
{
    if (m->wants_ports || (m->kind != DHCP_RELEASE && m->kind != DHCP_DECLINE))
        return m->wants_ports;
    const struct lease *lease = lease_find(e, client);
    return lease != NULL && lease->state != LEASE_FREE;
}

static bool is_newcomer(const struct host *host, uint64_t now_ns)
{
    if (host->dhcp_tries == 0 || now_ns >= host->dhcp_heard_ns + SILENT_NS)
        return true;
    return host->dhcp_tries < NEWCOMER_TRIES && now_ns >= host->dhcp_heard_ns + TRY_GAP_NS;
}

/* The host spoke, as a newcomer or not. */
static void note_heard(struct host *host, bool as_newcomer, uint64_t now_ns)
{
    if (!as_newcomer)
        host->dhcp_tries = NEWCOMER_TRIES;
    else if (now_ns >= host->dhcp_heard_ns + SILENT_NS)
        host->dhcp_tries = 1;
    else
        host->dhcp_tries++;
    host->dhcp_heard_ns = now_ns;
}

/* It found no set, and asks again as clients do. */
static bool is_refused_again(const struct host *host, uint64_t now_ns)
{
    return host->dhcp_refused_ns != 0 && now_ns >= host->dhcp_refused_ns + TRY_GAP_NS &&
           now_ns < host->dhcp_refused_ns + SILENT_NS;
}

static enum budget budget_of(struct engine *e, const struct host *host, const struct dhcp *m)
{
    if (account_has_binding(e, host->mac))
        return OF_OWNERS;
    if (m->kind == DHCP_REQUEST && lease_host_count(e, host->mac) > 0)
        return OF_TAKERS;
    return is_newcomer(host, e->now_ns) ? OF_NEWCOMERS : OF_OTHERS;
}

/* Half of the burst of owners is for those that have a turn left. */
static struct rate_limit limit_of(const struct dhcp_server *server, enum budget budget, struct host *host,
                                  uint64_t now_ns)
{
    const struct rate_limit turns = {OWNER_TURN_NS, (OWNER_TURNS_AT_ONCE - 1) * OWNER_TURN_NS};
    struct rate_limit limit = budget == OF_OTHERS ? server->others_limit : server->limit;
    if (budget == OF_OWNERS && !rate_take(&host->dhcp_turns, turns, now_ns))
        limit.tolerance_ns /= 2;
    return limit;
}

/* Takes the message from the budgets of its host and of all hosts like it. */
static bool is_within_budget(struct engine *e, struct mac source, struct request *q)
{
    struct dhcp_server *server = e->dhcp_server;
    struct host *host = host_of(e->hosts, source);
    const enum budget budget = budget_of(e, host, q->message);
    const bool is_taken =
        rate_take(&host->dhcp, server->host_limit, e->now_ns) &&
        rate_take(&server->messages[budget], limit_of(server, budget, host, e->now_ns), e->now_ns);
    q->may_displace = budget != OF_OTHERS && is_refused_again(host, e->now_ns);
    if (budget == OF_OTHERS || budget == OF_NEWCOMERS)
        note_heard(host, budget == OF_NEWCOMERS, e->now_ns);
    return is_taken;
}

bool dhcp_serve(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *ip,
                const struct l4_ports *ports, const struct dhcp *m, struct verdict *verdict)
{
    if (e->lease_pool->count == 0 || !is_for_server(e, rx, ip, ports, m))
        return false;
    struct request q = request_of(m, rx->tag, ip->destination.host == limited_broadcast.host);
    if (!is_ours(e, m, &q.client))
        return false;
    if (m->has_server_id && m->server_id.host != e->config.dhcp.server_id.host) {
        if (mac_equal(rx->eth.source, m->chaddr))
            chose_another(e, &q.client);
        return false;
    }
    if (!is_within_budget(e, rx->eth.source, &q))
        *verdict = verdict_dropped(DROP_DHCP_LIMIT);
    else if (!mac_equal(rx->eth.source, m->chaddr) || !bridge_host_can_own(e, m->chaddr))
        *verdict = bad(e, rx->eth.source, "DHCP message with the MAC of another host");
    else
        *verdict = serve(e, &q);
    return true;
}
