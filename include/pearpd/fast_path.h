/* fast_path.h: what the engine tells a fast path that forwards in its place, and what it asks back.
 * In: bindings whose frames need nothing but to be forwarded, MAC addresses with their side. Out: what was forwarded.
 * Called by: core. Filled by: daemon; the tests.
 *
 * The engine stays in charge: what ends is removed before its event is emitted, and what was forwarded elsewhere is
 * counted as if it had passed here. Times are engine time. */
#ifndef PEARPD_FAST_PATH_H
#define PEARPD_FAST_PATH_H

#include "pearpd/addr.h"
#include "pearpd/port_range.h"

#include <stdbool.h>
#include <stdint.h>

/* What was forwarded for one binding since it was asked last. */
struct fast_growth {
    uint64_t to_owner_frames, to_owner_bytes; /* bytes from Ethernet header to the end, as the engine counts */
    uint64_t from_owner_frames, from_owner_bytes;
    uint64_t from_owner_ns; /* when the owner's last frame was; 0: none is known */
    bool has_ports;         /* the owner sent from ports low..high around then */
    uint16_t low, high;
};

/* What is still counted for bindings that ended, by owner; and what was bridged. */
struct fast_rest {
    struct mac owner;
    struct fast_growth growth;
};

struct fast_path {
    void *context;
    /* From now on frames from and to `ports` of `owner` may be forwarded. Returns the slot to name it by; 0: there is no
     * room, and nothing is forwarded for it. */
    uint32_t (*put)(void *context, const struct port_range *ports, struct mac owner);
    /* No more from this moment. The slot is void; what it still counted comes by `rest`. */
    void (*remove)(void *context, uint32_t slot);
    /* The growth since the last call. */
    void (*take)(void *context, uint32_t slot, struct fast_growth *growth);
    /* True and the next of what bindings that ended still counted. */
    bool (*rest)(void *context, struct fast_rest *rest);
    /* Frames that were bridged since the last call, by the side that they came in by. */
    void (*bridged)(void *context, uint64_t frames[SIDES]);
    /* `mac` was seen on `side`, in the subnet's VLAN, at `now_ns`. */
    void (*mac_put)(void *context, struct mac mac, enum side side, uint64_t now_ns);
    void (*mac_remove)(void *context, struct mac mac);
    /* When it was seen last; 0: it is not known. */
    uint64_t (*mac_seen)(void *context, struct mac mac);
    /* Everything, as before a reload. What was counted comes by `rest`. */
    void (*clear)(void *context);
};

#endif
