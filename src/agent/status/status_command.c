/* status_command.c: see status_command.h. */
#include "status_command.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"
#include "pearpd/netlink_host.h"

#include "host/run_files.h"
#include "status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_agent(const char *interface, void *context)
{
    struct status *status = context;
    struct agent_info *agent = NULL;
    if (status->count == STATUS_INTERFACES_MAX ||
        agent_info_read(status->directory, interface, status->namespace_cookie, status->now_s, &agent) != 0)
        status->failed = true;
    else if (agent != NULL)
        status->agents[status->count++] = agent;
}

static void add_waiting(const char *interface, void *context)
{
    struct status *status = context;
    if (status->waiting_count < STATUS_INTERFACES_MAX &&
        agent_info_is_waiting(status->directory, interface, status->namespace_cookie))
        snprintf(status->waiting[status->waiting_count++], UNDO_INTERFACE_BYTES, "%s", interface);
}

static void take_socket(const struct host_socket *socket, void *context)
{
    struct status *status = context;
    for (size_t i = 0; i < status->count; i++)
        usage_take(&status->agents[i]->usage, socket);
}

static void collect(struct status *status)
{
    const int error = status->count > 0 ? netlink_sockets(take_socket, status) : 0;
    if (error != 0) {
        log_error("cannot list the sockets: %s", strerror(-error));
        status->failed = true;
    }
    for (size_t i = 0; i < status->count; i++) {
        struct usage *usage = &status->agents[i]->usage;
        usage_merge(usage);
        usage_name(usage);
        status->failed = status->failed || usage->failed;
    }
}

int status_command(bool json)
{
    char fault[RUN_FAULT_BYTES];
    struct status status = {.directory = run_directory(false),
                            .namespace_cookie = run_namespace_cookie(),
                            .now_s = clock_now_ns() / NS_PER_S};
    if (status.directory >= 0) {
        if (run_list(status.directory, "undo", add_agent, &status) != 0 ||
            run_list(status.directory, "state", add_waiting, &status) != 0)
            status.failed = true;
        close(status.directory);
    } else if (status.directory != -ENOENT) {
        log_error("cannot open /run/pearp-agent: %s", run_directory_fault(status.directory, fault));
        status.failed = true;
    }
    collect(&status);
    if (json)
        status_print_json(&status);
    else
        status_print_text(&status);
    for (size_t i = 0; i < status.count; i++)
        agent_info_free(status.agents[i]);
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        status.failed = true;
    return status.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
