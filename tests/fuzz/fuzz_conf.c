/* fuzz_conf.c: the parser of configuration files, fed with any bytes.
 * In: libFuzzer's bytes as a file. Out: an abort where a promise of conf.h or config.h is broken.
 * Called by: scripts/fuzz. Never: opens a file. */
#include "pearpd/conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    int count;
    unsigned line;
};

/* Faults come in the order of their lines, each one line of text. */
static void tell(void *context, const char *file, unsigned line, const char *message)
{
    struct told *told = context;
    if (file == NULL || line < told->line || *message == '\0' || strchr(message, '\n') != NULL)
        abort();
    told->line = line;
    told->count++;
}

static bool is_owner(const struct config *config, struct mac mac)
{
    return !mac_is_zero(mac) && !mac_is_group(mac) && (config->mac_auto || !mac_equal(mac, config->mac));
}

static bool has_address(const struct config *config, struct ipv4 address)
{
    for (size_t i = 0; i < config->address_count; i++)
        if (config->addresses[i].address.host == address.host)
            return true;
    return false;
}

static void check_addresses(const struct config *config)
{
    for (size_t i = 0; i < config->address_count; i++) {
        const struct config_address *a = &config->addresses[i];
        unsigned top = a->address.host >> 24;
        if (top == 0 || top == 127 || top >= 224 || a->ports_first > a->ports_last || a->block < 1 ||
            a->block > 65536 || (a->has_psid && !port_set_valid(a->psid)) || a->line == 0 ||
            (a->has_default_host && !is_owner(config, a->default_host)) ||
            (a->learn & ~(unsigned)(LEARN_PE_ARP | LEARN_TRAFFIC)) != 0)
            abort();
        if (i > 0 && a[-1].address.host >= a->address.host)
            abort();
    }
}

static void check_ranges(const struct config *config)
{
    for (size_t i = 0; i < config->range_count; i++) {
        const struct config_range *r = &config->ranges[i];
        if (r->range.first > r->range.last || !is_owner(config, r->mac) || r->line == 0 ||
            !has_address(config, r->range.address) || memchr(r->name, '\0', sizeof(r->name)) == NULL)
            abort();
        if (i == 0)
            continue;
        const struct range *before = &r[-1].range;
        if (before->address.host > r->range.address.host ||
            (before->address.host == r->range.address.host && before->last >= r->range.first))
            abort();
    }
}

static void check_limits(const struct limits *limits)
{
#define X(key, field, least, most, preset, help)                             \
    if ((int64_t)limits->field < (least) || (int64_t)limits->field > (most)) \
        abort();
    LIMITS(X)
#undef X
}

/* What config_read_stream() promises of a file without a fault. */
static void check_config(const struct config *config)
{
    if (*config->upstream == '\0' || *config->downstream == '\0' || config->address_count == 0 ||
        strcmp(config->upstream, config->downstream) == 0 || config->vlan > 4094 || *config->socket != '/' ||
        (config->encap != 0x88b5 && config->encap != 0x0806) ||
        (!config->mac_auto && (mac_is_zero(config->mac) || mac_is_group(config->mac))) ||
        (config->has_router_mac && !is_owner(config, config->router_mac)))
        abort();
    check_addresses(config);
    check_ranges(config);
    check_limits(&config->limits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told told = {0};
    struct config config;
    FILE *stream = size == 0 ? NULL : fmemopen((void *)(uintptr_t)data, size, "r");
    if (stream == NULL)
        return 0;
    int result = config_read_stream(stream, "/etc/pearpd/rack1.conf", &config, tell, &told);
    fclose(stream);
    if (result == 0 && told.count == 0)
        check_config(&config);
    else if (result == 0 || told.count < (result < 0 ? 1 : result) || config.addresses != NULL ||
             config.ranges != NULL)
        abort();
    config_free(&config);
    return 0;
}
