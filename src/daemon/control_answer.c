/* control_answer.c: see control_answer.h. */
#include "control_answer.h"

#include <string.h>

struct engine *asker_engine(const struct control_asker *asker)
{
    return *asker->target->engine;
}

const struct config *asker_config(const struct control_asker *asker)
{
    return *asker->target->config;
}

uint64_t asker_now_ns(const struct control_asker *asker)
{
    return asker->target->now_ns();
}

void asker_touched(const struct control_asker *asker)
{
    asker->target->touched(asker->target->context);
}

size_t asker_waiting(const struct control_asker *asker)
{
    return asker->sink != NULL ? asker->sink->waiting(asker->sink_context)
                               : control_session_waiting(asker->session);
}

void answer_write(void *context, const char *text, size_t length)
{
    const struct control_asker *asker = context;
    if (asker->sink != NULL)
        asker->sink->write(asker->sink_context, text, length);
    else
        control_session_write(asker->session, text, length);
}

void answer_say(struct control_asker *asker, const char *text)
{
    answer_write(asker, text, strlen(text));
}

static void finish(struct control_asker *asker)
{
    asker->state = ASKER_ENDS;
    if (asker->session != NULL)
        control_session_finish(asker->session);
}

struct json *answer_begin(struct control_asker *asker)
{
    answer_say(asker, "ok\n");
    asker->walk.json = json_to(answer_write, asker);
    return &asker->walk.json;
}

void answer_end(struct control_asker *asker)
{
    answer_say(asker, "\n");
    finish(asker);
}

void answer_ok(struct control_asker *asker)
{
    struct json *j = answer_begin(asker);
    json_object_begin(j);
    json_key(j, "ok");
    json_bool(j, true);
    json_object_end(j);
    answer_end(asker);
}

void answer_number(struct control_asker *asker, const char *key, uint64_t number)
{
    struct json *j = answer_begin(asker);
    json_object_begin(j);
    json_key_u64(j, key, number);
    json_object_end(j);
    answer_end(asker);
}

static void refuse(struct control_asker *asker, const char *word, const char *message)
{
    answer_say(asker, word);
    answer_say(asker, message);
    answer_say(asker, "\n");
    finish(asker);
}

void answer_error(struct control_asker *asker, const char *message)
{
    refuse(asker, "error ", message);
}

void answer_usage(struct control_asker *asker, const char *message)
{
    refuse(asker, "usage ", message);
}
