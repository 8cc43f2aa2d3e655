/* test_control.c: the control socket: its file, every command's answer, clients that misbehave. */
#include "../../src/daemon/control.h"

#include "pearpd/clock.h"
#include "pearpd/control_socket.h"
#include "pearpd/log.h"
#include "pearpd/port_set.h"

#include "../../src/daemon/control_request.h"
#include "../lib/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWER_BYTES (1 << 20)

/* The control socket of a bridge. */
struct desk {
    struct world world; /* the first: what leaves it finds the desk by it */
    char folder[64], path[96];
    struct loop *loop;
    const struct config *config_now;
    struct control *control;
    int reloads, harvests;
    bool reload_fails;
    struct loop_source *deadline;
    char *answer;
    size_t length;
};

static struct desk *desk; /* of the test that runs */

static void pass_event(void *context, const struct event *event)
{
    struct desk *w = context;
    if (w->control != NULL)
        control_event(w->control, event);
}

static uint64_t now_of_world(void)
{
    return desk->world.now;
}

static int reload(void *context, char *message, size_t size)
{
    struct desk *w = context;
    w->reloads++;
    if (!w->reload_fails)
        return 0;
    snprintf(message, size, "it has faults");
    return -1;
}

static void harvest(void *context)
{
    struct desk *w = context;
    w->harvests++;
}

static void touched(void *context)
{
    (void)context;
}

static int set_up(void **state)
{
    struct desk *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    desk = w;
    snprintf(w->folder, sizeof(w->folder), "/tmp/pearpd-control.XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof(w->path), "%s/run/x.sock", w->folder);
    world_prepare(&w->world);
    w->world.address.address = (struct ipv4){0xc0000201};
    w->world.address.learn = LEARN_PE_ARP | LEARN_TRAFFIC;
    snprintf(w->world.config.upstream, sizeof(w->world.config.upstream), "eth0");
    snprintf(w->world.config.downstream, sizeof(w->world.config.downstream), "eth1");
    w->world.config.limits.control_clients = 4;
    w->config_now = &w->world.config;
    w->world.out.event = pass_event;
    w->loop = loop_new();
    w->world.now = S;
    w->answer = malloc(ANSWER_BYTES);
    world_start(&w->world);
    int fd = control_socket_open(w->path, CONTROL_SOCKET_MODE);
    assert_true(fd >= 0);
    const struct control_target target = {.engine = &w->world.engine,
                                          .config = &w->config_now,
                                          .out = &w->world.out,
                                          .now_ns = now_of_world,
                                          .reload = reload,
                                          .harvest = harvest,
                                          .touched = touched,
                                          .context = w};
    w->control = control_new(w->loop, fd, w->path, &target);
    assert_non_null(w->control);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *w = *state;
    char run[96];
    control_free(w->control);
    assert_int_not_equal(access(w->path, F_OK), 0);
    world_end(&w->world);
    loop_source_free(w->deadline);
    loop_free(w->loop);
    snprintf(run, sizeof(run), "%s/run", w->folder);
    rmdir(run);
    assert_int_equal(rmdir(w->folder), 0);
    free(w->answer);
    free(w);
    return 0;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void stop(void *context)
{
    loop_stop(context);
}

/* Lets the daemon's side run for so long. */
static void run_for(struct desk *w, uint64_t ns)
{
    if (w->deadline == NULL)
        w->deadline = loop_timer(w->loop, stop, w->loop);
    loop_timer_set(w->deadline, ns);
    assert_int_equal(loop_run(w->loop), 0);
}

struct reading {
    struct desk *w;
    int fd;
};

static void read_some(void *context)
{
    const struct reading *r = context;
    ssize_t got = recv(r->fd, r->w->answer + r->w->length, ANSWER_BYTES - 1 - r->w->length, MSG_DONTWAIT);
    if (got > 0)
        r->w->length += (size_t)got;
    r->w->answer[r->w->length] = '\0';
    if (got == 0)
        loop_stop(r->w->loop);
}

/* Reads what the daemon says until it closes, or for at most `ns`. */
static const char *read_answer(struct desk *w, int fd, uint64_t ns)
{
    struct reading reading = {w, fd};
    struct loop_source *readable = loop_readable(w->loop, LOOP_CONTROL, fd, read_some, &reading);
    w->length = 0;
    w->answer[0] = '\0';
    run_for(w, ns);
    loop_source_free(readable);
    return w->answer;
}

static const char *ask(struct desk *w, const char *line)
{
    int fd = connect_to(w->path);
    assert_true(fd >= 0);
    assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
    assert_int_equal(send(fd, "\n", 1, MSG_NOSIGNAL), 1);
    const char *answer = read_answer(w, fd, 3000000000);
    close(fd);
    return answer;
}

static void assert_starts(const char *answer, const char *start)
{
    if (strncmp(answer, start, strlen(start)) != 0)
        fail_msg("\"%s\" does not start with \"%s\"", answer, start);
}

static void assert_has(const char *answer, const char *part)
{
    if (strstr(answer, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, answer);
}

/* Commands. */

static void test_add_table_delete(void **state)
{
    struct desk *w = *state;
    assert_string_equal(ask(w, "add 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee"), "ok\n{\"ok\":true}\n");
    const char *table = ask(w, "table");
    assert_starts(table, "ok\n[{\"address\":\"192.0.2.1\",\"first_port\":2000,\"last_port\":2999,"
                         "\"mac\":\"00:0c:29:9e:8c:ee\",\"state\":\"permanent\",\"origin\":\"control\","
                         "\"interface\":\"eth1\",\"name\":\"\",\"age_s\":0,\"expires_s\":null,");
    assert_has(table, "\"state\":\"published\"");
    assert_string_equal(table + strlen(table) - 2, "]\n");
    assert_starts(ask(w, "add 192.0.2.1:2500-2500 00:0c:29:9e:8c:ee"), "error a permanent range overlaps it\n");
    assert_starts(ask(w, "add 192.0.2.2:2500-2500 00:0c:29:9e:8c:ee"), "error there is no such address");
    assert_starts(ask(w, "add 192.0.2.1:5-5 01:0c:29:9e:8c:ee"), "error that MAC address cannot be a host's\n");
    assert_starts(ask(w, "delete 192.0.2.1:2000-2998"), "error there is no such address or range\n");
    assert_string_equal(ask(w, "delete 192.0.2.1:2000-2999"), "ok\n{\"ok\":true}\n");
    assert_string_equal(ask(w, "flush"), "ok\n{\"removed\":0}\n");
    assert_string_equal(ask(w, "flush 192.0.2.1"), "ok\n{\"removed\":0}\n");
    assert_starts(ask(w, "flush 192.0.2.9"), "error there is no such address");
}

/* Every counter of the fast path is read for the commands that answer with them, and for no other: a host that changes the
 * table thousands of times a second does not wait for the counters of all other bindings. */
static void test_who_asks_the_fast_path(void **state)
{
    static const char *const asking[] = {"table",   "table 192.0.2.1:2000",   "stats",
                                         "account", "resolve 192.0.2.1:2000", "account 192.0.2.1:2000"};
    static const char *const others[] = {"add 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee",
                                         "delete 192.0.2.1:2000-2999",
                                         "deny 00:0c:29:9e:8c:ee",
                                         "allow 00:0c:29:9e:8c:ee",
                                         "flush",
                                         "denied",
                                         "leases",
                                         "services",
                                         "version",
                                         "nonsense"};
    struct desk *w = *state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ask(w, others[i]);
    assert_int_equal(w->harvests, 0);
    assert_starts(ask(w, "add 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee"), "ok\n");
    for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
        ask(w, asking[i]);
        assert_int_equal(w->harvests, i + 1);
    }
}

/* What another host holds is not taken in passing, however it came to it; its own may be. */
static void test_add_over_an_owner(void **state)
{
    struct desk *w = *state;
    const struct table_entry learned = {.range = {w->world.address.address, 5000, 5999},
                                        .mac = {{0, 0x0c, 0x29, 0x39, 0x44, 0xab}},
                                        .state = BINDING_REACHABLE,
                                        .origin = ORIGIN_PE_ARP,
                                        .name = "",
                                        .expires_ns = UINT64_C(60000000000)};
    assert_int_equal(engine_restore(w->world.engine, w->world.now, &learned, &w->world.out), 0);
    const char *before = strdup(ask(w, "table 192.0.2.1:5000-5999"));
    assert_starts(ask(w, "add 192.0.2.1:5900-6099 00:0c:29:9e:8c:ee"),
                  "error 00:0c:29:39:44:ab holds 192.0.2.1:5000-5999 (pe-arp): --force takes it\n");
    assert_string_equal(ask(w, "table 192.0.2.1:5000-5999"), before);
    free((void *)(size_t)before);
    assert_starts(ask(w, "add --force 192.0.2.1:5900-6099 00:0c:29:9e:8c:ee"), "ok\n");
    assert_has(ask(w, "table 192.0.2.1:5900"), "\"mac\":\"00:0c:29:9e:8c:ee\"");
    assert_string_equal(ask(w, "table 192.0.2.1:5000"), "ok\n[]\n");
    assert_starts(ask(w, "add 192.0.2.1:6000-6001 00:0c:29:39:44:ab"),
                  "error 00:0c:29:9e:8c:ee holds 192.0.2.1:5900-6099 (control): delete that range first\n");
    assert_starts(ask(w, "add 192.0.2.1:6000-6001 00:0c:29:39:44:ab --force"),
                  "error a permanent range overlaps it\n");
}

static void deny_one(struct config *config)
{
    static struct mac denied = {{2, 0, 0, 0, 0, 7}};
    config->denied = &denied;
    config->denied_count = 1;
    config->limits.denied_hosts = 2;
}

static void test_deny_and_allow(void **state)
{
    struct desk *w = *state;
    assert_string_equal(ask(w, "denied"), "ok\n[]\n");
    deny_one(&w->world.config);
    assert_int_equal(engine_reload(w->world.engine, w->world.now, &w->world.config, &w->world.out), 0);
    assert_string_equal(ask(w, "deny 00:0c:29:9e:8c:ee"), "ok\n{\"ok\":true}\n");
    assert_string_equal(ask(w, "denied"), "ok\n[{\"mac\":\"02:00:00:00:00:07\",\"origin\":\"config\"},"
                                          "{\"mac\":\"00:0c:29:9e:8c:ee\",\"origin\":\"control\"}]\n");
    assert_starts(ask(w, "add 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee"),
                  "error the host is denied: allow it first\n");
    assert_starts(ask(w, "deny 00:0c:29:39:44:ab"),
                  "error the list of denied hosts is full ([limits] denied-hosts)\n");
    assert_starts(ask(w, "deny ff:ff:ff:ff:ff:ff"), "error that MAC address cannot be a host's\n");
    assert_starts(ask(w, "allow 02:00:00:00:00:07"),
                  "error it is in [deny]: change the configuration and reload\n");
    assert_string_equal(ask(w, "allow 00:0c:29:9e:8c:ee"), "ok\n{\"ok\":true}\n");
    assert_starts(ask(w, "allow 00:0c:29:9e:8c:ee"), "error it is not denied\n");
    assert_starts(ask(w, "add 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee"), "ok\n");
    assert_starts(ask(w, "deny 00:0c:29:9e:8c:ee"),
                  "error it has a permanent range, or the configuration gives it ports: change that first\n");
    assert_starts(ask(w, "deny"), "usage ");
    assert_starts(ask(w, "deny hostA"), "usage ");
}

/* How often `part` is in `text`. */
static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

static void test_table_filters(void **state)
{
    struct desk *w = *state;
    ask(w, "add 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee");
    ask(w, "add 192.0.2.1:4000-4999 00:0c:29:9e:8c:ee");
    ask(w, "add 192.0.2.1:5000-5000 00:0c:29:39:44:ab");
    assert_int_equal(count_of(ask(w, "table"), "\"address\""), 4);
    assert_int_equal(count_of(ask(w, "table 192.0.2.1"), "\"address\""), 4);
    assert_int_equal(count_of(ask(w, "table 192.0.2.1:2999"), "\"first_port\":2000"), 1);
    assert_int_equal(count_of(w->answer, "\"address\""), 1);
    assert_int_equal(count_of(ask(w, "table 192.0.2.1:2500-4000"), "\"address\""), 2);
    assert_int_equal(count_of(ask(w, "table 00:0c:29:9e:8c:ee"), "\"address\""), 2);
    assert_has(w->answer, "\"seen_s\":null}");
    assert_string_equal(ask(w, "table 192.0.2.1:3000"), "ok\n[]\n");
    assert_string_equal(ask(w, "table 192.0.2.7"), "ok\n[]\n");
    assert_string_equal(ask(w, "table printer"), "ok\n[]\n");
}

/* By its name, which a configured range has; of a port set its own ports, not those between. */
static void test_table_filters_names_and_port_sets(void **state)
{
    struct desk *w = *state;
    const struct port_set_params params = {4, 6};
    const struct port_span bounds = port_set_bounds(params, 5);
    w->world.address.has_psid = true;
    w->world.address.psid = params;
    w->world.ranges[0] = (struct config_range){
        .range = {w->world.address.address, 80, 80}, .mac = {{0, 0x0c, 0x29, 0x9e, 0x8c, 0xee}}, .name = "www"};
    w->world.config.range_count = 1;
    assert_int_equal(engine_reload(w->world.engine, w->world.now, &w->world.config, &w->world.out), 0);
    const struct table_entry set = {.range = {w->world.address.address, bounds.first, bounds.last},
                                    .has_psid = true,
                                    .psid = params,
                                    .psid_id = 5,
                                    .mac = {{0, 0x0c, 0x29, 0x39, 0x44, 0xab}},
                                    .state = BINDING_REACHABLE,
                                    .origin = ORIGIN_PE_ARP,
                                    .name = "",
                                    .expires_ns = UINT64_C(60000000000)};
    assert_int_equal(engine_restore(w->world.engine, w->world.now, &set, &w->world.out), 0);
    char line[64];
    assert_int_equal(count_of(ask(w, "table"), "\"address\""), 3);
    assert_int_equal(count_of(ask(w, "table www"), "\"address\""), 1);
    assert_has(w->answer, "\"name\":\"www\"");
    snprintf(line, sizeof(line), "table 192.0.2.1:%u", bounds.first);
    assert_has(ask(w, line), "\"psid\":\"4/6/5\"");
    snprintf(line, sizeof(line), "table 192.0.2.1:%u", bounds.last);
    assert_has(ask(w, line), "\"psid\":\"4/6/5\"");
    snprintf(line, sizeof(line), "table 192.0.2.1:%u", bounds.first + 2000);
    assert_string_equal(ask(w, line), "ok\n[]\n");
}

static int log_file, stderr_kept;

static void log_to_file(void)
{
    char path[] = "/tmp/pearpd-control-log.XXXXXX";
    log_file = mkstemp(path);
    stderr_kept = dup(STDERR_FILENO);
    assert_true(log_file >= 0 && stderr_kept >= 0 && dup2(log_file, STDERR_FILENO) >= 0);
    unlink(path);
    log_open("p", 0);
}

static void log_back(void)
{
    dup2(stderr_kept, STDERR_FILENO);
    close(stderr_kept);
    close(log_file);
}

/* Asks, and expects one line of the log: the command, by whom, and what came of it. */
static void assert_logged(struct desk *w, const char *command, const char *result)
{
    char expected[512], text[512];
    assert_int_equal(ftruncate(log_file, 0), 0);
    assert_int_equal(lseek(log_file, 0, SEEK_SET), 0);
    ask(w, command);
    const ssize_t length = pread(log_file, text, sizeof(text) - 1, 0);
    assert_true(length >= 0);
    text[length] = '\0';
    snprintf(expected, sizeof(expected), "p: pearpctl %s, by uid %lu, pid %ld: %s\n", command,
             (unsigned long)geteuid(), (long)getpid(), result);
    assert_string_equal(text, expected);
}

static void test_who_changes_the_table_is_logged(void **state)
{
    struct desk *w = *state;
    log_to_file();
    assert_logged(w, "add 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee", "done");
    assert_logged(w, "add 192.0.2.1:2500-2500 00:0c:29:39:44:ab",
                  "00:0c:29:9e:8c:ee holds 192.0.2.1:2000-2999 (control): delete that range first");
    assert_logged(w, "add 192.0.2.1:2500-2500 00:0c:29:39:44:ab --force", "a permanent range overlaps it");
    assert_logged(w, "delete 192.0.2.1:2000-2999", "done");
    assert_logged(w, "delete 192.0.2.1:2000-2999", "there is no such address or range");
    assert_logged(w, "flush 192.0.2.1", "0 bindings removed");
    assert_logged(w, "flush 192.0.2.9", "there is no such address or range");
    assert_logged(w, "reload", "begins");
    log_back();
}

static void test_stats_have_the_shape_of_a_report(void **state)
{
    struct desk *w = *state;
    const char *stats = ask(w, "stats");
    assert_starts(stats,
                  "ok\n{\"frames\":{\"upstream\":{\"in\":0,\"out\":1},\"downstream\":{\"in\":0,\"out\":1},"
                  "\"made\":2,\"held\":0},\"consumed\":{\"arp_answered\":0,");
    assert_has(stats, "\"drops\":{\"no_owner\":0,");
    assert_has(stats, "\"counters\":{\"captures\":0,\"conflicts\":0,\"violations\":0,\"moves\":0,");
    assert_has(stats,
               "\"dhcp\":{\"pool\":0,\"leased\":0,\"offered\":0,\"declined\":0,\"reserved\":0,\"blocked\":0}");
    assert_has(stats, "\"table\":[{\"address\":\"192.0.2.1\"");
    assert_string_equal(stats + strlen(stats) - 3, "]}\n");
}

static void serve(struct config *config)
{
    config->addresses[0].is_served = true;
    config->addresses[0].lease_psid = (struct port_set_params){0, 10};
}

/* More than one piece of the answer. */
static void test_leases_are_whole(void **state)
{
    struct desk *w = *state;
    struct lease_entry lease = {.psid = {0, 10}, .state = LEASE_BOUND, .left_ns = UINT64_C(60000000000)};
    unsigned listed = 0;
    assert_string_equal(ask(w, "leases"), "ok\n[]\n");
    serve(&w->world.config);
    assert_int_equal(engine_reload(w->world.engine, w->world.now, &w->world.config, &w->world.out), 0);
    for (unsigned psid = 200; psid < 1000; psid++) {
        lease.range =
            (struct range){w->world.address.address, (uint16_t)(psid * 64), (uint16_t)(psid * 64 + 63)};
        lease.psid_id = (uint16_t)psid;
        lease.mac = (struct mac){{0, 0x0c, 0x29, 1, (uint8_t)(psid >> 8), (uint8_t)psid}};
        assert_int_equal(engine_lease_restore(w->world.engine, w->world.now, &lease, &w->world.out), 0);
    }
    const char *leases = ask(w, "leases");
    assert_starts(leases, "ok\n[{\"address\":\"192.0.2.1\",\"first_port\":12800,\"last_port\":12863,"
                          "\"psid\":\"0/10/200\",\"mac\":\"00:0c:29:01:00:c8\",\"client_id\":null,"
                          "\"state\":\"bound\",\"expires_s\":60,\"name\":\"\"}");
    for (const char *at = leases; (at = strstr(at, "\"state\":\"bound\"")) != NULL; at++)
        listed++;
    assert_int_equal(listed, 800);
    assert_string_equal(leases + strlen(leases) - 3, "}]\n");
}

/* A month that nobody has: nothing to be said, but no account is left out, and the loop has its turns in between. */
static void test_accounts_go_by_turns(void **state)
{
    struct desk *w = *state;
    enum { OWNERS = 5000, TURNS = 5001 / 512 };
    struct account_entry entry = {.total = {.rx_frames = 1, .rx_bytes = 60}};
    for (unsigned n = 0; n < OWNERS; n++) {
        entry.mac = (struct mac){{0, 0x0c, 0x29, 1, (uint8_t)(n >> 8), (uint8_t)n}};
        assert_int_equal(engine_account_restore(w->world.engine, &entry), 0);
    }
    const char *answer = ask(w, "account 1999-01");
    assert_starts(answer, "ok\n[ ");
    assert_int_equal(strspn(answer + 4, " "), TURNS);
    assert_string_equal(answer + 4 + TURNS, "]\n");
    unsigned listed = 0;
    for (const char *at = ask(w, "account"); (at = strstr(at, "\"rx_frames\":1,")) != NULL; at++)
        listed++;
    assert_int_equal(listed, OWNERS);
}

/* A host claims a block, is challenged, and answers with services, as the bridge's nonces count: `number` from 1 on. */
static void announce_services(struct desk *w, struct frame_builder *builder, unsigned number)
{
    uint8_t tlvs[470], bytes[600];
    size_t tlvs_length = 0;
    const struct mac host = {{0, 0x0c, 0x29, 2, 0, (uint8_t)number}};
    const uint16_t first = (uint16_t)(2000 + 100 * number);
    struct port_address held = {
        .address = w->world.address.address, .first = first, .last = (uint16_t)(first + 99)};
    for (unsigned i = 0; i < 18; i++) {
        char name[16];
        const int length = snprintf(name, sizeof(name), "_s%02u._tcp.a", i);
        const struct pe_arp_service service = {6, (uint16_t)(first + i), name, (size_t)length};
        const int written = pe_arp_write_service(&service, tlvs + tlvs_length, sizeof(tlvs) - tlvs_length);
        assert_true(written > 0);
        tlvs_length += (size_t)written;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct tx_frame made = {.source = host, .ethertype = 0x88b5, .kind = TX_PE_ARP};
        made.destination = i == 0 ? mac_broadcast : w->world.config.mac;
        made.pe_arp = (struct pe_arp){.type = i == 0 ? PE_ARP_CLAIM : PE_ARP_REPLY,
                                      .sha = host,
                                      .spa = held,
                                      .tpa = held,
                                      .nonce = i == 0 ? 0 : number,
                                      .services = tlvs,
                                      .services_length = tlvs_length};
        if (i == 1)
            made.pe_arp.tpa.last = first;
        const int length = frame_build(builder, &made, bytes, sizeof(bytes));
        assert_true(length > 0);
        struct frame frame = {.bytes = bytes, .length = (size_t)length, .wire_length = (size_t)length};
        assert_int_equal(
            engine_frame(w->world.engine, w->world.now, SIDE_DOWNSTREAM, &frame, &w->world.out).fate,
            FATE_CONSUMED);
    }
}

/* More of them than one piece of an answer holds. */
static void test_services_are_whole(void **state)
{
    struct desk *w = *state;
    struct frame_builder *builder = frame_builder_new();
    unsigned listed = 0;
    assert_string_equal(ask(w, "services"), "ok\n[]\n");
    assert_string_equal(ask(w, "services 1"), "usage one argument too many: 1; usage: services\n");
    for (unsigned number = 1; number <= 30; number++)
        announce_services(w, builder, number);
    frame_builder_free(builder);
    const char *services = ask(w, "services");
    assert_starts(services, "ok\n[{\"name\":\"_s17._tcp.a\",\"protocol\":\"tcp\",\"address\":\"192.0.2.1\","
                            "\"port\":2117,\"mac\":\"00:0c:29:02:00:01\",\"owner\":\"\",\"age_s\":0},");
    for (const char *at = services; (at = strstr(at, "\"name\":")) != NULL; at++)
        listed++;
    assert_int_equal(listed, 18 * 30);
    assert_true(strlen(services) > 32768);
    assert_string_equal(services + strlen(services) - 3, "}]\n");
}

static void test_version_and_reload(void **state)
{
    struct desk *w = *state;
    assert_starts(ask(w, "version"), "ok\n{\"version\":\"");
    assert_starts(ask(w, "reload"), "ok\n");
    w->reload_fails = true;
    assert_string_equal(ask(w, "reload"), "error it has faults\n");
    assert_int_equal(w->reloads, 2);
}

static void advance(void *context)
{
    struct desk *w = context;
    w->world.now += UINT64_C(4000000000);
    engine_tick(w->world.engine, w->world.now, &w->world.out);
}

static void test_resolve(void **state)
{
    struct desk *w = *state;
    assert_starts(ask(w, "resolve 192.0.2.1:80"), "error nobody owns the port, and nobody is asked\n");
    assert_starts(ask(w, "resolve 192.0.2.7:80"), "error that is no shared address");
    ask(w, "add 192.0.2.1:80-80 00:0c:29:9e:8c:ee");
    assert_has(ask(w, "resolve 192.0.2.1:80"), "\"mac\":\"00:0c:29:9e:8c:ee\"");
    struct loop_source *later = loop_timer(w->loop, advance, w);
    loop_timer_set(later, 50000000);
    assert_string_equal(ask(w, "resolve 192.0.2.1:5000"), "error nobody answered\n");
    loop_source_free(later);
}

static void test_resolve_asks(void **state)
{
    struct desk *w = *state;
    ask(w, "add 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee");
    struct loop_source *later[3];
    assert_starts(ask(w, "resolve 192.0.2.1:2000"), "ok\n{");
    for (unsigned i = 0; i < 3; i++) {
        later[i] = loop_timer(w->loop, advance, w);
        loop_timer_set(later[i], 50000000 * (i + 1));
    }
    assert_starts(ask(w, "resolve 192.0.2.1:2000 --ask"), "error the owner does not answer;");
    for (unsigned i = 0; i < 3; i++)
        loop_source_free(later[i]);
}

/* The REPLY of the host that holds 192.0.2.1:2000-2999, to the first REQUEST. */
static void owner_replies(void *context)
{
    struct desk *w = context;
    const struct mac host = {{0, 0x0c, 0x29, 0x9e, 0x8c, 0xee}};
    const struct port_address held = {.address = w->world.address.address, .first = 2000, .last = 2999};
    struct tx_frame tx = {
        .destination = w->world.config.mac, .source = host, .ethertype = 0x88b5, .kind = TX_PE_ARP};
    tx.pe_arp = (struct pe_arp){.type = PE_ARP_REPLY, .sha = host, .spa = held, .tpa = held, .nonce = 1};
    tx.pe_arp.tpa.last = 2000;
    w->world.now += 1000;
    assert_int_equal(world_give_made(&w->world, SIDE_DOWNSTREAM, &tx).fate, FATE_CONSUMED);
}

/* Its owner is known for ever, and is asked all the same. */
static void test_resolve_asks_and_hears(void **state)
{
    struct desk *w = *state;
    ask(w, "add 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee");
    assert_has(ask(w, "table 192.0.2.1:2000"), "\"seen_s\":null}");
    struct loop_source *later = loop_timer(w->loop, owner_replies, w);
    loop_timer_set(later, 50000000);
    assert_has(ask(w, "resolve 192.0.2.1:2000 --ask"), "\"seen_s\":0}");
    loop_source_free(later);
}

/* A host holds 192.0.2.1:5000-5999, and has been asked. */
static void newcomer_replies(void *context)
{
    struct desk *w = context;
    const struct mac host = {{0, 0x0c, 0x29, 0x39, 0x44, 0xab}};
    struct tx_frame tx = {
        .destination = w->world.config.mac, .source = host, .ethertype = 0x88b5, .kind = TX_PE_ARP};
    tx.pe_arp = (struct pe_arp){.type = PE_ARP_REPLY,
                                .sha = host,
                                .spa = {.address = w->world.address.address, .first = 5000, .last = 5999},
                                .tpa = w->world.last_request.pe_arp.tpa,
                                .nonce = w->world.last_request.pe_arp.nonce};
    w->world.now += 1000;
    assert_int_equal(world_give_made(&w->world, SIDE_DOWNSTREAM, &tx).fate, FATE_CONSUMED);
}

/* That nobody answered a moment ago is no reason not to wait for an answer now. */
static void test_resolve_asks_again_for_what_was_not_answered(void **state)
{
    struct desk *w = *state;
    struct loop_source *later = loop_timer(w->loop, advance, w);
    loop_timer_set(later, 50000000);
    assert_string_equal(ask(w, "resolve 192.0.2.1:5000"), "error nobody answered\n");
    loop_source_free(later);
    assert_string_equal(ask(w, "resolve 192.0.2.1:5000"), "error nobody owns the port, and nobody is asked\n");
    later = loop_timer(w->loop, newcomer_replies, w);
    loop_timer_set(later, 300000000);
    assert_has(ask(w, "resolve 192.0.2.1:5000 --ask"), "\"mac\":\"00:0c:29:39:44:ab\"");
    loop_source_free(later);
    engine_delete(w->world.engine, w->world.now, &(const struct range){w->world.address.address, 5000, 5999},
                  &w->world.out);
    later = loop_timer(w->loop, advance, w);
    loop_timer_set(later, 50000000);
    assert_string_equal(ask(w, "resolve 192.0.2.1:5000 --ask"), "error nobody answered\n");
    loop_source_free(later);
}

static void report_capture(void *context)
{
    const struct event event = {
        .kind = EVENT_CAPTURE, .range = {{0xc0000201}, 0, UINT16_MAX}, .mac = {{0, 1, 2, 3, 4, 5}}};
    pass_event(context, &event);
}

static void add_owner(void *context)
{
    struct desk *w = context;
    const struct range range = {{0xc0000201}, 5000, 5000};
    engine_add(w->world.engine, w->world.now, &range, (struct mac){{0, 1, 2, 3, 4, 5}}, &w->world.out);
}

/* Another host's doings, which concern all ports of the address, are no answer. */
static void test_resolve_waits_through_other_events(void **state)
{
    struct desk *w = *state;
    struct loop_source *capture = loop_timer(w->loop, report_capture, w);
    struct loop_source *owner = loop_timer(w->loop, add_owner, w);
    loop_timer_set(capture, 50000000);
    loop_timer_set(owner, 200000000);
    assert_has(ask(w, "resolve 192.0.2.1:5000"), "\"mac\":\"00:01:02:03:04:05\"");
    loop_source_free(capture);
    loop_source_free(owner);
}

static void test_monitor(void **state)
{
    struct desk *w = *state;
    const struct range range = {{0xc0000201}, 2000, 2999};
    int fd = connect_to(w->path);
    assert_int_equal(send(fd, "monitor\n", 8, 0), 8);
    run_for(w, 50000000);
    assert_int_equal(
        engine_add(w->world.engine, w->world.now, &range, (struct mac){{0, 1, 2, 3, 4, 5}}, &w->world.out), 0);
    char day[CLOCK_TEXT_BYTES];
    const char *answer = read_answer(w, fd, 200000000);
    assert_starts(answer, "ok\n{\"event\":\"learned\",\"time_ns\":1000000000,\"side\":\"downstream\","
                          "\"range\":\"192.0.2.1:2000-2999\",\"mac\":\"00:01:02:03:04:05\","
                          "\"detail\":\"control\",\"time\":\"20");
    clock_wall_format(clock_wall_us(), day);
    day[10] = '\0';
    assert_has(answer, day);
    close(fd);
}

static void test_monitor_that_does_not_read(void **state)
{
    struct desk *w = *state;
    const struct event event = {.kind = EVENT_PORT_UP, .side = SIDE_UPSTREAM};
    int fd = connect_to(w->path);
    assert_int_equal(send(fd, "monitor\n", 8, 0), 8);
    run_for(w, 50000000);
    for (unsigned i = 0; i < 200000; i++)
        control_event(w->control, &event);
    assert_has(read_answer(w, fd, 500000000), "{\"event\":\"skipped\",\"count\":");
    close(fd);
}

/* Clients that misbehave. */

static void test_bad_requests(void **state)
{
    struct desk *w = *state;
    char line[6000];
    assert_starts(ask(w, "fly"), "usage unknown command: fly\n");
    assert_starts(ask(w, ""), "usage unknown command");
    assert_starts(ask(w, "why 192.0.2.1 tcp 80"), "usage unknown command: why\n");
    assert_starts(ask(w, "add"),
                  "usage ADDRESS:FIRST-LAST is missing; usage: add ADDRESS:FIRST-LAST MAC [--force]\n");
    assert_starts(ask(w, "add 192.0.2.1:9-5 00:0c:29:9e:8c:ee"),
                  "usage 192.0.2.1:9-5 is not ADDRESS:FIRST-LAST;");
    assert_starts(ask(w, "add 192.0.2.1:5-9 00:0c:29:9e:8c"), "usage 00:0c:29:9e:8c is not a MAC address;");
    assert_starts(ask(w, "add 192.0.2.1:5-9"), "usage a MAC address is missing;");
    assert_starts(ask(w, "add 192.0.2.1:5-9 00:0c:29:9e:8c:ee x"), "usage one argument too many: x;");
    assert_starts(ask(w, "add 192.0.2.1:5-9 00:0c:29:9e:8c:ee --farce"), "usage --farce is not --force;");
    assert_starts(ask(w, "resolve 192.0.2.1:5-9"), "usage 192.0.2.1:5-9 is not ADDRESS:PORT;");
    assert_starts(ask(w, "table 192.0.2.1:99999"), "usage 192.0.2.1:99999 is not an address,");
    assert_starts(ask(w, "account 2026-13"), "usage 2026-13 is not a MAC address or ADDRESS:PORT;");
    assert_starts(ask(w, "table \x01"), "usage a request is one line");
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    assert_starts(ask(w, line), "usage a request is one line");
    assert_starts(ask(w, "version"), "ok\n");
}

/* By root, who has the place that is kept as well. */
static void test_too_many_clients(void **state)
{
    struct desk *w = *state;
    int fds[4];
    if (geteuid() != 0)
        skip();
    for (unsigned i = 0; i < 4; i++)
        fds[i] = connect_to(w->path);
    run_for(w, 50000000);
    int refused = connect_to(w->path);
    assert_string_equal(read_answer(w, refused, 1000000000), "error too many clients\n");
    close(refused);
    for (unsigned i = 0; i < 4; i++)
        close(fds[i]);
    run_for(w, 50000000);
    assert_starts(ask(w, "version"), "ok\n");
}

/* Another user takes every place: root is served. A request that comes in pieces is no reason to wait longer. */
static void test_a_place_for_root(void **state)
{
    struct desk *w = *state;
    int fds[5];
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(w->path, 0666), 0);
    chmod(w->folder, 0755);
    snprintf(w->answer, ANSWER_BYTES, "%s/run", w->folder);
    chmod(w->answer, 0755);
    assert_int_equal(seteuid(65534), 0);
    for (unsigned i = 0; i < 5; i++)
        fds[i] = connect_to(w->path);
    assert_int_equal(seteuid(0), 0);
    run_for(w, 50000000);
    assert_string_equal(read_answer(w, fds[3], 1000000000), "error too many clients\n");
    assert_starts(ask(w, "version"), "ok\n");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(send(fds[0], "v", 1, MSG_NOSIGNAL), 1);
        run_for(w, UINT64_C(1800000000));
    }
    char byte;
    for (unsigned i = 0; i < 5; i++) {
        assert_true(recv(fds[i], &byte, 1, MSG_DONTWAIT) >= 0 || errno == ECONNRESET); /* closed */
        close(fds[i]);
    }
}

static void frame_came(void *context)
{
    ++*(unsigned *)context;
}

/* Who cannot be accepted must not keep frames from being served. */
static void test_no_descriptor_left(void **state)
{
    struct desk *w = *state;
    struct rlimit limit, less;
    unsigned frames = 0;
    int pipe_fds[2], waiting = connect_to(w->path), probe;
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    struct loop_source *frame = loop_readable(w->loop, LOOP_FRAMES, pipe_fds[0], frame_came, &frames);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    probe = dup(0);
    assert_true(probe >= 0);
    close(probe);
    less = (struct rlimit){(rlim_t)probe, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
    run_for(w, 200000000);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(frames > 0);
    loop_source_free(frame);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    assert_int_equal(send(waiting, "version\n", 8, MSG_NOSIGNAL), 8);
    assert_starts(read_answer(w, waiting, 2000000000), "ok\n");
    close(waiting);
}

/* One says nothing, one asks for more than a socket holds and does not read: both are closed. */
static void test_silent_clients_are_closed(void **state)
{
    struct desk *w = *state;
    const int small = 4096;
    for (uint16_t i = 0; i < 3000; i++) {
        const struct range range = {{0xc0000201}, (uint16_t)(2000 + i), (uint16_t)(2000 + i)};
        assert_int_equal(
            engine_add(w->world.engine, w->world.now, &range, (struct mac){{0, 1, 2, 3, 4, 5}}, &w->world.out),
            0);
    }
    int mute = connect_to(w->path), stuck = connect_to(w->path);
    setsockopt(stuck, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    assert_int_equal(send(stuck, "table\n", 6, MSG_NOSIGNAL), 6);
    run_for(w, UINT64_C(6000000000));
    assert_string_equal(read_answer(w, mute, 100000000), "");
    char byte;
    assert_int_equal(recv(mute, &byte, 1, MSG_DONTWAIT), 0);
    read_answer(w, stuck, 500000000);
    assert_int_equal(recv(stuck, &byte, 1, MSG_DONTWAIT), 0);
    assert_true(w->length > 3 && strcmp(w->answer + w->length - 2, "]\n") != 0);
    close(mute);
    close(stuck);
}

static void test_long_table_is_whole(void **state)
{
    struct desk *w = *state;
    unsigned entries = 0;
    for (uint16_t i = 0; i < 3000; i++) {
        const struct range range = {{0xc0000201}, (uint16_t)(2000 + i), (uint16_t)(2000 + i)};
        assert_int_equal(
            engine_add(w->world.engine, w->world.now, &range, (struct mac){{0, 1, 2, 3, 4, 5}}, &w->world.out),
            0);
    }
    const char *table = ask(w, "table");
    assert_true(w->length > 500000);
    assert_string_equal(table + w->length - 3, "}]\n");
    for (const char *at = table; (at = strstr(at, "\"address\"")) != NULL; at++)
        entries++;
    assert_int_equal(entries, 3001); /* and the published address */
}

/* A host's ARP for the of_all address, which is a capture counted for it. */
static void capture_by(struct desk *w, uint32_t host)
{
    uint8_t bytes[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0x99, 0, 0, 0, 0, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
    const uint8_t of_all[] = {192, 0, 2, 1};
    bytes[10] = (uint8_t)(host >> 8);
    bytes[11] = (uint8_t)host;
    memcpy(bytes + 22, bytes + 6, MAC_BYTES);
    memcpy(bytes + 28, of_all, sizeof(of_all));
    memcpy(bytes + 38, of_all, sizeof(of_all));
    struct frame frame = {.bytes = bytes, .length = sizeof(bytes), .wire_length = sizeof(bytes)};
    w->world.now += 1000000;
    engine_frame(w->world.engine, w->world.now, SIDE_DOWNSTREAM, &frame, &w->world.out);
}

static void test_stats_of_many_hosts_are_whole(void **state)
{
    struct desk *w = *state;
    unsigned hosts = 0;
    for (uint32_t i = 0; i < 2000; i++)
        capture_by(w, i);
    const char *stats = ask(w, "stats");
    assert_has(stats, "}],\"table\":[{\"address\":\"192.0.2.1\"");
    assert_string_equal(stats + w->length - 3, "]}\n");
    for (const char *at = stats; (at = strstr(at, "\"bad_pe_arp\":0,")) != NULL; at++)
        hosts++;
    assert_int_equal(hosts, 2000);
}

static void test_random_lines_change_nothing(void **state)
{
    struct desk *w = *state;
    static const char *const words[] = {"add",
                                        "delete",
                                        "flush",
                                        "table",
                                        "192.0.2.1:5-9",
                                        "192.0.2.1",
                                        "resolve",
                                        "-1",
                                        "192.0.2.1:",
                                        ":",
                                        "00:0c:29:9e:8c:ee",
                                        "65536-1",
                                        " ",
                                        "00:0c:29",
                                        "stats",
                                        "999999999999999999999"};
    struct control_request request;
    char error[CONTROL_ERROR_BYTES];
    unsigned good = 0;
    srand(5);
    (void)w;
    for (unsigned i = 0; i < 100000; i++) {
        char line[256] = "";
        for (int n = rand() % 5; n >= 0; n--) {
            strcat(line, words[(size_t)rand() % (sizeof(words) / sizeof(words[0]))]);
            if (rand() % 4 != 0)
                strcat(line, " ");
        }
        if (rand() % 3 == 0)
            line[(size_t)rand() % strlen(line)] = (char)rand();
        if (control_request_parse(line, strlen(line), &request, error) != 0) {
            assert_true(*error != '\0' && strlen(error) < CONTROL_ERROR_BYTES - 1);
            continue;
        }
        good++;
        assert_true(request.range.first <= request.range.last);
    }
    assert_true(good > 100);
}

/* The socket's file. */

static void test_file(void **state)
{
    struct desk *w = *state;
    struct stat status;
    char other[128], link[128];
    assert_int_equal(stat(w->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    assert_int_equal(control_socket_open(w->path, CONTROL_SOCKET_MODE), -EADDRINUSE);
    snprintf(other, sizeof(other), "%s/file", w->folder);
    FILE *file = fopen(other, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(control_socket_open(other, CONTROL_SOCKET_MODE), -EEXIST);
    snprintf(link, sizeof(link), "%s/link", w->folder);
    assert_int_equal(symlink(w->path, link), 0);
    assert_int_equal(control_socket_open(link, CONTROL_SOCKET_MODE), -EEXIST);
    unlink(link);
    unlink(other);
    int dead = control_socket_open(other, CONTROL_SOCKET_MODE); /* bound, and nobody will ever listen */
    assert_true(dead >= 0);
    close(dead);
    dead = control_socket_open(other, CONTROL_SOCKET_MODE);
    assert_true(dead >= 0);
    close(dead);
    unlink(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_add_table_delete),
        TEST(test_who_asks_the_fast_path),
        TEST(test_add_over_an_owner),
        TEST(test_deny_and_allow),
        TEST(test_table_filters),
        TEST(test_table_filters_names_and_port_sets),
        TEST(test_who_changes_the_table_is_logged),
        TEST(test_resolve_asks),
        TEST(test_resolve_asks_and_hears),
        TEST(test_resolve_asks_again_for_what_was_not_answered),
        TEST(test_a_place_for_root),
        TEST(test_stats_have_the_shape_of_a_report),
        TEST(test_leases_are_whole),
        TEST(test_services_are_whole),
        TEST(test_accounts_go_by_turns),
        TEST(test_version_and_reload),
        TEST(test_resolve),
        TEST(test_resolve_waits_through_other_events),
        TEST(test_monitor),
        TEST(test_monitor_that_does_not_read),
        TEST(test_bad_requests),
        TEST(test_too_many_clients),
        TEST(test_no_descriptor_left),
        TEST(test_silent_clients_are_closed),
        TEST(test_long_table_is_whole),
        TEST(test_stats_of_many_hosts_are_whole),
        TEST(test_random_lines_change_nothing),
        TEST(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
