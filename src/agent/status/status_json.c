/* status_json.c: see status.h. */
#include "pearpd/json.h"

#include "status.h"

#include <stdio.h>

#define USERS_MAX 10 /* of a range */

static void key_text_or_null(struct json *j, const char *key, const char *text)
{
    if (text[0] != '\0')
        json_key_string(j, key, text);
    else {
        json_key(j, key);
        json_null(j);
    }
}

static void key_number_or_null(struct json *j, const char *key, uint64_t number)
{
    json_key(j, key);
    if (number != 0)
        json_u64(j, number);
    else
        json_null(j);
}

static void json_outside(struct json *j, const struct usage_outside *o)
{
    char address[IPV4_TEXT_BYTES];
    json_object_begin(j);
    json_key_string(j, "protocol", usage_protocol(&o->socket));
    json_key_string(j, "address", ipv4_format(o->socket.address, address));
    json_key_u64(j, "port", o->socket.port);
    json_key_string(j, "state", usage_state(&o->socket));
    json_key_u64(j, "sockets", o->sockets);
    key_number_or_null(j, "pid", (uint64_t)o->process.pid);
    key_text_or_null(j, "process", o->process.name);
    json_object_end(j);
}

static void json_use(struct json *j, const struct agent_info *agent, size_t index)
{
    const struct usage *usage = &agent->usage;
    struct usage_user users[USERS_MAX];
    const size_t count = usage_users(usage, index, users, USERS_MAX);
    json_key_u64(j, "ports", port_range_ports(&agent->undo.held.ranges[index]));
    json_key_u64(j, "ports_in_use", usage_ports(usage, index));
    json_key(j, "users");
    json_array_begin(j);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(j);
        json_key_u64(j, "pid", (uint64_t)users[i].pid);
        json_key_string(j, "process", users[i].name);
        json_key_u64(j, "sockets", users[i].sockets);
        json_object_end(j);
    }
    json_array_end(j);
    json_key(j, "outside");
    json_array_begin(j);
    for (size_t i = 0; i < usage->outside_count; i++)
        if (usage_concerns(usage, &usage->outside[i], index))
            json_outside(j, &usage->outside[i]);
    json_array_end(j);
}

static void json_range(struct json *j, const struct status *status, const struct agent_info *agent,
                       size_t index)
{
    char text[PORT_RANGE_TEXT_BYTES];
    const struct port_range *held = &agent->undo.held.ranges[index];
    const uint64_t left_s = lease_left_s(&agent->lease, status->now_s);
    json_object_begin(j);
    json_key_string(j, "address", ipv4_format(held->range.address, text));
    json_key_u64(j, "first_port", held->range.first);
    json_key_u64(j, "last_port", held->range.last);
    if (held->is_port_set) {
        snprintf(text, sizeof(text), "%u/%u/%u", held->params.offset, held->params.length, held->psid);
        json_key_string(j, "psid", text);
    }
    json_key_string(j, "interface", agent->undo.interface);
    json_key_string(j, "state", agent_info_state(agent, index));
    key_number_or_null(j, "pid", (uint64_t)agent->holder);
    json_key(j, "link_up");
    json_bool(j, agent->link_up);
    json_key(j, "heard");
    json_bool(j, agent->heard[index]);
    key_text_or_null(j, "bridge_mac", agent->bridge);
    key_text_or_null(j, "gateway", agent->gateway);
    json_key(j, "leased");
    json_bool(j, agent_info_is_leased(agent, index));
    key_number_or_null(j, "expires_s",
                       agent_info_is_leased(agent, index) && left_s != LEASE_FOREVER_S ? left_s : 0);
    json_use(j, agent, index);
    json_object_end(j);
}

static void json_service(struct json *j, const struct agent_info *agent, const struct served *s)
{
    json_object_begin(j);
    json_key_string(j, "name", s->name);
    json_key_string(j, "protocol", s->protocol);
    json_key_string(j, "address", s->address);
    json_key_u64(j, "port", s->port);
    json_key_string(j, "interface", agent->undo.interface);
    json_key(j, "heard");
    json_bool(j, s->heard);
    json_key_string(j, "dns", s->dns);
    json_object_end(j);
}

static void write_out(void *context, const char *text, size_t length)
{
    (void)fwrite(text, 1, length, context);
}

void status_print_json(const struct status *status)
{
    struct json j = json_to(write_out, stdout);
    json_object_begin(&j);
    json_key(&j, "ranges");
    json_array_begin(&j);
    for (size_t i = 0; i < status->count; i++)
        for (size_t k = 0; k < status->agents[i]->undo.held.count; k++)
            json_range(&j, status, status->agents[i], k);
    json_array_end(&j);
    json_key(&j, "services");
    json_array_begin(&j);
    for (size_t i = 0; i < status->count; i++)
        for (size_t k = 0; k < status->agents[i]->service_count; k++)
            json_service(&j, status->agents[i], &status->agents[i]->services[k]);
    json_array_end(&j);
    json_key(&j, "waiting");
    json_array_begin(&j);
    for (size_t i = 0; i < status->waiting_count; i++)
        json_string(&j, status->waiting[i]);
    json_array_end(&j);
    json_object_end(&j);
    printf("\n");
}
