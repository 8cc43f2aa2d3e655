/* fuzz_conf.c: configuration files. One without a fault must be one that the engine can be made from. */
#include "pearpd/conf.h"
#include "pearpd/engine.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(void *context, const char *file, unsigned line, const char *message)
{
    unsigned *count = context;
    (void)file;
    (void)line;
    ++*count;
    if (*message == '\0')
        abort();
}

static bool is_small(const struct limits *l)
{
    return l->bindings <= 65536 && l->macs <= 65536 && l->hosts <= 65536 && l->echo_flows <= 65536 &&
           l->held_frames <= 4096 && l->held_bytes <= 1048576 && l->flows <= 65536 && l->datagrams <= 4096 &&
           l->fragment_bytes <= 4194304 && l->unicast_rate <= 10000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct engine_seed seed = {.plain_nonces = true};
    struct config config;
    unsigned count = 0;
    FILE *stream = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    if (stream == NULL)
        return 0;
    int faults = config_read_stream(stream, "fuzz.conf", &config, tell, &count);
    fclose(stream);
    if ((faults == 0) != (count == 0))
        abort();
    if (faults != 0)
        return 0;
    if (is_small(&config.limits)) {
        struct engine *engine = engine_new(&config, &seed);
        if (engine == NULL)
            abort();
        engine_free(engine);
    }
    config_free(&config);
    return 0;
}
