/* web_owners.h: the owners with the most traffic, for /metrics?owners=N.
 * In: the engine's accounts, walked in pieces. Out: the N with the most bytes, the most first. Called by: web_metrics. */
#ifndef PEARPD_DAEMON_WEB_OWNERS_H
#define PEARPD_DAEMON_WEB_OWNERS_H

#include "pearpd/engine.h"
#include "pearpd/prometheus_text.h"

#include <stdbool.h>
#include <stdint.h>

#define WEB_OWNERS_MOST 1000

struct web_owners;

/* Room for `most` owners. NULL: out of memory. */
struct web_owners *web_owners_new(uint32_t most);
void web_owners_free(struct web_owners *owners);

/* Looks at some more accounts. False: all were seen, and web_owners_write() may follow. */
bool web_owners_look(struct web_owners *owners, const struct engine *engine);
/* Writes some more families. False: that was all. */
bool web_owners_write(struct web_owners *owners, const struct engine *engine, struct prometheus_text *p);

#endif
