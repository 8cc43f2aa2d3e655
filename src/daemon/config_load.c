/* config_load.c: see config_load.h. */
#include "config_load.h"

#include "pearpd/conf.h"
#include "pearpd/log.h"

#include <stdio.h>
#include <sys/stat.h>

void config_fault_log(void *context, const char *file, unsigned line, const char *message)
{
    (void)context;
    log_error("%s:%u: %s", file, line, message);
}

void config_fault_print(void *context, const char *file, unsigned line, const char *message)
{
    (void)context;
    fprintf(stderr, "%s:%u: %s\n", file, line, message);
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
            "%s: [dhcp] without [state] file: a restart forgets the leases, and may lease their ports to "
            "other hosts",
            file);
}
