/* dhcp_rules.c: see dhcp_rules.h.
 *
 * A DHCPACK from upstream with ports gives them to its client, if the client asked for it (dhcp_transactions.h); a
 * later one for the same client extends the lease; none takes ports that another host has a lease of, and one that may
 * have come from anywhere takes no host's ports. A DHCPNAK that was asked for, a DHCPRELEASE or DHCPDECLINE of the owner, and the end of the lease free them. Fragments are not
 * read: a server's message fits a frame. Messages to the bridge's own server go to dhcp_server.c first. */
#include "dhcp_rules.h"

#include "pearpd/keyed_table.h"
#include "pearpd/l4.h"
#include "pearpd/port_range.h"
#include "pearpd/rate.h"
#include "pearpd/time_units.h"
#include "pearpd/timer_heap.h"

#include "binding/binding_fit.h"
#include "binding/binding_learn.h"
#include "binding/binding_state.h"
#include "binding/lease_pool.h"
#include "binding/resolver.h"
#include "bridge_rules.h"
#include "dhcp_server.h"
#include "dhcp_transactions.h"
#include "engine_state.h"
#include "out/event_emit.h"
#include "out/verdict.h"
#include "rx_frame.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/shared_address.h"

#include <errno.h>
#include <stdlib.h>

/* The last lease of a host. [limits] bindings; in a full table the one unchanged for longest is evicted, and its
 * lease then lasts until its end. */
struct lessee {
    struct mac mac; /* the key */
    uint16_t port;  /* the lease's first */
    uint32_t address_index;
};

struct dhcp_rules {
    struct keyed_table *lessees;
    struct rate events;
};

bool dhcp_rules_needed(const struct config *config)
{
    for (size_t i = 0; i < config->address_count; i++)
        if ((config->addresses[i].learn & LEARN_DHCP) || config->addresses[i].is_served)
            return true;
    return false;
}

struct dhcp_rules *dhcp_rules_new(const struct engine *e)
{
    struct dhcp_rules *rules = calloc(1, sizeof(*rules));
    if (rules == NULL)
        return NULL;
    rules->lessees =
        keyed_table_new(e->config.limits.bindings, sizeof(struct mac), sizeof(struct lessee), e->seed.hash_key);
    if (rules->lessees == NULL) {
        dhcp_rules_free(rules);
        return NULL;
    }
    return rules;
}

void dhcp_rules_free(struct dhcp_rules *rules)
{
    if (rules == NULL)
        return;
    keyed_table_free(rules->lessees);
    free(rules);
}

void dhcp_rules_carry(struct engine *e, const struct engine *old)
{
    if (e->dhcp != NULL && old->dhcp != NULL)
        e->dhcp->events = old->dhcp->events;
}

void dhcp_lessee_note(struct engine *e, const struct binding *lease)
{
    bool fresh;
    struct lessee *lessee = keyed_table_put(e->dhcp->lessees, &lease->owner, &fresh);
    lessee->address_index = lease->address_index;
    lessee->port = lease->ports.range.first;
}

/* The last lease of `mac` of another server, where it is still in force. */
static struct binding *lease_of(struct engine *e, struct mac mac)
{
    const struct lessee *lessee = keyed_table_find(e->dhcp->lessees, &mac);
    if (lessee == NULL)
        return NULL;
    struct binding *b = binding_find(e->bindings, lessee->address_index, lessee->port);
    bool is_its = b != NULL && b->origin == ORIGIN_DHCP && mac_equal(b->owner, mac);
    return is_its && !lease_is_ours(e, b) ? b : NULL;
}

static void refused(struct engine *e, enum side side, struct mac mac, const char *why)
{
    if (rate_take(&e->dhcp->events, rate_limit_of(1, 1), e->now_ns))
        event_emit_refused(e, side, mac, why);
}

/* True where a host asked for the answer, and the server that gives it is one of [dhcp] servers. */
static bool is_believed(struct engine *e, const struct dhcp *m)
{
    const struct config_dhcp *c = &e->config.dhcp;
    const char *why = NULL;
    bool is_listed = c->server_count == 0;
    for (unsigned i = 0; i < c->server_count; i++)
        is_listed = is_listed || (m->has_server_id && m->server_id.host == c->servers[i].host);
    if (!dhcp_transaction_is_open(e, m->chaddr, m->xid))
        why = "DHCPACK or DHCPNAK that no host asked for";
    else if (!is_listed)
        why = "DHCPACK or DHCPNAK of a server that is not in [dhcp] servers";
    if (why == NULL)
        return true;
    e->stats.counters[COUNTER_DHCP_REFUSED]++;
    refused(e, SIDE_UPSTREAM, m->chaddr, why);
    return false;
}

/* True where the answer can have come from anywhere, also from a host that has the router give it back: to a relay, or
 * routed. Others were sent by a machine of the upstream segment, to all hosts or to the client itself. */
static bool is_routed(const struct rx_frame *rx, const struct ipv4_packet *ip, const struct l4_ports *ports,
                      const struct dhcp *m)
{
    if (ports->destination != DHCP_PORT_CLIENT)
        return true;
    if (ip->destination.host == UINT32_MAX)
        return false;
    return ip->destination.host != m->yiaddr.host || !mac_equal(rx->eth.destination, m->chaddr);
}

static void refused_routed(struct engine *e, struct mac client, const char *why)
{
    e->stats.counters[COUNTER_DHCP_REFUSED]++;
    refused(e, SIDE_UPSTREAM, client, why);
}

/* A routed answer may teach ports that nobody has, and extend the lease of just these. It never shortens one. */
static bool may_teach_routed(struct engine *e, const struct port_range *ports, struct mac client,
                             uint64_t *left_ns)
{
    uint32_t at = 0;
    for (const struct binding *b; (b = binding_overlap_next(e, ports, &at)) != NULL;) {
        if (!mac_equal(b->owner, client)) {
            binding_refuse_claim(
                e, ports, client, b->owner,
                "was leased ports of another host by an answer that was routed, or to a relay");
            return false;
        }
        if (b->origin != ORIGIN_DHCP || !port_range_equal(&b->ports, ports)) {
            refused_routed(e, client, "DHCPACK that was routed, or to a relay, changes what its client has");
            return false;
        }
        if (!timer_armed(&b->timer))
            *left_ns = ENGINE_NEVER;
        else if (*left_ns != ENGINE_NEVER && b->timer.due_ns > e->now_ns + *left_ns)
            *left_ns = b->timer.due_ns - e->now_ns;
    }
    return true;
}

/* The answer to a DHCPINFORM has no lease in it. */
static void ack_seen(struct engine *e, const struct dhcp *m, bool routed)
{
    int index = shared_address_index(e, m->yiaddr);
    if (index < 0 || !m->ports.present || !m->has_lease || m->lease_s == 0)
        return;
    const struct config_address *a = &e->config.addresses[index];
    const struct port_set_params params = {m->ports.offset, m->ports.length};
    struct port_range ports = {0};
    if (!(a->learn & LEARN_DHCP) || !is_believed(e, m))
        return;
    if (port_set_valid(params))
        ports = binding_ports_of_set(a, params, m->ports.psid);
    if (!port_set_valid(params) || !binding_fits_lease(a, &ports) || !bridge_host_can_own(e, m->chaddr)) {
        e->stats.counters[COUNTER_DHCP_UNFIT]++;
        refused(e, SIDE_UPSTREAM, m->chaddr,
                "lease outside ports or psid, or for a MAC that is not downstream");
        return;
    }
    uint64_t left_ns = m->lease_s == DHCP_LEASE_FOREVER ? ENGINE_NEVER : m->lease_s * NS_PER_S;
    if (routed && !may_teach_routed(e, &ports, m->chaddr, &left_ns))
        return;
    if (binding_learn_lease(e, &ports, m->chaddr, left_ns) != 0)
        return;
    resolver_release(e, (uint32_t)index);
    dhcp_lessee_note(e, binding_find(e->bindings, (uint32_t)index, ports.range.first));
}

static void nak_seen(struct engine *e, const struct dhcp *m, bool routed)
{
    struct binding *lease = lease_of(e, m->chaddr);
    if (lease == NULL || !is_believed(e, m))
        return;
    if (routed)
        refused_routed(e, m->chaddr, "DHCPNAK that was routed, or to a relay");
    else
        binding_end(e, lease, EVENT_DELETED);
}

static void from_server(struct engine *e, const struct rx_frame *rx, const struct dhcp *m, bool routed)
{
    if (rx->from == SIDE_DOWNSTREAM && m->kind == DHCP_ACK) {
        e->stats.counters[COUNTER_DHCP_FORGED]++;
        refused(e, SIDE_DOWNSTREAM, rx->eth.source, "DHCPACK sent by a host");
    }
    if (rx->from == SIDE_DOWNSTREAM)
        return;
    if (m->kind == DHCP_ACK)
        ack_seen(e, m, routed);
    else if (m->kind == DHCP_NAK)
        nak_seen(e, m, routed);
}

/* RFC 2131 table 5: a DHCPRELEASE names its address in ciaddr, a DHCPDECLINE as the one requested. */
static void from_client(struct engine *e, const struct rx_frame *rx, const struct dhcp *m)
{
    struct ipv4 address = m->kind == DHCP_RELEASE ? m->ciaddr : m->requested;
    if (rx->from == SIDE_UPSTREAM || !mac_equal(rx->eth.source, m->chaddr) ||
        (m->kind != DHCP_RELEASE && m->kind != DHCP_DECLINE) || bridge_is_same_side(e, rx))
        return;
    struct binding *lease = lease_of(e, m->chaddr);
    if (lease != NULL && shared_address_index(e, address) == (int)lease->address_index)
        binding_end(e, lease, EVENT_RELEASED);
}

/* True where the packet is a UDP datagram between the ports of DHCP. */
static bool is_dhcp(const struct rx_frame *rx, const struct ipv4_packet *ip, struct l4_ports *ports)
{
    if (ip->protocol != PROTOCOL_UDP || ip->broken || ipv4_packet_is_fragment(ip) ||
        l4_parse_ports(PROTOCOL_UDP, rx->payload + ip->body, ip->body_length, ports) != 0)
        return false;
    return ports->destination == DHCP_PORT_SERVER || ports->destination == DHCP_PORT_CLIENT;
}

/* True where a message from upstream gives a client a shared address that it did not ask for. */
static bool is_unasked(struct engine *e, const struct rx_frame *rx, const struct l4_ports *ports,
                       const struct dhcp *m)
{
    return rx->from == SIDE_UPSTREAM && ports->destination == DHCP_PORT_CLIENT && m->op == DHCP_OP_REPLY &&
           shared_address_index(e, m->yiaddr) >= 0 && !dhcp_transaction_is_open(e, m->chaddr, m->xid);
}

/* Learns from a message that passes. */
static void learn_from(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *ip,
                       const struct l4_ports *ports, const struct dhcp *m, int error)
{
    if (error == -EBADMSG) {
        e->stats.counters[COUNTER_DHCP_MALFORMED]++;
        refused(e, rx->from, rx->eth.source, "malformed DHCP message");
    }
    if (error != 0)
        return;
    if (m->op == DHCP_OP_REPLY && ports->source == DHCP_PORT_SERVER)
        from_server(e, rx, m, is_routed(rx, ip, ports, m));
    else if (m->op == DHCP_OP_REQUEST)
        from_client(e, rx, m);
}

bool dhcp_rule(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *ip,
               struct verdict *verdict)
{
    struct l4_ports ports;
    struct dhcp message;
    if (!is_dhcp(rx, ip, &ports))
        return false;
    const uint8_t *body = rx->payload + ip->body + UDP_HEADER_BYTES;
    int error = dhcp_parse(body, ip->body_length - UDP_HEADER_BYTES, &message);
    if (e->dhcp != NULL && error == 0 && dhcp_serve(e, rx, ip, &ports, &message, verdict))
        return true;
    if (error != -ENOMSG && message.op == DHCP_OP_REQUEST)
        dhcp_transaction_begin(e, rx, &message);
    if (e->dhcp != NULL)
        learn_from(e, rx, ip, &ports, &message, error);
    if (error == -ENOMSG || !is_unasked(e, rx, &ports, &message))
        return false;
    *verdict = verdict_dropped(DROP_DHCP_UNASKED);
    return true;
}
