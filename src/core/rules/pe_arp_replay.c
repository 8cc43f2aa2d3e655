/* pe_arp_replay.c: see pe_arp_replay.h.
 *
 * The last SEQ of each MAC with a valid AUTH ([limits] speakers; in a full table the least recently seen one is
 * evicted). Only messages signed with a key enter, so it cannot be filled from outside. */
#include "pe_arp_replay.h"

#include "engine_state.h"
#include "rx_frame.h"

struct speaker {
    struct mac mac;
    uint64_t number;
};

struct keyed_table *pe_arp_replay_new(const struct engine *e)
{
    return keyed_table_new(e->config.limits.speakers, sizeof(struct mac), sizeof(struct speaker),
                           e->seed.hash_key);
}

static bool has_number(enum pe_arp_type type)
{
    return type == PE_ARP_CLAIM || type == PE_ARP_RELEASE || type == PE_ARP_CONFLICT;
}

static bool number_grows(struct engine *e, const struct pe_arp *m)
{
    bool fresh;
    if (!m->seq.present)
        return false;
    struct speaker *speaker = keyed_table_put(e->pe_arp_replay, &m->sha, &fresh);
    if (!fresh && m->seq.number <= speaker->number)
        return false;
    speaker->number = m->seq.number;
    return true;
}

const char *pe_arp_replay_fault(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m)
{
    if (!mac_equal(m->sha, rx->eth.source))
        return "PE-ARP forged: it names another sender than the frame's source MAC";
    if (e->config.key_count == 0)
        return NULL;
    if (!m->auth.present)
        return "PE-ARP is not signed: give the host a key of [keys]";
    if (!pe_arp_is_authentic(rx->payload, rx->payload_length, m, e->config.keys, e->config.key_count))
        return "PE-ARP has a wrong signature: compare the host's key and its number with [keys]";
    if (has_number(m->type) && !number_grows(e, m))
        return "PE-ARP has an old sequence number: it is a replay, or the host's clock went back";
    return NULL;
}
