/* service.c: see service.h: joins the publisher's decisions to sockets, the clock and the log.
 *
 * What stands in the DNS is written to /run/pearp-agent/INTERFACE.services before it is sent, so that a killed agent's
 * records go when the next one starts. */
#include "service.h"

#include "pearpd/clock.h"
#include "pearpd/hash.h"
#include "pearpd/log.h"
#include "pearpd/pe_arp.h"

#include "dns_left.h"
#include "dns_publisher.h"
#include "dns_socket.h"
#include "dns_trouble.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WITHDRAW_NS  (2 * NS_PER_S)
#define SERVER_BYTES (IPV4_TEXT_BYTES + 6)

_Static_assert(SERVICE_ZONES_MAX <= DNS_ZONES_MAX, "room for every zone");
_Static_assert(DNS_ZONES_MAX <= DNS_EXCHANGES_MAX, "an exchange for each");
_Static_assert(SERVICES_MAX *SERVICE_RECORDS_MOST * 2 <= DNS_RECORDS_MAX,
               "room for what is wanted and what was left");

struct services {
    const struct services_config *config;
    struct loop *loop;
    struct dns_sockets *sockets;
    struct dns_publisher *publisher;
    struct loop_source *timer, *enough;
    bool withdrawing;
    int directory;
    const char *interface;
    char server[SERVER_BYTES]; /* for people */
    unsigned numbers[SERVICES_MAX][SERVICE_RECORDS_MOST];
    unsigned number_count[SERVICES_MAX];
};

static struct dns_time time_now(void)
{
    return (struct dns_time){clock_now_ns(), clock_wall_us() / 1000000};
}

/* What the publisher asks for. */

static int on_send(void *context, unsigned zone, const uint8_t *bytes, size_t length, bool stream)
{
    struct services *s = context;
    return dns_sockets_send(s->sockets, zone, bytes, length, stream);
}

static void on_end(void *context, unsigned zone)
{
    struct services *s = context;
    dns_sockets_end(s->sockets, zone);
}

static void on_event(void *context, const struct dns_event *event)
{
    const struct services *s = context;
    char zone[DNS_NAME_TEXT_BYTES], trouble[DNS_TROUBLE_TEXT_BYTES];
    dns_name_format(event->zone, zone);
    switch (event->kind) {
    case DNS_PUBLISHED:
        log_notice("DNS: published %u record%s of zone %s at %s", event->records,
                   event->records == 1 ? "" : "s", zone, s->server);
        break;
    case DNS_WITHDRAWN:
        log_notice("DNS: withdrew what was published of zone %s at %s", zone, s->server);
        break;
    case DNS_FAILED:
        log_warning("DNS: cannot update zone %s at %s: %s", zone, s->server,
                    dns_trouble_format(&event->trouble, &s->config->key.name, time_now().wall_s, trouble));
        break;
    case DNS_IGNORED:
        log_debug("DNS: ignored what came from %s about zone %s: %s", s->server, zone, event->why);
        break;
    }
    if (event->kind == DNS_WITHDRAWN)
        dns_left_write(s->directory, s->interface, s->publisher);
}

static struct dns_publisher_out publisher_out(struct services *s)
{
    return (struct dns_publisher_out){.context = s, .send = on_send, .end = on_end, .event = on_event};
}

static void run(struct services *s)
{
    const struct dns_publisher_out out = publisher_out(s);
    const struct dns_time now = time_now();
    const uint64_t next_ns = dns_publisher_tick(s->publisher, now, &out);
    loop_timer_set(s->timer, next_ns == UINT64_MAX  ? UINT64_MAX
                             : next_ns > now.now_ns ? next_ns - now.now_ns
                                                    : 0);
    if (s->withdrawing && dns_publisher_is_settled(s->publisher))
        loop_stop(s->loop);
}

static void on_timer(void *context)
{
    run(context);
}

static void on_answer(void *context, unsigned exchange, const uint8_t *bytes, size_t length)
{
    struct services *s = context;
    const struct dns_publisher_out out = publisher_out(s);
    dns_publisher_answer(s->publisher, time_now(), exchange, bytes, length, &out);
    run(s);
}

static void on_failed(void *context, unsigned exchange, int error)
{
    struct services *s = context;
    const struct dns_publisher_out out = publisher_out(s);
    dns_publisher_unreachable(s->publisher, time_now(), exchange, error, &out);
    run(s);
}

static void on_enough(void *context)
{
    struct services *s = context;
    log_warning("DNS: not everything could be withdrawn in time; it goes when an agent runs here again");
    loop_stop(s->loop);
}

/* Gives the publisher all records. 0 or -Exxx. */
static int add_records(struct services *s)
{
    for (size_t i = 0; i < s->config->count; i++) {
        const struct service_config *service = &s->config->services[i];
        struct dns_record records[SERVICE_RECORDS_MOST];
        s->number_count[i] = service_records(service, s->config->ttl_s, records);
        for (unsigned j = 0; j < s->number_count[i]; j++) {
            const int number =
                dns_publisher_add(s->publisher, &service->zone, &records[j], records[j].type == DNS_TYPE_A);
            if (number < 0)
                return number;
            s->numbers[i][j] = (unsigned)number;
        }
    }
    dns_left_read(s->directory, s->interface, s->publisher);
    return 0;
}

struct services *services_new(struct loop *loop, const struct services_config *config, int directory,
                              const char *interface)
{
    uint8_t seed[HASH_KEY_BYTES];
    char address[IPV4_TEXT_BYTES];
    struct services *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        log_error("services: %s", strerror(ENOMEM));
        return NULL;
    }
    s->config = config;
    s->loop = loop;
    s->directory = directory;
    s->interface = interface;
    snprintf(s->server, sizeof(s->server), "%s:%u", ipv4_format(config->server, address), config->server_port);
    if (!config->has_server)
        return s;
    random_bytes(seed, sizeof(seed));
    const struct dns_socket_calls calls = {.context = s, .answer = on_answer, .failed = on_failed};
    s->sockets = dns_sockets_new(loop, config->server, config->server_port, &calls);
    s->publisher = dns_publisher_new(&config->key, config->refresh_s, seed);
    s->timer = loop_timer(loop, on_timer, s);
    s->enough = loop_timer(loop, on_enough, s);
    int error = -ENOMEM;
    if (s->sockets != NULL && s->publisher != NULL && s->timer != NULL && s->enough != NULL)
        error = add_records(s);
    if (error != 0) {
        log_error("services: %s", strerror(-error));
        services_free(s);
        return NULL;
    }
    loop_timer_set(s->timer, 0);
    return s;
}

void services_free(struct services *services)
{
    if (services == NULL)
        return;
    loop_source_free(services->timer);
    loop_source_free(services->enough);
    dns_sockets_free(services->sockets);
    dns_publisher_free(services->publisher);
    free(services);
}

static bool is_on(const struct service_config *service, const struct held *held)
{
    return (service->address.host == 0 || held->range.address.host == service->address.host) &&
           held_has(held, service->port);
}

static void want(struct services *s, const struct held *held, bool wanted)
{
    if (s == NULL || s->publisher == NULL || s->withdrawing)
        return;
    for (size_t i = 0; i < s->config->count; i++) {
        const struct service_config *service = &s->config->services[i];
        if (!is_on(service, held))
            continue;
        for (unsigned j = 0; j < s->number_count[i]; j++)
            dns_publisher_want(s->publisher, s->numbers[i][j], wanted);
    }
    dns_left_write(s->directory, s->interface, s->publisher);
    run(s);
}

void services_heard(struct services *services, const struct held *held)
{
    want(services, held, true);
}

void services_lost(struct services *services, const struct held *held)
{
    want(services, held, false);
}

void services_hurry(struct services *services)
{
    if (services == NULL || services->publisher == NULL)
        return;
    dns_publisher_hurry(services->publisher);
    run(services);
}

void services_withdraw(struct services *services)
{
    if (services == NULL || services->publisher == NULL)
        return;
    services->withdrawing = true;
    dns_publisher_withdraw(services->publisher);
    loop_timer_set(services->enough, WITHDRAW_NS);
    loop_timer_set(services->timer, 0);
    (void)loop_run(services->loop);
    loop_timer_set(services->enough, UINT64_MAX);
    dns_left_write(services->directory, services->interface, services->publisher);
}

size_t services_tlvs(const struct services_config *config, const struct held *held, uint8_t *bytes, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < config->count; i++) {
        const struct service_config *service = &config->services[i];
        struct dns_name name;
        char text[DNS_NAME_TEXT_BYTES];
        if (!is_on(service, held) || !service_srv_name(service, &name))
            continue;
        dns_name_format(&name, text);
        const struct pe_arp_service tlv = {
            .protocol = service->protocol, .port = service->port, .name = text, .name_length = strlen(text)};
        const int written = pe_arp_write_service(&tlv, bytes + length, size - length);
        if (written < 0)
            log_warning("service %s: there is no room left to tell the bridge of it", service->name);
        else
            length += (size_t)written;
    }
    return length;
}
