/* host_settings.h: the kernel settings of a host that shares an address (docs/pe-arp.md#host-requirements).
 * In: what is wished for, what is there. Out: a record of what differs (undo.h), applied and undone.
 * Called by: agent. Never: writes the record to disk: that is the caller's, before host_settings_apply(). */
#ifndef PEARPD_AGENT_HOST_SETTINGS_H
#define PEARPD_AGENT_HOST_SETTINGS_H

#include "pearpd/netlink.h"

#include "undo.h"

#define HOST_SETTINGS_TEXT_BYTES 256

struct host_wish {
    const char *interface;
    struct range_list held;
    bool enforce;        /* hold local programs to the ranges */
    struct ipv4 gateway; /* 0.0.0.0: that of the interface's present default route */
};

/* Reads what is there and adds to *undo what has to be changed for `wish`, with the earlier values.
 * *undo is zero, or what an earlier call filled in (a route may have gone with the link since).
 * *gateway: the one found; 0.0.0.0: none is known. What is kept though it differs is logged.
 * 0; -ENODEV: no such interface; -Exxx after one line in the log. */
int host_settings_plan(struct netlink *netlink, const struct host_wish *wish, struct undo *undo,
                       struct ipv4 *gateway);

/* Makes the changes of *undo; those made already are fine. 0, or -Exxx after one line in the log. */
int host_settings_apply(struct netlink *netlink, const struct undo *undo);

/* Which changes of *undo are not in effect any more, as a list for people; routes are checked only while the link is
 * up: they are removed with it. True: some, named in `text`. */
bool host_settings_missing(struct netlink *netlink, const struct undo *undo, bool link_up,
                           char text[static HOST_SETTINGS_TEXT_BYTES]);

/* Restores what *undo has, changed or not yet. What was removed with the interface is logged and is no
 * error. 0, or the first -Exxx, each after one line in the log. */
int host_settings_undo(struct netlink *netlink, const struct undo *undo);

/* Prints the commands that do the same as host_settings_apply(). */
void host_settings_print(const struct undo *undo);

#endif
