/* values.h: the types of values that only the daemon's file has.
 * In: a value's text. Out: fields of struct config, faults. Called by: schema. */
#ifndef PEARPD_CONF_VALUES_H
#define PEARPD_CONF_VALUES_H

#include "pearpd/ini_schema.h"

extern const struct ini_type conf_upstream;  /* config.upstream and upstream_tap */
extern const struct ini_type conf_interface; /* char[]: an interface that is there already */
extern const struct ini_type conf_encap;     /* uint16_t: an EtherType */
extern const struct ini_type conf_macs;      /* mac, others and other_count of struct config_range */
extern const struct ini_type conf_ports;     /* ports_first and ports_last of struct config_address */
extern const struct ini_type conf_ways;      /* unsigned: LEARN_ bits */
extern const struct ini_type conf_port_set;  /* struct port_set_params */
extern const struct ini_type conf_served;    /* served and serves_all of struct conf_reading */
extern const struct ini_type conf_netmask;   /* struct ipv4 */
extern const struct ini_type conf_dns;       /* dhcp.dns and dhcp.dns_count */
extern const struct ini_type conf_servers;   /* dhcp.servers and dhcp.server_count */
extern const struct ini_type conf_client_id; /* client_id and client_id_length of struct config_lease */
extern const struct ini_type conf_listen;    /* struct listen_address */
extern const struct ini_type conf_collector; /* ipfix.collector and ipfix.port */

#endif
