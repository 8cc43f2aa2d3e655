/* web_page.h: /, the status page: one answer with everything in it (src/page). Called by: web. */
#ifndef PEARPD_DAEMON_WEB_PAGE_H
#define PEARPD_DAEMON_WEB_PAGE_H

#include "web_answer.h"

extern const struct web_route web_route_page;

#endif
