/* control_client.h: the other end of a control socket: one request, one answer.
 * In: a path, a line. Out: the answer as a stream. Called by: ctl, agent. Never: prints. */
#ifndef PEARPD_CONTROL_CLIENT_H
#define PEARPD_CONTROL_CLIENT_H

#include <stddef.h>
#include <stdio.h>

/* Connects to `path` and sends `line`, whose newline is added; connecting, sending and each read of the answer wait for
 * `seconds` at most. The answer's stream, which the caller closes; NULL and errno: ENOENT, ECONNREFUSED: no program
 * serves there; EAGAIN: it does not answer. */
FILE *control_client_ask(const char *path, const char *line, unsigned seconds);

/* Takes the descriptors that come with the first bytes, where these are `text`, which is taken, too; before anything else is
 * read. Their number, up to `most`, which the caller closes; -ENOMSG: the answer begins with something else, and nothing is taken;
 * -Exxx. */
int control_client_take(FILE *answer, const char *text, int *fds, unsigned most);

/* From now on a read of the answer waits as long as it takes. */
void control_client_wait(FILE *answer);

/* Reads one line of the answer without its newline, cut to `size`. 0; -EPIPE: it ended without one; -ETIMEDOUT; -Exxx. */
int control_client_line(FILE *answer, char *line, size_t size);

#endif
