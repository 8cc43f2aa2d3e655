/* rx_frame.c: see rx_frame.h. */
#include "rx_frame.h"

bool rx_frame_parse(enum side from, struct frame *frame, struct rx_frame *p)
{
    *p = (struct rx_frame){.from = from, .frame = frame};
    if (eth_parse(frame->bytes, frame->length, &p->eth) != 0)
        return false;
    p->payload = frame->bytes + p->eth.payload;
    p->payload_length = frame->length - p->eth.payload;
    p->tag = (struct eth_tag){p->eth.tags != 0, p->eth.outer_tci};
    return true;
}
