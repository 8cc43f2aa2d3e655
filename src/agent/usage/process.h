/* process.h: which process has a socket.
 * In: inode numbers. Out: process numbers and names, from /proc. Called by: status. Never: fails: what
 * this user may not see stays unknown. */
#ifndef PEARPD_AGENT_PROCESS_H
#define PEARPD_AGENT_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_NAME_BYTES 32

struct process {
    uint32_t inode; /* of the socket */
    pid_t pid;      /* 0: not found */
    char name[PROCESS_NAME_BYTES];
};

/* Fills in pid and name for each of the `count` processes wanted. Sorts `wanted`. */
void process_find(struct process **wanted, size_t count);

#endif
