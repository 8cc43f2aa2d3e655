/* process_figures.c: see process_figures.h. */
#include "pearpd/process_figures.h"

#include "pearpd/time_units.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void read_memory(struct process_figures *figures)
{
    uint64_t pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return;
    if (fscanf(file, "%" SCNu64 " %" SCNu64, &pages, &resident) == 2) {
        const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
        figures->virtual_bytes = pages * page_bytes;
        figures->resident_bytes = resident * page_bytes;
    }
    fclose(file);
}

/* Without ".", ".." and the one that reads them. */
static uint64_t count_fds(void)
{
    uint64_t entries = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return 0;
    while (readdir(folder) != NULL)
        entries++;
    closedir(folder);
    return entries > 3 ? entries - 3 : 0;
}

static uint64_t time_ns(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_usec * 1000;
}

void process_figures_read(struct process_figures *figures)
{
    struct rusage usage;
    *figures = (struct process_figures){.open_fds = count_fds()};
    read_memory(figures);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        figures->cpu_ns = time_ns(&usage.ru_utime) + time_ns(&usage.ru_stime);
}
