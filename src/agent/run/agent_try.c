/* agent_try.c: see agent_try.h. */
#include "agent_try.h"

#include "pearpd/log.h"

#include "agent_resize.h"
#include "agent_state.h"

#include <stdlib.h>
#include <string.h>

static void expired(void *context)
{
    struct agent *agent = context;
    agent->exit_status = EXIT_FAILURE;
    loop_stop(agent->loop);
}

int agent_try_start(struct agent *agent)
{
    const struct try_run_calls calls = {expired, agent};
    const int error = try_run_start(agent->trial, agent->loop, "pearp-agent confirm", &calls);
    if (error != 0)
        log_error("cannot start: %s", strerror(-error));
    return error;
}

void agent_try_on_request(struct agent_client *client, const char *line, void *context)
{
    const struct agent *agent = context;
    if (strcmp(line, "confirm") != 0)
        agent_resize_on_request(client, line, context);
    else if (try_run_confirm(agent->trial) == 0)
        agent_control_answer(client, "confirmed");
    else
        agent_control_answer(client, "refused it was not started with --try, or that is over");
}
