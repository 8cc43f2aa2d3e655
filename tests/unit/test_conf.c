/* test_conf.c: configuration files: what they give, and every fault with its line and value.
 * test_conf --mdoc prints the list of keys in pearpd.conf(5): scripts/update-conf. */
#include "pearpd/conf.h"

#include "../../src/conf/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define TEXT_BYTES  16384
#define GOOD_BRIDGE "[bridge]\nupstream = eth0\ndownstream = eth1\n"
#define GOOD        GOOD_BRIDGE "[address 192.0.2.1]\n"
#define SERVED      GOOD "[dhcp]\nserve = all\npsid = 0/6\nrouter = 192.0.2.254\n"

#define FAULTS 5000

static char told[TEXT_BYTES], last[512];

static void tell(void *context, const char *file, unsigned line, const char *message)
{
    size_t used = strlen(told);
    (void)context;
    snprintf(told + used, sizeof(told) - used, "%s:%u: %s\n", file, line, message);
    snprintf(last, sizeof(last), "%s:%u: %s\n", file, line, message);
}

static int read_bytes(const char *bytes, size_t length, struct config *config)
{
    FILE *stream = fmemopen((void *)(uintptr_t)(length > 0 ? bytes : "\n"), length > 0 ? length : 1, "r");
    assert_non_null(stream);
    told[0] = '\0';
    int result = config_read_stream(stream, "dir/rack1.conf", config, tell, NULL);
    fclose(stream);
    return result;
}

static int read_text(const char *text, struct config *config)
{
    return read_bytes(text, strlen(text), config);
}

static char *contents(const char *path)
{
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s: run from the project's folder", path);
    assert_true(getdelim(&text, &room, '\0', file) > 0);
    fclose(file);
    return text;
}

/* Good files. */

static void test_defaults(void **state)
{
    (void)state;
    struct config c;
    assert_int_equal(read_text(GOOD, &c), 0);
    assert_string_equal(told, "");
    assert_string_equal(c.upstream, "eth0");
    assert_string_equal(c.downstream, "eth1");
    assert_true(c.mac_auto);
    assert_int_equal(c.vlan, 0);
    assert_int_equal(c.encap, 0x88b5);
    assert_false(c.source_mac_host);
    assert_false(c.link_local_drop);
    assert_false(c.has_router_mac);
    assert_int_equal(c.source_ports, SOURCE_PORTS_ENFORCE);
    assert_string_equal(c.socket, "/run/pearpd/rack1.sock");
    assert_string_equal(c.state_file, "/var/lib/pearpd/rack1.state");
    assert_string_equal(c.history.file, "/var/lib/pearpd/rack1.history");
    assert_int_equal(c.history.days, 30);
    assert_int_equal(c.history.bytes, 268435456);
    assert_int_equal(c.address_count, 1);
    assert_int_equal(c.addresses[0].address.host, 0xc0000201);
    assert_int_equal(c.addresses[0].ports_first, 1024);
    assert_int_equal(c.addresses[0].ports_last, 65535);
    assert_int_equal(c.addresses[0].learn, LEARN_PE_ARP | LEARN_TRAFFIC);
    assert_int_equal(c.addresses[0].block, 1000);
    assert_false(c.addresses[0].has_psid);
    assert_false(c.addresses[0].has_default_host);
    assert_int_equal(c.addresses[0].echo, ECHO_REPLY);
    assert_int_equal(c.range_count, 0);
    assert_int_equal(c.limits.bindings, 65536);
    assert_int_equal(c.limits.held_frames, 256);
    config_free(&c);
}

static void test_upstream_tap(void **state)
{
    (void)state;
    struct config c;
    assert_int_equal(
        read_text("[bridge]\nupstream = tap:123456789abcdef\ndownstream = eth1\n[address 192.0.2.1]\n", &c), 0);
    assert_string_equal(told, "");
    assert_true(c.upstream_tap);
    assert_string_equal(c.upstream, "123456789abcdef");
    assert_string_equal(c.downstream, "eth1");
    config_free(&c);
    assert_int_equal(read_text(GOOD, &c), 0);
    assert_false(c.upstream_tap);
    config_free(&c);
}

#define KEY_REST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeef"
#define KEY      "0" KEY_REST

static void test_one_mac_upstream(void **state)
{
    (void)state;
    struct config c;
    assert_int_equal(
        read_text("[bridge]\nupstream = eth0\ndownstream = eth1\nupstream-macs = bridge\n[address 192.0.2.1]\n",
                  &c),
        0);
    assert_true(c.upstream_macs_bridge);
    config_free(&c);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* What is told of a configuration with these drop-ins, without the folder's name. */
static int read_parts(const char *folder, struct config *config)
{
    char file[256];
    told[0] = '\0';
    snprintf(file, sizeof(file), "%s/rack1.conf", folder);
    const int faults = config_read(file, config, tell, NULL);
    for (char *at; (at = strstr(told, folder)) != NULL;)
        memmove(at, at + strlen(folder) + 1, strlen(at + strlen(folder) + 1) + 1);
    return faults;
}

static void test_drop_ins(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_conf.XXXXXX", drop_ins[64], command[80];
    struct config c;
    assert_non_null(mkdtemp(folder));
    snprintf(drop_ins, sizeof(drop_ins), "%s/rack1.d", folder);
    write_file(folder, "rack1.conf", GOOD "[range 192.0.2.1:2000-2999]\nmac = 00:0c:29:9e:8c:ee\n[state]\n");
    assert_int_equal(read_parts(folder, &c), 0); /* without the folder */
    config_free(&c);
    assert_int_equal(mkdir(drop_ins, 0700), 0);
    write_file(drop_ins, "b.conf", "\n[range 192.0.2.1:3000-3999]\nmac = 00:0c:29:9e:8c:ef\nname = b\n");
    write_file(drop_ins, "a.conf", "; nothing\n\n\n\n\n");
    write_file(drop_ins, "c.conf.new", "junk");
    write_file(drop_ins, ".c.conf", "junk");
    assert_int_equal(read_parts(folder, &c), 0);
    assert_string_equal(told, "");
    assert_int_equal(c.range_count, 2);
    assert_string_equal(c.ranges[1].name, "b");
    assert_string_equal(c.socket, "/run/pearpd/rack1.sock");
    config_free(&c);
    write_file(drop_ins, "a.conf",
               "mac = 00:0c:29:9e:8c:ef\n[state]\nperiod = 7\n[range 192.0.2.1:2500-2600]\n");
    write_file(drop_ins, "b.conf", "\n[range 192.0.2.1:2600-3999]\nmac = x\nmac = y\n");
    assert_true(read_parts(folder, &c) > 0);
    assert_string_equal(
        told,
        "rack1.d/a.conf:1: mac = 00:0c:29:9e:8c:ef: is before the first section\n"
        "rack1.d/a.conf:2: [state]: is already at line 7 of rack1.conf\n"
        "rack1.d/a.conf:4: mac is missing in [range]\n"
        "rack1.d/a.conf:4: [range 192.0.2.1:2500-2600]: overlaps [range 192.0.2.1:2000-2999] at "
        "line 5 of rack1.conf\n"
        "rack1.d/b.conf:2: [range 192.0.2.1:2600-3999]: overlaps [range 192.0.2.1:2000-2999] at "
        "line 5 of rack1.conf\n"
        "rack1.d/b.conf:3: mac = x: must be up to 4 MAC addresses, xx:xx:xx:xx:xx:xx, with commas between\n"
        "rack1.d/b.conf:4: mac = y: is already at line 3 of b.conf\n"
        "rack1.d/b.conf:4: mac = y: must be up to 4 MAC addresses, xx:xx:xx:xx:xx:xx, with commas between\n");
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void test_everything_given(void **state)
{
    (void)state;
    struct config c;
    const char *text =
        "\xef\xbb\xbf; a subnet\r\n"
        "  [bridge]   ; indented, and a comment behind\r\n"
        "\tupstream=en0 ; inline\n"
        "   downstream   =   en1\n"
        "mac = 02:50:45:00:00:01\nvlan = 4094\nencap = arp\nsource-mac = host\nlink-local = drop\n"
        "router-mac = 00:12:7F:c4:38:d3\nupstream-macs = all\naccel = none\n"
        "# another comment\n"
        "[address 198.51.100.2]\nports = 0-65535\nlearn = none\npsid = 6/8\necho = drop\n"
        "[address 192.0.2.1]\nports = 2000-2999\nlearn = traffic,pe-arp, dhcp\nblock = 100\n"
        "default-host = 00:0c:29:9e:8c:ee\necho = default-host\n"
        "[range 198.51.100.2:22-22]\nmac = 00:0c:29:9e:8c:ee\nname = host A\n"
        "[range 192.0.2.1:80]\nmac = 00:0c:29:9e:8c:ee\n"
        "[range 192.0.2.1:3-9]\nmac = 00:0c:29:9e:8c:ef\n"
        "[policy]\nsource-ports = log\n[control]\nsocket = /tmp/x.sock\nmetrics = [::1]:9631\n"
        "[deny]\nmac = 02:00:00:00:00:08\nmac = 02:00:00:00:00:07\n"
        "[state]\nfile = none\n[history]\nfile = /srv/who\ndays = 7\nbytes = 16777216\nevents = "
        "/srv/events\n[keys]\n12 = " KEY "\n"
        "[key 30]\nsecret = 1" KEY_REST "\nrole = bridge\n[key 20]\nsecret = 2" KEY_REST "\nrole = bridge\n"
        "[key 10]\nsecret = 3" KEY_REST "\nrole = host\nmac = 00:0c:29:9e:8c:ee, 00:0c:29:9e:8c:ef\n"
        "range = 192.0.2.1:2000-2499, 198.51.100.2:psid/6/8/9\n"
        "[dhcp]\nserve = 198.51.100.2\nlease = 7200\nrouter = 198.51.100.1\nnetmask = 255.255.255.128\n"
        "dns = 192.0.2.53, 192.0.2.54\nmtu = 1400\nserver-id = 198.51.100.3\n"
        "[lease 198.51.100.2:1036-64527]\nclient-id = ff:00:AB:01\nname = cam\n"
        "[lease 198.51.100.2:1040-64531]\nmac = 00:0c:29:9e:8c:ef\n"
        "[cluster]\n[limits]\nmacs = 16\nbindings = 9";
    assert_int_equal(read_text(text, &c), 0);
    assert_string_equal(told, "");
    assert_string_equal(c.upstream, "en0");
    assert_false(c.mac_auto);
    assert_int_equal(c.mac.octets[5], 1);
    assert_int_equal(c.vlan, 4094);
    assert_int_equal(c.encap, 0x0806);
    assert_true(c.source_mac_host);
    assert_false(c.upstream_macs_bridge);
    assert_true(c.link_local_drop);
    assert_true(c.has_router_mac);
    assert_int_equal(c.router_mac.octets[2], 0x7f);
    assert_int_equal(c.address_count, 2);
    assert_int_equal(c.addresses[0].address.host, 0xc0000201); /* ascending */
    assert_int_equal(c.addresses[0].learn, LEARN_PE_ARP | LEARN_TRAFFIC | LEARN_DHCP);
    assert_int_equal(c.addresses[0].block, 100);
    assert_true(c.addresses[0].has_default_host);
    assert_int_equal(c.addresses[0].echo, ECHO_DEFAULT_HOST);
    assert_int_equal(c.addresses[1].learn, 0);
    assert_true(c.addresses[1].has_psid);
    assert_int_equal(c.addresses[1].psid.offset, 6);
    assert_int_equal(c.addresses[1].psid.length, 8);
    assert_int_equal(c.addresses[1].echo, ECHO_DROP);
    assert_int_equal(c.range_count, 3);
    assert_int_equal(c.ranges[0].range.first, 3);
    assert_int_equal(c.ranges[1].range.first, 80);
    assert_int_equal(c.ranges[1].range.last, 80);
    assert_string_equal(c.ranges[2].name, "host A");
    assert_int_equal(c.source_ports, SOURCE_PORTS_LOG);
    assert_string_equal(c.socket, "/tmp/x.sock");
    assert_int_equal(c.metrics.kind, LISTEN_IPV6);
    assert_int_equal(c.metrics.port, 9631);
    assert_string_equal(c.state_file, "");
    assert_string_equal(c.history.file, "/srv/who");
    assert_int_equal(c.history.days, 7);
    assert_int_equal(c.history.bytes, 16777216);
    assert_string_equal(c.history.events, "/srv/events");
    assert_int_equal(c.history.event_bytes, 16777216);
    assert_int_equal(c.denied_count, 2);
    assert_true(c.denied[0].octets[5] == 7 && c.denied[1].octets[5] == 8); /* ascending */
    assert_int_equal(c.limits.macs, 16);
    assert_int_equal(c.limits.bindings, 9);
    assert_true(c.addresses[1].is_served && !c.addresses[0].is_served);
    assert_int_equal(c.addresses[1].lease_psid.length, 8);
    assert_int_equal(c.dhcp.lease_s, 7200);
    assert_int_equal(c.dhcp.router.host, 0xc6336401);
    assert_int_equal(c.dhcp.netmask.host, 0xffffff80);
    assert_int_equal(c.dhcp.server_id.host, 0xc6336403);
    assert_int_equal(c.dhcp.dns_count, 2);
    assert_int_equal(c.dhcp.dns[1].host, 0xc0000236);
    assert_int_equal(c.dhcp.mtu, 1400);
    assert_int_equal(c.lease_count, 2);
    assert_int_equal(c.key_count, 4);
    assert_int_equal(c.keys[0].id, 10); /* ascending */
    assert_int_equal(c.keys[0].role, KEY_HOST);
    assert_int_equal(c.keys[0].macs.count, 2);
    assert_int_equal(c.keys[0].macs.mac[1].octets[5], 0xef);
    assert_int_equal(c.keys[0].ranges.count, 2);
    assert_true(c.keys[0].ranges.range[1].is_port_set);
    assert_int_equal(c.keys[1].role, KEY_GROUP);
    assert_int_equal(c.keys[c.signing_key].id, 20); /* the lowest of the bridge */
    assert_int_equal(c.leases[0].client_id_length, 4);
    assert_memory_equal(c.leases[0].client_id, "\xff\0\xab\1", 4);
    assert_string_equal(c.leases[0].name, "cam");
    assert_true(c.leases[1].has_mac && c.leases[1].client_id_length == 0);
    config_free(&c);
}

/* [dhcp] psid is of the addresses that have none of their own. */
static void test_port_sets_of_served_addresses(void **state)
{
    struct config c;
    (void)state;
    assert_int_equal(read_text(SERVED "[address 192.0.2.3]\npsid = 6/8\n"
                                      "[lease 192.0.2.3:1036-64527]\nmac = 00:0c:29:9e:8c:ee\n",
                               &c),
                     0);
    assert_string_equal(told, "");
    assert_true(c.addresses[0].is_served && c.addresses[1].is_served);
    assert_true(port_set_same(c.addresses[0].lease_psid, (struct port_set_params){0, 6}));
    assert_true(port_set_same(c.addresses[1].lease_psid, (struct port_set_params){6, 8}));
    config_free(&c);
}

/* Nothing else teaches the ports of an address that [dhcp] serves, unless the file says so. */
static void test_learn_of_served_addresses(void **state)
{
    struct config c;
    (void)state;
    assert_int_equal(read_text(SERVED "servers = 192.0.2.1, 192.0.2.7\n"
                                      "[address 192.0.2.3]\nlearn = pe-arp, traffic\n",
                               &c),
                     0);
    assert_string_equal(told, "");
    assert_int_equal(c.addresses[0].learn, 0);
    assert_int_equal(c.addresses[1].learn, LEARN_PE_ARP | LEARN_TRAFFIC);
    assert_int_equal(c.dhcp.server_count, 2);
    assert_int_equal(c.dhcp.servers[1].host, 0xc0000207);
    config_free(&c);
}

static void test_many_sections(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct config c;
    char *text = malloc(COUNT * 80 + 200);
    assert_non_null(text);
    int used = sprintf(text, GOOD "[limits]\naddresses = 4096\n");
    for (unsigned i = 0; i < COUNT; i++)
        used += sprintf(text + used, "[address 10.0.%u.%u]\n[range 10.0.%u.%u:5-9]\nmac = 00:00:00:00:00:01\n",
                        (COUNT - i) / 250, (COUNT - i) % 250, (COUNT - i) / 250, (COUNT - i) % 250);
    assert_int_equal(read_text(text, &c), 0);
    assert_int_equal(c.address_count, COUNT + 1);
    assert_int_equal(c.range_count, COUNT);
    for (unsigned i = 1; i < COUNT; i++)
        assert_true(c.ranges[i - 1].range.address.host < c.ranges[i].range.address.host);
    config_free(&c);
    free(text);
}

/* Faults: the file, and all that must be told of it. F stands for the file's name. */

struct fault {
    const char *text, *told;
};

#define F "dir/rack1.conf:"
static const struct fault faults[] = {
    {"", F "1: [bridge] is missing\n" F "1: there is no [address] section\n"},
    {"[address 192.0.2.1]\n", F "1: [bridge] is missing\n"},
    {GOOD_BRIDGE, F "1: there is no [address] section\n"},
    {"[bridge]\ndownstream = b\n[address 192.0.2.1]\n", F "1: upstream is missing in [bridge]\n"},
    {"\n[bridge]\nupstream = b\n[address 192.0.2.1]\n", F "2: downstream is missing in [bridge]\n"},
    {"[bridge]\nupstream = b\ndownstream = b\n[address 192.0.2.1]\n", F "3: downstream = b: is upstream too\n"},
    {"[bridge]\nupstream = a/b\ndownstream = b\n[address 192.0.2.1]\n",
     F "2: upstream = a/b: must be an interface's name, or tap:NAME\n"},
    {"[bridge]\nupstream = 0123456789abcdef\ndownstream = b\n[address 192.0.2.1]\n",
     F "2: upstream = 0123456789abcdef: must be an interface's name, or tap:NAME\n"},
    {"[bridge]\nupstream =\ndownstream = b\n[address 192.0.2.1]\n",
     F "2: upstream = : must be an interface's name, or tap:NAME\n"},
    {"[bridge]\nupstream = tap:\ndownstream = b\n[address 192.0.2.1]\n",
     F "2: upstream = tap:: must be an interface's name, or tap:NAME\n"},
    {"[bridge]\nupstream = tap:a b\ndownstream = b\n[address 192.0.2.1]\n",
     F "2: upstream = tap:a b: must be an interface's name, or tap:NAME\n"},
    {"[bridge]\nupstream = tap:pe%d\ndownstream = b\n[address 192.0.2.1]\n",
     F "2: upstream = tap:pe%d: must be an interface's name, or tap:NAME\n"},
    {"[bridge]\nupstream = tap:0123456789abcdef\ndownstream = b\n[address 192.0.2.1]\n",
     F "2: upstream = tap:0123456789abcdef: must be an interface's name, or tap:NAME\n"},
    {"[bridge]\nupstream = TAP:x\ndownstream = b\n[address 192.0.2.1]\n",
     F "2: upstream = TAP:x: must be an interface's name, or tap:NAME\n"},
    {"[bridge]\nupstream = tap:x\ndownstream = x\n[address 192.0.2.1]\n",
     F "3: downstream = x: is upstream too\n"},
    {"[bridge]\nupstream = tap:x\ndownstream = tap:y\n[address 192.0.2.1]\n",
     F "3: downstream = tap:y: only upstream can be a tap\n"},
    {GOOD "[bridge]\nupstream = c\ndownstream = d\n", F "5: [bridge]: is already at line 1\n"},
    {"[bridge]\nupstream = a\nupstream = b\ndownstream = c\n[address 192.0.2.1]\n",
     F "3: upstream = b: is already at line 2\n"},
    {"x = 1\n" GOOD, F "1: x = 1: is before the first section\n"},
    {GOOD "junk\n", F "5: junk: neither a section nor KEY = VALUE\n"},
    {GOOD "block ; = 10\n", F "5: block ; = 10: neither a section nor KEY = VALUE\n"},
    {GOOD "= 5\n", F "5: = 5: neither a section nor KEY = VALUE\n"},
    {GOOD "ports: 5-6\n", F "5: ports: 5-6: neither a section nor KEY = VALUE\n"},
    {GOOD "[policy\n", F "5: [policy: ']' is missing\n"},
    {GOOD "[policy] x\n", F "5: x: text after ']'\n"},
    {GOOD "[]\n", F "5: []: unknown section\n"},
    {GOOD "[colours]\nred = 1\n", F "5: [colours]: unknown section\n"},
    {GOOD "[policy eth0]\n", F "5: [policy eth0]: unknown section\n"},
    {GOOD "[policy]\ncolour = red\n", F "6: colour = red: unknown key in [policy]\n"},
    {GOOD "block = 10\nblock = 10\n", F "6: block = 10: is already at line 5\n"},
    {GOOD_BRIDGE "mac = 1\n[address 192.0.2.1]\n",
     F "4: mac = 1: must be auto or a MAC address, xx:xx:xx:xx:xx:xx\n"},
    {GOOD_BRIDGE "mac = 01:00:00:00:00:00\n[address 192.0.2.1]\n",
     F "4: mac = 01:00:00:00:00:00: a multicast MAC address cannot be a host's\n"},
    {GOOD_BRIDGE "mac = 00:00:00:00:00:00\n[address 192.0.2.1]\n",
     F "4: mac = 00:00:00:00:00:00: a zero MAC address cannot be a host's\n"},
    {GOOD_BRIDGE "mac = 00:00:00:00:00:01:02\n[address 192.0.2.1]\n",
     F "4: mac = 00:00:00:00:00:01:02: must be auto or a MAC address, xx:xx:xx:xx:xx:xx\n"},
    {GOOD_BRIDGE "mac = 02:00:00:00:00:01\nrouter-mac = 02:00:00:00:00:01\n[address 192.0.2.1]\n",
     F "5: router-mac = 02:00:00:00:00:01: is the bridge's own\n"},
    {GOOD_BRIDGE "router-mac = ff:ff:ff:ff:ff:ff\n[address 192.0.2.1]\n",
     F "4: router-mac = ff:ff:ff:ff:ff:ff: a multicast MAC address cannot be a host's\n"},
    {GOOD_BRIDGE "vlan = 0\n[address 192.0.2.1]\n", F "4: vlan = 0: must be none or a number from 1 to 4094\n"},
    {GOOD_BRIDGE "vlan = 4095\n[address 192.0.2.1]\n",
     F "4: vlan = 4095: must be none or a number from 1 to 4094\n"},
    {GOOD_BRIDGE "encap = 0x0800\n[address 192.0.2.1]\n", F "4: encap = 0x0800: must be 0x88b5 | arp\n"},
    {GOOD_BRIDGE "upstream-macs = host\n[address 192.0.2.1]\n",
     F "4: upstream-macs = host: must be all | bridge\n"},
    {GOOD_BRIDGE "source-mac = host\nupstream-macs = bridge\n[address 192.0.2.1]\n",
     F "5: upstream-macs = bridge: source-mac = host shows upstream the MAC addresses of hosts\n"},
    {GOOD_BRIDGE "source-mac = router\n[address 192.0.2.1]\n",
     F "4: source-mac = router: must be bridge | host\n"},
    {GOOD_BRIDGE "link-local = |\n[address 192.0.2.1]\n", F "4: link-local = |: must be forward | drop\n"},
    {GOOD_BRIDGE "accel = xdp\n[address 192.0.2.1]\n", F "4: accel = xdp: must be auto | tc | none\n"},
    {GOOD "[ipfix]\ncollector = 192.0.2.10\n", F "6: collector = 192.0.2.10: must be none or ADDRESS:PORT\n"},
    {GOOD "[ipfix]\ncollector = 192.0.2.10:0\n",
     F "6: collector = 192.0.2.10:0: must be none or ADDRESS:PORT\n"},
    {GOOD "[ipfix]\ncollector = 192.0.2.10:5-5\n",
     F "6: collector = 192.0.2.10:5-5: must be none or ADDRESS:PORT\n"},
    {GOOD "[ipfix]\ncollector = 239.1.1.1:4739\n",
     F "6: collector = 239.1.1.1:4739: must be the address of one host\n"},
    {GOOD "[ipfix]\nsample = 0\nidle = x\n", F "6: sample = 0: must be a number from 1 to 1000000\n" F
                                               "7: idle = x: must be a number from 1 to 3600\n"},
    {GOOD "ports = 5\n", F "5: ports = 5: must be FIRST-LAST\n"},
    {GOOD "ports = 9-5\n", F "5: ports = 9-5: the last port is below the first\n"},
    {GOOD "ports = 5-65536\n", F "5: ports = 5-65536: must be FIRST-LAST\n"},
    {GOOD "learn = none, traffic\n", F "5: learn = none, traffic: none excludes every other way to learn\n"},
    {GOOD "learn = pe-arp, none\n", F "5: learn = pe-arp, none: none excludes every other way to learn\n"},
    {GOOD "learn = gossip\n", F "5: learn = gossip: 'gossip' must be pe-arp, traffic, dhcp, or none\n"},
    {GOOD "learn =\n", F "5: learn = : '' must be pe-arp, traffic, dhcp, or none\n"},
    {GOOD "learn = traffic, traffic\n", F "5: learn = traffic, traffic: 'traffic' is given twice\n"},
    {GOOD "learn = none, none\n", F "5: learn = none, none: none excludes every other way to learn\n" F
                                    "5: learn = none, none: none excludes every other way to learn\n"},
    {GOOD "learn = ,\n", F "5: learn = ,: '' must be pe-arp, traffic, dhcp, or none\n" F
                           "5: learn = ,: '' must be pe-arp, traffic, dhcp, or none\n"},
    {GOOD "learn = pe-arp traffic\n",
     F "5: learn = pe-arp traffic: 'pe-arp traffic' must be pe-arp, traffic, dhcp, or none\n"},
    {GOOD "learn = dhcp, none\n", F "5: learn = dhcp, none: none excludes every other way to learn\n"},
    {GOOD "block = 0\n", F "5: block = 0: must be a number from 1 to 65536\n"},
    {GOOD "block = 1k\n", F "5: block = 1k: must be a number from 1 to 65536\n"},
    {GOOD "block = 4294967297\n", F "5: block = 4294967297: must be a number from 1 to 65536\n"},
    {GOOD "ports = 2000-2099\nblock = 101\n", F "6: block = 101: more than ports = 2000-2099 holds\n"},
    {GOOD "psid = 9\n", F "5: psid = 9: must be OFFSET/LENGTH, together 16 at most\n"},
    {GOOD "psid = 9/8\n", F "5: psid = 9/8: must be OFFSET/LENGTH, together 16 at most\n"},
    {GOOD "psid = 6/0\n", F "5: psid = 6/0: must be OFFSET/LENGTH, together 16 at most\n"},
    {GOOD "psid = 6/-8\n", F "5: psid = 6/-8: must be OFFSET/LENGTH, together 16 at most\n"},
    {GOOD "psid = 6/\t8\n", F "5: psid = 6/\t8: must be OFFSET/LENGTH, together 16 at most\n"},
    {GOOD "psid = 6/8 x\n", F "5: psid = 6/8 x: must be OFFSET/LENGTH, together 16 at most\n"},
    {GOOD "psid = 6/8\nblock = 10\n", F "6: psid and block = 10 exclude each other\n"},
    {GOOD "gateway = 192.0.2.1\n", F "5: gateway = 192.0.2.1: is a shared address\n"},
    {GOOD "gateway = 192.0.2\n", F "5: gateway = 192.0.2: must be the IPv4 address of a host\n"},
    {GOOD "default-host = a\n", F "5: default-host = a: must be none or a MAC address, xx:xx:xx:xx:xx:xx\n"},
    {GOOD_BRIDGE "mac = 02:00:00:00:00:01\n[address 192.0.2.1]\ndefault-host = 02:00:00:00:00:01\n",
     F "6: default-host = 02:00:00:00:00:01: is the bridge's own\n"},
    {GOOD "echo = yes\n", F "5: echo = yes: must be reply | default-host | drop\n"},
    {GOOD "echo = reply |\n", F "5: echo = reply |: must be reply | default-host | drop\n"},
    {GOOD "echo = reply | drop\n", F "5: echo = reply | drop: must be reply | default-host | drop\n"},
    {GOOD "echo = |\n", F "5: echo = |: must be reply | default-host | drop\n"},
    {GOOD "echo =\n", F "5: echo = : must be reply | default-host | drop\n"},
    {GOOD "echo = repl\n", F "5: echo = repl: must be reply | default-host | drop\n"},
    {GOOD "[address 192.0.2.1]\n", F "5: [address 192.0.2.1]: is already at line 4\n"},
    {GOOD "[address 192.0.2.256]\n", F "5: [address 192.0.2.256]: must be the IPv4 address of a host\n"},
    {GOOD "[address 224.0.0.1]\n", F "5: [address 224.0.0.1]: must be the IPv4 address of a host\n"},
    {GOOD "[address 127.0.0.1]\n", F "5: [address 127.0.0.1]: must be the IPv4 address of a host\n"},
    {GOOD "[address 0.0.0.0]\n", F "5: [address 0.0.0.0]: must be the IPv4 address of a host\n"},
    {GOOD "[address]\n", F "5: [address ]: must be the IPv4 address of a host\n"},
    {GOOD "[address 192.0.2.01]\n", F "5: [address 192.0.2.01]: must be the IPv4 address of a host\n"},
    {GOOD "[range 192.0.2.1:5-9]\n", F "5: mac is missing in [range]\n"},
    {GOOD "[range 192.0.2.9:5-9]\nmac = 02:00:00:00:00:01\n",
     F "5: [range 192.0.2.9:5-9]: there is no [address] for it\n"},
    {GOOD "[range 0.0.0.0:5-9]\nmac = 02:00:00:00:00:01\n",
     F "5: [range 0.0.0.0:5-9]: there is no [address] for it\n"},
    {GOOD "[address 224.0.0.1]\n[range 224.0.0.1:5-9]\nmac = 02:00:00:00:00:01\n",
     F "5: [address 224.0.0.1]: must be the IPv4 address of a host\n"},
    {GOOD "[range 192.0.2.1:9-5]\nmac = 02:00:00:00:00:01\n",
     F "5: [range 192.0.2.1:9-5]: the last port is below the first\n"},
    {GOOD "[range 192.0.2.1]\nmac = 02:00:00:00:00:01\n",
     F "5: [range 192.0.2.1]: must be ADDRESS:FIRST-LAST\n"},
    {GOOD "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:01\n[range 192.0.2.1:1-5]\nmac = 02:00:00:00:00:02\n",
     F "7: [range 192.0.2.1:1-5]: overlaps [range 192.0.2.1:5-9] at line 5\n"},
    {GOOD "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:01\n[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:01\n",
     F "7: [range 192.0.2.1:5-9]: overlaps [range 192.0.2.1:5-9] at line 5\n"},
    {GOOD_BRIDGE
     "mac = 02:00:00:00:00:01\n[address 192.0.2.1]\n[range 192.0.2.1:5-9]\nname = x\nmac = 02:00:00:00:00:01\n",
     F "8: mac = 02:00:00:00:00:01: is the bridge's own\n"},
    {GOOD "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:05, 02:00:00:00:00:05\n",
     F "6: mac: 02:00:00:00:00:05 is also the owner of [range 192.0.2.1:5-9], or another host's there\n"},
    {GOOD "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:05, 02:00:00:00:00:06\n"
          "[range 192.0.2.1:10-19]\nmac = 02:00:00:00:00:06\n",
     F "6: mac: 02:00:00:00:00:06 is also the owner of [range 192.0.2.1:10-19], or another host's there\n"},
    {GOOD "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:05, 01:00:5e:00:00:01\n",
     F "6: mac = 01:00:5e:00:00:01: a multicast MAC address cannot be a host's\n"},
    {GOOD "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:05,\n",
     F "6: mac = 02:00:00:00:00:05,: must be up to 4 MAC addresses, xx:xx:xx:xx:xx:xx, with commas between\n"},
    {GOOD "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:05, 02:00:00:00:00:06\n"
          "[protocol 192.0.2.1/gre]\nmac = 02:00:00:00:00:06\n",
     F "8: mac = 02:00:00:00:00:06: must be the first MAC address of its host\n"},
    {GOOD "[range 192.0.2.1:5-9]\nmac = 01:00:5e:00:00:01\n",
     F "6: mac = 01:00:5e:00:00:01: a multicast MAC address cannot be a host's\n"},
    {GOOD "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:01\n"
          "name = 0123456789012345678901234567890123456789012345678901234567890123\n",
     F "7: name = 0123456789012345678901234567890123456789012345678901234567890123: must be text, up to "
       "63 bytes\n"},
    {GOOD "[policy]\nsource-ports = maybe\n", F "6: source-ports = maybe: must be enforce | log | off\n"},
    {GOOD "[control]\nsocket = x.sock\n", F "6: socket = x.sock: must be an absolute path, up to 107 bytes\n"},
    {GOOD "[control]\nmetrics = 127.0.0.1\n",
     F "6: metrics = 127.0.0.1: must be none or ADDRESS:PORT, [IPV6]:PORT or unix:PATH\n"},
    {GOOD "[control]\nmetrics = ::1:80\n",
     F "6: metrics = ::1:80: must be none or ADDRESS:PORT, [IPV6]:PORT or unix:PATH\n"},
    {GOOD "[control]\nmetrics = 127.0.0.1:0\n",
     F "6: metrics = 127.0.0.1:0: must be none or ADDRESS:PORT, [IPV6]:PORT or unix:PATH\n"},
    {GOOD "[control]\nmetrics = unix:run/x\n",
     F "6: metrics = unix:run/x: must be none or ADDRESS:PORT, [IPV6]:PORT or unix:PATH\n"},
    {GOOD "[state]\nfile = /srv/x\n[history]\nfile = /srv/x\n", F "8: file = /srv/x: is the file of [state]\n"},
    {GOOD "[history]\nfile = none\nevents = /srv/x\n", F "7: events = /srv/x: needs file\n"},
    {GOOD "[history]\nfile = x\ndays = 0\nbytes = 2000000\n",
     F "6: file = x: must be none or an absolute path, up to 255 bytes\n" F
       "7: days = 0: must be a number from 1 to 3660\n" F
       "8: bytes = 2000000: at least 128 for each of bindings = 65536 in [limits]\n"},
    {GOOD "[state]\nfile = x\nperiod = 0\n",
     F "6: file = x: must be none or an absolute path, up to 255 bytes\n" F
       "7: period = 0: must be a number from 1 to 3600\n"},
    {GOOD "[keys]\n7 = " KEY "\n8 = 0" KEY "\n9 = g" KEY_REST "\n7 = " KEY "\n4294967296 = " KEY "\nx = " KEY
          "\n",
     F "7: 8: must be a number up to 4294967295, with 64 hexadecimal digits\n" F
       "8: 9: must be a number up to 4294967295, with 64 hexadecimal digits\n" F
       "9: 7: is already in [keys]\n" F
       "10: 4294967296: must be a number up to 4294967295, with 64 hexadecimal digits\n" F
       "11: x: must be a number up to 4294967295, with 64 hexadecimal digits\n"},
    {GOOD "[keys]\n7 = " KEY "\n8 = " KEY "\n[limits]\nkeys = 1\n",
     F "5: [keys]: more than keys = 1 in [limits]\n"},
    {GOOD "[key 4294967296]\n[key 7]\nsecret = " KEY "\nrole = bridge\nmac = 02:00:00:00:00:09\nrange = "
          "192.0.2.1:2000-2999\n[key 8]\nsecret = 0" KEY "\nrole = group\nmac = 01:00:00:00:00:01\nrange = "
          "192.0.2.1:9-1\n",
     F "5: [key 4294967296]: must be a number from 0 to 4294967295\n" F "5: secret is missing in [key]\n" F
       "5: role is missing in [key]\n" F "9: mac: is only for role = host\n" F
       "10: range: is only for role = host\n" F "12: secret = ...: must be 64 hexadecimal digits\n" F
       "13: role = group: must be bridge | host\n" F
       "14: mac = 01:00:00:00:00:01: a multicast MAC address cannot be a host's\n" F
       "15: range = 192.0.2.1:9-1: the last port is below the first\n"},
    {GOOD "[keys]\n7 = " KEY "\n[key 7]\nsecret = 1" KEY_REST "\nrole = host\n[key 8]\nsecret = " KEY
          "\nrole = host\nrange = 192.0.2.9:2000-2999\nmacs = 1\n[key 8]\nsecret = 2" KEY_REST
          "\nrole = host\n",
     F "7: 7: is already in [keys]\n" F "10: [key 8]: has the secret of key 7: each key needs its own\n" F
       "13: range = 192.0.2.9:2000-2999: there is no [address] for it\n" F
       "14: macs = ...: unknown key in [key]\n" F "15: 8: is already in [key] at line 10\n"},
    {GOOD "[key 9]\nsecret = " KEY "\nrole = host\n",
     F "5: [key]: there is none with role = bridge, and no [keys]: the bridge has no key to sign with\n"},
    {GOOD "[key 9]\nsecret = " KEY "\nrole = bridge\n[key 10]\nsecret = 1" KEY_REST
          "\nrole = host\n[limits]\nkeys = 1\n",
     F "8: [key]: more than keys = 1 in [limits]\n"},
    {GOOD "[protocol 192.0.2.1/gre]\n", F "5: mac is missing in [protocol]\n"},
    {GOOD "[protocol gre]\nmac = 02:00:00:00:00:01\n", F "5: [protocol gre]: must be ADDRESS/NAME\n"},
    {GOOD "[protocol 192.0.2.256/gre]\nmac = 02:00:00:00:00:01\n",
     F "5: [protocol 192.0.2.256/gre]: must be ADDRESS/NAME\n"},
    {GOOD "[protocol 192.0.2.1/nonesuch]\nmac = 02:00:00:00:00:01\n",
     F "5: [protocol 192.0.2.1/nonesuch]: no protocol of that name or number\n"},
    {GOOD "[protocol 192.0.2.1/256]\nmac = 02:00:00:00:00:01\n",
     F "5: [protocol 192.0.2.1/256]: no protocol of that name or number\n"},
    {GOOD "[protocol 192.0.2.1/6]\nmac = 02:00:00:00:00:01\n",
     F "5: [protocol 192.0.2.1/6]: has ports: give them an owner with [range]\n"},
    {GOOD "[protocol 192.0.2.1/1]\nmac = 02:00:00:00:00:01\n",
     F "5: [protocol 192.0.2.1/1]: has ports: give them an owner with [range]\n"},
    {GOOD "[protocol 192.0.2.9/gre]\nmac = 02:00:00:00:00:01\n",
     F "5: [protocol 192.0.2.9/47]: there is no [address] for it\n"},
    {GOOD "[protocol 192.0.2.1/gre]\nmac = 02:00:00:00:00:01\n[protocol 192.0.2.1/47]\nmac = "
          "02:00:00:00:00:02\n",
     F "7: [protocol 192.0.2.1/47]: is already at line 5\n"},
    {GOOD "[protocol 192.0.2.1/gre]\nmac = 01:00:00:00:00:01\n",
     F "6: mac = 01:00:00:00:00:01: a multicast MAC address cannot be a host's\n"},
    {GOOD "[deny]\nmac = 02:00:00:00:00:07\nmac = 02:00:00:00:00:07\nmac = ff:ff:ff:ff:ff:ff\nhost = x\n",
     F "7: mac = 02:00:00:00:00:07: is already in [deny]\n" F
       "8: mac = ff:ff:ff:ff:ff:ff: must be the MAC address of a host\n" F
       "9: host = x: unknown key in [deny]\n"},
    {GOOD "default-host = 02:00:00:00:00:07\n"
          "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:08, 02:00:00:00:00:07\n"
          "[range 192.0.2.1:10-19]\nmac = 02:00:00:00:00:07\n"
          "[protocol 192.0.2.1/gre]\nmac = 02:00:00:00:00:07\n"
          "[deny]\nmac = 02:00:00:00:00:07\nmac = 02:00:00:00:00:06\n[limits]\ndenied-hosts = 1\n",
     F "5: default-host = 02:00:00:00:00:07: is in [deny]\n" F "7: mac = 02:00:00:00:00:07: is in [deny]\n" F
       "7: mac: 02:00:00:00:00:07 is also the owner of [range 192.0.2.1:10-19], or another host's there\n" F
       "9: mac = 02:00:00:00:00:07: is in [deny]\n" F
       "11: mac = 02:00:00:00:00:07: must be the first MAC address of its host\n" F
       "11: mac = 02:00:00:00:00:07: is in [deny]\n" F "12: [deny]: more than denied-hosts = 1 in [limits]\n"},
    {GOOD "[keys]\n1 = aa\n", F "6: 1: must be a number up to 4294967295, with 64 hexadecimal digits\n"},
    {GOOD "[dhcp]\nx = 1\n", F "6: x = 1: unknown key in [dhcp]\n"},
    {GOOD "[dhcp]\nserve = all\n", F "6: serve: neither [address 192.0.2.1] nor [dhcp] has a psid\n" F
                                     "6: serve: needs router or server-id: clients renew their lease there\n"},
    {GOOD "learn = pe-arp, dhcp\n[dhcp]\nserve = all\npsid = 0/6\nrouter = 192.0.2.254\n",
     F "5: learn: dhcp and [dhcp] serve exclude each other: 192.0.2.1 would have two servers\n"},
    {GOOD "[dhcp]\nservers = 192.0.2.0.1\n",
     F "6: servers = 192.0.2.0.1: must be up to 8 IPv4 addresses with commas between\n"},
    {GOOD "[dhcp]\nserve = some\n",
     F "6: serve = some: 'some' must be none, all, or addresses with commas between\n"},
    {GOOD "[dhcp]\nserve =\n", F "6: serve = : '' must be none, all, or addresses with commas between\n"},
    {GOOD "[dhcp]\nserve = 192.0.2.1, 192.0.2.1\npsid = 0/6\nrouter = 192.0.2.254\n",
     F "6: serve = 192.0.2.1, 192.0.2.1: '192.0.2.1' is given twice\n"},
    {GOOD "[dhcp]\nserve = 192.0.2.9\npsid = 0/6\nserver-id = 192.0.2.254\n",
     F "6: serve = 192.0.2.9: there is no [address] for it\n"},
    {GOOD "[dhcp]\npsid = 6/11\n", F "6: psid = 6/11: must be OFFSET/LENGTH, together 16 at most\n"},
    {GOOD "ports = 2000-2999\n[dhcp]\nserve = all\npsid = 0/4\nserver-id = 192.0.2.254\n",
     F "7: serve: no port set of psid = 0/4 is within ports = 2000-2999 of 192.0.2.1\n"},
    {GOOD "[dhcp]\nserve = all\npsid = 0/6\nrouter = 192.0.3.254\n",
     F "8: router: is not in the network of 192.0.2.1\n"},
    {GOOD "[dhcp]\nserve = all\npsid = 0/6\nrouter = 192.0.2.1\n",
     F "8: router = 192.0.2.1: is a shared address\n"},
    {GOOD "[dhcp]\nserve = all\npsid = 0/6\nserver-id = 192.0.2.1\n",
     F "8: server-id = 192.0.2.1: is a shared address\n"},
    {GOOD "[dhcp]\nrouter = 255.255.255.255\n",
     F "6: router = 255.255.255.255: must be the IPv4 address of a host\n"},
    {GOOD "[dhcp]\nserver-id = x\n", F "6: server-id = x: must be the IPv4 address of a host\n"},
    {GOOD "[dhcp]\nnetmask = 255.0.255.0\n", F "6: netmask = 255.0.255.0: must be an IPv4 netmask\n"},
    {GOOD "[dhcp]\nnetmask = 0.0.0.0\n", F "6: netmask = 0.0.0.0: must be an IPv4 netmask\n"},
    {GOOD "[dhcp]\nlease = 9\n", F "6: lease = 9: must be a number from 10 to 31536000\n"},
    {GOOD "[dhcp]\nmtu = 575\n", F "6: mtu = 575: must be a number from 576 to 65535\n"},
    {GOOD "[dhcp]\ndns = 192.0.2.53,\n",
     F "6: dns = 192.0.2.53,: must be up to 4 IPv4 addresses with commas between\n"},
    {GOOD "[dhcp]\ndns = 1.1.1.1, 2.2.2.2, 3.3.3.3, 4.4.4.4, 5.5.5.5\n",
     F "6: dns = 1.1.1.1, 2.2.2.2, 3.3.3.3, 4.4.4.4, 5.5.5.5: must be up to 4 IPv4 addresses with commas "
       "between\n"},
    {GOOD "[lease 192.0.2.1:1024-2047]\nmac = 02:00:00:00:00:01\n",
     F "5: [lease 192.0.2.1:1024-2047]: [dhcp] does not serve its address\n"},
    {SERVED "[lease 192.0.2.1]\nmac = 02:00:00:00:00:01\n",
     F "9: [lease 192.0.2.1]: must be ADDRESS:FIRST-LAST\n"},
    {SERVED "[lease 192.0.2.1:1024-2047]\n", F "9: [lease 192.0.2.1:1024-2047]: mac or client-id is missing\n"},
    {SERVED "[lease 192.0.2.1:1024-2047]\nclient-id = ff01\nmac = 02:00:00:00:00:01\n",
     F "11: mac and client-id exclude each other\n"},
    {SERVED "[lease 192.0.2.1:1024-2046]\nmac = 02:00:00:00:00:01\n",
     F "9: [lease 192.0.2.1:1024-2046]: is no port set of psid = 0/6 within ports = 1024-65535\n"},
    {SERVED "[lease 192.0.2.1:0-1023]\nmac = 02:00:00:00:00:01\n",
     F "9: [lease 192.0.2.1:0-1023]: is no port set of psid = 0/6 within ports = 1024-65535\n"},
    {SERVED "[lease 192.0.2.1:1024-2047]\nmac = 01:00:00:00:00:01\n",
     F "10: mac = 01:00:00:00:00:01: a multicast MAC address cannot be a host's\n"},
    {SERVED "[lease 192.0.2.1:1024-2047]\nclient-id = 1\n",
     F "10: client-id = 1: must be 2 to 64 bytes in hexadecimal digits, with or without colons\n"},
    {SERVED "[lease 192.0.2.1:1024-2047]\nclient-id = 01\n",
     F "10: client-id = 01: must be 2 to 64 bytes in hexadecimal digits, with or without colons\n"},
    {SERVED "[lease 192.0.2.1:1024-2047]\nclient-id = 01:02:\n",
     F "10: client-id = 01:02:: must be 2 to 64 bytes in hexadecimal digits, with or without colons\n"},
    {SERVED "[lease 192.0.2.1:1024-2047]\nclient-id = 0g02\n",
     F "10: client-id = 0g02: must be 2 to 64 bytes in hexadecimal digits, with or without colons\n"},
    {SERVED "[lease 192.0.2.1:1024-2047]\nclient-id = ff01\n[lease 192.0.2.1:1024-2047]\nclient-id = FF:02\n",
     F "11: [lease 192.0.2.1:1024-2047]: is already at line 9\n"},
    {SERVED "[lease 192.0.2.1:1024-2047]\nclient-id = ff01\n[lease 192.0.2.1:2048-3071]\nclient-id = FF:01\n",
     F "11: [lease 192.0.2.1:2048-3071]: its client has one already, at line 9\n"},
    {SERVED "[range 192.0.2.1:1500-1500]\nmac = 02:00:00:00:00:02\n[lease 192.0.2.1:1024-2047]\n"
            "mac = 02:00:00:00:00:01\n",
     F "11: [lease 192.0.2.1:1024-2047]: overlaps [range 192.0.2.1:1500-1500] at line 9\n"},
    {GOOD "[limits]\nleases = 65537\n", F "6: leases = 65537: must be a number from 1 to 65536\n"},
    {GOOD "[control]\nmetrics = none\n[bridge2]\naccel = x\n", F "7: [bridge2]: unknown section\n"},
    {GOOD "[cluster]\nredis = h:1\n", F "6: redis = h:1: [cluster] is not supported in this version\n"},
    {GOOD "[address 192.0.2.2]\n[limits]\naddresses = 1\n",
     F "5: [address]: one more than addresses = 1 in [limits]\n"},
    {GOOD "[limits]\nbindings = 0\n", F "6: bindings = 0: must be a number from 1 to 1048576\n"},
    {GOOD "[limits]\nbindings = many\n", F "6: bindings = many: must be a number from 1 to 1048576\n"},
    {GOOD "[limits]\nbindings = -1\n", F "6: bindings = -1: must be a number from 1 to 1048576\n"},
    {GOOD "[limits]\nheld-frames = 2\n", F "5: held-port-frames = 3: more than held-frames = 2\n"},
    {"junk\n[bridge]\nupstream = a/\nvlan = x\nencap = x\nsource-mac = x\nlink-local = x\nrouter-mac = "
     "x\naccel = x\n"
     "mac = x\n[address x]\n[address 192.0.2.1]\nports = x\nlearn = x\nblock = x\necho = x\ndefault-host = x\n"
     "[range x]\nmac = x\n[x]\n[limits]\nmacs = x\n",
     F "1: junk: neither a section nor KEY = VALUE\n" F "2: downstream is missing in [bridge]\n" F
       "3: upstream = a/: must be an interface's name, or tap:NAME\n" F
       "4: vlan = x: must be none or a number from 1 to 4094\n" F "5: encap = x: must be 0x88b5 | arp\n" F
       "6: source-mac = x: must be bridge | host\n" F "7: link-local = x: must be forward | drop\n" F
       "8: router-mac = x: must be a MAC address, xx:xx:xx:xx:xx:xx\n" F
       "9: accel = x: must be auto | tc | none\n" F
       "10: mac = x: must be auto or a MAC address, xx:xx:xx:xx:xx:xx\n" F
       "11: [address x]: must be the IPv4 address of a host\n" F "13: ports = x: must be FIRST-LAST\n" F
       "14: learn = x: 'x' must be pe-arp, traffic, dhcp, or none\n" F
       "15: block = x: must be a number from 1 to 65536\n" F
       "16: echo = x: must be reply | default-host | drop\n" F
       "17: default-host = x: must be none or a MAC address, xx:xx:xx:xx:xx:xx\n" F
       "18: [range x]: must be ADDRESS:FIRST-LAST\n" F
       "19: mac = x: must be up to 4 MAC addresses, xx:xx:xx:xx:xx:xx, with commas between\n" F
       "20: [x]: unknown section\n" F "22: macs = x: must be a number from 16 to 1048576\n"},
};

static void test_faults(void **state)
{
    (void)state;
    assert_true(sizeof(faults) / sizeof(faults[0]) >= 60);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct config c;
        unsigned lines = 0;
        for (const char *at = faults[i].told; *at != '\0'; at++)
            lines += *at == '\n';
        int count = read_text(faults[i].text, &c);
        assert_string_equal(told, faults[i].told);
        assert_int_equal(count, lines);
    }
}

static void test_odd_bytes(void **state)
{
    (void)state;
    struct config c;
    static const char nul[] = GOOD "ports = 5\0-6\n";
    assert_int_equal(read_bytes(nul, sizeof(nul) - 1, &c), 1);
    assert_string_equal(told, F "5: a control character, 0x00, is in the line\n");
    char *text = malloc(200000);
    assert_non_null(text);
    int used = sprintf(text, GOOD "block = ");
    memset(text + used, '1', 100000);
    strcpy(text + used + 100000, "\nports = 9-5\n");
    assert_int_equal(read_text(text, &c), 2);
    assert_non_null(strstr(told, F "5: block = 11111"));
    assert_non_null(strstr(told, F "6: ports = 9-5: the last port"));
    assert_int_equal(read_text(GOOD "echo = \033[31mred\n", &c), 1);
    assert_string_equal(told, F "5: a control character, 0x1b, is in the line\n");
    assert_int_equal(read_text(GOOD "echo = drop\rports = 9-5\r\n", &c), 1);
    assert_string_equal(told, F "5: a control character, 0x0d, is in the line\n");
    free(text);
}

/* A thousand are told; the line after them only where there are more. */
static void test_very_many_faults(void **state)
{
    (void)state;
    struct config c;
    char *text = malloc(FAULTS * 10);
    assert_non_null(text);
    int used = sprintf(text, GOOD);
    for (unsigned i = 0; i < 1000; i++)
        used += sprintf(text + used, "junk\n");
    last[0] = '\0';
    assert_int_equal(read_text(text, &c), 1000);
    assert_string_equal(last, F "1004: junk: neither a section nor KEY = VALUE\n");
    for (unsigned i = 1000; i < FAULTS; i++)
        used += sprintf(text + used, "junk\n");
    assert_int_equal(read_text(text, &c), 1000);
    assert_string_equal(last, F "1005: too many faults, the rest is not shown\n");
    free(text);
}

/* A control socket's default comes from the file's name, which may be too long for one. */
static void test_socket_names(void **state)
{
    (void)state;
    static const struct {
        size_t length; /* of NAME, whose end is ".sockn" */
        bool given;
        int faults;
    } rows[] = {{90, false, 0}, {91, false, 1}, {96, false, 1}, {200, false, 1}, {200, true, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config c;
        char name[300] = {0};
        memset(name, 'n', rows[i].length - 6);
        strcat(name, ".sockn.conf");
        const char *text = rows[i].given ? GOOD "[control]\nsocket = /run/x\n" : GOOD;
        FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
        assert_non_null(stream);
        assert_int_equal(config_read_stream(stream, name, &c, tell, NULL), rows[i].faults);
        fclose(stream);
        config_free(&c);
    }
    struct config c;
    char text[300] = GOOD "[control]\nsocket = /";
    memset(text + strlen(text), 'x', SOCKET_PATH_BYTES - 2);
    assert_int_equal(read_text(text, &c), 0);
    assert_int_equal(strlen(c.socket), SOCKET_PATH_BYTES - 1);
    config_free(&c);
}

/* A file without end. */
static void test_endless_file(void **state)
{
    (void)state;
    struct config c;
    told[0] = '\0';
    assert_int_equal(config_read("/dev/zero", &c, tell, NULL), 3);
    assert_non_null(strstr(told, "/dev/zero:1: the file is longer than 268435456 bytes"));
}

/* Appends `heading`, and each key of the section that has a default, with it. */
static void write_defaults(FILE *out, const char *section, const char *heading)
{
    const struct ini_section *row = conf_schema.sections;
    while (strcmp(row->name, section) != 0)
        assert_true(++row < conf_schema.sections + conf_schema.section_count);
    fputs(heading, out);
    for (size_t i = 0; i < row->key_count; i++)
        if (row->keys[i].preset != NULL)
            fprintf(out, "%s = %s\n", row->keys[i].name, row->keys[i].preset);
}

/* It is beside the state file, wherever that is. */
static void test_where_the_history_is(void **state)
{
    struct config c;
    (void)state;
    assert_int_equal(read_text(GOOD "[state]\nfile = /srv/pearpd/x.state\n", &c), 0);
    assert_string_equal(c.history.file, "/srv/pearpd/rack1.history");
    config_free(&c);
    assert_int_equal(read_text(GOOD "[state]\nfile = none\n", &c), 0);
    assert_string_equal(c.history.file, "");
    config_free(&c);
    assert_int_equal(read_text(GOOD "[history]\nfile = none\nbytes = 1048576\n", &c), 0);
    assert_string_equal(c.history.file, "");
    assert_string_equal(c.state_file, "/var/lib/pearpd/rack1.state");
    config_free(&c);
}

/* A default that is written out is no fault. */
static void test_defaults_written_out(void **state)
{
    struct config c;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    (void)state;
    assert_non_null(out);
    write_defaults(out, "bridge", GOOD_BRIDGE);
    write_defaults(out, "address", "[address 192.0.2.1]\n");
    write_defaults(out, "range", "[range 192.0.2.1:5-9]\nmac = 02:00:00:00:00:01\n");
    write_defaults(out, "policy", "[policy]\n");
    write_defaults(out, "control", "[control]\n");
    write_defaults(out, "state", "[state]\n");
    write_defaults(out, "history", "[history]\n");
    write_defaults(out, "dhcp", "[dhcp]\n");
    write_defaults(out, "ipfix", "[ipfix]\n");
    write_defaults(out, "limits", "[limits]\n");
    fclose(out);
    if (read_text(text, &c) != 0)
        fail_msg("%s", told);
    assert_string_equal(c.socket, "/run/pearpd/NAME.sock");
    assert_string_equal(c.state_file, "/var/lib/pearpd/NAME.state");
    assert_int_equal(c.limits.ring_slots, 4096);
    config_free(&c);
    free(text);
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    struct config c;
    told[0] = '\0';
    assert_true(config_read("/nowhere/at.all", &c, tell, NULL) < 0);
    assert_string_equal(told, "/nowhere/at.all:0: No such file or directory\n");
    told[0] = '\0';
    assert_true(config_read("/", &c, tell, NULL) != 0);
    assert_non_null(strstr(told, "/:"));
}

/* What is printed from the schema. */

static char *printed(void (*print)(FILE *out))
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    print(out);
    fclose(out);
    return text;
}

/* It is accepted, and gives no ports to anybody. */
static void test_sample_is_inert(void **state)
{
    (void)state;
    struct config c;
    char *sample = contents("etc/sample.conf");
    assert_int_equal(read_text(sample, &c), 0);
    assert_int_equal(c.range_count + c.protocol_count + c.lease_count + c.key_count, 0);
    assert_false(c.addresses[0].has_default_host);
    assert_false(c.addresses[0].is_served);
    config_free(&c);
    free(sample);
}

static void test_manual_is_current(void **state)
{
    (void)state;
    char *keys = printed(config_print_mdoc), *page = contents("man/pearpd.conf.5");
    assert_non_null(strstr(page, keys));
    free(keys);
    free(page);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_one_mac_upstream),
        cmocka_unit_test(test_drop_ins),
        cmocka_unit_test(test_everything_given),
        cmocka_unit_test(test_upstream_tap),
        cmocka_unit_test(test_port_sets_of_served_addresses),
        cmocka_unit_test(test_learn_of_served_addresses),
        cmocka_unit_test(test_where_the_history_is),
        cmocka_unit_test(test_many_sections),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_odd_bytes),
        cmocka_unit_test(test_very_many_faults),
        cmocka_unit_test(test_socket_names),
        cmocka_unit_test(test_endless_file),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_defaults_written_out),
        cmocka_unit_test(test_sample_is_inert),
        cmocka_unit_test(test_manual_is_current),
    };
    if (argc == 2 && strcmp(argv[1], "--mdoc") == 0) {
        config_print_mdoc(stdout);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
