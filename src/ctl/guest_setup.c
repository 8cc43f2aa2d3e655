/* guest_setup.c: see guest_setup.h. */
#include "guest_setup.h"

#include <stdio.h>

#define WINDOWS_LEAST 255 /* ports that Windows takes for its own */

static const char *const titles[GUEST_SYSTEMS] = {"Linux, with pearp-agent",
                                                  "Linux without an agent: cloud-init", "Windows", "macOS"};
static const char *const names[GUEST_SYSTEMS] = {"linux", "cloud_init", "windows", "macos"};

const char *guest_system_title(enum guest_system system)
{
    return titles[system];
}

const char *guest_system_name(enum guest_system system)
{
    return names[system];
}

static int format_linux(const struct guest_ports *p, const char *gateway, char *text)
{
    if (*p->psid != '\0')
        return snprintf(text, GUEST_SETUP_BYTES,
                        "pearp-agent -i eth0 --dhcp holds the lease. At boot: write\n"
                        "  [agent]\n  interface = eth0\n  dhcp = auto\n"
                        "to /etc/pearpd/agent-eth0.conf and run systemctl enable --now pearp-agent@eth0.\n"
                        "pearp-agent status shows the ports.\n");
    return snprintf(text, GUEST_SETUP_BYTES,
                    "pearp-agent -i eth0 -a %s -p %u-%u -g %s\n"
                    "holds the ports while it runs. At boot: write\n"
                    "  [agent]\n  interface = eth0\n  address = %s\n  ports = %u-%u\n  gateway = %s\n"
                    "to /etc/pearpd/agent-eth0.conf and run systemctl enable --now pearp-agent@eth0.\n"
                    "pearp-agent status shows the ports.\n",
                    p->address, p->first, p->last, gateway, p->address, p->first, p->last, gateway);
}

/* bootcmd runs at every boot, and needs nothing of the guest but iproute2. */
static int format_cloud_init(const struct guest_ports *p, const char *gateway, char *text)
{
    return snprintf(text, GUEST_SETUP_BYTES,
                    "#cloud-config\n"
                    "bootcmd:\n"
                    "  - |\n"
                    "    dev=$(grep -l -i '^%s$' /sys/class/net/*/address | head -n 1 | cut -d/ -f5)\n"
                    "    sysctl -w net.ipv4.ip_local_port_range='%u %u' \"net.ipv4.conf.$dev.arp_ignore=1\"\n"
                    "    ip link set \"$dev\" up\n"
                    "    ip address replace %s/32 dev lo\n"
                    "    ip route replace %s dev \"$dev\" src %s\n"
                    "    ip route replace default via %s src %s\n",
                    p->mac, p->first, p->last, p->address, gateway, p->address, gateway, p->address);
}

static int format_windows(const struct guest_ports *p, const char *gateway, char *text)
{
    const unsigned count = p->last - p->first + 1U;
    return snprintf(
        text, GUEST_SETUP_BYTES,
        "In PowerShell, as administrator, Ethernet being the name of the card:\n"
        "  Set-NetIPInterface -InterfaceAlias Ethernet -AddressFamily IPv4 -Dhcp Disabled -DadTransmits 0\n"
        "  New-NetIPAddress -InterfaceAlias Ethernet -IPAddress %s -PrefixLength 32\n"
        "  New-NetRoute -InterfaceAlias Ethernet -DestinationPrefix %s/32 -NextHop 0.0.0.0\n"
        "  New-NetRoute -InterfaceAlias Ethernet -DestinationPrefix 0.0.0.0/0 -NextHop %s\n"
        "  netsh int ipv4 set dynamicport tcp start=%u num=%u\n"
        "  netsh int ipv4 set dynamicport udp start=%u num=%u\n%s",
        p->address, gateway, gateway, p->first, count, p->first, count,
        count < WINDOWS_LEAST || p->first < 1025
            ? "Windows refuses the last two: it takes 255 ports or more, from 1025 on.\n"
            : "");
}

static int format_macos(const struct guest_ports *p, const char *gateway, char *text)
{
    return snprintf(text, GUEST_SETUP_BYTES,
                    "In a terminal, Ethernet being the name of the network service:\n"
                    "  sudo networksetup -setmanual Ethernet %s 255.255.255.255 %s\n"
                    "  sudo sysctl net.inet.ip.portrange.first=%u net.inet.ip.portrange.last=%u\n"
                    "  sudo sysctl net.inet.ip.portrange.hifirst=%u net.inet.ip.portrange.hilast=%u\n"
                    "The last two have to be set at each boot.\n",
                    p->address, gateway, p->first, p->last, p->first, p->last);
}

bool guest_setup_format(enum guest_system system, const struct guest_ports *ports,
                        char text[static GUEST_SETUP_BYTES])
{
    const char *gateway = *ports->gateway != '\0' ? ports->gateway : "GATEWAY";
    text[0] = '\0';
    if (*ports->psid != '\0' && system != GUEST_LINUX)
        return false; /* such a set is held by DHCP with option 159 alone */
    switch (system) {
    case GUEST_LINUX:
        return format_linux(ports, gateway, text) > 0;
    case GUEST_CLOUD_INIT:
        return format_cloud_init(ports, gateway, text) > 0;
    case GUEST_WINDOWS:
        return format_windows(ports, gateway, text) > 0;
    case GUEST_MACOS:
        return format_macos(ports, gateway, text) > 0;
    case GUEST_SYSTEMS:
        break;
    }
    return false;
}
