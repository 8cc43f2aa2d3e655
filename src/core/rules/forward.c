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
    struct verdict verdict = deliver(e, from, frame, b->owner, b);
    if (verdict.fate == FATE_SENT && b->state == BINDING_STALE && b->origin != ORIGIN_TRAFFIC)
        binding_probe(e, b);
    return verdict;
}

/* The owner of `port` of a shared address decides: delivered, held, to default-host or dropped. */
static struct verdict to_port(struct engine *e, enum side from, struct frame *frame, uint32_t address_index,
                              uint16_t port, uint8_t protocol)
{
    struct binding *b = binding_find(e->bindings, address_index, port);
    if (b != NULL)
        return to_owner(e, from, frame, b);
    if (!may_be_asked_for(&e->config.addresses[address_index], port))
        return to_default_host(e, from, frame, address_index, DROP_NO_OWNER);
    if (question_is_negative(e, address_index, port))
        return to_default_host(e, from, frame, address_index, DROP_UNRESOLVED);
    struct question *q = question_find(e, address_index, port, mac_zero);
    if (q == NULL)
        q = question_broadcast(e, address_index, port, protocol);
    if (q == NULL)
        return verdict_dropped(DROP_HOLD_FULL);
    return question_hold(e, q, from, frame);
}

/* A host known otherwise than by its port: the frame is counted for a binding only where that is its own. */
static struct verdict to_host(struct engine *e, struct passage *p, uint32_t address_index,
                              const struct route *route)
{
    struct binding *b = route->port == 0 ? NULL : binding_find(e->bindings, address_index, route->port);
    if (b != NULL && !mac_equal(b->owner, route->host))
        b = NULL;
    if (b != NULL)
        return to_owner(e, p->from, p->frame, b);
    return deliver(e, p->from, p->frame, route->host, NULL);
}

static struct verdict to_shared(struct engine *e, struct passage *p, const struct shared_packet *s)
{
    uint32_t address_index = (uint32_t)s->destination;
    switch (s->route.kind) {
    case ROUTE_PORT:
        return to_port(e, p->from, p->frame, address_index, s->route.port, s->route.protocol);
    case ROUTE_HOST:
        return to_host(e, p, address_index, &s->route);
    case ROUTE_DEFAULT_HOST:
        return to_default_host(e, p->from, p->frame, address_index, s->route.reason);
    case ROUTE_ECHO:
        return echo_answer(e, p, &s->ip);
    case ROUTE_DROP:
        break;
    }
    return verdict_dropped(s->route.reason);
}

/* Hairpin: only what was meant for the bridge or for all; the rest are a switch's flooded copies. */
static bool is_flooded_copy(const struct engine *e, const struct passage *p)
{
    return p->from == SIDE_DOWNSTREAM && !mac_equal(p->eth.destination, e->config.mac) &&
           !mac_is_group(p->eth.destination);
}

static struct verdict from_shared(struct engine *e, struct passage *p)
{
    if (destination_lives_here(e, p))
        return verdict_dropped(DROP_SAME_PORT);
    if (!e->config.source_mac_host)
        eth_set_source(p->frame->bytes, e->config.mac);
    return emit(e, SIDE_UPSTREAM, p->frame);
}

struct verdict packet_pass(struct engine *e, struct passage *p, const struct shared_packet *s)
{
    struct verdict verdict;
    if (s->by_host && !police(e, p, (uint32_t)s->source, &s->right, &verdict))
        return verdict;
    if (s->destination < 0)
        return s->by_host ? from_shared(e, p) : bridge(e, p);
    if (is_flooded_copy(e, p))
        return verdict_dropped(DROP_SAME_PORT);
    return to_shared(e, p, s);
}
