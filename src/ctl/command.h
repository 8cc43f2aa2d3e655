/* command.h: how pearpctl's commands print what the daemon answered. */
#ifndef PEARPD_CTL_COMMAND_H
#define PEARPD_CTL_COMMAND_H

#include "answer.h"

/* How the operator wants it. */
struct print_options {
    bool verbose;
    const char *sort; /* one of TABLE_SORTS, or NULL: by address and port */
};

/* The table in the form of arp(8), with ports (docs/contract.md#pearpctl). Verbose: name, state, origin, age and when the
 * owner was last seen, too. */
void print_table(const struct answer *table, const struct print_options *options);

/* True where the table can be sorted by it. */
bool table_sorts_by(const char *sort);
#define TABLE_SORTS "address, mac, name, state, age, seen or traffic"

/* ADDRESS:FIRST-LAST of an entry; of a published one the address alone. */
void print_address(const struct answer *entry, char *text, size_t size);

/* One service a line, in columns like the table's. */
void print_services(const struct answer *services, const struct print_options *options);

/* One line: "192.0.2.1:2000-2999 00:0c:29:9e:8c:ee reachable". */
void print_owner(const struct answer *entry, const struct print_options *options);

/* Every counter, a line each. */
void print_stats(const struct answer *stats, const struct print_options *options);

/* A line for each lease: ports, MAC, state, seconds left, client identifier, name. */
void print_leases(const struct answer *leases, const struct print_options *options);

/* A line for each denied host: its MAC, and whether the configuration or an operator denied it. */
void print_denied(const struct answer *hosts, const struct print_options *options);

/* "3 bindings removed". */
void print_removed(const struct answer *answer, const struct print_options *options);

/* The daemon's version. */
void print_version(const struct answer *answer, const struct print_options *options);

/* Nothing: done is done. */
void print_nothing(const struct answer *answer, const struct print_options *options);

/* Traffic by owner and month. */
void print_accounts(const struct answer *owners, const struct print_options *options);

/* One event as a line, its time first. */
void print_event(const struct answer *event, const struct print_options *options);

#endif
