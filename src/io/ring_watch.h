/* ring_watch.h: finds a receive ring that the kernel will never fill again.
 * Called by: packet_port.c. See docs/decisions/0019-no-frame-stops-a-ring.md. */
#ifndef PEARPD_RING_WATCH_H
#define PEARPD_RING_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct ring_watch {
    uint32_t head; /* as it was at the last look */
};

/* A look at the ring. `head`: how many slots were taken so far; `empty`: the next slot is the kernel's to fill;
 * `dropped`: frames that the kernel dropped at the ring since the last look. True: the kernel dropped frames though
 * every slot was free, and filled none. A ring that is only full has slots to take. */
bool ring_watch_look(struct ring_watch *watch, uint32_t head, bool empty, uint64_t dropped);

#endif
