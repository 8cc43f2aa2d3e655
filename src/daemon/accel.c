/* accel.c: see accel.h. */
#include "accel.h"

#include "pearpd/clock.h"
#include "pearpd/eth.h"
#include "pearpd/fast_loader.h"
#include "pearpd/fast_path.h"
#include "pearpd/fast_table.h"
#include "pearpd/log.h"
#include "pearpd/packet_port.h"

#include "accel_calls.h"
#include "accel_ports.h"

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

struct accel {
    struct accel_target target;
    struct accel_ports ports; /* without a loader: there is no fast path */
    struct accel_calls calls;
    struct fast_path fast_path; /* that the engine is given */
    bool is_active;             /* the engine has it, and frames are forwarded */
    bool is_inherited;          /* the memory is still what an earlier daemon left */
    bool is_said;               /* the log knows that it is on */
    bool is_starting;           /* no port is bound yet */
    bool is_paused;             /* the engine is about to change, or has not started */
    char why[WHY_BYTES];        /* it is off; empty: it is on */
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

/* What the configuration says against a fast path; NULL: nothing. */
static const char *reason_against(const struct accel *accel)
{
    const struct config *config = config_of(accel);
    if (config->accel == ACCEL_NONE)
        return "accel = none";
    for (unsigned side = 0; side < SIDES; side++)
        if (!accel->ports.port[side].is_tap &&
            packet_port_filter_error(accel->target.sockets->ports[side]) != 0)
            return "packet sockets cannot have filters";
    return NULL;
}

/* On and off. */

static void write_config(struct accel *accel)
{
    const struct config *config = config_of(accel);
    struct fast_config *to = accel->ports.memory->config;
    to->linger_ns = config->limits.accel_linger_s * NS_PER_S;
    to->mac_age_ns = config->limits.mac_age_s * NS_PER_S;
    to->limit_bytes = config->limits.frame_bytes == 0 ? UINT32_MAX : config->limits.frame_bytes;
    to->columns = accel->ports.memory->column_count;
    to->atomic = sysconf(_SC_NPROCESSORS_CONF) > (long)to->columns;
    to->vlan = config->vlan;
    to->source_mac_host = config->source_mac_host;
    to->upstream_macs_bridge = config->upstream_macs_bridge;
    to->upstream_tap = config->upstream_tap;
    memcpy(to->mac, config->mac.octets, MAC_BYTES);
    for (unsigned side = 0; side < SIDES; side++) {
        const struct accel_port *port = &accel->ports.port[side];
        to->ifindex[side] = port->ifindex;
        to->up[side] = port->up;
        to->frame_bytes[side] = port->mtu_bytes == 0 ? UINT32_MAX : port->mtu_bytes + ETH_HEADER_BYTES;
    }
}

/* The daemon lives. */
static void refresh(const struct accel *accel)
{
    accel->ports.memory->config->clock_ns = clock_ahead_ns();
    accel->ports.memory->config->refreshed_ns = clock_now_ns();
}

static void set_active(const struct accel *accel, bool active)
{
    refresh(accel);
    __atomic_store_n(&accel->ports.memory->config->active, active, __ATOMIC_RELEASE);
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
    return fast_table_set_addresses(accel->calls.table, clock_now_ns(), addresses, config->address_count);
}

/* Every binding is announced again. What an earlier daemon left is forwarded until then, and longer where it still holds. */
static int activate(struct accel *accel)
{
    const uint64_t now_ns = clock_now_ns();
    if (accel->is_inherited)
        log_notice("accel: %u bindings were forwarded while pearpd was down",
                   fast_table_adopt(accel->calls.table, now_ns, NULL, NULL));
    const int error = set_addresses(accel);
    if (error == 0) {
        write_config(accel);
        engine_fast_set(engine_of(accel), now_ns, &accel->fast_path);
        accel->is_active = true;
    }
    if (accel->is_inherited)
        (void)fast_table_adopt_end(accel->calls.table, now_ns);
    accel->is_inherited = false;
    set_active(accel, error == 0);
    return error;
}

static void say_on(struct accel *accel)
{
    *accel->why = '\0';
    if (accel->is_said)
        return;
    accel->is_said = true;
    log_notice("accel: the kernel forwards %s (tc)%s",
               config_of(accel)->ipfix.is_on
                   ? "bridged traffic alone, since [ipfix] counts every packet of an owner"
                   : "established flows",
               fast_loader_is_pinned(accel->ports.loader)
                   ? ""
                   : "; not while pearpd is down: no BPF file system at /sys/fs/bpf");
}

/* False: it cannot be attached, or there is no interface. */
static bool attach(struct accel *accel, enum side side)
{
    char why[FAST_LOADER_WHY_BYTES];
    const struct accel_port *port = &accel->ports.port[side];
    const struct fast_taken taken = accel_ports_taken(&accel->ports, side);
    if (port->attached != port->ifindex) /* its sockets count from now on */
        fast_table_resync(accel->calls.table, side, &taken);
    const int error = accel_ports_attach(&accel->ports, side, why, sizeof(why));
    if (error < 0 && strcmp(accel->why, why) != 0)
        log_error("accel: every frame passes through pearpd: %s: %s", side_name(side), why);
    if (error < 0)
        say_off(accel, why);
    return error == 0;
}

/* Switches it on where everything is there. */
static void try_on(struct accel *accel)
{
    if (accel->ports.loader == NULL || accel->is_active || accel->is_paused)
        return;
    const bool upstream = attach(accel, SIDE_UPSTREAM), downstream = attach(accel, SIDE_DOWNSTREAM);
    if (!upstream || !downstream)
        return;
    if (activate(accel) == 0)
        say_on(accel);
    else
        say_off(accel, "too many shared addresses");
}

static void unload(struct accel *accel)
{
    if (accel->ports.loader == NULL)
        return;
    accel->calls.is_ending = true;
    deactivate(accel);
    accel->calls.is_ending = false;
    for (unsigned side = 0; side < SIDES; side++)
        accel_ports_detach(&accel->ports, (enum side)side);
    accel->is_said = false;
    fast_table_free(accel->calls.table);
    fast_loader_close(accel->ports.loader, false);
    accel->calls.table = NULL;
    accel->ports.loader = NULL;
}

/* At a start the program of a daemon that was killed may forward: a port that is not diverted would forward the same again.
 * 0, or -Exxx and `why` has the reason. */
static int load(struct accel *accel)
{
    char name[NAME_BYTES];
    pin_name(accel->target.file, name);
    int error = fast_loader_open(&accel->ports.loader, name, leaves(config_of(accel)), columns(), accel->why,
                                 sizeof(accel->why));
    if (error != 0)
        return error;
    accel->ports.memory = fast_loader_memory(accel->ports.loader);
    accel->is_inherited = fast_loader_was_taken_over(accel->ports.loader);
    accel->calls.table = fast_table_new(accel->ports.memory);
    error = accel->calls.table == NULL ? -ENOMEM : 0;
    for (unsigned side = 0; side < SIDES && error == 0 && accel->is_starting; side++)
        error = accel_ports_divert(&accel->ports, (enum side)side, 0);
    if (error != 0) {
        say_off(accel, strerror(-error));
        unload(accel);
        return error;
    }
    accel->fast_path = accel_calls_of(&accel->calls);
    return 0;
}

/* Life. */

/* By what the configuration says now. False: it requires a fast path, and there is none. */
static bool follow_config(struct accel *accel)
{
    accel->ports.port[SIDE_UPSTREAM].is_tap = config_of(accel)->upstream_tap;
    const char *against = reason_against(accel);
    int error = 0;
    if (against != NULL) {
        unload(accel);
        say_off(accel, against);
        error = -ENOTSUP;
    } else if (accel->ports.loader == NULL) {
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
    accel->ports.sockets = target->sockets;
    accel->is_paused = accel->is_starting = true;
    const bool is_fine = follow_config(accel);
    accel->is_starting = false;
    if (accel->ports.loader == NULL)
        (void)accel_remove(target->file, config_of(accel)); /* of a daemon that was killed, and had one */
    if (is_fine)
        return accel;
    free(accel);
    return NULL;
}

/* As after a crash; the engine is not told, as it ends, too. */
static void let_linger(struct accel *accel)
{
    refresh(accel);
    fast_table_free(accel->calls.table);
    fast_loader_close(accel->ports.loader, true);
}

void accel_free(struct accel *accel, bool leave)
{
    if (accel == NULL)
        return;
    if (leave && accel->is_active && fast_loader_is_pinned(accel->ports.loader))
        let_linger(accel);
    else
        unload(accel);
    free(accel);
}

void accel_link(struct accel *accel, enum side side, unsigned ifindex, bool up, uint32_t mtu_bytes)
{
    struct accel_port *port = &accel->ports.port[side];
    if (port->ifindex != ifindex) {
        deactivate(accel);
        port->attached = 0;
    }
    port->ifindex = ifindex;
    port->up = up;
    port->mtu_bytes = mtu_bytes;
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
        if (fast_loader_attached(accel->ports.loader, (enum side)i) == accel->ports.port[i].ifindex)
            continue;
        set_active(accel, false);
        (void)fast_loader_detach(accel->ports.loader, (enum side)i);
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
           accel->ports.port[SIDE_UPSTREAM].ifindex != 0 && accel->ports.port[SIDE_DOWNSTREAM].ifindex != 0;
}

void accel_activate_pending(struct accel *accel)
{
    struct fast_taken taken[SIDES];
    if (!accel->is_active || !fast_table_has_pending(accel->calls.table))
        return;
    for (unsigned side = 0; side < SIDES; side++)
        taken[side] = accel_ports_taken(&accel->ports, (enum side)side);
    fast_table_activate(accel->calls.table, clock_now_ns(), taken);
}

void accel_harvest(struct accel *accel)
{
    if (accel->is_active)
        engine_fast_harvest(engine_of(accel), clock_now_ns());
}

static void check_attached(struct accel *accel)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct accel_port *port = &accel->ports.port[i];
        if (port->attached == 0)
            continue;
        const char *missing = accel_ports_missing(&accel->ports, (enum side)i);
        if (missing == NULL)
            continue;
        log_error("accel: the %s of %s was removed by another process: it is made again", missing,
                  side_name((enum side)i));
        accel->is_said = false;
        deactivate(accel);
        port->attached = 0;
    }
}

void accel_look(struct accel *accel)
{
    if (accel->ports.loader == NULL)
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
    fast_table_figures(accel->calls.table, &f);
    json_key_u64(j, "upstream_frames", accel->calls.frames[SIDE_UPSTREAM]);
    json_key_u64(j, "downstream_frames", accel->calls.frames[SIDE_DOWNSTREAM]);
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
    if (accel->calls.table != NULL)
        report_table(accel, j);
    json_object_end(j);
}

void accel_figures(const struct accel *accel, struct accel_figures *figures)
{
    struct fast_figures f = {0};
    if (accel->calls.table != NULL)
        fast_table_figures(accel->calls.table, &f);
    *figures = (struct accel_figures){
        .is_active = accel->is_active,
        .frames = {accel->calls.frames[SIDE_UPSTREAM], accel->calls.frames[SIDE_DOWNSTREAM]},
        .bindings = f.slots,
        .macs = f.macs,
        .pending = f.pending,
        .no_room = f.no_slot + f.no_leaf + f.no_address + f.no_mac,
        .forced = f.forced,
        .memory_bytes = f.own_bytes + f.shared_bytes,
    };
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
