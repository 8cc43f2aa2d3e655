/* live.c: the bridge on two interfaces: rings, timers, links, signals and the control socket around one
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
#include "months.h"
#include "sockets.h"
#include "state.h"
#include "upstream.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define HOUSEKEEPING_NS NS_PER_S
#define LARGE_BYTES     16384

struct live;

/* One side of the bridge: its port and the interface that it is bound to. */
struct live_side {
    struct live *live;
    enum side side;
    struct frame_port *port;
    struct loop_source *readable;
    unsigned ifindex; /* 0: not there */
    bool refused;     /* it is there, but could not be bound to: tried again */
};

struct live {
    const char *file;
    struct config *config; /* as it runs */
    struct engine *engine;
    struct engine_out out;
    struct sockets sockets;
    struct live_side sides[SIDES];
    struct loop *loop;
    struct control *control;
    struct frame_builder *builder;
    struct event_log events;
    struct state *state; /* NULL: none is kept */
    struct months *months;
    struct ipfix *ipfix;
    uint64_t tick_ns;            /* when `tick` is set to fire; ENGINE_NEVER: it is not */
    const struct frame *current; /* of a ring, its bytes stay until the flush */
    struct loop_source *tick, *housekeeping, *links, *terminated, *interrupted, *reloaded;
    uint8_t made[FRAME_BUILD_MAX_BYTES];
};

/* Ways out of the engine. */

static void flush_side(struct live *live, enum side side)
{
    uint64_t failed = frame_port_flush(live->sides[side].port);
    if (failed > 0)
        engine_send_failed(live->engine, side, failed);
}

static void flush(struct live *live)
{
    for (unsigned side = 0; side < SIDES; side++)
        flush_side(live, (enum side)side);
}

/* Frames of a ring stay where they are until the flush; all others are copied. */
static bool queue(struct live *live, enum side to, const struct frame *frame)
{
    struct frame_port *port = live->sides[to].port;
    if (live->current != NULL && frame->bytes == live->current->bytes)
        return frame_port_queue(port, frame);
    return frame_port_queue_copy(port, frame);
}

static void send_frame(void *context, enum side to, const struct frame *frame)
{
    struct live *live = context;
    if (queue(live, to, frame))
        return;
    flush_side(live, to);
    if (!queue(live, to, frame))
        engine_send_failed(live->engine, to, 1);
}

static void make_frame(void *context, enum side to, const struct made *made)
{
    struct live *live = context;
    int length = frame_build(live->builder, made, live->made, sizeof(live->made));
    if (length < 0) {
        engine_send_failed(live->engine, to, 1);
        return;
    }
    struct frame frame = {.bytes = live->made, .length = (size_t)length, .wire_length = (size_t)length};
    send_frame(context, to, &frame);
}

static void take_event(void *context, const struct event *event)
{
    struct live *live = context;
    event_log_write(&live->events, event);
    if (live->control != NULL)
        control_event(live->control, event);
}

static void take_flow(void *context, const struct flow_record *record)
{
    const struct live *live = context;
    ipfix_record(live->ipfix, record);
}

/* Time. */

/* Only where it has changed: arming costs a system call, and this runs behind every batch of frames. */
static void arm_tick(struct live *live)
{
    uint64_t next_ns = engine_next(live->engine);
    if (next_ns == live->tick_ns)
        return;
    live->tick_ns = next_ns;
    if (next_ns == ENGINE_NEVER) {
        loop_timer_set(live->tick, UINT64_MAX);
        return;
    }
    uint64_t now_ns = clock_now_ns();
    loop_timer_set(live->tick, next_ns > now_ns ? next_ns - now_ns : 0);
}

/* After whatever made the engine do something. */
static void settle(void *context)
{
    struct live *live = context;
    flush(live);
    arm_tick(live);
    state_look(live->state);
}

static void tick(void *context)
{
    struct live *live = context;
    live->tick_ns = ENGINE_NEVER;
    engine_tick(live->engine, clock_now_ns(), &live->out);
    settle(live);
}

/* Frames. */

static void ring_ready(void *context)
{
    struct live_side *from = context;
    struct live *live = from->live;
    struct frame frame;
    uint64_t now_ns = clock_now_ns();
    live->current = &frame;
    for (uint32_t n = 0; n < live->config->limits.ring_budget && frame_port_next(from->port, &frame); n++)
        engine_frame(live->engine, now_ns, from->side, &frame, &live->out);
    settle(live);
    live->current = NULL;
    frame_port_release(from->port);
}

/* Links. */

static const char *interface_of(const struct live *live, enum side side)
{
    return side == SIDE_UPSTREAM ? live->config->upstream : live->config->downstream;
}

static void side_lost(struct live *live, struct live_side *side)
{
    if (side->ifindex == 0)
        return;
    side->ifindex = 0;
    log_warning("%s (%s) is gone; waiting for it", interface_of(live, side->side), side_name(side->side));
    engine_link(live->engine, clock_now_ns(), side->side, false, 0, &live->out);
}

static const char *bind_error(const struct live *live, const struct live_side *side, int error)
{
    return side->side == SIDE_UPSTREAM ? upstream_bind_error(live->config, error) : strerror(-error);
}

/* A tap made anew, or given another MAC: the router has another one. Asked for, as news may be old. */
static void router_changed(struct live *live)
{
    char text[MAC_TEXT_BYTES];
    struct link_info tap;
    if (!live->config->upstream_tap || netlink_link(live->sockets.requests, live->config->upstream, &tap) != 0)
        return;
    const int news = upstream_take_router_mac(live->config, tap.mac);
    if (news < 0)
        log_error("%s has the bridge MAC, %s: nothing passes", tap.name, mac_format(tap.mac, text));
    if (news <= 0)
        return;
    log_notice("the router's MAC is %s", mac_format(tap.mac, text));
    if (engine_reload(live->engine, clock_now_ns(), live->config, &live->out) != 0)
        log_error("out of memory: the engine goes on with the router's old MAC");
    state_reloaded(live->state);
}

static void side_changed(struct live *live, struct live_side *side, const struct link_info *link)
{
    if (side->ifindex != link->index) {
        int error = frame_port_bind(side->port, link->index);
        if (error != 0) {
            if (!side->refused)
                log_error("cannot bind to %s: %s", link->name, bind_error(live, side, error));
            side->refused = true;
            return;
        }
        side->refused = false;
        side->ifindex = link->index;
        log_info("%s is %s", link->name, side_name(side->side));
    }
    if (side->side == SIDE_UPSTREAM)
        router_changed(live);
    engine_link(live->engine, clock_now_ns(), side->side, link->up, link->mtu_bytes, &live->out);
}

static void link_event(const struct link_info *link, void *context)
{
    struct live *live = context;
    for (unsigned i = 0; i < SIDES; i++) {
        struct live_side *side = &live->sides[i];
        bool ours = strcmp(link->name, interface_of(live, side->side)) == 0;
        if (ours && !link->gone)
            side_changed(live, side, link);
        else if (side->ifindex == link->index && (link->gone || !ours))
            side_lost(live, side);
    }
}

/* Asks for both interfaces: at start, and when the kernel's news were lost. */
static void sides_look_up(struct live *live)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct live_side *side = &live->sides[i];
        struct link_info link;
        int error = netlink_link(live->sockets.requests, interface_of(live, side->side), &link);
        if (error == 0)
            side_changed(live, side, &link);
        else if (side->ifindex != 0)
            side_lost(live, side);
        else
            log_notice("waiting for %s (%s): %s", interface_of(live, side->side), side_name(side->side),
                       strerror(-error));
    }
}

/* Who makes a tap holds it for a moment: it is busy when the kernel tells of it. */
static void bind_again(struct live *live)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct live_side *side = &live->sides[i];
        struct link_info link;
        if (side->refused && netlink_link(live->sockets.requests, interface_of(live, side->side), &link) == 0) {
            side_changed(live, side, &link);
            settle(live);
        }
    }
}

static void links_ready(void *context)
{
    struct live *live = context;
    if (netlink_read_links(live->sockets.links, link_event, live) == -ENOBUFS)
        sides_look_up(live);
    settle(live);
}

/* Once a second. */

static void count_lost(struct live *live)
{
    for (unsigned side = 0; side < SIDES; side++) {
        uint64_t lost = frame_port_lost(live->sides[side].port);
        if (lost > 0)
            engine_ring_full(live->engine, (enum side)side, lost);
    }
}

/* While a save walks the accounts and their months, both stay as they are booked. */
static void book_owner(void *context, struct mac owner)
{
    struct live *live = context;
    if (!state_is_saving(live->state))
        months_book(live->months, live->engine, owner, clock_wall_us());
}

static void book_all(void *context)
{
    struct live *live = context;
    months_book_all(live->months, live->engine, clock_wall_us());
}

static void housekeeping(void *context)
{
    struct live *live = context;
    count_lost(live);
    bind_again(live);
    if (!state_is_saving(live->state))
        months_book_some(live->months, live->engine, clock_wall_us());
    ipfix_flush(live->ipfix);
    event_log_tell_skipped(&live->events, clock_now_ns());
    loop_timer_set(live->housekeeping, HOUSEKEEPING_NS);
}

/* Signals and the control socket. */

static void stop_now(void *context)
{
    const struct live *live = context;
    loop_stop(live->loop);
}

/* Frames pass while the state is saved a last time. */
static void stop(void *context)
{
    struct live *live = context;
    log_notice("stopping");
    notify_stopping();
    if (!state_finish(live->state, stop_now, live))
        stop_now(live);
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
static void tell_reloaded(const struct live *live)
{
    const struct reload_ended ended = engine_reload_ended(live->engine);
    if (ended.bindings == 0 && ended.leases == 0)
        log_notice("%s reloaded", live->file);
    else
        log_notice("%s reloaded; it ended %" PRIu32 " binding%s and %" PRIu32 " lease%s", live->file,
                   ended.bindings, ended.bindings == 1 ? "" : "s", ended.leases, ended.leases == 1 ? "" : "s");
}

static int reload_take(struct live *live, struct config *next, char *message, size_t size)
{
    if (reload_possible(live->config, next, message, size) != 0 ||
        upstream_find_macs(live->sockets.requests, next, message, size) != 0)
        return -1;
    if (engine_reload(live->engine, clock_now_ns(), next, &live->out) != 0) {
        snprintf(message, size, "out of memory");
        return -1;
    }
    tell_reloaded(live);
    if (months_resize(live->months, &next->limits) != 0)
        log_error("out of memory: the months of traffic keep their limits");
    ipfix_reload(live->ipfix, next);
    config_free(live->config);
    *live->config = *next;
    sides_look_up(live);
    state_reloaded(live->state);
    return 0;
}

static int reload(void *context, char *message, size_t size)
{
    struct live *live = context;
    struct config next = {0};
    if (daemon_config_read(live->file, &next) != 0) {
        snprintf(message, size, "%s has faults, which are in the log; nothing has changed", live->file);
    } else if (reload_take(live, &next, message, size) == 0) {
        settle(live);
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
    const struct live *live = context;
    state_report(live->state, j);
    ipfix_report(live->ipfix, engine_flows(live->engine), j);
}

static int control_start(struct live *live)
{
    struct control_target target = {
        .engine = &live->engine,
        .config = (const struct config *const *)&live->config,
        .out = &live->out,
        .now_ns = clock_now_ns,
        .reload = reload,
        .touched = settle,
        .more_stats = more_stats,
        .months = live->months,
        .book = book_owner,
        .context = live,
    };
    live->control = control_new(live->loop, live->sockets.control_fd, live->config->socket, &target);
    live->sockets.control_fd = -1;
    return live->control == NULL ? -1 : 0;
}

static int sources_start(struct live *live)
{
    struct loop *loop = live->loop;
    bool all = true;
    for (unsigned i = 0; i < SIDES; i++) {
        struct live_side *side = &live->sides[i];
        *side = (struct live_side){.live = live, .side = (enum side)i, .port = live->sockets.ports[i]};
        side->readable = loop_readable(loop, LOOP_FRAMES, frame_port_fd(side->port), ring_ready, side);
        all = all && side->readable != NULL;
    }
    live->tick = loop_timer(loop, tick, live);
    live->housekeeping = loop_timer(loop, housekeeping, live);
    live->links = loop_readable(loop, LOOP_CONTROL, netlink_fd(live->sockets.links), links_ready, live);
    live->terminated = loop_signal(loop, SIGTERM, stop, live);
    live->interrupted = loop_signal(loop, SIGINT, stop, live);
    live->reloaded = loop_signal(loop, SIGHUP, reload_asked, live);
    all = all && live->tick != NULL && live->housekeeping != NULL && live->links != NULL &&
          live->terminated != NULL && live->interrupted != NULL && live->reloaded != NULL;
    return all ? 0 : -1;
}

static int engine_begin(struct live *live)
{
    struct engine_seed seed = {0};
    random_bytes(seed.hash_key, sizeof(seed.hash_key));
    random_bytes(seed.nonce_key, sizeof(seed.nonce_key));
    random_bytes(&seed.epoch, sizeof(seed.epoch));
    live->engine = engine_new(live->config, &seed);
    live->builder = frame_builder_new();
    live->months = months_new(&live->config->limits, seed.hash_key);
    live->out = (struct engine_out){live, send_frame, make_frame, take_event, take_flow};
    live->ipfix = ipfix_new(live->config);
    bool all = live->engine != NULL && live->builder != NULL && live->months != NULL && live->ipfix != NULL;
    return all ? 0 : -1;
}

/* In a child that writes the state: nothing of this is its own. */
static void unburden(void *context)
{
    struct live *live = context;
    engine_free(live->engine);
    frame_builder_free(live->builder);
    months_free(live->months);
    ipfix_free(live->ipfix);
    for (unsigned side = 0; side < SIDES; side++)
        frame_port_close(live->sockets.ports[side]);
}

static int restore(struct live *live)
{
    struct state_target target = {
        .engine = &live->engine,
        .config = (const struct config *const *)&live->config,
        .out = &live->out,
        .months = live->months,
        .saving = book_all,
        .unburden = unburden,
        .context = live,
    };
    return state_start(live->state, live->loop, &target);
}

/* Every packet that was counted is told. */
static void flows_end(struct live *live)
{
    if (live->engine != NULL && live->ipfix != NULL) {
        engine_flows_flush(live->engine, clock_now_ns(), &live->out);
        ipfix_flush(live->ipfix);
    }
    ipfix_free(live->ipfix);
}

static void live_end(struct live *live)
{
    struct loop_source *sources[] = {live->tick,
                                     live->housekeeping,
                                     live->links,
                                     live->terminated,
                                     live->interrupted,
                                     live->reloaded,
                                     live->sides[0].readable,
                                     live->sides[1].readable};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        loop_source_free(sources[i]);
    control_free(live->control);
    state_free(live->state);
    flows_end(live);
    engine_free(live->engine);
    months_free(live->months);
    frame_builder_free(live->builder);
    sockets_close(&live->sockets);
    loop_free(live->loop);
}

static int live_begin(struct live *live)
{
    char message[256];
    if (upstream_start(live->sockets.requests, live->sockets.ports[SIDE_UPSTREAM], live->config, message,
                       sizeof(message)) != 0) {
        log_error("%s", message);
        return -1;
    }
    live->loop = loop_new();
    if (live->loop == NULL || engine_begin(live) != 0 || sources_start(live) != 0 || restore(live) != 0) {
        log_error("out of memory");
        return -1;
    }
    sides_look_up(live);
    engine_start(live->engine, clock_now_ns(), &live->out);
    loop_timer_set(live->housekeeping, HOUSEKEEPING_NS);
    settle(live);
    if (control_start(live) == 0)
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
    struct live *live = calloc(1, sizeof(*live));
    if (live == NULL) {
        log_error("out of memory");
        return 1;
    }
    live->file = file;
    live->config = config;
    live->tick_ns = ENGINE_NEVER;
    live->state = state_new(config); /* forks while there is little to be copied */
    int status = 1;
    if (sockets_open(config, &live->sockets) == 0) {
        char mac[MAC_TEXT_BYTES];
        if (live_begin(live) == 0) {
            log_notice("bridging %s (upstream) and %s (downstream) as %s", config->upstream, config->downstream,
                       mac_format(config->mac, mac));
            notify_ready();
            status = loop_run(live->loop) == 0 ? 0 : 1;
        }
        live_end(live);
    } else {
        state_free(live->state);
    }
    free(live);
    return status;
}
