/* accel_ports.c: see accel_ports.h. */
#include "accel_ports.h"

#include "pearpd/log.h"
#include "pearpd/netlink_punt.h"
#include "pearpd/packet_port.h"
#include "pearpd/tap_port.h"

#include <stdio.h>
#include <string.h>

int accel_ports_divert(const struct accel_ports *ports, enum side side, unsigned punt)
{
    if (ports->port[side].is_tap)
        return 0;
    const int programs[PACKET_PORT_SOCKETS] = {
        [PACKET_PORT_RING] = fast_loader_filter_fd(ports->loader, FAST_SOCKET_RING),
        [PACKET_PORT_ASIDE] = fast_loader_filter_fd(ports->loader, FAST_SOCKET_ASIDE),
    };
    return packet_port_divert(ports->sockets->ports[side], punt, programs);
}

/* 0, and the device; a tap has none. */
static int make_punt(const struct accel_ports *ports, enum side side, unsigned *punt)
{
    const struct accel_port *port = &ports->port[side];
    *punt = 0;
    return port->is_tap ? 0 : netlink_punt_make(ports->sockets->requests, port->ifindex, punt);
}

static int begin_punt(struct accel_ports *ports, enum side side, unsigned punt)
{
    struct accel_port *port = &ports->port[side];
    const int error = accel_ports_divert(ports, side, punt);
    if (error != 0)
        return error;
    ports->memory->config->punt[side] = port->punt = punt;
    ports->memory->config->ifindex[side] = port->ifindex; /* it may be the only one that is there */
    return 0;
}

/* The port receives by its own interface again, before the program is removed. */
static void end_punt(struct accel_ports *ports, enum side side)
{
    struct accel_port *port = &ports->port[side];
    const int error = port->is_tap ? 0 : packet_port_undivert(ports->sockets->ports[side]);
    if (error != 0)
        log_error("%s receives nothing, restart pearpd: %s", side_name(side), strerror(-error));
    ports->memory->config->punt[side] = port->punt = 0;
}

void accel_ports_detach(struct accel_ports *ports, enum side side)
{
    end_punt(ports, side);
    (void)fast_loader_detach(ports->loader, side);
    ports->port[side].attached = 0;
}

int accel_ports_attach(struct accel_ports *ports, enum side side, char *why, size_t capacity)
{
    struct accel_port *port = &ports->port[side];
    unsigned punt;
    if (port->ifindex == 0 ||
        port->ifindex == ports->port[side_other(side)].ifindex) /* while the two change places */
        return 1;
    if (port->attached == port->ifindex)
        return 0;
    port->attached = 0;
    int error = make_punt(ports, side, &punt);
    snprintf(why, capacity, "punt device: %s", strerror(-error));
    if (error == 0)
        error = fast_loader_attach(ports->loader, side, port->ifindex,
                                   port->is_tap ? FAST_AT_EGRESS : FAST_AT_INGRESS, why, capacity);
    if (error == 0) {
        error = begin_punt(ports, side, punt);
        snprintf(why, capacity, "packet sockets: %s", strerror(-error));
    }
    if (error != 0)
        accel_ports_detach(ports, side);
    else
        port->attached = port->ifindex;
    return error;
}

const char *accel_ports_missing(const struct accel_ports *ports, enum side side)
{
    const struct accel_port *port = &ports->port[side];
    if (!fast_loader_is_attached(ports->loader, side))
        return "program";
    if (!port->is_tap && !netlink_punt_is_up(ports->sockets->requests, port->ifindex, port->punt))
        return "punt device";
    return NULL;
}

struct fast_taken accel_ports_taken(const struct accel_ports *ports, enum side side)
{
    struct frame_port *port = ports->sockets->ports[side];
    return ports->port[side].is_tap ? tap_port_taken(port) : packet_port_taken(port);
}
