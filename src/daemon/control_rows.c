/* control_rows.c: see control_rows.h. */
#include "control_rows.h"

#include "control_argument.h"
#include "control_commands.h"
#include "control_guest.h"
#include "control_history.h"
#include "control_listings.h"
#include "control_resolve.h"

#define ARGUMENT(name) &control_argument_##name

const struct control_row control_rows[] = {
    {.name = "table",
     .usage = "[ADDRESS | ADDRESS:PORT | ADDRESS:FIRST-LAST | MAC | NAME]",
     .arguments = {ARGUMENT(filter)},
     .has_counts = true,
     .next = listing_table_next},
    {.name = "services", .usage = "", .next = listing_services_next},
    {.name = "leases", .usage = "", .next = listing_leases_next},
    {.name = "denied", .usage = "", .next = listing_denied_next},
    {.name = "account",
     .usage = "[MAC | ADDRESS:PORT] [YEAR-MONTH]",
     .arguments = {ARGUMENT(owner), ARGUMENT(month)},
     .has_counts = true,
     .open = listing_account_open,
     .next = listing_account_next},
    {.name = "stats",
     .usage = "",
     .has_counts = true,
     .open = listing_stats_open,
     .next = listing_stats_next,
     .close = listing_stats_close},
    {.name = "add",
     .usage = "ADDRESS:FIRST-LAST MAC [--force]",
     .least = 2,
     .arguments = {ARGUMENT(range), ARGUMENT(mac), ARGUMENT(force)},
     .run = command_add},
    {.name = "delete",
     .usage = "ADDRESS:FIRST-LAST",
     .least = 1,
     .arguments = {ARGUMENT(range)},
     .run = command_delete},
    {.name = "deny", .usage = "MAC", .least = 1, .arguments = {ARGUMENT(mac)}, .run = command_deny},
    {.name = "allow", .usage = "MAC", .least = 1, .arguments = {ARGUMENT(mac)}, .run = command_allow},
    {.name = "flush", .usage = "[ADDRESS]", .arguments = {ARGUMENT(address)}, .run = command_flush},
    {.name = "resolve",
     .usage = "ADDRESS:PORT [--ask]",
     .least = 1,
     .arguments = {ARGUMENT(port), ARGUMENT(ask)},
     .has_counts = true,
     .run = resolve_begin},
    {.name = "guest",
     .usage = "[COUNT MAC [ADDRESS]]",
     .arguments = {ARGUMENT(count), ARGUMENT(mac), ARGUMENT(address)},
     .run = command_guest},
    {.name = "monitor", .usage = "", .run = command_monitor},
    {.name = "confirm", .usage = "", .run = command_confirm},
    {.name = "history-files", .usage = "", .run = history_begin},
    {.name = "reload", .usage = "", .run = command_reload},
    {.name = "version", .usage = "", .run = command_version},
};
const size_t control_row_count = sizeof(control_rows) / sizeof(control_rows[0]);
