/* web_answer.c: see web_answer.h. */
#include "web_answer.h"

struct engine *web_engine(const struct web_answer *answer)
{
    return *answer->target->control->engine;
}

const struct config *web_config(const struct web_answer *answer)
{
    return *answer->target->control->config;
}

uint64_t web_now_ns(const struct web_answer *answer)
{
    return answer->target->control->now_ns();
}

void web_write(void *context, const char *text, size_t length)
{
    const struct web_answer *answer = context;
    http_answer_write(answer->exchange, text, length);
}
