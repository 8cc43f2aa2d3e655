/* agent_info.c: see agent_info.h. */
#include "agent_info.h"

#include "dhcp/lease_file.h"
#include "host/run_files.h"
#include "host/undo_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_TEXT_BYTES 8192

static void copy_word(char *to, size_t size, const char *word)
{
    if (strlen(word) < size)
        memcpy(to, word, strlen(word) + 1);
}

/* NAME PROTOCOL ADDRESS:PORT yes|no DNS */
static void take_service(struct agent_info *agent, const char *text)
{
    struct served served;
    char heard[4];
    if (agent->service_count == SERVICES_MAX ||
        sscanf(text, "%15s %3s %15[0-9.]:%5hu %3s %9s", served.name, served.protocol, served.address,
               &served.port, heard, served.dns) != 6)
        return;
    served.heard = strcmp(heard, "yes") == 0;
    agent->services[agent->service_count++] = served;
}

static void mark_range(const struct agent_info *agent, const char *word, bool *marks)
{
    char held[PORT_RANGE_TEXT_BYTES];
    for (size_t i = 0; i < agent->undo.held.count; i++)
        if (strcmp(port_range_format(&agent->undo.held.ranges[i], held), word) == 0)
            marks[i] = true;
}

static void take_state(struct agent_info *agent, const char *key, const char *word)
{
    if (strcmp(key, "link") == 0)
        agent->link_up = strcmp(word, "up") == 0;
    else if (strcmp(key, "bridge") == 0)
        copy_word(agent->bridge, sizeof(agent->bridge), word);
    else if (strcmp(key, "gateway") == 0)
        copy_word(agent->gateway, sizeof(agent->gateway), word);
    else if (strcmp(key, "service") == 0)
        take_service(agent, word);
    else if (strcmp(key, "heard-of") == 0)
        mark_range(agent, word, agent->heard);
    else if (strcmp(key, "displaced") == 0)
        mark_range(agent, word, agent->displaced);
}

/* False: there is none. */
static bool state_text(int directory, const char *interface, char text[static STATE_TEXT_BYTES])
{
    char name[RUN_NAME_BYTES];
    const ssize_t length = run_read(directory, run_name(interface, "state", name), text, STATE_TEXT_BYTES - 1);
    if (length >= 0)
        text[length] = '\0';
    return length >= 0;
}

static void read_state(int directory, struct agent_info *agent)
{
    char text[STATE_TEXT_BYTES], *rest = text;
    if (!state_text(directory, agent->undo.interface, text))
        return;
    agent->applied = true;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *word = line;
        const char *key = strsep(&word, " ");
        if (word != NULL)
            take_state(agent, key, word);
    }
}

int agent_info_read(int directory, const char *interface, uint64_t cookie, uint64_t now_s,
                    struct agent_info **agent)
{
    struct agent_info *t = calloc(1, sizeof(*t));
    *agent = NULL;
    int error = t == NULL ? -ENOMEM : undo_file_read(directory, interface, &t->undo);
    const bool elsewhere = error == 0 && t->undo.namespace_cookie != cookie;
    if (error == 0 && !elsewhere)
        error = usage_begin(&t->usage, &t->undo.held);
    if (error != 0 || elsewhere) {
        free(t);
        return error;
    }
    t->holder = run_lock_holder(directory, interface);
    if (t->holder != 0)
        read_state(directory, t);
    (void)lease_file_read(directory, interface, now_s, &t->lease);
    *agent = t;
    return 0;
}

bool agent_info_is_waiting(int directory, const char *interface, uint64_t cookie)
{
    char text[STATE_TEXT_BYTES], wanted[40];
    if (!state_text(directory, interface, text) || run_lock_holder(directory, interface) == 0)
        return false;
    snprintf(wanted, sizeof(wanted), "\nwaiting %" PRIu64 "\n", cookie);
    return strstr(text, wanted) != NULL;
}

void agent_info_free(struct agent_info *agent)
{
    usage_free(&agent->usage);
    free(agent);
}

const char *agent_info_state(const struct agent_info *agent, size_t index)
{
    if (agent->holder == 0)
        return "left";
    if (!agent->applied)
        return "setting";
    return agent->displaced[index] ? "displaced" : "held";
}

bool agent_info_is_leased(const struct agent_info *agent, size_t index)
{
    return lease_is_of(&agent->lease, &agent->undo.held.ranges[index]);
}
