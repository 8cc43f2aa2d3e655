/* test_agent_conf.c: the agent's file: what it may say, and every fault of it by its line.
 * With --mdoc it prints what scripts/update-agent-conf writes. */
#include "config/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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
    assert_int_equal(o.held.ranges[0].range.address.host, 0xc023a202);
    assert_int_equal(o.held.ranges[0].range.last, 2999);
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
    assert_int_equal(o.held.ranges[0].range.first, 2000); /* [agent]'s own is the first */
    assert_true(o.held.ranges[1].is_port_set);
    assert_int_equal(port_range_ports(&o.held.ranges[1]), 63 * 4);
    assert_int_equal(o.held.ranges[3].range.first, 7000);
    assert_int_equal(o.held.ranges[3].range.last, 7000);
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
        "1: stray = 1: is before the first section\n"
        "3: interface = a/b: must be an interface that can be used\n"
        "4: address = 224.0.0.1: must be the IPv4 address of a host\n"
        "5: ports = 3000-2000: the last port is below the first\n"
        "6: gateway = 192.35.162: must be the IPv4 address of a host\n"
        "7: encap = 0x0800: must be 0x88b5 | arp\n"
        "8: enforce = maybe: must be nft | none\n"
        "9: watch = 0: must be a number from 1 to 3600\n"
        "10: warn = 101: must be a number from 1 to 100\n"
        "11: metrics = pearp.prom: must be none or an absolute path, up to 127 bytes\n"
        "12: colour = blue: unknown key in [agent]\n"
        "13: warn = 50: is already at line 10\n"
        "14: [range 192.35.162.2:5000-4000]: the last port is below the first\n"
        "15: [range 192.35.162.2]: must be ADDRESS:FIRST-LAST or ADDRESS:psid/OFFSET/LENGTH/ID\n"
        "16: [range 192.35.162.2:psid/4/8/256]: there is no such port set\n"
        "18: [range 192.35.162.2:6999-7000]: shares ports with line 17\n"
        "19: mac = 00:0c:29:9e:8c:ee: unknown key in [range]\n"
        "20: [agent]: is already at line 2\n"
        "20: interface is missing in [agent]\n"
        "21: [keys: ']' is missing\n"
        "23: 1: must be a number up to 4294967295, with 64 hexadecimal digits\n"
        "25: 2: is already in [keys]\n"
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
        {HEAD, "1: no range: neither address and ports in [agent], nor a [range], nor dhcp\n"},
        {HEAD "dhcp = udhcpc\n", ""},
        {HEAD "dhcp = dhcpcd\n", "3: dhcp = dhcpcd: must be none | auto | udhcpc | dhclient\n"},
        {HEAD "ports = 1-2\n", "1: address and ports in [agent] need each other\n"},
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

#define HELD    HEAD "[range 192.35.162.2:2000-2999]\n[range 192.35.162.3:2900-3999]\n"
#define DNS     "[dns]\nserver = 198.51.100.10\nzone = Example.NET\nkey = agent-key\nsecret = " SECRET "\n"
#define SECRET  "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyYnk="
#define SERVICE "[service http]\nport = 2080\ntarget = shared.example.net\n"

static void services_and_their_server(void **state)
{
    (void)state;
    const struct agent_options o = read_good(
        SERVICE
        "[service https]\nport = 3443\nproto = tcp\nzone = example.org\nhost = www.example.org\n"
        "target = shared.example.org.\npriority = 1\nweight = 65535\nalpn = h2, http/1.1\n"
        "publish-address = yes\n[service DNS]\nport = 2950\nproto = udp\naddress = 192.35.162.3\n"
        "target = elsewhere.example.com\nsvcb = svcb\n[dns]\nserver = 198.51.100.10:5353\nzone = Example.NET\n"
        "key = agent-key\nsecret = " SECRET "\nttl = 30\nrefresh = 60\n" HELD);
    const struct services_config *c = &o.services;
    struct dns_record records[SERVICE_RECORDS_MOST];
    assert_string_equal(o.interface, "eth0");
    assert_true(c->has_server);
    assert_int_equal(c->server.host, 0xc633640a);
    assert_int_equal(c->server_port, 5353);
    assert_int_equal(c->key.secret_length, 32);
    assert_int_equal(c->ttl_s, 30);
    assert_int_equal(c->refresh_s, 60);
    assert_int_equal(c->count, 3);
    assert_int_equal(c->services[0].address.host, 0xc023a202);
    assert_int_equal(service_records(&c->services[0], c->ttl_s, records), 1);
    assert_string_equal(records[0].name.text, "_http._tcp.example.net");
    assert_int_equal(c->services[1].address.host, 0xc023a203);
    assert_int_equal(service_records(&c->services[1], c->ttl_s, records), 3);
    assert_string_equal(records[0].name.text, "_https._tcp.www.example.org");
    assert_int_equal(records[1].type, DNS_TYPE_HTTPS);
    assert_string_equal(records[1].name.text, "www.example.org");
    assert_memory_equal(records[1].data, "2 ", 2); /* SvcPriority: one more, since 0 means something else */
    assert_int_equal(records[2].type, DNS_TYPE_A);
    assert_string_equal(records[2].name.text, "shared.example.org");
    assert_int_equal(service_records(&c->services[2], c->ttl_s, records), 2);
    assert_string_equal(records[0].name.text, "_dns._udp.example.net");
    assert_int_equal(records[1].type, DNS_TYPE_SVCB);
    assert_string_equal(records[1].name.text, "_dns.example.net");
}

/* +80 of a first range is known at once; of a lease when it comes. */
static void ports_behind_the_first(void **state)
{
    (void)state;
    struct service_config there;
    struct agent_options o = read_good(
        HELD DNS "algorithm = hmac-sha256\n[service http]\nport = +80\ntarget = shared.example.net\n");
    assert_string_equal(o.interface, "eth0");
    assert_int_equal(o.services.services[0].port, 2080);
    assert_int_equal(o.services.services[0].address.host, 0xc023a202);
    o = read_good(HELD DNS "[service http]\nport = +1050\ntarget = shared.example.net\n");
    assert_int_equal(o.services.services[0].port, 3950);
    assert_int_equal(o.services.services[0].address.host, 0xc023a203);
    o = read_good(HEAD "dhcp = auto\n" DNS "[service http]\nport = +5\ntarget = shared.example.net\n"
                       "[service fixed]\nport = 4711\ntarget = shared.example.net\n");
    assert_int_equal(o.services.services[0].port, 0);
    assert_int_equal(o.services.services[1].port, 4711);
    assert_int_equal(o.services.services[1].address.host, 0);
    /* A lease of a port set: 63 ranges of four ports. */
    struct port_range held = port_range_of_set((struct ipv4){0xc023a204}, (struct port_set_params){6, 8}, 0x34);
    assert_true(service_on(&o.services.services[0], &held, &there));
    assert_int_equal(there.port, 2257);
    assert_int_equal(there.address.host, 0xc023a204);
    assert_false(service_on(&o.services.services[1], &held, &there));
    o.services.services[0].behind = 251;
    assert_true(service_on(&o.services.services[0], &held, &there));
    assert_int_equal(there.port, 64723);
    o.services.services[0].behind = 252;
    assert_false(service_on(&o.services.services[0], &held, &there));
}

static void services_with_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {HELD DNS "[service http]\nport = 4000\ntarget = a.example.net\n",
         "10: [service http]: port 4000 is outside of the host's ranges\n"},
        {HELD DNS "[service http]\nport = +1100\ntarget = a.example.net\n",
         "10: [service http]: there is no port +1100 in the host's ranges\n"},
        {HELD DNS "[service http]\nport = 2950\ntarget = a.example.net\n",
         "10: [service http]: port 2950 is in ranges of several addresses: name one with address\n"},
        {HELD DNS SERVICE "address = 192.35.162.3\n",
         "10: [service http]: port 2080 is outside of the host's ranges\n"},
        {HEAD "dhcp = auto\n" DNS SERVICE, ""},
        {HEAD "dhcp = auto\n" DNS SERVICE "publish-address = yes\n", ""},
        {HELD DNS SERVICE SERVICE, "13: [service http]: is already at line 10\n"},
        {HELD DNS SERVICE "host = example.org\n", "10: [service http]: host is outside of the zone\n"},
        {HELD DNS SERVICE "zone = example.org\npublish-address = yes\n",
         "10: [service http]: publish-address: the target is outside of the zone\n"},
        {HELD SERVICE, "5: [service http]: zone is missing, here and in [dns]\n"},
        {HELD DNS "[service http]\n", "10: port is missing in [service]\n10: target is missing in [service]\n"},
        {HELD DNS "[service]\n[service a_b]\n[service abcdefghijklmnop]\n[service -a]\n",
         "10: [service ]: must be a name of 1-15 letters, digits and hyphens\n"
         "11: [service a_b]: must be a name of 1-15 letters, digits and hyphens\n"
         "12: [service abcdefghijklmnop]: must be a name of 1-15 letters, digits and hyphens\n"
         "13: [service -a]: must be a name of 1-15 letters, digits and hyphens\n"},
        {HELD DNS SERVICE "proto = sctp\npriority = 65536\nsvcb = yes\nalpn = h2,,h3\npublish-address = 1\n",
         "13: proto = sctp: must be tcp | udp\n14: priority = 65536: must be a number from 0 to 65535\n"
         "15: svcb = yes: must be auto | none | https | svcb\n"
         "16: alpn = h2,,h3: must be names with commas between, 64 letters in all\n"
         "17: publish-address = 1: must be no | yes\n"},
        {HELD DNS SERVICE "alpn = a\"b\n[service a]\nport = 2081\ntarget = a.example.net\nalpn = a\\b\n",
         "13: alpn = a\"b: must be names with commas between, 64 letters in all\n"
         "17: alpn = a\\b: must be names with commas between, 64 letters in all\n"},
        {HELD DNS "Secret = " SECRET "\n", "10: Secret = ...: unknown key in [dns]\n"},
        {HELD "[dns]\n",
         "5: server is missing in [dns]\n5: key is missing in [dns]\n5: secret is missing in [dns]\n"},
        {HELD "[dns]\nserver = ns.example.net\nzone = a..b\nkey = a b\nalgorithm = hmac-md5\nsecret = "
              "c2Vj*\nttl = 0\n"
              "server = 198.51.100.10:0\nrefresh = 9\nsecret = " SECRET "\n",
         "6: server = ns.example.net: must be ADDRESS or ADDRESS:PORT\n7: zone = a..b: must be a domain name\n"
         "8: key = a b: must be a domain name\n9: algorithm = hmac-md5: must be hmac-sha256\n"
         "10: secret = ...: must be the key in base64, of up to 64 bytes\n11: ttl = 0: must be a number from 1 "
         "to 86400\n"
         "12: server = 198.51.100.10:0: is already at line 6\n"
         "12: server = 198.51.100.10:0: must be ADDRESS or ADDRESS:PORT\n13: refresh = 9: must be a number "
         "from 10 to 86400\n"
         "14: secret = ...: is already at line 10\n"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct agent_options options;
        struct seen seen;
        read_text(bad[i].text, &options, &seen);
        assert_string_equal(seen.text, bad[i].expected);
    }
}

static void too_many_services(void **state)
{
    (void)state;
    char text[8192] = HELD DNS;
    struct agent_options options;
    struct seen seen;
    for (unsigned i = 0; i <= SERVICES_MAX; i++) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof(text) - length,
                 "[service s%u]\nport = %u\ntarget = t.net\nzone = z%u.net\n", i, 2000 + i, i / 2);
    }
    assert_int_equal(read_text(text, &options, &seen), 1);
    assert_string_equal(seen.text, "74: [service s16]: one more than 16 services\n");
    for (char *at = text; (at = strstr(at, "zone = z7")) != NULL; at++)
        at[9] = at > strstr(text, "zone = z7") ? 'x' : '.';
    assert_int_equal(read_text(text, &options, &seen), 2);
    assert_non_null(strstr(seen.text, ": one more than 8 zones\n"));
}

#define REST  "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEYED HEAD "address = 192.35.162.2\nports = 2000-2999\n"

static void keys_of_the_host_and_of_the_bridge(void **state)
{
    (void)state;
    const struct agent_options o = read_good(
        KEYED "[key 20]\nsecret = 1" REST
              "\nrole = host\nmac = 00:0c:29:9e:8c:ee\nrange = 192.35.162.2:2000-2499, "
              "192.35.162.2:2500-3999\n[key 10]\nsecret = 2" REST "\nrole = bridge\n[keys]\n5 = " KEY "\n");
    assert_int_equal(o.key_count, 3);
    assert_int_equal(o.keys[0].role, KEY_GROUP); /* ascending by id */
    assert_int_equal(o.keys[1].role, KEY_BRIDGE);
    assert_int_equal(o.keys[2].role, KEY_HOST);
    assert_int_equal(o.keys[2].ranges.count, 2);
}

static void keys_with_faults(void **state)
{
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {KEYED "[key x]\nsecret = 1\n[key 7]\nsecret = 1\nrole = guest\n[key 7]\nsecret = 1" REST
               "\nrole = bridge\nmac = 00:0c:29:9e:8c:ee\nrange = 192.35.162.2:2000-2999\n",
         "5: [key x]: must be a number from 0 to 4294967295\n8: secret = ...: must be 64 hexadecimal digits\n"
         "9: role = guest: must be bridge | host\n10: 7: is already in [key] at line 7\n"
         "13: mac: is only for role = host\n14: range: is only for role = host\n"},
        {KEYED "[key 7]\nsecret = 1" REST "\nrole = host\nrange = 192.35.162.2:2000-2499\n",
         "5: [key]: there is none with role = bridge, and no [keys]: the agent cannot check what the bridge "
         "sends\n"
         "8: range: 192.35.162.2:2000-2999 is not in it: the bridge would refuse its claim\n"},
        {KEYED "[key 7]\nsecret = 1" REST "\nrole = bridge\n",
         "5: [key]: there is none with role = host, and no [keys]: the agent cannot sign\n"},
        {KEYED "[keys]\n1 = 1" REST "\n[key 7]\nsecret = 1" REST "\nrole = bridge\n",
         "7: [key 7]: has the secret of key 1: each key needs its own\n"},
    };
    (void)state;
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
    for (unsigned i = 0; i <= RANGES_MAX; i++) {
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
    struct port_span spans[RANGE_SPANS_MAX];
    struct ipv4 addresses[RANGES_MAX];
    assert_int_equal(range_list_union(&o.held, (struct ipv4){0}, spans), 2);
    assert_int_equal(spans[0].first, 1000);
    assert_int_equal(spans[0].last, 2099);
    assert_int_equal(spans[1].first, 3000);
    assert_int_equal(spans[1].last, 4500);
    assert_int_equal(range_list_union(&o.held, (struct ipv4){0xc023a203}, spans), 1);
    assert_int_equal(spans[0].last, 3999);
    assert_int_equal(range_list_addresses(&o.held, addresses), 2);
    assert_int_equal(addresses[0].host, 0xc023a203);
}

/* What the file at `path` holds. Static. */
static char *contents(const char *path)
{
    static char is[65536];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    is[fread(is, 1, sizeof(is) - 1, file)] = '\0';
    fclose(file);
    return is;
}

static void the_manual_is_current(void **state)
{
    (void)state;
    char *wanted = NULL, *is = contents("man/pearp-agent.conf.5");
    size_t size = 0;
    FILE *out = open_memstream(&wanted, &size);
    assert_non_null(out);
    agent_config_print_mdoc(out);
    fclose(out);
    assert_non_null(strstr(is, wanted));
    free(wanted);
}

static void the_sample_has_no_fault(void **state)
{
    (void)state;
    const struct agent_options o = read_good(contents("etc/agent.conf.sample"));
    assert_int_equal(o.held.count, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_short_form_is_one_range),
        cmocka_unit_test(ranges_and_port_sets_of_several_addresses),
        cmocka_unit_test(twenty_faults_are_told_in_one_go),
        cmocka_unit_test(what_only_the_whole_shows),
        cmocka_unit_test(services_and_their_server),
        cmocka_unit_test(ports_behind_the_first),
        cmocka_unit_test(services_with_faults),
        cmocka_unit_test(too_many_services),
        cmocka_unit_test(keys_of_the_host_and_of_the_bridge),
        cmocka_unit_test(keys_with_faults),
        cmocka_unit_test(a_range_too_many),
        cmocka_unit_test(spans_are_united_over_addresses),
        cmocka_unit_test(the_sample_has_no_fault),
        cmocka_unit_test(the_manual_is_current),
    };
    if (argc == 2 && strcmp(argv[1], "--mdoc") == 0)
        agent_config_print_mdoc(stdout);
    else
        return cmocka_run_group_tests(tests, NULL, NULL);
    return 0;
}
