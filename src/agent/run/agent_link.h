/* agent_link.h: the interface of a running agent goes, comes, is made again, or gets another MAC address.
 * In: rtnetlink. Out: claims, settings. Called by: the loop. Never: looks at other interfaces. */
#ifndef PEARPD_AGENT_AGENT_LINK_H
#define PEARPD_AGENT_AGENT_LINK_H

#include "agent_state.h"

/* The interface has news. */
void agent_link_on_news(void *context);

#endif
