/* control_argument.h: the kinds of arguments that commands of the control socket take.
 * In: a word of a line. Out: a field of the request. Called by: control_request, through the rows of control_rows.
 * Never: asks the engine. */
#ifndef PEARPD_DAEMON_CONTROL_ARGUMENT_H
#define PEARPD_DAEMON_CONTROL_ARGUMENT_H

#include <stdbool.h>

struct control_request;

/* One kind of argument: what a person would call it, and how it is read. */
struct control_argument {
    const char *what;
    bool (*take)(struct control_request *request, const char *word);
};
extern const struct control_argument control_argument_address; /* ADDRESS */
extern const struct control_argument control_argument_port;    /* ADDRESS:PORT */
extern const struct control_argument control_argument_range;   /* ADDRESS:FIRST-LAST or ADDRESS:PORT */
extern const struct control_argument control_argument_mac;     /* MAC */
extern const struct control_argument control_argument_owner;   /* MAC or ADDRESS:PORT */
extern const struct control_argument control_argument_month;   /* YEAR-MONTH */
extern const struct control_argument control_argument_count;   /* a number of ports */
extern const struct control_argument
    control_argument_filter; /* ADDRESS, ADDRESS:PORT, ADDRESS:FIRST-LAST, MAC or NAME */
extern const struct control_argument control_argument_force; /* --force */
extern const struct control_argument control_argument_ask;   /* --ask */

#endif
