/* dhcp_transactions.h: the requests of DHCP clients downstream that a server upstream may still answer.
 * In: requests on their way upstream. Out: whether an answer belongs to one. Called by: dhcp_rules, packet, the
 * entry. Never: reads options, drops.
 *
 * A transaction is {chaddr, xid} and lasts 60 s (docs/forwarding.md#dhcp-transactions). A client has one entry for
 * what it sent itself and one for what a relay sent for it, so that no relay can displace its own; each entry has
 * its last 4 transactions. [limits] dhcp-clients: half of them for hosts that own ports, of which the least recently
 * seen is evicted; half for all others, of which one at random is, so that a flood of new clients leaves a new
 * honest one its transaction for the time that a server needs. */
#ifndef PEARPD_CORE_DHCP_TRANSACTIONS_H
#define PEARPD_CORE_DHCP_TRANSACTIONS_H

#include "pearpd/addr.h"
#include "pearpd/dhcp.h"
#include "pearpd/engine.h"

#include "rx_frame.h"

#include <stdbool.h>
#include <stdint.h>

struct dhcp_transactions;

/* NULL: out of memory. */
struct dhcp_transactions *dhcp_transactions_new(const struct engine *e);
void dhcp_transactions_free(struct dhcp_transactions *transactions);
void dhcp_transactions_carry(struct engine *e, const struct engine *old);

/* A message to a server, of which the fields before the options could be read. Begins its transaction if it comes
 * from its client or via a relay, both downstream, and is on its way upstream. */
void dhcp_transaction_begin(struct engine *e, const struct rx_frame *rx, const struct dhcp *request);

/* True where the transaction is open. */
bool dhcp_transaction_is_open(struct engine *e, struct mac client, uint32_t xid);

#endif
