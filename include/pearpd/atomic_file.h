/* atomic_file.h: small files that are replaced as a whole: whoever reads one sees the old or the new text.
 * In: a text. Out: the file NAME, by way of NAME.new beside it. Called by: agent. Never: keeps one open.
 * `directory` is a descriptor that `name` is relative to, or AT_FDCWD. */
#ifndef PEARPD_ATOMIC_FILE_H
#define PEARPD_ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ATOMIC_FILE_NEW ".new" /* what a kill in the middle leaves ends in this */

/* Writes the file with these permissions, whatever the umask. `is_durable`: it is on disk at the return, which needs a
 * descriptor as `directory`. A link at NAME.new is not followed. 0, or -Exxx: the earlier file stays. */
int atomic_file_write(int directory, const char *name, const char *text, size_t length, mode_t mode,
                      bool is_durable);

/* Removes the file, and what a kill in the middle left. 0, also where it is not there; -Exxx. */
int atomic_file_remove(int directory, const char *name);

#endif
