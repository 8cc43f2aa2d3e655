/* guest_setup.h: how a guest is set up for its ports, for whoever administers it.
 * In: address, ports, gateway. Out: text. Called by: guest. */
#ifndef PEARPD_CTL_GUEST_SETUP_H
#define PEARPD_CTL_GUEST_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#define GUEST_SETUP_BYTES 2048

struct guest_ports {
    const char *address, *gateway; /* gateway "": not known */
    const char *mac, *psid;        /* psid "": a range, else OFFSET/LENGTH/ID of a set that is leased by DHCP */
    uint16_t first, last;
};

enum guest_system { GUEST_LINUX, GUEST_CLOUD_INIT, GUEST_WINDOWS, GUEST_MACOS, GUEST_SYSTEMS };

/* "Linux", and as a member of JSON "linux". */
const char *guest_system_title(enum guest_system system);
const char *guest_system_name(enum guest_system system);

/* The set-up of one system. False: there is none for such ports. */
bool guest_setup_format(enum guest_system system, const struct guest_ports *ports,
                        char text[static GUEST_SETUP_BYTES]);

#endif
