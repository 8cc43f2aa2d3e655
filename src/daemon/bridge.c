/* bridge.c: the bridge on two interfaces: rings, timers, links, signals and the control socket around one
 * engine. In: frames, events of the system. Out: frames. Called by: daemon.
 * Never: decides about a frame: that is the engine's part. */
#include "bridge.h"

#include "pearpd/clock.h"
#include "pearpd/conf.h"
#include "pearpd/engine.h"
#include "pearpd/hash.h"
#include "pearpd/log.h"
#include "pearpd/loop.h"
#include "pearpd/notify.h"
#include "pearpd/sandbox.h"

#include "accel.h"
#include "bridge_figures.h"
#include "bridge_links.h"
#include "config_load.h"
#include "control.h"
#include "event_log.h"
#include "frame_sender.h"
#include "history.h"
#include "ipfix.h"
#include "port_watch.h"
#include "sockets.h"
#include "state.h"
#include "upstream.h"
#include "usage_month.h"
#include "web/web.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define HOUSEKEEPING_NS NS_PER_S
#define LARGE_BYTES     16384

/* One port, and the ring or tap that its frames come from. */
struct bridge_side {
    struct bridge *bridge;
    enum side side;
    struct frame_port *port;
    struct loop_source *readable;
};

struct bridge {
    const char *file;
    struct config *config; /* as it runs */
    struct engine *engine;
    struct engine_out out;
    struct sockets sockets;
    struct bridge_side sides[SIDES];
    struct loop *loop;
    struct control_target control_target;
    struct control *control;
    struct web *web;
    struct frame_sender *sender;
    struct bridge_links *links;
    struct accel *accel;
    struct port_watch *port_watch;
    struct event_log events;
    uint64_t event_counts[EVENT_KIND_COUNT];
    struct loop_lag lag;
    uint64_t housekeeping_ns; /* when it is due */
    uint64_t start_wall_us;
    struct state *state;     /* NULL: none is kept */
    struct history *history; /* the same */
    unsigned finishing;      /* what a stop waits for */
    struct usage_months *months;
    struct ipfix *ipfix;
    struct try_run *trial; /* NULL: it is none */
    uint64_t tick_ns;      /* when `tick` is set to fire; ENGINE_NEVER: it is not */
    bool is_leaving;       /* another daemon follows at once: cards and fast path stay for it */
    struct loop_source *tick, *housekeeping, *terminated, *interrupted, *reloaded, *restarted;
};

/* Ways out of the engine; frames leave through frame_sender. */

static void send_frame(void *context, enum side to, const struct frame *frame)
{
    const struct bridge *bridge = context;
    frame_sender_send(bridge->sender, to, frame);
}

static void make_frame(void *context, enum side to, const struct tx_frame *made)
{
    const struct bridge *bridge = context;
    frame_sender_make(bridge->sender, to, made);
}

/* The engine knows sides; people know interfaces. */
static void take_event(void *context, const struct event *event)
{
    struct bridge *bridge = context;
    struct event named = *event;
    bridge->event_counts[event->kind]++;
    if (event->kind == EVENT_PORT_UP || event->kind == EVENT_PORT_DOWN)
        named.detail = bridge_links_name(bridge->links, event->side);
    event_log_write(&bridge->events, &named);
    history_event(bridge->history, &named);
    if (bridge->control != NULL)
        control_event(bridge->control, &named);
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

static void count_lost(struct bridge *bridge)
{
    for (unsigned side = 0; side < SIDES; side++) {
        uint64_t lost = frame_port_lost(bridge->sides[side].port);
        if (lost > 0)
            engine_ring_full(bridge->engine, (enum side)side, lost);
    }
}

/* What the kernel lost is known before the engine takes anybody for silent. */
static uint64_t begin_turn(struct bridge *bridge)
{
    const uint64_t now_ns = clock_now_ns();
    if (engine_next(bridge->engine) <= now_ns)
        count_lost(bridge);
    return now_ns;
}

/* What follows whatever made the engine do something. */
static void end_turn(void *context)
{
    struct bridge *bridge = context;
    frame_sender_flush(bridge->sender);
    accel_activate_pending(bridge->accel);
    arm_tick(bridge);
    state_look(bridge->state);
}

static void tick(void *context)
{
    struct bridge *bridge = context;
    bridge->tick_ns = ENGINE_NEVER;
    engine_tick(bridge->engine, begin_turn(bridge), &bridge->out);
    end_turn(bridge);
}

/* Frames. */

/* Takes frames until `budget` is used up or none is there: what came while others were sent needs no other wake. */
static void ring_ready(void *context)
{
    struct bridge_side *from = context;
    struct bridge *bridge = from->bridge;
    uint32_t budget = bridge->config->limits.ring_budget;
    struct frame frame;
    do {
        const uint64_t now_ns = begin_turn(bridge);
        frame_sender_lend(bridge->sender, &frame);
        for (; budget > 0 && frame_port_next(from->port, &frame); budget--)
            engine_frame(bridge->engine, now_ns, from->side, &frame, &bridge->out);
        end_turn(bridge);
        frame_sender_lend(bridge->sender, NULL);
        frame_port_release(from->port);
    } while (budget > 0 && frame_port_waits(from->port));
}

/* The configuration that runs has another router-mac or bridge MAC. */
static void mac_changed(void *context)
{
    struct bridge *bridge = context;
    accel_pause(bridge->accel);
    if (engine_reload(bridge->engine, clock_now_ns(), bridge->config, &bridge->out) != 0)
        log_error("out of memory: the engine goes on with the old MAC");
    accel_resume(bridge->accel);
    state_reloaded(bridge->state);
    history_reloaded(bridge->history);
}

static void link_changed(void *context, enum side side, unsigned ifindex, bool up, uint32_t mtu_bytes)
{
    const struct bridge *bridge = context;
    accel_link(bridge->accel, side, ifindex, up, mtu_bytes);
}

/* Once a second. */

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
    accel_harvest(bridge->accel);
    usage_months_book_all(bridge->months, bridge->engine, clock_wall_us());
}

static void note_interfaces(struct bridge *bridge)
{
    ipfix_interfaces(bridge->ipfix, bridge_links_index(bridge->links, SIDE_UPSTREAM),
                     bridge_links_index(bridge->links, SIDE_DOWNSTREAM));
}

/* It may be set while pearpd runs, by hand or once a server of time is there. */
static void set_wall_clock(struct bridge *bridge)
{
    const uint64_t wall_us = clock_wall_us();
    engine_wall_clock(bridge->engine, clock_now_ns(), wall_us >= CLOCK_SET_US ? wall_us : 0);
}

static void set_housekeeping(struct bridge *bridge)
{
    bridge->housekeeping_ns = clock_now_ns() + HOUSEKEEPING_NS;
    loop_timer_set(bridge->housekeeping, HOUSEKEEPING_NS);
}

static void housekeeping(void *context)
{
    struct bridge *bridge = context;
    const uint64_t now_ns = clock_now_ns();
    loop_lag_note(&bridge->lag, now_ns > bridge->housekeeping_ns ? now_ns - bridge->housekeeping_ns : 0);
    notify_alive(now_ns);
    set_wall_clock(bridge);
    count_lost(bridge);
    accel_look(bridge->accel);
    state_look(bridge->state);
    history_look(bridge->history);
    bridge_links_retry(bridge->links);
    if (!state_is_saving(bridge->state))
        usage_months_book_some(bridge->months, bridge->engine, clock_wall_us());
    note_interfaces(bridge);
    ipfix_flush(bridge->ipfix);
    event_log_report_skipped(&bridge->events);
    log_report_lost();
    set_housekeeping(bridge);
}

/* Signals and the control socket. */

static void stop_now(void *context)
{
    const struct bridge *bridge = context;
    loop_stop(bridge->loop);
}

static void stop_finished(void *context)
{
    struct bridge *bridge = context;
    if (--bridge->finishing == 0)
        stop_now(bridge);
}

/* Frames pass while the state is saved a last time. */
static void stop(void *context)
{
    struct bridge *bridge = context;
    log_notice("%s", bridge->is_leaving ? "stopping for a restart" : "stopping");
    notify_stopping();
    bridge->finishing = 1;
    bridge->finishing += state_finish(bridge->state, stop_finished, bridge);
    bridge->finishing += history_finish(bridge->history, stop_finished, bridge);
    stop_finished(bridge);
}

/* SIGUSR1 */
static void stop_for_restart(void *context)
{
    struct bridge *bridge = context;
    if (bridge->is_leaving)
        return;
    bridge->is_leaving = true;
    stop(bridge);
}

/* The service manager sends it behind SIGUSR1, too: that is no reason to hurry. */
static void stop_asked(void *context)
{
    const struct bridge *bridge = context;
    if (!bridge->is_leaving)
        stop(context);
}

/* A reload allocates every table again: each large block comes from the kernel, as zeros that take no memory, and goes back
 * to it. By itself malloc(3) keeps such blocks from the second time on, and clears all of them to use them again. */
static void large_blocks_go_back(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
#endif
    /* A table is sparse: in huge pages the first entry of each 2 MiB takes all of them. */
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/* The pages between blocks that are in use; libbpf leaves megabytes of them when it has loaded the fast path. */
static void small_blocks_go_back(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

/* What a running bridge cannot change: refused with a message, and nothing is changed. */
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
    if (strcmp(now->history.file, next->history.file) != 0)
        key = "[history] file";
    if (strcmp(now->history.events, next->history.events) != 0)
        key = "[history] events";
    if (key == NULL)
        return 0;
    snprintf(message, size, "%s cannot change while pearpd runs: restart it", key);
    return -1;
}

/* Its events may exceed the budget of the log: one line has the sum. */
static void log_reloaded(const struct bridge *bridge)
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
    if (web_reload_prepare(bridge->web, next, message, size) != 0)
        return -1;
    accel_pause(bridge->accel);
    const int error = engine_reload(bridge->engine, clock_now_ns(), next, &bridge->out);
    if (error != 0) {
        accel_resume(bridge->accel);
        web_reload_drop(bridge->web);
        snprintf(message, size, "%s",
                 error == -EEXIST   ? "it gives ports to a host that is denied: pearpctl allow it first"
                 : error == -ENOSPC ? "more hosts are denied than [limits] denied-hosts allows"
                                    : "out of memory");
        return -1;
    }
    log_reloaded(bridge);
    if (usage_months_resize(bridge->months, &next->limits) != 0)
        log_error("out of memory: monthly usage keeps its old limits");
    ipfix_reload(bridge->ipfix, next);
    config_free(bridge->config);
    *bridge->config = *next;
    accel_resume(bridge->accel);
    control_reloaded(bridge->control);
    web_reload_take(bridge->web);
    bridge_links_look_up(bridge->links);
    state_reloaded(bridge->state);
    history_reloaded(bridge->history);
    small_blocks_go_back();
    return 0;
}

static int reload(void *context, char *message, size_t size)
{
    struct bridge *bridge = context;
    struct config next = {0};
    if (config_load(bridge->file, config_fault_log, &next) != 0) {
        snprintf(message, size, "%s has faults, which are in the log; nothing has changed", bridge->file);
    } else if (reload_take(bridge, &next, message, size) == 0) {
        end_turn(bridge);
        return 0;
    } else {
        config_free(&next);
    }
    log_error("not reloaded: %s", message);
    return -1;
}

/* On trial SIGHUP may be that of a terminal that is lost. */
static void reload_asked(void *context)
{
    const struct bridge *bridge = context;
    char message[256];
    if (try_run_is_open(bridge->trial)) {
        log_notice("SIGHUP is ignored until the trial is confirmed or over");
        return;
    }
    (void)reload(context, message, sizeof(message));
}

static int confirm(void *context)
{
    const struct bridge *bridge = context;
    return try_run_confirm(bridge->trial);
}

static int trial_start(struct bridge *bridge)
{
    const struct try_run_calls calls = {stop, bridge};
    return try_run_start(bridge->trial, bridge->loop, "pearpctl confirm", &calls);
}

/* Life. */

static void more_stats(void *context, struct json *j)
{
    const struct bridge *bridge = context;
    state_report(bridge->state, j);
    history_report(bridge->history, j);
    accel_report(bridge->accel, j);
    ipfix_report(bridge->ipfix, engine_flows(bridge->engine), j);
}

static void harvest(void *context)
{
    const struct bridge *bridge = context;
    accel_harvest(bridge->accel);
}

/* What a timer does first is not the operator's. */
static void set_operator(void *context, uint32_t uid)
{
    struct bridge *bridge = context;
    if (uid != HISTORY_NO_OPERATOR)
        engine_tick(bridge->engine, clock_now_ns(), &bridge->out);
    history_operator(bridge->history, uid);
}

static uint64_t flush_history(void *context)
{
    const struct bridge *bridge = context;
    return history_flush(bridge->history);
}

static void history_flushed(void *context, uint64_t answered)
{
    const struct bridge *bridge = context;
    if (bridge->control != NULL)
        control_history_flushed(bridge->control, answered);
}

static int control_start(struct bridge *bridge)
{
    bridge->control_target = (struct control_target){
        .engine = &bridge->engine,
        .config = (const struct config *const *)&bridge->config,
        .out = &bridge->out,
        .file = bridge->file,
        .now_ns = clock_now_ns,
        .reload = reload,
        .confirm = confirm,
        .harvest = harvest,
        .touched = end_turn,
        .more_stats = more_stats,
        .set_operator = set_operator,
        .flush_history = flush_history,
        .months = bridge->months,
        .book = book_owner,
        .context = bridge,
    };
    bridge->control =
        control_new(bridge->loop, bridge->sockets.control_fd, bridge->config->socket, &bridge->control_target);
    bridge->sockets.control_fd = -1;
    return bridge->control == NULL ? -1 : 0;
}

static void take_figures(void *context, struct bridge_figures *figures)
{
    const struct bridge *bridge = context;
    figures->start_wall_us = bridge->start_wall_us;
    figures->events = bridge->event_counts;
    figures->lag = &bridge->lag;
    for (unsigned side = 0; side < SIDES; side++)
        figures->links[side] = (struct link_figures){bridge_links_name(bridge->links, (enum side)side),
                                                     bridge_links_is_up(bridge->links, (enum side)side),
                                                     bridge_links_mtu_bytes(bridge->links, (enum side)side)};
    accel_figures(bridge->accel, &figures->accel);
    state_figures(bridge->state, &figures->state);
    ipfix_figures(bridge->ipfix, &figures->ipfix);
    figures->ipfix.flows = engine_flows(bridge->engine);
}

static int web_start(struct bridge *bridge)
{
    const struct web_target target = {&bridge->control_target, bridge->control, take_figures, bridge};
    bridge->web = web_new(bridge->loop, bridge->sockets.metrics_fd, &target);
    bridge->sockets.metrics_fd = -1;
    return bridge->web == NULL ? -1 : 0;
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
    bridge->terminated = loop_signal(loop, SIGTERM, stop_asked, bridge);
    bridge->interrupted = loop_signal(loop, SIGINT, stop, bridge);
    bridge->reloaded = loop_signal(loop, SIGHUP, reload_asked, bridge);
    bridge->restarted = loop_signal(loop, SIGUSR1, stop_for_restart, bridge);
    all = all && bridge->tick != NULL && bridge->housekeeping != NULL && bridge->terminated != NULL &&
          bridge->interrupted != NULL && bridge->reloaded != NULL && bridge->restarted != NULL;
    return all ? 0 : -1;
}

static int engine_begin(struct bridge *bridge)
{
    struct engine_seed seed = {0};
    random_bytes(seed.hash_key, sizeof(seed.hash_key));
    random_bytes(seed.nonce_key, sizeof(seed.nonce_key));
    random_bytes(&seed.epoch, sizeof(seed.epoch));
    seed.hello_seq = clock_wall_us();
    bridge->engine = engine_new(bridge->config, &seed);
    if (bridge->engine != NULL)
        set_wall_clock(bridge);
    bridge->sender = frame_sender_new(bridge->sockets.ports, (struct engine *const *)&bridge->engine);
    bridge->months = usage_months_new(&bridge->config->limits, seed.hash_key);
    bridge->out = (struct engine_out){bridge, send_frame, make_frame, take_event, take_flow};
    bridge->ipfix = ipfix_new(bridge->config);
    bool all =
        bridge->engine != NULL && bridge->sender != NULL && bridge->months != NULL && bridge->ipfix != NULL;
    return all ? 0 : -1;
}

/* In a child that writes the state: nothing of this is its own. */
static void unburden(void *context)
{
    struct bridge *bridge = context;
    engine_free(bridge->engine);
    frame_sender_free(bridge->sender);
    usage_months_free(bridge->months);
    ipfix_free(bridge->ipfix);
    for (unsigned side = 0; side < SIDES; side++)
        frame_port_close(bridge->sockets.ports[side]);
}

static int links_begin(struct bridge *bridge)
{
    const struct bridge_links_target target = {
        .engine = &bridge->engine,
        .config = &bridge->config,
        .out = &bridge->out,
        .sockets = &bridge->sockets,
        .mac_changed = mac_changed,
        .link = link_changed,
        .touched = end_turn,
        .context = bridge,
    };
    bridge->links = bridge_links_new(bridge->loop, &target);
    if (bridge->links == NULL)
        return -1;
    bridge->port_watch = port_watch_new(bridge->loop, bridge->sockets.ports, &bridge->engine, bridge->links);
    return bridge->port_watch == NULL ? -1 : 0;
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

static int history_begin(struct bridge *bridge)
{
    const struct history_target target = {
        .engine = &bridge->engine,
        .config = (const struct config *const *)&bridge->config,
        .flushed = history_flushed,
        .unburden = unburden,
        .context = bridge,
    };
    return history_start(bridge->history, bridge->loop, &target);
}

/* Every packet that was counted is exported. */
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
    struct loop_source *sources[] = {
        bridge->tick,     bridge->housekeeping, bridge->terminated,        bridge->interrupted,
        bridge->reloaded, bridge->restarted,    bridge->sides[0].readable, bridge->sides[1].readable};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        loop_source_free(sources[i]);
    try_run_stop(bridge->trial);
    web_free(bridge->web);
    control_free(bridge->control);
    port_watch_free(bridge->port_watch);
    bridge_links_free(bridge->links, bridge->is_leaving);
    state_free(bridge->state);
    history_free(bridge->history);
    flows_end(bridge);
    accel_free(bridge->accel, bridge->is_leaving);
    engine_free(bridge->engine);
    usage_months_free(bridge->months);
    frame_sender_free(bridge->sender);
    sockets_close(&bridge->sockets);
    loop_free(bridge->loop);
}

static int accel_begin(struct bridge *bridge)
{
    const struct accel_target target = {
        .file = bridge->file,
        .engine = &bridge->engine,
        .config = &bridge->config,
        .sockets = &bridge->sockets,
    };
    bridge->accel = accel_new(&target);
    return bridge->accel == NULL ? -1 : 0;
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
    if (bridge->loop == NULL || engine_begin(bridge) != 0 || links_begin(bridge) != 0 ||
        sources_start(bridge) != 0 || restore(bridge) != 0) {
        log_error("out of memory");
        return -1;
    }
    if (accel_begin(bridge) != 0)
        return -1;
    bridge_links_look_up(bridge->links);
    note_interfaces(bridge);
    engine_start(bridge->engine, clock_now_ns(), &bridge->out);
    accel_resume(bridge->accel);
    if (accel_is_refused(bridge->accel))
        return -1;
    set_housekeeping(bridge);
    end_turn(bridge);
    if (history_begin(bridge) != 0)
        log_error("out of memory: changes of owners are not recorded");
    if (control_start(bridge) == 0 && web_start(bridge) == 0 && trial_start(bridge) == 0)
        return 0;
    log_error("%s", bridge->control == NULL ? "the control socket cannot be served"
                    : bridge->web == NULL   ? "metrics cannot be served"
                                            : "the trial cannot begin");
    return -1;
}

static void restrict_rights(void)
{
    const int error = sandbox_enter();
    if (error != 0 && error != -ENOSYS)
        log_warning("system calls are not limited: %s", strerror(-error));
}

int bridge_run(const char *file, struct config *config, struct try_run *trial)
{
    large_blocks_go_back();
    log_never_wait();
    struct bridge *bridge = calloc(1, sizeof(*bridge));
    if (bridge == NULL) {
        log_error("out of memory");
        return 1;
    }
    bridge->file = file;
    bridge->trial = trial;
    bridge->config = config;
    bridge->tick_ns = ENGINE_NEVER;
    bridge->start_wall_us = clock_wall_us();
    bridge->state = state_new(config); /* forks while there is little to be copied */
    bridge->history = history_new(config);
    int status = 1;
    if (sockets_open(config, &bridge->sockets) == 0) {
        char mac[MAC_TEXT_BYTES];
        if (bridge_begin(bridge) == 0) {
            log_notice("started: upstream %s, downstream %s, bridge MAC %s", config->upstream,
                       config->downstream,
                       config->mac_awaited ? "not known yet" : mac_format(config->mac, mac));
            notify_ready();
            small_blocks_go_back();
            restrict_rights();
            status = loop_run(bridge->loop) == 0 && !try_run_has_expired(trial) ? 0 : 1;
        }
        bridge_end(bridge);
    } else {
        state_free(bridge->state);
        history_free(bridge->history);
    }
    free(bridge);
    return status;
}
