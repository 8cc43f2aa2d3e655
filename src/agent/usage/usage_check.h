/* usage_check.h: one check of the sockets of this host, and what is logged of it.
 * In: what is held, sock_diag(7), /proc. Out: the alarm's figures, log lines. Called by: agent. Never: changes a setting. */
#ifndef PEARPD_AGENT_USAGE_CHECK_H
#define PEARPD_AGENT_USAGE_CHECK_H

#include "usage_alarm.h"

/* 0, or -Exxx: the sockets could not be listed. */
int usage_check_sockets(struct usage_alarm *alarm, const char *interface, const struct range_list *held);

#endif
