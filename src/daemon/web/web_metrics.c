/* web_metrics.c: see web_metrics.h.
 *
 * First the table is walked and counted by address, then the accounts if owners are asked for, then all is written: each a
 * piece a turn. */
#include "web_metrics.h"

#include "pearpd/port_range.h"
#include "pearpd/process_figures.h"
#include "pearpd/prometheus_text.h"
#include "pearpd/time_units.h"

#include "web_owners.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESSES_AT_ONCE 64
#define STATES            (BINDING_PUBLISHED + 1)

/* What one shared address has. */
struct tally {
    struct ipv4 address;
    uint32_t managed, owned; /* ports */
    uint32_t bindings[STATES];
};

enum stage { STAGE_WALK, STAGE_LOOK, STAGE_BRIDGE, STAGE_ADDRESSES, STAGE_OWNERS };

struct web_metrics {
    struct prometheus_text text;
    enum stage stage;
    struct table_cursor cursor;
    struct web_owners *owners; /* NULL: not asked for */
    unsigned family;           /* of those by address that is written */
    size_t written;            /* of it */
    size_t count;
    struct tally tallies[]; /* ascending by address */
};

/* ?owners=N. False: something else. */
static bool parse_query(const char *query, uint32_t *owners)
{
    static const char key[] = "owners=";
    *owners = 0;
    if (*query == '\0')
        return true;
    if (strncmp(query, key, strlen(key)) != 0)
        return false;
    const char *digits = query + strlen(key);
    for (const char *c = digits; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || c - digits > 8)
            return false;
        *owners = *owners * 10 + (uint32_t)(*c - '0');
    }
    return *digits != '\0' && *owners <= WEB_OWNERS_MOST;
}

static void metrics_end(struct web_answer *answer)
{
    struct web_metrics *m = answer->made_of;
    if (m == NULL)
        return;
    web_owners_free(m->owners);
    free(m);
}

static int metrics_begin(struct web_answer *answer)
{
    const struct config *config = web_config(answer);
    uint32_t owners;
    if (!parse_query(http_exchange_query(answer->exchange), &owners))
        return 400;
    struct web_metrics *m = calloc(1, sizeof(*m) + config->address_count * sizeof(m->tallies[0]));
    if (m == NULL)
        return 503;
    m->text = prometheus_text_to(web_write, answer);
    m->count = config->address_count;
    for (size_t i = 0; i < m->count; i++) {
        const struct config_address *address = &config->addresses[i];
        m->tallies[i] = (struct tally){.address = address->address,
                                       .managed = 1U + address->ports_last - address->ports_first};
    }
    if (owners > 0 && (m->owners = web_owners_new(owners)) == NULL) {
        free(m);
        return 503;
    }
    answer->made_of = m;
    return 0;
}

/* The table. */

static int by_address(const void *key, const void *element)
{
    const uint32_t wanted = ((const struct ipv4 *)key)->host,
                   has = ((const struct tally *)element)->address.host;
    return wanted < has ? -1 : wanted > has ? 1 : 0;
}

static uint32_t ports_of(const struct table_entry *entry)
{
    struct port_range ports = {.range = entry->range};
    if (entry->has_psid)
        ports = port_range_of_set(entry->range.address, entry->psid, entry->psid_id);
    return port_range_ports(&ports);
}

/* A reload may have brought an address that is not counted yet. */
static void count_entry(struct web_metrics *m, const struct table_entry *entry)
{
    struct tally *tally = bsearch(&entry->range.address, m->tallies, m->count, sizeof(*tally), by_address);
    if (tally == NULL)
        return;
    tally->bindings[entry->state]++;
    if (entry->state != BINDING_INCOMPLETE && entry->state != BINDING_PUBLISHED)
        tally->owned += ports_of(entry);
}

static bool walk_table(const struct web_answer *answer, struct web_metrics *m)
{
    struct table_entry entry;
    for (unsigned n = 0; n < WEB_STEPS_AT_ONCE; n++) {
        if (!engine_table_next(web_engine(answer), web_now_ns(answer), &m->cursor, &entry))
            return false;
        count_entry(m, &entry);
    }
    return true;
}

static bool write_addresses(struct web_metrics *m)
{
    static const struct {
        const char *name, *help;
    } families[] = {
        {"pearpd_bindings", "Bindings of a shared address, by state."},
        {"pearpd_ports_owned", "Ports of a shared address that a host owns."},
        {"pearpd_ports_managed", "Ports of a shared address that hosts may claim (`ports`)."},
    };
    char address[IPV4_TEXT_BYTES];
    if (m->written == 0)
        prometheus_family(&m->text, families[m->family].name, "gauge", families[m->family].help);
    for (unsigned n = 0; n < ADDRESSES_AT_ONCE && m->written < m->count; n++, m->written++) {
        const struct tally *tally = &m->tallies[m->written];
        ipv4_format(tally->address, address);
        for (unsigned state = 0; state < (m->family == 0 ? STATES : 1); state++) {
            prometheus_begin(&m->text, "");
            prometheus_label(&m->text, "address", address);
            if (m->family == 0)
                prometheus_label(&m->text, "state", binding_state_name((enum binding_state)state));
            prometheus_u64(&m->text, m->family == 0   ? tally->bindings[state]
                                     : m->family == 1 ? tally->owned
                                                      : tally->managed);
        }
    }
    if (m->written < m->count)
        return true;
    m->written = 0;
    return ++m->family < sizeof(families) / sizeof(families[0]);
}

/* The bridge. */

static void labelled(struct prometheus_text *p, const char *label, const char *value, uint64_t number)
{
    prometheus_begin(p, "");
    prometheus_label(p, label, value);
    prometheus_u64(p, number);
}

static void write_identity(struct prometheus_text *p, const struct bridge_figures *f)
{
    prometheus_family(p, "pearpd_info", "gauge", "The version that runs.");
    labelled(p, "version", PEARPD_VERSION, 1);
    prometheus_family(p, "pearpd_start_time_seconds", "gauge",
                      "When pearpd started, in seconds since 1970 (UTC).");
    prometheus_begin(p, "");
    prometheus_seconds(p, f->start_wall_us * 1000);
}

static void write_frames(struct prometheus_text *p, const struct engine_stats *stats)
{
    prometheus_family(p, "pearpd_frames_total", "counter",
                      "Frames received (in) and sent (out) on each side, those of the fast path included.");
    for (unsigned side = 0; side < SIDES; side++) {
        const uint64_t counts[] = {stats->in[side], stats->out[side]};
        static const char *const directions[] = {"in", "out"};
        for (unsigned i = 0; i < 2; i++) {
            prometheus_begin(p, "");
            prometheus_label(p, "side", side_name((enum side)side));
            prometheus_label(p, "direction", directions[i]);
            prometheus_u64(p, counts[i]);
        }
    }
    prometheus_single(p, "pearpd_frames_generated_total", "counter",
                      "Frames that the bridge generated: PE-ARP, ARP, replies to pings, DHCP.", stats->made);
    prometheus_single(p, "pearpd_frames_held", "gauge", "Frames held until their owner is resolved.",
                      stats->held);
    prometheus_family(p, "pearpd_consumed_total", "counter",
                      "Frames that the bridge answered or processed itself.");
    for (unsigned i = 0; i < CONSUMED_COUNT; i++)
        labelled(p, "kind", consumed_name((enum consumed_kind)i), stats->consumed[i]);
    prometheus_family(p, "pearpd_drops_total", "counter", "Dropped frames, by reason (pearpd-stats(7)).");
    for (unsigned i = 0; i < DROP_COUNT; i++)
        labelled(p, "reason", drop_name((enum drop_reason)i), stats->drops[i]);
    prometheus_family(p, "pearpd_activity_total", "counter", "The other counters of pearpd-stats(7).");
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        labelled(p, "counter", counter_name((enum counter)i), stats->counters[i]);
}

static void write_engine(struct prometheus_text *p, const struct engine *engine, const struct config *config)
{
    const struct lease_figures l = engine_lease_figures(engine);
    prometheus_single(p, "pearpd_questions_open", "gauge", "REQUESTs to hosts that wait for an answer.",
                      engine_questions(engine));
    prometheus_family(
        p, "pearpd_lease_sets", "gauge",
        "Port sets of [dhcp]: in the pool, and of these leased, offered, declined, reserved, blocked.");
    labelled(p, "kind", "pool", l.pool);
    labelled(p, "kind", "leased", l.leased);
    labelled(p, "kind", "offered", l.offered);
    labelled(p, "kind", "declined", l.declined);
    labelled(p, "kind", "reserved", l.reserved);
    labelled(p, "kind", "blocked", l.blocked);
    prometheus_family(p, "pearpd_limit", "gauge", "The bounds of [limits] (pearpd.conf(5)).");
#define X(name, field, least, most, preset, help) labelled(p, "key", name, config->limits.field);
    LIMITS(X)
#undef X
}

static void write_events(struct prometheus_text *p, const struct bridge_figures *f)
{
    prometheus_family(p, "pearpd_events_total", "counter",
                      "Events, by kind (pearpd-stats(7)), those that the log left out included.");
    for (unsigned i = 0; i < EVENT_KIND_COUNT; i++)
        labelled(p, "event", event_name((enum event_kind)i), f->events[i]);
}

static void write_links(struct prometheus_text *p, const struct bridge_figures *f)
{
    static const struct {
        const char *name, *help;
    } families[] = {
        {"pearpd_link_up", "1: the interface is bound and has a carrier; 0: no frame passes."},
        {"pearpd_link_mtu_bytes", "MTU of the interface; 0: it is not there."},
    };
    for (unsigned i = 0; i < 2; i++) {
        prometheus_family(p, families[i].name, "gauge", families[i].help);
        for (unsigned side = 0; side < SIDES; side++) {
            const struct link_figures *link = &f->links[side];
            prometheus_begin(p, "");
            prometheus_label(p, "side", side_name((enum side)side));
            prometheus_label(p, "interface", link->name);
            prometheus_u64(p, i == 0 ? link->is_up : link->mtu_bytes);
        }
    }
}

static void write_fast_path(struct prometheus_text *p, const struct accel_figures *f)
{
    prometheus_single(p, "pearpd_fast_path_active", "gauge",
                      "1: the kernel forwards established flows; 0: every frame passes through the daemon.",
                      f->is_active);
    prometheus_family(p, "pearpd_fast_path_frames_total", "counter",
                      "Frames forwarded by the kernel: downstream (to hosts) and upstream (from them).");
    labelled(p, "direction", "downstream", f->frames[SIDE_UPSTREAM]);
    labelled(p, "direction", "upstream", f->frames[SIDE_DOWNSTREAM]);
    prometheus_single(p, "pearpd_fast_path_bindings", "gauge", "Bindings that the fast path has.", f->bindings);
    prometheus_single(p, "pearpd_fast_path_macs", "gauge", "MAC addresses that the fast path has.", f->macs);
    prometheus_single(p, "pearpd_fast_path_pending", "gauge",
                      "Bindings that wait until the daemon has forwarded what came before.", f->pending);
    prometheus_single(p, "pearpd_fast_path_no_room_total", "counter",
                      "Bindings and addresses that found no room in the fast path.", f->no_room);
    prometheus_single(p, "pearpd_fast_path_forced_total", "counter",
                      "Bindings that became active although frames of them may still have waited.", f->forced);
    prometheus_single(p, "pearpd_fast_path_memory_bytes", "gauge", "Memory of the fast path.", f->memory_bytes);
}

static void write_state(struct prometheus_text *p, const struct state_figures *f)
{
    if (!f->is_kept)
        return;
    prometheus_single(p, "pearpd_state_failures_total", "counter",
                      "Saves of the state file that failed ([state] file).", f->failures);
    prometheus_single(p, "pearpd_state_faulty", "gauge", "1: the last save of the state file failed.",
                      f->is_faulty);
    prometheus_single(p, "pearpd_state_records", "gauge", "Records in the state file.", f->saved_records);
    if (!f->has_saved)
        return;
    prometheus_family(p, "pearpd_state_age_seconds", "gauge",
                      "Time since the state file was saved; it is not saved where nothing changes.");
    prometheus_begin(p, "");
    prometheus_seconds(p, f->age_ns);
}

static void write_ipfix(struct prometheus_text *p, const struct ipfix_figures *f)
{
    if (!f->is_on)
        return;
    prometheus_single(p, "pearpd_ipfix_flows", "gauge", "Flows that are measured now.", f->flows);
    prometheus_family(p, "pearpd_ipfix_records_total", "counter",
                      "Flow records, exported to the collector or lost.");
    labelled(p, "result", "exported", f->exported);
    labelled(p, "result", "lost", f->lost);
}

static void write_lag(struct prometheus_text *p, const struct loop_lag *lag)
{
    static const char *const bounds[LOOP_LAG_BUCKETS] = {"0.001", "0.002", "0.005", "0.01", "0.02",
                                                         "0.05",  "0.1",   "0.2",   "0.5",  "1"};
    uint64_t sum = 0;
    prometheus_family(p, "pearpd_loop_lag_seconds", "histogram",
                      "How late the loop was with a timer that is due every second.");
    for (unsigned i = 0; i < LOOP_LAG_BUCKETS; i++) {
        sum += lag->buckets[i];
        prometheus_begin(p, "_bucket");
        prometheus_label(p, "le", bounds[i]);
        prometheus_u64(p, sum);
    }
    prometheus_begin(p, "_bucket");
    prometheus_label(p, "le", "+Inf");
    prometheus_u64(p, lag->count);
    prometheus_begin(p, "_sum");
    prometheus_seconds(p, lag->sum_ns);
    prometheus_begin(p, "_count");
    prometheus_u64(p, lag->count);
}

/* By the names that Prometheus's own libraries use. */
static void write_process(struct prometheus_text *p)
{
    struct process_figures f;
    process_figures_read(&f);
    prometheus_family(p, "process_cpu_seconds_total", "counter", "User and system time of pearpd.");
    prometheus_begin(p, "");
    prometheus_seconds(p, f.cpu_ns);
    if (f.resident_bytes > 0) {
        prometheus_single(p, "process_resident_memory_bytes", "gauge", "Resident memory of pearpd.",
                          f.resident_bytes);
        prometheus_single(p, "process_virtual_memory_bytes", "gauge", "Virtual memory of pearpd.",
                          f.virtual_bytes);
    }
    if (f.open_fds > 0)
        prometheus_single(p, "process_open_fds", "gauge", "Open file descriptors of pearpd.", f.open_fds);
}

static void write_bridge(const struct web_answer *answer, struct prometheus_text *p)
{
    struct bridge_figures f = {0};
    answer->target->figures(answer->target->context, &f);
    write_identity(p, &f);
    write_frames(p, engine_stats(web_engine(answer)));
    write_engine(p, web_engine(answer), web_config(answer));
    write_events(p, &f);
    write_links(p, &f);
    write_fast_path(p, &f.accel);
    write_state(p, &f.state);
    write_ipfix(p, &f.ipfix);
    write_lag(p, f.lag);
    write_process(p);
}

static bool metrics_more(struct web_answer *answer)
{
    struct web_metrics *m = answer->made_of;
    bool is_done = false;
    switch (m->stage) {
    case STAGE_WALK:
        is_done = !walk_table(answer, m);
        break;
    case STAGE_LOOK:
        is_done = m->owners == NULL || !web_owners_look(m->owners, web_engine(answer));
        break;
    case STAGE_BRIDGE:
        write_bridge(answer, &m->text);
        is_done = true;
        break;
    case STAGE_ADDRESSES:
        is_done = !write_addresses(m);
        break;
    case STAGE_OWNERS:
        return m->owners != NULL && web_owners_write(m->owners, web_engine(answer), &m->text);
    }
    m->stage += is_done;
    return true;
}

const struct web_route web_route_metrics = {
    .path = "/metrics",
    .content_type = PROMETHEUS_CONTENT_TYPE,
    .policy = WEB_POLICY_NOTHING,
    .begin = metrics_begin,
    .more = metrics_more,
    .end = metrics_end,
};
