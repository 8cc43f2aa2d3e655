/* key_section.h: what a [key ID] section says in the files of both programs: the role of a key, and what a host's key is
 * good for. In: values of its rows, MAC addresses, ports. Out: plain data, yes or no. Called by: wire, conf, agent, core.
 * Never: signs. */
#ifndef PEARPD_KEY_SECTION_H
#define PEARPD_KEY_SECTION_H

#include "pearpd/addr.h"
#include "pearpd/ini_schema.h"
#include "pearpd/port_range.h"

#include <stdbool.h>
#include <stdint.h>

/* Who signs with a key. A key of [keys] is the group's: bridges and hosts alike. */
enum key_role { KEY_GROUP, KEY_BRIDGE, KEY_HOST };

#define KEY_MACS_MAX   4
#define KEY_RANGES_MAX 6

/* What a host's key is good for: count 0 is every MAC address, and every port that may be claimed. */
struct key_macs {
    uint8_t count;
    struct mac mac[KEY_MACS_MAX];
};
struct key_ranges {
    uint8_t count;
    struct port_range range[KEY_RANGES_MAX];
};

/* The place of `mac` in the list, or -1. */
int key_macs_index(const struct key_macs *macs, struct mac mac);

/* True where every port of `ports` is in one of the ranges, or there are none. */
bool key_ranges_have(const struct key_ranges *ranges, const struct port_range *ports);

/* Notes a fault where a key of the bridge has mac or range; their lines, 0 where they are not given. */
void key_role_check(struct ini_file *file, enum key_role role, unsigned macs_line, unsigned ranges_line);

/* Types of the rows. */
extern const struct ini_type key_secret_type; /* uint8_t[HMAC_KEY_BYTES] */
extern const struct ini_type key_role_type;   /* enum key_role, of choices KEY_ROLES */
extern const struct ini_type key_macs_type;   /* struct key_macs */
extern const struct ini_type key_ranges_type; /* struct key_ranges */
#define KEY_ROLES "bridge | host"

#endif
