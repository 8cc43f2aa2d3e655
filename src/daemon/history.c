/* history.c: see history.h. */
#include "history.h"

#include "pearpd/clock.h"
#include "pearpd/history_process.h"
#include "pearpd/log.h"

#include "event_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_BYTES       16384                 /* of a sync: beyond it the child is waited for */
#define WAITING_MOST        ((size_t)4 * 1048576) /* of changes: beyond it they are dropped, and a sync follows */
#define EVENTS_WAITING_MOST ((size_t)262144)      /* beyond it events are left out of their log */
#define ALIVE_NS            (60 * NS_PER_S)
#define CLOCK_STEP_NS       NS_PER_S /* more than the clock is slewed in a second */
#define FINISH_NS           (2 * NS_PER_S)
#define BACK_OFF_NS         NS_PER_S
#define BACK_OFF_MOST_NS    (60 * NS_PER_S)

/* What the file's numbers mean, history_origin_name(). */
_Static_assert(ORIGIN_CONFIG == 0 && ORIGIN_PE_ARP == 1 && ORIGIN_TRAFFIC == 2 && ORIGIN_DHCP == 3 &&
                   ORIGIN_CONTROL == 4,
               "the history's records have these numbers");

struct history {
    char path[STATE_PATH_BYTES];
    struct history_target target;
    struct loop *loop;
    struct history_process *process; /* NULL: there is none at present */
    bool is_gone;                    /* ... or it has died, and is to be replaced */
    uint64_t back_off_ns;
    struct loop_source *restart, *deadline;

    uint32_t operator_uid;
    uint64_t ahead_ns; /* of the wall clock, modulo 2^64 */
    uint64_t alive_ns; /* said last */

    bool is_syncing;
    struct table_cursor cursor;
    uint64_t sync_ms;
    bool is_sync_uncertain;
    uint64_t behind_since_ms; /* changes are dropped since; 0: none are */

    bool has_events; /* an event log is configured */
    uint64_t events_skipped;
    uint64_t asked, answered; /* tickets */
    struct history_figures figures;
    uint64_t dropped;
    int error; /* of the child's last answer; 0: none */

    bool is_finishing;
    void (*finished)(void *context);
    void *finished_context;
};

static struct engine *engine_of(const struct history *h)
{
    return *h->target.engine;
}

static struct history_limits limits_of(const struct config *config)
{
    return (struct history_limits){config->history.bytes, (uint64_t)config->history.days * 86400};
}

static struct history_process_options options_of(const struct config *config)
{
    return (struct history_process_options){.path = config->history.file,
                                            .limits = limits_of(config),
                                            .events = config->history.events,
                                            .event_bytes = config->history.event_bytes};
}

static bool is_open(const struct history *h)
{
    return h->process != NULL && !h->is_gone;
}

static void send_plain(struct history *h, enum history_kind kind, uint64_t time_ms, uint64_t other_ms)
{
    const struct history_record record = {
        .kind = kind, .time_ms = time_ms, .other_ms = other_ms, .by = HISTORY_NOBODY};
    if (is_open(h))
        history_process_send(h->process, &record, "");
}

/* The wall clock; that it was set is recorded before what follows. */
static uint64_t now_ms(struct history *h)
{
    const uint64_t now_ns = clock_now_ns(), wall_ns = clock_wall_us() * NS_PER_US;
    const uint64_t ahead_ns = wall_ns - now_ns, step_ns = ahead_ns - h->ahead_ns;
    if (step_ns >= CLOCK_STEP_NS && step_ns <= UINT64_MAX - CLOCK_STEP_NS) {
        send_plain(h, HISTORY_CLOCK, wall_ns / NS_PER_MS, (now_ns + h->ahead_ns) / NS_PER_MS);
        h->ahead_ns = ahead_ns;
    }
    return wall_ns / NS_PER_MS;
}

/* All that is owned. */

static void send_held(struct history *h, const struct table_entry *entry)
{
    const uint64_t age_ms = entry->age_ns / NS_PER_MS;
    struct history_record record = {
        .kind = HISTORY_HELD,
        .origin = (uint8_t)entry->origin,
        .ports = {.range = entry->range},
        .mac = entry->mac,
        .time_ms = age_ms < h->sync_ms ? h->sync_ms - age_ms : h->sync_ms,
        .by = HISTORY_NOBODY,
    };
    if (entry->has_psid) {
        record.ports = port_range_of_set(entry->range.address, entry->psid, entry->psid_id);
        record.ports.is_port_set = true;
    }
    if (h->is_sync_uncertain && record.time_ms + HISTORY_MOMENT_MS < h->sync_ms)
        record.flags = HISTORY_UNCERTAIN; /* nobody saw it begin */
    history_process_send(h->process, &record, entry->name);
}

static void sync_go_on(struct history *h)
{
    struct table_entry entry;
    while (h->is_syncing && is_open(h) && history_process_waiting(h->process) < WAITING_BYTES) {
        if (engine_bindings_next(engine_of(h), clock_now_ns(), &h->cursor, &entry)) {
            send_held(h, &entry);
            continue;
        }
        send_plain(h, HISTORY_CHECKED, h->sync_ms, 0);
        h->is_syncing = false;
    }
}

/* `known_ms`: until then all was recorded; 0: as the file says. */
static void sync_begin(struct history *h, bool is_uncertain, uint64_t known_ms)
{
    const struct history_record record = {
        .kind = HISTORY_SYNC,
        .flags = is_uncertain ? HISTORY_UNCERTAIN : 0,
        .origin = ORIGIN_CONFIG,
        .time_ms = now_ms(h),
        .other_ms = known_ms,
        .by = is_uncertain ? HISTORY_NOBODY : h->operator_uid,
    };
    h->is_syncing = true;
    h->is_sync_uncertain = is_uncertain;
    h->sync_ms = record.time_ms;
    h->cursor = (struct table_cursor){0};
    if (!is_open(h))
        return;
    history_process_send(h->process, &record, "");
    sync_go_on(h);
}

/* Changes. */

/* Timers and frames delete bindings too, but an operator's commands run behind those. */
static uint32_t operator_of(const struct history *h, const struct ownership *change)
{
    const bool is_asked_for = change->begins ? change->origin == ORIGIN_CONTROL : change->why == EVENT_DELETED;
    return is_asked_for ? h->operator_uid : HISTORY_NOBODY;
}

static void take_change(void *context, const struct ownership *change)
{
    struct history *h = context;
    const uint64_t time_ms = now_ms(h);
    const struct history_record record = {
        .kind = change->begins ? HISTORY_BEGIN : HISTORY_END,
        .flags = change->begins && time_ms * 1000 < CLOCK_SET_US ? HISTORY_UNCERTAIN : 0,
        .origin = (uint8_t)change->origin,
        .ports = *change->ports,
        .mac = change->mac,
        .time_ms = time_ms,
        .by = operator_of(h, change),
    };
    if (!is_open(h) || h->behind_since_ms != 0) {
        h->dropped++;
        return;
    }
    if (history_process_waiting(h->process) < WAITING_MOST) {
        history_process_send(h->process, &record, "");
        return;
    }
    log_warning("%s: the disk does not keep up; changes of owners are dropped", h->path);
    h->dropped++;
    h->is_syncing = false;
    h->behind_since_ms = time_ms;
}

/* The child. */

static void take_said(void *context, enum log_level level, const char *text)
{
    (void)context;
    log_write(level, "%s", text);
}

static void finish(void *context)
{
    struct history *h = context;
    if (!h->is_finishing)
        return;
    h->is_finishing = false;
    h->finished(h->finished_context);
}

static void take_answer(struct history *h, uint64_t answered)
{
    h->answered = answered;
    if (h->target.flushed != NULL)
        h->target.flushed(h->target.context, answered);
    if (h->is_finishing && h->answered == h->asked)
        finish(h);
}

static void take_flushed(void *context, bool is_asked, const struct history_figures *figures, int error)
{
    struct history *h = context;
    h->figures = *figures;
    h->error = error;
    h->back_off_ns = BACK_OFF_NS;
    if (is_asked && h->answered < h->asked)
        take_answer(h, h->answered + 1);
}

static void take_room(void *context)
{
    struct history *h = context;
    const uint64_t since_ms = h->behind_since_ms;
    if (since_ms != 0 && is_open(h)) {
        h->behind_since_ms = 0;
        send_plain(h, HISTORY_LOST, now_ms(h), since_ms);
        sync_begin(h, true, since_ms);
    }
    sync_go_on(h);
}

static void take_gone(void *context)
{
    struct history *h = context;
    if (h->back_off_ns == BACK_OFF_NS)
        log_error("%s: the child that writes it ended; changes of owners are not recorded", h->path);
    h->is_gone = true;
    h->is_syncing = false;
    h->behind_since_ms = 0;
    loop_timer_set(h->restart, h->back_off_ns);
    take_answer(h, h->asked);
}

static const struct history_process_calls process_calls = {take_said, take_flushed, take_room, take_gone};

/* A child in place of one that ended, or could not be forked. */
static void restart(void *context)
{
    struct history *h = context;
    const struct history_process_options options = options_of(*h->target.config);
    h->back_off_ns = 2 * h->back_off_ns < BACK_OFF_MOST_NS ? 2 * h->back_off_ns : BACK_OFF_MOST_NS;
    loop_timer_set(h->restart, h->back_off_ns);
    if (h->process != NULL && !history_process_has_ended(h->process))
        return; /* it waits for its disk: another one would too */
    history_process_free(h->process);
    h->process = history_process_new(&options, h->target.unburden, h->target.context);
    if (h->process != NULL && history_process_attach(h->process, h->loop, &process_calls, h) != 0) {
        history_process_free(h->process);
        h->process = NULL;
    }
    if (h->process == NULL)
        return;
    h->is_gone = false;
    loop_timer_set(h->restart, UINT64_MAX);
    sync_begin(h, true, 0);
}

/* Life. */

struct history *history_new(const struct config *config)
{
    const struct history_process_options options = options_of(config);
    if (*config->history.file == '\0')
        return NULL;
    struct history *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    snprintf(h->path, sizeof(h->path), "%s", config->history.file);
    h->operator_uid = HISTORY_NOBODY;
    h->has_events = config->history.events[0] != '\0';
    h->back_off_ns = BACK_OFF_NS;
    h->process = history_process_new(&options, NULL, NULL);
    if (h->process == NULL)
        log_error("cannot start the child process that writes %s: %s", h->path, strerror(errno));
    return h;
}

void history_free(struct history *history)
{
    if (history == NULL)
        return;
    loop_source_free(history->restart);
    loop_source_free(history->deadline);
    history_process_free(history->process);
    free(history);
}

int history_start(struct history *history, struct loop *loop, const struct history_target *target)
{
    struct history *h = history;
    if (h == NULL)
        return 0;
    h->target = *target;
    h->loop = loop;
    h->restart = loop_timer(loop, restart, h);
    h->deadline = loop_timer(loop, finish, h);
    if (h->restart == NULL || h->deadline == NULL ||
        (h->process != NULL && history_process_attach(h->process, loop, &process_calls, h) != 0))
        return -ENOMEM;
    h->ahead_ns = clock_wall_us() * NS_PER_US - clock_now_ns();
    h->alive_ns = clock_now_ns();
    engine_ownership_set(engine_of(h), take_change, h);
    if (h->process == NULL)
        loop_timer_set(h->restart, h->back_off_ns);
    sync_begin(h, true, 0);
    return 0;
}

void history_operator(struct history *history, uint32_t uid)
{
    if (history != NULL)
        history->operator_uid = uid;
}

void history_reloaded(struct history *history)
{
    struct history *h = history;
    if (h == NULL)
        return;
    const struct history_limits limits = limits_of(*h->target.config);
    send_plain(h, HISTORY_LIMITS, limits.bytes, limits.age_s);
    if (h->behind_since_ms == 0)
        sync_begin(h, h->is_syncing && h->is_sync_uncertain, 0);
}

void history_look(struct history *history)
{
    struct history *h = history;
    if (h == NULL || h->behind_since_ms != 0)
        return;
    const uint64_t time_ms = now_ms(h), now_ns = clock_now_ns();
    if (now_ns - h->alive_ns < ALIVE_NS)
        return;
    h->alive_ns = now_ns;
    if (!h->is_syncing)
        send_plain(h, HISTORY_ALIVE, time_ms, 0);
}

struct line {
    char text[HISTORY_EVENT_BYTES];
    size_t length;
};

static void take_bytes(void *context, const char *text, size_t length)
{
    struct line *line = context;
    if (length > sizeof(line->text) - line->length)
        length = sizeof(line->text) - line->length;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void send_line(struct history *h, struct line *line)
{
    take_bytes(line, "\n", 1);
    history_process_event(h->process, line->text, line->length);
}

/* How many are missing before this one. */
static void send_skipped(struct history *h)
{
    struct line line = {.length = 0};
    struct json j = json_to(take_bytes, &line);
    json_object_begin(&j);
    json_key_string(&j, "event", "skipped");
    json_key_u64(&j, "count", h->events_skipped);
    json_object_end(&j);
    send_line(h, &line);
    h->events_skipped = 0;
}

void history_event(struct history *history, const struct event *event)
{
    struct history *h = history;
    struct line line = {.length = 0};
    struct json j = json_to(take_bytes, &line);
    if (h == NULL || !h->has_events || h->loop == NULL)
        return;
    if (!is_open(h) || history_process_waiting(h->process) > EVENTS_WAITING_MOST) {
        h->events_skipped++;
        return;
    }
    if (h->events_skipped > 0)
        send_skipped(h);
    event_json(&j, event, clock_now_ns());
    send_line(h, &line);
}

uint64_t history_flush(struct history *history)
{
    if (history == NULL || !is_open(history))
        return 0;
    send_plain(history, HISTORY_FLUSH, 0, 0);
    return ++history->asked;
}

bool history_finish(struct history *history, void (*finished)(void *context), void *context)
{
    struct history *h = history;
    if (h == NULL || !is_open(h) || h->is_finishing)
        return false;
    engine_ownership_set(engine_of(h), NULL, NULL);
    send_plain(h, HISTORY_STOP, now_ms(h), 0);
    (void)history_flush(h);
    h->is_finishing = true;
    h->finished = finished;
    h->finished_context = context;
    loop_timer_set(h->deadline, FINISH_NS);
    return true;
}

void history_report(const struct history *history, struct json *j)
{
    const struct history *h = history;
    if (h == NULL)
        return;
    json_key(j, "history");
    json_object_begin(j);
    json_key_string(j, "file", h->path);
    json_key_u64(j, "bytes", h->figures.bytes);
    json_key_u64(j, "files", h->figures.files);
    json_key_u64(j, "held", h->figures.held);
    json_key_u64(j, "records", h->figures.records);
    json_key_u64(j, "lost", h->figures.lost + h->dropped);
    json_key(j, "last_error");
    if (h->is_gone || h->process == NULL)
        json_string(j, "the child that writes it ended");
    else if (h->error != 0)
        json_string(j, strerror(h->error));
    else
        json_null(j);
    json_object_end(j);
}
