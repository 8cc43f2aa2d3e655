/* service.c: see service.h: joins the publisher's decisions to nsupdate, the clock and the log.
 *
 * The records are written to /run/pearp-agent/INTERFACE.services before they are published, so that those of a killed
 * agent are withdrawn when the next one starts. */
#include "service.h"

#include "pearpd/clock.h"
#include "pearpd/hash.h"
#include "pearpd/log.h"
#include "pearpd/pe_arp.h"

#include "dns_error.h"
#include "dns_journal.h"
#include "dns_publisher.h"
#include "nsupdate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WITHDRAW_NS  (2 * NS_PER_S)
#define SERVER_BYTES (IPV4_TEXT_BYTES + 6)

_Static_assert(SERVICE_ZONES_MAX <= DNS_ZONES_MAX, "room for every zone");
_Static_assert(SERVICES_MAX *SERVICE_RECORDS_MOST * 2 <= DNS_RECORDS_MAX,
               "room for what is wanted and what was left");

/* A service that is published: where it is, and its records in the publisher. */
struct slot {
    struct service_config there;
    unsigned numbers[SERVICE_RECORDS_MOST], count; /* 0: it is not */
};

/* The update of a zone that is under way. */
struct update {
    struct services *services;
    struct child *child; /* NULL: none */
};

struct services {
    const struct services_config *config;
    struct loop *loop;
    struct dns_publisher *publisher;
    struct update updates[DNS_ZONES_MAX];
    struct loop_source *timer, *enough;
    bool withdrawing;
    struct services_owner owner;
    char server[SERVER_BYTES];       /* for people */
    struct slot slots[SERVICES_MAX]; /* one for each of config->services */
};

static void run(struct services *s);
static struct dns_publisher_out publisher_out(struct services *s);

/* What the publisher asks for. */

static void on_child_end(void *context, const struct child_end *end)
{
    struct update *update = context;
    struct services *s = update->services;
    const struct dns_publisher_out out = publisher_out(s);
    struct dns_error error;
    nsupdate_read(end, &error);
    child_free(update->child);
    update->child = NULL;
    dns_publisher_done(s->publisher, clock_now_ns(), (unsigned)(update - s->updates), &error, &out);
    run(s);
}

/* 0 or -Exxx. */
static int start_update(struct services *s, struct update *update, const char *program,
                        const struct dns_name *zone, const struct dns_change *changes, size_t count)
{
    const struct dns_server server = {s->config->server, s->config->server_port, &s->config->key};
    char *text = malloc(NSUPDATE_TEXT_BYTES);
    if (text == NULL)
        return -ENOMEM;
    const int length = nsupdate_format(&server, zone, changes, count, text, NSUPDATE_TEXT_BYTES);
    const int error = length < 0 ? length
                                 : nsupdate_start(s->loop, program, text, (size_t)length, on_child_end, update,
                                                  &update->child);
    explicit_bzero(text, NSUPDATE_TEXT_BYTES); /* the key is in it */
    free(text);
    return error;
}

static bool on_update(void *context, unsigned number, const struct dns_name *zone,
                      const struct dns_change *changes, size_t count, struct dns_error *error)
{
    struct services *s = context;
    const char *program = nsupdate_find();
    log_debug("DNS: %zu changes of zone %s are sent to %s", count, zone->text, s->server);
    *error = (struct dns_error){.kind = DNS_ERROR_NOT_INSTALLED, .is_certain = true};
    if (program == NULL)
        return false;
    const int code = start_update(s, &s->updates[number], program, zone, changes, count);
    error->kind = DNS_ERROR_NOT_RUN;
    snprintf(error->word, sizeof(error->word), "%s", strerror(-code));
    return code == 0;
}

static void on_event(void *context, const struct dns_event *event)
{
    const struct services *s = context;
    const char *zone = event->zone->text;
    char text[DNS_ERROR_TEXT_BYTES];
    switch (event->kind) {
    case DNS_PUBLISHED:
        log_notice("DNS: published %u record%s of zone %s at %s", event->records,
                   event->records == 1 ? "" : "s", zone, s->server);
        break;
    case DNS_WITHDRAWN:
        log_notice("DNS: withdrew what was published of zone %s at %s", zone, s->server);
        dns_journal_write(s->owner.directory, s->owner.interface, s->publisher);
        break;
    case DNS_FAILED:
        log_warning("DNS: cannot update zone %s at %s: %s", zone, s->server,
                    dns_error_format(&event->error, &s->config->key.name, text));
        break;
    }
    s->owner.changed(s->owner.context);
}

static struct dns_publisher_out publisher_out(struct services *s)
{
    return (struct dns_publisher_out){.context = s, .update = on_update, .event = on_event};
}

static void run(struct services *s)
{
    const struct dns_publisher_out out = publisher_out(s);
    const uint64_t now_ns = clock_now_ns(), next_ns = dns_publisher_tick(s->publisher, now_ns, &out);
    loop_timer_set(s->timer, next_ns == UINT64_MAX ? UINT64_MAX : next_ns > now_ns ? next_ns - now_ns : 0);
    if (s->withdrawing && dns_publisher_is_complete(s->publisher))
        loop_stop(s->loop);
}

static void on_timer(void *context)
{
    run(context);
}

static void on_enough(void *context)
{
    struct services *s = context;
    log_warning("DNS: some records could not be withdrawn in time: the next agent on %s withdraws them",
                s->owner.interface);
    loop_stop(s->loop);
}

/* Gives the publisher the records of a service. Returns how many it took. */
static unsigned add_records(struct services *s, const struct service_config *there, bool wanted,
                            unsigned numbers[static SERVICE_RECORDS_MOST])
{
    struct dns_record records[SERVICE_RECORDS_MOST];
    const unsigned count = service_records(there, s->config->ttl_s, records);
    for (unsigned i = 0; i < count; i++) {
        const int number =
            dns_publisher_add(s->publisher, &there->zone, &records[i], records[i].type == DNS_TYPE_A);
        if (number < 0) {
            log_warning("service %s is not published: there are more than %u records", there->name,
                        DNS_RECORDS_MAX);
            return i;
        }
        numbers[i] = (unsigned)number;
        if (wanted)
            dns_publisher_want(s->publisher, numbers[i], true);
    }
    return count;
}

/* What an earlier agent left is withdrawn, but not what will be wanted again in a moment. */
static void read_journal(struct services *s)
{
    for (size_t i = 0; i < s->config->count; i++) {
        unsigned numbers[SERVICE_RECORDS_MOST];
        if (s->config->services[i].port != 0 && s->config->services[i].address.host != 0)
            (void)add_records(s, &s->config->services[i], false, numbers);
    }
    dns_journal_read(s->owner.directory, s->owner.interface, s->publisher);
}

struct services *services_new(struct loop *loop, const struct services_config *config,
                              const struct services_owner *owner)
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
    s->owner = *owner;
    snprintf(s->server, sizeof(s->server), "%s:%u", ipv4_format(config->server, address), config->server_port);
    if (!config->has_server) {
        dns_journal_warn(owner->directory, owner->interface);
        return s;
    }
    random_bytes(seed, sizeof(seed));
    for (size_t i = 0; i < DNS_ZONES_MAX; i++)
        s->updates[i].services = s;
    s->publisher = dns_publisher_new(config->refresh_s, seed);
    s->timer = loop_timer(loop, on_timer, s);
    s->enough = loop_timer(loop, on_enough, s);
    if (s->publisher == NULL || s->timer == NULL || s->enough == NULL) {
        log_error("services: %s", strerror(ENOMEM));
        services_free(s);
        return NULL;
    }
    read_journal(s);
    loop_timer_set(s->timer, 0);
    return s;
}

void services_free(struct services *services)
{
    if (services == NULL)
        return;
    loop_source_free(services->timer);
    loop_source_free(services->enough);
    for (size_t i = 0; i < DNS_ZONES_MAX; i++)
        child_free(services->updates[i].child);
    dns_publisher_free(services->publisher);
    free(services);
}

static void withdraw(struct services *s, struct slot *slot)
{
    for (unsigned i = 0; i < slot->count; i++)
        dns_publisher_want(s->publisher, slot->numbers[i], false);
    slot->count = 0;
}

static void publish(struct services *s, struct slot *slot, const struct service_config *there)
{
    if (slot->count > 0 && slot->there.port == there->port && slot->there.address.host == there->address.host)
        return;
    withdraw(s, slot);
    slot->count = add_records(s, there, true, slot->numbers);
    slot->there = *there;
}

/* The records are on disk before they are published. */
static void changed(struct services *s)
{
    dns_journal_write(s->owner.directory, s->owner.interface, s->publisher);
    run(s);
}

static bool is_at_work(const struct services *services)
{
    return services != NULL && services->publisher != NULL && !services->withdrawing;
}

void services_range_asked(struct services *services, const struct port_range *held)
{
    if (!is_at_work(services))
        return;
    for (size_t i = 0; i < services->config->count; i++) {
        struct service_config there;
        if (service_on(&services->config->services[i], held, &there))
            publish(services, &services->slots[i], &there);
    }
    changed(services);
}

void services_range_lost(struct services *services, const struct port_range *held)
{
    if (!is_at_work(services))
        return;
    for (size_t i = 0; i < services->config->count; i++) {
        struct slot *slot = &services->slots[i];
        if (slot->count > 0 && slot->there.address.host == held->range.address.host &&
            port_range_has(held, slot->there.port))
            withdraw(services, slot);
    }
    changed(services);
}

enum service_dns services_dns(const struct services *services, size_t index)
{
    const struct slot *slot = &services->slots[index];
    if (services->publisher == NULL)
        return SERVICE_DNS_NONE;
    enum service_dns all = slot->count > 0 ? SERVICE_DNS_PUBLISHED : SERVICE_DNS_WAITING;
    for (unsigned i = 0; i < slot->count; i++) {
        const enum dns_state state = dns_publisher_state(services->publisher, slot->numbers[i]);
        if (state == DNS_STATE_FAILED)
            return SERVICE_DNS_FAILED;
        if (state == DNS_STATE_WAITING)
            all = SERVICE_DNS_WAITING;
    }
    return all;
}

const char *service_dns_word(enum service_dns dns)
{
    static const char *const words[] = {[SERVICE_DNS_NONE] = "none",
                                        [SERVICE_DNS_WAITING] = "waiting",
                                        [SERVICE_DNS_PUBLISHED] = "published",
                                        [SERVICE_DNS_FAILED] = "failed"};
    return words[dns];
}

void services_retry(struct services *services)
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
    dns_journal_write(services->owner.directory, services->owner.interface, services->publisher);
}

size_t services_tlvs(const struct services_config *config, const struct port_range *held, uint8_t *bytes,
                     size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < config->count; i++) {
        struct service_config there;
        struct dns_name name;
        if (!service_on(&config->services[i], held, &there) || !service_srv_name(&there, &name))
            continue;
        const struct pe_arp_service tlv = {
            .protocol = there.protocol, .port = there.port, .name = name.text, .name_length = name.length};
        const int written = pe_arp_write_service(&tlv, bytes + length, size - length);
        if (written < 0)
            log_warning("service %s is not announced to the bridge: the message has no room left", there.name);
        else
            length += (size_t)written;
    }
    return length;
}
