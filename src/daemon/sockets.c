/* sockets.c: see sockets.h. */
#include "sockets.h"

#include "pearpd/control_socket.h"
#include "pearpd/listen_socket.h"
#include "pearpd/log.h"
#include "pearpd/packet_port.h"
#include "pearpd/tap_port.h"

#include "control.h"
#include "web/web.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int failed(struct sockets *sockets, const char *what, int error)
{
    log_error("%s: %s", what, strerror(error));
    sockets_close(sockets);
    return -1;
}

/* The ports are alike; downstream is never a tap. */
static void warn_of_filter(const struct sockets *sockets)
{
    const int error = packet_port_filter_error(sockets->ports[SIDE_DOWNSTREAM]);
    if (error != 0)
        log_warning(
            "super-frames cannot be filtered (%s): one of UDP or SCTP can stop a receive ring for a moment; "
            "give pearpd CAP_BPF",
            strerror(-error));
}

static int open_metrics(const struct config *config, struct sockets *sockets)
{
    char text[LISTEN_TEXT_BYTES];
    if (config->metrics.kind == LISTEN_NONE)
        return 0;
    sockets->metrics_fd = listen_socket_open(&config->metrics, WEB_SOCKET_MODE);
    if (sockets->metrics_fd >= 0)
        return 0;
    listen_address_format(&config->metrics, text);
    log_error("[control] metrics = %s: %s", text, strerror(-sockets->metrics_fd));
    sockets_close(sockets);
    return -1;
}

int sockets_open(const struct config *config, struct sockets *sockets)
{
    *sockets = (struct sockets){.control_fd = -1, .metrics_fd = -1, .control_path = config->socket};
    for (unsigned side = 0; side < SIDES; side++) {
        const bool tap = side == SIDE_UPSTREAM && config->upstream_tap;
        sockets->ports[side] =
            tap ? tap_port_open(config->upstream) : packet_port_open(config->limits.ring_slots);
        if (sockets->ports[side] == NULL)
            return failed(sockets,
                          tap ? "cannot open /dev/net/tun, see edge-router.md"
                              : "cannot open a packet socket, which needs root",
                          errno);
    }
    warn_of_filter(sockets);
    sockets->requests = netlink_open();
    sockets->links = netlink_watch_links();
    if (sockets->requests == NULL || sockets->links == NULL)
        return failed(sockets, "cannot open a netlink socket", errno);
    sockets->control_fd = control_socket_open(config->socket, CONTROL_SOCKET_MODE);
    if (sockets->control_fd == -EADDRINUSE) {
        log_error("%s: another process answers there: is another pearpd running?", config->socket);
        sockets_close(sockets);
        return -1;
    }
    if (sockets->control_fd < 0)
        return failed(sockets, config->socket, -sockets->control_fd);
    return open_metrics(config, sockets);
}

void sockets_close(struct sockets *sockets)
{
    for (unsigned side = 0; side < SIDES; side++) {
        frame_port_close(sockets->ports[side]);
        sockets->ports[side] = NULL;
    }
    if (sockets->requests != NULL)
        netlink_close(sockets->requests);
    if (sockets->links != NULL)
        netlink_close(sockets->links);
    sockets->requests = sockets->links = NULL;
    if (sockets->metrics_fd >= 0)
        close(sockets->metrics_fd);
    sockets->metrics_fd = -1;
    if (sockets->control_fd < 0)
        return;
    close(sockets->control_fd);
    unlink(sockets->control_path);
    sockets->control_fd = -1;
}
