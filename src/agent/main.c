/* main.c: pearp-agent(8): options and what they ask for.
 * In: the command line. Out: an exit status: 0, 1 a fault, 2 wrong usage. Never: does the work. */
#include "pearpd/log.h"
#include "pearpd/option_table.h"
#include "pearpd/pe_arp.h"

#include "config/config.h"
#include "run/agent.h"
#include "run/confirm_command.h"
#include "run/lease_command.h"
#include "run/resize_command.h"
#include "run/start_command.h"
#include "status/status_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_USAGE 2

enum {
    OPTION_UNDO = OPTION_LONG,
    OPTION_JSON,
    OPTION_METRICS,
    OPTION_DHCP,
    OPTION_CLIENT,
    OPTION_LEASE,
    OPTION_TRY,
    OPTION_YES
};

struct asked {
    struct agent_options options;
    int verbosity;
    bool address, ports, gateway, encap, print, undo, json, status, resize, confirm;
    bool yes;
    uint32_t try_s; /* 0: it is no trial */
    bool dhcp, client;
    const char *file, *metrics;
    const char *wanted; /* of resize */
    struct range range; /* of -a and -p */
};

static const struct option_row rows[] = {
    {NULL, 'i', "IFACE", "interface on the downstream segment of the bridge"},
    {NULL, 'a', "ADDRESS", "shared address"},
    {NULL, 'p', "FIRST-LAST", "ports to hold"},
    {NULL, 'g', "GATEWAY", "gateway; default: that of the default route, or the one that the bridge names"},
    {NULL, 'e', "0x88b5|arp", "EtherType of PE-ARP, as `encap` of the bridge"},
    {NULL, 'c', "FILE", "read these settings and more from FILE: pearp-agent.conf(5)"},
    {"dhcp", OPTION_DHCP, NULL, "run a DHCP client on IFACE and hold its address and ports"},
    {"client", OPTION_CLIENT, "NAME", "udhcpc or dhclient; default: the one that is installed"},
    {"lease", OPTION_LEASE, NULL, "hold the lease of another DHCP client on IFACE until it ends"},
    {"metrics", OPTION_METRICS, "FILE", "write metrics for the textfile collector of node_exporter"},
    {NULL, 'n', NULL, "print the settings and change nothing"},
    {"undo", OPTION_UNDO, NULL, "restore the settings that a killed agent changed on IFACE"},
    {"try", OPTION_TRY, "SECONDS", "undo everything then, unless `pearp-agent confirm` or Enter comes before"},
    {"yes", OPTION_YES, NULL, "start even where this ssh session would lose its address"},
    {"json", OPTION_JSON, NULL, "print the status as JSON"},
    {NULL, 'v', NULL, "log more; repeat for debugging"},
    {NULL, 'q', NULL, "log less"},
    {"version", 'V', NULL, "print the version"},
    {"help", 'h', NULL, "print this"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void print_help(void)
{
    printf("usage: pearp-agent -i IFACE -a ADDRESS -p FIRST-LAST [-g GATEWAY] [--try SECONDS] [--metrics FILE] "
           "[-n] [-v]\n"
           "       pearp-agent -i IFACE --dhcp [--client NAME] [-g GATEWAY] [--metrics FILE] [-v]\n"
           "       pearp-agent -c FILE [--metrics FILE] [-n] [-v]\n"
           "       pearp-agent -i IFACE --undo\n"
           "       pearp-agent confirm [-i IFACE]\n"
           "       pearp-agent status [--json]\n"
           "       pearp-agent resize -i IFACE ADDRESS:FIRST-LAST\n"
           "       pearp-agent lease IFACE bound ADDRESS PORTS [KEY=VALUE ...] | released | expired\n\n");
    option_table_usage(rows, ROWS, stdout);
}

static int usage(const char *what, const char *value)
{
    fprintf(stderr, "pearp-agent: %s%s%s (pearp-agent -h shows the usage)\n", what, value == NULL ? "" : ": ",
            value == NULL ? "" : value);
    return EXIT_USAGE;
}

/* A port alone is more likely half a range than a wish for one port. */
static int check_wanted(const char *text)
{
    struct range range;
    return strchr(text, '-') != NULL && range_parse(text, &range) == 0
               ? 0
               : usage("resize: not ADDRESS:FIRST-LAST", text);
}

static int take_ports(const char *text, struct asked *asked)
{
    const int error = ports_parse(text, &asked->range.first, &asked->range.last);
    asked->ports = true;
    if (error == -ERANGE)
        return usage("-p: the last port is below the first", text);
    return error == 0 ? 0 : usage("-p: not FIRST-LAST", text);
}

static int take_client(const char *name, struct asked *asked)
{
    const bool udhcpc = strcmp(name, "udhcpc") == 0;
    asked->client = true;
    asked->options.dhcp = udhcpc ? DHCP_CLIENT_UDHCPC : DHCP_CLIENT_DHCLIENT;
    return udhcpc || strcmp(name, "dhclient") == 0 ? 0 : usage("--client: neither udhcpc nor dhclient", name);
}

/* One option. 0, or EXIT_USAGE after a message. */
static int take(int key, const char *value, struct asked *asked)
{
    switch (key) {
    case 'i':
        snprintf(asked->options.interface, sizeof(asked->options.interface), "%s", value);
        return interface_is_plain(value) ? 0 : usage("-i: not an interface that can be used", value);
    case 'a':
        asked->address = true;
        return ipv4_parse_host(value, &asked->range.address) == 0
                   ? 0
                   : usage("-a: not a host's IPv4 address", value);
    case 'p':
        return take_ports(value, asked);
    case 'g':
        asked->gateway = true;
        return ipv4_parse_host(value, &asked->options.gateway) == 0
                   ? 0
                   : usage("-g: not a host's IPv4 address", value);
    case 'e':
        asked->encap = true;
        return pe_arp_encap_parse(value, &asked->options.ethertype) == 0
                   ? 0
                   : usage("-e: neither 0x88b5 nor arp", value);
    case 'c':
        asked->file = value;
        return 0;
    case 'n':
        asked->print = true;
        return 0;
    case OPTION_UNDO:
        asked->undo = true;
        return 0;
    case OPTION_METRICS:
        asked->metrics = value;
        return value[0] == '/' && strlen(value) < AGENT_PATH_BYTES
                   ? 0
                   : usage("--metrics: not an absolute path", value);
    case OPTION_DHCP:
        asked->dhcp = true;
        return 0;
    case OPTION_CLIENT:
        return take_client(value, asked);
    case OPTION_LEASE:
        asked->options.lease = true;
        return 0;
    case OPTION_JSON:
        asked->json = true;
        return 0;
    case OPTION_TRY:
        return try_run_parse(value, &asked->try_s) == 0 ? 0 : usage("--try: not seconds, 1 to 86400", value);
    case OPTION_YES:
        asked->yes = true;
        return 0;
    case 'v':
        asked->verbosity++;
        return 0;
    case 'q':
        asked->verbosity--;
        return 0;
    default:
        return EXIT_USAGE; /* getopt has printed why */
    }
}

/* An address and ports that come from a DHCP server. */
static int check_leased(const struct asked *asked)
{
    if (asked->client && !asked->dhcp)
        return usage("--client belongs to --dhcp", NULL);
    if (asked->dhcp && asked->options.lease)
        return usage("--dhcp runs a client, --lease is for another's: one of them", NULL);
    if (asked->address || asked->ports || asked->print)
        return usage("--dhcp and --lease know address and ports from the lease: no -a, -p or -n", NULL);
    return 0;
}

/* What was asked for, as a whole. 0, or EXIT_USAGE after a message. */
static int check(const struct asked *asked)
{
    const struct agent_options *o = &asked->options;
    const bool leased = asked->dhcp || asked->client || o->lease;
    const bool some = asked->address || asked->ports || asked->gateway || asked->print || asked->file != NULL ||
                      asked->metrics != NULL || leased;
    if (asked->status)
        return o->interface[0] == '\0' && !some && !asked->undo && asked->try_s == 0 && !asked->yes
                   ? 0
                   : usage("status takes --json alone", NULL);
    if (asked->json)
        return usage("--json belongs to status", NULL);
    if ((asked->try_s != 0 || asked->yes) && (asked->confirm || asked->resize || asked->undo || asked->print))
        return usage("--try and --yes are for a start of the agent", NULL);
    if (asked->confirm)
        return some || asked->encap || asked->undo ? usage("confirm takes -i IFACE alone", NULL) : 0;
    if (asked->resize &&
        (some || asked->encap || asked->undo || o->interface[0] == '\0' || asked->wanted == NULL))
        return usage("resize takes -i IFACE and ADDRESS:FIRST-LAST", NULL);
    if (asked->resize)
        return check_wanted(asked->wanted);
    if (asked->file != NULL && (o->interface[0] != '\0' || asked->address || asked->ports || asked->gateway ||
                                asked->encap || asked->undo || asked->dhcp || asked->client))
        return usage("-c FILE says all of it: it takes --metrics, --lease, --try, --yes, -n, -v and -q alone",
                     NULL);
    if (asked->file != NULL)
        return 0;
    if (o->interface[0] == '\0')
        return usage("-i IFACE is missing", NULL);
    if (asked->undo)
        return some ? usage("--undo takes -i IFACE alone", NULL) : 0;
    if (leased)
        return check_leased(asked);
    if (!asked->address)
        return usage("-a ADDRESS is missing", NULL);
    if (!asked->ports)
        return usage("-p FIRST-LAST is missing", NULL);
    if (asked->gateway && o->gateway.host == asked->range.address.host)
        return usage("-g: the gateway is the shared address", NULL);
    return 0;
}

/* Reads the command line. 0; EXIT_USAGE after a message; -1: -h or -V were answered. */
static int parse(int argc, char **argv, struct asked *asked)
{
    const char *value;
    char **words;
    for (int key; (key = option_table_next(rows, ROWS, argc, argv, &value, &words)) != -1;) {
        if (key == 'h') {
            print_help();
            return -1;
        }
        if (key == 'V') {
            printf("pearp-agent %s\n", PEARPD_VERSION);
            return -1;
        }
        const int error = take(key, value, asked);
        if (error != 0)
            return error;
    }
    asked->status = *words != NULL && strcmp(*words, "status") == 0;
    asked->resize = *words != NULL && strcmp(*words, "resize") == 0;
    asked->confirm = *words != NULL && strcmp(*words, "confirm") == 0;
    words += asked->status || asked->resize || asked->confirm ? 1 : 0;
    if (asked->resize && *words != NULL)
        asked->wanted = *words++;
    return *words != NULL ? usage("not understood", *words) : check(asked);
}

static void print_fault(void *context, const char *file, unsigned line, const char *message)
{
    (void)context;
    if (line == 0)
        fprintf(stderr, "pearp-agent: %s: %s\n", file, message);
    else
        fprintf(stderr, "%s:%u: %s\n", file, line, message);
}

static void warn_of_readers(const char *file, const struct agent_options *options)
{
    struct stat status;
    const bool secrets = options->key_count > 0 || options->services.has_server;
    if (secrets && stat(file, &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
        log_warning("%s has keys, and other users may read it: use mode 0600", file);
}

/* The options of the file, or of -a and -p. 0, or -EINVAL after every fault was printed. */
static int fill_in(struct asked *asked)
{
    struct agent_options *o = &asked->options;
    const bool lease = o->lease;
    if (asked->file != NULL && agent_config_read(asked->file, o, print_fault, NULL) != 0)
        return -EINVAL;
    if (asked->file != NULL)
        warn_of_readers(asked->file, o);
    o->lease = lease;
    if (lease)
        o->dhcp = DHCP_CLIENT_NONE; /* somebody else runs it */
    const bool leased = asked->dhcp || lease;
    if (asked->dhcp && o->dhcp == DHCP_CLIENT_NONE)
        o->dhcp = DHCP_CLIENT_AUTO;
    if (asked->file == NULL && !leased) {
        o->held.ranges[0].range = asked->range;
        o->held.count = 1;
    }
    if (asked->metrics != NULL)
        snprintf(o->metrics, sizeof(o->metrics), "%s", asked->metrics);
    return 0;
}

int main(int argc, char **argv)
{
    struct asked asked = {.file = NULL};
    if (argc > 1 && strcmp(argv[1], "lease") == 0) {
        log_open("pearp-agent", 0);
        return lease_command(argc - 2, argv + 2);
    }
    agent_config_preset(&asked.options);
    const int parsed = parse(argc, argv, &asked);
    if (parsed != 0)
        return parsed < 0 ? EXIT_SUCCESS : parsed;
    log_open("pearp-agent", asked.verbosity);
    if (asked.status)
        return status_command(asked.json);
    if (asked.resize)
        return resize_command(asked.options.interface, asked.wanted);
    if (asked.confirm)
        return confirm_command(asked.options.interface);
    if (asked.undo)
        return agent_undo(asked.options.interface);
    if (fill_in(&asked) != 0)
        return EXIT_FAILURE;
    return asked.print ? agent_print(&asked.options) : start_command(&asked.options, asked.try_s, asked.yes);
}
