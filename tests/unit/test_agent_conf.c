/* test_agent_conf.c: the agent's file: what it may say, and every fault of it by its line.
 * With --sample or --mdoc it prints what scripts/update-agent-conf writes.
 * The agent's files are in no library: the units under test are drawn in whole. */
#include "../../src/agent/config.c" /* NOLINT(bugprone-suspicious-include) */
#include "../../src/agent/held.c"   /* NOLINT(bugprone-suspicious-include) */
#include "../../src/agent/schema.c" /* NOLINT(bugprone-suspicious-include) */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define KEY  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "[agent]\ninterface = eth0\n"

struct seen {
    char text[16384];
    unsigned count;
};

static void take(void *context, const char *file, unsigned line, const char *message)
{
    struct seen *seen = context;
    const size_t length = strlen(seen->text);
    assert_string_equal(file, "a.conf");
    snprintf(seen->text + length, sizeof(seen->text) - length, "%u: %s\n", line, message);
    seen->count++;
}

static int read_text(const char *text, struct agent_options *options, struct seen *seen)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(stream);
    *seen = (struct seen){.count = 0};
    const int result = agent_config_read_stream(stream, "a.conf", options, take, seen);
    fclose(stream);
    assert_int_equal(result, (int)seen->count);
    return result;
}

static struct agent_options read_good(const char *text)
{
    struct agent_options options;
    struct seen seen;
    if (read_text(text, &options, &seen) != 0)
        fail_msg("%s", seen.text);
    return options;
}

static void the_short_form_is_one_range(void **state)
{
    (void)state;
    const struct agent_options o =
        read_good(HEAD "address = 192.35.162.2\nports = 2000-2999\n[keys]\n7 = " KEY "\n3 = " KEY "\n");
    assert_string_equal(o.interface, "eth0");
    assert_int_equal(o.held.count, 1);
    assert_int_equal(o.held.held[0].range.address.host, 0xc023a202);
    assert_int_equal(o.held.held[0].range.last, 2999);
    assert_int_equal(o.gateway.host, 0);
    assert_int_equal(o.ethertype, 0x88b5);
    assert_int_equal(o.watch_s, 10);
    assert_int_equal(o.warn_percent, 90);
    assert_int_equal(o.enforce, ENFORCE_NFT);
    assert_string_equal(o.metrics, "");
    assert_int_equal(o.key_count, 2);
    assert_int_equal(o.keys[0].id, 3);
}

static void ranges_and_port_sets_of_several_addresses(void **state)
{
    (void)state;
    const struct agent_options o = read_good(
        "[range 192.35.162.3:psid/6/8/18]\n[agent]\ninterface = eth0.5\naddress = 192.35.162.2\n"
        "ports = 2000-2999\ngateway = 192.35.162.1\nencap = arp\nenforce = none\nwatch = 1\nwarn = 100\n"
        "metrics = /var/lib/x/pearp.prom\n[range 192.35.162.2:5000-5999]\n[range 192.35.162.2:7000]\n");
    assert_int_equal(o.held.count, 4);
    assert_int_equal(o.held.held[0].range.first, 2000); /* [agent]'s own is the first */
    assert_true(o.held.held[1].is_port_set);
    assert_int_equal(held_ports(&o.held.held[1]), 63 * 4);
    assert_int_equal(o.held.held[3].range.first, 7000);
    assert_int_equal(o.held.held[3].range.last, 7000);
    assert_int_equal(o.gateway.host, 0xc023a201);
    assert_int_equal(o.ethertype, 0x0806);
    assert_int_equal(o.enforce, ENFORCE_NONE);
    assert_int_equal(o.warn_percent, 100);
    assert_string_equal(o.metrics, "/var/lib/x/pearp.prom");
}

static void twenty_faults_are_told_in_one_go(void **state)
{
    (void)state;
    static const char text[] = "stray = 1\n"                         /* 1 */
                               "[agent]\n"                           /* 2 */
                               "interface = a/b\n"                   /* 3 */
                               "address = 224.0.0.1\n"               /* 4 */
                               "ports = 3000-2000\n"                 /* 5 */
                               "gateway = 192.35.162\n"              /* 6 */
                               "encap = 0x0800\n"                    /* 7 */
                               "enforce = maybe\n"                   /* 8 */
                               "watch = 0\n"                         /* 9 */
                               "warn = 101\n"                        /* 10 */
                               "metrics = pearp.prom\n"              /* 11 */
                               "colour = blue\n"                     /* 12 */
                               "warn = 50\n"                         /* 13 */
                               "[range 192.35.162.2:5000-4000]\n"    /* 14 */
                               "[range 192.35.162.2]\n"              /* 15 */
                               "[range 192.35.162.2:psid/4/8/256]\n" /* 16 */
                               "[range 192.35.162.2:6000-6999]\n"    /* 17 */
                               "[range 192.35.162.2:6999-7000]\n"    /* 18 */
                               "mac = 00:0c:29:9e:8c:ee\n"           /* 19 */
                               "[agent]\n"                           /* 20 */
                               "[keys\n"                             /* 21 */
                               "[keys]\n"                            /* 22 */
                               "1 = 00\n"                            /* 23 */
                               "2 = " KEY "\n"                       /* 24 */
                               "2 = " KEY "\n"                       /* 25 */
                               "[bridge]\n"                          /* 26 */
                               "no key\n";                           /* 27 */
    static const char expected[] =
        "1: stray = 1: stands before the first section\n"
        "3: interface = a/b: must be an interface that can be used\n"
        "4: address = 224.0.0.1: must be a host's IPv4 address\n"
        "5: ports = 3000-2000: the last port is below the first\n"
        "6: gateway = 192.35.162: must be a host's IPv4 address\n"
        "7: encap = 0x0800: must be 0x88b5 or arp\n"
        "8: enforce = maybe: must be nft | none\n"
        "9: watch = 0: must be 1-3600\n"
        "10: warn = 101: must be 1-100\n"
        "11: metrics = pearp.prom: must be none or an absolute path\n"
        "12: colour = blue: unknown key in [agent]\n"
        "13: warn = 50: stands already at line 10\n"
        "14: [range 192.35.162.2:5000-4000]: the last port is below the first\n"
        "15: [range 192.35.162.2]: must be ADDRESS:FIRST-LAST or ADDRESS:psid/OFFSET/LENGTH/ID\n"
        "16: [range 192.35.162.2:psid/4/8/256]: there is no such port set\n"
        "18: [range 192.35.162.2:6999-7000]: shares ports with line 17\n"
        "19: mac = 00:0c:29:9e:8c:ee: unknown key in [range]\n"
        "20: [agent]: stands already at line 2\n"
        "20: interface is missing in [agent]\n"
        "21: [keys: ']' is missing\n"
        "23: 1: must be a number up to 4294967295, with 64 hexadecimal digits\n"
        "25: 2: stands already in [keys]\n"
        "26: [bridge]: unknown section\n"
        "27: no key: neither a section nor KEY = VALUE\n";
    struct agent_options options;
    struct seen seen;
    read_text(text, &options, &seen);
    assert_string_equal(seen.text, expected);
    assert_null(strstr(seen.text, KEY));
}

static void what_only_the_whole_shows(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {"\n", "1: [agent] is missing\n"},
        {HEAD, "1: nothing to hold: neither address and ports in [agent], nor a [range], nor dhcp\n"},
        {HEAD "ports = 1-2\n", "1: address and ports in [agent] stand together or not at all\n"},
        {HEAD "address = 192.35.162.2\nports = 2000-2999\n[range 192.35.162.2:2999-3000]\n",
         "5: [range]: shares ports with line 4\n"},
        {HEAD "gateway = 192.35.162.2\n[range 192.35.162.2:1-2]\n", "3: the gateway is a shared address\n"},
        {"[agent]\n[range 192.35.162.2:1-2]\n", "1: interface is missing in [agent]\n"},
        {HEAD "[range 192.35.162.2:psid/11/5/1]\n",
         "3: [range 192.35.162.2:psid/11/5/1]: one more than 32 ranges, or 1024 spans of ports, in all\n"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct agent_options options;
        struct seen seen;
        read_text(bad[i].text, &options, &seen);
        assert_string_equal(seen.text, bad[i].expected);
    }
}

static void a_range_too_many(void **state)
{
    (void)state;
    char text[4096] = HEAD;
    struct agent_options options;
    struct seen seen;
    for (unsigned i = 0; i <= HELD_MAX; i++) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof(text) - length, "[range 192.35.162.2:%u-%u]\n", 2000 + i * 10,
                 2009 + i * 10);
    }
    assert_int_equal(read_text(text, &options, &seen), 1);
    assert_non_null(strstr(seen.text, "35: [range 192.35.162.2:2320-2329]: one more than 32 ranges"));
}

static void spans_are_united_over_addresses(void **state)
{
    (void)state;
    const struct agent_options o = read_good(
        HEAD "[range 192.35.162.3:3000-3999]\n[range 192.35.162.2:1000-1999]\n[range 192.35.162.2:2000-2099]\n"
             "[range 192.35.162.2:3500-4500]\n");
    struct port_span spans[HELD_SPANS_MAX];
    struct ipv4 addresses[HELD_MAX];
    assert_int_equal(held_union(&o.held, (struct ipv4){0}, spans), 2);
    assert_int_equal(spans[0].first, 1000);
    assert_int_equal(spans[0].last, 2099);
    assert_int_equal(spans[1].first, 3000);
    assert_int_equal(spans[1].last, 4500);
    assert_int_equal(held_union(&o.held, (struct ipv4){0xc023a203}, spans), 1);
    assert_int_equal(spans[0].last, 3999);
    assert_int_equal(held_addresses(&o.held, addresses), 2);
    assert_int_equal(addresses[0].host, 0xc023a203);
}

/* The file at `path` is as `print` prints it, from `begin` to `end` (NULL: all of it). */
static void check_current(const char *path, void (*print)(FILE *out), const char *begin, const char *end)
{
    static char is[65536];
    char *wanted = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&wanted, &size), *file = fopen(path, "r");
    assert_non_null(out);
    assert_non_null(file);
    print(out);
    fclose(out);
    is[fread(is, 1, sizeof(is) - 1, file)] = '\0';
    fclose(file);
    char *from = is;
    if (begin != NULL) {
        from = strstr(is, begin);
        assert_non_null(from);
        from = strchr(from, '\n') + 1;
        char *stop = strstr(from, end);
        assert_non_null(stop);
        *stop = '\0';
    }
    assert_string_equal(from, wanted);
    free(wanted);
}

static void sample_and_manual_are_current(void **state)
{
    (void)state;
    check_current("etc/agent.conf.sample", agent_config_print_sample, NULL, NULL);
    check_current("man/pearp-agent.conf.5", agent_config_print_mdoc, ".\\\" BEGIN", ".\\\" END");
}

static void the_sample_has_no_fault(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    agent_config_print_sample(out);
    fclose(out);
    const struct agent_options o = read_good(text);
    assert_int_equal(o.held.count, 1);
    free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_short_form_is_one_range),
        cmocka_unit_test(ranges_and_port_sets_of_several_addresses),
        cmocka_unit_test(twenty_faults_are_told_in_one_go),
        cmocka_unit_test(what_only_the_whole_shows),
        cmocka_unit_test(a_range_too_many),
        cmocka_unit_test(spans_are_united_over_addresses),
        cmocka_unit_test(the_sample_has_no_fault),
        cmocka_unit_test(sample_and_manual_are_current),
    };
    if (argc == 2 && strcmp(argv[1], "--sample") == 0)
        agent_config_print_sample(stdout);
    else if (argc == 2 && strcmp(argv[1], "--mdoc") == 0)
        agent_config_print_mdoc(stdout);
    else
        return cmocka_run_group_tests(tests, NULL, NULL);
    return 0;
}
