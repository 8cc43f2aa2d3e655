/* rx_frame.c: see rx_frame.h. */
#include "rx_frame.h"

bool rx_frame_parse(enum side from, struct frame *frame, struct rx_frame *rx)
{
    rx->from = from;
    rx->frame = frame;
    if (eth_parse(frame->bytes, frame->length, &rx->eth) != 0)
        return false;
    rx->payload = frame->bytes + rx->eth.payload;
    rx->payload_length = frame->length - rx->eth.payload;
    rx->tag = (struct eth_tag){rx->eth.tags != 0, rx->eth.outer_tci};
    return true;
}
