/* connection.h: one request to the daemon and its answer, over the control socket. */
#ifndef PEARPD_CTL_CONNECTION_H
#define PEARPD_CTL_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Which socket: `path`, or of the subnet `name`, or (both NULL) the only one there is. 0, or -1 after one
 * line on stderr. */
int connection_find(const char *path, const char *name, char *found, size_t size);

/* Sends the line and reads the daemon's first one, for ten seconds at most; the body too, but where it has no end.
 * 0: *body is the stream at the body, which the caller closes. Else the exit status after one line on stderr: 1: no daemon,
 * or it refused; 2: it found an argument wrong. */
int connection_request(const char *path, const char *line, bool endless, FILE **body);

/* True where no daemon serves at `path`. */
bool connection_is_dead(const char *path);

/* As connection_request(), of an answer that comes with descriptors: up to `most`, which the caller closes. */
int connection_files(const char *path, const char *line, int *fds, unsigned most, unsigned *count, FILE **body);

/* Reads the rest. NULL after one line on stderr; the caller frees it. */
char *connection_body(FILE *stream, size_t *length);

#endif
