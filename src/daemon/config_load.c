/* config_load.c: see config_load.h. */
#include "config_load.h"

#include "pearpd/conf.h"
#include "pearpd/log.h"

#include <stdio.h>
#include <sys/stat.h>

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

int config_load(const char *file,
                void (*fault)(void *context, const char *file, unsigned line, const char *message),
                struct config *config)
{
    if (config_read(file, config, fault, NULL) != 0)
        return -1;
    struct stat status;
    if (config->key_count > 0 && stat(file, &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
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
