/* config_load.c: see config_load.h. */
#include "config_load.h"

#include "pearpd/conf.h"
#include "pearpd/log.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_TEXT_BYTES 16

/* ":LINE" of a fault; nothing where it is the file's, that cannot be read. */
static const char *format_line(unsigned line, char text[static LINE_TEXT_BYTES])
{
    text[0] = '\0';
    if (line > 0)
        snprintf(text, LINE_TEXT_BYTES, ":%u", line);
    return text;
}

void config_fault_log(void *context, const char *file, unsigned line, const char *message)
{
    char text[LINE_TEXT_BYTES];
    (void)context;
    log_error("%s%s: %s", file, format_line(line, text), message);
}

void config_fault_print(void *context, const char *file, unsigned line, const char *message)
{
    char text[LINE_TEXT_BYTES];
    (void)context;
    fprintf(stderr, "%s%s: %s\n", file, format_line(line, text), message);
}

/* The unit's daemon is no user's that owns the file, but of this group. */
static bool is_readable_by_others(const struct stat *status)
{
    const struct group *group = getgrnam("pearpd");
    if ((status->st_mode & S_IROTH) != 0)
        return true;
    return (status->st_mode & S_IRGRP) != 0 && (group == NULL || status->st_gid != group->gr_gid);
}

/* Root may always read it: then it is the unit's daemon that does not run as root. */
static void explain_refusal(const char *file)
{
    if (access(file, R_OK) != 0 && errno == EACCES)
        log_notice("as the unit's user: chgrp pearpd %s; chmod 640 %s", file, file);
}

int config_load(const char *file,
                void (*fault)(void *context, const char *file, unsigned line, const char *message),
                struct config *config)
{
    if (config_read(file, config, fault, NULL) != 0) {
        explain_refusal(file);
        return -1;
    }
    struct stat status;
    if (config->key_count > 0 && stat(file, &status) == 0 && is_readable_by_others(&status))
        log_warning("%s holds keys, and others than its owner may read it", file);
    return 0;
}

void config_warn_of_forgetting(const char *file, const struct config *config)
{
    bool is_served = false;
    for (size_t i = 0; i < config->address_count; i++)
        is_served = is_served || config->addresses[i].is_served;
    if (is_served && config->state_file[0] == '\0')
        log_warning(
            "%s: [dhcp] with [state] file = none: a restart forgets the leases, and may lease their ports to "
            "other hosts",
            file);
}
