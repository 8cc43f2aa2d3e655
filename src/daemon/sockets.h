/* sockets.h: everything that pearpd needs rights for, opened in one place before anything else. */
#ifndef PEARPD_DAEMON_SOCKETS_H
#define PEARPD_DAEMON_SOCKETS_H

#include "pearpd/config.h"
#include "pearpd/frame_port.h"
#include "pearpd/netlink.h"

struct sockets {
    struct frame_port *ports[SIDES];
    struct netlink *requests; /* asks about links */
    struct netlink *links;    /* hears of them */
    int control_fd;           /* -1: none, or control has taken it */
    int metrics_fd;           /* -1: none, or web has taken it */
    const char *control_path; /* of the configuration that they were opened by */
};

/* Opens them all. 0, or -1 after a message in the log and with none left open. */
int sockets_open(const struct config *config, struct sockets *sockets);

/* Closes them all, and removes the control socket's file where control has not taken it. */
void sockets_close(struct sockets *sockets);

#endif
