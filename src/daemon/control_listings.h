/* control_listings.h: what pearpctl can list; each is a row of control_rows.c.
 * In: the engine, walked as the client reads. Out: JSON. Called by: control, through its rows. */
#ifndef PEARPD_DAEMON_CONTROL_LISTINGS_H
#define PEARPD_DAEMON_CONTROL_LISTINGS_H

#include <stdbool.h>

struct control_asker;

/* Each reports one entry. False: there are no more. */
bool listing_table_next(struct control_asker *asker); /* one that the filter leaves out is none, and true */
bool listing_services_next(struct control_asker *asker);
bool listing_leases_next(struct control_asker *asker);
bool listing_denied_next(struct control_asker *asker);

/* -1: nobody owns the port, or nothing was counted; answered with an error. */
int listing_account_open(struct control_asker *asker);
bool listing_account_next(struct control_asker *asker);

/* An object: counters, the hosts, the table. */
int listing_stats_open(struct control_asker *asker);
bool listing_stats_next(struct control_asker *asker);
void listing_stats_close(struct control_asker *asker);

#endif
