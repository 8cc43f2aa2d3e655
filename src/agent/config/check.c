/* check.c: see check.h. */
#include "check.h"

#include "config/check_services.h"
#include "config/options.h"
#include "config/reading.h"

#include <errno.h>

/* address and ports in [agent]: the short form of a first range. */
static void check_short_form(struct ini_file *file)
{
    struct range_list *list = &((struct agent_options *)ini_target(file))->held;
    const struct reading *reading = ini_context(file);
    const unsigned address = ini_line_of(file, "agent", "address"), ports = ini_line_of(file, "agent", "ports");
    size_t other = 0;
    if ((address != 0) != (ports != 0))
        ini_fault(file, ini_line_of(file, "agent", NULL), "address and ports in [agent] need each other");
    if (reading->address.host == 0 || ports == 0)
        return;
    const struct port_range held = {.range = {reading->address, reading->first, reading->last}};
    struct range_list first = {.count = 0};
    (void)range_list_add(&first, &held, &other);
    for (size_t i = 0; i < list->count; i++) {
        const int error = range_list_add(&first, &list->ranges[i], &other);
        if (error == -EEXIST)
            ini_fault(file, reading->range_lines[i], "[range]: shares ports with line %u", ports);
        else if (error != 0)
            ini_fault(file, reading->range_lines[i],
                      "[range]: one more than %u ranges, or %u spans of ports, in all", RANGES_MAX,
                      RANGE_SPANS_MAX);
    }
    *list = first;
}

static void check_ranges(struct ini_file *file)
{
    const struct agent_options *o = ini_target(file);
    const struct reading *reading = ini_context(file);
    const unsigned agent = ini_line_of(file, "agent", NULL);
    if (agent != 0 && ini_line_of(file, "agent", "address") == 0 && ini_line_of(file, "agent", "ports") == 0 &&
        reading->ranges_seen == 0 && ini_line_of(file, "agent", "dhcp") == 0)
        ini_fault(file, agent, "no range: neither address and ports in [agent], nor a [range], nor dhcp");
    for (size_t i = 0; i < o->held.count; i++)
        if (o->gateway.host != 0 && o->gateway.host == o->held.ranges[i].range.address.host) {
            ini_fault(file, ini_line_of(file, "agent", "gateway"), "the gateway is a shared address");
            break;
        }
}

void agent_check(struct ini_file *file)
{
    struct agent_options *o = ini_target(file);
    if (ini_line_of(file, "agent", NULL) == 0)
        ini_fault(file, 1, "[agent] is missing");
    o->services.has_server = ini_line_of(file, "dns", NULL) != 0;
    check_short_form(file);
    check_ranges(file);
    agent_check_services(file);
    pe_arp_keys_sort(o->keys, o->key_count);
}
