/* usage_check.c: see usage_check.h. */
#include "usage_check.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include <stdio.h>

#define USERS_MAX  3
#define TEXT_BYTES 256

struct looker {
    const char *interface;
};

static void take_socket(const struct host_socket *socket, void *context)
{
    usage_take(context, socket);
}

/* ", most by PID (NAME): N, ..." or "". */
static const char *users_text(const struct usage *usage, size_t range, char text[static TEXT_BYTES])
{
    struct usage_user users[USERS_MAX];
    const size_t count = usage_users(usage, range, users, USERS_MAX);
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        length +=
            (size_t)snprintf(text + length, TEXT_BYTES - length, "%s%ld (%s): %u sockets",
                             i == 0 ? ", most by " : ", ", (long)users[i].pid, users[i].name, users[i].sockets);
    return text;
}

static void report_range(enum usage_alarm_level level, size_t range, const struct usage *usage, void *context)
{
    const struct looker *looker = context;
    char held[PORT_RANGE_TEXT_BYTES], users[TEXT_BYTES];
    const uint32_t used = usage_ports(usage, range), ports = port_range_ports(&usage->held.ranges[range]);
    port_range_format(&usage->held.ranges[range], held);
    switch (level) {
    case USAGE_ALARM_CALM:
        log_notice("%s: %u of %u ports in use again", held, used, ports);
        break;
    case USAGE_ALARM_FILLING:
        log_warning("%s is running out: %u of %u ports in use%s (pearp-agent resize -i %s asks for more)", held,
                    used, ports, users_text(usage, range, users), looker->interface);
        break;
    case USAGE_ALARM_FULL:
        log_warning("%s is full: all of its %u ports are in use%s (pearp-agent resize -i %s asks for more)",
                    held, ports, users_text(usage, range, users), looker->interface);
        break;
    }
}

static void report_outside(const struct usage_outside *outside, void *context)
{
    char address[IPV4_TEXT_BYTES], process[PROCESS_NAME_BYTES + 24] = "a process that cannot be named";
    (void)context;
    if (outside->process.pid != 0)
        snprintf(process, sizeof(process), "process %ld (%s)", (long)outside->process.pid,
                 outside->process.name);
    log_warning(
        "%s has %s port %u of %s, which is not held here: it is not reached from outside, and what it sends "
        "is dropped",
        process, usage_protocol(&outside->socket), outside->socket.port,
        outside->socket.address.host == 0 ? "any address" : ipv4_format(outside->socket.address, address));
}

static void report_more(size_t count, void *context)
{
    (void)context;
    log_warning("%zu more sockets are outside the ranges: pearp-agent status lists them", count);
}

int usage_check_sockets(struct usage_alarm *alarm, const char *interface, const struct range_list *held)
{
    struct looker looker = {interface};
    const struct usage_alarm_out out = {report_range, report_outside, report_more, &looker};
    const uint64_t now_ns = clock_now_ns();
    struct usage usage;
    if (held->count == 0) { /* waits for a lease: there is no outside either */
        alarm->outside_sockets = 0;
        return 0;
    }
    int error = usage_begin(&usage, held);
    if (error == 0)
        error = netlink_sockets(take_socket, &usage);
    usage_merge(&usage);
    if (error == 0 && usage_alarm_has_news(alarm, now_ns, &usage))
        usage_name(&usage);
    if (error == 0)
        usage_alarm_check(alarm, now_ns, &usage, &out);
    usage_free(&usage);
    return error;
}
