/* values.h: the types of values that only the agent's file has.
 * In: a value's text. Out: fields of struct agent_options, faults. Called by: schema. */
#ifndef PEARPD_AGENT_VALUES_H
#define PEARPD_AGENT_VALUES_H

#include "pearpd/ini_schema.h"

extern const struct ini_type agent_interface;     /* char[] */
extern const struct ini_type agent_short_address; /* address of struct reading */
extern const struct ini_type agent_ports;         /* first and last of struct reading */
extern const struct ini_type agent_encap;         /* uint16_t: an EtherType */
extern const struct ini_type agent_domain_name;   /* struct dns_name */
extern const struct ini_type agent_default_zone;  /* default_zone of struct reading */
extern const struct ini_type agent_dns_server;    /* services.server and services.server_port */
extern const struct ini_type agent_dns_secret;    /* services.key */
extern const struct ini_type agent_service_port;  /* port, or behind and is_behind, of struct service_config */
extern const struct ini_type agent_service_proto; /* uint8_t: an IP protocol */
extern const struct ini_type agent_alpn;          /* char[] */

#endif
