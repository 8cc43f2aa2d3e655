/* report.h: what the engine counted and knows, as JSON (docs/contract.md#report).
 * In: an engine. Out: JSON through a writer. Called by: replay (whole), control (in pieces). */
#ifndef PEARPD_DAEMON_REPORT_H
#define PEARPD_DAEMON_REPORT_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/json.h"

/* Writes one table entry of a running bridge as an object: with `seen_s`, seconds since the owner's last frame, which
 * the report of a replay, compared to the byte, does not have. */
void report_live_entry(struct json *j, const struct config *config, const struct table_entry *entry);

/* Writes one host that did something that is counted for it as an object. */
void report_host(struct json *j, const struct host_entry *host);

/* Writes one service as an object. */
void report_service(struct json *j, const struct service_entry *entry);

/* Writes one lease of [dhcp] as an object. */
void report_lease(struct json *j, const struct lease_entry *lease);

/* Writes one denied host as an object. */
void report_denied(struct json *j, const struct denied_entry *entry);

/* Writes the members frames, consumed, drops, counters and dhcp into the open object. */
void report_counts(struct json *j, const struct engine *engine);

/* The whole of REPORT.json: one object, table included, and a newline. */
void report_write(struct json *j, const struct config *config, const struct engine *engine, uint64_t now_ns);

#endif
