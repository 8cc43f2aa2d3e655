/* writer_child.h: how a process begins that waits for the disk in place of the program.
 * Called by: file_writer_child and history_process_child, in the child. */
#ifndef PEARPD_IO_WRITER_CHILD_H
#define PEARPD_IO_WRITER_CHILD_H

#define WRITER_CHILD_CHANNEL 3 /* its only descriptor beside the standard ones, which are /dev/null */

/* `name`: of the process, 15 octets at most. `channel` becomes WRITER_CHILD_CHANNEL, and every other descriptor is closed. It
 * ignores signals that were meant for the program as a whole, and has a lower priority. */
void writer_child_begin(const char *name, int channel);

#endif
