/* process.c: see process.h. */
#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare_inode(const void *a, const void *b)
{
    const uint32_t x = (*(struct process *const *)a)->inode, y = (*(struct process *const *)b)->inode;
    return x == y ? 0 : x < y ? -1 : 1;
}

/* A program's name is its own choice, and is printed on terminals. */
static void without_controls(char *name)
{
    for (; *name != '\0'; name++)
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            *name = '?';
}

static void read_name(pid_t pid, char name[static PROCESS_NAME_BYTES])
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(name, PROCESS_NAME_BYTES, file) != NULL)
        name[strcspn(name, "\n")] = '\0';
    without_controls(name);
    fclose(file);
}

/* Whether `wanted` has the socket that the link /proc/PID/fd/N points to. `name` is read once for a process. */
static void match(struct process **wanted, size_t count, pid_t pid, const char *target,
                  char name[static PROCESS_NAME_BYTES])
{
    unsigned long inode;
    char after;
    if (sscanf(target, "socket:[%lu%c", &inode, &after) != 2 || after != ']' || inode > UINT32_MAX)
        return;
    struct process key = {.inode = (uint32_t)inode}, *key_pointer = &key;
    struct process **found = bsearch(&key_pointer, wanted, count, sizeof(struct process *), compare_inode);
    if (found == NULL || (*found)->pid != 0)
        return;
    if (name[0] == '\0')
        read_name(pid, name);
    (*found)->pid = pid;
    memcpy((*found)->name, name, PROCESS_NAME_BYTES);
}

static void look_into(struct process **wanted, size_t count, pid_t pid)
{
    char path[64], target[64], name[PROCESS_NAME_BYTES] = "";
    snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
    DIR *descriptors = opendir(path);
    if (descriptors == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(descriptors)) != NULL;) {
        const ssize_t length = readlinkat(dirfd(descriptors), entry->d_name, target, sizeof(target) - 1);
        if (length <= 0)
            continue;
        target[length] = '\0';
        match(wanted, count, pid, target, name);
    }
    closedir(descriptors);
}

void process_find(struct process **wanted, size_t count)
{
    DIR *processes = count == 0 ? NULL : opendir("/proc");
    if (processes == NULL)
        return;
    qsort(wanted, count, sizeof(struct process *), compare_inode);
    for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        char *end;
        const long pid = strtol(entry->d_name, &end, 10);
        if (pid > 0 && pid <= INT_MAX && *end == '\0')
            look_into(wanted, count, (pid_t)pid);
    }
    closedir(processes);
}
