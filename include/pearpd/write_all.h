/* write_all.h: a write that is not cut short by a signal.
 * In: bytes. Out: a descriptor. Called by: base, io. */
#ifndef PEARPD_WRITE_ALL_H
#define PEARPD_WRITE_ALL_H

#include <stddef.h>

/* 0, or -Exxx after a part of it; -ENOSPC also where write(2) takes nothing. */
int write_all(int fd, const void *bytes, size_t length);

#endif
