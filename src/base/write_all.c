/* write_all.c: see write_all.h. */
#include "pearpd/write_all.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    for (size_t done = 0; done < length;) {
        const ssize_t written = write(fd, at + done, length - done);
        if (written == 0)
            return -ENOSPC;
        if (written < 0 && errno != EINTR)
            return -errno;
        done += written > 0 ? (size_t)written : 0;
    }
    return 0;
}
