/* loop.h: the event loop; the only place that knows libevent.
 * In: descriptors, signals, times. Out: calls. Called by: daemon, agent, ctl. Never: knows what for. */
#ifndef PEARPD_LOOP_H
#define PEARPD_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct loop_source;
struct loop_stream;

/* What is ready first is served by rank: nothing of LOOP_FRAMES runs while LOOP_CONTROL waits. */
enum loop_rank { LOOP_CONTROL, LOOP_FRAMES };

/* A loop with precise timers, or NULL: out of memory. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Runs until loop_stop(). 0, or -EIO: the loop itself failed. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Calls `ready` for as long as `fd` is readable (level-triggered). NULL: out of memory. */
struct loop_source *loop_readable(struct loop *loop, enum loop_rank rank, int fd, void (*ready)(void *context),
                                  void *context);

/* Calls `fired` for each `signal_number`, outside of signal context. */
struct loop_source *loop_signal(struct loop *loop, int signal_number, void (*fired)(void *context),
                                void *context);

/* A timer at rest; loop_timer_set() arms it once, `delay_ns` from now (UINT64_MAX: disarms). */
struct loop_source *loop_timer(struct loop *loop, void (*fired)(void *context), void *context);
void loop_timer_set(struct loop_source *timer, uint64_t delay_ns);

/* Ends a source; NULL is fine. The descriptor stays the caller's. */
void loop_source_free(struct loop_source *source);

/* A connection with buffers, over a descriptor that it takes and closes (also where it returns NULL).
 * SIGPIPE is ignored from loop_new() on. Streams are served in turn with LOOP_FRAMES. */
struct loop_stream_calls {
    /* A line came, without its newline; `line` is borrowed and not terminated. No lines come while
     * more than 64 KiB wait to be read by the peer. */
    void (*line)(struct loop_stream *stream, const char *line, size_t length, void *context);
    /* What was written has left, all but a little: more may be written. May be NULL. */
    void (*drained)(struct loop_stream *stream, void *context);
    /* The peer closed (what was written to it had left before), an error, a line over `line_max`, or
     * silent for too long. Called once. The callee frees it. */
    void (*ended)(struct loop_stream *stream, void *context);
};
struct loop_stream *loop_stream_new(struct loop *loop, int fd, size_t line_max,
                                    const struct loop_stream_calls *calls, void *context);
void loop_stream_write(struct loop_stream *stream, const void *bytes, size_t length);
/* Sends bytes with descriptors, which stay the caller's, over a Unix socket that has nothing waiting. 0; -EBUSY: it has; -Exxx. */
#define LOOP_PASS_MOST 253 /* SCM_MAX_FD of the kernel */
int loop_stream_pass(struct loop_stream *stream, const void *bytes, size_t length, const int *fds,
                     unsigned count);
/* Bytes written that have not left yet. */
size_t loop_stream_waiting(const struct loop_stream *stream);
/* Closes once everything has left; `ended` is called then. */
void loop_stream_finish(struct loop_stream *stream);
/* Calls `ended` when nothing could be read or written for so long; 0: never. */
void loop_stream_timeout(struct loop_stream *stream, uint32_t seconds);
/* Closes at once. Allowed inside its own callbacks. */
void loop_stream_free(struct loop_stream *stream);

#endif
