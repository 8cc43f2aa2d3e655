/* forward.c: see forward.h. */
#include "forward.h"

#include "binding/binding_fit.h"
#include "binding/binding_probe.h"
#include "binding/delivery.h"
#include "binding/resolver.h"
#include "bridge_rules.h"
#include "echo.h"
#include "engine_state.h"
#include "out/frame_send.h"
#include "out/verdict.h"
#include "packet.h"
#include "route.h"
#include "rx_frame.h"
#include "source_guard.h"
#include "tables/binding.h"

/* The first frame for a stale binding asks its owner whether it is still there. */
static struct verdict to_owner(struct engine *e, enum side from, struct frame *frame, struct binding *b)
{
    struct verdict verdict = delivery_to_host(e, from, frame, b->owner, b);
    if (verdict.fate == FATE_SENT && b->state == BINDING_STALE && b->origin != ORIGIN_TRAFFIC)
        binding_probe(e, b);
    return verdict;
}

/* To the owner of `port`; without one the frame is held, goes to default-host or is dropped. */
static struct verdict to_port(struct engine *e, enum side from, struct frame *frame, uint32_t address_index,
                              uint16_t port, uint8_t protocol)
{
    struct binding *b = binding_find(e->bindings, address_index, port);
    if (b != NULL)
        return to_owner(e, from, frame, b);
    if (!binding_is_resolvable(&e->config.addresses[address_index], port))
        return delivery_to_default_host(e, from, frame, address_index, DROP_NO_OWNER);
    if (resolver_is_negative(e, address_index, port))
        return delivery_to_default_host(e, from, frame, address_index, DROP_UNRESOLVED);
    struct resolution *r = resolver_find(e, address_index, port, mac_zero);
    if (r == NULL)
        r = resolver_ask_all(e, address_index, port, protocol);
    if (r == NULL)
        return verdict_dropped(DROP_HOLD_FULL);
    return resolver_hold(e, r, from, frame);
}

/* A host that is known by other means than its port: the frame counts for the binding of the port only if that is
 * the host's. */
static struct verdict to_host(struct engine *e, struct rx_frame *rx, uint32_t address_index,
                              const struct route *route)
{
    struct binding *b = route->port == 0 ? NULL : binding_find(e->bindings, address_index, route->port);
    if (b != NULL && !mac_equal(b->owner, route->host))
        b = NULL;
    if (b != NULL)
        return to_owner(e, rx->from, rx->frame, b);
    return delivery_to_host(e, rx->from, rx->frame, route->host, NULL);
}

static struct verdict to_shared(struct engine *e, struct rx_frame *rx, const struct shared_packet *s)
{
    uint32_t address_index = (uint32_t)s->destination;
    switch (s->route.kind) {
    case ROUTE_PORT:
        return to_port(e, rx->from, rx->frame, address_index, s->route.port, s->route.protocol);
    case ROUTE_HOST:
        return to_host(e, rx, address_index, &s->route);
    case ROUTE_DEFAULT_HOST:
        return delivery_to_default_host(e, rx->from, rx->frame, address_index, s->route.reason);
    case ROUTE_ECHO:
        return echo_answer(e, rx, &s->ip);
    case ROUTE_DROP:
        break;
    }
    return verdict_dropped(s->route.reason);
}

/* Hairpin only frames that were sent to the bridge or to a group; others are copies that a switch flooded. */
static bool is_flooded_copy(const struct engine *e, const struct rx_frame *rx)
{
    return rx->from == SIDE_DOWNSTREAM && !mac_equal(rx->eth.destination, e->config.mac) &&
           !mac_is_group(rx->eth.destination);
}

static struct verdict from_shared(struct engine *e, struct rx_frame *rx)
{
    if (bridge_is_same_side(e, rx))
        return verdict_dropped(DROP_SAME_PORT);
    if (!e->config.source_mac_host)
        eth_set_source(rx->frame->bytes, e->config.mac);
    return frame_send(e, SIDE_UPSTREAM, rx->frame);
}

bool forward_stays(struct engine *e, const struct rx_frame *rx, const struct shared_packet *s)
{
    return s->destination >= 0 ? is_flooded_copy(e, rx) : s->by_host && bridge_is_same_side(e, rx);
}

struct verdict forward_later(struct engine *e, struct rx_frame *rx, const struct shared_packet *s)
{
    struct verdict verdict;
    if (s->by_host && !source_guard_check(e, rx, (uint32_t)s->source, &s->right, &verdict))
        return verdict;
    if (s->destination < 0)
        return s->by_host ? from_shared(e, rx) : bridge_forward(e, rx);
    if (is_flooded_copy(e, rx))
        return verdict_dropped(DROP_SAME_PORT);
    return to_shared(e, rx, s);
}

struct verdict forward_packet(struct engine *e, struct rx_frame *rx, const struct shared_packet *s)
{
    struct verdict verdict = forward_later(e, rx, s);
    if (verdict.fate == FATE_SENT && s->by_host && s->icmp_type == ICMP_ECHO_REQUEST)
        echo_note(e, rx, &s->ip, s->echo);
    return verdict;
}
