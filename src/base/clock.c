/* clock.c: see clock.h. */
#include "pearpd/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t clock_wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / NS_PER_US;
}

const char *clock_wall_format(uint64_t wall_us, char text[static CLOCK_TEXT_BYTES])
{
    const time_t seconds = (time_t)(wall_us / US_PER_S);
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    const size_t used = strftime(text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + used, CLOCK_TEXT_BYTES - used, ".%03uZ", (unsigned)(wall_us / 1000 % 1000));
    return text;
}

/* Of CLOCK_MONOTONIC in the time namespace of this process; 0 where the kernel has none. */
static int64_t monotonic_offset_ns(void)
{
    FILE *file = fopen("/proc/self/timens_offsets", "re");
    char clock[16];
    int64_t seconds, ns, found_ns = 0;
    if (file == NULL)
        return 0;
    while (fscanf(file, "%15s %" SCNd64 " %" SCNd64, clock, &seconds, &ns) == 3)
        if (strcmp(clock, "monotonic") == 0)
            found_ns = seconds * (int64_t)NS_PER_S + ns;
    fclose(file);
    return found_ns;
}

uint64_t clock_ahead_ns(void)
{
    static int64_t offset_ns;
    static bool is_read;
    struct timespec now;
    if (!is_read)
        offset_ns = monotonic_offset_ns();
    is_read = true;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const uint64_t monotonic_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
    return clock_now_ns() - monotonic_ns + (uint64_t)offset_ns;
}

uint64_t clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

const char *clock_boot_id(char text[static BOOT_ID_BYTES])
{
    const char *given = getenv("PEARPD_BOOT_ID");
    memset(text, 0, BOOT_ID_BYTES);
    if (given != NULL) {
        snprintf(text, BOOT_ID_BYTES, "%s", given);
    } else {
        int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, text, BOOT_ID_BYTES - 1) < 0)
            *text = '\0';
        if (fd >= 0)
            close(fd);
    }
    text[strcspn(text, "\n")] = '\0';
    if (text[strspn(text, "0123456789abcdefABCDEF-")] != '\0')
        *text = '\0';
    return text;
}
