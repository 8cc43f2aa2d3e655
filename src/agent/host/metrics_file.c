/* metrics_file.c: see metrics_file.h. */
#include "metrics_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_PATH_BYTES 160

static int new_path(const char *path, char made[static NEW_PATH_BYTES])
{
    const int length = snprintf(made, NEW_PATH_BYTES, "%s.new", path);
    return length < 0 || length >= NEW_PATH_BYTES ? -ENAMETOOLONG : 0;
}

int metrics_file_open(const char *path, FILE **out)
{
    char made[NEW_PATH_BYTES];
    const int error = new_path(path, made);
    if (error != 0)
        return error;
    (void)unlink(made);
    *out = fopen(made, "wxe");
    return *out == NULL ? -errno : 0;
}

int metrics_file_close(const char *path, FILE *out)
{
    char made[NEW_PATH_BYTES];
    int error = new_path(path, made);
    if (fflush(out) != 0 || ferror(out) != 0 || fchmod(fileno(out), 0644) != 0)
        error = -(errno != 0 ? errno : EIO);
    if (fclose(out) != 0 && error == 0)
        error = -errno;
    if (error == 0 && rename(made, path) != 0)
        error = -errno;
    if (error != 0)
        (void)unlink(made);
    return error;
}

int metrics_file_remove(const char *path)
{
    char made[NEW_PATH_BYTES];
    if (new_path(path, made) == 0)
        (void)unlink(made);
    return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}
