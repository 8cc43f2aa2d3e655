/* sections.c: see sections.h. */
#include "sections.h"

#include "config/options.h"
#include "config/reading.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void *agent_begin_range(struct ini_file *file, const char *argument)
{
    struct range_list *list = &((struct agent_options *)ini_target(file))->held;
    struct reading *reading = ini_context(file);
    const unsigned line = ini_line(file);
    struct port_range held;
    size_t other = 0;
    int error = port_range_parse(argument, &held);
    reading->ranges_seen++;
    if (error == -ERANGE)
        ini_fault(file, line, "[range %s]: %s", argument,
                  strstr(argument, "psid") != NULL ? "there is no such port set"
                                                   : "the last port is below the first");
    else if (error != 0)
        ini_fault(file, line, "[range %s]: must be ADDRESS:FIRST-LAST or ADDRESS:psid/OFFSET/LENGTH/ID",
                  argument);
    if (error != 0)
        return list;
    error = range_list_add(list, &held, &other);
    if (error == -EEXIST)
        ini_fault(file, line, "[range %s]: shares ports with line %u", argument, reading->range_lines[other]);
    else if (error != 0)
        ini_fault(file, line, "[range %s]: one more than %u ranges, or %u spans of ports, in all", argument,
                  RANGES_MAX, RANGE_SPANS_MAX);
    else
        reading->range_lines[list->count - 1] = line;
    return list; /* it has no keys */
}

/* RFC 6335 5.1: 1-15 letters, digits and hyphens, none at an end or beside another. */
static bool is_service_name(const char *name)
{
    const size_t length = strlen(name);
    struct dns_name label;
    return length > 0 && length < SERVICE_NAME_BYTES && strpbrk(name, "._") == NULL &&
           dns_name_parse(name, &label) == 0;
}

void *agent_begin_service(struct ini_file *file, const char *argument)
{
    struct services_config *c = &((struct agent_options *)ini_target(file))->services;
    struct reading *reading = ini_context(file);
    const unsigned line = ini_line(file);
    if (!is_service_name(argument)) {
        ini_fault(file, line, "[service %s]: must be a name of 1-15 letters, digits and hyphens", argument);
        return NULL;
    }
    if (c->count == SERVICES_MAX) {
        ini_fault(file, line, "[service %s]: one more than %u services", argument, SERVICES_MAX);
        return NULL;
    }
    struct service_config *service = &c->services[c->count];
    *service = (struct service_config){.port = 0};
    snprintf(service->name, sizeof(service->name), "%s", argument);
    for (char *at = service->name; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    reading->service_lines[c->count++] = line;
    return service;
}

/* Adds a key; a fault is noted where it cannot be. NULL: there is no room. */
static struct pe_arp_key *add_key(struct ini_file *file, const struct pe_arp_key *key)
{
    struct agent_options *o = ini_target(file);
    const struct pe_arp_key *other = pe_arp_key_with_id(o->keys, o->key_count, key->id);
    if (other != NULL && other->line == 0)
        ini_fault(file, ini_line(file), "%u: is already in [keys]", key->id);
    else if (other != NULL)
        ini_fault(file, ini_line(file), "%u: is already in [key] at line %u", key->id, other->line);
    else if (o->key_count == AGENT_KEYS_MAX)
        ini_fault(file, ini_line(file), "%u: more than %u keys", key->id, AGENT_KEYS_MAX);
    if (o->key_count == AGENT_KEYS_MAX)
        return NULL;
    o->keys[o->key_count] = *key;
    return &o->keys[o->key_count++];
}

void agent_take_secret(struct ini_file *file, const char *name, const char *value)
{
    struct pe_arp_key key;
    if (pe_arp_key_parse(name, value, &key) == 0)
        (void)add_key(file, &key);
    else
        ini_fault(file, ini_line(file), "%s: must be a number up to 4294967295, with 64 hexadecimal digits",
                  name);
}

void *agent_begin_key(struct ini_file *file, const char *argument)
{
    struct pe_arp_key begun = {.line = ini_line(file)};
    if (pe_arp_key_id_parse(argument, &begun.id))
        return add_key(file, &begun);
    ini_fault(file, begun.line, "[key %s]: must be a number from 0 to 4294967295", argument);
    return NULL;
}
