/* run_files.h: the agent's files below /run/pearp-agent: the undo record, the state for `status`, the lock.
 * In and out: text. Called by: agent, status. Never: knows what is in them.
 * In a network namespace that ip-netns(8) has a name for, they are in a directory of that name. */
#ifndef PEARPD_AGENT_RUN_FILES_H
#define PEARPD_AGENT_RUN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RUN_NAME_BYTES  64
#define RUN_PATH_BYTES  300
#define RUN_FAULT_BYTES 160
#define RUN_WAIT_MS     5000 /* the longest wait for a lock */

/* Its path. True: one of its own below the other, that of this namespace. */
bool run_directory_path(char path[static RUN_PATH_BYTES]);

/* The directory, for root alone; with `create` made where it is missing, and not removed before run_directory_close().
 * A descriptor; -ENOENT; -EAGAIN: another process has it locked for RUN_WAIT_MS by now; -Exxx. */
int run_directory(bool create);

/* Why run_directory() failed, for a log line: "locked by process 123 (name): ..." or strerror(-error). */
const char *run_directory_fault(int error, char text[static RUN_FAULT_BYTES]);

/* Closes it, and removes it when nothing is left in it. */
void run_directory_close(int directory);

/* "INTERFACE.SUFFIX" */
const char *run_name(const char *interface, const char *suffix, char name[static RUN_NAME_BYTES]);

/* Takes the interface's lock until run_unlock() or the end of this process. A descriptor; -EAGAIN: *holder has it; -Exxx. */
int run_lock(int directory, const char *interface, pid_t *holder);

/* The same for a name that is no interface's, held for a moment: waits for it, for RUN_WAIT_MS at most. */
int run_lock_wait(int directory, const char *name, pid_t *holder);

void run_unlock(int directory, const char *interface, int lock);

/* The process that has the lock; 0: none, or unknown. */
pid_t run_lock_holder(int directory, const char *interface);

/* Writes the whole file or leaves the earlier one. `durable`: it is on disk at the return. 0 or -Exxx. */
int run_write(int directory, const char *name, const char *text, size_t length, bool durable);

/* Reads at most `size` bytes. The length; -ENOENT; -EFBIG: longer; -Exxx. */
ssize_t run_read(int directory, const char *name, char *text, size_t size);

/* 0, also when it was not there; -Exxx. */
int run_remove(int directory, const char *name);

/* Calls `each` with the interface of every file with this suffix. 0 or -Exxx. */
int run_list(int directory, const char *suffix, void (*each)(const char *interface, void *context),
             void *context);

/* A number of this network namespace that no other has had since boot; 0: the kernel has none. */
uint64_t run_namespace_cookie(void);

#endif
