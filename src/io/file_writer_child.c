/* file_writer_child.c: see file_writer_child.h.
 *
 * A writer locks FILE.new while it writes, and keeps the lock when that has become FILE, until the next one has. One
 * whose caller has died begins nothing any more: so its last file never comes over a newer one of its successor's.
 * A small file of a program that may wait for its disk is atomic_file.h's.
 */
#include "file_writer_child.h"

#include "pearpd/file_writer.h"

#include "writer_child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES    4096
#define LOCK_TRIES    50
#define LOCK_PAUSE_NS 20000000
#define BUFFER_BYTES  65536
#define SUFFIX        ".new"
#define SUFFIX_BYTES  (sizeof(SUFFIX) - 1)

enum step {
    STEP_NONE,
    STEP_REPLACE,
    STEP_CREATE,
    STEP_LOCK,
    STEP_WRITE,
    STEP_SYNC,
    STEP_RENAME,
    STEP_DIRECTORY
};
static const char *const step_names[] = {
    "", "replace", "create", "lock", "write", "sync", "rename", "sync the directory of",
};
#define STEPS (sizeof(step_names) / sizeof(step_names[0]))

const char *file_writer_step(unsigned step)
{
    return step < STEPS ? step_names[step] : "write";
}

/* Static in the child: nothing of it is touched in the caller. */

struct target {
    char path[FILE_WRITER_PATH_BYTES];
    char beside[FILE_WRITER_PATH_BYTES + SUFFIX_BYTES];
    char directory[FILE_WRITER_PATH_BYTES];
    pid_t caller;
    int fd;   /* of `beside`, to be written; -1: not open */
    int lock; /* of `beside`, locked; read-only, so that it keeps no file system from becoming so; -1: not open */
    int held; /* what `lock` was, once `path` is that file; -1: not open */
    bool begun;
    enum step step; /* that failed; STEP_NONE: none did */
    int error;
    uint64_t lines;
    size_t used;
    char buffer[BUFFER_BYTES];
};

static void fail(struct target *t, enum step step, int error)
{
    if (t->step != STEP_NONE)
        return;
    t->step = step;
    t->error = error;
}

/* What is at `path` may be replaced: nothing, or a file of ours. 0 or -1 and errno. */
static int may_replace(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? 0 : -1;
    if (S_ISREG(status.st_mode) && status.st_uid == geteuid())
        return 0;
    errno = S_ISREG(status.st_mode)   ? EPERM
            : S_ISLNK(status.st_mode) ? ELOOP
            : S_ISDIR(status.st_mode) ? EISDIR
                                      : EEXIST;
    return -1;
}

static void put_down(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Locks what is open as `fd`. True where it is the file that has the name now. */
static bool lock_as(int fd, const char *name)
{
    struct stat by_name, by_fd;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &by_fd) != 0)
        return false;
    if (lstat(name, &by_name) == 0 && by_fd.st_ino == by_name.st_ino && by_fd.st_dev == by_name.st_dev)
        return true;
    errno = EWOULDBLOCK;
    return false;
}

/* Sees to it that the file that is there now, if one is, is locked by this child. */
static void hold(struct target *t)
{
    if (t->held >= 0 && lock_as(t->held, t->path))
        return;
    put_down(&t->held);
    t->held = open(t->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (t->held < 0 && errno != ENOENT)
        fail(t, STEP_REPLACE, errno);
    else if (t->held >= 0 && !lock_as(t->held, t->path))
        fail(t, STEP_LOCK, errno);
}

static void open_beside(struct target *t)
{
    const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    if (may_replace(t->beside) != 0) {
        fail(t, STEP_CREATE, errno);
        return;
    }
    t->lock = open(t->beside, O_RDONLY | O_CREAT | flags, S_IRUSR | S_IWUSR);
    if (t->lock < 0) {
        fail(t, STEP_CREATE, errno);
        return;
    }
    if (!lock_as(t->lock, t->beside)) {
        fail(t, STEP_LOCK, errno);
        return;
    }
    /* What a caller that died had asked for may have a successor's in its place by now. Not so once it is locked. */
    if (getppid() != t->caller)
        _exit(0);
    t->fd = open(t->beside, O_WRONLY | O_TRUNC | flags);
    if (t->fd < 0 || fchmod(t->fd, S_IRUSR | S_IWUSR) != 0)
        fail(t, STEP_CREATE, errno);
}

/* Gives up what is beside: room for others, where the disk is full. Another writer's file is left alone. */
static void forget(struct target *t)
{
    if (t->lock >= 0 && t->step != STEP_LOCK)
        unlink(t->beside);
    put_down(&t->fd);
    put_down(&t->lock);
}

static void open_both(struct target *t)
{
    forget(t);
    t->step = STEP_NONE;
    t->error = 0;
    if (may_replace(t->path) != 0)
        fail(t, STEP_REPLACE, errno);
    else
        hold(t);
    if (t->step == STEP_NONE)
        open_beside(t);
}

/* A predecessor whose caller died ends soon: it is waited for, since nobody waits for this child. */
static void begin(struct target *t)
{
    const struct timespec pause = {0, LOCK_PAUSE_NS};
    open_both(t);
    for (unsigned tries = 0; t->step == STEP_LOCK && tries < LOCK_TRIES; tries++) {
        nanosleep(&pause, NULL);
        open_both(t);
    }
    t->begun = true;
    t->lines = 0;
    t->used = 0;
}

static void write_out(struct target *t)
{
    size_t done = 0;
    while (t->step == STEP_NONE && done < t->used) {
        ssize_t written = write(t->fd, t->buffer + done, t->used - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            fail(t, STEP_WRITE, errno);
    }
    t->used = 0;
}

static void line(struct target *t, const char *text, size_t length)
{
    t->lines++;
    if (t->step != STEP_NONE)
        return;
    if (t->used + length + 1 > sizeof(t->buffer))
        write_out(t);
    memcpy(t->buffer + t->used, text, length);
    t->buffer[t->used + length] = '\n';
    t->used += length + 1;
}

static void replace(struct target *t)
{
    if (fsync(t->fd) != 0) {
        fail(t, STEP_SYNC, errno);
        return;
    }
    hold(t); /* nobody put another one there meanwhile */
    if (t->step == STEP_NONE && may_replace(t->path) != 0)
        fail(t, STEP_REPLACE, errno);
    if (t->step != STEP_NONE)
        return;
    if (rename(t->beside, t->path) != 0) {
        fail(t, STEP_RENAME, errno);
        return;
    }
    put_down(&t->fd);
    put_down(&t->held);
    t->held = t->lock;
    t->lock = -1;
    int directory = open(t->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fsync(directory) != 0)
        fail(t, STEP_DIRECTORY, errno);
    if (directory >= 0)
        close(directory);
}

static void answer(const struct target *t)
{
    char text[FILE_WRITER_ANSWER_BYTES];
    int length = snprintf(text, sizeof(text), "done %d %d\n", t->error, (int)t->step);
    if (write(WRITER_CHILD_CHANNEL, text, (size_t)length) < 0)
        _exit(0); /* nobody listens any more */
}

static void commit(struct target *t, const char *count)
{
    if (!t->begun || strtoull(count, NULL, 10) != t->lines)
        fail(t, STEP_WRITE, EPROTO);
    write_out(t);
    if (t->step == STEP_NONE)
        replace(t);
    forget(t);
    t->begun = false;
    answer(t);
}

static void message(struct target *t, char *text, size_t length)
{
    text[length] = '\0';
    if (*text == '.')
        line(t, text + 1, length - 1);
    else if (strcmp(text, "begin") == 0)
        begin(t);
    else if (strncmp(text, "commit ", 7) == 0)
        commit(t, text + 7);
}

static void serve(struct target *t)
{
    static char input[BUFFER_BYTES];
    size_t used = 0;
    ssize_t length;
    while ((length = read(WRITER_CHILD_CHANNEL, input + used, sizeof(input) - used)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            break;
        used += (size_t)length;
        char *at = input, *newline;
        while ((newline = memchr(at, '\n', used - (size_t)(at - input))) != NULL) {
            message(t, at, (size_t)(newline - at));
            at = newline + 1;
        }
        used -= (size_t)(at - input);
        memmove(input, at, used);
        if (used == sizeof(input))
            break; /* no line is that long */
    }
    forget(t);
}

static void directory_of(const char *path, char *directory, size_t size)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        snprintf(directory, size, ".");
    else
        snprintf(directory, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

_Noreturn void file_writer_child(int channel, const char *path, pid_t caller)
{
    static struct target target;
    writer_child_begin("pearpd-state", channel);
    target.caller = caller;
    target.fd = target.lock = target.held = -1;
    snprintf(target.path, sizeof(target.path), "%s", path);
    snprintf(target.beside, sizeof(target.beside), "%s" SUFFIX, path);
    directory_of(path, target.directory, sizeof(target.directory));
    serve(&target);
    _exit(0);
}
