/* pe_arp_replay.h: whether a PE-ARP message is from its sender, and new (docs/pe-arp.md#auth).
 * Called by: pe_arp_rules, the entry. */
#ifndef PEARPD_CORE_PE_ARP_REPLAY_H
#define PEARPD_CORE_PE_ARP_REPLAY_H

#include "pearpd/engine.h"
#include "pearpd/keyed_table.h"
#include "pearpd/pe_arp.h"

#include "rx_frame.h"

struct keyed_table *pe_arp_replay_new(const struct engine *e);

/* NULL where the message is from the frame's source and, with keys, authentic and no replay; else what is wrong,
 * for the log: a constant string. */
const char *pe_arp_replay_fault(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m);

#endif
