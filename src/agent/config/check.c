/* check.c: see check.h. */
#include "check.h"

#include "pearpd/port_range.h"

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

static void check_key(struct ini_file *file, const struct pe_arp_key *key)
{
    const struct agent_options *o = ini_target(file);
    char text[PORT_RANGE_TEXT_BYTES];
    key_role_check(file, key->role, key->macs_line, key->ranges_line);
    const struct pe_arp_key *same = pe_arp_key_with_secret(o->keys, o->key_count, key);
    if (same != NULL && (same->line == 0 || same->line < key->line))
        ini_fault(file, key->line, "[key %u]: has the secret of key %u: each key needs its own", key->id,
                  same->id);
    for (size_t i = 0; i < o->held.count && key->role == KEY_HOST; i++)
        if (!key_ranges_have(&key->ranges, &o->held.ranges[i]))
            ini_fault(file, key->ranges_line, "range: %s is not in it: the bridge would refuse its claim",
                      port_range_format(&o->held.ranges[i], text));
}

/* What to sign with, and what to check the bridge by. */
static void check_keys(struct ini_file *file)
{
    struct agent_options *o = ini_target(file);
    unsigned line = 0;
    for (size_t i = 0; i < o->key_count; i++) {
        const struct pe_arp_key *key = &o->keys[i];
        if (key->line == 0)
            continue;
        check_key(file, key);
        line = line == 0 || key->line < line ? key->line : line;
    }
    pe_arp_keys_sort(o->keys, o->key_count);
    if (line != 0 && pe_arp_signing_key(o->keys, o->key_count, KEY_HOST) == NULL)
        ini_fault(file, line, "[key]: there is none with role = host, and no [keys]: the agent cannot sign");
    if (line != 0 && pe_arp_signing_key(o->keys, o->key_count, KEY_BRIDGE) == NULL)
        ini_fault(
            file, line,
            "[key]: there is none with role = bridge, and no [keys]: the agent cannot check what the bridge "
            "sends");
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
    check_keys(file);
}
