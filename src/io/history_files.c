/* history_files.c: see history_files.h. */
#include "pearpd/history_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS 6

const char *history_file_name(const char *path, uint32_t number, char text[static HISTORY_FILE_BYTES])
{
    snprintf(text, HISTORY_FILE_BYTES, "%s.%0*" PRIu32, path, DIGITS, number);
    return text;
}

int history_file_head(int fd, struct history_head *head)
{
    uint8_t bytes[HISTORY_HEAD];
    const ssize_t length = pread(fd, bytes, sizeof(bytes), 0);
    if (length < 0)
        return -errno;
    return length < (ssize_t)sizeof(bytes) ? -EINVAL : history_head_read(bytes, head);
}

static int open_file(const char *path)
{
    struct stat status;
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    close(fd);
    return -EEXIST;
}

/* The highest number of a file NAME.NUMBER beside `path`; 0: there is none. */
static uint32_t highest_number(const char *path)
{
    char directory[HISTORY_PATH_BYTES];
    snprintf(directory, sizeof(directory), "%s", path);
    char *slash = strrchr(directory, '/');
    const char *name = slash == NULL ? path : path + (slash - directory) + 1;
    const size_t length = strlen(name);
    uint32_t highest = 0;
    if (slash != NULL)
        slash[slash == directory] = '\0';
    DIR *entries = opendir(slash == NULL ? "." : directory);
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        const char *digits = entry->d_name + length + 1;
        if (strncmp(entry->d_name, name, length) != 0 || entry->d_name[length] != '.' ||
            strspn(digits, "0123456789") != strlen(digits) || strlen(digits) < DIGITS || strlen(digits) > 10)
            continue;
        const uint64_t number = strtoull(digits, NULL, 10);
        if (number > highest && number < UINT32_MAX)
            highest = (uint32_t)number;
    }
    if (entries != NULL)
        closedir(entries);
    return highest;
}

int history_files_open(const char *path, int fds[static HISTORY_FILES_MOST])
{
    char name[HISTORY_FILE_BYTES];
    struct history_head head = {.number = 1};
    uint32_t number = 0; /* of the next one to open */
    int count = 0, fd = open_file(path);
    if (fd < 0 && fd != -ENOENT)
        return fd;
    if (fd >= 0) {
        fds[count++] = fd;
        const int error = history_file_head(fd, &head);
        number = error == 0 || error == -EPROTONOSUPPORT ? head.number - 1 : highest_number(path);
    } else {
        number = highest_number(path);
    }
    for (; number > 0 && count < HISTORY_FILES_MOST; number--) {
        fd = open_file(history_file_name(path, number, name));
        if (fd < 0)
            break;
        fds[count++] = fd;
    }
    return count > 0 ? count : fd;
}
