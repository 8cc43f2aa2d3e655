/* agent.c: see agent.h: joins the sharer's decisions to the socket, the link, the clock and the host's settings. */
#include "agent.h"

#include "pearpd/clock.h"
#include "pearpd/frame_build.h"
#include "pearpd/log.h"
#include "pearpd/loop.h"
#include "pearpd/netlink.h"
#include "pearpd/notify.h"

#include "agent_control.h"
#include "bind_hook.h"
#include "guard.h"
#include "host_settings.h"
#include "lease_follower.h"
#include "look.h"
#include "metrics.h"
#include "nft.h"
#include "pe_arp_socket.h"
#include "record.h"
#include "run_files.h"
#include "service.h"
#include "sharer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define FRAMES_PER_WAKE  64 /* the loop has others to serve */
#define STATE_TEXT_BYTES (256 + HELD_MAX * (HELD_TEXT_BYTES + 10))
#define SIGNALS          3

struct agent {
    const struct agent_options *options;
    int directory, lock, socket;
    struct netlink *netlink, *watch, *tables;
    struct loop *loop;
    struct loop_source *timer, *watch_timer, *readable, *news, *table_news, *signals[SIGNALS];
    struct lease_follower *leases;
    struct frame_builder *builder;
    struct held_list own;  /* what is held whatever a lease brings: the options', as resized since */
    struct host_wish wish; /* with what is held now */
    unsigned ifindex;
    struct ipv4 gateway;
    struct undo undo;
    bool recorded; /* *undo is on disk, and may be in effect */
    bool send_fault_told, look_fault_told, metrics_fault_told;
    uint64_t tables_gone;            /* a bit for each family whose table of ours somebody removed */
    struct sharer sharers[HELD_MAX]; /* one for each of wish.held */
    uint8_t tlvs[HELD_MAX][SERVICE_TLVS_BYTES];
    struct services *services;
    uint64_t number; /* the next SEQ */
    bool link_up;
    struct mac mac;    /* of the interface */
    struct mac bridge; /* SHARED-MAC of the last HELLO of a new epoch; zero: none heard */
    uint64_t epoch;    /* of that */
    bool epoch_told;
    struct monitor monitor;
    uint64_t forged, restored; /* counted since the start */
    int bind_hook;             /* -1: none */
    struct guard *guard;
    struct agent_control *control;
    struct agent_client *asker; /* who waits for what comes of a resize; NULL: nobody */
    size_t resizing;            /* that range, while its sharer asks for another */
    int exit_status;
};

static bool all_heard(const struct agent *agent)
{
    for (size_t i = 0; i < agent->wish.held.count; i++)
        if (!agent->sharers[i].challenged)
            return false;
    return true;
}

/* For `status`; what is lost with it is told anew. */
static void write_state(const struct agent *agent)
{
    char text[STATE_TEXT_BYTES], name[RUN_NAME_BYTES], mac[MAC_TEXT_BYTES], address[IPV4_TEXT_BYTES],
        held[HELD_TEXT_BYTES];
    int length = snprintf(text, sizeof(text), "link %s\nheard %s\nbridge %s\ngateway %s\n",
                          agent->link_up ? "up" : "down", all_heard(agent) ? "yes" : "no",
                          mac_is_zero(agent->bridge) ? "" : mac_format(agent->bridge, mac),
                          agent->gateway.host == 0 ? "" : ipv4_format(agent->gateway, address));
    for (size_t i = 0; i < agent->wish.held.count; i++)
        if (agent->sharers[i].challenged)
            length += snprintf(text + length, sizeof(text) - (size_t)length, "heard-of %s\n",
                               held_format(&agent->wish.held.held[i], held));
    const int error = run_write(agent->directory, run_name(agent->options->interface, "state", name), text,
                                (size_t)length, false);
    if (error != 0)
        log_warning("cannot write /run/pearp-agent/%s: %s", name, strerror(-error));
}

static void fail(struct agent *agent)
{
    agent->exit_status = 1;
    loop_stop(agent->loop);
}

/* A hook that goes with this process needs no record. */
static int settle_bind_hook(struct agent *agent)
{
    const char *cgroup = agent->options->cgroup;
    const uint64_t cookie = agent->undo.namespace_cookie;
    if (cgroup[0] == '\0')
        return 0;
    int error = 0;
    if (agent->bind_hook >= 0)
        error = bind_hook_update(agent->bind_hook, &agent->wish.held, cookie);
    else
        error = agent->bind_hook = bind_hook_attach(cgroup, &agent->wish.held, cookie);
    if (error < 0)
        log_error("cannot hook bind() of %s: %s", cgroup, strerror(-error));
    return error < 0 ? error : 0;
}

/* Looks again at what is there, records what is to be changed, changes it. */
static int settle(struct agent *agent)
{
    if (agent->wish.held.count == 0)
        return 0;
    int error = nft_find();
    snprintf(agent->undo.metrics, sizeof(agent->undo.metrics), "%s", agent->options->metrics);
    if (error == 0)
        error = host_settings_plan(agent->netlink, &agent->wish, &agent->undo, &agent->gateway);
    if (error == 0)
        error = record_write(agent->directory, &agent->undo);
    if (error != 0)
        return error;
    agent->recorded = true;
    error = host_settings_apply(agent->netlink, &agent->undo);
    return error == 0 ? settle_bind_hook(agent) : error;
}

/* Somebody may have taken away what was set: it comes back. For the guard: whether something was missing. */
static bool restore(void *context)
{
    struct agent *agent = context;
    struct link_info link;
    char missing[HOST_SETTINGS_TEXT_BYTES];
    if (!agent->recorded || netlink_link(agent->netlink, agent->options->interface, &link) != 0 ||
        link.index != agent->undo.ifindex ||
        !host_settings_missing(agent->netlink, &agent->undo, agent->link_up && link.up, missing))
        return false;
    log_notice("somebody took away or changed %s: setting it again", missing);
    agent->restored++;
    const int error = settle(agent);
    if (error != 0 && error != -ENODEV && error != -ENETDOWN)
        fail(agent);
    return true;
}

static void send_made(const struct made *made, void *context)
{
    struct agent *agent = context;
    uint8_t bytes[PE_ARP_SOCKET_FRAME_BYTES];
    char to[MAC_TEXT_BYTES];
    const int length = frame_build(agent->builder, made, bytes, sizeof(bytes));
    const int error = length < 0 ? length : pe_arp_socket_send(agent->socket, bytes, (size_t)length);
    if (error == 0) {
        agent->send_fault_told = false;
        log_debug("sent %s to %s", pe_arp_type_name(made->pe_arp.type), mac_format(made->destination, to));
        return;
    }
    if (!agent->send_fault_told)
        log_warning("cannot send a %s: %s", pe_arp_type_name(made->pe_arp.type), strerror(-error));
    agent->send_fault_told = true;
}

static void hear_epoch(struct agent *agent, const struct pe_arp *hello)
{
    char mac[MAC_TEXT_BYTES], address[IPV4_TEXT_BYTES];
    if (agent->epoch_told && agent->epoch == hello->nonce)
        return; /* another range heard it too */
    agent->epoch_told = true;
    agent->epoch = hello->nonce;
    if (hello->shared_mac.present)
        agent->bridge = hello->shared_mac.mac;
    log_info("a bridge says hello from %s", mac_format(hello->sha, mac));
    if (agent->gateway.host == 0 && hello->gateway.present && hello->gateway.address.host != 0) {
        log_notice("the bridge names %s as the gateway", ipv4_format(hello->gateway.address, address));
        agent->wish.gateway = hello->gateway.address;
        if (settle(agent) != 0)
            fail(agent);
    }
}

/* The bridge asked for a port of ours: what is served there can be reached. */
static void publish(struct agent *agent, const struct port_address *asked)
{
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        const struct held *held = &agent->wish.held.held[i];
        if (held->range.address.host == asked->address.host && held_has(held, asked->first))
            services_heard(agent->services, held);
    }
}

static void answer_asker(struct agent *agent, const char *text)
{
    if (agent->asker != NULL)
        agent_control_answer(agent->asker, text);
    agent->asker = NULL;
}

/* What the sharer tells of, at the place that it has now. */
static void tell_services(struct agent *agent, size_t index)
{
    const size_t length = services_tlvs(&agent->options->services, &agent->wish.held.held[index],
                                        agent->tlvs[index], sizeof(agent->tlvs[index]));
    sharer_services(&agent->sharers[index], agent->tlvs[index], length);
}

/* Services on ports that are held no longer are withdrawn, those on new ones published. */
static void move_services(struct agent *agent, const struct range *before, const struct held *now)
{
    const struct range *range = &now->range;
    struct held below = {.range = *before}, above = {.range = *before};
    if (before->first < range->first) {
        below.range.last = before->last < range->first ? before->last : (uint16_t)(range->first - 1);
        services_lost(agent->services, &below);
    }
    if (before->last > range->last) {
        above.range.first = before->first > range->last ? before->first : (uint16_t)(range->last + 1);
        services_lost(agent->services, &above);
    }
    services_heard(agent->services, now);
}

/* The bridge took the new range: the host's settings follow. */
static void resized(struct agent *agent)
{
    char before[HELD_TEXT_BYTES], now[HELD_TEXT_BYTES], text[AGENT_CONTROL_LINE_BYTES];
    struct held *held = &agent->wish.held.held[agent->resizing];
    held_format(held, before);
    const struct range range = held->range;
    const size_t own = held_find(&agent->own, held);
    *held = agent->sharers[agent->resizing].held;
    if (own < agent->own.count)
        agent->own.held[own] = *held;
    log_notice("holding %s in place of %s", held_format(held, now), before);
    agent->monitor.ranges[agent->resizing] = (struct monitor_range){.told = MONITOR_CALM};
    if (settle(agent) != 0) {
        fail(agent);
        return;
    }
    write_state(agent);
    tell_services(agent, agent->resizing);
    move_services(agent, &range, held);
    snprintf(text, sizeof(text), "held %s", now);
    answer_asker(agent, text);
}

/* `conflict` is NULL where nobody said anything. */
static void resize_refused(struct agent *agent, const struct pe_arp *conflict)
{
    const struct sharer *s = &agent->sharers[agent->resizing];
    char wanted[RANGE_TEXT_BYTES], held[HELD_TEXT_BYTES], other[RANGE_TEXT_BYTES], mac[MAC_TEXT_BYTES],
        text[AGENT_CONTROL_LINE_BYTES];
    range_format(&s->claimed, wanted);
    held_format(&s->held, held);
    if (conflict != NULL)
        snprintf(text, sizeof(text), "refused %s holds %s: %s stays", mac_format(conflict->sha, mac),
                 range_format(&(struct range){conflict->spa.address, conflict->spa.first, conflict->spa.last},
                              other),
                 held);
    else
        snprintf(text, sizeof(text),
                 "refused no bridge asked for %s in %d s: it is another's, more than a host may have, or no "
                 "bridge is "
                 "there: %s stays",
                 wanted, SHARER_RESIZE_S, held);
    log_notice("%s", text + strlen("refused "));
    answer_asker(agent, text);
}

/* The sharer that is asking for another range. True: the event was about that. */
static bool tell_resize(struct agent *agent, enum sharer_event event, const struct pe_arp *message)
{
    if (event == SHARER_RESIZED)
        resized(agent);
    else if (event == SHARER_REFUSED || event == SHARER_UNHEARD)
        resize_refused(agent, message);
    return message == NULL || event == SHARER_RESIZED || event == SHARER_REFUSED;
}

static void tell(enum sharer_event event, const struct pe_arp *message, void *context)
{
    struct agent *agent = context;
    if (tell_resize(agent, event, message))
        return;
    char sender[MAC_TEXT_BYTES], range[RANGE_TEXT_BYTES];
    const struct port_address *a = event == SHARER_CONFLICT ? &message->spa : &message->tpa;
    mac_format(message->sha, sender);
    range_format(&(struct range){a->address, a->first, a->last}, range);
    switch (event) {
    case SHARER_CHALLENGED:
        log_notice("the bridge at %s has heard of %s", sender, range);
        write_state(agent);
        publish(agent, a);
        break;
    case SHARER_CONFLICT:
        log_warning("%s claims %s, which is held here", sender, range);
        break;
    case SHARER_ACCUSED:
        log_warning("%s says that %s is its own", sender, range);
        break;
    case SHARER_EPOCH:
        hear_epoch(agent, message);
        write_state(agent);
        break;
    case SHARER_UNMANAGED:
        log_warning("the bridge at %s manages %s: a range held here is not in it", sender, range);
        break;
    case SHARER_FORGED:
        agent->forged++;
        log_debug("a frame that says it is from %s is not, or is not signed with a key that is known", sender);
        break;
    case SHARER_RESIZED:
    case SHARER_REFUSED:
    case SHARER_UNHEARD:
        break;
    }
}

static struct sharer_out sharer_out(struct agent *agent)
{
    return (struct sharer_out){.send = send_made, .event = tell, .context = agent};
}

static void arm(struct agent *agent)
{
    const struct sharer_out out = sharer_out(agent);
    const uint64_t now_ns = clock_now_ns();
    uint64_t next_ns = UINT64_MAX;
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        const uint64_t due_ns = sharer_tick(&agent->sharers[i], now_ns, &out);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    loop_timer_set(agent->timer, next_ns == UINT64_MAX ? UINT64_MAX : next_ns > now_ns ? next_ns - now_ns : 0);
}

static void on_timer(void *context)
{
    arm(context);
}

static void write_metrics(struct agent *agent, uint64_t look_ns)
{
    struct metrics metrics = {.interface = agent->options->interface,
                              .link_up = agent->link_up,
                              .range_count = agent->wish.held.count,
                              .outside_sockets = agent->monitor.outside_sockets,
                              .forged = agent->forged,
                              .restored = agent->restored,
                              .look_s = (double)look_ns / (double)NS_PER_S};
    for (size_t i = 0; i < metrics.range_count; i++)
        metrics.ranges[i] = (struct metrics_range){.held = agent->wish.held.held[i],
                                                   .heard = agent->sharers[i].challenged,
                                                   .used = agent->monitor.ranges[i].used,
                                                   .sockets = agent->monitor.ranges[i].sockets,
                                                   .counts = agent->sharers[i].counts};
    const int error = metrics_write(&metrics, agent->options->metrics);
    if (error != 0 && !agent->metrics_fault_told)
        log_warning("cannot write %s: %s", agent->options->metrics, strerror(-error));
    agent->metrics_fault_told = error != 0;
}

static void on_watch(void *context)
{
    struct agent *agent = context;
    const uint64_t begun_ns = clock_now_ns();
    const int error = look_at_sockets(&agent->monitor, agent->options->interface, &agent->wish.held);
    if (error != 0 && !agent->look_fault_told)
        log_warning("cannot list the sockets: %s", strerror(-error));
    agent->look_fault_told = error != 0;
    if (agent->options->metrics[0] != '\0')
        write_metrics(agent, clock_now_ns() - begun_ns);
    guard_hurry(agent->guard); /* sysctls change without a word */
    loop_timer_set(agent->watch_timer, agent->options->watch_s * NS_PER_S);
}

static void on_readable(void *context)
{
    struct agent *agent = context;
    const struct sharer_out out = sharer_out(agent);
    for (unsigned i = 0; i < FRAMES_PER_WAKE; i++) {
        uint8_t bytes[PE_ARP_SOCKET_FRAME_BYTES];
        struct sharer_heard heard;
        const int got = pe_arp_socket_next(agent->socket, bytes, &heard);
        if (got == -EAGAIN)
            break;
        if (got < 0)
            log_info("packet socket: %s", strerror(-got));
        for (size_t k = 0; got == 1 && k < agent->wish.held.count; k++)
            sharer_message(&agent->sharers[k], clock_now_ns(), &heard, &out);
    }
    arm(agent);
}

static void on_table(uint8_t family, const char *name, bool gone, void *context)
{
    struct agent *agent = context;
    char own[NFT_TABLE_BYTES];
    if (family >= 64 || strcmp(name, nft_table(agent->options->interface, own)) != 0)
        return;
    const uint64_t bit = UINT64_C(1) << family;
    agent->tables_gone = gone ? agent->tables_gone | bit : agent->tables_gone & ~bit;
}

/* Puts back what was changed so far. */
static int unsettle(struct agent *agent)
{
    if (!agent->recorded)
        return 0;
    const int error = record_undo(agent->directory, agent->netlink, &agent->undo);
    /* That its own tables went is no news to this agent. */
    (void)netlink_read_tables(agent->tables, on_table, agent);
    agent->tables_gone = 0;
    agent->recorded = error != 0;
    if (agent->bind_hook >= 0)
        close(agent->bind_hook);
    agent->bind_hook = -1;
    if (error == 0)
        agent->undo = (struct undo){.namespace_cookie = agent->undo.namespace_cookie};
    return error;
}

/* The interface was made anew under its name: its settings are those of a new one. */
static int move_to(struct agent *agent, const struct link_info *link)
{
    log_notice("interface %s was made anew", link->name);
    agent->ifindex = link->index;
    int error = unsettle(agent);
    if (error == 0)
        error = settle(agent);
    if (error == 0)
        error = pe_arp_socket_bind(agent->socket, link->index, agent->options->ethertype);
    return error;
}

static void follow_link(struct agent *agent, const struct link_info *link)
{
    const struct sharer_out out = sharer_out(agent);
    const bool was_up = agent->link_up, up = link->up && !link->gone;
    int error = 0;
    if (!link->gone && link->index != agent->ifindex)
        error = move_to(agent, link);
    else if (up && !was_up)
        error = settle(agent);
    if (error != 0) {
        fail(agent);
        return;
    }
    if (up != was_up)
        log_notice("%s is %s", link->name, up ? "up" : link->gone ? "gone" : "down");
    else if (up && !mac_equal(link->mac, agent->mac))
        log_notice("%s has another MAC address: claiming again with it", link->name);
    agent->mac = link->mac;
    agent->link_up = up;
    for (size_t i = 0; i < agent->wish.held.count; i++)
        sharer_link(&agent->sharers[i], clock_now_ns(), up, link->mac, &out);
    if (up != was_up)
        write_state(agent);
    if (up && !was_up)
        services_hurry(agent->services);
    arm(agent);
}

static void on_link(const struct link_info *link, void *context)
{
    struct agent *agent = context;
    if (strcmp(link->name, agent->options->interface) != 0 || (link->gone && link->index != agent->ifindex))
        return;
    follow_link(agent, link);
}

static void on_news(void *context)
{
    struct agent *agent = context;
    struct link_info link;
    if (netlink_read_links(agent->watch, on_link, agent) != 0 && /* some were lost */
        netlink_link(agent->netlink, agent->options->interface, &link) == 0)
        follow_link(agent, &link);
}

/* A reload of the host's own rules flushes ours too: they come back at once. Our own loading removes and
 * makes the tables in one transaction, so that none is gone at its end. */
static void on_table_news(void *context)
{
    struct agent *agent = context;
    const int error = netlink_read_tables(agent->tables, on_table, agent);
    if (agent->wish.held.count == 0 || (error == 0 && agent->tables_gone == 0))
        return;
    if (error == 0)
        log_notice("somebody removed the nftables rules of this agent: loading them again");
    agent->tables_gone = 0;
    agent->restored++;
    if (nft_load(agent->options->interface, &agent->wish.held, agent->wish.police) != 0)
        fail(agent);
}

/* The range that `wanted` is to take the place of. -Exxx. */
static int range_to_resize(const struct held_list *list, const struct held *wanted)
{
    int of_address = -ENOENT, overlapped = -ENOENT;
    for (size_t i = 0; i < list->count; i++) {
        if (list->held[i].range.address.host != wanted->range.address.host)
            continue;
        of_address = of_address == -ENOENT ? (int)i : -ENOTUNIQ;
        if (held_overlaps(&list->held[i], wanted))
            overlapped = overlapped == -ENOENT ? (int)i : -ENOTUNIQ;
    }
    return overlapped == -ENOENT ? of_address : overlapped;
}

/* NULL: the question is open; or why it is refused. */
static const char *start_resize(struct agent *agent, const char *text)
{
    struct held wanted;
    if (held_parse(text, &wanted) != 0 || wanted.is_port_set)
        return "not ADDRESS:FIRST-LAST";
    const int index = range_to_resize(&agent->wish.held, &wanted);
    if (index == -ENOENT)
        return "no range of that address is held";
    if (index < 0)
        return "it would take the place of several ranges";
    if (agent->asker != NULL || agent->sharers[agent->resizing].resizing)
        return "another question is open";
    const struct sharer_out out = sharer_out(agent);
    agent->resizing = (size_t)index;
    switch (sharer_resize(&agent->sharers[index], clock_now_ns(), wanted.range, &out)) {
    case 0:
        arm(agent);
        return NULL;
    case -EBUSY:
        return "another question is open";
    case -EALREADY:
        return "that is what is held";
    case -EOPNOTSUPP:
        return "a port set has the size that the bridge gives it";
    default:
        return "the link is down";
    }
}

static void on_asked(struct agent_client *client, const char *line, void *context)
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

static void on_asker_gone(const struct agent_client *client, void *context)
{
    struct agent *agent = context;
    if (agent->asker == client)
        agent->asker = NULL;
}

static void on_signal(void *context)
{
    struct agent *agent = context;
    loop_stop(agent->loop);
}

static void start_sharer(struct agent *agent, size_t index, const struct link_info *link)
{
    const struct sharer_keys keys = {agent->options->keys, agent->options->key_count, &agent->number};
    const struct sharer_out out = sharer_out(agent);
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = clock_now_ns() ^ mac_number(link->mac) ^ index;
    sharer_init(&agent->sharers[index], &agent->wish.held.held[index], link->mac, agent->options->ethertype,
                seed, &keys);
    tell_services(agent, index);
    sharer_link(&agent->sharers[index], clock_now_ns(), link->up, link->mac, &out);
}

static void start_sharers(struct agent *agent, const struct link_info *link, const struct held_list *before)
{
    char held[HELD_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    struct sharer kept[HELD_MAX];
    memcpy(kept, agent->sharers, sizeof(kept));
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        const struct held *h = &agent->wish.held.held[i];
        const size_t was = held_find(before, h);
        if (was < before->count) {
            agent->sharers[i] = kept[was];
            tell_services(agent, i);
            continue;
        }
        start_sharer(agent, i, link);
        log_notice("holding %s on %s (%s)%s", held_format(h, held), link->name, mac_format(link->mac, mac),
                   link->up ? "" : ", which is down");
    }
}

/* Holds these from now on: what is no longer among them is withdrawn, what stays is not claimed again. */
static int hold_these(struct agent *agent, const struct held_list *held)
{
    const struct sharer_out out = sharer_out(agent);
    const struct held_list before = agent->wish.held;
    struct link_info link;
    sharer_give_up(&agent->sharers[agent->resizing], &out);
    for (size_t i = 0; i < before.count; i++)
        if (held_find(held, &before.held[i]) == held->count) {
            services_lost(agent->services, &before.held[i]);
            sharer_stop(&agent->sharers[i], &out);
        }
    int error = unsettle(agent);
    agent->wish.held = *held;
    if (error == 0 && held->count > 0)
        error = record_check_others(agent->directory, agent->options->interface);
    if (error == 0)
        error = settle(agent);
    if (error == 0)
        error = netlink_link(agent->netlink, agent->options->interface, &link);
    if (error != 0)
        return error;
    monitor_forget(&agent->monitor);
    start_sharers(agent, &link, &before);
    write_state(agent);
    arm(agent);
    return 0;
}

static void on_lease(const struct lease *lease, void *context)
{
    struct agent *agent = context;
    struct held_list held = agent->own;
    char text[HELD_TEXT_BYTES], other_text[HELD_TEXT_BYTES];
    size_t other = 0;
    const int error = lease->bound ? held_add(&held, &lease->held, &other) : 0;
    if (error != 0)
        log_warning("the lease of %s is passed over: %s %s", held_format(&lease->held, text),
                    error == -EEXIST ? "it shares ports with" : "there is no room beside",
                    held_format(&held.held[other], other_text));
    agent->wish.gateway = agent->options->gateway.host != 0 ? agent->options->gateway : lease->gateway;
    if (hold_these(agent, &held) != 0)
        fail(agent);
    else if (!lease->bound && agent->options->lease)
        loop_stop(agent->loop);
}

/* Everything that may fail and leaves nothing behind. */
static int open_all(struct agent *agent)
{
    static const int stopping[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    agent->loop = loop_new();
    agent->builder = frame_builder_new();
    agent->watch = netlink_watch_links();
    agent->tables = netlink_watch_tables();
    agent->socket = pe_arp_socket_open();
    if (agent->socket < 0) {
        log_error("cannot open a packet socket: %s", strerror(-agent->socket));
        return agent->socket;
    }
    if (agent->loop == NULL || agent->builder == NULL || agent->watch == NULL || agent->tables == NULL) {
        log_error("cannot start: %s", strerror(errno != 0 ? errno : ENOMEM));
        return -ENOMEM;
    }
    agent->timer = loop_timer(agent->loop, on_timer, agent);
    agent->watch_timer = loop_timer(agent->loop, on_watch, agent);
    agent->readable = loop_readable(agent->loop, LOOP_FRAMES, agent->socket, on_readable, agent);
    agent->news = loop_readable(agent->loop, LOOP_CONTROL, netlink_fd(agent->watch), on_news, agent);
    agent->table_news =
        loop_readable(agent->loop, LOOP_CONTROL, netlink_fd(agent->tables), on_table_news, agent);
    agent->services =
        services_new(agent->loop, &agent->options->services, agent->directory, agent->options->interface);
    if (agent->services == NULL)
        return -ENOMEM;
    agent->guard = guard_new(agent->loop, restore, agent);
    const struct agent_control_calls calls = {on_asked, on_asker_gone, agent};
    agent->control = agent_control_open(agent->loop, agent->directory, agent->options->interface, &calls);
    bool all = agent->control != NULL && agent->guard != NULL && agent->timer != NULL &&
               agent->watch_timer != NULL && agent->readable != NULL && agent->news != NULL &&
               agent->table_news != NULL;
    for (size_t i = 0; i < SIGNALS; i++) {
        agent->signals[i] = loop_signal(agent->loop, stopping[i], on_signal, agent);
        all = all && agent->signals[i] != NULL;
    }
    if (!all) {
        log_error("cannot start: %s", strerror(ENOMEM));
        return -ENOMEM;
    }
    agent->leases = lease_follower_new(&(struct lease_following){.loop = agent->loop,
                                                                 .directory = agent->directory,
                                                                 .interface = agent->options->interface,
                                                                 .client = agent->options->dhcp,
                                                                 .changed = on_lease,
                                                                 .context = agent});
    return agent->leases != NULL ? 0 : -EIO;
}

static void close_all(struct agent *agent)
{
    for (size_t i = 0; i < SIGNALS; i++)
        loop_source_free(agent->signals[i]);
    agent_control_close(agent->control);
    guard_free(agent->guard);
    loop_source_free(agent->table_news);
    loop_source_free(agent->news);
    loop_source_free(agent->readable);
    loop_source_free(agent->watch_timer);
    loop_source_free(agent->timer);
    services_free(agent->services);
    loop_free(agent->loop);
    if (agent->socket >= 0)
        close(agent->socket);
    netlink_close(agent->tables);
    netlink_close(agent->watch);
    frame_builder_free(agent->builder);
}

/* The settings, then the first claim, then the word that this is ready. A DHCP client is only started by then. */
static int start(struct agent *agent)
{
    char address[IPV4_TEXT_BYTES];
    struct link_info link;
    int error = settle(agent);
    if (error == 0)
        error = netlink_link(agent->netlink, agent->options->interface, &link);
    if (error != 0)
        return error;
    error = pe_arp_socket_bind(agent->socket, link.index, agent->options->ethertype);
    if (error != 0) {
        log_error("cannot listen on %s: %s", link.name, strerror(-error));
        return error;
    }
    agent->number = clock_wall_us();
    monitor_init(&agent->monitor, agent->options->warn_percent);
    agent->ifindex = link.index;
    agent->link_up = link.up;
    agent->mac = link.mac;
    start_sharers(agent, &link, &(struct held_list){.count = 0});
    write_state(agent);
    arm(agent);
    if (agent->gateway.host != 0)
        log_info("gateway %s", ipv4_format(agent->gateway, address));
    else if (agent->wish.held.count > 0)
        log_notice("no gateway is known: waiting for the bridge to name one (or give -g)");
    lease_follower_start(agent->leases);
    if (agent->options->lease && agent->wish.held.count == agent->options->held.count) {
        log_notice("%s has no lease", agent->options->interface);
        loop_stop(agent->loop);
    }
    notify_ready();
    loop_timer_set(agent->watch_timer, 0);
    return 0;
}

/* Everything of the agent's that says and holds something ends, in this order: a DHCP client gives its lease back
 * while the address stands. */
static int let_go(struct agent *agent)
{
    char name[RUN_NAME_BYTES];
    const struct sharer_out out = sharer_out(agent);
    lease_follower_free(agent->leases);
    for (size_t i = 0; i < agent->wish.held.count; i++)
        sharer_stop(&agent->sharers[i], &out);
    const int error = unsettle(agent);
    (void)run_remove(agent->directory, run_name(agent->options->interface, "state", name));
    return error;
}

static int hold(struct agent *agent)
{
    int error = open_all(agent);
    if (error == 0)
        error = start(agent);
    if (error == 0 && loop_run(agent->loop) == 0)
        error = agent->exit_status == 0 ? 0 : -EIO;
    notify_stopping();
    services_withdraw(agent->services); /* while the host still has its address, and the bridge's answers */
    const int undone = let_go(agent);
    error = error != 0 ? error : undone;
    close_all(agent);
    return error;
}

/* Opens the directory and takes the interface's lock. 0, or -Exxx after one line in the log. */
static int take_interface(struct agent *agent, const char *interface)
{
    pid_t holder = 0;
    agent->directory = run_directory(true);
    if (agent->directory < 0) {
        log_error("cannot open /run/pearp-agent: %s", strerror(-agent->directory));
        return agent->directory;
    }
    agent->lock = run_lock(agent->directory, interface, &holder);
    if (agent->lock == -EAGAIN)
        log_error("an agent (process %ld) runs on %s: stop it first", (long)holder, interface);
    else if (agent->lock < 0)
        log_error("cannot lock /run/pearp-agent/%s.lock: %s", interface, strerror(-agent->lock));
    if (agent->lock < 0)
        return agent->lock;
    agent->netlink = netlink_open();
    if (agent->netlink == NULL) {
        log_error("cannot open a netlink socket: %s", strerror(errno));
        return -errno;
    }
    return 0;
}

static void leave_interface(struct agent *agent, const char *interface)
{
    netlink_close(agent->netlink);
    if (agent->lock >= 0)
        run_unlock(agent->directory, interface, agent->lock);
    if (agent->directory >= 0)
        run_directory_close(agent->directory);
}

static struct host_wish wish_of(const struct agent_options *options)
{
    return (struct host_wish){.interface = options->interface,
                              .held = options->held,
                              .police = options->enforce == ENFORCE_NFT,
                              .gateway = options->gateway};
}

int agent_run(const struct agent_options *options)
{
    struct agent agent = {.options = options,
                          .directory = -1,
                          .lock = -1,
                          .socket = -1,
                          .bind_hook = -1,
                          .own = options->held,
                          .wish = wish_of(options),
                          .undo = {.namespace_cookie = run_namespace_cookie()}};
    struct link_info link;
    bool found = false;
    int error = take_interface(&agent, options->interface);
    if (error == 0)
        error = record_undo_left(agent.directory, agent.netlink, options->interface, &found);
    if (error == 0 && found)
        log_notice("put back what an earlier agent left on %s", options->interface);
    if (error == 0)
        error = record_check_others(agent.directory, options->interface);
    if (error == 0) {
        error = netlink_link(agent.netlink, options->interface, &link);
        if (error != 0)
            log_error("interface %s: %s", options->interface, strerror(-error));
    }
    if (error == 0)
        error = hold(&agent);
    leave_interface(&agent, options->interface);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int agent_undo(const char *interface)
{
    struct agent agent = {.directory = -1, .lock = -1};
    bool found = false;
    int error = take_interface(&agent, interface);
    if (error == 0)
        error = record_undo_left(agent.directory, agent.netlink, interface, &found);
    if (error == 0)
        log_notice(found ? "put back what an agent left on %s" : "no agent left anything on %s", interface);
    leave_interface(&agent, interface);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int agent_print(const struct agent_options *options)
{
    const struct host_wish wish = wish_of(options);
    struct undo undo = {.ifindex = 0};
    struct ipv4 gateway;
    struct netlink *netlink = netlink_open();
    if (netlink == NULL) {
        log_error("cannot open a netlink socket: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    const int error = host_settings_plan(netlink, &wish, &undo, &gateway);
    netlink_close(netlink);
    if (error != 0)
        return EXIT_FAILURE;
    host_settings_print(&undo);
    if (options->cgroup[0] != '\0')
        printf("# bind() of programs of %s to other ports fails, by a BPF program\n", options->cgroup);
    if (gateway.host == 0)
        printf("# no gateway is known: the routes are added when the bridge names one (or give -g)\n");
    return EXIT_SUCCESS;
}
