/* agent_control.h: the running agent's socket, by which it is asked for something.
 * In: one line from a client. Out: one line back. Called by: agent (serves), resize (asks). Never: knows what is asked.
 * The socket lies beside the agent's other files, for root alone. */
#ifndef PEARPD_AGENT_AGENT_CONTROL_H
#define PEARPD_AGENT_AGENT_CONTROL_H

#include "pearpd/loop.h"

#include <stddef.h>

#define AGENT_CONTROL_LINE_BYTES 256
#define AGENT_CONTROL_CLIENTS    4

struct agent_control;
struct agent_client;

struct agent_control_calls {
    /* A client asks; `line` is borrowed. What it gets is agent_control_answer(), now or later. */
    void (*asked)(struct agent_client *client, const char *line, void *context);
    /* A client that was not answered yet is gone. */
    void (*gone)(const struct agent_client *client, void *context);
    void *context;
};

/* Serves at "INTERFACE.sock" in `directory`. NULL and errno. */
struct agent_control *agent_control_open(struct loop *loop, int directory, const char *interface,
                                         const struct agent_control_calls *calls);

/* Ends all clients and removes the socket; NULL is fine. */
void agent_control_close(struct agent_control *control);

/* Sends the line, its newline added, and closes; the client is not to be used any more. */
void agent_control_answer(struct agent_client *client, const char *line);

/* The client's side: sends `line` and waits for the answer, at most `seconds`. 0; -ENOENT, -ECONNREFUSED: no agent
 * runs there; -ETIMEDOUT; -EPIPE: it ended without an answer; -Exxx. */
int agent_control_ask(int directory, const char *interface, const char *line, unsigned seconds,
                      char answer[static AGENT_CONTROL_LINE_BYTES]);

#endif
