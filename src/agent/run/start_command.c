/* start_command.c: see start_command.h. */
#include "start_command.h"

#include "pearpd/log.h"
#include "pearpd/ssh_session.h"
#include "pearpd/try_run.h"

#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void undo(void *context)
{
    const struct agent_options *options = context;
    (void)agent_undo(options->interface);
}

/* False: the session's port is another host's from then on, which is logged. */
static bool is_safe(const struct agent_options *options)
{
    struct ssh_session session;
    struct ipv4 own;
    char text[IPV4_TEXT_BYTES];
    bool shares = false;
    if (ssh_session_parse(getenv("SSH_CONNECTION"), &session) != 0 || !ssh_session_ipv4(&session, &own))
        return true;
    for (size_t i = 0; i < options->held.count; i++) {
        const struct port_range *held = &options->held.ranges[i];
        if (held->range.address.host != own.host)
            continue;
        if (port_range_has(held, session.server_port))
            return true;
        shares = true;
    }
    if (shares)
        log_error("not started: your ssh session is to %s port %u, which is not among the ports to hold, and "
                  "would be "
                  "cut off. Hold that port too, use the console or another address of this host, or --try 120 "
                  "--yes, which undoes everything unless you can still confirm it",
                  ipv4_format(own, text), session.server_port);
    return !shares;
}

int start_command(const struct agent_options *options, uint32_t seconds, bool yes)
{
    struct try_run *trial = NULL;
    struct agent_options found = *options;
    if (!yes && !is_safe(options))
        return EXIT_FAILURE;
    if (seconds != 0 && (trial = try_run_begin(seconds, undo, &found)) == NULL) {
        log_error("cannot begin the trial: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    const int status = agent_run(options, trial);
    try_run_end(trial);
    return status;
}
