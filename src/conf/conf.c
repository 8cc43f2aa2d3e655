/* conf.c: see conf.h: a configuration file as the schema has it. */
#include "pearpd/conf.h"

#include "drop_ins.h"
#include "reading.h"
#include "schema.h"

#include <stdlib.h>
#include <string.h>

static int read_from(FILE *stream, const struct ini_names *names, struct config *config, ini_fault_fn *fault,
                     void *context)
{
    struct conf_reading reading = {.serves_all = false};
    memset(config, 0, sizeof(*config));
    const int result =
        stream == NULL
            ? ini_schema_read_parts(&conf_schema, names, config, &reading, fault, context)
            : ini_schema_read_stream(&conf_schema, stream, names->file, config, &reading, fault, context);
    free(reading.served);
    if (result != 0)
        config_free(config);
    return result;
}

int config_read_stream(FILE *stream, const char *name, struct config *config, ini_fault_fn *fault,
                       void *context)
{
    const struct ini_names names = {.file = name};
    return read_from(stream, &names, config, fault, context);
}

int config_read(const char *file, struct config *config, ini_fault_fn *fault, void *context)
{
    struct drop_ins found;
    char folder[CONFIG_FOLDER_BYTES];
    const int error = drop_ins_find(file, &found);
    if (error != 0) {
        const char *name = config_folder(file, folder);
        fault(context, name == NULL ? file : name, 0, strerror(-error));
        memset(config, 0, sizeof(*config));
        return error;
    }
    const struct ini_names names = {file, (const char *const *)found.paths, found.count};
    const int result = read_from(NULL, &names, config, fault, context);
    drop_ins_free(&found);
    return result;
}

void config_free(struct config *config)
{
    free(config->addresses);
    free(config->ranges);
    free(config->protocols);
    free(config->leases);
    free(config->denied);
    free(config->keys);
    config->addresses = NULL;
    config->ranges = NULL;
    config->protocols = NULL;
    config->leases = NULL;
    config->denied = NULL;
    config->keys = NULL;
    config->lease_count = config->denied_count = 0;
    config->address_count = config->range_count = config->protocol_count = config->key_count = 0;
}

void config_print_mdoc(FILE *out)
{
    ini_print_mdoc(&conf_schema, out);
}
