/* log.h: lines for people, to stderr, with the journal's priority before them under systemd.
 * Called by: daemon, agent, ctl, main. Never by: core, wire. */
#ifndef PEARPD_LOG_H
#define PEARPD_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Names the program in each line and takes the level: 0 is notice, -v adds 1, -q takes 1 off. */
void log_open(const char *program, int verbosity);

/* One line; the newline is added. Never blocks longer than one write(2), never fails. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
