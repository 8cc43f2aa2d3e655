/* ipv4_rules.c: see ipv4_rules.h. */
#include "ipv4_rules.h"

#include "pearpd/ipv4_packet.h"

#include "bridge_rules.h"
#include "dhcp_rules.h"
#include "engine_state.h"
#include "forward.h"
#include "fragment_rules.h"
#include "out/verdict.h"
#include "packet.h"
#include "rx_frame.h"
#include "tables/range_macs.h"
#include "tables/shared_address.h"

#include <string.h>

static struct verdict rule(struct engine *e, struct rx_frame *rx, struct shared_packet *s)
{
    if (s->ip.broken)
        return verdict_dropped(DROP_RUNT);
    if (s->destination < 0 && !s->by_host)
        return bridge_forward(e, rx);
    if (ipv4_packet_is_fragment(&s->ip))
        return fragment_rule(e, rx, s);
    return packet_classify(e, rx, s) ? forward_packet(e, rx, s) : verdict_dropped(DROP_RUNT);
}

static struct verdict shared_rule(struct engine *e, struct rx_frame *rx, const struct ipv4_packet *ip,
                                  int source, int destination)
{
    struct shared_packet s;
    memset(&s, 0, offsetof(struct shared_packet, inner));
    s.ip = *ip;
    s.source = source;
    s.destination = destination;
    s.by_host = source >= 0 && rx->from == SIDE_DOWNSTREAM;
    if (s.by_host)
        rx->eth.source = range_macs_first(e, rx->eth.source);
    return rule(e, rx, &s);
}

bool ipv4_rule(struct engine *e, struct rx_frame *rx, struct verdict *verdict)
{
    struct ipv4_packet ip;
    if (ipv4_packet_parse(rx->payload, rx->payload_length, &ip) != 0)
        return false;
    if (dhcp_rule(e, rx, &ip, verdict))
        return true;
    const int source = shared_address_index(e, ip.source),
              destination = shared_address_index(e, ip.destination);
    if (source < 0 && destination < 0)
        return false;
    *verdict = shared_rule(e, rx, &ip, source, destination);
    return true;
}
