/* control.c: see control.h.
 *
 * An asker's life: one line, one answer, closed. Long answers are made piece by piece, as the client reads them; `monitor`
 * stays and loses events where it does not read ([limits] monitor-bytes); `resolve` waits for what its question comes to. */
#include "control.h"

#include "pearpd/clock.h"
#include "pearpd/control_server.h"

#include "control_answer.h"
#include "control_history.h"
#include "control_resolve.h"
#include "control_rows.h"
#include "event_json.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES     32768
#define STEPS_AT_ONCE   512
#define LINE_MOST_BYTES 65536 /* beyond it the client is closed without a word */

struct control {
    struct loop *loop;
    struct control_target target;
    struct control_server *server;
    TAILQ_HEAD(, control_asker) askers;
};

/* Listings: as far as the client has room for now, and no further than frames may wait. Where many entries are looked at
 * for little, a space brings the next turn. */
static void listing_go_on(struct control_asker *asker)
{
    const struct control_row *row = asker->request.row;
    for (unsigned n = 0; asker_waiting(asker) < PIECE_BYTES; n++) {
        if (n == STEPS_AT_ONCE) {
            answer_say(asker, " ");
            return;
        }
        if (row->next(asker))
            continue;
        if (row->close != NULL)
            row->close(asker);
        else
            json_array_end(&asker->walk.json);
        answer_end(asker);
        return;
    }
}

static void listing_begin(struct control_asker *asker)
{
    const struct control_row *row = asker->request.row;
    asker->state = ASKER_LISTS;
    if (row->open == NULL)
        json_array_begin(answer_begin(asker));
    else if (row->open(asker) != 0)
        return;
    listing_go_on(asker);
}

/* monitor. */

static void write_event(struct control_asker *asker, const struct event *event)
{
    struct json j = json_to(answer_write, asker);
    event_json(&j, event, asker_now_ns(asker));
    answer_say(asker, "\n");
}

static void write_skipped(struct control_asker *asker)
{
    struct json j = json_to(answer_write, asker);
    json_object_begin(&j);
    json_key_string(&j, "event", "skipped");
    json_key_u64(&j, "count", asker->skipped);
    json_object_end(&j);
    answer_say(asker, "\n");
    asker->skipped = 0;
}

static void monitor_event(struct control_asker *asker, const struct event *event)
{
    if (control_session_waiting(asker->session) >= asker_config(asker)->limits.monitor_bytes) {
        asker->skipped++;
        return;
    }
    if (asker->skipped > 0)
        write_skipped(asker);
    write_event(asker, event);
}

void control_event(struct control *control, const struct event *event)
{
    struct control_asker *asker;
    TAILQ_FOREACH(asker, &control->askers, others)
    {
        if (asker->state == ASKER_MONITORS)
            monitor_event(asker, event);
        else if (asker->state == ASKER_RESOLVES)
            resolve_event(asker, event);
    }
}

void control_history_flushed(struct control *control, uint64_t answered)
{
    for (struct control_asker *asker = TAILQ_FIRST(&control->askers), *next; asker != NULL; asker = next) {
        next = TAILQ_NEXT(asker, others);
        if (asker->state == ASKER_WAITS && asker->ticket <= answered)
            history_answer(asker);
    }
}

/* Askers. */

/* What it changes has the asker's name in the history. */
static void run(struct control_asker *asker)
{
    const struct control_target *target = asker->target;
    if (target->set_operator != NULL)
        target->set_operator(target->context, control_session_peer(asker->session).uid);
    asker->request.row->run(asker);
    if (target->set_operator != NULL)
        target->set_operator(target->context, UINT32_MAX);
}

static void session_request(struct control_session *session, const char *line, size_t length, void *context)
{
    struct control *control = context;
    char error[CONTROL_ERROR_BYTES];
    struct control_asker *asker = calloc(1, sizeof(*asker));
    if (asker == NULL) {
        control_session_finish(session);
        return;
    }
    asker->target = &control->target;
    asker->session = session;
    asker->loop = control->loop;
    TAILQ_INSERT_TAIL(&control->askers, asker, others);
    control_session_keep(session, asker);
    if (control_request_parse(line, length, &asker->request, error) != 0) {
        answer_usage(asker, error);
        return;
    }
    if (asker->request.row->has_counts && control->target.harvest != NULL)
        control->target.harvest(control->target.context);
    if (asker->request.row->run != NULL)
        run(asker);
    else
        listing_begin(asker);
}

static void session_drained(struct control_session *session, void *context)
{
    struct control_asker *asker = control_session_kept(session);
    (void)context;
    if (asker == NULL)
        return;
    if (asker->state == ASKER_LISTS)
        listing_go_on(asker);
    else if (asker->state == ASKER_MONITORS && asker->skipped > 0)
        write_skipped(asker);
}

static void session_ended(struct control_session *session, void *context)
{
    struct control *control = context;
    struct control_asker *asker = control_session_kept(session);
    if (asker == NULL)
        return;
    TAILQ_REMOVE(&control->askers, asker, others);
    loop_source_free(asker->look);
    loop_source_free(asker->waited);
    free(asker);
}

/* Other ways to ask. */

bool control_has(const char *command)
{
    struct control_request request;
    char error[CONTROL_ERROR_BYTES];
    return control_request_parse(command, strlen(command), &request, error) == 0;
}

struct control_asker *control_ask(struct control *control, const char *command, const struct control_sink *sink,
                                  void *context)
{
    char error[CONTROL_ERROR_BYTES];
    struct control_asker *asker = calloc(1, sizeof(*asker));
    if (asker == NULL)
        return NULL;
    *asker = (struct control_asker){
        .target = &control->target, .loop = control->loop, .sink = sink, .sink_context = context};
    TAILQ_INSERT_TAIL(&control->askers, asker, others);
    if (control_request_parse(command, strlen(command), &asker->request, error) != 0)
        answer_usage(asker, error);
    else if (asker->request.row->run != NULL)
        asker->request.row->run(asker);
    else
        listing_begin(asker);
    return asker;
}

bool control_ask_more(struct control_asker *asker)
{
    if (asker->state == ASKER_LISTS)
        listing_go_on(asker);
    return asker->state == ASKER_LISTS;
}

void control_ask_end(struct control *control, struct control_asker *asker)
{
    TAILQ_REMOVE(&control->askers, asker, others);
    free(asker);
}

/* Life. */

struct control *control_new(struct loop *loop, int fd, const char *path, const struct control_target *target)
{
    static const struct control_server_calls calls = {session_request, session_drained, session_ended};
    struct control *control = calloc(1, sizeof(*control));
    if (control == NULL)
        return NULL;
    control->loop = loop;
    control->target = *target;
    TAILQ_INIT(&control->askers);
    control->server = control_server_new(loop, fd, path, (*target->config)->limits.control_clients,
                                         LINE_MOST_BYTES, &calls, control);
    if (control->server != NULL)
        return control;
    free(control);
    return NULL;
}

void control_reloaded(struct control *control)
{
    control_server_limit(control->server, (*control->target.config)->limits.control_clients);
}

void control_free(struct control *control)
{
    if (control == NULL)
        return;
    control_server_free(control->server);
    free(control);
}
