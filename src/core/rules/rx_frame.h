/* rx_frame.h: a received frame with its Ethernet header read, on its way through the rules. */
#ifndef PEARPD_CORE_RX_FRAME_H
#define PEARPD_CORE_RX_FRAME_H

#include "pearpd/eth.h"
#include "pearpd/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rx_frame {
    enum side from;
    struct frame *frame;
    struct eth eth;
    const uint8_t *payload; /* behind the EtherType */
    size_t payload_length;
    struct eth_tag tag; /* the frame's own, for answers to it */
};

/* Reads a frame's Ethernet header. False: it has none. */
bool rx_frame_parse(enum side from, struct frame *frame, struct rx_frame *rx);

#endif
