/* run_files.c: see run_files.h. */
#include "run_files.h"

#include "pearpd/atomic_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RUN_DIRECTORY   "/run/pearp-agent"
#define NETNS_DIRECTORY "/run/netns"
#define INTERFACE_BYTES 16
#define DIRECTORY_TRIES 100
#define LOCK_LOOK_MS    5

/* Finds the name that ip-netns(8) gave to this network namespace. */
static bool namespace_name(char name[static NAME_MAX + 1])
{
    struct stat own, other;
    DIR *names = opendir(NETNS_DIRECTORY);
    bool found = false;
    if (names == NULL)
        return false;
    if (stat("/proc/self/ns/net", &own) == 0) {
        for (struct dirent *entry; !found && (entry = readdir(names)) != NULL;) {
            if (entry->d_name[0] == '.' || fstatat(dirfd(names), entry->d_name, &other, 0) != 0)
                continue;
            found = own.st_dev == other.st_dev && own.st_ino == other.st_ino;
            if (found)
                snprintf(name, NAME_MAX + 1, "%s", entry->d_name);
        }
    }
    closedir(names);
    return found;
}

bool run_directory_path(char path[static RUN_PATH_BYTES])
{
    char name[NAME_MAX + 1];
    const bool named = namespace_name(name);
    if (named)
        snprintf(path, RUN_PATH_BYTES, "%s/%s", RUN_DIRECTORY, name);
    else
        snprintf(path, RUN_PATH_BYTES, "%s", RUN_DIRECTORY);
    return named;
}

/* Calls `try` until it has an answer other than -EAGAIN, for RUN_WAIT_MS at most. */
static int try_again(int (*try)(void *context), void *context)
{
    int result = -EAGAIN;
    for (unsigned waited_ms = 0; waited_ms < RUN_WAIT_MS; waited_ms += LOCK_LOOK_MS) {
        result = try(context);
        if (result != -EAGAIN)
            return result;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_LOOK_MS * 1000000L}, NULL);
    }
    return result;
}

static int lock_shared(void *context)
{
    return flock(*(const int *)context, LOCK_SH | LOCK_NB) == 0 ? 0 : errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

/* For root alone: whoever can open the directory can lock it. One of an earlier version was open to all. */
static int open_private(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fchmod(fd, 0700) == 0)
        return fd;
    const int error = -errno;
    close(fd);
    return error;
}

/* With a lock that keeps others from removing it. -ENOENT: one just did. */
static int make_directory(void)
{
    char path[RUN_PATH_BYTES];
    struct stat status;
    if ((mkdir(RUN_DIRECTORY, 0700) != 0 && errno != EEXIST) || chmod(RUN_DIRECTORY, 0700) != 0)
        return -errno;
    if (run_directory_path(path) && mkdir(path, 0700) != 0 && errno != EEXIST)
        return -errno;
    int fd = open_private(path);
    if (fd < 0)
        return fd;
    int error = try_again(lock_shared, &fd);
    if (error == 0 && fstat(fd, &status) != 0)
        error = -errno;
    if (error == 0 && status.st_nlink > 0)
        return fd;
    close(fd);
    return error != 0 ? error : -ENOENT;
}

/* The process that has an flock(2) lock on the directory, as /proc/locks says; 0: none, or it is not known. */
static pid_t directory_holder(void)
{
    char path[RUN_PATH_BYTES], line[128];
    struct stat status;
    long pid, found = 0;
    unsigned long long inode;
    run_directory_path(path);
    FILE *locks = stat(path, &status) == 0 ? fopen("/proc/locks", "re") : NULL;
    while (found == 0 && locks != NULL && fgets(line, sizeof(line), locks) != NULL)
        if (sscanf(line, "%*s FLOCK %*s WRITE %ld %*x:%*x:%llu", &pid, &inode) == 2 && inode == status.st_ino)
            found = pid;
    if (locks != NULL)
        fclose(locks);
    return (pid_t)found;
}

const char *run_directory_fault(int error, char text[static RUN_FAULT_BYTES])
{
    const pid_t holder = error == -EAGAIN ? directory_holder() : 0;
    if (holder != 0)
        snprintf(text, RUN_FAULT_BYTES, "process %ld has it locked: end that process", (long)holder);
    else if (error == -EAGAIN)
        snprintf(text, RUN_FAULT_BYTES, "another process has it locked (lslocks names it)");
    else if (error == -EACCES)
        snprintf(text, RUN_FAULT_BYTES, "%s: only root may read it", strerror(-error));
    else
        snprintf(text, RUN_FAULT_BYTES, "%s", strerror(-error));
    return text;
}

int run_directory(bool create)
{
    char path[RUN_PATH_BYTES];
    if (create) {
        int made = -ENOENT;
        for (unsigned i = 0; i < DIRECTORY_TRIES && made == -ENOENT; i++)
            made = make_directory();
        return made;
    }
    run_directory_path(path);
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Unless somebody is about to put something there. */
static void remove_directory(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)rmdir(path);
    close(fd);
}

void run_directory_close(int directory)
{
    char path[RUN_PATH_BYTES];
    close(directory);
    if (run_directory_path(path))
        remove_directory(path);
    remove_directory(RUN_DIRECTORY);
}

const char *run_name(const char *interface, const char *suffix, char name[static RUN_NAME_BYTES])
{
    snprintf(name, RUN_NAME_BYTES, "%s.%s", interface, suffix);
    return name;
}

static pid_t lock_owner(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

/* Whether the name still leads to this file: its last holder may have removed it before it was locked. */
static bool is_current(int directory, const char *name, int fd)
{
    struct stat own, named;
    return fstat(fd, &own) == 0 && fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           own.st_ino == named.st_ino && own.st_dev == named.st_dev;
}

/* A record lock: its owner can be read, and it ends with the process, not with a child's copy of the descriptor. */
int run_lock(int directory, const char *interface, pid_t *holder)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char name[RUN_NAME_BYTES];
    run_name(interface, "lock", name);
    for (;;) {
        const int fd = openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            return -errno;
        if (fcntl(fd, F_SETLK, &lock) != 0) {
            const int error = errno;
            *holder = lock_owner(fd);
            close(fd);
            return error == EACCES || error == EAGAIN ? -EAGAIN : -error;
        }
        if (is_current(directory, name, fd))
            return fd;
        close(fd);
    }
}

struct lock_try {
    int directory;
    const char *name;
    pid_t *holder;
};

static int lock_again(void *context)
{
    const struct lock_try *t = context;
    return run_lock(t->directory, t->name, t->holder);
}

int run_lock_wait(int directory, const char *name, pid_t *holder)
{
    struct lock_try t = {directory, name, holder};
    return try_again(lock_again, &t);
}

void run_unlock(int directory, const char *interface, int lock)
{
    char name[RUN_NAME_BYTES];
    (void)run_remove(directory, run_name(interface, "lock", name));
    close(lock);
}

pid_t run_lock_holder(int directory, const char *interface)
{
    char name[RUN_NAME_BYTES];
    const int fd = openat(directory, run_name(interface, "lock", name), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    const pid_t holder = lock_owner(fd);
    close(fd);
    return holder;
}

int run_write(int directory, const char *name, const char *text, size_t length, bool durable)
{
    return atomic_file_write(directory, name, text, length, 0600, durable);
}

ssize_t run_read(int directory, const char *name, char *text, size_t size)
{
    const int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    size_t length = 0;
    ssize_t got = 1;
    while (length < size && (got = read(fd, text + length, size - length)) > 0)
        length += (size_t)got;
    const int error = errno;
    close(fd);
    if (got < 0)
        return -error;
    return length == size ? -EFBIG : (ssize_t)length;
}

int run_remove(int directory, const char *name)
{
    return unlinkat(directory, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
}

int run_list(int directory, const char *suffix, void (*each)(const char *interface, void *context),
             void *context)
{
    const int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    DIR *names = fdopendir(fd);
    if (names == NULL) {
        close(fd);
        return -ENOMEM;
    }
    for (struct dirent *entry; (entry = readdir(names)) != NULL;) {
        char interface[INTERFACE_BYTES];
        const char *dot = strrchr(entry->d_name, '.');
        const size_t length = dot == NULL ? 0 : (size_t)(dot - entry->d_name);
        if (length == 0 || length >= sizeof(interface) || strcmp(dot + 1, suffix) != 0)
            continue;
        memcpy(interface, entry->d_name, length);
        interface[length] = '\0';
        each(interface, context);
    }
    closedir(names);
    return 0;
}

uint64_t run_namespace_cookie(void)
{
    uint64_t cookie = 0;
    socklen_t length = sizeof(cookie);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) != 0)
        cookie = 0;
    close(fd);
    return cookie;
}
