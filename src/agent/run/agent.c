/* agent.c: see agent.h: a running agent from its start to its end. What it does meanwhile is in agent_*.c. */
#include "agent.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"
#include "pearpd/notify.h"

#include "agent_event.h"
#include "agent_lease.h"
#include "agent_link.h"
#include "agent_pe_arp.h"
#include "agent_resize.h"
#include "agent_settings.h"
#include "agent_state.h"
#include "agent_try.h"
#include "agent_usage.h"
#include "dns/dns_journal.h"
#include "host/link_up.h"
#include "host/run_files.h"
#include "host/undo_file.h"
#include "pe_arp/pe_arp_socket.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALIVE_NS (5 * NS_PER_S)

static void on_signal(void *context)
{
    struct agent *agent = context;
    loop_stop(agent->loop);
}

/* On trial it may be that of a terminal that is lost. */
static void on_hangup(void *context)
{
    const struct agent *agent = context;
    if (try_run_is_open(agent->trial))
        log_notice("SIGHUP is ignored until the trial is confirmed or over");
    else
        loop_stop(agent->loop);
}

static int failed_link(const struct agent *agent, int error)
{
    log_error("interface %s: %s", agent->options->interface, strerror(-error));
    return error;
}

static void report_alive(void *context)
{
    const struct agent *agent = context;
    notify_alive(clock_now_ns());
    loop_timer_set(agent->alive_timer, ALIVE_NS);
}

static void on_services(void *context)
{
    const struct agent *agent = context;
    agent_state_write(agent);
}

/* Everything that may fail and leaves nothing behind. */
static int open_all(struct agent *agent)
{
    static const int stopping[AGENT_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    agent->out = (struct claimant_out){agent_pe_arp_send, agent_on_claimant_event, agent};
    agent->loop = loop_new();
    log_never_wait();
    agent->builder = frame_builder_new();
    agent->watch = netlink_watch_links();
    agent->tables = netlink_watch_tables();
    agent->socket = pe_arp_socket_open();
    if (agent->socket < 0) {
        log_error("cannot open a packet socket, which needs root: %s", strerror(-agent->socket));
        return agent->socket;
    }
    if (agent->loop == NULL || agent->builder == NULL || agent->watch == NULL || agent->tables == NULL) {
        log_error("cannot start: %s", strerror(errno != 0 ? errno : ENOMEM));
        return -ENOMEM;
    }
    agent->timer = loop_timer(agent->loop, agent_pe_arp_on_timer, agent);
    agent->watch_timer = loop_timer(agent->loop, agent_usage_on_timer, agent);
    agent->readable = loop_readable(agent->loop, LOOP_FRAMES, agent->socket, agent_pe_arp_on_readable, agent);
    agent->news = loop_readable(agent->loop, LOOP_CONTROL, netlink_fd(agent->watch), agent_link_on_news, agent);
    agent->table_news =
        loop_readable(agent->loop, LOOP_CONTROL, netlink_fd(agent->tables), agent_settings_on_tables, agent);
    agent->services = services_new(agent->loop, &agent->options->services,
                                   &(struct services_owner){.directory = agent->directory,
                                                            .interface = agent->options->interface,
                                                            .changed = on_services,
                                                            .context = agent});
    if (agent->services == NULL)
        return -ENOMEM;
    agent->settings_watch = settings_watch_new(agent->loop, agent_settings_check, agent);
    const struct agent_control_calls calls = {agent_try_on_request, agent_resize_on_client_gone, agent};
    agent->control = agent_control_open(agent->loop, agent->directory, agent->options->interface, &calls);
    bool all = agent->control != NULL && agent->settings_watch != NULL && agent->timer != NULL &&
               agent->watch_timer != NULL && agent->readable != NULL && agent->news != NULL &&
               agent->table_news != NULL;
    for (size_t i = 0; i < AGENT_SIGNALS; i++) {
        agent->signals[i] =
            loop_signal(agent->loop, stopping[i], stopping[i] == SIGHUP ? on_hangup : on_signal, agent);
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
                                                                 .changed = agent_lease_changed,
                                                                 .context = agent});
    return agent->leases != NULL ? 0 : -EIO;
}

static void close_all(struct agent *agent)
{
    for (size_t i = 0; i < AGENT_SIGNALS; i++)
        loop_source_free(agent->signals[i]);
    try_run_stop(agent->trial);
    agent_control_close(agent->control);
    settings_watch_free(agent->settings_watch);
    loop_source_free(agent->table_news);
    loop_source_free(agent->news);
    loop_source_free(agent->readable);
    loop_source_free(agent->watch_timer);
    loop_source_free(agent->alive_timer);
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
    int error = agent_settings_apply(agent);
    if (error != 0)
        return error;
    error = netlink_link(agent->netlink, agent->options->interface, &link);
    if (error != 0)
        return failed_link(agent, error);
    error = pe_arp_socket_bind(agent->socket, link.index, agent->options->ethertype);
    if (error != 0) {
        log_error("cannot listen on %s: %s", link.name, strerror(-error));
        return error;
    }
    agent->number = clock_wall_us();
    usage_alarm_init(&agent->alarm, agent->options->warn_percent);
    agent->ifindex = link.index;
    agent->link_up = link.up;
    agent->mac = link.mac;
    agent_pe_arp_start(agent, &link, &(struct range_list){.count = 0});
    agent_state_write(agent);
    agent_pe_arp_arm(agent);
    if (agent->gateway.host != 0)
        log_info("gateway %s", ipv4_format(agent->gateway, address));
    else if (agent->wish.held.count > 0)
        log_notice("no gateway is known: waiting for a HELLO that names one (or use -g)");
    lease_follower_start(agent->leases);
    if (agent->options->lease && agent->wish.held.count == agent->options->held.count) {
        log_notice("%s has no lease", agent->options->interface);
        loop_stop(agent->loop);
    }
    notify_ready();
    loop_timer_set(agent->watch_timer, 0);
    return 0;
}

/* Starts, or waits for a card that comes late, ready meanwhile: at boot others wait for this. */
static int start_or_wait(struct agent *agent)
{
    const char *name = agent->options->interface;
    struct link_info link;
    const int error = netlink_link(agent->netlink, name, &link);
    agent->alive_timer = loop_timer(agent->loop, report_alive, agent);
    if (agent->alive_timer == NULL)
        return -ENOMEM;
    loop_timer_set(agent->alive_timer, 0);
    agent->begin = start;
    if (error == 0)
        return start(agent);
    if (error != -ENODEV)
        return failed_link(agent, error);
    log_warning("waiting for %s: %s", name, strerror(ENODEV));
    notify_ready();
    return 0;
}

/* Ends what the agent announces and holds, in this order: a DHCP client gives its lease back while the address is
 * still there. */
static int let_go(struct agent *agent)
{
    bool raised;
    lease_follower_free(agent->leases);
    for (size_t i = 0; i < agent->wish.held.count; i++)
        claimant_stop(&agent->claimants[i], &agent->out);
    const int error = agent_settings_undo(agent);
    const int lowered = link_up_undo(agent->directory, agent->options->interface, &raised);
    return error != 0 ? error : lowered;
}

static int hold(struct agent *agent)
{
    int error = open_all(agent);
    if (error == 0)
        error = agent_try_start(agent);
    if (error == 0)
        error = start_or_wait(agent);
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
    char fault[RUN_FAULT_BYTES];
    pid_t holder = 0;
    agent->directory = run_directory(true);
    if (agent->directory < 0) {
        log_error("cannot open /run/pearp-agent: %s", run_directory_fault(agent->directory, fault));
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
                              .enforce = options->enforce == ENFORCE_NFT,
                              .gateway = options->gateway};
}

/* What a killed agent left. 0, *found telling whether there was something, or -Exxx after one line in the log. */
static int undo_left(struct agent *agent, const char *interface, bool *found)
{
    bool raised = false;
    int error = undo_file_restore_left(agent->directory, agent->netlink, interface, found);
    if (error == 0)
        error = link_up_undo(agent->directory, interface, &raised);
    *found = *found || raised;
    return error;
}

int agent_run(const struct agent_options *options, struct try_run *trial)
{
    struct agent agent = {.options = options,
                          .trial = trial,
                          .directory = -1,
                          .lock = -1,
                          .socket = -1,
                          .bind_hook = -1,
                          .own = options->held,
                          .wish = wish_of(options),
                          .undo = {.namespace_cookie = run_namespace_cookie()}};
    bool found = false;
    int error = take_interface(&agent, options->interface);
    if (error == 0)
        error = undo_left(&agent, options->interface, &found);
    if (error == 0 && found)
        log_notice("restored the settings that an earlier agent changed on %s", options->interface);
    if (error == 0)
        error = undo_file_check_others(agent.directory, options->interface);
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
        error = undo_left(&agent, interface, &found);
    if (error == 0) {
        log_notice(found ? "restored the settings that an agent changed on %s" : "no agent left settings on %s",
                   interface);
        dns_journal_warn(agent.directory, interface);
    }
    leave_interface(&agent, interface);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int agent_print(const struct agent_options *options)
{
    const struct host_wish wish = wish_of(options);
    struct undo undo = {.ifindex = 0};
    struct ipv4 gateway;
    if (wish.held.count == 0) {
        printf("# what is set follows from the lease that the DHCP client on %s brings\n", wish.interface);
        return EXIT_SUCCESS;
    }
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
