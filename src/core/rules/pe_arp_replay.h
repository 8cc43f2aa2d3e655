/* pe_arp_replay.h: whether a PE-ARP message is from its sender, within the rights of its key, and new
 * (docs/pe-arp.md#auth). In: messages, the clock. Out: what is wrong, for the log. Called by: pe_arp_rules, the entry.
 *
 * The last SEQ is kept for each {key, MAC}, so that no holder of a key can change what another key's owner may say. A key
 * with `mac` has one place for each of its MAC addresses, which nothing can evict. All other keys share [limits] speakers
 * in equal parts, so that none can evict the numbers of another; half of a part is for hosts that own ports, of which the
 * least recently seen is evicted, and half for the others, of which one at random is: who holds the key and uses many MAC
 * addresses evicts no owner's number. Only messages with a good AUTH enter.
 *
 * A number is taken if it is greater than the last one and at most [limits] seq-ahead ahead of the wall clock. A last
 * number that is itself further ahead, since the clock was set back, no longer counts. So nobody is mute for good. */
#ifndef PEARPD_CORE_PE_ARP_REPLAY_H
#define PEARPD_CORE_PE_ARP_REPLAY_H

#include "pearpd/engine.h"
#include "pearpd/pe_arp.h"

#include "rx_frame.h"

struct pe_arp_replay;

/* NULL: out of memory. */
struct pe_arp_replay *pe_arp_replay_new(const struct engine *e);
void pe_arp_replay_free(struct pe_arp_replay *replay);
/* Takes the numbers of keys that stay what they were. */
void pe_arp_replay_carry(struct engine *e, const struct engine *old);

/* NULL where the message is from the frame's source and, with keys, authentic, allowed with its key and no replay; else
 * what is wrong, for the log: a constant string. `ports` are those that it states; NULL: it states none. */
const char *pe_arp_replay_fault(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m,
                                const struct port_range *ports);

#endif
