/* state.c: see state.h.
 *
 * A save's life: something changed and the pause after the last one is over (or the counters' turn has come); the
 * records go to the child, as many for each turn of the loop as it has room for; the child answers. A pause lasts half of
 * [state] period, so that a change is in the file within the whole of it; four times as long as the save took where that
 * is longer; a whole period after a failure. */
#include "state.h"

#include "pearpd/clock.h"
#include "pearpd/file_writer.h"
#include "pearpd/log.h"

#include "state_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAITING_BYTES    16384 /* beyond it the child is waited for */
#define PAUSE_FACTOR     4
#define NO_ANSWER_NS     (30 * NS_PER_S)
#define FINISH_NS        (2 * NS_PER_S)
#define BACK_OFF_NS      NS_PER_S
#define BACK_OFF_MOST_NS (60 * NS_PER_S)
#define ERROR_BYTES      512

/* What the table was like. */
struct mark {
    uint64_t changes, frames;
};

struct state {
    char path[STATE_PATH_BYTES];
    struct state_target target;
    struct loop *loop;
    struct loop_source *wake, *deadline; /* of the last save */
    struct file_writer *writer;          /* NULL: there is none at present */
    bool is_gone;                        /* ... or it has died, and is to be replaced */
    uint64_t back_off_ns;
    bool is_barred;   /* what has the name `path` is not ours */
    bool is_homeless; /* its directory could not be written at the start, as the log says */

    bool is_dirty;      /* to be saved whatever the marks say */
    struct mark saved;  /* what the file has */
    struct mark saving; /* what it will have */
    bool is_saving, is_committed;
    struct state_walk walk;
    uint64_t records;           /* of the save that runs */
    uint64_t begun_ns, next_ns; /* the present or last save; the next one not before */
    uint64_t saved_ns;          /* the last one that succeeded; 0: none yet */
    uint64_t saved_records, failures;
    uint64_t restored, refused; /* at the start */
    char error[ERROR_BYTES];    /* the last save's; empty: it succeeded */

    bool is_finishing; /* the last save is asked for */
    bool is_last;      /* and runs */
    void (*finished)(void *context);
    void *finished_context;
};

static struct engine *engine_of(const struct state *s)
{
    return *s->target.engine;
}

static uint64_t period_ns(const struct state *s)
{
    return (*s->target.config)->state_period_s * NS_PER_S;
}

static struct mark mark_of(const struct state *s)
{
    const struct engine_stats *stats = engine_stats(engine_of(s));
    return (struct mark){engine_changes(engine_of(s)), stats->in[SIDE_UPSTREAM] + stats->in[SIDE_DOWNSTREAM]};
}

static void wake_at(struct state *s, uint64_t at_ns)
{
    uint64_t now_ns = clock_now_ns();
    loop_timer_set(s->wake, at_ns > now_ns ? at_ns - now_ns : 0);
}

static void times_of(struct state_times *times)
{
    clock_boot_id(times->boot_id);
    times->boottime_ns = clock_now_ns();
    times->wall_us = clock_wall_us();
}

/* Faults: logged when they are new, always counted. */

static void finish(void *context)
{
    struct state *s = context;
    if (!s->is_finishing)
        return;
    s->is_finishing = false;
    s->finished(s->finished_context);
}

static void failed(struct state *s, const char *text)
{
    s->failures++;
    if (strcmp(s->error, text) != 0 && !s->is_homeless)
        log_error("%s; the file that was saved before is kept", text);
    snprintf(s->error, sizeof(s->error), "%s", text);
    s->is_dirty = true;
    s->next_ns = clock_now_ns() + period_ns(s);
    finish(s);
}

/* Saving. */

static void go_on(struct state *s)
{
    struct state_line line;
    while (s->is_saving && !s->is_committed && file_writer_waiting(s->writer) < WAITING_BYTES) {
        bool more = state_walk_next(&s->walk, &line);
        if (!more)
            state_trailer(&line, s->records);
        else if (state_line_end(&line) == 0)
            continue;
        else
            s->records++;
        file_writer_line(s->writer, line.text, line.length);
        if (more)
            continue;
        file_writer_commit(s->writer, s->records + 2);
        s->is_committed = true;
    }
}

static void begin(struct state *s)
{
    struct state_line line;
    struct state_times times = {0};
    times_of(&times);
    if (s->target.saving != NULL)
        s->target.saving(s->target.context);
    s->is_saving = true;
    s->is_committed = s->is_dirty = false;
    s->is_last = s->is_finishing;
    s->saving = mark_of(s);
    s->records = 0;
    s->begun_ns = times.boottime_ns;
    s->walk =
        (struct state_walk){.engine = engine_of(s), .months = s->target.months, .now_ns = times.boottime_ns};
    state_header(&line, &times);
    file_writer_begin(s->writer);
    file_writer_line(s->writer, line.text, line.length);
    go_on(s);
    wake_at(s, s->begun_ns + NO_ANSWER_NS);
}

static bool can_save(const struct state *s)
{
    return s->writer != NULL && !s->is_gone && !s->is_barred;
}

/* Begins a save if one is due, or sees to it that it will be. */
static void consider(struct state *s, bool is_wanted)
{
    if (s->is_saving || !can_save(s) || !is_wanted)
        return;
    if (s->is_finishing || clock_now_ns() >= s->next_ns)
        begin(s);
    else
        wake_at(s, s->next_ns);
}

static bool has_changed(const struct state *s)
{
    return s->is_dirty || engine_changes(engine_of(s)) != s->saved.changes;
}

void state_look(struct state *state)
{
    if (state != NULL && !state->is_saving && has_changed(state))
        consider(state, true);
}

bool state_is_saving(const struct state *state)
{
    return state != NULL && state->is_saving && !state->is_committed;
}

void state_reloaded(struct state *state)
{
    if (state == NULL)
        return;
    state->is_dirty = true;
    if (state->is_saving && !state->is_committed)
        begin(state); /* the walk was of the table before */
    else
        consider(state, true);
}

static void done(void *context, int error, const char *step)
{
    struct state *s = context;
    char text[ERROR_BYTES];
    uint64_t now_ns = clock_now_ns();
    s->is_saving = false;
    if (error != 0) {
        snprintf(text, sizeof(text), "%s: cannot %s it: %s", s->path, step,
                 error == EWOULDBLOCK ? "another process writes it" : strerror(error));
        failed(s, text);
        wake_at(s, s->next_ns);
        return;
    }
    if (*s->error != '\0')
        log_notice("%s: saved again", s->path);
    *s->error = '\0';
    s->is_homeless = false;
    s->back_off_ns = BACK_OFF_NS;
    s->saved = s->saving;
    s->saved_ns = now_ns;
    s->saved_records = s->records;
    uint64_t pause_ns = PAUSE_FACTOR * (now_ns - s->begun_ns);
    s->next_ns = s->begun_ns + period_ns(s) / 2;
    if (s->next_ns < now_ns + pause_ns && now_ns > s->begun_ns)
        s->next_ns = now_ns + pause_ns;
    wake_at(s, s->next_ns);
    if (s->is_last)
        finish(s);
    else if (s->is_finishing)
        begin(s); /* that one was of a moment before */
}

static void room(void *context)
{
    go_on(context);
}

static void gone(void *context)
{
    struct state *s = context;
    char text[ERROR_BYTES];
    s->is_gone = true;
    s->is_saving = false;
    snprintf(text, sizeof(text), "%s: the child that writes it died", s->path);
    failed(s, text);
    s->next_ns = clock_now_ns() + s->back_off_ns;
    wake_at(s, s->next_ns);
}

static const struct file_writer_calls writer_calls = {done, room, gone};

/* A child in place of one that died, or could not be forked. */
static void restart(struct state *s)
{
    s->back_off_ns = 2 * s->back_off_ns < BACK_OFF_MOST_NS ? 2 * s->back_off_ns : BACK_OFF_MOST_NS;
    if (s->is_gone && !file_writer_has_ended(s->writer))
        return; /* it waits for its disk: another one would too */
    if (s->is_gone)
        file_writer_free(s->writer);
    s->is_gone = false;
    s->writer = file_writer_new(s->path, s->target.unburden, s->target.context);
    if (s->writer != NULL && file_writer_attach(s->writer, s->loop, &writer_calls, s) != 0) {
        file_writer_free(s->writer);
        s->writer = NULL;
    }
}

static void woken(void *context)
{
    struct state *s = context;
    char text[ERROR_BYTES];
    uint64_t now_ns = clock_now_ns();
    uint64_t counters_ns = (*s->target.config)->state_counters_s * NS_PER_S;
    if (s->is_saving) {
        snprintf(text, sizeof(text), "%s: the disk does not answer", s->path);
        failed(s, text);
        wake_at(s, now_ns + NO_ANSWER_NS);
        return;
    }
    if (s->writer == NULL || s->is_gone)
        restart(s);
    bool is_turn = now_ns >= s->saved_ns + counters_ns && mark_of(s).frames != s->saved.frames;
    consider(s, has_changed(s) || is_turn);
    if (s->is_saving)
        return;
    uint64_t turn_ns = s->saved_ns + counters_ns;
    if (!can_save(s) && !s->is_barred)
        wake_at(s, now_ns + s->back_off_ns);
    else if (!has_changed(s))
        wake_at(s, turn_ns > now_ns ? turn_ns : now_ns + NS_PER_S);
}

/* Life. */

struct state *state_new(const struct config *config)
{
    if (*config->state_file == '\0')
        return NULL;
    struct state *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    snprintf(s->path, sizeof(s->path), "%s", config->state_file);
    s->back_off_ns = BACK_OFF_NS;
    s->writer = file_writer_new(s->path, NULL, NULL);
    if (s->writer == NULL)
        log_error("cannot start the child process that writes %s: %s", s->path, strerror(errno));
    return s;
}

void state_free(struct state *state)
{
    if (state == NULL)
        return;
    loop_source_free(state->wake);
    loop_source_free(state->deadline);
    file_writer_free(state->writer);
    free(state);
}

/* The directory of the file: 0, or why nothing can be written there. */
static int directory_error(const char *path)
{
    char directory[STATE_PATH_BYTES];
    snprintf(directory, sizeof(directory), "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash == NULL)
        return access(".", W_OK | X_OK) == 0 ? 0 : errno;
    slash[slash == directory] = '\0';
    return access(directory, W_OK | X_OK) == 0 ? 0 : errno;
}

/* One warning, here: a save that fails because of it says nothing more. What is there may be readable still. */
static int read_file(struct state *s, const struct state_load *load, const struct state_times *times,
                     struct state_reading *reading)
{
    const int error = directory_error(s->path);
    s->is_homeless = error != 0;
    if (error != 0) {
        snprintf(s->error, sizeof(s->error), "%s: %s", s->path, strerror(error));
        log_warning("%s; bindings, leases and counters are lost at a restart", s->error);
    }
    if (error != 0 && error != EROFS)
        return 0;
    return state_file_read(s->path, load, times, reading);
}

int state_start(struct state *state, struct loop *loop, const struct state_target *target)
{
    if (state == NULL)
        return 0;
    struct state_times times = {0};
    struct state_reading *reading = calloc(1, sizeof(*reading));
    state->target = *target;
    state->loop = loop;
    state->wake = loop_timer(loop, woken, state);
    state->deadline = loop_timer(loop, finish, state);
    if (reading == NULL || state->wake == NULL || state->deadline == NULL ||
        (state->writer != NULL && file_writer_attach(state->writer, loop, &writer_calls, state) != 0)) {
        free(reading);
        return -ENOMEM;
    }
    times_of(&times);
    struct state_load load = {
        .engine = engine_of(state), .months = target->months, .out = target->out, .now_ns = times.boottime_ns};
    int error = read_file(state, &load, &times, reading);
    state->is_barred = error != 0;
    if (error != 0)
        snprintf(state->error, sizeof(state->error), "%s: %s", state->path, strerror(-error));
    state->failures += error != 0;
    state->restored = reading->restored;
    state->refused = reading->refused;
    state->is_dirty = true; /* the file is to have this boot's times */
    free(reading);
    wake_at(state, times.boottime_ns);
    return 0;
}

bool state_finish(struct state *state, void (*finished)(void *context), void *context)
{
    if (state == NULL || !can_save(state) || state->is_finishing)
        return false;
    state->is_finishing = true;
    state->finished = finished;
    state->finished_context = context;
    state->is_dirty = true;
    loop_timer_set(state->deadline, FINISH_NS);
    consider(state, true);
    return true;
}

void state_report(const struct state *state, struct json *j)
{
    if (state == NULL)
        return;
    json_key(j, "state");
    json_object_begin(j);
    json_key_string(j, "file", state->path);
    json_key_u64(j, "restored_records", state->restored);
    json_key_u64(j, "refused_records", state->refused);
    json_key_u64(j, "saved_records", state->saved_records);
    json_key(j, "last_save_age_s");
    if (state->saved_ns == 0)
        json_null(j);
    else
        json_u64(j, (clock_now_ns() - state->saved_ns) / NS_PER_S);
    json_key_u64(j, "failures", state->failures);
    json_key(j, "last_error");
    if (*state->error == '\0')
        json_null(j);
    else
        json_string(j, state->error);
    json_object_end(j);
}

void state_figures(const struct state *state, struct state_figures *figures)
{
    *figures = (struct state_figures){.is_kept = state != NULL};
    if (state == NULL)
        return;
    figures->is_faulty = *state->error != '\0';
    figures->has_saved = state->saved_ns != 0;
    figures->age_ns = figures->has_saved ? clock_now_ns() - state->saved_ns : 0;
    figures->saved_records = state->saved_records;
    figures->failures = state->failures;
}
