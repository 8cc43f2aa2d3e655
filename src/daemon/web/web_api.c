/* web_api.c: see web_api.h. */
#include "web_api.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "/api/"

struct web_api {
    struct control_asker *asker; /* NULL: not asked yet */
    bool is_behind_status;       /* the line "ok" is not for this reader */
};

/* The three only fail where there is nothing to answer: a body is all that is passed on. */
static void api_write(void *context, const char *text, size_t length)
{
    struct web_answer *answer = context;
    struct web_api *api = answer->made_of;
    if (!api->is_behind_status) {
        const char *newline = memchr(text, '\n', length);
        api->is_behind_status = newline != NULL;
        if (newline == NULL)
            return;
        length -= (size_t)(newline + 1 - text);
        text = newline + 1;
    }
    web_write(answer, text, length);
}

static size_t api_waiting(void *context)
{
    const struct web_answer *answer = context;
    return http_answer_waiting(answer->exchange);
}

static const char *command_of(const struct web_answer *answer)
{
    return answer->route->path + strlen(PREFIX);
}

static int api_begin(struct web_answer *answer)
{
    if (*http_exchange_query(answer->exchange) != '\0')
        return 400;
    if (!control_has(command_of(answer)))
        return 404;
    answer->made_of = calloc(1, sizeof(struct web_api));
    return answer->made_of == NULL ? 503 : 0;
}

static bool api_more(struct web_answer *answer)
{
    static const struct control_sink sink = {api_write, api_waiting};
    struct web_api *api = answer->made_of;
    if (api->asker == NULL)
        api->asker = control_ask(answer->target->desk, command_of(answer), &sink, answer);
    return api->asker != NULL && control_ask_more(api->asker);
}

static void api_end(struct web_answer *answer)
{
    struct web_api *api = answer->made_of;
    if (api != NULL && api->asker != NULL)
        control_ask_end(answer->target->desk, api->asker);
    free(api);
}

#define ROUTE(name)                                                                            \
    {                                                                                          \
        .path = PREFIX name, .content_type = "application/json", .policy = WEB_POLICY_NOTHING, \
        .begin = api_begin, .more = api_more, .end = api_end                                   \
    }
const struct web_route web_route_table = ROUTE("table");
const struct web_route web_route_stats = ROUTE("stats");
const struct web_route web_route_status = ROUTE("status");
