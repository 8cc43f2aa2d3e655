/* event_json.h: an event as a JSON object (docs/contract.md#table), for `pearpctl monitor` and the event log of [history].
 * Called by: control, history. */
#ifndef PEARPD_DAEMON_EVENT_JSON_H
#define PEARPD_DAEMON_EVENT_JSON_H

#include "pearpd/event.h"
#include "pearpd/json.h"

#include <stdint.h>

/* `now_ns` is engine time: the wall clock's time of the event is so much earlier than now. */
void event_json(struct json *j, const struct event *event, uint64_t now_ns);

#endif
