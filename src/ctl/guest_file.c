/* guest_file.c: see guest_file.h. */
#include "guest_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t guest_format(const struct guest *guest, char text[static GUEST_TEXT_BYTES])
{
    const int length = snprintf(text, GUEST_TEXT_BYTES,
                                "; guest %s: made by pearpctl guest add\n"
                                "%s%s%s"
                                "[%s %s:%u-%u]\nmac  = %s\nname = %s\n",
                                guest->name, *guest->psid != '\0' ? "; set " : "", guest->psid,
                                *guest->psid != '\0' ? "\n" : "", *guest->psid != '\0' ? "lease" : "range",
                                guest->address, guest->first, guest->last, guest->mac, guest->name);
    return (size_t)length;
}

static int parse(const char *text, struct guest *guest)
{
    unsigned first, last;
    char kind[8];
    int at = 0;
    *guest = (struct guest){.first = 0};
    if (sscanf(text, "; guest %48[^:]: made by pearpctl guest add\n%n", guest->name, &at) != 1 || at == 0)
        return -EBADMSG;
    text += at;
    if (sscanf(text, "; set %15[0-9/]\n%n", guest->psid, &at) == 1)
        text += at;
    if (sscanf(text, "[%5s %15[0-9.]:%u-%u]\nmac = %17s", kind, guest->address, &first, &last, guest->mac) !=
            5 ||
        first > last || last > UINT16_MAX)
        return -EBADMSG;
    guest->first = (uint16_t)first;
    guest->last = (uint16_t)last;
    return 0;
}

ssize_t guest_file_read(int directory, const char *file, char text[static GUEST_TEXT_BYTES],
                        struct guest *guest)
{
    const int fd = openat(directory, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    const ssize_t length = read(fd, text, GUEST_TEXT_BYTES);
    const int error = length < 0 ? -errno : length == GUEST_TEXT_BYTES ? -EBADMSG : 0;
    close(fd);
    if (error != 0)
        return error;
    text[length] = '\0';
    return parse(text, guest) == 0 ? length : -EBADMSG;
}

static int is_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".conf") == 0 &&
           strlen(entry->d_name) < GUEST_FILE_BYTES;
}

int guest_files_each(int directory, void (*each)(const struct guest *guest, void *context), void *context)
{
    struct dirent **entries;
    const int count = scandirat(directory, ".", &entries, is_file, alphasort);
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++) {
        char text[GUEST_TEXT_BYTES];
        struct guest guest;
        if (guest_file_read(directory, entries[i]->d_name, text, &guest) >= 0)
            each(&guest, context);
        free(entries[i]);
    }
    free(entries);
    return 0;
}
