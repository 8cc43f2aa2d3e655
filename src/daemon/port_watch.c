/* port_watch.c: see port_watch.h. */
#include "port_watch.h"

#include "pearpd/log.h"
#include "pearpd/time_units.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_NS (100 * NS_PER_MS)

/* What was logged about a port: each kind of trouble is logged once. */
struct said {
    bool stopped, error, received, not_sent;
};

struct port_watch {
    struct frame_port *const *ports;
    struct engine *const *engine;
    const struct bridge_links *links;
    struct said said[SIDES];
    struct loop_source *timer;
};

static bool is_first(bool *said)
{
    const bool first = !*said;
    *said = true;
    return first;
}

static void look_at_ring(struct port_watch *watch, enum side side)
{
    const int found = frame_port_watch(watch->ports[side]);
    const char *name = bridge_links_name(watch->links, side);
    struct said *said = &watch->said[side];
    if (found > 0 && is_first(&said->stopped))
        log_warning("%s (%s): a frame that the kernel could not describe had stopped the receive ring; it was "
                    "made again, as "
                    "it will be each time without another line",
                    name, side_name(side));
    if (found < 0 && is_first(&said->error))
        log_error("%s (%s): no frame comes in: the receive ring cannot be made again: %s; trying again", name,
                  side_name(side), strerror(-found));
}

static void count_unsupported(struct port_watch *watch, enum side side)
{
    const struct frame_port_unsupported now = frame_port_unsupported(watch->ports[side]);
    const char *name = bridge_links_name(watch->links, side);
    struct said *said = &watch->said[side];
    engine_unsupported_offload(*watch->engine, side, now.received, now.not_sent);
    if (now.received > 0 && is_first(&said->received))
        log_warning(
            "%s (%s): super-frames that this kernel cannot give to a packet socket are dropped "
            "(unsupported_offload); "
            "turn UDP and SCTP segmentation off where they come from: `ethtool -K IF tx-udp-segmentation off "
            "tx-sctp-segmentation off`",
            name, side_name(side));
    if (now.not_sent > 0 && is_first(&said->not_sent))
        log_warning("%s (%s): super-frames of an encapsulation that pearpd cannot cut are dropped "
                    "(unsupported_offload); "
                    "turn segmentation offload off where they come from",
                    name, side_name(side));
}

static void look(void *context)
{
    struct port_watch *watch = context;
    for (unsigned side = 0; side < SIDES; side++) {
        look_at_ring(watch, (enum side)side);
        count_unsupported(watch, (enum side)side);
    }
    loop_timer_set(watch->timer, LOOK_NS);
}

struct port_watch *port_watch_new(struct loop *loop, struct frame_port *const *ports,
                                  struct engine *const *engine, const struct bridge_links *links)
{
    struct port_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        return NULL;
    watch->ports = ports;
    watch->engine = engine;
    watch->links = links;
    watch->timer = loop_timer(loop, look, watch);
    if (watch->timer == NULL) {
        free(watch);
        return NULL;
    }
    loop_timer_set(watch->timer, LOOK_NS);
    return watch;
}

void port_watch_free(struct port_watch *watch)
{
    if (watch == NULL)
        return;
    loop_source_free(watch->timer);
    free(watch);
}
