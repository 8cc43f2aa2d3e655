/* replay.c: see replay.h. The captures' times drive the engine; nothing here reads a clock or a random source.
 *
 * The inputs are merged by the time of their next record. A record whose time is before that of the one ahead of it
 * in its file gets the time of that one, so that records keep their order and the clock never goes back. */
#include "replay.h"

#include "pearpd/capture.h"
#include "pearpd/clock.h"
#include "pearpd/engine.h"
#include "pearpd/eth.h"
#include "pearpd/frame_build.h"
#include "pearpd/log.h"

#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REPEATS_FOR_NS (3600 * NS_PER_S)

struct source {
    const struct replay_input *input;
    struct capture_reader *reader;
    struct frame frame; /* the next record */
    uint64_t time_ns;
    bool has_next;
};

struct replay {
    const struct config *config;
    const struct replay_options *options;
    struct engine *engine;
    struct engine_out out;
    struct frame_builder *builder;
    struct capture_writer *writers[SIDES];
    struct source sources[REPLAY_INPUTS_MAX];
    uint64_t now_ns;
    bool started;
    bool failed; /* logged; exit 1 at the end */
    uint8_t made[FRAME_BUILD_MAX_BYTES];
};

/* Ways out. */

static void fail(struct replay *r, const char *message)
{
    log_error("%s", message);
    r->failed = true;
}

static void write_bytes(struct replay *r, enum side to, const uint8_t *bytes, size_t length)
{
    char error[CAPTURE_ERROR_BYTES];
    if (r->writers[to] == NULL || capture_write(r->writers[to], r->now_ns, bytes, length, error) == 0)
        return;
    fail(r, error);
    capture_finish(r->writers[to], error);
    r->writers[to] = NULL;
}

static void send_frame(void *context, enum side to, const struct frame *frame)
{
    write_bytes(context, to, frame->bytes, frame->length);
}

static void make_frame(void *context, enum side to, const struct tx_frame *made)
{
    struct replay *r = context;
    int length = frame_build(r->builder, made, r->made, sizeof(r->made));
    if (length < 0)
        engine_send_failed(r->engine, to, 1);
    else
        write_bytes(r, to, r->made, (size_t)length);
}

static void take_event(void *context, const struct event *event)
{
    char text[EVENT_TEXT_BYTES];
    (void)context;
    log_info("%llu.%09llu %s", (unsigned long long)(event->time_ns / NS_PER_S),
             (unsigned long long)(event->time_ns % NS_PER_S), event_format(event, text));
}

/* Nothing is sent to a collector; the counters have their number. */
static void take_flow(void *context, const struct flow_record *record)
{
    (void)context;
    (void)record;
}

/* Time. */

/* Runs the timers up to `until_ns`, each at its own time. */
static void run_until(struct replay *r, uint64_t until_ns)
{
    while (engine_next(r->engine) <= until_ns) {
        if (engine_next(r->engine) > r->now_ns)
            r->now_ns = engine_next(r->engine);
        engine_tick(r->engine, r->now_ns, &r->out);
    }
    r->now_ns = until_ns;
}

/* In a long gap what repeats does so for an hour (docs/contract.md#replay-gap). */
static void advance(struct replay *r, uint64_t to_ns)
{
    if (to_ns <= r->now_ns)
        return;
    if (to_ns - r->now_ns > REPEATS_FOR_NS) {
        run_until(r, r->now_ns + REPEATS_FOR_NS);
        engine_postpone_repeats(r->engine, to_ns);
    }
    run_until(r, to_ns);
}

/* Records. */

static void source_read(struct replay *r, struct source *source)
{
    char error[CAPTURE_ERROR_BYTES];
    uint64_t time_ns;
    int result = capture_next(source->reader, &source->frame, &time_ns, error);
    source->has_next = result == 1;
    if (result < 0)
        fail(r, error);
    else if (result == 1 && time_ns > source->time_ns)
        source->time_ns = time_ns;
}

static struct source *source_earliest(struct replay *r)
{
    struct source *earliest = NULL;
    for (size_t i = 0; i < r->options->input_count; i++) {
        struct source *source = &r->sources[i];
        if (source->has_next && (earliest == NULL || source->time_ns < earliest->time_ns))
            earliest = source;
    }
    return earliest;
}

static enum side side_of(const struct replay *r, const struct source *source)
{
    struct eth eth;
    if (!source->input->both)
        return source->input->side;
    if (eth_parse(source->frame.bytes, source->frame.length, &eth) == 0 &&
        mac_equal(eth.source, r->config->router_mac))
        return SIDE_UPSTREAM;
    return SIDE_DOWNSTREAM;
}

static void replay_records(struct replay *r)
{
    for (struct source *source; (source = source_earliest(r)) != NULL; source_read(r, source)) {
        if (!r->started) {
            r->started = true;
            r->now_ns = source->time_ns;
            engine_start(r->engine, r->now_ns, &r->out);
        }
        advance(r, source->time_ns);
        engine_frame(r->engine, r->now_ns, side_of(r, source), &source->frame, &r->out);
    }
    if (r->started && r->options->linger_ns > 0)
        advance(r, r->now_ns + r->options->linger_ns);
    engine_flows_flush(r->engine, r->now_ns, &r->out);
}

/* Files. */

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino &&
           S_ISREG(x.st_mode);
}

/* Nothing that is read may be written over. */
static bool outputs_are_apart(const struct replay_options *o)
{
    const char *outputs[] = {o->outputs[SIDE_UPSTREAM], o->outputs[SIDE_DOWNSTREAM], o->report};
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; outputs[i] != NULL && k < o->input_count; k++) {
            if (strcmp(outputs[i], "-") != 0 && same_file(outputs[i], o->inputs[k].path)) {
                log_error("%s is both read and written", outputs[i]);
                return false;
            }
        }
        for (size_t k = 0; outputs[i] != NULL && k < i; k++) {
            if (outputs[k] != NULL &&
                (strcmp(outputs[i], outputs[k]) == 0 || same_file(outputs[i], outputs[k]))) {
                log_error("%s is written twice", outputs[i]);
                return false;
            }
        }
    }
    return true;
}

static bool configuration_suits(const struct config *config, const struct replay_options *o)
{
    if (config->mac_auto) {
        log_error("mac = auto needs an interface: give mac in [bridge] for a replay");
        return false;
    }
    for (size_t i = 0; i < o->input_count; i++) {
        if (o->inputs[i].both && !config->has_router_mac) {
            log_error("-r both= needs router-mac in [bridge], to distinguish the sides");
            return false;
        }
    }
    return true;
}

static bool files_open(struct replay *r)
{
    char error[CAPTURE_ERROR_BYTES];
    for (size_t i = 0; i < r->options->input_count; i++) {
        struct source *source = &r->sources[i];
        source->input = &r->options->inputs[i];
        source->reader = capture_open(source->input->path, error);
        if (source->reader == NULL) {
            fail(r, error);
            return false;
        }
    }
    for (unsigned side = 0; side < SIDES; side++) {
        if (r->options->outputs[side] == NULL)
            continue;
        r->writers[side] = capture_create(r->options->outputs[side], error);
        if (r->writers[side] == NULL) {
            fail(r, error);
            return false;
        }
    }
    for (size_t i = 0; i < r->options->input_count; i++)
        source_read(r, &r->sources[i]);
    return true;
}

static void files_close(struct replay *r)
{
    char error[CAPTURE_ERROR_BYTES];
    for (size_t i = 0; i < r->options->input_count; i++)
        capture_close(r->sources[i].reader);
    for (unsigned side = 0; side < SIDES; side++)
        if (r->writers[side] != NULL && capture_finish(r->writers[side], error) != 0)
            fail(r, error);
}

static void write_text(void *context, const char *text, size_t length)
{
    fwrite(text, 1, length, context);
}

static void report(struct replay *r)
{
    const char *path = r->options->report;
    if (path == NULL)
        return;
    bool to_stdout = strcmp(path, "-") == 0;
    FILE *file = to_stdout ? stdout : fopen(path, "we");
    if (file != NULL) {
        struct json j = json_to(write_text, file);
        report_write(&j, r->config, r->engine, r->now_ns);
    }
    bool good = file != NULL && fflush(file) == 0 && !ferror(file);
    if (file != NULL && !to_stdout && fclose(file) != 0)
        good = false;
    if (!good) {
        log_error("%s: %s", path, strerror(errno));
        r->failed = true;
    }
}

/* The same for every run: what a replay gives must not depend on chance. */
static const struct engine_seed replay_seed = {
    .hash_key = "pearpd replays!",
    .plain_nonces = true,
};

int replay_run(const struct config *config, const struct replay_options *options)
{
    if (!configuration_suits(config, options) || !outputs_are_apart(options))
        return 1;
    struct replay *r = calloc(1, sizeof(*r));
    struct engine_seed seed = replay_seed;
    seed.any_nonce = options->any_nonce;
    if (r != NULL) {
        r->config = config;
        r->options = options;
        r->out = (struct engine_out){r, send_frame, make_frame, take_event, take_flow};
        r->engine = engine_new(config, &seed);
        r->builder = frame_builder_new();
    }
    if (r == NULL || r->engine == NULL || r->builder == NULL) {
        log_error("out of memory");
        if (r != NULL)
            r->failed = true;
    } else if (files_open(r)) {
        replay_records(r);
        report(r);
    }
    int status = r == NULL || r->failed ? 1 : 0;
    if (r != NULL) {
        files_close(r);
        status = r->failed ? 1 : 0;
        engine_free(r->engine);
        frame_builder_free(r->builder);
    }
    free(r);
    return status;
}
