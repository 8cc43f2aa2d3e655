/* guest_file.h: a guest's drop-in: its range, or its lease, as a piece of pearpd.conf(5).
 * In and out: struct guest, text. Called by: guest. Never: knows the daemon. */
#ifndef PEARPD_CTL_GUEST_FILE_H
#define PEARPD_CTL_GUEST_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GUEST_NAME_MAX     48
#define GUEST_FILE_BYTES   (GUEST_NAME_MAX + 8)
#define GUEST_FOLDER_BYTES 4096
#define GUEST_TEXT_BYTES   512

struct guest {
    char name[GUEST_NAME_MAX + 1];
    char address[16], mac[18], psid[16]; /* psid "": a range, else OFFSET/LENGTH/ID of a leased set */
    uint16_t first, last;
};

/* Writes the drop-in. Its length. */
size_t guest_format(const struct guest *guest, char text[static GUEST_TEXT_BYTES]);

/* Reads the file into `text` and takes it apart. Its length; -EBADMSG: not one of guest_format(); -Exxx. */
ssize_t guest_file_read(int directory, const char *file, char text[static GUEST_TEXT_BYTES],
                        struct guest *guest);

/* Calls `each` for every guest in the folder, by name. 0 or -Exxx. */
int guest_files_each(int directory, void (*each)(const struct guest *guest, void *context), void *context);

#endif
