/* agent_info.h: what one agent of this host holds, or left when it was killed, as its files say; for `status`.
 * In: the undo record, the state, the lease below /run/pearp-agent. Out: plain data. Called by: status, status_*.
 * Never: prints, changes a file. */
#ifndef PEARPD_AGENT_AGENT_INFO_H
#define PEARPD_AGENT_AGENT_INFO_H

#include "pearpd/addr.h"

#include "dhcp/lease.h"
#include "dns/service.h"
#include "host/undo.h"
#include "usage/usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A service on a port that is held. */
struct served {
    char name[SERVICE_NAME_BYTES], protocol[4], address[IPV4_TEXT_BYTES];
    char dns[10]; /* service_dns_word() */
    uint16_t port;
    bool heard;
};

struct agent_info {
    struct undo undo;
    pid_t holder; /* 0: killed, its settings are in effect */
    bool applied; /* all that the record lists is set */
    bool link_up;
    bool heard[RANGES_MAX], displaced[RANGES_MAX]; /* by range */
    char bridge[MAC_TEXT_BYTES], gateway[IPV4_TEXT_BYTES];
    struct served services[SERVICES_MAX];
    size_t service_count;
    struct lease lease; /* bound: of one of the ranges */
    struct usage usage;
};

/* Reads what is held on an interface; usage is empty and begun. 0: *agent is the caller's, for agent_info_free(), or NULL:
 * it is held in another network namespace, not `cookie`'s. -Exxx: it cannot be read. */
int agent_info_read(int directory, const char *interface, uint64_t cookie, uint64_t now_s,
                    struct agent_info **agent);
void agent_info_free(struct agent_info *agent);

/* Whether an agent runs there, in `cookie`'s network namespace, whose DHCP client has no lease. */
bool agent_info_is_waiting(int directory, const char *interface, uint64_t cookie);

/* Of the range at this place: "held"; "displaced": another host is the owner now; "setting": not all is set yet; "left": by
 * a killed agent. */
const char *agent_info_state(const struct agent_info *agent, size_t index);

/* Whether the range at this place is one that a DHCP server leased. */
bool agent_info_is_leased(const struct agent_info *agent, size_t index);

#endif
