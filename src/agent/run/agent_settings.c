/* agent_settings.c: see agent_settings.h. */
#include "agent_settings.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include "agent_state.h"
#include "host/bind_hook.h"
#include "host/nft.h"
#include "host/run_files.h"
#include "host/undo_file.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GATEWAY_GAP_S 10
#define TABLES_GAP_S  10
#define TABLES_BURST  5

/* A hook that goes with this process needs no record. */
static int apply_bind_hook(struct agent *agent)
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

static int plan(struct agent *agent)
{
    snprintf(agent->undo.metrics, sizeof(agent->undo.metrics), "%s", agent->options->metrics);
    const int error = host_settings_plan(agent->netlink, &agent->wish, &agent->undo, &agent->gateway);
    return error != 0 ? error : undo_file_write(agent->directory, &agent->undo);
}

/* Of two agents that start at the same moment neither would find the other's record. */
static int plan_alone(struct agent *agent)
{
    static const char name[] = "all"; /* no interface's */
    pid_t holder = 0;
    const int lock = run_lock_wait(agent->directory, name, &holder);
    if (lock == -EAGAIN)
        log_error("process %ld has locked /run/pearp-agent/%s.lock for seconds: end that process", (long)holder,
                  name);
    else if (lock < 0)
        log_error("cannot lock /run/pearp-agent/%s.lock: %s", name, strerror(-lock));
    if (lock < 0)
        return lock;
    int error = undo_file_check_others(agent->directory, agent->options->interface);
    if (error == 0)
        error = plan(agent);
    run_unlock(agent->directory, name, lock);
    return error;
}

/* While something was set, the interface went, or another took its name: news of that comes. */
static bool interface_left(const struct agent *agent)
{
    struct link_info link;
    const int error = netlink_link(agent->netlink, agent->options->interface, &link);
    return agent->ifindex != 0 && (error == -ENODEV || (error == 0 && link.index != agent->ifindex));
}

static int apply(struct agent *agent)
{
    int error = nft_find();
    if (error == 0)
        error = agent->recorded ? plan(agent) : plan_alone(agent);
    if (error != 0)
        return error;
    agent->recorded = true;
    error = host_settings_apply(agent->netlink, &agent->undo);
    return error == 0 ? apply_bind_hook(agent) : error;
}

int agent_settings_apply(struct agent *agent)
{
    const int error = agent->wish.held.count > 0 ? apply(agent) : 0;
    if (error == 0 || !interface_left(agent))
        return error;
    log_notice("interface %s went while its settings were made: they are made again when it is back",
               agent->options->interface);
    return 0;
}

struct own_search {
    struct ipv4 address;
    bool found;
};

static void compare_address(const struct host_address *address, void *context)
{
    struct own_search *search = context;
    search->found = search->found || address->address.host == search->address.host;
}

/* Whether this host may have a gateway of that address. */
static bool is_possible(const struct agent *agent, struct ipv4 gateway)
{
    struct own_search own = {.address = gateway};
    for (size_t i = 0; i < agent->wish.held.count; i++)
        if (agent->wish.held.ranges[i].range.address.host == gateway.host)
            return false;
    return ipv4_is_host(gateway) && netlink_addresses(agent->netlink, compare_address, &own) == 0 && !own.found;
}

void agent_settings_use_gateway(struct agent *agent, struct ipv4 gateway)
{
    char text[IPV4_TEXT_BYTES];
    const uint64_t now_ns = clock_now_ns();
    if (now_ns < agent->gateway_allowed_ns || gateway.host == agent->gateway_refused.host ||
        !is_possible(agent, gateway))
        return;
    log_notice("HELLO names %s as the gateway", ipv4_format(gateway, text));
    agent->wish.gateway = gateway;
    if (agent_settings_apply(agent) == 0)
        return;
    log_warning("%s cannot be the gateway: waiting for a HELLO that names another (or use -g)", text);
    agent->gateway_refused = gateway;
    agent->gateway_allowed_ns = now_ns + GATEWAY_GAP_S * NS_PER_S;
    agent->wish.gateway = (struct ipv4){0};
    if (agent_settings_undo(agent) != 0 || agent_settings_apply(agent) != 0)
        agent_fail(agent);
    else
        agent_state_write(agent);
}

bool agent_settings_check(void *context)
{
    struct agent *agent = context;
    struct link_info link;
    char missing[HOST_SETTINGS_TEXT_BYTES];
    if (!agent->recorded || netlink_link(agent->netlink, agent->options->interface, &link) != 0 ||
        link.index != agent->undo.ifindex)
        return false;
    if (!host_settings_missing(agent->netlink, &agent->undo, agent->link_up && link.up, missing)) {
        if (agent->tables_gone == 0)
            return false;
        snprintf(missing, sizeof(missing), "the nftables rules");
    }
    agent->tables_gone = 0;
    log_notice("somebody took away or changed %s: setting it again", missing);
    agent->restored++;
    const int error = agent_settings_apply(agent);
    if (error != 0 && error != -ENETDOWN)
        agent_fail(agent);
    return true;
}

static void on_table(uint8_t family, const char *name, bool gone, void *context)
{
    struct agent *agent = context;
    char own[NFT_TABLE_BYTES];
    if (family >= 64 || strcmp(name, nft_table(agent->options->interface, own)) != 0)
        return;
    if (family == NFPROTO_INET && !agent->wish.enforce)
        return; /* it is removed with each load, and not made again */
    const uint64_t bit = UINT64_C(1) << family;
    agent->tables_gone = gone ? agent->tables_gone | bit : agent->tables_gone & ~bit;
}

int agent_settings_undo(struct agent *agent)
{
    agent_state_remove(agent);
    if (!agent->recorded)
        return 0;
    const int error = undo_file_restore(agent->directory, agent->netlink, &agent->undo);
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

/* Asks the kernel: news may be lost, and one that a table is gone may be the first half of our own loading. A large port
 * set makes so much news at each loading that some is lost. 0, or -Exxx after one line in the log. */
static int read_tables_gone(struct agent *agent)
{
    static const uint8_t families[] = {NFPROTO_NETDEV, NFPROTO_INET, NFPROTO_IPV4};
    char name[NFT_TABLE_BYTES];
    agent->tables_gone = 0;
    nft_table(agent->options->interface, name);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        bool there = true;
        if (families[i] == NFPROTO_INET && !agent->wish.enforce)
            continue;
        const int error = netlink_has_table(families[i], name, &there);
        if (error != 0) {
            log_warning("cannot ask for the nftables tables: %s", strerror(-error));
            return error;
        }
        agent->tables_gone |= there ? 0 : UINT64_C(1) << families[i];
    }
    return 0;
}

/* A reload of the host's own rules flushes ours too: they come back at once. Beside a program that removes them again and
 * again they come back when settings_watch looks. */
void agent_settings_on_tables(void *context)
{
    static const struct rate_limit limit = {TABLES_GAP_S * NS_PER_S,
                                            (TABLES_BURST - 1) * TABLES_GAP_S * NS_PER_S};
    struct agent *agent = context;
    const int error = netlink_read_tables(agent->tables, on_table, agent);
    if (!agent->recorded || (error == 0 && agent->tables_gone == 0) || read_tables_gone(agent) != 0 ||
        agent->tables_gone == 0)
        return;
    if (!rate_take(&agent->tables_loaded, limit, clock_now_ns())) {
        settings_watch_look_soon(agent->settings_watch);
        return;
    }
    log_notice("somebody removed the nftables rules of this agent: loading them again");
    agent->tables_gone = 0;
    agent->restored++;
    if (nft_load(agent->options->interface, &agent->wish.held, agent->wish.enforce) != 0 &&
        !interface_left(agent))
        agent_fail(agent);
}
