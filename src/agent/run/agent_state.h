/* agent_state.h: a running agent: what its files share, what `status` reads of it, its end after a fault.
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
    struct loop_source *timer, *watch_timer, *alive_timer, *readable, *news, *table_news,
        *signals[AGENT_SIGNALS];
    struct lease_follower *leases;
    struct frame_builder *builder;
    struct claimant_out out; /* of all claimants */
    struct range_list own;   /* what is held whatever a lease brings: the options', as resized since */
    struct host_wish wish;   /* with what is held now */
    unsigned ifindex;        /* 0: the interface is waited for, and nothing is set or claimed */
    int (*begin)(struct agent *agent); /* when it is there */
    struct ipv4 gateway;
    uint64_t gateway_allowed_ns; /* none that a HELLO names is tried before */
    struct ipv4 gateway_refused; /* named in this epoch, and could not be set: not tried again; 0.0.0.0: none */
    struct undo undo;
    bool recorded; /* *undo is on disk, and may be in effect */
    bool send_fault_logged, check_fault_logged, metrics_fault_logged;
    struct rate others_rate; /* what other hosts say */
    uint64_t others_not_logged;
    struct rate tables_loaded;
    bool forged_now;                       /* the frame in hand is not believed */
    uint64_t tables_gone;                  /* a bit for each family whose table of ours somebody removed */
    struct claimant claimants[RANGES_MAX]; /* one for each of wish.held */
    uint8_t tlvs[RANGES_MAX][SERVICE_TLVS_BYTES];
    struct services *services;
    uint64_t number; /* the next SEQ */
    bool link_up;
    struct mac mac;    /* of the interface */
    struct mac bridge; /* that asked for a range, or had a new epoch, last; zero: none, or it is silent */
    uint64_t epoch;    /* of the last HELLO with a new one */
    bool epoch_logged;
    struct usage_alarm alarm;
    uint64_t forged, restored; /* counted since the start */
    int bind_hook;             /* -1: none */
    struct settings_watch *settings_watch;
    struct agent_control *control;
    struct agent_client *asker; /* who waits for what comes of a resize; NULL: nobody */
    size_t resizing;            /* that range, while its claimant asks for another */
    struct try_run *trial;      /* NULL: it is none */
    int exit_status;
};

/* Ends the agent with a fault that was logged. */
void agent_fail(struct agent *agent);

/* What `status` reads of this agent; what is lost with it is written again. While there is none, not all settings are
 * made. */
void agent_state_write(const struct agent *agent);
void agent_state_remove(const struct agent *agent);

#endif
