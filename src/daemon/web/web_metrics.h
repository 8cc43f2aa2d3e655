/* web_metrics.h: /metrics, in the Prometheus text format (docs/monitoring.md). Called by: web. */
#ifndef PEARPD_DAEMON_WEB_METRICS_H
#define PEARPD_DAEMON_WEB_METRICS_H

#include "web_answer.h"

extern const struct web_route web_route_metrics;

#endif
