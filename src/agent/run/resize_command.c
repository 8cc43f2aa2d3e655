/* resize_command.c: see resize_command.h. */
#include "resize_command.h"

#include "pearpd/log.h"

#include "agent_control.h"
#include "host/run_files.h"
#include "pe_arp/claimant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_S (CLAIMANT_RESIZE_S + 5)

int resize_command(const char *interface, const char *range)
{
    static const char held[] = "held ", refused[] = "refused ";
    char line[AGENT_CONTROL_LINE_BYTES], answer[AGENT_CONTROL_LINE_BYTES];
    const int directory = run_directory(false);
    char fault[RUN_FAULT_BYTES];
    if (directory < 0 && directory != -ENOENT) {
        log_error("cannot open /run/pearp-agent: %s", run_directory_fault(directory, fault));
        return EXIT_FAILURE;
    }
    int error = directory;
    if (directory >= 0) {
        snprintf(line, sizeof(line), "resize %s", range);
        error = agent_control_ask(directory, interface, line, WAIT_S, answer);
        close(directory);
    }
    if (error == -ENOENT || error == -ECONNREFUSED)
        log_error("no agent holds a range on %s", interface);
    else if (error != 0)
        log_error("the agent on %s does not answer: %s", interface, strerror(-error));
    else if (strncmp(answer, held, strlen(held)) == 0)
        printf("%s is held until the agent ends; change its configuration too\n", answer + strlen(held));
    else if (strncmp(answer, refused, strlen(refused)) == 0)
        log_error("%s", answer + strlen(refused));
    else
        log_error("the agent on %s said: %s", interface, answer);
    return error == 0 && strncmp(answer, held, strlen(held)) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
