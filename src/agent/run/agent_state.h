/* agent_state.h: a running agent, and what its files offer to one another.
 * Called by: agent*.c. Never by: anything that is tested alone. */
#ifndef PEARPD_AGENT_AGENT_STATE_H
#define PEARPD_AGENT_AGENT_STATE_H

#include "pearpd/frame_build.h"
#include "pearpd/loop.h"
#include "pearpd/netlink.h"
#include "pearpd/rate.h"

#include "agent.h"
#include "agent_control.h"
#include "dhcp/lease_follower.h"
#include "dns/service.h"
#include "host/host_settings.h"
#include "host/settings_watch.h"
#include "pe_arp/claimant.h"
#include "usage/usage_alarm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_SIGNALS 3

struct agent {
    const struct agent_options *options;
    int directory, lock, socket;
    struct netlink *netlink, *watch, *tables;
    struct loop *loop;
    struct loop_source *timer, *watch_timer, *readable, *news, *table_news, *signals[AGENT_SIGNALS];
    struct lease_follower *leases;
    struct frame_builder *builder;
    struct held_list own;  /* what is held whatever a lease brings: the options', as resized since */
    struct host_wish wish; /* with what is held now */
    unsigned ifindex;
    struct ipv4 gateway;
    uint64_t gateway_allowed_ns; /* none that a HELLO names is tried before */
    struct undo undo;
    bool recorded; /* *undo is on disk, and may be in effect */
    bool send_fault_logged, check_fault_logged, metrics_fault_logged;
    struct rate others_rate; /* what other hosts say */
    uint64_t others_not_logged;
    struct rate tables_loaded;
    bool forged_now;                     /* the frame in hand is not believed */
    uint64_t tables_gone;                /* a bit for each family whose table of ours somebody removed */
    struct claimant claimants[HELD_MAX]; /* one for each of wish.held */
    uint8_t tlvs[HELD_MAX][SERVICE_TLVS_BYTES];
    struct services *services;
    uint64_t number; /* the next SEQ */
    bool link_up;
    struct mac mac;    /* of the interface */
    struct mac bridge; /* SHARED-MAC of the last HELLO of a new epoch; zero: none heard */
    uint64_t epoch;    /* of that */
    bool epoch_logged;
    struct usage_alarm alarm;
    uint64_t forged, restored; /* counted since the start */
    int bind_hook;             /* -1: none */
    struct settings_watch *settings_watch;
    struct agent_control *control;
    struct agent_client *asker; /* who waits for what comes of a resize; NULL: nobody */
    size_t resizing;            /* that range, while its claimant asks for another */
    int exit_status;
};

/* Ends the agent with a fault that was told (agent.c). */
void agent_fail(struct agent *agent);

/* Looks again at what is there, records what is to be changed, changes it (agent_settings.c). 0, or -Exxx after one line in
 * the log, as the next. */
int agent_settings_apply(struct agent *agent);

/* A HELLO, which anybody on the segment may have sent, names a gateway where none is known. One that cannot be is passed
 * over. */
void agent_settings_use_gateway(struct agent *agent, struct ipv4 gateway);

/* Puts back what was changed so far. */
int agent_settings_undo(struct agent *agent);

/* For the watch: sets again what somebody took away. True: something was. */
bool agent_settings_check(void *context);
void agent_on_table_news(void *context);

/* The interface has news (agent_link.c). */
void agent_on_link_news(void *context);

/* agent_pe_arp.c. Starts a claimant for each of what is held, but keeps those of `before` that are held still. */
void agent_start_claimants(struct agent *agent, const struct link_info *link, const struct held_list *before);
struct claimant_out agent_claimant_out(struct agent *agent);

/* Lets the claimants say what is due, and sets the timer for the next. */
void agent_arm(struct agent *agent);
void agent_on_timer(void *context);
void agent_on_readable(void *context);

/* What the claimant at this place tells of services. */
void agent_tell_services(struct agent *agent, size_t index);

/* For `status`; what is lost with it is told anew. While there is none, the settings are not all made. */
void agent_write_state(const struct agent *agent);
void agent_remove_state(const struct agent *agent);

/* agent_resize.c. True: the event was about a range that is asked for. */
bool agent_tell_resize(struct agent *agent, enum claimant_event event, const struct pe_arp *message);
void agent_on_asked(struct agent_client *client, const char *line, void *context);
void agent_on_asker_gone(const struct agent_client *client, void *context);

/* It is time for a look (agent_usage.c). */
void agent_on_watch(void *context);

#endif
