/* test_ipfix.c: IPFIX messages, read back by their own templates (RFC 7011); and the exporter's losses, at a collector of
 * the test's own. */
#include "pearpd/config.h"
#include "pearpd/ipfix_message.h"

#include "../../src/daemon/ipfix.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define S         UINT64_C(1000000000)
#define TEMPLATES 8
#define FIELDS    32

struct field {
    uint16_t id, length;
};

/* What a collector knows, and what it made of a message. */
struct collector {
    struct template
    {
        uint16_t id, count, scopes;
        struct field fields[FIELDS];
    }
    templates[TEMPLATES];
    unsigned template_count;
    uint32_t sequence, domain, export_s;
    uint32_t first_sequence; /* of the first message of an exporter */
    unsigned records, options;
    uint64_t last[65536]; /* of the last record, by element */
};

static const struct template *template_of(const struct collector *c, uint16_t id)
{
    for (unsigned i = 0; i < c->template_count; i++)
        if (c->templates[i].id == id)
            return &c->templates[i];
    fail_msg("a set of template %u, which is not known", id);
    return NULL;
}

static void read_templates(struct collector *c, struct rd *set, bool of_options)
{
    while (rd_left(set) > 0) {
        struct template t = {.id = rd_u16(set), .count = rd_u16(set)};
        t.scopes = of_options ? rd_u16(set) : 0;
        assert_true(t.id >= 256 && t.count > 0 && t.count <= FIELDS);
        for (unsigned i = 0; i < t.count; i++)
            t.fields[i] = (struct field){rd_u16(set), rd_u16(set)};
        unsigned at = 0;
        while (at < c->template_count && c->templates[at].id != t.id)
            at++;
        c->templates[at] = t;
        if (at == c->template_count)
            c->template_count++;
    }
    assert_false(set->failed);
}

static void read_data(struct collector *c, struct rd *set, const struct template *t)
{
    while (rd_left(set) > 0) {
        memset(c->last, 0, sizeof(c->last));
        for (unsigned i = 0; i < t->count; i++) {
            uint64_t value = 0;
            for (unsigned k = 0; k < t->fields[i].length; k++)
                value = value << 8 | rd_u8(set);
            c->last[t->fields[i].id] = value;
        }
        c->records += t->scopes == 0;
        c->options += t->scopes != 0;
    }
    assert_false(set->failed);
}

/* Reads a whole message; every byte of it must be in a set. */
static void collect(struct collector *c, const uint8_t *bytes, size_t length)
{
    struct rd r = rd_over(bytes, length);
    assert_int_equal(rd_u16(&r), 10);
    assert_int_equal(rd_u16(&r), length);
    c->export_s = rd_u32(&r);
    c->sequence = rd_u32(&r);
    c->domain = rd_u32(&r);
    while (rd_left(&r) > 0) {
        uint16_t id = rd_u16(&r), bytes_of_set = rd_u16(&r);
        assert_true(bytes_of_set > 4);
        struct rd set = rd_sub(&r, bytes_of_set - 4U);
        if (id == 2 || id == 3)
            read_templates(c, &set, id == 3);
        else
            read_data(c, &set, template_of(c, id));
    }
    assert_false(r.failed);
}

static const struct flow_record tcp_flow = {
    .owner = {{0, 0x0c, 0x29, 0x9e, 0x8c, 0xee}},
    .other = {{0, 0x12, 0x7f, 0xc4, 0x38, 0xd3}},
    .to_owner = true,
    .has_range = true,
    .range = {{0xc023a202}, 2000, 2999},
    .shared = {0xc023a202},
    .remote = {0xc633640a},
    .shared_port = 2080,
    .remote_port = 40000,
    .protocol = 6,
    .tcp_flags = 0x1b,
    .packets = 7,
    .ip_bytes = 700,
    .frame_bytes = 798,
    .first_ns = 100 * S,
    .last_ns = 130 * S + 5000000,
    .end = FLOW_END_IDLE,
};

static void assert_tcp_flow(const struct collector *c, bool to_owner)
{
    const uint64_t owner = 0x000c299e8cee, other = 0x00127fc438d3;
    assert_int_equal(c->last[56], to_owner ? other : owner);
    assert_int_equal(c->last[80], to_owner ? owner : other);
    assert_int_equal(c->last[8], to_owner ? 0xc633640a : 0xc023a202);
    assert_int_equal(c->last[12], to_owner ? 0xc023a202 : 0xc633640a);
    assert_int_equal(c->last[7], to_owner ? 40000 : 2080);
    assert_int_equal(c->last[11], to_owner ? 2080 : 40000);
    assert_int_equal(c->last[61], to_owner);
    assert_int_equal(c->last[4], 6);
    assert_int_equal(c->last[6], 0x1b);
    assert_int_equal(c->last[2], 7);
    assert_int_equal(c->last[1], 700);
    assert_int_equal(c->last[352], 798);
    assert_int_equal(c->last[152], 1795000000000 + 100000);
    assert_int_equal(c->last[153], 1795000000000 + 130005);
    assert_int_equal(c->last[136], 1);
    assert_int_equal(c->last[361], 2000);
    assert_int_equal(c->last[362], 2999);
}

static void test_every_value_is_read_back(void **state)
{
    (void)state;
    for (unsigned to_owner = 0; to_owner < 2; to_owner++) {
        static const struct ipfix_shape shape = {
            .domain = 7, .vlan = 100, .sample = 1, .upstream_index = 70000, .downstream_index = 3};
        struct collector *c = calloc(1, sizeof(*c));
        struct ipfix_message m;
        struct flow_record record = tcp_flow;
        record.to_owner = to_owner;
        ipfix_message_begin(&m, &shape, UINT64_C(1795000200) * S, 200 * S);
        ipfix_message_templates(&m);
        assert_true(ipfix_message_record(&m, &record));
        size_t length = ipfix_message_end(&m, 41);
        collect(c, m.bytes, length);
        assert_int_equal(c->sequence, 41);
        assert_int_equal(c->domain, 7);
        assert_int_equal(c->export_s, 1795000200);
        assert_int_equal(c->records, 1);
        assert_int_equal(c->last[58], 100);
        assert_tcp_flow(c, to_owner);
        assert_int_equal(c->last[10], to_owner ? 70000 : 3);
        assert_int_equal(c->last[14], to_owner ? 3 : 70000);
        free(c);
    }
}

static void test_icmp_has_type_and_code(void **state)
{
    (void)state;
    static const struct ipfix_shape shape = {.sample = 1, .upstream_index = 2, .downstream_index = 3};
    struct collector *c = calloc(1, sizeof(*c));
    struct ipfix_message m;
    struct flow_record record = tcp_flow;
    record.protocol = 1;
    record.icmp_type_code = 0x0304;
    record.has_range = false;
    ipfix_message_begin(&m, &shape, 0, 0);
    ipfix_message_templates(&m);
    assert_true(ipfix_message_record(&m, &tcp_flow));
    assert_true(ipfix_message_record(&m, &record));
    collect(c, m.bytes, ipfix_message_end(&m, 0));
    assert_int_equal(c->records, 2);
    assert_int_equal(c->last[32], 0x0304);
    assert_int_equal(c->last[4], 1);
    assert_int_equal(c->last[361] + c->last[362] + c->last[7] + c->last[11] + c->last[58], 0);
    assert_true(c->last[10] == 2 && c->last[14] == 3);
    free(c);
}

/* Where there is none, too: a collector may reject records of which it does not know the rate. */
static void test_sampling_is_told(void **state)
{
    (void)state;
    static const uint32_t samples[] = {1, 50};
    for (unsigned i = 0; i < 2; i++) {
        const struct ipfix_shape shape = {.domain = 9, .sample = samples[i]};
        struct collector *c = calloc(1, sizeof(*c));
        struct ipfix_message m;
        ipfix_message_begin(&m, &shape, 0, 0);
        ipfix_message_templates(&m);
        collect(c, m.bytes, ipfix_message_end(&m, 0));
        assert_int_equal(c->options, 1);
        assert_int_equal(c->last[149], 9);
        assert_int_equal(c->last[34], samples[i]);
        assert_int_equal(c->last[35], 1);
        assert_int_equal(m.sequenced, 1);
        assert_int_equal(m.records, 0);
        free(c);
    }
}

/* A full message is no longer than it may be, whole, and says that it is full. */
static void test_messages_are_bounded(void **state)
{
    (void)state;
    static const struct ipfix_shape shape = {.vlan = 5, .sample = 1};
    for (unsigned mixed = 0; mixed < 2; mixed++) {
        struct collector *c = calloc(1, sizeof(*c));
        struct ipfix_message m;
        unsigned records = 0;
        ipfix_message_begin(&m, &shape, 0, 0);
        ipfix_message_templates(&m);
        for (;; records++) {
            struct flow_record record = tcp_flow;
            record.protocol = mixed && records % 2 ? 1 : 6;
            if (!ipfix_message_record(&m, &record))
                break;
        }
        size_t length = ipfix_message_end(&m, 0);
        assert_true(records >= 10 && length <= IPFIX_MESSAGE_BYTES && length > IPFIX_MESSAGE_BYTES - 100);
        assert_int_equal(m.records, records);
        collect(c, m.bytes, length);
        assert_int_equal(c->records, records);
        free(c);
    }
}

/* The exporter, at a socket of the test's own. */

static int listen_at(uint16_t *port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static struct config config_for(uint16_t port)
{
    return (struct config){.ipfix = {.is_on = true,
                                     .collector = {0x7f000001},
                                     .port = port,
                                     .sample = 1,
                                     .active_s = 60,
                                     .idle_s = 15,
                                     .template_s = 300,
                                     .domain = 1}};
}

static void receive_all(struct collector *c, int fd)
{
    uint8_t bytes[2048];
    ssize_t length;
    while ((length = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
        const unsigned before = c->records + c->options;
        collect(c, bytes, (size_t)length);
        if (before == 0)
            c->first_sequence = c->sequence;
        assert_int_equal(c->sequence, c->first_sequence + before);
    }
}

static void grow(void *context, const char *text, size_t length)
{
    strncat(context, text, length);
}

static uint64_t figure(const struct ipfix *x, const char *name)
{
    char text[512] = "", key[32];
    struct json j = json_to(grow, text);
    json_object_begin(&j);
    ipfix_report(x, 0, &j);
    json_object_end(&j);
    snprintf(key, sizeof(key), "\"%s\":", name);
    assert_non_null(strstr(text, key));
    return strtoull(strstr(text, key) + strlen(key), NULL, 10);
}

static void test_exporter_numbers_its_records(void **state)
{
    (void)state;
    struct collector *c = calloc(1, sizeof(*c));
    uint16_t port = 0;
    int fd = listen_at(&port);
    struct config config = config_for(port);
    struct ipfix *x = ipfix_new(&config);
    receive_all(c, fd);
    assert_int_equal(c->first_sequence, 0);
    assert_int_equal(c->template_count, 3);
    ipfix_interfaces(x, 4, 5);
    ipfix_interfaces(x, 0, 6); /* upstream is gone for now */
    for (unsigned i = 0; i < 100; i++) {
        ipfix_record(x, &tcp_flow);
        receive_all(c, fd);
    }
    ipfix_flush(x);
    receive_all(c, fd);
    assert_int_equal(c->records, 100);
    assert_true(c->last[10] == 4 && c->last[14] == 6);
    assert_int_equal(figure(x, "exported"), 100);
    assert_int_equal(figure(x, "lost"), 0);
    assert_true(figure(x, "messages") >= 100 / 17);
    ipfix_free(x);
    close(fd);
    free(c);
}

/* Nobody listens: records are lost and counted, and nothing waits. Then somebody does: templates come with the first. */
static void test_exporter_counts_what_is_refused(void **state)
{
    (void)state;
    struct collector *c = calloc(1, sizeof(*c));
    uint16_t port = 0;
    close(listen_at(&port));
    struct config config = config_for(port);
    struct ipfix *x = ipfix_new(&config);
    for (unsigned i = 0; i < 5; i++) {
        ipfix_record(x, &tcp_flow);
        ipfix_flush(x);
    }
    ipfix_flush(x);
    assert_int_equal(figure(x, "lost"), 5);
    assert_int_equal(figure(x, "exported"), 0);
    int fd = listen_at(&port);
    ipfix_record(x, &tcp_flow);
    ipfix_flush(x);
    receive_all(c, fd);
    assert_true(c->first_sequence >= 5); /* what was lost is counted in the number */
    assert_int_equal(c->records, 1);
    assert_int_equal(c->template_count, 3);
    assert_int_equal(figure(x, "exported"), 1);
    ipfix_free(x);
    close(fd);
    free(c);
}

/* What was sent last is refused, and that shows when templates are due: before the next records. */
static void test_refusal_shows_at_templates(void **state)
{
    (void)state;
    uint16_t port = 0;
    int fd = listen_at(&port);
    struct config config = config_for(port);
    config.ipfix.template_s = 1;
    struct ipfix *x = ipfix_new(&config);
    close(fd);
    ipfix_record(x, &tcp_flow);
    ipfix_flush(x);
    assert_int_equal(figure(x, "exported"), 1);
    usleep(1100000);
    for (unsigned i = 0; i < 100; i++)
        ipfix_record(x, &tcp_flow);
    ipfix_flush(x);
    ipfix_flush(x);
    assert_int_equal(figure(x, "lost"), 101);
    assert_int_equal(figure(x, "exported"), 0);
    ipfix_free(x);
}

static void test_no_route_is_counted_too(void **state)
{
    (void)state;
    struct config config = config_for(4739);
    config.ipfix.collector.host = 0xffffffff; /* connect() is refused: EACCES */
    struct ipfix *x = ipfix_new(&config);
    ipfix_record(x, &tcp_flow);
    ipfix_flush(x);
    assert_int_equal(figure(x, "lost"), 1);
    assert_int_equal(figure(x, "messages"), 0);
    ipfix_free(x);
}

/* A reload to another collector begins a stream of its own, from number 0. */
static void test_reload_to_another_collector(void **state)
{
    (void)state;
    struct collector *c = calloc(1, sizeof(*c)), *d = calloc(1, sizeof(*d));
    uint16_t port = 0, other = 0;
    int fd = listen_at(&port), other_fd = listen_at(&other);
    struct config config = config_for(port);
    struct ipfix *x = ipfix_new(&config);
    ipfix_record(x, &tcp_flow);
    config.ipfix.port = other;
    ipfix_reload(x, &config);
    ipfix_record(x, &tcp_flow);
    ipfix_flush(x);
    receive_all(c, fd);
    receive_all(d, other_fd);
    assert_int_equal(c->records, 1);
    assert_int_equal(d->records, 1);
    assert_int_equal(d->first_sequence, 0);
    assert_int_equal(figure(x, "exported"), 2);
    ipfix_free(x);
    close(fd);
    close(other_fd);
    free(c);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_value_is_read_back),
        cmocka_unit_test(test_icmp_has_type_and_code),
        cmocka_unit_test(test_sampling_is_told),
        cmocka_unit_test(test_messages_are_bounded),
        cmocka_unit_test(test_exporter_numbers_its_records),
        cmocka_unit_test(test_exporter_counts_what_is_refused),
        cmocka_unit_test(test_refusal_shows_at_templates),
        cmocka_unit_test(test_no_route_is_counted_too),
        cmocka_unit_test(test_reload_to_another_collector),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
