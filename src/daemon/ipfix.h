/* ipfix.h: the exporting process (RFC 7011): sends flow records to a collector over UDP.
 * In: records, as the engine exports them. Out: messages. Called by: bridge. Never: waits for the network.
 *
 * Records are collected into messages of up to 1,400 bytes, which are sent when they are full or at the next second.
 * What cannot be sent is lost and counted; the error is logged once until it changes. Templates go first, every [ipfix]
 * template seconds, after a reload, and after each loss, since the collector may have restarted. */
#ifndef PEARPD_DAEMON_IPFIX_H
#define PEARPD_DAEMON_IPFIX_H

#include "pearpd/config.h"
#include "pearpd/flow_record.h"
#include "pearpd/json.h"

#include "bridge_figures.h"

#include <stdint.h>

struct ipfix;

/* Out of memory is the one thing that fails: NULL. No collector configured is one that is never sent to. */
struct ipfix *ipfix_new(const struct config *config);
void ipfix_free(struct ipfix *ipfix);

/* Takes a new configuration, what has gathered having been sent by the old one. Counts go on. */
void ipfix_reload(struct ipfix *ipfix, const struct config *config);

/* The indexes of the two interfaces from now on, for the elements that name them; 0: unchanged. */
void ipfix_interfaces(struct ipfix *ipfix, unsigned upstream, unsigned downstream);

void ipfix_record(struct ipfix *ipfix, const struct flow_record *record);
/* Once a second and at the end: sends what has gathered. */
void ipfix_flush(struct ipfix *ipfix);

/* The same for the metrics, but for the flows. */
void ipfix_figures(const struct ipfix *ipfix, struct ipfix_figures *figures);
/* Writes the member "ipfix" of `pearpctl stats` into the open object; `flows` are counted now. */
void ipfix_report(const struct ipfix *ipfix, uint32_t flows, struct json *j);

#endif
