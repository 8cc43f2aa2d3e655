/* control_answer.h: one pearpctl that asks, and the forms of an answer to it.
 * In: what a command came to. Out: the status line and JSON. Called by: control and the files of its commands. */
#ifndef PEARPD_DAEMON_CONTROL_ANSWER_H
#define PEARPD_DAEMON_CONTROL_ANSWER_H

#include "pearpd/control_server.h"
#include "pearpd/json.h"

#include "control.h"
#include "control_request.h"
#include "usage_month.h"

#include <sys/queue.h>

enum asker_state { ASKER_NEW, ASKER_LISTS, ASKER_MONITORS, ASKER_RESOLVES, ASKER_WAITS, ASKER_ENDS };

/* Where a listing has got to: the row that runs uses what it needs of it. */
struct control_walk {
    struct json json;
    struct table_cursor table;
    struct service_cursor services;
    uint32_t hosts, leases, denied, accounts;
    bool hosts_are_done; /* stats: the table follows */
};

struct control_asker {
    const struct control_target *target;
    struct control_session *session; /* NULL: `sink` has the answer */
    const struct control_sink *sink;
    void *sink_context;
    struct control_request request;
    enum asker_state state;
    struct control_walk walk;
    struct loop *loop;
    struct loop_source *look, *waited; /* resolve: something happened; for long enough */
    uint64_t ticket;                   /* history-files: what it waits for */
    uint64_t asked_ns;                 /* resolve --ask; 0: nobody was asked */
    uint64_t skipped;                  /* monitor: events that it did not read in time */
    TAILQ_ENTRY(control_asker) others;
};

struct engine *asker_engine(const struct control_asker *asker);
const struct config *asker_config(const struct control_asker *asker);
uint64_t asker_now_ns(const struct control_asker *asker);
/* After a command that made the engine do something. */
void asker_touched(const struct control_asker *asker);

/* Bytes of the answer that its reader has not taken yet. */
size_t asker_waiting(const struct control_asker *asker);
/* Bytes of the answer; `context` is a struct control_asker, for json_to(). */
void answer_write(void *context, const char *text, size_t length);
void answer_say(struct control_asker *asker, const char *text);

/* "ok": the body follows, by the writer that is returned; answer_end() ends it. */
struct json *answer_begin(struct control_asker *asker);
void answer_end(struct control_asker *asker);

/* Whole answers. */
void answer_ok(struct control_asker *asker);
void answer_number(struct control_asker *asker, const char *key, uint64_t number);
void answer_error(struct control_asker *asker, const char *message); /* refused: pearpctl ends with 1 */
void answer_usage(struct control_asker *asker, const char *message); /* wrong arguments: with 2 */

#endif
