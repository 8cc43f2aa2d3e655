/* status_text.c: see status.h. */
#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LEASE_COLUMN_BYTES 24

static void print_process(const struct process *process)
{
    if (process->pid != 0)
        printf("%ld (%s)\n", (long)process->pid, process->name);
    else
        printf("?\n");
}

static void print_outside(const struct agent_info *agent)
{
    char address[IPV4_TEXT_BYTES];
    const struct usage *usage = &agent->usage;
    if (usage->outside_count == 0)
        return;
    printf("\nOutside what is held on %s (what they send from a shared address is dropped%s):\n",
           agent->undo.interface, agent->undo.enforce ? "" : " by the bridge");
    printf("%-5s %-21s %-10s %7s  %s\n", "Proto", "Local", "State", "Sockets", "Process");
    for (size_t i = 0; i < usage->outside_count; i++) {
        const struct usage_outside *o = &usage->outside[i];
        char local[RANGE_TEXT_BYTES];
        snprintf(local, sizeof(local), "%s:%u",
                 o->socket.address.host == 0 ? "*" : ipv4_format(o->socket.address, address), o->socket.port);
        printf("%-5s %-21s %-10s %7u  ", usage_protocol(&o->socket), local, usage_state(&o->socket),
               o->sockets);
        print_process(&o->process);
    }
}

static void print_services(const struct status *status)
{
    bool first = true;
    for (size_t i = 0; i < status->count; i++)
        for (size_t k = 0; k < status->agents[i]->service_count; k++) {
            const struct served *s = &status->agents[i]->services[k];
            char local[RANGE_TEXT_BYTES];
            if (first)
                printf("\n%-16s %-5s %-21s %-5s %s\n", "Service", "Proto", "At", "Heard", "DNS");
            first = false;
            snprintf(local, sizeof(local), "%s:%u", s->address, s->port);
            printf("%-16s %-5s %-21s %-5s %s\n", s->name, s->protocol, local, s->heard ? "yes" : "no", s->dns);
        }
}

static void print_range(const struct status *status, const struct agent_info *agent, size_t index)
{
    char held[PORT_RANGE_TEXT_BYTES], lease[LEASE_COLUMN_BYTES] = "-";
    struct usage_user user;
    const bool lives = agent->holder != 0 && agent->applied;
    const char *link = agent->link_up ? "up" : "down", *heard = agent->heard[index] ? "yes" : "no";
    const uint64_t left_s = lease_left_s(&agent->lease, status->now_s);
    if (agent_info_is_leased(agent, index) && left_s == LEASE_FOREVER_S)
        snprintf(lease, sizeof(lease), "forever");
    else if (agent_info_is_leased(agent, index))
        snprintf(lease, sizeof(lease), "%" PRIu64 " s", left_s);
    printf("%-30s %-15s %-9s %-5s %-6s %-12s %-18s %u of %u",
           port_range_format(&agent->undo.held.ranges[index], held), agent->undo.interface,
           agent_info_state(agent, index), lives ? link : "-", lives ? heard : "-", lease,
           agent->bridge[0] != '\0' ? agent->bridge : "-", usage_ports(&agent->usage, index),
           port_range_ports(&agent->undo.held.ranges[index]));
    if (usage_users(&agent->usage, index, &user, 1) == 1)
        printf(", most by %ld (%s): %u", (long)user.pid, user.name, user.sockets);
    printf("\n");
}

void status_print_text(const struct status *status)
{
    if (status->count == 0)
        printf("no range is held\n");
    else
        printf("%-30s %-15s %-9s %-5s %-6s %-12s %-18s %s\n", "Range", "Interface", "State", "Link", "Heard",
               "Lease", "Bridge", "Ports in use");
    for (size_t i = 0; i < status->count; i++)
        for (size_t k = 0; k < status->agents[i]->undo.held.count; k++)
            print_range(status, status->agents[i], k);
    for (size_t i = 0; i < status->waiting_count; i++)
        printf("an agent waits for a lease on %s\n", status->waiting[i]);
    print_services(status);
    for (size_t i = 0; i < status->count; i++)
        print_outside(status->agents[i]);
}
