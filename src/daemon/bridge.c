/* bridge.c: the bridge on two interfaces: rings, timers, links, signals and the control socket around one
 * engine. In: frames, events of the system. Out: frames. Called by: options (daemon_main).
 * Never: judges a frame; that is the engine's. */
#include "pearpd/clock.h"
#include "pearpd/conf.h"
#include "pearpd/control.h"
#include "pearpd/daemon.h"
#include "pearpd/engine.h"
#include "pearpd/frame_build.h"
#include "pearpd/hash.h"
#include "pearpd/log.h"
#include "pearpd/loop.h"
#include "pearpd/notify.h"

#include "event_log.h"
#include "ipfix.h"
#include "sockets.h"
#include "state.h"
#include "upstream.h"
#include "usage_month.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define HOUSEKEEPING_NS NS_PER_S
#define LARGE_BYTES     16384

struct bridge;

/* One side of the bridge: its port and the interface that it is bound to. */
struct bridge_side {
    struct bridge *bridge;
    enum side side;
    struct frame_port *port;
    struct loop_source *readable;
    unsigned ifindex; /* 0: not there */
    bool refused;     /* it is there, but could not be bound to: tried again */
};

struct bridge {
    const char *file;
    struct config *config; /* as it runs */
    struct engine *engine;
    struct engine_out out;
    struct sockets sockets;
    struct bridge_side sides[SIDES];
    struct loop *loop;
    struct control *control;
    struct frame_builder *builder;
    struct event_log events;
    struct state *state; /* NULL: none is kept */
    struct usage_months *months;
    struct ipfix *ipfix;
    uint64_t tick_ns;            /* when `tick` is set to fire; ENGINE_NEVER: it is not */
    const struct frame *current; /* of a ring, its bytes stay until the flush */
    struct loop_source *tick, *housekeeping, *links, *terminated, *interrupted, *reloaded;
    uint8_t made[FRAME_BUILD_MAX_BYTES];
};

/* Ways out of the engine. */

static void flush_side(struct bridge *bridge, enum side side)
{
    uint64_t failed = frame_port_flush(bridge->sides[side].port);
    if (failed > 0)
        engine_send_failed(bridge->engine, side, failed);
}

static void flush(struct bridge *bridge)
{
    for (unsigned side = 0; side < SIDES; side++)
        flush_side(bridge, (enum side)side);
}

/* Frames of a ring stay where they are until the flush; all others are copied. */
static bool queue(struct bridge *bridge, enum side to, const struct frame *frame)
{
    struct frame_port *port = bridge->sides[to].port;
    if (bridge->current != NULL && frame->bytes == bridge->current->bytes)
        return frame_port_queue(port, frame);
    return frame_port_queue_copy(port, frame);
}

static void send_frame(void *context, enum side to, const struct frame *frame)
{
    struct bridge *bridge = context;
    if (queue(bridge, to, frame))
        return;
    flush_side(bridge, to);
    if (!queue(bridge, to, frame))
        engine_send_failed(bridge->engine, to, 1);
}

static void make_frame(void *context, enum side to, const struct made *made)
{
    struct bridge *bridge = context;
    int length = frame_build(bridge->builder, made, bridge->made, sizeof(bridge->made));
    if (length < 0) {
        engine_send_failed(bridge->engine, to, 1);
        return;
    }
    struct frame frame = {.bytes = bridge->made, .length = (size_t)length, .wire_length = (size_t)length};
    send_frame(context, to, &frame);
}

static void take_event(void *context, const struct event *event)
{
    struct bridge *bridge = context;
    event_log_write(&bridge->events, event);
    if (bridge->control != NULL)
        control_event(bridge->control, event);
}

static void take_flow(void *context, const struct flow_record *record)
{
    const struct bridge *bridge = context;
    ipfix_record(bridge->ipfix, record);
}

/* Time. */

/* Only where it has changed: arming costs a system call, and this runs behind every batch of frames. */
static void arm_tick(struct bridge *bridge)
{
    uint64_t next_ns = engine_next(bridge->engine);
    if (next_ns == bridge->tick_ns)
        return;
    bridge->tick_ns = next_ns;
    if (next_ns == ENGINE_NEVER) {
        loop_timer_set(bridge->tick, UINT64_MAX);
        return;
    }
    uint64_t now_ns = clock_now_ns();
    loop_timer_set(bridge->tick, next_ns > now_ns ? next_ns - now_ns : 0);
}

/* After whatever made the engine do something. */
static void settle(void *context)
{
    struct bridge *bridge = context;
    flush(bridge);
    arm_tick(bridge);
    state_look(bridge->state);
}

static void tick(void *context)
{
    struct bridge *bridge = context;
    bridge->tick_ns = ENGINE_NEVER;
    engine_tick(bridge->engine, clock_now_ns(), &bridge->out);
    settle(bridge);
}

/* Frames. */

static void ring_ready(void *context)
{
    struct bridge_side *from = context;
    struct bridge *bridge = from->bridge;
    struct frame frame;
    uint64_t now_ns = clock_now_ns();
    bridge->current = &frame;
    for (uint32_t n = 0; n < bridge->config->limits.ring_budget && frame_port_next(from->port, &frame); n++)
        engine_frame(bridge->engine, now_ns, from->side, &frame, &bridge->out);
    settle(bridge);
    bridge->current = NULL;
    frame_port_release(from->port);
}

/* Links. */

static const char *interface_of(const struct bridge *bridge, enum side side)
{
    return side == SIDE_UPSTREAM ? bridge->config->upstream : bridge->config->downstream;
}

static void side_lost(struct bridge *bridge, struct bridge_side *side)
{
    if (side->ifindex == 0)
        return;
    side->ifindex = 0;
    log_warning("%s (%s) is gone; waiting for it", interface_of(bridge, side->side), side_name(side->side));
    engine_link(bridge->engine, clock_now_ns(), side->side, false, 0, &bridge->out);
}

static const char *bind_error(const struct bridge *bridge, const struct bridge_side *side, int error)
{
    return side->side == SIDE_UPSTREAM ? upstream_bind_error(bridge->config, error) : strerror(-error);
}

/* A tap made anew, or given another MAC: the router has another one. Asked for, as news may be old. */
static void router_changed(struct bridge *bridge)
{
    char text[MAC_TEXT_BYTES];
    struct link_info tap;
    if (!bridge->config->upstream_tap ||
        netlink_link(bridge->sockets.requests, bridge->config->upstream, &tap) != 0)
        return;
    const int news = upstream_take_router_mac(bridge->config, tap.mac);
    if (news < 0)
        log_error("%s has the bridge MAC, %s: nothing passes", tap.name, mac_format(tap.mac, text));
    if (news <= 0)
        return;
    log_notice("the router's MAC is %s", mac_format(tap.mac, text));
    if (engine_reload(bridge->engine, clock_now_ns(), bridge->config, &bridge->out) != 0)
        log_error("out of memory: the engine goes on with the router's old MAC");
    state_reloaded(bridge->state);
}

static void side_changed(struct bridge *bridge, struct bridge_side *side, const struct link_info *link)
{
    if (side->ifindex != link->index) {
        int error = frame_port_bind(side->port, link->index);
        if (error != 0) {
            if (!side->refused)
                log_error("cannot bind to %s: %s", link->name, bind_error(bridge, side, error));
            side->refused = true;
            return;
        }
        side->refused = false;
        side->ifindex = link->index;
        log_info("%s is %s", link->name, side_name(side->side));
    }
    if (side->side == SIDE_UPSTREAM)
        router_changed(bridge);
    engine_link(bridge->engine, clock_now_ns(), side->side, link->up, link->mtu_bytes, &bridge->out);
}

static void link_event(const struct link_info *link, void *context)
{
    struct bridge *bridge = context;
    for (unsigned i = 0; i < SIDES; i++) {
        struct bridge_side *side = &bridge->sides[i];
        bool ours = strcmp(link->name, interface_of(bridge, side->side)) == 0;
        if (ours && !link->gone)
            side_changed(bridge, side, link);
        else if (side->ifindex == link->index && (link->gone || !ours))
            side_lost(bridge, side);
    }
}

/* Asks for both interfaces: at start, and when the kernel's news were lost. */
static void sides_look_up(struct bridge *bridge)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct bridge_side *side = &bridge->sides[i];
        struct link_info link;
        int error = netlink_link(bridge->sockets.requests, interface_of(bridge, side->side), &link);
        if (error == 0)
            side_changed(bridge, side, &link);
        else if (side->ifindex != 0)
            side_lost(bridge, side);
        else
            log_notice("waiting for %s (%s): %s", interface_of(bridge, side->side), side_name(side->side),
                       strerror(-error));
    }
}

/* Who makes a tap holds it for a moment: it is busy when the kernel tells of it. */
static void bind_again(struct bridge *bridge)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct bridge_side *side = &bridge->sides[i];
        struct link_info link;
        if (side->refused &&
            netlink_link(bridge->sockets.requests, interface_of(bridge, side->side), &link) == 0) {
            side_changed(bridge, side, &link);
            settle(bridge);
        }
    }
}

static void links_ready(void *context)
{
    struct bridge *bridge = context;
    if (netlink_read_links(bridge->sockets.links, link_event, bridge) == -ENOBUFS)
        sides_look_up(bridge);
    settle(bridge);
}

/* Once a second. */

static void count_lost(struct bridge *bridge)
{
    for (unsigned side = 0; side < SIDES; side++) {
        uint64_t lost = frame_port_lost(bridge->sides[side].port);
        if (lost > 0)
            engine_ring_full(bridge->engine, (enum side)side, lost);
    }
}

/* While a save walks the accounts and their months, both stay as they are booked. */
static void book_owner(void *context, struct mac owner)
{
    struct bridge *bridge = context;
    if (!state_is_saving(bridge->state))
        usage_months_book(bridge->months, bridge->engine, owner, clock_wall_us());
}

static void book_all(void *context)
{
    struct bridge *bridge = context;
    usage_months_book_all(bridge->months, bridge->engine, clock_wall_us());
}

static void housekeeping(void *context)
{
    struct bridge *bridge = context;
    count_lost(bridge);
    bind_again(bridge);
    if (!state_is_saving(bridge->state))
        usage_months_book_some(bridge->months, bridge->engine, clock_wall_us());
    ipfix_flush(bridge->ipfix);
    event_log_tell_skipped(&bridge->events, clock_now_ns());
    loop_timer_set(bridge->housekeeping, HOUSEKEEPING_NS);
}

/* Signals and the control socket. */

static void stop_now(void *context)
{
    const struct bridge *bridge = context;
    loop_stop(bridge->loop);
}

/* Frames pass while the state is saved a last time. */
static void stop(void *context)
{
    struct bridge *bridge = context;
    log_notice("stopping");
    notify_stopping();
    if (!state_finish(bridge->state, stop_now, bridge))
        stop_now(bridge);
}

/* What a running bridge cannot change: said, and nothing is changed. */
static int reload_possible(const struct config *now, const struct config *next, char *message, size_t size)
{
    const char *key = NULL;
    if (strcmp(now->socket, next->socket) != 0)
        key = "[control] socket";
    if (now->upstream_tap != next->upstream_tap ||
        (now->upstream_tap && strcmp(now->upstream, next->upstream) != 0))
        key = "[bridge] upstream, to a tap or from one,";
    if (now->limits.ring_slots != next->limits.ring_slots)
        key = "[limits] ring-slots";
    if (strcmp(now->state_file, next->state_file) != 0)
        key = "[state] file";
    if (key == NULL)
        return 0;
    snprintf(message, size, "%s cannot change while pearpd runs: restart it", key);
    return -1;
}

/* Its events may be more than the log takes: the sum stands in one line. */
static void tell_reloaded(const struct bridge *bridge)
{
    const struct reload_ended ended = engine_reload_ended(bridge->engine);
    if (ended.bindings == 0 && ended.leases == 0)
        log_notice("%s reloaded", bridge->file);
    else
        log_notice("%s reloaded; it ended %" PRIu32 " binding%s and %" PRIu32 " lease%s", bridge->file,
                   ended.bindings, ended.bindings == 1 ? "" : "s", ended.leases, ended.leases == 1 ? "" : "s");
}

static int reload_take(struct bridge *bridge, struct config *next, char *message, size_t size)
{
    if (reload_possible(bridge->config, next, message, size) != 0 ||
        upstream_find_macs(bridge->sockets.requests, next, message, size) != 0)
        return -1;
    if (engine_reload(bridge->engine, clock_now_ns(), next, &bridge->out) != 0) {
        snprintf(message, size, "out of memory");
        return -1;
    }
    tell_reloaded(bridge);
    if (usage_months_resize(bridge->months, &next->limits) != 0)
        log_error("out of memory: the months of traffic keep their limits");
    ipfix_reload(bridge->ipfix, next);
    config_free(bridge->config);
    *bridge->config = *next;
    sides_look_up(bridge);
    state_reloaded(bridge->state);
    return 0;
}

static int reload(void *context, char *message, size_t size)
{
    struct bridge *bridge = context;
    struct config next = {0};
    if (daemon_config_read(bridge->file, &next) != 0) {
        snprintf(message, size, "%s has faults, which are in the log; nothing has changed", bridge->file);
    } else if (reload_take(bridge, &next, message, size) == 0) {
        settle(bridge);
        return 0;
    } else {
        config_free(&next);
    }
    log_error("not reloaded: %s", message);
    return -1;
}

static void reload_asked(void *context)
{
    char message[256];
    (void)reload(context, message, sizeof(message));
}

/* Life. */

static void more_stats(void *context, struct json *j)
{
    const struct bridge *bridge = context;
    state_report(bridge->state, j);
    ipfix_report(bridge->ipfix, engine_flows(bridge->engine), j);
}

static int control_start(struct bridge *bridge)
{
    struct control_target target = {
        .engine = &bridge->engine,
        .config = (const struct config *const *)&bridge->config,
        .out = &bridge->out,
        .now_ns = clock_now_ns,
        .reload = reload,
        .touched = settle,
        .more_stats = more_stats,
        .months = bridge->months,
        .book = book_owner,
        .context = bridge,
    };
    bridge->control = control_new(bridge->loop, bridge->sockets.control_fd, bridge->config->socket, &target);
    bridge->sockets.control_fd = -1;
    return bridge->control == NULL ? -1 : 0;
}

static int sources_start(struct bridge *bridge)
{
    struct loop *loop = bridge->loop;
    bool all = true;
    for (unsigned i = 0; i < SIDES; i++) {
        struct bridge_side *side = &bridge->sides[i];
        *side = (struct bridge_side){.bridge = bridge, .side = (enum side)i, .port = bridge->sockets.ports[i]};
        side->readable = loop_readable(loop, LOOP_FRAMES, frame_port_fd(side->port), ring_ready, side);
        all = all && side->readable != NULL;
    }
    bridge->tick = loop_timer(loop, tick, bridge);
    bridge->housekeeping = loop_timer(loop, housekeeping, bridge);
    bridge->links = loop_readable(loop, LOOP_CONTROL, netlink_fd(bridge->sockets.links), links_ready, bridge);
    bridge->terminated = loop_signal(loop, SIGTERM, stop, bridge);
    bridge->interrupted = loop_signal(loop, SIGINT, stop, bridge);
    bridge->reloaded = loop_signal(loop, SIGHUP, reload_asked, bridge);
    all = all && bridge->tick != NULL && bridge->housekeeping != NULL && bridge->links != NULL &&
          bridge->terminated != NULL && bridge->interrupted != NULL && bridge->reloaded != NULL;
    return all ? 0 : -1;
}

static int engine_begin(struct bridge *bridge)
{
    struct engine_seed seed = {0};
    random_bytes(seed.hash_key, sizeof(seed.hash_key));
    random_bytes(seed.nonce_key, sizeof(seed.nonce_key));
    random_bytes(&seed.epoch, sizeof(seed.epoch));
    bridge->engine = engine_new(bridge->config, &seed);
    bridge->builder = frame_builder_new();
    bridge->months = usage_months_new(&bridge->config->limits, seed.hash_key);
    bridge->out = (struct engine_out){bridge, send_frame, make_frame, take_event, take_flow};
    bridge->ipfix = ipfix_new(bridge->config);
    bool all =
        bridge->engine != NULL && bridge->builder != NULL && bridge->months != NULL && bridge->ipfix != NULL;
    return all ? 0 : -1;
}

/* In a child that writes the state: nothing of this is its own. */
static void unburden(void *context)
{
    struct bridge *bridge = context;
    engine_free(bridge->engine);
    frame_builder_free(bridge->builder);
    usage_months_free(bridge->months);
    ipfix_free(bridge->ipfix);
    for (unsigned side = 0; side < SIDES; side++)
        frame_port_close(bridge->sockets.ports[side]);
}

static int restore(struct bridge *bridge)
{
    struct state_target target = {
        .engine = &bridge->engine,
        .config = (const struct config *const *)&bridge->config,
        .out = &bridge->out,
        .months = bridge->months,
        .saving = book_all,
        .unburden = unburden,
        .context = bridge,
    };
    return state_start(bridge->state, bridge->loop, &target);
}

/* Every packet that was counted is told. */
static void flows_end(struct bridge *bridge)
{
    if (bridge->engine != NULL && bridge->ipfix != NULL) {
        engine_flows_flush(bridge->engine, clock_now_ns(), &bridge->out);
        ipfix_flush(bridge->ipfix);
    }
    ipfix_free(bridge->ipfix);
}

static void bridge_end(struct bridge *bridge)
{
    struct loop_source *sources[] = {bridge->tick,
                                     bridge->housekeeping,
                                     bridge->links,
                                     bridge->terminated,
                                     bridge->interrupted,
                                     bridge->reloaded,
                                     bridge->sides[0].readable,
                                     bridge->sides[1].readable};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        loop_source_free(sources[i]);
    control_free(bridge->control);
    state_free(bridge->state);
    flows_end(bridge);
    engine_free(bridge->engine);
    usage_months_free(bridge->months);
    frame_builder_free(bridge->builder);
    sockets_close(&bridge->sockets);
    loop_free(bridge->loop);
}

static int bridge_begin(struct bridge *bridge)
{
    char message[256];
    if (upstream_start(bridge->sockets.requests, bridge->sockets.ports[SIDE_UPSTREAM], bridge->config, message,
                       sizeof(message)) != 0) {
        log_error("%s", message);
        return -1;
    }
    bridge->loop = loop_new();
    if (bridge->loop == NULL || engine_begin(bridge) != 0 || sources_start(bridge) != 0 ||
        restore(bridge) != 0) {
        log_error("out of memory");
        return -1;
    }
    sides_look_up(bridge);
    engine_start(bridge->engine, clock_now_ns(), &bridge->out);
    loop_timer_set(bridge->housekeeping, HOUSEKEEPING_NS);
    settle(bridge);
    if (control_start(bridge) == 0)
        return 0;
    log_error("the control socket cannot be served");
    return -1;
}

/* A reload takes every table anew: each large block comes from the kernel, as zeros that take no memory, and goes back
 * to it. By itself malloc(3) keeps such blocks from the second time on, and clears all of them to use them again. */
static void large_blocks_go_back(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
#endif
}

int daemon_run(const char *file, struct config *config)
{
    large_blocks_go_back();
    struct bridge *bridge = calloc(1, sizeof(*bridge));
    if (bridge == NULL) {
        log_error("out of memory");
        return 1;
    }
    bridge->file = file;
    bridge->config = config;
    bridge->tick_ns = ENGINE_NEVER;
    bridge->state = state_new(config); /* forks while there is little to be copied */
    int status = 1;
    if (sockets_open(config, &bridge->sockets) == 0) {
        char mac[MAC_TEXT_BYTES];
        if (bridge_begin(bridge) == 0) {
            log_notice("bridging %s (upstream) and %s (downstream) as %s", config->upstream, config->downstream,
                       mac_format(config->mac, mac));
            notify_ready();
            status = loop_run(bridge->loop) == 0 ? 0 : 1;
        }
        bridge_end(bridge);
    } else {
        state_free(bridge->state);
    }
    free(bridge);
    return status;
}
