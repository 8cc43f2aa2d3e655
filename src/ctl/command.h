/* command.h: how pearpctl's commands print what the daemon answered. */
#ifndef PEARPD_CTL_COMMAND_H
#define PEARPD_CTL_COMMAND_H

#include "answer.h"

/* The table in the form of arp(8), with ports (docs/contract.md#table). */
void print_table(const struct answer *table);

/* One service a line, in columns like the table's. */
void print_services(const struct answer *services);

/* One line: "192.0.2.1:2000-2999 00:0c:29:9e:8c:ee reachable". */
void print_owner(const struct answer *entry);

/* Every counter, a line each. */
void print_stats(const struct answer *stats);

/* A line for each lease: ports, MAC, state, seconds left, client identifier, name. */
void print_leases(const struct answer *leases);

/* "3 bindings removed". */
void print_removed(const struct answer *answer);

/* The daemon's version. */
void print_version(const struct answer *answer);

/* Nothing: done is done. */
void print_nothing(const struct answer *answer);

/* Traffic by owner and month. */
void print_accounts(const struct answer *owners);

/* One event as a line. */
void print_event(const struct answer *event);

#endif
