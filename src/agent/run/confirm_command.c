/* confirm_command.c: see confirm_command.h. */
#include "confirm_command.h"

#include "pearpd/log.h"

#include "agent_control.h"
#include "host/run_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_S 5

struct asked {
    int directory;
    bool is_one; /* of which a refusal is a fault; of all agents those that are not on trial are passed over */
    unsigned confirmed, refused;
};

static void ask(const char *interface, void *context)
{
    static const char refused[] = "refused ";
    struct asked *asked = context;
    char answer[AGENT_CONTROL_LINE_BYTES];
    const int error = agent_control_ask(asked->directory, interface, "confirm", WAIT_S, answer);
    if (error == 0 && strcmp(answer, "confirmed") == 0) {
        printf("%s: confirmed\n", interface);
        asked->confirmed++;
    } else if (error == -ENOENT || error == -ECONNREFUSED) {
        if (asked->is_one)
            log_error("no agent runs on %s", interface);
    } else if (error != 0) {
        log_error("the agent on %s does not answer: %s", interface, strerror(-error));
        asked->refused++;
    } else if (asked->is_one) {
        log_error("%s: %s", interface,
                  strncmp(answer, refused, strlen(refused)) == 0 ? answer + strlen(refused) : answer);
    }
}

int confirm_command(const char *interface)
{
    struct asked asked = {.directory = run_directory(false), .is_one = interface[0] != '\0'};
    char fault[RUN_FAULT_BYTES];
    if (asked.directory < 0 && asked.directory != -ENOENT) {
        log_error("cannot open /run/pearp-agent: %s", run_directory_fault(asked.directory, fault));
        return EXIT_FAILURE;
    }
    if (asked.directory >= 0 && asked.is_one)
        ask(interface, &asked);
    else if (asked.directory >= 0)
        (void)run_list(asked.directory, "sock", ask, &asked);
    if (asked.directory >= 0)
        close(asked.directory);
    if (asked.confirmed == 0 && asked.refused == 0 && (!asked.is_one || asked.directory < 0))
        log_error("no agent is on trial");
    return asked.confirmed > 0 && asked.refused == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
