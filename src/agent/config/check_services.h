/* check_services.h: zones and names of [service] sections, and that each port is in a range of the host.
 * In: struct agent_options, ranges complete. Out: the services' addresses, ports, zones and hosts; faults.
 * Called by: check. */
#ifndef PEARPD_AGENT_CHECK_SERVICES_H
#define PEARPD_AGENT_CHECK_SERVICES_H

#include "pearpd/ini_schema.h"

void agent_check_services(struct ini_file *file);

#endif
