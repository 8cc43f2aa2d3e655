/* host_sysctls.c: see host_sysctls.h. */
#include "host_sysctls.h"

#include "pearpd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES      128
#define WISH_BYTES      (UNDO_RESERVED_BYTES + (size_t)RANGE_SPANS_MAX * 12)
#define PORT_BITS_BYTES 8192
#define RESERVED_PATH   "net/ipv4/ip_local_reserved_ports"

static const struct {
    bool of_interface;
    const char *value; /* NULL: the ranges */
} sysctls[] = {
#define X(id, name, of_interface, value) {of_interface, value},
    UNDO_SYSCTLS(X)
#undef X
};

/* The name below /proc/sys, as sysctl(8) with '/' takes it. */
static void sysctl_path(const char *interface, enum undo_sysctl sysctl, char path[static PATH_BYTES])
{
    if (sysctls[sysctl].of_interface)
        snprintf(path, PATH_BYTES, "net/ipv4/conf/%s/%s", interface, undo_sysctl_name(sysctl));
    else
        snprintf(path, PATH_BYTES, "net/ipv4/%s", undo_sysctl_name(sysctl));
}

static int sysctl_open(const char *path, int flags)
{
    char full[PATH_BYTES + 16];
    snprintf(full, sizeof(full), "/proc/sys/%s", path);
    const int fd = open(full, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The value without its newline. 0; -E2BIG: no room for it; -Exxx. */
static int sysctl_read(const char *path, char *value, size_t size)
{
    const int fd = sysctl_open(path, O_RDONLY);
    if (fd < 0)
        return fd;
    size_t length = 0;
    ssize_t got = 1;
    while (length < size && (got = read(fd, value + length, size - length)) > 0)
        length += (size_t)got;
    const int error = got < 0 ? -errno : 0;
    close(fd);
    if (error != 0 || length == size)
        return error != 0 ? error : -E2BIG;
    value[length] = '\0';
    value[strcspn(value, "\n")] = '\0';
    return 0;
}

/* The kernel takes a long list a page at a time. */
static int sysctl_write(const char *path, const char *value)
{
    const int fd = sysctl_open(path, O_WRONLY);
    if (fd < 0)
        return fd;
    const size_t length = strlen(value) + 1;
    char line[WISH_BYTES + 1];
    snprintf(line, sizeof(line), "%s\n", value);
    int error = 0;
    for (size_t done = 0; done < length && error == 0;) {
        const ssize_t written = write(fd, line + done, length - done);
        if (written <= 0)
            error = written < 0 ? -errno : -EIO;
        else
            done += (size_t)written;
    }
    close(fd);
    return error;
}

/* The first port that the kernel lets ip_local_port_range begin with. */
static unsigned lowest_local_port(void)
{
    char value[UNDO_VALUE_BYTES];
    if (sysctl_read("net/ipv4/ip_unprivileged_port_start", value, sizeof(value)) != 0)
        return 1;
    const unsigned long lowest = strtoul(value, NULL, 10);
    return lowest > 0 && lowest <= UINT16_MAX ? (unsigned)lowest : 1;
}

/* The spans that the kernel may pick ports from, ascending. Their number. */
static size_t spans_to_pick(const struct range_list *list, struct port_span spans[static RANGE_SPANS_MAX])
{
    const unsigned lowest = lowest_local_port();
    const size_t count = range_list_union(list, (struct ipv4){0}, spans);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (spans[i].last < lowest)
            continue;
        spans[kept] = spans[i];
        if (spans[kept].first < lowest)
            spans[kept].first = (uint16_t)lowest;
        kept++;
    }
    return kept;
}

/* The value wished for; "" for none: the kernel takes no port held for those it picks. */
static void sysctl_wish(const struct range_list *list, enum undo_sysctl sysctl,
                        char value[static UNDO_VALUE_BYTES])
{
    if (sysctls[sysctl].value != NULL) {
        snprintf(value, UNDO_VALUE_BYTES, "%s", sysctls[sysctl].value);
        return;
    }
    struct port_span spans[RANGE_SPANS_MAX];
    const size_t count = spans_to_pick(list, spans);
    value[0] = '\0';
    if (count > 0)
        snprintf(value, UNDO_VALUE_BYTES, "%u %u", spans[0].first, spans[count - 1].last);
}

/* What was reserved before, and the gaps between what is held. False: there are no gaps. */
static bool reserved_wish(const struct undo *undo, char wish[static WISH_BYTES])
{
    struct port_span spans[RANGE_SPANS_MAX];
    const size_t count = spans_to_pick(&undo->held, spans);
    size_t length = strlen(undo->reserved);
    memcpy(wish, undo->reserved, length + 1);
    for (size_t i = 1; i < count; i++)
        length += (size_t)snprintf(wish + length, WISH_BYTES - length, "%s%u-%u", length > 0 ? "," : "",
                                   spans[i - 1].last + 1U, spans[i].first - 1U);
    return count > 1;
}

/* Equal but for blanks: the kernel parts two numbers by a tab. */
static bool same_value(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        const bool blank_a = *a == ' ' || *a == '\t', blank_b = *b == ' ' || *b == '\t';
        if (blank_a != blank_b || (!blank_a && *a != *b))
            return false;
        a++;
        b++;
    }
    return *a == *b;
}

static int plan_one(struct undo *undo, enum undo_sysctl sysctl)
{
    char path[PATH_BYTES], now[UNDO_VALUE_BYTES], wish[UNDO_VALUE_BYTES];
    sysctl_path(undo->interface, sysctl, path);
    int error = sysctl_read(path, now, sizeof(now));
    if (error == 0 && now[0] == '\0')
        error = -EIO;
    if (error != 0) {
        log_error("cannot read sysctl %s: %s", path, strerror(-error));
        return error;
    }
    sysctl_wish(&undo->held, sysctl, wish);
    if (wish[0] == '\0')
        log_warning("the ports held are below ip_unprivileged_port_start: the kernel picks none of them for "
                    "programs that do not bind, and what it picks outside is dropped");
    else if (undo->sysctls[sysctl][0] == '\0' && !same_value(now, wish))
        memcpy(undo->sysctls[sysctl], now, sizeof(now));
    return 0;
}

/* Ports and ranges of them, parted by commas, as bits. */
static void mark_ports(const char *list, uint8_t ports[static PORT_BITS_BYTES])
{
    memset(ports, 0, PORT_BITS_BYTES);
    for (char *end; *list != '\0'; list = *end == ',' ? end + 1 : end) {
        const unsigned long first = strtoul(list, &end, 10);
        if (end == list)
            return;
        const unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
        for (unsigned long port = first; port <= last && port <= UINT16_MAX; port++)
            ports[port / 8] |= (uint8_t)(1U << (port % 8));
    }
}

/* Whether the kernel has reserved all that is wished for: it writes the list in its own way. */
static bool is_reserved(const char *wish)
{
    char now[WISH_BYTES];
    uint8_t wanted[PORT_BITS_BYTES], there[PORT_BITS_BYTES];
    if (sysctl_read(RESERVED_PATH, now, sizeof(now)) != 0)
        return true; /* unknown */
    mark_ports(wish, wanted);
    mark_ports(now, there);
    for (size_t i = 0; i < PORT_BITS_BYTES; i++)
        if ((wanted[i] & ~there[i]) != 0)
            return false;
    return true;
}

static int plan_reserved(struct undo *undo)
{
    char wish[WISH_BYTES];
    if (undo->reserves || !reserved_wish(undo, wish))
        return 0;
    const int error = sysctl_read(RESERVED_PATH, undo->reserved, sizeof(undo->reserved));
    if (error == -E2BIG) {
        log_warning(
            "ip_local_reserved_ports is too long to be put back and is left alone: ports between the ranges "
            "may be picked by the kernel, and are then dropped");
        undo->reserved[0] = '\0';
        return 0;
    }
    if (error != 0)
        log_error("cannot read sysctl " RESERVED_PATH ": %s", strerror(-error));
    undo->reserves = error == 0;
    return error;
}

int host_sysctls_plan(struct undo *undo)
{
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        const int error = plan_one(undo, (enum undo_sysctl)i);
        if (error != 0)
            return error;
    }
    return plan_reserved(undo);
}

static int set(const char *path, const char *value, const char *how)
{
    const int error = sysctl_write(path, value);
    if (error != 0)
        log_error("cannot set sysctl %s %sto %s: %s", path, how, value, strerror(-error));
    return error;
}

int host_sysctls_apply(const struct undo *undo)
{
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        char path[PATH_BYTES], wish[UNDO_VALUE_BYTES];
        if (undo->sysctls[i][0] == '\0')
            continue;
        sysctl_path(undo->interface, (enum undo_sysctl)i, path);
        sysctl_wish(&undo->held, (enum undo_sysctl)i, wish);
        const int error = set(path, wish[0] != '\0' ? wish : undo->sysctls[i], "");
        if (error != 0)
            return error;
    }
    char reserved[WISH_BYTES];
    if (!undo->reserves)
        return 0;
    (void)reserved_wish(undo, reserved);
    return set(RESERVED_PATH, reserved, "");
}

const char *host_sysctls_missing(const struct undo *undo)
{
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        char path[PATH_BYTES], now[UNDO_VALUE_BYTES], wish[UNDO_VALUE_BYTES];
        sysctl_path(undo->interface, (enum undo_sysctl)i, path);
        sysctl_wish(&undo->held, (enum undo_sysctl)i, wish);
        if (wish[0] != '\0' && sysctl_read(path, now, sizeof(now)) == 0 && !same_value(now, wish))
            return undo_sysctl_name((enum undo_sysctl)i);
    }
    char reserved[WISH_BYTES];
    if (undo->reserves && reserved_wish(undo, reserved) && !is_reserved(reserved))
        return "ip_local_reserved_ports";
    return NULL;
}

int host_sysctls_undo(const struct undo *undo, const char *interface)
{
    int first = 0;
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        char path[PATH_BYTES];
        if (undo->sysctls[i][0] == '\0' || (sysctls[i].of_interface && interface == NULL))
            continue;
        sysctl_path(interface, (enum undo_sysctl)i, path);
        const int error = set(path, undo->sysctls[i], "back ");
        first = first != 0 ? first : error;
    }
    const int error = undo->reserves ? set(RESERVED_PATH, undo->reserved, "back ") : 0;
    return first != 0 ? first : error;
}

void host_sysctls_print(const struct undo *undo)
{
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        char path[PATH_BYTES], wish[UNDO_VALUE_BYTES];
        if (undo->sysctls[i][0] == '\0')
            continue;
        sysctl_path(undo->interface, (enum undo_sysctl)i, path);
        sysctl_wish(&undo->held, (enum undo_sysctl)i, wish);
        printf("sysctl -w %s=\"%s\"\n", path, wish);
    }
    char reserved[WISH_BYTES];
    if (undo->reserves && reserved_wish(undo, reserved))
        printf("sysctl -w " RESERVED_PATH "=\"%s\"\n", reserved);
}
