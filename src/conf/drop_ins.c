/* drop_ins.c: see drop_ins.h. */
#include "drop_ins.h"

#include "pearpd/conf.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".conf"

static size_t stem_length(const char *name)
{
    const size_t length = strlen(name), suffix = strlen(SUFFIX);
    const bool has_suffix = length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
    return has_suffix ? length - suffix : length;
}

char *config_folder(const char *file, char path[static CONFIG_FOLDER_BYTES])
{
    const int length = snprintf(path, CONFIG_FOLDER_BYTES, "%.*s.d", (int)stem_length(file), file);
    return length > 0 && length < CONFIG_FOLDER_BYTES ? path : NULL;
}

/* What an editor or a package manager leaves there has another suffix, or begins with a dot. */
static int is_drop_in(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_name[stem_length(entry->d_name)] != '\0';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static char *path_of(const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s/%s", folder, name);
    return path;
}

int drop_ins_find(const char *file, struct drop_ins *found)
{
    char folder[CONFIG_FOLDER_BYTES];
    struct dirent **entries;
    *found = (struct drop_ins){.count = 0};
    if (config_folder(file, folder) == NULL)
        return -ENAMETOOLONG;
    const int count = scandir(folder, &entries, is_drop_in, by_name);
    if (count < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    found->paths = calloc((size_t)count + 1, sizeof(*found->paths));
    int error = found->paths == NULL ? -ENOMEM : 0;
    for (int i = 0; i < count; i++) {
        char *path = error == 0 ? path_of(folder, entries[i]->d_name) : NULL;
        if (path == NULL)
            error = -ENOMEM;
        else
            found->paths[found->count++] = path;
        free(entries[i]);
    }
    free(entries);
    if (error != 0)
        drop_ins_free(found);
    return error;
}

void drop_ins_free(struct drop_ins *found)
{
    for (size_t i = 0; found->paths != NULL && i < found->count; i++)
        free(found->paths[i]);
    free(found->paths);
    *found = (struct drop_ins){.count = 0};
}
