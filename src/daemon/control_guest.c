/* control_guest.c: see control_guest.h. */
#include "control_guest.h"

#include "pearpd/conf.h"
#include "pearpd/port_range.h"

#include "control_answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 256
#define SETS_MOST  65536

static bool is_free(const struct control_asker *asker, struct ipv4 address, uint32_t port)
{
    struct mac owner;
    return engine_owner(asker_engine(asker), address, (uint16_t)port, &owner) == -ENOENT;
}

/* The lowest ports in a row that nobody has. False: there are not so many. */
static bool find_range(const struct control_asker *asker, const struct config_address *a, uint32_t count,
                       struct port_range *found)
{
    uint32_t first = a->ports_first;
    for (uint32_t port = first; port <= a->ports_last; port++) {
        if (!is_free(asker, a->address, port))
            first = port + 1;
        if (port + 1 - first < count)
            continue;
        *found = (struct port_range){.range = {a->address, (uint16_t)first, (uint16_t)port}};
        return true;
    }
    return false;
}

static void note_set(uint8_t *taken, const struct config_address *a, const struct range *range)
{
    uint16_t psid;
    if (range->address.host == a->address.host && port_set_of(a->lease_psid, range->first, &psid))
        taken[psid] = 1;
}

/* What is leased, offered, declined or reserved. */
static void note_leases(const struct control_asker *asker, const struct config_address *a, uint8_t *taken)
{
    const struct config *config = asker_config(asker);
    struct lease_entry lease;
    uint32_t cursor = 0;
    for (size_t i = 0; i < config->lease_count; i++)
        note_set(taken, a, &config->leases[i].range);
    while (engine_pool_next(asker_engine(asker), asker_now_ns(asker), &cursor, &lease))
        note_set(taken, a, &lease.range);
}

static bool is_set_free(const struct control_asker *asker, const struct config_address *a,
                        const struct port_range *set)
{
    for (unsigned i = 0; i < port_range_spans(set); i++) {
        const struct port_span span = port_range_span(set, i);
        if (span.first < a->ports_first || span.last > a->ports_last)
            return false;
        for (uint32_t port = span.first; port <= span.last; port++)
            if (!is_free(asker, a->address, port))
                return false;
    }
    return true;
}

/* The lowest set of the pool that nobody has, if it is large enough. */
static bool find_set(const struct control_asker *asker, const struct config_address *a, uint32_t count,
                     struct port_range *found)
{
    uint8_t *taken = calloc(SETS_MOST, 1);
    bool is_found = false;
    if (taken == NULL)
        return false;
    note_leases(asker, a, taken);
    for (uint32_t psid = 0; !is_found && psid < UINT32_C(1) << a->lease_psid.length; psid++) {
        *found = port_range_of_set(a->address, a->lease_psid, (uint16_t)psid);
        is_found = !taken[psid] && port_range_ports(found) >= count && is_set_free(asker, a, found);
    }
    free(taken);
    return is_found;
}

/* On the wanted address, or on the first that has room. NULL: there is none. */
static const struct config_address *find(const struct control_asker *asker, struct port_range *found)
{
    const struct control_request *request = &asker->request;
    const struct config *config = asker_config(asker);
    for (size_t i = 0; i < config->address_count; i++) {
        const struct config_address *a = &config->addresses[i];
        if (request->has_address && a->address.host != request->range.address.host)
            continue;
        if (a->is_served ? find_set(asker, a, request->count, found)
                         : find_range(asker, a, request->count, found))
            return a;
    }
    return NULL;
}

static void report(const struct control_asker *asker, const struct config_address *a,
                   const struct port_range *ports, struct json *j)
{
    char text[TEXT_BYTES];
    const struct ipv4 gateway = a->gateway.host != 0 ? a->gateway : asker_config(asker)->dhcp.router;
    json_key_string(j, "address", ipv4_format(a->address, text));
    json_key_u64(j, "first_port", ports->range.first);
    json_key_u64(j, "last_port", ports->range.last);
    json_key(j, "psid");
    snprintf(text, sizeof(text), "%u/%u/%u", ports->params.offset, ports->params.length, ports->psid);
    if (ports->is_port_set)
        json_string(j, text);
    else
        json_null(j);
    json_key_string(j, "mac", mac_format(asker->request.mac, text));
    json_key(j, "gateway");
    if (gateway.host == 0)
        json_null(j);
    else
        json_string(j, ipv4_format(gateway, text));
}

void command_guest(struct control_asker *asker)
{
    char folder[CONFIG_FOLDER_BYTES], text[TEXT_BYTES];
    struct port_range ports;
    const struct config_address *a = NULL;
    char *file = asker->target->file == NULL ? NULL : realpath(asker->target->file, NULL);
    const bool has_folder = file != NULL && config_folder(file, folder) != NULL;
    free(file);
    if (!has_folder) {
        answer_error(asker, "the configuration file is not there any more");
        return;
    }
    if (asker->request.count > 0 && (a = find(asker, &ports)) == NULL) {
        snprintf(text, sizeof(text), "no %u ports in a row are free on %s", asker->request.count,
                 asker->request.has_address ? "that address" : "any address");
        answer_error(asker, text);
        return;
    }
    struct json *j = answer_begin(asker);
    json_object_begin(j);
    json_key_string(j, "folder", folder);
    if (a != NULL)
        report(asker, a, &ports, j);
    json_object_end(j);
    answer_end(asker);
}
