/* log.h: lines for people, to stderr, with the journal's priority before them under systemd.
 * Called by: daemon, agent, ctl, main. Never by: core, wire. */
#ifndef PEARPD_LOG_H
#define PEARPD_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Names the program in each line and takes the level: 0 is notice, -v adds 1, -q takes 1 off. */
void log_open(const char *program, int verbosity);

/* For a program that others depend on: from now on a line that stderr has no room for is lost and counted, so that a
 * reader that stopped reading stops nothing else. Terminal, pipe and socket stay as they are for all who share them.
 * SIGPIPE must be ignored. */
void log_never_wait(void);

/* Logs how many lines were lost, if any were and there is room again; log_write() does so by itself. */
void log_report_lost(void);

/* True where a line of this level is written. */
bool log_takes(enum log_level level);

/* One line; the newline is added. Waits for stderr, but not after log_never_wait(); never fails. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
