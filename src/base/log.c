/* log.c: see log.h. */
#include "pearpd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES 1024 /* less than PIPE_BUF: a pipe takes a line whole or not at all */

static const char *log_program = "pearpd";
static int log_most = LOG_LEVEL_NOTICE;
static bool log_to_journal;
static bool log_may_wait = true;
static bool log_is_socket;
static int log_own_fd = -1; /* stderr's pipe or terminal, opened again, not blocking */
static bool log_is_cut;     /* the last line left in part: a terminal has no room for the rest */
static uint64_t log_lost;   /* lines since the last one that left */

/* The variable is inherited by all below the unit: it means stderr only while that is the same file, systemd.exec(5). */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    uintmax_t device, inode;
    return stream != NULL && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

void log_open(const char *program, int verbosity)
{
    log_program = program;
    log_most = LOG_LEVEL_NOTICE + verbosity;
    log_to_journal = is_journal();
    log_may_wait = true;
    log_is_cut = false;
    log_lost = 0;
    if (log_own_fd >= 0)
        close(log_own_fd);
    log_own_fd = -1;
}

/* O_NONBLOCK belongs to the open file description, which stderr shares with the shell and whoever else writes to that
 * terminal or pipe: it is set on one of our own. Sockets cannot be opened again, but take a flag with each message. */
void log_never_wait(void)
{
    struct stat status;
    log_may_wait = false;
    if (fstat(STDERR_FILENO, &status) != 0)
        return;
    log_is_socket = S_ISSOCK(status.st_mode);
    if (log_own_fd < 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)))
        log_own_fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

bool log_takes(enum log_level level)
{
    return (int)level <= log_most;
}

/* The journal reads syslog's priorities at the start of a line: sd-daemon(3). */
static int journal_priority(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return 3;
    case LOG_LEVEL_WARNING:
        return 4;
    case LOG_LEVEL_NOTICE:
        return 5;
    case LOG_LEVEL_INFO:
        return 6;
    case LOG_LEVEL_DEBUG:
        break;
    }
    return 7;
}

/* One message is one line, whatever text from outside it quotes. */
static void without_controls(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

/* Bytes that left at once; -1 and errno. */
static ssize_t write_at_once(const char *text, size_t length)
{
    if (log_may_wait)
        return write(STDERR_FILENO, text, length);
    if (log_own_fd >= 0)
        return write(log_own_fd, text, length);
    if (log_is_socket)
        return send(STDERR_FILENO, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    /* A file does not make its writer wait; of what could not be opened again, this is the best there is. */
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&room, 1, 0) == 1)
        return write(STDERR_FILENO, text, length);
    errno = EAGAIN;
    return -1;
}

static bool write_line(const char *line, size_t length)
{
    if (log_is_cut && write_at_once("\n", 1) != 1)
        return false;
    const ssize_t written = write_at_once(line, length);
    log_is_cut = written > 0 && (size_t)written < length;
    return written > 0;
}

static size_t prefix(char line[static LINE_BYTES], enum log_level level)
{
    const int length = log_to_journal ? snprintf(line, LINE_BYTES, "<%d>", journal_priority(level))
                                      : snprintf(line, LINE_BYTES, "%.64s: ", log_program);
    return (size_t)length;
}

void log_report_lost(void)
{
    char line[LINE_BYTES];
    if (log_lost == 0)
        return;
    size_t length = prefix(line, LOG_LEVEL_WARNING);
    length += (size_t)snprintf(line + length, sizeof(line) - length,
                               "%" PRIu64 " lines of this log are missing here: nobody read them\n", log_lost);
    if (write_line(line, length))
        log_lost = 0;
}

void log_write(enum log_level level, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    if (!log_takes(level))
        return;
    log_report_lost();
    const size_t used = prefix(line, level);
    va_start(arguments, format);
    vsnprintf(line + used, sizeof(line) - used - 1, format, arguments);
    va_end(arguments);
    without_controls(line + used);
    size_t length = strlen(line);
    line[length++] = '\n';
    if (log_lost > 0 || !write_line(line, length))
        log_lost++;
}
