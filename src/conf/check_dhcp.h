/* check_dhcp.h: what must be true of [dhcp] and [lease] together, and of the addresses that they name.
 * In: struct config, addresses and ranges sorted. Out: which addresses are served, and with which port sets; faults.
 * Called by: check. */
#ifndef PEARPD_CONF_CHECK_DHCP_H
#define PEARPD_CONF_CHECK_DHCP_H

#include "pearpd/ini_schema.h"

void conf_check_dhcp(struct ini_file *file);

#endif
