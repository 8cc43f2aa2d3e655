/* history_process_child.h: the process that waits for the disk in place of the program (history_process.h).
 * In: records on its channel, each a place of history_record.h (of file 0, place 0), and HISTORY_NAME_BYTES of a name where
 * it is HISTORY_NAMED, or the bytes of a HISTORY_EVENT. Out: the files; lines: "say LEVEL TEXT", "flushed ASKED ERRNO BYTES RECORDS LOST FILES HELD".
 * Called by: history_process, in the child. Never: touches the caller's memory. */
#ifndef PEARPD_IO_HISTORY_PROCESS_CHILD_H
#define PEARPD_IO_HISTORY_PROCESS_CHILD_H

#include "pearpd/history_process.h"

#define HISTORY_ANSWER_BYTES 1024

/* Serves until `channel` is closed. */
_Noreturn void history_process_child(int channel, const struct history_process_options *options);

#endif
