/* agent_resize.c: see agent_resize.h. */
#include "agent_resize.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include "agent_pe_arp.h"
#include "agent_settings.h"
#include "agent_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void answer_asker(struct agent *agent, const char *text)
{
    if (agent->asker != NULL)
        agent_control_answer(agent->asker, text);
    agent->asker = NULL;
}

/* Services on ports that are held no longer are withdrawn, those on new ones published. */
static void move_services(struct agent *agent, const struct range *before, const struct port_range *now)
{
    const struct range *range = &now->range;
    struct port_range below = {.range = *before}, above = {.range = *before};
    if (before->first < range->first) {
        below.range.last = before->last < range->first ? before->last : (uint16_t)(range->first - 1);
        services_range_lost(agent->services, &below);
    }
    if (before->last > range->last) {
        above.range.first = before->first > range->last ? before->first : (uint16_t)(range->last + 1);
        services_range_lost(agent->services, &above);
    }
    services_range_asked(agent->services, now);
}

/* The bridge took the new range: the host's settings follow. */
static void resized(struct agent *agent)
{
    char before[PORT_RANGE_TEXT_BYTES], now[PORT_RANGE_TEXT_BYTES], text[AGENT_CONTROL_LINE_BYTES];
    struct port_range *held = &agent->wish.held.ranges[agent->resizing];
    port_range_format(held, before);
    const struct range range = held->range;
    const size_t own = range_list_find(&agent->own, held);
    *held = agent->claimants[agent->resizing].held;
    if (own < agent->own.count)
        agent->own.ranges[own] = *held;
    log_notice("holding %s in place of %s", port_range_format(held, now), before);
    agent->alarm.ranges[agent->resizing] = (struct usage_alarm_range){.reported = USAGE_ALARM_CALM};
    if (agent_settings_apply(agent) != 0) {
        agent_fail(agent);
        return;
    }
    agent_state_write(agent);
    agent_pe_arp_services(agent, agent->resizing);
    move_services(agent, &range, held);
    snprintf(text, sizeof(text), "held %s", now);
    answer_asker(agent, text);
}

/* `conflict` is NULL where no host answered. */
static void resize_refused(struct agent *agent, const struct pe_arp *conflict)
{
    const struct claimant *s = &agent->claimants[agent->resizing];
    char wanted[RANGE_TEXT_BYTES], held[PORT_RANGE_TEXT_BYTES], other[RANGE_TEXT_BYTES], mac[MAC_TEXT_BYTES],
        text[AGENT_CONTROL_LINE_BYTES];
    range_format(&s->claimed, wanted);
    port_range_format(&s->held, held);
    if (conflict != NULL)
        snprintf(text, sizeof(text), "refused %s holds %s: %s stays", mac_format(conflict->sha, mac),
                 range_format(&(struct range){conflict->spa.address, conflict->spa.first, conflict->spa.last},
                              other),
                 held);
    else
        snprintf(text, sizeof(text),
                 "refused no bridge asked for %s in %d s: it is another's, outside of the bridge's ports, more "
                 "than a host may have, or no bridge is there: %s stays",
                 wanted, CLAIMANT_RESIZE_S, held);
    log_notice("%s", text + strlen("refused "));
    answer_asker(agent, text);
}

/* The claimant that is asking for another range. True: the event was about that. */
bool agent_resize_event(struct agent *agent, enum claimant_event event, const struct pe_arp *message)
{
    if (event == CLAIMANT_RESIZED)
        resized(agent);
    else if (event == CLAIMANT_REFUSED || event == CLAIMANT_UNANSWERED)
        resize_refused(agent, message);
    return event == CLAIMANT_RESIZED || event == CLAIMANT_REFUSED || event == CLAIMANT_UNANSWERED;
}

/* The range that `wanted` is to take the place of. -Exxx. */
static int range_to_resize(const struct range_list *list, const struct port_range *wanted)
{
    int of_address = -ENOENT, overlapped = -ENOENT;
    for (size_t i = 0; i < list->count; i++) {
        if (list->ranges[i].range.address.host != wanted->range.address.host)
            continue;
        of_address = of_address == -ENOENT ? (int)i : -ENOTUNIQ;
        if (port_range_overlaps(&list->ranges[i], wanted))
            overlapped = overlapped == -ENOENT ? (int)i : -ENOTUNIQ;
    }
    return overlapped == -ENOENT ? of_address : overlapped;
}

/* NULL: it has begun; or why it is refused. */
static const char *start_resize(struct agent *agent, const char *text)
{
    struct port_range wanted;
    /* A port alone is more likely half a range than a wish for one port. */
    if (strchr(text, '-') == NULL || port_range_parse(text, &wanted) != 0 || wanted.is_port_set)
        return "not ADDRESS:FIRST-LAST";
    const int index = range_to_resize(&agent->wish.held, &wanted);
    if (index == -ENOENT)
        return "no range of that address is held";
    if (index < 0)
        return "it would take the place of several ranges";
    if (agent->asker != NULL || agent->claimants[agent->resizing].resizing)
        return "another resize is in progress";
    agent->resizing = (size_t)index;
    switch (claimant_resize(&agent->claimants[index], clock_now_ns(), wanted.range, &agent->out)) {
    case 0:
        agent_pe_arp_arm(agent);
        return NULL;
    case -EBUSY:
        return "another resize is in progress";
    case -EALREADY:
        return "that is what is held";
    case -EOPNOTSUPP:
        return "a port set has the size that the bridge gives it";
    default:
        return "the link is down";
    }
}

void agent_resize_on_request(struct agent_client *client, const char *line, void *context)
{
    static const char resize[] = "resize ";
    struct agent *agent = context;
    char text[AGENT_CONTROL_LINE_BYTES];
    const bool known = strncmp(line, resize, strlen(resize)) == 0;
    const char *refusal = known ? start_resize(agent, line + strlen(resize)) : "not understood";
    if (refusal == NULL) {
        agent->asker = client;
        return;
    }
    snprintf(text, sizeof(text), "refused %s", refusal);
    agent_control_answer(client, text);
}

void agent_resize_on_client_gone(const struct agent_client *client, void *context)
{
    struct agent *agent = context;
    if (agent->asker == client)
        agent->asker = NULL;
}
