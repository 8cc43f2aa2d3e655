/* config.c: see config.h. */
#include "config.h"

#include "config/reading.h"
#include "config/schema.h"

void agent_config_preset(struct agent_options *options)
{
    struct reading reading = {.ranges_seen = 0};
    *options = (struct agent_options){.key_count = 0};
    ini_schema_presets(&agent_schema, options, &reading);
}

int agent_config_read_stream(FILE *stream, const char *name, struct agent_options *options, ini_fault_fn *fault,
                             void *context)
{
    struct reading reading = {.ranges_seen = 0};
    *options = (struct agent_options){.key_count = 0};
    return ini_schema_read_stream(&agent_schema, stream, name, options, &reading, fault, context);
}

int agent_config_read(const char *file, struct agent_options *options, ini_fault_fn *fault, void *context)
{
    struct reading reading = {.ranges_seen = 0};
    *options = (struct agent_options){.key_count = 0};
    return ini_schema_read(&agent_schema, file, options, &reading, fault, context);
}

void agent_config_print_mdoc(FILE *out)
{
    ini_print_mdoc(&agent_schema, out);
}
