/* tenant.c: see tenant.h. */
#include "tenant.h"

#include "dhcp/lease_file.h"
#include "host/record.h"
#include "host/run_files.h"

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
static void take_service(struct tenant *tenant, const char *text)
{
    struct served served;
    char heard[4];
    if (tenant->service_count == SERVICES_MAX ||
        sscanf(text, "%15s %3s %15[0-9.]:%5hu %3s %9s", served.name, served.protocol, served.address,
               &served.port, heard, served.dns) != 6)
        return;
    served.heard = strcmp(heard, "yes") == 0;
    tenant->services[tenant->service_count++] = served;
}

static void take_state(struct tenant *tenant, const char *key, const char *word)
{
    char held[HELD_TEXT_BYTES];
    if (strcmp(key, "link") == 0)
        tenant->link_up = strcmp(word, "up") == 0;
    else if (strcmp(key, "bridge") == 0)
        copy_word(tenant->bridge, sizeof(tenant->bridge), word);
    else if (strcmp(key, "gateway") == 0)
        copy_word(tenant->gateway, sizeof(tenant->gateway), word);
    else if (strcmp(key, "service") == 0)
        take_service(tenant, word);
    else if (strcmp(key, "heard-of") == 0)
        for (size_t i = 0; i < tenant->undo.held.count; i++)
            if (strcmp(held_format(&tenant->undo.held.held[i], held), word) == 0)
                tenant->heard[i] = true;
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

static void read_state(int directory, struct tenant *tenant)
{
    char text[STATE_TEXT_BYTES], *rest = text;
    if (!state_text(directory, tenant->undo.interface, text))
        return;
    tenant->settled = true;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *word = line;
        const char *key = strsep(&word, " ");
        if (word != NULL)
            take_state(tenant, key, word);
    }
}

int tenant_read(int directory, const char *interface, uint64_t cookie, uint64_t now_s, struct tenant **tenant)
{
    struct tenant *t = calloc(1, sizeof(*t));
    *tenant = NULL;
    int error = t == NULL ? -ENOMEM : record_read(directory, interface, &t->undo);
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
    *tenant = t;
    return 0;
}

bool tenant_waits(int directory, const char *interface, uint64_t cookie)
{
    char text[STATE_TEXT_BYTES], wanted[40];
    if (!state_text(directory, interface, text) || run_lock_holder(directory, interface) == 0)
        return false;
    snprintf(wanted, sizeof(wanted), "\nwaiting %" PRIu64 "\n", cookie);
    return strstr(text, wanted) != NULL;
}

void tenant_free(struct tenant *tenant)
{
    usage_free(&tenant->usage);
    free(tenant);
}

const char *tenant_state(const struct tenant *tenant)
{
    if (tenant->holder == 0)
        return "left";
    return tenant->settled ? "held" : "setting";
}

bool tenant_is_leased(const struct tenant *tenant, size_t index)
{
    return lease_is_of(&tenant->lease, &tenant->undo.held.held[index]);
}
