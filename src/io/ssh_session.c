/* ssh_session.c: see ssh_session.h. */
#include "pearpd/ssh_session.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MOST 8 /* interfaces on top of each other */

/* An address as sshd writes it: an IPv6 one may name its interface, and an IPv4 one may be mapped. */
static bool read_address(const char *text, struct sockaddr_storage *to)
{
    char plain[SSH_SESSION_TEXT_BYTES];
    snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(text, "%"), text);
    const char *v4 = strncasecmp(plain, "::ffff:", 7) == 0 && strchr(plain, '.') != NULL ? plain + 7 : plain;
    struct sockaddr_in *in = (struct sockaddr_in *)to;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
    memset(to, 0, sizeof(*to));
    if (inet_pton(AF_INET, v4, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(9); /* for connect(), which sends nothing */
        return true;
    }
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(9);
    const char *zone = strchr(text, '%');
    in6->sin6_scope_id = zone == NULL ? 0 : if_nametoindex(zone + 1);
    return inet_pton(AF_INET6, plain, &in6->sin6_addr) == 1;
}

int ssh_session_parse(const char *connection, struct ssh_session *session)
{
    unsigned ports[2];
    char rest;
    if (connection == NULL || sscanf(connection, "%63s %u %63s %u%c", session->client_text, &ports[0],
                                     session->server_text, &ports[1], &rest) != 4)
        return -ENOENT;
    session->server_port = (uint16_t)ports[1];
    return ports[1] <= UINT16_MAX && read_address(session->client_text, &session->client) &&
                   read_address(session->server_text, &session->server)
               ? 0
               : -ENOENT;
}

static bool same_address(const struct sockaddr *a, const struct sockaddr_storage *b)
{
    if (a == NULL || a->sa_family != b->ss_family)
        return false;
    if (a->sa_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)(const void *)b)->sin_addr.s_addr;
    return a->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

/* The interface that has the address; false: none has. */
static bool interface_of(const struct sockaddr_storage *address, char name[static IF_NAMESIZE])
{
    struct ifaddrs *all;
    bool found = false;
    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *a = all; a != NULL && !found; a = a->ifa_next) {
        found = same_address(a->ifa_addr, address);
        if (found)
            snprintf(name, IF_NAMESIZE, "%s", a->ifa_name);
    }
    freeifaddrs(all);
    return found;
}

/* The address that this machine would send from to `peer`: the route is the kernel's to find. */
static bool address_towards(const struct sockaddr_storage *peer, struct sockaddr_storage *own)
{
    socklen_t size = sizeof(*own);
    const int fd = socket(peer->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool found = fd >= 0 && connect(fd, (const struct sockaddr *)peer, sizeof(*peer)) == 0 &&
                       getsockname(fd, (struct sockaddr *)own, &size) == 0;
    if (fd >= 0)
        close(fd);
    return found;
}

/* True where `upper` is `lower`, or is on top of it. */
static bool is_on_top(const char *upper, const char *lower, unsigned depth)
{
    char path[64];
    const struct dirent *entry;
    bool found = strcmp(upper, lower) == 0;
    snprintf(path, sizeof(path), "/sys/class/net/%.15s", upper);
    DIR *directory = found || depth == 0 ? NULL : opendir(path);
    while (!found && directory != NULL && (entry = readdir(directory)) != NULL)
        found = strncmp(entry->d_name, "lower_", 6) == 0 && is_on_top(entry->d_name + 6, lower, depth - 1);
    if (directory != NULL)
        closedir(directory);
    return found;
}

bool ssh_session_uses(const struct ssh_session *session, const char *interface)
{
    char name[IF_NAMESIZE];
    struct sockaddr_storage own = {.ss_family = AF_UNSPEC};
    if (interface_of(&session->server, name) && is_on_top(name, interface, DEPTH_MOST))
        return true;
    return address_towards(&session->client, &own) && interface_of(&own, name) &&
           is_on_top(name, interface, DEPTH_MOST);
}

bool ssh_session_ipv4(const struct ssh_session *session, struct ipv4 *address)
{
    if (session->server.ss_family != AF_INET)
        return false;
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&session->server;
    address->host = ntohl(in->sin_addr.s_addr);
    return true;
}
