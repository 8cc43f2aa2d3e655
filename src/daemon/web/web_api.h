/* web_api.h: /api/NAME: what `pearpctl NAME --json` prints. Called by: web. */
#ifndef PEARPD_DAEMON_WEB_API_H
#define PEARPD_DAEMON_WEB_API_H

#include "web_answer.h"

extern const struct web_route web_route_table;
extern const struct web_route web_route_stats;
extern const struct web_route web_route_status;

#endif
