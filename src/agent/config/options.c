/* options.c: see options.h. */
#include "options.h"

#include <string.h>

bool interface_is_plain(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@:";
    const size_t length = strlen(name);
    return length > 0 && length < INTERFACE_BYTES && strspn(name, plain) == length && name[0] != '.' &&
           strcmp(name, "lo") != 0 && strcmp(name, "all") != 0 && strcmp(name, "default") != 0;
}
