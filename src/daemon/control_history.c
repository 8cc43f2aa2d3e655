/* control_history.c: see control_history.h. */
#include "control_history.h"

#include "pearpd/history_files.h"
#include "pearpd/time_units.h"

#include "control_answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_NS (2 * NS_PER_S)
#define TEXT_BYTES  (HISTORY_PATH_BYTES + 128)

static void write_body(struct control_asker *asker)
{
    const struct config_history *history = &asker_config(asker)->history;
    struct json j = json_to(answer_write, asker);
    json_object_begin(&j);
    json_key_string(&j, "file", history->file);
    json_key_u64(&j, "days", history->days);
    json_key_u64(&j, "bytes", history->bytes);
    json_key(&j, "is_current");
    json_bool(&j, asker->state == ASKER_WAITS && asker->waited != NULL);
    json_object_end(&j);
    answer_say(asker, "\n");
}

void history_answer(struct control_asker *asker)
{
    int fds[HISTORY_FILES_MOST];
    char text[TEXT_BYTES];
    const char *file = asker_config(asker)->history.file;
    const int count = history_files_open(file, fds);
    const int error = count < 0 ? count : control_session_pass(asker->session, "ok\n", 3, fds, (unsigned)count);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    if (error != 0) {
        snprintf(text, sizeof(text), "%s: %s", file,
                 error == -ENOENT ? "nothing is recorded yet" : strerror(-error));
        answer_error(asker, text);
        return;
    }
    write_body(asker);
    asker->state = ASKER_ENDS;
    control_session_finish(asker->session);
}

/* The disk does not answer: what is there is better than nothing. */
static void waited_enough(void *context)
{
    struct control_asker *asker = context;
    loop_source_free(asker->waited);
    asker->waited = NULL;
    if (asker->state == ASKER_WAITS)
        history_answer(asker);
}

void history_begin(struct control_asker *asker)
{
    if (asker_config(asker)->history.file[0] == '\0') {
        answer_error(asker, "nothing is recorded: [history] file = none");
        return;
    }
    asker->state = ASKER_WAITS;
    asker->ticket =
        asker->target->flush_history == NULL ? 0 : asker->target->flush_history(asker->target->context);
    asker->waited = asker->ticket == 0 ? NULL : loop_timer(asker->loop, waited_enough, asker);
    if (asker->waited == NULL) {
        history_answer(asker);
        return;
    }
    control_session_may_wait(asker->session, true);
    loop_timer_set(asker->waited, PATIENCE_NS);
}
