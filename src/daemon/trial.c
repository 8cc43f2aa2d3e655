/* trial.c: see trial.h. */
#include "trial.h"

#include "pearpd/frame.h"
#include "pearpd/log.h"
#include "pearpd/netlink.h"
#include "pearpd/netlink_link.h"
#include "pearpd/ssh_session.h"
#include "pearpd/try_run.h"

#include "accel.h"
#include "bridge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the guard puts back: everything else goes with the process. */
struct found {
    const char *file;
    const struct config *config;
    bool was_down[SIDES];
};

static const char *interface_of(const struct config *config, enum side side)
{
    return side == SIDE_UPSTREAM ? config->upstream : config->downstream;
}

static void find(struct found *found)
{
    struct link_info link;
    struct netlink *netlink = netlink_open();
    for (unsigned side = 0; netlink != NULL && side < SIDES; side++)
        found->was_down[side] =
            netlink_link(netlink, interface_of(found->config, (enum side)side), &link) == 0 && !link.enabled;
    netlink_close(netlink);
}

static void undo(void *context)
{
    const struct found *found = context;
    struct link_info link;
    (void)accel_remove(found->file, found->config);
    struct netlink *netlink = netlink_open();
    for (unsigned side = 0; netlink != NULL && side < SIDES; side++)
        if (found->was_down[side] &&
            netlink_link(netlink, interface_of(found->config, (enum side)side), &link) == 0 && link.enabled)
            (void)netlink_link_enable(netlink, link.index, false);
    netlink_close(netlink);
}

/* False: it would cut off who starts it, which is logged. */
static bool is_safe(const struct config *config)
{
    struct ssh_session session;
    if (ssh_session_parse(getenv("SSH_CONNECTION"), &session) != 0)
        return true;
    for (unsigned i = 0; i < SIDES; i++) {
        const char *interface = interface_of(config, (enum side)i);
        if (!ssh_session_uses(&session, interface))
            continue;
        log_error(
            "not started: your ssh session from %s to %s runs through %s, which is %s, and may be cut off. Use "
            "the console or an address on another interface, or --try 120 --yes, which undoes everything "
            "unless you can still confirm it; on a server with one address: pearp-node(8)",
            session.client_text, session.server_text, interface, side_name((enum side)i));
        return false;
    }
    return true;
}

int trial_run(const struct daemon_options *options, struct config *config)
{
    struct found found = {.file = options->file, .config = config};
    struct try_run *trial = NULL;
    if (!options->yes && !is_safe(config))
        return 1;
    if (options->try_s != 0) {
        find(&found);
        trial = try_run_begin(options->try_s, undo, &found);
        if (trial == NULL) {
            log_error("cannot begin the trial: %s", strerror(errno));
            return 1;
        }
    }
    const int status = bridge_run(options->file, config, trial);
    try_run_end(trial);
    return status;
}
