/* metrics.c: see metrics.h. */
#include "metrics.h"

#include "pearpd/atomic_file.h"
#include "pearpd/l4.h"

#include "dhcp/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum figure { PORTS, USED, SOCKETS, HEARD, CLAIMS, REQUESTS, CHALLENGES, CONFLICTS, ACCUSATIONS };

static const struct {
    enum figure figure;
    const char *name, *type, *help;
} range_rows[] = {
    {PORTS, "range_ports", "gauge", "Ports that are held."},
    {USED, "range_ports_used", "gauge", "Ports in use by TCP or UDP."},
    {SOCKETS, "range_sockets", "gauge", "Sockets on these ports."},
    {HEARD, "range_heard", "gauge", "Whether the bridge has asked for the range since the link came up."},
    {CLAIMS, "claims_total", "counter", "Claims sent."},
    {REQUESTS, "requests_total", "counter", "Requests answered."},
    {CHALLENGES, "challenges_total", "counter", "Requests to this host alone answered."},
    {CONFLICTS, "conflicts_total", "counter", "Claims of others on the range that were objected to."},
    {ACCUSATIONS, "accusations_total", "counter", "Objections of others to the range."},
};

static uint64_t figure_of(const struct metrics_range *r, enum figure figure)
{
    switch (figure) {
    case PORTS:
        return port_range_ports(&r->held);
    case USED:
        return r->used;
    case SOCKETS:
        return r->sockets;
    case HEARD:
        return r->heard;
    case CLAIMS:
        return r->counts.claims;
    case REQUESTS:
        return r->counts.requests;
    case CHALLENGES:
        return r->counts.challenges;
    case CONFLICTS:
        return r->counts.conflicts;
    case ACCUSATIONS:
        return r->counts.accusations;
    }
    return 0;
}

static void heading(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP pearp_agent_%s %s\n# TYPE pearp_agent_%s %s\n", name, help, name, type);
}

static void single(FILE *out, const struct metrics *m, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    heading(out, name, type, help);
    fprintf(out, "pearp_agent_%s{interface=\"%s\"} %" PRIu64 "\n", name, m->interface, value);
}

void metrics_add_service(struct metrics *metrics, const struct service_config *service, bool published)
{
    size_t i = 0;
    for (; i < metrics->service_count; i++) {
        const struct service_config *other = metrics->services[i].service;
        if (strcmp(other->name, service->name) == 0 && other->protocol == service->protocol &&
            dns_name_equal(&other->host, &service->host))
            break;
    }
    if (i < metrics->service_count)
        published = published && metrics->services[i].published;
    else
        metrics->service_count++;
    metrics->services[i] = (struct metrics_service){service, published};
}

/* A name and the labels of a range. */
static void print_range_name(FILE *out, const struct metrics *m, const char *name,
                             const struct metrics_range *r)
{
    char address[IPV4_TEXT_BYTES], text[PORT_RANGE_TEXT_BYTES];
    port_range_format(&r->held, text);
    fprintf(out, "pearp_agent_%s{interface=\"%s\",address=\"%s\",range=\"%s\"} ", name, m->interface,
            ipv4_format(r->held.range.address, address), strchr(text, ':') + 1);
}

static void print_leases(FILE *out, const struct metrics *m)
{
    heading(out, "lease_seconds", "gauge", "Seconds that the lease of the range lasts.");
    for (size_t i = 0; i < m->range_count; i++) {
        const struct metrics_range *r = &m->ranges[i];
        if (!r->leased)
            continue;
        print_range_name(out, m, "lease_seconds", r);
        if (r->lease_s == LEASE_FOREVER_S)
            fprintf(out, "+Inf\n");
        else
            fprintf(out, "%" PRIu64 "\n", r->lease_s);
    }
}

static void print_services(FILE *out, const struct metrics *m)
{
    heading(out, "service_published", "gauge", "Whether the service's records are in the DNS.");
    for (size_t i = 0; i < m->service_count; i++) {
        const struct service_config *s = m->services[i].service;
        fprintf(out,
                "pearp_agent_service_published{interface=\"%s\",name=\"%s\",protocol=\"%s\",host=\"%s\"} %d\n",
                m->interface, s->name, l4_protocol_name(s->protocol), s->host.text, m->services[i].published);
    }
}

/* No label needs an escape: an interface that can be used, and names, have plain letters alone. */
void metrics_print(const struct metrics *metrics, FILE *out)
{
    heading(out, "info", "gauge", "The agent that writes this.");
    fprintf(out, "pearp_agent_info{interface=\"%s\",version=\"%s\"} 1\n", metrics->interface, PEARPD_VERSION);
    single(out, metrics, "link_up", "gauge", "Whether the interface is up and has carrier.", metrics->link_up);
    for (size_t i = 0; i < sizeof(range_rows) / sizeof(range_rows[0]); i++) {
        heading(out, range_rows[i].name, range_rows[i].type, range_rows[i].help);
        for (size_t k = 0; k < metrics->range_count; k++) {
            print_range_name(out, metrics, range_rows[i].name, &metrics->ranges[k]);
            fprintf(out, "%" PRIu64 "\n", figure_of(&metrics->ranges[k], range_rows[i].figure));
        }
    }
    print_leases(out, metrics);
    print_services(out, metrics);
    single(out, metrics, "outside_sockets", "gauge",
           "Sockets on a shared address, or on any, outside what is held.", metrics->outside_sockets);
    single(out, metrics, "forged_total", "counter", "Messages that were not believed.", metrics->forged);
    single(out, metrics, "restored_total", "counter", "Settings that somebody took away, put back.",
           metrics->restored);
    heading(out, "look_seconds", "gauge", "What the last look at the sockets of this host took.");
    fprintf(out, "pearp_agent_look_seconds{interface=\"%s\"} %.6f\n", metrics->interface, metrics->look_s);
}

int metrics_write(const struct metrics *metrics, const char *path)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return -errno;
    metrics_print(metrics, out);
    int error = ferror(out) != 0 ? -ENOMEM : 0;
    if (fclose(out) != 0)
        error = -ENOMEM;
    if (error == 0) /* the collector reads names that end in .prom only */
        error = atomic_file_write(AT_FDCWD, path, text, length, 0644, false);
    free(text);
    return error;
}
