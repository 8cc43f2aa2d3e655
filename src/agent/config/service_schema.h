/* service_schema.h: [dns] and [service NAME] of the agent's file: rows of the table in schema.h.
 * In: values. Out: struct services_config, faults. Called by: schema, config. Never: reads a file. */
#ifndef PEARPD_AGENT_SERVICE_SCHEMA_H
#define PEARPD_AGENT_SERVICE_SCHEMA_H

#include "schema.h"

#define DNS_KEY_ROWS     7
#define SERVICE_KEY_ROWS 11

extern const struct key_row dns_key_rows[DNS_KEY_ROWS];
extern const struct key_row service_key_rows[SERVICE_KEY_ROWS];

bool begin_dns(struct reading *r, const char *argument);
bool begin_service(struct reading *r, const char *argument);

/* Its value is never repeated in a message. */
bool take_dns_secret(struct reading *r, const struct key_row *row, const char *value);

/* What only the whole file shows: zones and names, and that each port is held. */
void services_check(struct reading *r);

#endif
