/* schema.c: see schema.h. */
#include "schema.h"

#include "config/check.h"
#include "config/options.h"
#include "config/sections.h"
#include "config/values.h"

#define FILE_BYTES      1048576
#define OPTION(member)  INI_FIELD(struct agent_options, member)
#define SERVICE(member) INI_FIELD(struct service_config, member)

static const struct ini_key agent_keys[] = {
    {.name = "interface",
     .type = &agent_interface,
     OPTION(interface),
     .help = "The interface on the bridge's downstream segment."},
    {.name = "address",
     .type = &agent_short_address,
     .preset = "",
     .none = "",
     .help = "The shared address, where the host has one range. It needs ports beside it; a [range] takes the "
             "place of "
             "both."},
    {.name = "ports",
     .type = &agent_ports,
     .preset = "",
     .none = "",
     .help = "The ports of address that this host owns."},
    {.name = "gateway",
     .type = &ini_address,
     .preset = "",
     .none = "",
     OPTION(gateway),
     .help =
         "The gateway. By default it is the gateway of the interface's default route, or, if there is none, "
         "the first one that the bridge announces."},
    {.name = "encap",
     .type = &agent_encap,
     .preset = "0x88b5",
     .choices = "0x88b5 | arp",
     OPTION(ethertype),
     .help = "The EtherType of PE-ARP. It must be the same as encap of the bridge, or the bridge ignores "
             "the agent."},
    {.name = "enforce",
     .type = &ini_choice,
     .preset = "nft",
     .choices = "nft | none",
     OPTION(enforce),
     .help =
         "What keeps programs of this host inside its ranges. With nft, nftables rules drop packets with a "
         "source port outside of them. With none only the bridge drops such packets, and this host does not "
         "notice."},
    {.name = "dhcp",
     .type = &ini_choice,
     .preset = "none",
     .choices = "none | auto | udhcpc | dhclient",
     OPTION(dhcp),
     .help = "The DHCP client that the agent runs, for hosts whose address and ports a server leases. With "
             "auto it is the "
             "one that is installed."},
    {.name = "cgroup",
     .type = &ini_path,
     .preset = "none",
     .none = "none",
     OPTION(cgroup),
     .help = "A cgroup (version 2). A program in it that binds a port outside of the ranges gets EPERM at "
             "once. Set it "
             "for servers, which would otherwise listen where no packet arrives."},
    {.name = "watch",
     .type = &ini_seconds,
     .preset = "10",
     .least = 1,
     .most = 3600,
     OPTION(watch_s),
     .help = "The time between two checks of the ports in use."},
    {.name = "warn",
     .type = &ini_number,
     .preset = "90",
     .least = 1,
     .most = 100,
     OPTION(warn_percent),
     .help = "A warning is logged when this many percent of a range are in use. At 100 percent, new "
             "connections fail."},
    {.name = "metrics",
     .type = &ini_path,
     .preset = "none",
     .none = "none",
     OPTION(metrics),
     .help = "A file for the textfile collector of node_exporter, written at each check. Its name must end in "
             ".prom, or "
             "the collector ignores it."},
};

static const struct ini_key dns_keys[] = {
    {.name = "server",
     .type = &agent_dns_server,
     .help = "The primary server of the zones. Updates are sent to it."},
    {.name = "zone",
     .type = &agent_default_zone,
     .preset = "",
     .none = "",
     .help = "The zone of services that name none."},
    {.name = "key",
     .type = &agent_domain_name,
     OPTION(services.key.name),
     .help = "The name of the TSIG key, as the server has it."},
    {.name = "algorithm",
     .type = &ini_choice,
     .preset = "hmac-sha256",
     .choices = "hmac-sha256",
     .help = "The algorithm of the key."},
    {.name = "secret",
     .type = &agent_dns_secret,
     .is_secret = true,
     .help = "The key, as tsig-keygen or keymgr -t writes it. Let only root read the file."},
    {.name = "ttl",
     .type = &ini_seconds,
     .preset = "60",
     .least = 1,
     .most = 86400,
     OPTION(services.ttl_s),
     .help = "How long resolvers may keep a record. Clients may try a withdrawn service for this long."},
    {.name = "refresh",
     .type = &ini_seconds,
     .preset = "600",
     .least = 10,
     .most = 86400,
     OPTION(services.refresh_s),
     .help = "The records are sent again after this time, so that a server that lost them gets them back."},
};

static const struct ini_key service_keys[] = {
    {.name = "port",
     .type = &agent_service_port,
     .field = 0,
     .help = "The port that the service listens on. Use +N where a lease brings the ranges."},
    {.name = "proto",
     .type = &agent_service_proto,
     .preset = "tcp",
     .choices = "tcp | udp",
     SERVICE(protocol),
     .help = "The protocol of the service."},
    {.name = "zone",
     .type = &agent_domain_name,
     .preset = "",
     .none = "",
     SERVICE(zone),
     .help = "The zone of the service's records. Without it that of [dns]."},
    {.name = "host",
     .type = &agent_domain_name,
     .preset = "",
     .none = "",
     SERVICE(host),
     .help = "The name that clients ask for, in the zone: the SRV record is _NAME._PROTO.HOST. Without it the "
             "zone's own "
             "name."},
    {.name = "target",
     .type = &agent_domain_name,
     SERVICE(target),
     .help = "The name that has the shared address. Clients are sent to it."},
    {.name = "address",
     .type = &ini_address,
     .preset = "",
     .none = "",
     SERVICE(address),
     .help = "The shared address of the service. It must be given where the host has the port of several "
             "addresses."},
    {.name = "priority",
     .type = &ini_number,
     .preset = "0",
     .least = 0,
     .most = 65535,
     SERVICE(priority),
     .help = "Clients try records with lower numbers first."},
    {.name = "weight",
     .type = &ini_number,
     .preset = "1",
     .least = 0,
     .most = 65535,
     SERVICE(weight),
     .help = "The share of clients that the service gets among records of one priority."},
    {.name = "svcb",
     .type = &ini_choice,
     .preset = "auto",
     .choices = "auto | none | https | svcb",
     SERVICE(svcb),
     .help = "A record beside SRV (RFC 9460): https is an HTTPS record of HOST, svcb an SVCB record of "
             "_NAME.HOST. With "
             "auto a service named https gets an HTTPS record, others get none."},
    {.name = "alpn",
     .type = &agent_alpn,
     .preset = "",
     .none = "",
     SERVICE(alpn),
     .help = "The protocols that HTTPS and SVCB records name, such as h2, http/1.1."},
    {.name = "publish-address",
     .type = &ini_choice,
     .preset = "no",
     .choices = "no | yes",
     SERVICE(publish_address),
     .help = "With yes the A record of target is published too. It is never withdrawn, since other hosts share "
             "it."},
};

#define KEY(name) INI_FIELD(struct pe_arp_key, name)

static const struct ini_key key_keys[] = {
    {.name = "secret",
     .type = &key_secret_type,
     KEY(bytes),
     .is_secret = true,
     .help = "The secret, as in the file of the bridge. Let only root read the file."},
    {.name = "role",
     .type = &key_role_type,
     .choices = KEY_ROLES,
     KEY(role),
     .help = "With host the agent signs with it. With bridge it checks HELLO and REQUEST with it."},
    {.name = "mac",
     .type = &key_macs_type,
     .preset = "",
     .none = "",
     KEY(macs),
     .line = offsetof(struct pe_arp_key, macs_line),
     .help = "As in the file of the bridge, which checks it; the agent does not."},
    {.name = "range",
     .type = &key_ranges_type,
     .preset = "",
     .none = "",
     KEY(ranges),
     .line = offsetof(struct pe_arp_key, ranges_line),
     .help = "As in the file of the bridge: a range of this file that is not in it is an error."},
};

static const struct ini_section sections[] = {
    {.name = "agent", .help = "The interface, and what the agent does on it.", INI_KEYS(agent_keys)},
    {.name = "range",
     .argument = "ADDRESS:PORTS",
     .help =
         "Another range, of this or another shared address. PORTS is FIRST-LAST, or a port set of RFC 7597 as "
         "psid/OFFSET/LENGTH/ID.",
     .begin = agent_begin_range},
    {.name = "keys",
     .help =
         "Keys of signed PE-ARP that all machines share, one line each: ID = 64 hexadecimal digits. They must "
         "be "
         "those of the "
         "bridge. With a key the agent signs "
         "what it sends, and ignores what is not signed. Without a [key] of role host it signs with the key "
         "that the bridge signs with.",
     .take = agent_take_secret},
    {.name = "key",
     .argument = "ID",
     .help = "A key of this host, or of the bridge, as the file of the bridge has it. An agent needs both: it "
             "signs what it sends with the lowest ID of role host, and ignores a HELLO or REQUEST that is not "
             "signed with a key of role bridge, or of [keys].",
     .begin = agent_begin_key,
     INI_KEYS(key_keys)},
    {.name = "dns",
     .help = "The server for the records of services, with signed updates (RFC 2136, RFC 8945).",
     INI_KEYS(dns_keys)},
    {.name = "service",
     .argument = "NAME",
     .help =
         "A service of this host. It is announced to the bridge, and published in the DNS where [dns] names a "
         "server. NAME is that of SRV records, such as http.",
     .begin = agent_begin_service,
     INI_KEYS(service_keys)},
};

const struct ini_schema agent_schema = {.sections = sections,
                                        .section_count = sizeof(sections) / sizeof(sections[0]),
                                        .bytes = FILE_BYTES,
                                        .check = agent_check};
