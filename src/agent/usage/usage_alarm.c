/* usage_alarm.c: see usage_alarm.h. */
#include "usage_alarm.h"

#include "pearpd/time_units.h"

#include <string.h>

#define AGAIN_NS (3600 * NS_PER_S)
#define PAUSE_NS (60 * NS_PER_S)

void usage_alarm_init(struct usage_alarm *m, uint32_t warn_percent)
{
    *m = (struct usage_alarm){.warn_percent = warn_percent};
}

void usage_alarm_forget(struct usage_alarm *m)
{
    memset(m->ranges, 0, sizeof(m->ranges));
}

/* Once it was reported, calm only well below `warn`. */
static enum usage_alarm_level level_of(const struct usage_alarm *m, const struct usage_alarm_range *r,
                                       uint32_t ports, uint32_t used)
{
    const uint32_t low = m->warn_percent > 20 ? m->warn_percent - 10 : m->warn_percent / 2;
    const uint32_t over = r->reported == USAGE_ALARM_CALM ? m->warn_percent : low;
    if (used >= ports)
        return USAGE_ALARM_FULL;
    return (uint64_t)used * 100 >= (uint64_t)ports * over && used > 0 ? USAGE_ALARM_FILLING : USAGE_ALARM_CALM;
}

static bool is_range_news(const struct usage_alarm_range *r, uint64_t now_ns, enum usage_alarm_level level)
{
    const bool never = r->reported_ns == 0;
    if (level == USAGE_ALARM_CALM)
        return r->reported != USAGE_ALARM_CALM;
    if (level > r->reported)
        return never || level == USAGE_ALARM_FULL || now_ns - r->reported_ns >= PAUSE_NS;
    return now_ns - r->reported_ns >= AGAIN_NS;
}

/* The place of a reported socket with this address, port and protocol; reported_count: there is none. */
static size_t find_reported(const struct usage_alarm *m, const struct host_socket *socket)
{
    size_t i = 0;
    while (i < m->reported_count &&
           (m->reported[i].socket.port != socket->port || m->reported[i].socket.protocol != socket->protocol ||
            m->reported[i].socket.address.host != socket->address.host))
        i++;
    return i;
}

/* Whether one more can be remembered: what was reported within the hour is not forgotten for it. */
static bool has_room(const struct usage_alarm *m, uint64_t now_ns)
{
    return m->reported_count < USAGE_ALARM_REPORTED_MAX ||
           now_ns - m->reported[m->reported_next].reported_ns >= AGAIN_NS;
}

static bool is_rest_news(const struct usage_alarm *m, uint64_t now_ns)
{
    return m->rest_reported_ns == 0 || now_ns - m->rest_reported_ns >= AGAIN_NS;
}

static bool is_outside_news(const struct usage_alarm *m, uint64_t now_ns, const struct host_socket *socket)
{
    const size_t at = find_reported(m, socket);
    if (at < m->reported_count)
        return now_ns - m->reported[at].reported_ns >= AGAIN_NS;
    return has_room(m, now_ns) || is_rest_news(m, now_ns);
}

static void remember(struct usage_alarm *m, uint64_t now_ns, const struct host_socket *socket)
{
    size_t at = find_reported(m, socket);
    if (at == m->reported_count) {
        at = m->reported_next;
        m->reported_next = (m->reported_next + 1) % USAGE_ALARM_REPORTED_MAX;
        m->reported_count += m->reported_count < USAGE_ALARM_REPORTED_MAX;
    }
    m->reported[at] = (struct usage_alarm_reported){*socket, now_ns};
}

bool usage_alarm_has_news(const struct usage_alarm *m, uint64_t now_ns, const struct usage *usage)
{
    for (size_t i = 0; i < usage->held.count; i++) {
        const struct usage_alarm_range *r = &m->ranges[i];
        const enum usage_alarm_level level =
            level_of(m, r, port_range_ports(&usage->held.ranges[i]), usage_ports(usage, i));
        if (level != USAGE_ALARM_CALM && is_range_news(r, now_ns, level))
            return true;
    }
    for (size_t i = 0; i < usage->outside_count; i++)
        if (is_outside_news(m, now_ns, &usage->outside[i].socket))
            return true;
    return false;
}

static void look_at_range(struct usage_alarm *m, uint64_t now_ns, const struct usage *usage, size_t range,
                          const struct usage_alarm_out *out)
{
    struct usage_alarm_range *r = &m->ranges[range];
    r->ports = port_range_ports(&usage->held.ranges[range]);
    r->used = usage_ports(usage, range);
    r->sockets = 0;
    for (size_t i = 0; i < usage->inside_count; i++)
        r->sockets += usage->inside[i].range == range;
    const enum usage_alarm_level level = level_of(m, r, r->ports, r->used);
    if (!is_range_news(r, now_ns, level))
        return;
    if (level == USAGE_ALARM_CALM || level > r->reported)
        r->reported = level;
    r->reported_ns = now_ns;
    out->range(level, range, usage, out->context);
}

void usage_alarm_check(struct usage_alarm *m, uint64_t now_ns, const struct usage *usage,
                       const struct usage_alarm_out *out)
{
    size_t reported = 0, more = 0, rest = 0;
    for (size_t i = 0; i < usage->held.count; i++)
        look_at_range(m, now_ns, usage, i, out);
    m->outside_sockets = 0;
    for (size_t i = 0; i < usage->outside_count; i++) {
        const struct usage_outside *outside = &usage->outside[i];
        m->outside_sockets += outside->sockets;
        if (!is_outside_news(m, now_ns, &outside->socket))
            continue;
        if (find_reported(m, &outside->socket) == m->reported_count && !has_room(m, now_ns)) {
            rest++;
            continue;
        }
        remember(m, now_ns, &outside->socket);
        if (reported == USAGE_ALARM_REPORTS_MAX) {
            more++;
            continue;
        }
        reported++;
        out->outside(outside, out->context);
    }
    if (rest > 0)
        m->rest_reported_ns = now_ns;
    if (more + rest > 0)
        out->more(more + rest, out->context);
}
