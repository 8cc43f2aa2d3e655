/* ipv4_rules.c: IPv4 to and from shared addresses (docs/forwarding.md#ipv4-to-shared).
 * In: IPv4, untagged or in the configured VLAN. Out: a verdict. A packet is judged once (packet.c), then goes its way
 * (forward.c). Called by: engine. */
#include "internal.h"

#include <string.h>

static struct verdict rule(struct engine *e, struct passage *p, struct shared_packet *s)
{
    if (s->ip.broken)
        return verdict_dropped(DROP_RUNT);
    if (s->destination < 0 && !s->by_host)
        return bridge(e, p);
    if (ipv4_packet_is_fragment(&s->ip))
        return fragment_rule(e, p, s);
    return packet_judge(e, p, s) ? packet_pass(e, p, s) : verdict_dropped(DROP_RUNT);
}

bool ipv4_rule(struct engine *e, struct passage *p, struct verdict *verdict)
{
    struct shared_packet s;
    memset(&s, 0, offsetof(struct shared_packet, quote));
    if (ipv4_packet_parse(p->payload, p->payload_length, &s.ip) != 0)
        return false;
    if (e->looks_at_dhcp && dhcp_rule(e, p, &s.ip, verdict))
        return true;
    s.source = shared_index(e, s.ip.source);
    s.destination = shared_index(e, s.ip.destination);
    if (s.source < 0 && s.destination < 0)
        return false;
    s.by_host = s.source >= 0 && p->from == SIDE_DOWNSTREAM;
    *verdict = rule(e, p, &s);
    return true;
}
