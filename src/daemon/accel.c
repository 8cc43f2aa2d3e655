/* accel.c: see accel.h. */
#include "accel.h"

#include "pearpd/clock.h"
#include "pearpd/eth.h"
#include "pearpd/fast_loader.h"
#include "pearpd/fast_path.h"
#include "pearpd/fast_table.h"
#include "pearpd/log.h"
#include "pearpd/netlink_link.h"
#include "pearpd/netlink_punt.h"
#include "pearpd/packet_port.h"
#include "pearpd/tap_port.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHY_BYTES  256
#define NAME_BYTES 128
#define LEAVES_MIN 4096
/* Bindings harvested in a second where nobody asks: frames wait as long. What the engine decides it harvests itself. */
#define HARVEST_MOST 16384

/* One side, as the programs are attached to it. */
struct accel_side {
    unsigned ifindex; /* that it is bound to; 0: none */
    bool up;
    uint32_t mtu_bytes;
    unsigned attached; /* the interface that the program is attached to; 0: none */
    unsigned punt;     /* the punt device of it, that the port receives by; 0: none */
};

struct accel {
    struct accel_target target;
    struct fast_loader *loader; /* NULL: there is no fast path */
    struct fast_table *table;
    struct fast_path calls;
    const struct fast_memory *memory;
    struct accel_side sides[SIDES];
    uint64_t frames[SIDES]; /* forwarded, by the side that they came in by */
    bool is_active;         /* the engine has `calls`, and frames are forwarded */
    bool is_inherited;      /* the memory is still what an earlier daemon left */
    bool is_ending;         /* nothing is forwarded any more: all that was counted is taken */
    bool is_said;           /* the log knows that it is on */
    bool is_counted;  /* the frames that a port took since it was diverted are those that the programs count */
    bool is_starting; /* no port is bound yet */
    bool is_paused;   /* the engine is about to change, or has not started */
    char why[WHY_BYTES]; /* it is off; empty: it is on */
};

static const struct config *config_of(const struct accel *accel)
{
    return *accel->target.config;
}

static struct engine *engine_of(const struct accel *accel)
{
    return *accel->target.engine;
}

/* Pins outlive a network namespace and are seen from all of them: the same configuration in another one has others. */
static void pin_name(const char *file, char name[static NAME_BYTES])
{
    struct stat net = {0};
    const char *slash = strrchr(file, '/'), *base = slash == NULL ? file : slash + 1;
    const char *dot = strrchr(base, '.');
    const size_t length = dot == NULL ? strlen(base) : (size_t)(dot - base);
    (void)stat("/proc/self/ns/net", &net);
    snprintf(name, NAME_BYTES, "%.*s-%llu", (int)(length < 64 ? length : 64), base,
             (unsigned long long)net.st_ino);
}

static void say_off(struct accel *accel, const char *why)
{
    snprintf(accel->why, sizeof(accel->why), "%s", why);
}

/* Columns of counts: one for each processor there may be, so that none waits for another. */
static uint32_t columns(void)
{
    const long processors = sysconf(_SC_NPROCESSORS_CONF);
    return processors < 1 ? 1 : processors > FAST_COLUMNS_MAX ? FAST_COLUMNS_MAX : (uint32_t)processors;
}

/* Each block of ports that several bindings share takes a leaf. A reload may add addresses. */
static uint32_t leaves(const struct config *config)
{
    const uint64_t wanted = 2 * (uint64_t)config->address_count * FAST_BLOCKS;
    return wanted > FAST_LEAVES_MAX ? FAST_LEAVES_MAX : wanted < LEAVES_MIN ? LEAVES_MIN : (uint32_t)wanted;
}

/* Its program is at the egress, and what that leaves is read from the tap: there is nothing to divert. */
static bool is_tap(const struct accel *accel, enum side side)
{
    return side == SIDE_UPSTREAM && config_of(accel)->upstream_tap;
}

/* What the configuration says against a fast path; NULL: nothing. */
static const char *reason_against(const struct accel *accel)
{
    const struct config *config = config_of(accel);
    if (config->accel == ACCEL_NONE)
        return "accel = none";
    for (unsigned side = 0; side < SIDES; side++)
        if (!is_tap(accel, (enum side)side) &&
            packet_port_filter_error(accel->target.sockets->ports[side]) != 0)
            return "packet sockets cannot have filters";
    return NULL;
}

/* What the program leaves to the daemon. */

static struct netlink *netlink_of(const struct accel *accel)
{
    return accel->target.sockets->requests;
}

static int divert(const struct accel *accel, enum side side, unsigned punt)
{
    if (is_tap(accel, side))
        return 0;
    const int programs[PACKET_PORT_SOCKETS] = {
        [PACKET_PORT_RING] = fast_loader_filter_fd(accel->loader, FAST_SOCKET_RING),
        [PACKET_PORT_ASIDE] = fast_loader_filter_fd(accel->loader, FAST_SOCKET_ASIDE),
    };
    return packet_port_divert(accel->target.sockets->ports[side], punt, programs);
}

/* The port receives by its own interface again, before the program is removed. */
static void end_punt(struct accel *accel, enum side side)
{
    const int error = is_tap(accel, side) ? 0 : packet_port_undivert(accel->target.sockets->ports[side]);
    if (error != 0)
        log_error("%s receives nothing, restart pearpd: %s", side_name(side), strerror(-error));
    accel->memory->config->punt[side] = accel->sides[side].punt = 0;
}

/* 0, and the device; a tap has none. */
static int make_punt(const struct accel *accel, enum side side, unsigned *punt)
{
    *punt = 0;
    return is_tap(accel, side) ? 0 : netlink_punt_make(netlink_of(accel), accel->sides[side].ifindex, punt);
}

static bool has_punt(const struct accel *accel, enum side side)
{
    const struct accel_side *s = &accel->sides[side];
    return is_tap(accel, side) || netlink_punt_is_up(netlink_of(accel), s->ifindex, s->punt);
}

static int begin_punt(struct accel *accel, enum side side, unsigned punt)
{
    struct accel_side *s = &accel->sides[side];
    const int error = divert(accel, side, punt);
    if (error != 0)
        return error;
    accel->memory->config->punt[side] = s->punt = punt;
    accel->memory->config->ifindex[side] = s->ifindex; /* it may be the only one that is there */
    return 0;
}

/* On and off. */

static void write_config(struct accel *accel)
{
    const struct config *config = config_of(accel);
    struct fast_config *to = accel->memory->config;
    to->linger_ns = config->limits.accel_linger_s * NS_PER_S;
    to->mac_age_ns = config->limits.mac_age_s * NS_PER_S;
    to->limit_bytes = config->limits.frame_bytes == 0 ? UINT32_MAX : config->limits.frame_bytes;
    to->columns = accel->memory->column_count;
    to->atomic = sysconf(_SC_NPROCESSORS_CONF) > (long)to->columns;
    to->vlan = config->vlan;
    to->source_mac_host = config->source_mac_host;
    to->upstream_tap = config->upstream_tap;
    memcpy(to->mac, config->mac.octets, MAC_BYTES);
    for (unsigned side = 0; side < SIDES; side++) {
        const struct accel_side *s = &accel->sides[side];
        to->ifindex[side] = s->ifindex;
        to->up[side] = s->up;
        to->frame_bytes[side] = s->mtu_bytes == 0 ? UINT32_MAX : s->mtu_bytes + ETH_HEADER_BYTES;
    }
}

/* The daemon lives. */
static void refresh(const struct accel *accel)
{
    accel->memory->config->clock_ns = clock_ahead_ns();
    accel->memory->config->refreshed_ns = clock_now_ns();
}

static void set_active(const struct accel *accel, bool active)
{
    refresh(accel);
    __atomic_store_n(&accel->memory->config->active, active, __ATOMIC_RELEASE);
}

/* What the engine calls. */

static uint32_t put(void *context, const struct port_range *ports, struct mac owner)
{
    const struct accel *accel = context;
    return fast_table_put(accel->table, clock_now_ns(), ports, owner);
}

static void remove_slot(void *context, uint32_t slot)
{
    const struct accel *accel = context;
    fast_table_remove(accel->table, clock_now_ns(), slot);
}

static void count(struct accel *accel, const struct fast_growth *growth)
{
    accel->frames[SIDE_UPSTREAM] += growth->to_owner_frames;
    accel->frames[SIDE_DOWNSTREAM] += growth->from_owner_frames;
}

static void take(void *context, uint32_t slot, struct fast_growth *growth)
{
    struct accel *accel = context;
    fast_table_take(accel->table, slot, growth);
    count(accel, growth);
}

static bool rest(void *context, struct fast_rest *found)
{
    struct accel *accel = context;
    if (!fast_table_rest(accel->table, accel->is_ending ? UINT64_MAX : clock_now_ns(), found))
        return false;
    count(accel, &found->growth);
    return true;
}

static void bridged(void *context, uint64_t frames[SIDES])
{
    struct accel *accel = context;
    fast_table_bridged(accel->table, frames);
    for (unsigned side = 0; side < SIDES; side++)
        accel->frames[side] += frames[side];
}

static void mac_put(void *context, struct mac mac, enum side side, uint64_t now_ns)
{
    const struct accel *accel = context;
    (void)fast_table_mac_put(accel->table, now_ns, mac, side);
}

static void mac_remove(void *context, struct mac mac)
{
    const struct accel *accel = context;
    fast_table_mac_remove(accel->table, mac);
}

static uint64_t mac_seen(void *context, struct mac mac)
{
    const struct accel *accel = context;
    return fast_table_mac_seen(accel->table, mac);
}

static void clear(void *context)
{
    const struct accel *accel = context;
    fast_table_clear(accel->table, clock_now_ns());
}

/* The engine continues alone; what was forwarded is counted. */
static void deactivate(struct accel *accel)
{
    if (!accel->is_active)
        return;
    set_active(accel, false);
    engine_fast_set(engine_of(accel), clock_now_ns(), NULL);
    accel->is_active = false;
}

static int set_addresses(const struct accel *accel)
{
    const struct config *config = config_of(accel);
    struct ipv4 addresses[FAST_ADDRESSES];
    if (config->address_count > FAST_ADDRESSES)
        return -ENOSPC;
    for (size_t i = 0; i < config->address_count; i++)
        addresses[i] = config->addresses[i].address;
    return fast_table_set_addresses(accel->table, clock_now_ns(), addresses, config->address_count);
}

/* Every binding is announced again. What an earlier daemon left is forwarded until then, and longer where it still holds. */
static int activate(struct accel *accel)
{
    const uint64_t now_ns = clock_now_ns();
    if (accel->is_inherited)
        log_notice("accel: %u bindings were forwarded while pearpd was down",
                   fast_table_adopt(accel->table, now_ns, NULL, NULL));
    const int error = set_addresses(accel);
    if (error == 0) {
        write_config(accel);
        engine_fast_set(engine_of(accel), now_ns, &accel->calls);
        accel->is_active = true;
    }
    if (accel->is_inherited)
        (void)fast_table_adopt_end(accel->table, now_ns);
    accel->is_inherited = false;
    set_active(accel, error == 0);
    return error;
}

/* Attached. */

/* The frames of this side are the daemon's alone, and arrive there. */
static void detach(struct accel *accel, enum side side)
{
    end_punt(accel, side);
    (void)fast_loader_detach(accel->loader, side);
    accel->sides[side].attached = 0;
}

/* To the side's interface. What the program leaves to the daemon is first sent to the punt device of an earlier daemon, or to the
 * port as without a program. False: it cannot be attached, or there is no program. */
static bool attach(struct accel *accel, enum side side)
{
    struct accel_side *s = &accel->sides[side];
    char why[FAST_LOADER_WHY_BYTES];
    unsigned punt;
    if (s->ifindex == 0 ||
        s->ifindex == accel->sides[side_other(side)].ifindex) /* while the two change places */
        return false;
    if (s->attached == s->ifindex)
        return true;
    s->attached = 0;
    accel->is_counted = false;
    int error = make_punt(accel, side, &punt);
    snprintf(why, sizeof(why), "punt device: %s", strerror(-error));
    if (error == 0)
        error = fast_loader_attach(accel->loader, side, s->ifindex,
                                   is_tap(accel, side) ? FAST_AT_EGRESS : FAST_AT_INGRESS, why, sizeof(why));
    if (error == 0) {
        error = begin_punt(accel, side, punt);
        snprintf(why, sizeof(why), "packet sockets: %s", strerror(-error));
    }
    if (error != 0) {
        if (strcmp(accel->why, why) != 0)
            log_error("accel: every frame passes through pearpd: %s: %s", side_name(side), why);
        say_off(accel, why);
        detach(accel, side);
        return false;
    }
    s->attached = s->ifindex;
    return true;
}

static void say_on(struct accel *accel)
{
    *accel->why = '\0';
    if (accel->is_said)
        return;
    accel->is_said = true;
    log_notice(
        "accel: the kernel forwards %s (tc)%s",
        config_of(accel)->ipfix.is_on ? "bridged traffic alone, since [ipfix] counts every packet of an owner"
                                      : "established flows",
        fast_loader_is_pinned(accel->loader) ? ""
                                             : "; not while pearpd is down: no BPF file system at /sys/fs/bpf");
}

static const struct fast_taken *taken_now(const struct accel *accel, struct fast_taken taken[static SIDES])
{
    for (unsigned side = 0; side < SIDES; side++) {
        struct frame_port *port = accel->target.sockets->ports[side];
        taken[side] = is_tap(accel, (enum side)side) ? tap_port_taken(port) : packet_port_taken(port);
    }
    return taken;
}

/* Switches it on where everything is there. */
static void try_on(struct accel *accel)
{
    struct fast_taken taken[SIDES];
    if (accel->loader == NULL || accel->is_active || accel->is_paused)
        return;
    const bool upstream = attach(accel, SIDE_UPSTREAM), downstream = attach(accel, SIDE_DOWNSTREAM);
    if (!upstream || !downstream)
        return;
    if (!accel->is_counted)
        fast_table_resync(accel->table, taken_now(accel, taken));
    accel->is_counted = true;
    if (activate(accel) == 0)
        say_on(accel);
    else
        say_off(accel, "too many shared addresses");
}

static void unload(struct accel *accel)
{
    if (accel->loader == NULL)
        return;
    accel->is_ending = true;
    deactivate(accel);
    accel->is_ending = false;
    for (unsigned side = 0; side < SIDES; side++)
        detach(accel, (enum side)side);
    accel->is_said = false;
    fast_table_free(accel->table);
    fast_loader_close(accel->loader, false);
    accel->table = NULL;
    accel->loader = NULL;
}

/* At a start the program of a daemon that was killed may forward: a port that is not diverted would forward the same again.
 * 0, or -Exxx and `why` has the reason. */
static int load(struct accel *accel)
{
    char name[NAME_BYTES];
    pin_name(accel->target.file, name);
    int error = fast_loader_open(&accel->loader, name, leaves(config_of(accel)), columns(), accel->why,
                                 sizeof(accel->why));
    if (error != 0)
        return error;
    accel->memory = fast_loader_memory(accel->loader);
    accel->is_inherited = fast_loader_was_taken_over(accel->loader);
    accel->table = fast_table_new(accel->memory);
    error = accel->table == NULL ? -ENOMEM : 0;
    for (unsigned side = 0; side < SIDES && error == 0 && accel->is_starting; side++)
        error = divert(accel, (enum side)side, 0);
    if (error != 0) {
        say_off(accel, strerror(-error));
        unload(accel);
        return error;
    }
    accel->calls =
        (struct fast_path){accel, put, remove_slot, take, rest, bridged, mac_put, mac_remove, mac_seen, clear};
    return 0;
}

/* Life. */

/* By what the configuration says now. False: it requires a fast path, and there is none. */
static bool follow_config(struct accel *accel)
{
    const char *against = reason_against(accel);
    int error = 0;
    if (against != NULL) {
        unload(accel);
        say_off(accel, against);
        error = -ENOTSUP;
    } else if (accel->loader == NULL) {
        error = load(accel);
    }
    const enum accel_mode mode = config_of(accel)->accel;
    if (error != 0 && mode == ACCEL_AUTO)
        log_notice("accel = auto: every frame passes through pearpd: %s", accel->why);
    if (error != 0 && mode == ACCEL_TC)
        log_error("accel = tc: there is no fast path: %s", accel->why);
    return error == 0 || mode != ACCEL_TC;
}

struct accel *accel_new(const struct accel_target *target)
{
    struct accel *accel = calloc(1, sizeof(*accel));
    if (accel == NULL) {
        log_error("out of memory");
        return NULL;
    }
    accel->target = *target;
    accel->is_paused = accel->is_starting = true;
    const bool is_fine = follow_config(accel);
    accel->is_starting = false;
    if (accel->loader == NULL)
        (void)accel_remove(target->file, config_of(accel)); /* of a daemon that was killed, and had one */
    if (is_fine)
        return accel;
    free(accel);
    return NULL;
}

void accel_free(struct accel *accel)
{
    if (accel == NULL)
        return;
    unload(accel);
    free(accel);
}

void accel_link(struct accel *accel, enum side side, unsigned ifindex, bool up, uint32_t mtu_bytes)
{
    struct accel_side *s = &accel->sides[side];
    if (s->ifindex != ifindex) {
        deactivate(accel);
        s->attached = 0;
    }
    s->ifindex = ifindex;
    s->up = up;
    s->mtu_bytes = mtu_bytes;
    if (accel->is_active)
        write_config(accel);
    else
        try_on(accel);
}

void accel_pause(struct accel *accel)
{
    deactivate(accel);
    accel->is_paused = true;
}

/* A daemon before had another interface: what it forwarded there ends now, also where the new one is not there yet. */
static void end_strangers(struct accel *accel)
{
    for (unsigned i = 0; accel->is_inherited && i < SIDES; i++) {
        if (fast_loader_attached(accel->loader, (enum side)i) == accel->sides[i].ifindex)
            continue;
        set_active(accel, false);
        (void)fast_loader_detach(accel->loader, (enum side)i);
    }
}

void accel_resume(struct accel *accel)
{
    accel->is_paused = false;
    (void)follow_config(accel);
    end_strangers(accel);
    try_on(accel);
}

bool accel_is_refused(const struct accel *accel)
{
    return config_of(accel)->accel == ACCEL_TC && !accel->is_active &&
           accel->sides[SIDE_UPSTREAM].ifindex != 0 && accel->sides[SIDE_DOWNSTREAM].ifindex != 0;
}

void accel_activate_pending(struct accel *accel)
{
    struct fast_taken taken[SIDES];
    if (!accel->is_active || !fast_table_has_pending(accel->table))
        return;
    fast_table_activate(accel->table, clock_now_ns(), taken_now(accel, taken));
}

void accel_harvest(struct accel *accel)
{
    if (accel->is_active)
        engine_fast_harvest(engine_of(accel), clock_now_ns());
}

/* Others may delete a qdisc, and the program with it, or the punt device: all frames of that side are lost until both are there again. */
static void check_attached(struct accel *accel)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct accel_side *s = &accel->sides[i];
        if (s->attached == 0)
            continue;
        const bool has_program = fast_loader_is_attached(accel->loader, (enum side)i);
        if (has_program && has_punt(accel, (enum side)i))
            continue;
        log_error("accel: the %s of %s was removed by another process: it is made again",
                  has_program ? "punt device" : "program", side_name((enum side)i));
        accel->is_said = false;
        deactivate(accel);
        s->attached = 0;
    }
}

void accel_look(struct accel *accel)
{
    if (accel->loader == NULL)
        return;
    check_attached(accel);
    try_on(accel);
    if (!accel->is_active)
        return;
    refresh(accel);
    (void)engine_fast_harvest_some(engine_of(accel), clock_now_ns(), HARVEST_MOST);
}

static void report_table(const struct accel *accel, struct json *j)
{
    struct fast_figures f;
    fast_table_figures(accel->table, &f);
    json_key_u64(j, "upstream_frames", accel->frames[SIDE_UPSTREAM]);
    json_key_u64(j, "downstream_frames", accel->frames[SIDE_DOWNSTREAM]);
    json_key_u64(j, "bindings", f.slots);
    json_key_u64(j, "macs", f.macs);
    json_key_u64(j, "pending", f.pending);
    json_key_u64(j, "no_room", f.no_slot + f.no_leaf + f.no_address + f.no_mac);
    json_key_u64(j, "forced", f.forced);
    json_key_u64(j, "own_bytes", f.own_bytes);
    json_key_u64(j, "shared_bytes", f.shared_bytes);
}

void accel_report(const struct accel *accel, struct json *j)
{
    json_key(j, "fast_path");
    json_object_begin(j);
    json_key(j, "active");
    json_bool(j, accel->is_active);
    json_key(j, "why_not");
    if (*accel->why == '\0')
        json_null(j);
    else
        json_string(j, accel->why);
    if (accel->table != NULL)
        report_table(accel, j);
    json_object_end(j);
}

int accel_remove(const char *file, const struct config *config)
{
    char name[NAME_BYTES], why[FAST_LOADER_WHY_BYTES];
    const unsigned ifindexes[SIDES] = {if_nametoindex(config->upstream), if_nametoindex(config->downstream)};
    pin_name(file, name);
    const int error = fast_loader_remove_all(name, ifindexes, why, sizeof(why));
    if (error == 0)
        return 0;
    log_error("the fast path cannot be removed: %s", why);
    return -1;
}
