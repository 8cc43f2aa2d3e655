/* dhcp_keys.h: what [dhcp] and [lease] take, and what must be true of them together.
 * Called by: the other files of src/conf. */
#ifndef PEARPD_CONF_DHCP_KEYS_H
#define PEARPD_CONF_DHCP_KEYS_H

#include "schema.h"

bool take_serve(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_dhcp_psid(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_router(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_netmask(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_dns(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_mtu(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_server_id(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_lease_mac(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_lease_client_id(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_lease_name(struct conf_reader *r, const struct key_row *row, const char *value);

/* A [lease] begins. SECTION_NONE: no memory. */
enum conf_section conf_begin_lease(struct conf_reader *r, const char *argument);

/* What can only be said of the file as a whole. Ranges and addresses are sorted. */
void conf_check_dhcp(struct conf_reader *r);

#endif
