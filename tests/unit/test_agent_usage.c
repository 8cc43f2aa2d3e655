/* test_agent_usage.c: sockets as sock_diag tells of them, what is in use of what is held, when that is worth a word,
 * and the figures as Prometheus reads them. Time is in the test's hand. */
#include "pearpd/atomic_file.h"
#include "pearpd/clock.h"

#include "netlink_reader.h"
#include "status/metrics.h"
#include "usage/usage_alarm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define A             0xc023a202
#define B             0xc023a203
#define TCP_CONNECTED 1
#define TCP_LISTENING 10
#define UDP_UNBOUND   7
#define ANY           0

static const struct range_list two = {
    .ranges = {{.range = {{A}, 2000, 2099}}, {.range = {{B}, 3000, 3009}}},
    .count = 2,
};

static void into_usage(const struct host_socket *socket, void *context)
{
    usage_take(context, socket);
}

/* One socket as the kernel tells of it, through the reader of dumps, into *usage. */
static void dump(struct usage *usage, uint8_t protocol, uint8_t state, uint32_t address, uint16_t port,
                 uint32_t inode)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_msg body;
    } message = {.header = {.nlmsg_len = sizeof(message), .nlmsg_type = SOCK_DIAG_BY_FAMILY},
                 .body = {.idiag_family = AF_INET, .idiag_state = state, .idiag_inode = inode}};
    message.body.id.idiag_sport = htons(port);
    message.body.id.idiag_src[0] = htonl(address);
    struct netlink_socket_reader walk = {protocol, into_usage, usage};
    assert_int_equal(netlink_read_socket(&message.header, &walk), 1);
}

static void tcp(struct usage *usage, uint32_t address, uint16_t port, uint32_t inode)
{
    dump(usage, IPPROTO_TCP, TCP_CONNECTED, address, port, inode);
}

static void sockets_of_ipv6_count_where_they_serve_ipv4(void **state)
{
    (void)state;
    struct {
        struct nlmsghdr header;
        struct inet_diag_msg body;
        struct nlattr attribute;
        uint8_t v6only[4];
    } message = {.header = {.nlmsg_len = sizeof(message), .nlmsg_type = SOCK_DIAG_BY_FAMILY},
                 .body = {.idiag_family = AF_INET6, .idiag_state = TCP_LISTENING, .idiag_inode = 5},
                 .attribute = {.nla_len = sizeof(struct nlattr) + 1, .nla_type = INET_DIAG_SKV6ONLY}};
    struct usage usage;
    struct netlink_socket_reader walk = {IPPROTO_TCP, into_usage, &usage};
    assert_int_equal(usage_begin(&usage, &two), 0);
    message.body.id.idiag_sport = htons(2001);
    (void)netlink_read_socket(&message.header, &walk); /* [::], for both */
    message.body.id.idiag_sport = htons(2002);
    message.v6only[0] = 1;
    (void)netlink_read_socket(&message.header, &walk); /* for IPv6 alone */
    message.body.id.idiag_sport = htons(2003);
    message.body.id.idiag_src[2] = htonl(0xffff);
    message.body.id.idiag_src[3] = htonl(A);
    (void)netlink_read_socket(&message.header, &walk); /* mapped */
    message.body.id.idiag_sport = htons(2004);
    message.body.id.idiag_src[0] = htonl(0x20010db8);
    (void)netlink_read_socket(&message.header, &walk); /* its own address */
    message.header.nlmsg_len = sizeof(struct nlmsghdr) + 8;
    (void)netlink_read_socket(&message.header, &walk); /* cut */
    assert_int_equal(usage_ports(&usage, 0), 2);
    usage_free(&usage);
}

static void ports_are_counted_once_and_for_their_address(void **state)
{
    (void)state;
    struct usage usage;
    assert_int_equal(usage_begin(&usage, &two), 0);
    dump(&usage, IPPROTO_TCP, TCP_LISTENING, A, 2000, 1);
    tcp(&usage, A, 2000, 2);
    tcp(&usage, A, 2000, 3);
    dump(&usage, IPPROTO_UDP, UDP_UNBOUND, A, 2001, 4);
    tcp(&usage, A, 2099, 0);   /* TIME_WAIT: the port is in use, nobody has it */
    tcp(&usage, ANY, 3001, 5); /* any address: the one that holds the port */
    tcp(&usage, A, 2100, 6);   /* outside */
    tcp(&usage, B, 3009, 7);
    tcp(&usage, 0x0a000001, 2005, 8); /* an address of its own */
    usage_merge(&usage);
    assert_int_equal(usage_ports(&usage, 0), 3);
    assert_int_equal(usage_ports(&usage, 1), 2);
    assert_int_equal(usage.inside_count, 6);
    assert_int_equal(usage.outside_count, 1);
    assert_int_equal(usage.outside[0].socket.port, 2100);
    assert_false(usage_concerns(&usage, &usage.outside[0], 1));
    usage_free(&usage);
}

static void what_the_kernel_picked_for_another_address_is_moved(void **state)
{
    (void)state;
    struct usage usage;
    assert_int_equal(usage_begin(&usage, &two), 0);
    for (uint16_t i = 0; i < 20; i++)
        tcp(&usage, B, (uint16_t)(2000 + i), 100U + i);
    dump(&usage, IPPROTO_TCP, TCP_LISTENING, B, 2050, 7); /* a server there is outside all the same */
    usage_merge(&usage);
    assert_int_equal(usage_ports(&usage, 0), 0);
    assert_int_equal(usage.moved[1], 20);
    assert_int_equal(usage_ports(&usage, 1), 10); /* no more than there are */
    assert_int_equal(usage.outside_count, 1);
    usage_free(&usage);
}

static void outside_rows_are_merged_and_a_dhcp_client_is_none(void **state)
{
    (void)state;
    struct usage usage;
    assert_int_equal(usage_begin(&usage, &two), 0);
    for (uint32_t i = 0; i < 200; i++)
        tcp(&usage, ANY, 8080, 100 + i);
    dump(&usage, IPPROTO_TCP, TCP_LISTENING, ANY, 8080, 99);
    dump(&usage, IPPROTO_UDP, UDP_UNBOUND, ANY, 68, 98);
    tcp(&usage, A, 68, 97);
    usage_merge(&usage);
    assert_int_equal(usage.outside_count, 3);
    assert_int_equal(usage.outside[0].socket.port, 68);
    assert_string_equal(usage_protocol(&usage.outside[0].socket), "tcp");
    assert_string_equal(usage_state(&usage.outside[1].socket), "listening");
    assert_int_equal(usage.outside[1].process.inode, 99);
    assert_int_equal(usage.outside[2].sockets, 200);
    usage_free(&usage);
}

static void users_are_ranked(void **state)
{
    (void)state;
    struct usage usage;
    struct usage_user users[2];
    assert_int_equal(usage_begin(&usage, &two), 0);
    for (uint16_t i = 0; i < 12; i++)
        tcp(&usage, A, (uint16_t)(2000 + i), 100U + i);
    for (size_t i = 0; i < 12; i++)
        usage.inside[i].process.pid = i < 3 ? 30 : i < 10 ? 20 : i == 10 ? 10 : 0;
    memcpy(usage.inside[4].process.name, "seven", 6);
    memcpy(usage.inside[3].process.name, "seven", 6);
    assert_int_equal(usage_users(&usage, 0, users, 2), 2);
    assert_int_equal(users[0].pid, 20);
    assert_int_equal(users[0].sockets, 7);
    assert_int_equal(users[1].pid, 30);
    assert_int_equal(usage_users(&usage, 1, users, 2), 0);
    usage_free(&usage);
}

struct reported {
    enum usage_alarm_level level;
    unsigned ranges, outside;
    size_t more;
};

static void report_range(enum usage_alarm_level level, size_t range, const struct usage *usage, void *context)
{
    struct reported *reported = context;
    assert_int_equal(range, 0);
    assert_non_null(usage);
    reported->level = level;
    reported->ranges++;
}

static void report_outside(const struct usage_outside *outside, void *context)
{
    struct reported *reported = context;
    assert_non_null(outside);
    reported->outside++;
}

static void report_more(size_t count, void *context)
{
    struct reported *reported = context;
    reported->more += count;
}

/* A look at `used` ports of the first range and `outside` servers, at `now_s`. */
static struct reported look(struct usage_alarm *m, uint64_t now_s, unsigned used, unsigned outside)
{
    struct reported reported = {USAGE_ALARM_CALM, 0, 0, 0};
    const struct usage_alarm_out out = {report_range, report_outside, report_more, &reported};
    struct usage usage;
    assert_int_equal(usage_begin(&usage, &two), 0);
    for (unsigned i = 0; i < used; i++)
        tcp(&usage, A, (uint16_t)(2000 + i), 1 + i);
    for (unsigned i = 0; i < outside; i++)
        dump(&usage, IPPROTO_TCP, TCP_LISTENING, A, (uint16_t)(8000 + i), 1000 + i);
    usage_merge(&usage);
    const bool news = usage_alarm_has_news(m, now_s * NS_PER_S, &usage);
    usage_alarm_check(m, now_s * NS_PER_S, &usage, &out);
    assert_int_equal(news, (reported.ranges > 0 && reported.level != USAGE_ALARM_CALM) ||
                               reported.outside > 0 || reported.more > 0);
    assert_int_equal(m->ranges[0].used, used);
    usage_free(&usage);
    return reported;
}

static void a_filling_range_is_told_with_hysteresis(void **state)
{
    (void)state;
    static const struct {
        uint64_t now_s;
        unsigned used, reported;
        enum usage_alarm_level level;
    } looks[] = {
        {1000, 89, 0, USAGE_ALARM_CALM},  {1010, 90, 1, USAGE_ALARM_FILLING},
        {1020, 95, 0, USAGE_ALARM_CALM},  {1030, 81, 0, USAGE_ALARM_CALM},
        {1040, 92, 0, USAGE_ALARM_CALM}, /* around the mark: one word */
        {1050, 100, 1, USAGE_ALARM_FULL}, {1060, 99, 0, USAGE_ALARM_CALM},
        {1070, 100, 0, USAGE_ALARM_CALM}, {4649, 100, 0, USAGE_ALARM_CALM},
        {4650, 100, 1, USAGE_ALARM_FULL}, /* as bad for an hour */
        {4660, 79, 1, USAGE_ALARM_CALM},  {4670, 70, 0, USAGE_ALARM_CALM},
        {4680, 91, 0, USAGE_ALARM_CALM},  {4721, 91, 1, USAGE_ALARM_FILLING}, /* once a minute at most */
    };
    struct usage_alarm m;
    usage_alarm_init(&m, 90);
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        const struct reported reported = look(&m, looks[i].now_s, looks[i].used, 0);
        if (reported.ranges != looks[i].reported || (reported.ranges > 0 && reported.level != looks[i].level))
            fail_msg("at %u s: reported %u, level %d", (unsigned)looks[i].now_s, reported.ranges,
                     (int)reported.level);
    }
    usage_alarm_forget(&m);
    assert_int_equal(look(&m, 4730, 91, 0).ranges, 1);
}

static void outside_is_told_once_an_hour_and_ten_at_a_time(void **state)
{
    (void)state;
    struct usage_alarm m;
    usage_alarm_init(&m, 90);
    struct reported reported = look(&m, 1000, 0, 12);
    assert_int_equal(reported.outside, 10);
    assert_int_equal(reported.more, 2);
    assert_int_equal(m.outside_sockets, 12);
    reported = look(&m, 1010, 0, 13);
    assert_int_equal(reported.outside, 1);
    assert_int_equal(reported.more, 0);
    reported = look(&m, 4600, 0, 12);
    assert_int_equal(reported.outside, 10);
    reported = look(&m, 5000, 0, 1000); /* more than are remembered */
    assert_int_equal(reported.outside, 10);
    assert_int_equal(reported.more, 1000 - 13 - 10 + 1); /* the 13th was reported an hour ago and more */
    assert_int_equal(m.reported_count, USAGE_ALARM_REPORTED_MAX);
    for (uint64_t now_s = 5010; now_s < 5100; now_s += 10) {
        reported = look(&m, now_s, 0, 1000);
        assert_int_equal(reported.outside + reported.more, 0);
    }
    reported = look(&m, 5000 + 3600, 0, 1000);
    assert_int_equal(reported.outside, 10);
    assert_int_equal(reported.more, 1000 - 10);
}

static void metrics_are_prometheus_text(void **state)
{
    (void)state;
    static const char expected[] =
        "# HELP pearp_agent_info The agent that writes this.\n"
        "# TYPE pearp_agent_info gauge\n"
        "pearp_agent_info{interface=\"eth0\",version=\"" PEARPD_VERSION "\"} 1\n"
        "# HELP pearp_agent_link_up Whether the interface is up and has carrier.\n"
        "# TYPE pearp_agent_link_up gauge\n"
        "pearp_agent_link_up{interface=\"eth0\"} 1\n"
        "# HELP pearp_agent_range_ports Ports that are held.\n"
        "# TYPE pearp_agent_range_ports gauge\n"
        "pearp_agent_range_ports{interface=\"eth0\",address=\"192.35.162.2\",range=\"2000-2099\"} 100\n"
        "pearp_agent_range_ports{interface=\"eth0\",address=\"192.35.162.3\",range=\"psid/6/8/18\"} 252\n";
    struct metrics m = {.interface = "eth0", .link_up = true, .range_count = 2};
    m.ranges[0] =
        (struct metrics_range){.held = two.ranges[0], .heard = true, .used = 7, .counts = {.challenges = 9}};
    const struct service_config services[] = {
        {.name = "http", .protocol = IPPROTO_TCP, .port = 2080, .host = {.length = 3, .text = "www"}},
        {.name = "http", .protocol = IPPROTO_TCP, .port = 2081, .host = {.length = 3, .text = "www"}},
        {.name = "http", .protocol = IPPROTO_UDP, .port = 2081, .host = {.length = 3, .text = "www"}},
    };
    m.ranges[0].leased = true;
    m.ranges[0].lease_s = 3600;
    for (size_t i = 0; i < 3; i++)
        metrics_add_service(&m, &services[i], i != 1);
    m.ranges[1].held = port_range_of_set((struct ipv4){B}, (struct port_set_params){6, 8}, 18);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    metrics_print(&m, out);
    fclose(out);
    assert_memory_equal(text, expected, sizeof(expected) - 1);
    assert_non_null(strstr(text, "\npearp_agent_range_ports_used{interface=\"eth0\",address=\"192.35.162.2\","
                                 "range=\"2000-2099\"} 7\n"));
    assert_non_null(strstr(text, "\npearp_agent_challenges_total{interface=\"eth0\",address=\"192.35.162.2\","
                                 "range=\"2000-2099\"} 9\n"));
    assert_non_null(strstr(text, "# TYPE pearp_agent_lease_seconds gauge\n"
                                 "pearp_agent_lease_seconds{interface=\"eth0\",address=\"192.35.162.2\","
                                 "range=\"2000-2099\"} 3600\n#"));
    assert_non_null(strstr(text,
                           "# TYPE pearp_agent_service_published gauge\n"
                           "pearp_agent_service_published{interface=\"eth0\",name=\"http\",protocol=\"tcp\","
                           "host=\"www\"} 0\n"
                           "pearp_agent_service_published{interface=\"eth0\",name=\"http\",protocol=\"udp\","
                           "host=\"www\"} 1\n#"));
    free(text);
}

static void a_metrics_file_is_whole_or_not_there(void **state)
{
    (void)state;
    char folder[] = "/tmp/pearp-metrics-XXXXXX", path[64], made[80];
    const struct metrics m = {.interface = "eth0"};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/pearp.prom", folder);
    snprintf(made, sizeof(made), "%s.new", path);
    assert_int_equal(metrics_write(&m, path), 0);
    assert_int_equal(access(path, R_OK), 0);
    assert_int_equal(access(made, F_OK), -1);
    assert_int_equal(atomic_file_remove(AT_FDCWD, path), 0);
    assert_int_equal(atomic_file_remove(AT_FDCWD, path), 0);
    assert_int_equal(mkdir(path, 0755), 0); /* cannot be replaced */
    assert_int_equal(metrics_write(&m, path), -EISDIR);
    assert_int_equal(access(made, F_OK), -1);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(metrics_write(&m, path), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_of_ipv6_count_where_they_serve_ipv4),
        cmocka_unit_test(ports_are_counted_once_and_for_their_address),
        cmocka_unit_test(what_the_kernel_picked_for_another_address_is_moved),
        cmocka_unit_test(outside_rows_are_merged_and_a_dhcp_client_is_none),
        cmocka_unit_test(users_are_ranked),
        cmocka_unit_test(a_filling_range_is_told_with_hysteresis),
        cmocka_unit_test(outside_is_told_once_an_hour_and_ten_at_a_time),
        cmocka_unit_test(metrics_are_prometheus_text),
        cmocka_unit_test(a_metrics_file_is_whole_or_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
