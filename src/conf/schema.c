/* schema.c: see schema.h. */
#include "schema.h"

#include "pearpd/config.h"

#include "check.h"
#include "sections.h"
#include "values.h"

#define FILE_BYTES   ((size_t)256 * 1048576) /* twice what a million ranges take */
#define CONFIG(name) INI_FIELD(struct config, name)

static const struct ini_key bridge_keys[] = {
    {.name = "upstream",
     .type = &conf_upstream,
     CONFIG(upstream),
     .help = "The interface on the router's side. With tap:NAME this machine is the router: pearpd creates "
             "the tap NAME, and the kernel routes into it."},
    {.name = "downstream",
     .type = &conf_interface,
     CONFIG(downstream),
     .help = "The interface on the hosts' side."},
    {.name = "mac",
     .type = &ini_mac,
     .preset = "auto",
     .none = "auto",
     CONFIG(mac),
     .help = "The bridge MAC, which the router sees for every shared address. With auto it is derived from "
             "the address of upstream, or of downstream where upstream is a tap, and is the same at each "
             "start. Set it where a second bridge takes over for this one, or for a replay."},
    {.name = "vlan",
     .type = &ini_number,
     .preset = "none",
     .none = "none",
     .least = 1,
     .most = 4094,
     CONFIG(vlan),
     .help = "The VLAN that carries this subnet on both interfaces. Frames of other VLANs, and untagged "
             "ones, are bridged unchanged."},
    {.name = "encap",
     .type = &conf_encap,
     .preset = "0x88b5",
     .choices = "0x88b5 | arp",
     CONFIG(encap),
     .help = "The EtherType of PE-ARP. With arp it is that of ARP, 0x0806, for switches that pass no "
             "other. All agents must use the same; the bridge ignores the other one."},
    {.name = "source-mac",
     .type = &ini_choice,
     .preset = "bridge",
     .choices = "bridge | host",
     CONFIG(source_mac_host),
     .help = "The Ethernet source of frames that hosts send upstream from a shared address. With host the "
             "router's side sees the MAC address of each host, as accounting on a switch may need."},
    {.name = "link-local",
     .type = &ini_choice,
     .preset = "forward",
     .choices = "forward | drop",
     CONFIG(link_local_drop),
     .help = "What happens to frames for 01-80-C2-00-00-xx, such as spanning tree and LLDP. With drop the "
             "two sides are separate spanning trees. Pause frames never cross the bridge."},
    {.name = "router-mac",
     .type = &ini_mac,
     .preset = "",
     .none = "",
     CONFIG(router_mac),
     .given = offsetof(struct config, has_router_mac),
     .help = "The router's MAC address. A frame from downstream with this source is dropped, so that no "
             "host can pose as the router; a replay of one capture of both sides needs it too. Where "
             "upstream is a tap, the default is the tap's address. Change it together with the router, or "
             "the new router is not protected."},
    {.name = "upstream-macs",
     .type = &ini_choice,
     .preset = "all",
     .choices = "all | bridge",
     CONFIG(upstream_macs_bridge),
     .help = "The MAC addresses that may leave upstream. With bridge only frames with the bridge MAC as "
             "source do, and all others from downstream are dropped (upstream_mac): set it where a provider "
             "blocks a port that shows another address. Hosts then reach upstream by IPv4 from a shared "
             "address only. Cannot be combined with source-mac = host."},
    {.name = "accel",
     .type = &ini_choice,
     .preset = "auto",
     .choices = "auto | tc | none",
     CONFIG(accel),
     .help = "Whether the kernel forwards established flows by itself, with BPF programs at tc ingress of "
             "both interfaces, or at the egress of a tap (the fast path). With auto it does where it can, "
             "and the log says why where it cannot; with tc pearpd does not start where it cannot. With "
             "none every frame passes through pearpd."},
};

#define ADDRESS(name) INI_FIELD(struct config_address, name)

static const struct ini_key address_keys[] = {
    {.name = "ports",
     .type = &conf_ports,
     .preset = "1024-65535",
     .help = "The ports that hosts may claim. Outside of them nothing is learned; a [range] may lie there."},
    {.name = "learn",
     .type = &conf_ways,
     .preset = "pe-arp, traffic",
     .none = "none",
     ADDRESS(learn),
     .line = offsetof(struct config_address, learn_line),
     .help = "How the bridge learns which host owns which ports: pe-arp: from the claims of agents; "
             "traffic: from the source ports of what hosts send; dhcp: from leases with ports (RFC 7618) "
             "that a server upstream gives. With none, only [range], [dhcp] serve and pearpctl add give "
             "ports to a host. Leave traffic out where hosts are not trusted. Where [dhcp] serves the "
             "address, the default is none and dhcp is an error."},
    {.name = "block",
     .type = &ini_number,
     .preset = "1000",
     .least = 1,
     .most = 65536,
     ADDRESS(block),
     .help = "With learn = traffic: how many ports one source port teaches. Blocks are counted from the "
             "first of ports. Set it to the size of the ranges that hosts have; where it is larger, a host "
             "gets ports of its neighbour."},
    {.name = "psid",
     .type = &conf_port_set,
     .preset = "",
     .none = "",
     ADDRESS(psid),
     .given = offsetof(struct config_address, has_psid),
     .help = "With learn = traffic: a source port teaches the port set of RFC 7597 section 5.1 that it "
             "lies in, by OFFSET and LENGTH in bits. It takes the place of block."},
    {.name = "default-host",
     .type = &ini_mac,
     .preset = "none",
     .none = "none",
     ADDRESS(default_host),
     .given = offsetof(struct config_address, has_default_host),
     .line = offsetof(struct config_address, default_host_line),
     .help = "The host that gets packets that no range and no flow gives to another one. With none they "
             "are dropped."},
    {.name = "gateway",
     .type = &ini_address,
     .preset = "",
     .none = "",
     ADDRESS(gateway),
     .line = offsetof(struct config_address, gateway_line),
     .help = "The router that HELLO announces to agents without a gateway of their own. The default is the "
             "router of [dhcp]; without one, it is what router-mac asks for the address as. It is never "
             "taken from another machine."},
    {.name = "echo",
     .type = &ini_choice,
     .preset = "reply",
     .choices = "reply | default-host | drop",
     ADDRESS(echo),
     .help = "What happens to a ping of the shared address from upstream: the bridge answers it, the "
             "default-host gets it, or it is dropped."},
};

static const struct ini_key range_keys[] = {
    {.name = "mac",
     .type = &conf_macs,
     INI_FIELD(struct config_range, mac),
     .line = offsetof(struct config_range, mac_line),
     .help = "The owner. It gets every packet at its first MAC address. What it sends from the others, as "
             "a host with several cards in a team or bond does, is taken as sent from the first, for all "
             "its ports."},
    {.name = "name",
     .type = &ini_text,
     .preset = "",
     .none = "",
     INI_FIELD(struct config_range, name),
     .help = "A name for people, which pearpctl shows."},
};

static const struct ini_key protocol_keys[] = {
    {.name = "mac",
     .type = &ini_mac,
     INI_FIELD(struct config_protocol, mac),
     .line = offsetof(struct config_protocol, mac_line),
     .help = "The owner."},
};

static const struct ini_key policy_keys[] = {
    {.name = "source-ports",
     .type = &ini_choice,
     .preset = "enforce",
     .choices = "enforce | log | off",
     CONFIG(source_ports),
     .help = "What happens to a packet whose source port another host owns. With enforce it is dropped and "
             "counted, with log it passes and is reported, with off it passes. Use log to see what enforce "
             "would drop; with off a host can answer in the name of another one."},
};

static const struct ini_key control_keys[] = {
    {.name = "socket",
     .type = &ini_path,
     .preset = "/run/pearpd/NAME.sock",
     CONFIG(socket),
     .help = "The control socket, where pearpctl finds the daemon. NAME is the name of this file without "
             ".conf. With another one the systemd unit needs its own ExecReload."},
    {.name = "metrics",
     .type = &conf_listen,
     .preset = "none",
     .none = "none",
     CONFIG(metrics),
     .help = "Where metrics for Prometheus (/metrics) and a status page (/) are served, over HTTP, to read "
             "only. There is no password: give an address of this machine alone, such as 127.0.0.1:9631, or "
             "a Unix socket, which its owner and group may use. See monitoring.md."},
};

static const struct ini_key state_keys[] = {
    {.name = "file",
     .type = &ini_path,
     .preset = "/var/lib/pearpd/NAME.state",
     .none = "none",
     CONFIG(state_file),
     .help = "The file that keeps bindings, leases and counters over a restart. NAME is the name of this "
             "file without .conf. The systemd unit makes the directory. If it is missing or cannot be "
             "written, a warning is logged and pearpd runs without the file. With none the table starts "
             "empty: hosts are asked again, and [dhcp] may not know the leases that it gave."},
    {.name = "period",
     .type = &ini_seconds,
     .preset = "1",
     .least = 1,
     .most = 3600,
     CONFIG(state_period_s),
     .help = "A change of bindings or leases is in the file after this time. A crash loses what is younger."},
    {.name = "counters",
     .type = &ini_seconds,
     .preset = "60",
     .least = 1,
     .most = 86400,
     CONFIG(state_counters_s),
     .help = "Counters are saved after this time where nothing else changed."},
};

static const struct ini_key history_keys[] = {
    {.name = "file",
     .type = &ini_path,
     .preset = "/var/lib/pearpd/NAME.history",
     .none = "none",
     CONFIG(history.file),
     .help = "The file that records which host owned which ports from when to when, for pearpctl whois and "
             "pearpctl history. Older files have a number behind this name. The default is beside the state "
             "file; where that is none, so is this one. With none nothing is recorded."},
    {.name = "days",
     .type = &ini_number,
     .preset = "30",
     .least = 1,
     .most = 3660,
     CONFIG(history.days),
     .help = "What ended longer ago is removed, up to a thirtieth of this time later."},
    {.name = "bytes",
     .type = &ini_number,
     .preset = "268435456",
     .least = 1048576,
     .most = 4294967295,
     CONFIG(history.bytes),
     .help = "Maximum size of all files of the history together. When it is reached, the oldest are removed "
             "early, which is logged. A change of an owner takes 64 bytes. At least 128 bytes for each of "
             "bindings in [limits] are needed."},
    {.name = "events",
     .type = &ini_path,
     .preset = "none",
     .none = "none",
     CONFIG(history.events),
     .help =
         "A file for a line of JSON for each event, as pearpctl monitor --json prints them. It needs file."},
    {.name = "event-bytes",
     .type = &ini_number,
     .preset = "16777216",
     .least = 65536,
     .most = 4294967295,
     CONFIG(history.event_bytes),
     .help = "Maximum size of the events' file and of the one before it together. At half of it the file is "
             "renamed to FILE.1, in place of the one before."},
};

static const struct ini_key dhcp_keys[] = {
    {.name = "serve",
     .type = &conf_served,
     .preset = "none",
     .none = "none",
     .choices = "all | addresses",
     .help = "The shared addresses whose port sets pearpd leases: all of them, or those in the list. Each "
             "needs a psid, here or in its [address]."},
    {.name = "psid",
     .type = &conf_port_set,
     .preset = "",
     .none = "",
     CONFIG(dhcp.psid),
     .given = offsetof(struct config, dhcp.has_psid),
     .help = "The port sets of served addresses that have no psid of their own."},
    {.name = "lease",
     .type = &ini_seconds,
     .preset = "3600",
     .least = 10,
     .most = 31536000,
     CONFIG(dhcp.lease_s),
     .help = "How long a lease lasts. A port set of a host that is gone is free again after this time."},
    {.name = "router",
     .type = &ini_address,
     .preset = "",
     .none = "",
     CONFIG(dhcp.router),
     .help = "The router that clients get, and that HELLO announces for an address without a gateway. It "
             "must be in the network of each served address."},
    {.name = "netmask",
     .type = &conf_netmask,
     .preset = "255.255.255.0",
     CONFIG(dhcp.netmask),
     .help = "The netmask that clients get."},
    {.name = "dns",
     .type = &conf_dns,
     .preset = "",
     .none = "",
     CONFIG(dhcp.dns),
     .help = "The DNS servers that clients get."},
    {.name = "mtu",
     .type = &ini_number,
     .preset = "",
     .none = "",
     .least = 576,
     .most = 65535,
     CONFIG(dhcp.mtu),
     .help = "The MTU that clients get."},
    {.name = "server-id",
     .type = &ini_address,
     .preset = "",
     .none = "",
     CONFIG(dhcp.server_id),
     .help = "The address that answers come from and that clients renew with. The default is that of "
             "router, so that what clients send to it passes the bridge."},
    {.name = "servers",
     .type = &conf_servers,
     .preset = "",
     .none = "",
     CONFIG(dhcp.servers),
     .help = "The DHCP servers upstream whose leases are learned with learn = dhcp, by their server "
             "identifier (option 54). Without it, those of every server that a host asked."},
};

#define LEASE(name) INI_FIELD(struct config_lease, name)

static const struct ini_key lease_keys[] = {
    {.name = "mac",
     .type = &ini_mac,
     .preset = "",
     .none = "",
     LEASE(mac),
     .given = offsetof(struct config_lease, has_mac),
     .line = offsetof(struct config_lease, mac_line),
     .help = "The client's hardware address. Either mac or client-id must be given."},
    {.name = "client-id",
     .type = &conf_client_id,
     .preset = "",
     .none = "",
     LEASE(client_id),
     .line = offsetof(struct config_lease, client_id_line),
     .help = "The client's identifier (option 61), with its type byte."},
    {.name = "name",
     .type = &ini_text,
     .preset = "",
     .none = "",
     LEASE(name),
     .help = "A name for people, which pearpctl shows."},
};

#define KEY(name) INI_FIELD(struct pe_arp_key, name)

static const struct ini_key key_keys[] = {
    {.name = "secret",
     .type = &key_secret_type,
     KEY(bytes),
     .is_secret = true,
     .help = "The secret, which no other key has: openssl rand -hex 32 makes one."},
    {.name = "role",
     .type = &key_role_type,
     .choices = KEY_ROLES,
     KEY(role),
     .help = "With bridge the bridge signs HELLO and REQUEST with it; every agent needs it. With host one "
             "host's agent signs with it; only that host and the bridge should have it."},
    {.name = "mac",
     .type = &key_macs_type,
     .preset = "",
     .none = "",
     KEY(macs),
     .line = offsetof(struct pe_arp_key, macs_line),
     .help = "With role = host: the MAC addresses that may use the key. Without it all may."},
    {.name = "range",
     .type = &key_ranges_type,
     .preset = "",
     .none = "",
     KEY(ranges),
     .line = offsetof(struct pe_arp_key, ranges_line),
     .help = "With role = host: the ports that may be claimed with the key. Without it all ports of the "
             "address may."},
};

static const struct ini_key ipfix_keys[] = {
    {.name = "collector",
     .type = &conf_collector,
     .preset = "none",
     .none = "none",
     CONFIG(ipfix.collector),
     .given = offsetof(struct config, ipfix.is_on),
     .help = "Where records are sent, over UDP. This machine needs a route to it that does not lead over "
             "the bridge."},
    {.name = "sample",
     .type = &ini_number,
     .preset = "1",
     .least = 1,
     .most = 1000000,
     CONFIG(ipfix.sample),
     .help = "One of this many packets is counted in records. Raise it where exporting every flow costs "
             "too much."},
    {.name = "active",
     .type = &ini_seconds,
     .preset = "60",
     .least = 1,
     .most = 3600,
     CONFIG(ipfix.active_s),
     .help = "A flow that continues is exported after this time."},
    {.name = "idle",
     .type = &ini_seconds,
     .preset = "15",
     .least = 1,
     .most = 3600,
     CONFIG(ipfix.idle_s),
     .help = "A flow without a packet for this time has ended and is exported."},
    {.name = "template",
     .type = &ini_seconds,
     .preset = "300",
     .least = 1,
     .most = 86400,
     CONFIG(ipfix.template_s),
     .help = "The templates are sent again after this time. A collector that starts later understands no "
             "record until then."},
    {.name = "domain",
     .type = &ini_number,
     .preset = "1",
     .least = 0,
     .most = 999999999,
     CONFIG(ipfix.domain),
     .help = "The observation domain id. Give each bridge that exports to one collector its own."},
};

/* Every bound, from its only place: config.h. */
#define TEXT_OF_(x) #x
#define TEXT_OF(x)  TEXT_OF_(x)
#define X(key, member, low, high, normal, text) \
    {.name = (key),                             \
     .type = &ini_number,                       \
     .preset = TEXT_OF(normal),                 \
     .least = (low),                            \
     .most = (high),                            \
     CONFIG(limits.member),                     \
     .help = (text)},
static const struct ini_key limit_keys[] = {LIMITS(X)};
#undef X

static const struct ini_section sections[] = {
    {.name = "bridge", .help = "The two interfaces of the bridge.", INI_KEYS(bridge_keys)},
    {.name = "address",
     .argument = "ADDRESS",
     .help = "A shared address. There is one section for each.",
     .begin = conf_begin_address,
     .end = conf_end_address,
     INI_KEYS(address_keys)},
    {.name = "range",
     .argument = "ADDRESS:FIRST-LAST",
     .help = "A permanent binding: these ports always belong to this host. It may lie outside of ports.",
     .begin = conf_begin_range,
     INI_KEYS(range_keys)},
    {.name = "protocol",
     .argument = "ADDRESS/NAME",
     .help = "The owner of a protocol that has no ports, such as gre or esp: by its name in protocols(5), "
             "or by its number.",
     .begin = conf_begin_protocol,
     INI_KEYS(protocol_keys)},
    {.name = "policy", .help = "What hosts may do.", INI_KEYS(policy_keys)},
    {.name = "keys",
     .help = "Keys of signed PE-ARP that all machines share, one line each: ID = 64 hexadecimal digits. ID "
             "is a number from 0 to 4294967295. With a key, PE-ARP that is not signed is dropped; the "
             "bridge signs with the lowest ID, unless it has a key of role bridge. Every agent needs the "
             "same keys, and each can sign as any other. To give every host its own, use [key].",
     .take = conf_take_secret},
    {.name = "key",
     .argument = "ID",
     .help = "A key of the bridge, or of one host. ID is a number from 0 to 4294967295 that no other key "
             "has. PE-ARP that is not signed, or is signed with a key whose role, mac or range does not "
             "allow it, is dropped (pe_arp_forged). The bridge signs with the lowest ID of role bridge.",
     .begin = conf_begin_key,
     INI_KEYS(key_keys)},
    {.name = "deny",
     .help = "Hosts that may own no ports, one line each: mac = MAC. Nothing is learned from their claims "
             "and traffic, and they get no lease. To deny a host while the bridge runs: pearpctl deny.",
     .take = conf_take_denied},
    {.name = "control", .help = "How the running bridge is controlled and watched.", INI_KEYS(control_keys)},
    {.name = "state", .help = "What survives a restart.", INI_KEYS(state_keys)},
    {.name = "history", .help = "The record of who owned which ports when.", INI_KEYS(history_keys)},
    {.name = "dhcp",
     .help = "Leases of port sets, for DHCP clients that ask for ports (option 159, RFC 7618). Other "
             "clients are left to the network's own server.",
     INI_KEYS(dhcp_keys)},
    {.name = "lease",
     .argument = "ADDRESS:FIRST-LAST",
     .help = "A port set that is kept for one client. FIRST and LAST are the lowest and the highest port of "
             "the set.",
     .begin = conf_begin_lease,
     INI_KEYS(lease_keys)},
    {.name = "ipfix",
     .help = "Flow records of each owner, exported to a collector (IPFIX, RFC 7011).",
     INI_KEYS(ipfix_keys)},
    {.name = "limits",
     .help = "Every bound of a table or a rate, and what happens when it is reached.",
     INI_KEYS(limit_keys)},
};

/* What later versions bring; it is refused here and nowhere else. */
static const struct ini_later later[] = {
    {"cluster", NULL, NULL},
};

const struct ini_schema conf_schema = {
    .sections = sections,
    .section_count = sizeof(sections) / sizeof(sections[0]),
    .later = later,
    .later_count = sizeof(later) / sizeof(later[0]),
    .bytes = FILE_BYTES,
    .check = conf_check,
};
