/* file_writer_child.h: the process that waits for the disk in place of the program (file_writer.h).
 * In: "begin", lines, "commit COUNT" on its channel; each line of the file begins with a dot there. Out: the file, whole
 * or not at all; "done ERRNO STEP". Called by: file_writer, in the child. Never: touches the caller's memory. */
#ifndef PEARPD_IO_FILE_WRITER_CHILD_H
#define PEARPD_IO_FILE_WRITER_CHILD_H

#include <sys/types.h>

#define FILE_WRITER_ANSWER_BYTES 128

/* Serves until `channel` is closed or `caller` has died. */
_Noreturn void file_writer_child(int channel, const char *path, pid_t caller);

/* What it was doing when it failed, as a verb: "write", "rename". */
const char *file_writer_step(unsigned step);

#endif
