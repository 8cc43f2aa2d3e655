/* log.c: see log.h. */
#include "pearpd/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 1024

static const char *log_program = "pearpd";
static int log_most = LOG_LEVEL_NOTICE;
static bool log_to_journal;

void log_open(const char *program, int verbosity)
{
    log_program = program;
    log_most = LOG_LEVEL_NOTICE + verbosity;
    log_to_journal = getenv("JOURNAL_STREAM") != NULL;
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

void log_write(enum log_level level, const char *format, ...)
{
    char line[LINE_BYTES];
    int used;
    va_list arguments;
    if ((int)level > log_most)
        return;
    if (log_to_journal)
        used = snprintf(line, sizeof(line), "<%d>", journal_priority(level));
    else
        used = snprintf(line, sizeof(line), "%s: ", log_program);
    va_start(arguments, format);
    vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, arguments);
    va_end(arguments);
    without_controls(line + used);
    size_t length = strlen(line);
    line[length++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written; /* a log that takes nothing must not stop anything */
}
