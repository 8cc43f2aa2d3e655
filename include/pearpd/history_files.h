/* history_files.h: the files of one ownership history: FILE is being written, FILE.000016 is the one before it.
 * In: the path FILE. Out: descriptors, heads. Called by: daemon, ctl, the writer. Never: writes. */
#ifndef PEARPD_HISTORY_FILES_H
#define PEARPD_HISTORY_FILES_H

#include "pearpd/history_record.h"

#include <stddef.h>
#include <stdint.h>

#define HISTORY_FILES_MOST 200 /* as one message can pass descriptors: SCM_MAX_FD is 253 */
#define HISTORY_PATH_BYTES 256

/* The name of an older file. Returns `text`. */
#define HISTORY_FILE_BYTES (HISTORY_PATH_BYTES + 16)
const char *history_file_name(const char *path, uint32_t number, char text[static HISTORY_FILE_BYTES]);

/* Reads the head at the start of `fd`, whose offset stays. 0, or as history_head_read(); -Exxx: it cannot be read. */
int history_file_head(int fd, struct history_head *head);

/* Opens the files for reading, the newest first: FILE, then its predecessors as far as there is no gap. Where FILE is
 * missing, as after a crash between two steps, the one with the highest number is the newest. Their number, which the
 * caller closes; -ENOENT: there is none; -Exxx. */
int history_files_open(const char *path, int fds[static HISTORY_FILES_MOST]);

#endif
