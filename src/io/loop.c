/* loop.c: libevent behind a narrow door.
 * In: descriptors, signals, times. Out: calls, by rank. Called by: daemon, agent, ctl. Never: knows what for.
 *
 * Two ranks. Timers, signals and what asks for LOOP_CONTROL come before frames. Streams share the rank
 * of frames and are served in turn with them: neither a flood of frames nor one of requests silences
 * the other.
 *
 * libevent's precise timers would set a timerfd before each wait, whether a time has changed or not. All timers
 * here share one, which is set when the earliest of them changes. */
#include "pearpd/loop.h"

#include "pearpd/log.h"
#include "pearpd/time_units.h"

#include "loop_http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define RANKS             2
#define OUTPUT_LOW_BYTES  16384 /* below: `drained` is called */
#define OUTPUT_HIGH_BYTES 65536 /* above: no more lines are taken from a peer that does not read */
#define DELAY_MAX_NS      (UINT64_C(1) << 62)
#define READ_BYTES        4096   /* taken from one stream for each wake */
#define HTTP_WRITE_BYTES  131072 /* given to one connection in a pass */

struct loop {
    struct event_base *base;
    bool stopped;
    int alarm_fd; /* readable when the first timer of `armed` is due */
    struct event *alarm;
    uint64_t alarm_ns; /* what it is set to; UINT64_MAX: nothing */
    TAILQ_HEAD(, loop_source) armed;
};

struct loop_source {
    struct event *event; /* NULL: a timer */
    void (*call)(void *context);
    void *context;
    struct loop *loop;
    uint64_t due_ns; /* CLOCK_MONOTONIC; 0: not armed */
    TAILQ_ENTRY(loop_source) later;
};

struct loop_stream {
    struct bufferevent *buffers;
    struct event *silence;
    const struct loop_stream_calls *calls;
    void *context;
    size_t line_max;
    struct timeval silence_max; /* 0: never */
    unsigned busy;              /* callbacks running; the last one out frees */
    bool eof;                   /* the peer sends no more, but may read */
    bool finishing;             /* nobody writes any more */
    bool over;                  /* ended or freed: no more calls */
    bool freed;
};

static void write_log(int severity, const char *message)
{
    if (severity >= EVENT_LOG_WARN)
        log_warning("libevent: %s", message);
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME | EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    if (base != NULL && event_base_priority_init(base, RANKS) != 0) {
        event_base_free(base);
        return NULL;
    }
    return base;
}

/* Timers. */

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void disarm(struct loop_source *timer)
{
    if (timer->due_ns == 0)
        return;
    TAILQ_REMOVE(&timer->loop->armed, timer, later);
    timer->due_ns = 0;
}

static void arm(struct loop_source *timer, uint64_t due_ns)
{
    struct loop_source *next;
    TAILQ_FOREACH(next, &timer->loop->armed, later)
    if (next->due_ns > due_ns)
        break;
    timer->due_ns = due_ns;
    if (next != NULL)
        TAILQ_INSERT_BEFORE(next, timer, later);
    else
        TAILQ_INSERT_TAIL(&timer->loop->armed, timer, later);
}

static void set_alarm(struct loop *loop)
{
    const struct loop_source *first = TAILQ_FIRST(&loop->armed);
    const uint64_t due_ns = first != NULL ? first->due_ns : UINT64_MAX;
    if (due_ns == loop->alarm_ns)
        return;
    loop->alarm_ns = due_ns;
    struct itimerspec time = {.it_interval.tv_sec = 0};
    if (first != NULL)
        time.it_value = (struct timespec){(time_t)(due_ns / NS_PER_S), (long)(due_ns % NS_PER_S)};
    timerfd_settime(loop->alarm_fd, TFD_TIMER_ABSTIME, &time, NULL);
}

/* What is due now; what a callback arms has to wait for the next time. */
static void run_timers(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct loop *loop = context;
    const uint64_t now_ns = monotonic_ns();
    struct loop_source *first;
    uint64_t expirations;
    if (read(fd, &expirations, sizeof(expirations)) < 0) /* it was set again, to later */
        return;
    loop->alarm_ns = UINT64_MAX;
    while (!loop->stopped && (first = TAILQ_FIRST(&loop->armed)) != NULL && first->due_ns <= now_ns) {
        disarm(first);
        first->call(first->context); /* which may free any of them */
    }
    set_alarm(loop);
}

static int open_alarm(struct loop *loop)
{
    TAILQ_INIT(&loop->armed);
    loop->alarm_ns = UINT64_MAX;
    loop->alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->alarm_fd < 0)
        return -1;
    loop->alarm = event_new(loop->base, loop->alarm_fd, EV_READ | EV_PERSIST, run_timers, loop);
    if (loop->alarm == NULL || event_priority_set(loop->alarm, LOOP_CONTROL) != 0)
        return -1;
    return event_add(loop->alarm, NULL);
}

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL)
        return NULL;
    event_set_log_callback(write_log);
    signal(SIGPIPE, SIG_IGN); /* a peer that went away is an error of its stream, not of the program */
    loop->alarm_fd = -1;
    loop->base = new_base();
    if (loop->base == NULL || open_alarm(loop) != 0) {
        loop_free(loop);
        return NULL;
    }
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    while (loop->base != NULL && !TAILQ_EMPTY(&loop->armed))
        disarm(TAILQ_FIRST(&loop->armed));
    if (loop->alarm != NULL)
        event_free(loop->alarm);
    if (loop->alarm_fd >= 0)
        close(loop->alarm_fd);
    if (loop->base != NULL)
        event_base_free(loop->base);
    free(loop);
}

int loop_run(struct loop *loop)
{
    int status = 0;
    while (!loop->stopped && status == 0)
        status = event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    loop->stopped = false;
    return status < 0 ? -EIO : 0;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
    event_base_loopbreak(loop->base);
}

static void call_source(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    const struct loop_source *source = context;
    source->call(source->context); /* which may free the source */
}

static struct loop_source *new_source(struct loop *loop, enum loop_rank rank, int fd, short what,
                                      void (*call)(void *context), void *context)
{
    struct loop_source *source = calloc(1, sizeof(*source));
    if (source == NULL)
        return NULL;
    source->call = call;
    source->context = context;
    source->event = event_new(loop->base, fd, what, call_source, source);
    if (source->event == NULL || event_priority_set(source->event, (int)rank) != 0) {
        loop_source_free(source);
        return NULL;
    }
    return source;
}

static struct loop_source *start_source(struct loop_source *source)
{
    if (source != NULL && event_add(source->event, NULL) != 0) {
        loop_source_free(source);
        return NULL;
    }
    return source;
}

struct loop_source *loop_readable(struct loop *loop, enum loop_rank rank, int fd, void (*ready)(void *context),
                                  void *context)
{
    return start_source(new_source(loop, rank, fd, EV_READ | EV_PERSIST, ready, context));
}

struct loop_source *loop_signal(struct loop *loop, int signal_number, void (*fired)(void *context),
                                void *context)
{
    return start_source(new_source(loop, LOOP_CONTROL, signal_number, EV_SIGNAL | EV_PERSIST, fired, context));
}

struct loop_source *loop_timer(struct loop *loop, void (*fired)(void *context), void *context)
{
    struct loop_source *timer = calloc(1, sizeof(*timer));
    if (timer != NULL)
        *timer = (struct loop_source){.call = fired, .context = context, .loop = loop};
    return timer;
}

void loop_timer_set(struct loop_source *timer, uint64_t delay_ns)
{
    disarm(timer);
    if (delay_ns != UINT64_MAX) {
        const uint64_t now_ns = monotonic_ns();
        arm(timer, delay_ns < DELAY_MAX_NS ? now_ns + delay_ns : now_ns + DELAY_MAX_NS);
    }
    set_alarm(timer->loop);
}

void loop_source_free(struct loop_source *source)
{
    if (source == NULL)
        return;
    if (source->event != NULL)
        event_free(source->event);
    disarm(source);
    free(source);
}

/* Streams. Every callback enters and leaves: the stream stays whole while one of them runs. */

static void enter(struct loop_stream *stream)
{
    stream->busy++;
}

static void leave(struct loop_stream *stream)
{
    if (--stream->busy > 0 || !stream->freed)
        return;
    event_free(stream->silence);
    bufferevent_free(stream->buffers);
    free(stream);
}

static void end(struct loop_stream *stream)
{
    if (stream->over)
        return;
    stream->over = true;
    bufferevent_disable(stream->buffers, EV_READ | EV_WRITE);
    event_del(stream->silence);
    stream->calls->ended(stream, stream->context);
}

/* One line of the input, if a whole one is there. */
static bool take_line(struct loop_stream *stream)
{
    struct evbuffer *input = bufferevent_get_input(stream->buffers);
    const struct evbuffer_ptr newline = evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_LF);
    const size_t length = newline.pos < 0 ? evbuffer_get_length(input) : (size_t)newline.pos;
    if (length > stream->line_max) {
        end(stream);
        return false;
    }
    if (newline.pos < 0)
        return false;
    const char *line = (const char *)evbuffer_pullup(input, (ev_ssize_t)length + 1);
    if (line == NULL) {
        end(stream);
        return false;
    }
    stream->calls->line(stream, line, length, stream->context);
    evbuffer_drain(input, length + 1);
    return true;
}

/* Hands out the lines that are there, as long as the peer reads the answers, and ends the stream
 * when nothing more will come of it. */
static void serve(struct loop_stream *stream)
{
    while (!stream->over && !stream->finishing) {
        if (loop_stream_waiting(stream) > OUTPUT_HIGH_BYTES) {
            bufferevent_disable(stream->buffers, EV_READ);
            return;
        }
        if (!take_line(stream))
            break;
    }
    if (stream->over)
        return;
    if (stream->finishing || stream->eof) {
        if (loop_stream_waiting(stream) == 0)
            end(stream);
        return;
    }
    bufferevent_enable(stream->buffers, EV_READ);
}

static void on_read(struct bufferevent *buffers, void *context)
{
    (void)buffers;
    struct loop_stream *stream = context;
    enter(stream);
    serve(stream);
    leave(stream);
}

static void on_write(struct bufferevent *buffers, void *context)
{
    (void)buffers;
    struct loop_stream *stream = context;
    enter(stream);
    if (!stream->over && !stream->finishing && stream->calls->drained != NULL)
        stream->calls->drained(stream, stream->context);
    serve(stream);
    leave(stream);
}

static void on_event(struct bufferevent *buffers, short what, void *context)
{
    (void)buffers;
    struct loop_stream *stream = context;
    enter(stream);
    if ((what & BEV_EVENT_EOF) != 0 && (what & BEV_EVENT_READING) != 0) {
        stream->eof = true; /* it may have closed one direction alone: what it asked for still leaves */
        serve(stream);
    } else {
        end(stream);
    }
    leave(stream);
}

static void on_silence(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct loop_stream *stream = context;
    enter(stream);
    end(stream);
    leave(stream);
}

static void watch_silence(struct loop_stream *stream)
{
    if (stream->over)
        return;
    if (stream->silence_max.tv_sec == 0)
        event_del(stream->silence);
    else
        event_add(stream->silence, &stream->silence_max);
}

static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *context)
{
    (void)input;
    if (info->n_added > 0)
        watch_silence(context);
}

static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *context)
{
    (void)output;
    if (info->n_deleted > 0)
        watch_silence(context);
}

static bool set_up_buffers(struct loop_stream *stream)
{
    struct bufferevent *buffers = stream->buffers;
    bufferevent_setcb(buffers, on_read, on_write, on_event, stream);
    bufferevent_setwatermark(buffers, EV_READ, 0, stream->line_max + 1);
    bufferevent_setwatermark(buffers, EV_WRITE, OUTPUT_LOW_BYTES, 0);
    return bufferevent_priority_set(buffers, LOOP_FRAMES) == 0 &&
           bufferevent_set_max_single_read(buffers, READ_BYTES) == 0 &&
           evbuffer_add_cb(bufferevent_get_input(buffers), on_input, stream) != NULL &&
           evbuffer_add_cb(bufferevent_get_output(buffers), on_output, stream) != NULL &&
           bufferevent_enable(buffers, EV_READ | EV_WRITE) == 0;
}

struct loop_stream *loop_stream_new(struct loop *loop, int fd, size_t line_max,
                                    const struct loop_stream_calls *calls, void *context)
{
    struct loop_stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        close(fd);
        return NULL;
    }
    stream->calls = calls;
    stream->context = context;
    stream->line_max = line_max;
    stream->silence = event_new(loop->base, -1, 0, on_silence, stream);
    stream->buffers = bufferevent_socket_new(loop->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (stream->silence != NULL && event_priority_set(stream->silence, LOOP_CONTROL) == 0 &&
        stream->buffers != NULL && evutil_make_socket_nonblocking(fd) == 0 && set_up_buffers(stream)) {
        return stream;
    }
    if (stream->silence != NULL)
        event_free(stream->silence);
    if (stream->buffers != NULL)
        bufferevent_free(stream->buffers);
    else
        close(fd);
    free(stream);
    return NULL;
}

void loop_stream_write(struct loop_stream *stream, const void *bytes, size_t length)
{
    if (stream->over || stream->finishing)
        return;
    if (loop_stream_waiting(stream) == 0)
        watch_silence(stream); /* from now on the peer has something to read */
    if (bufferevent_write(stream->buffers, bytes, length) != 0)
        bufferevent_trigger_event(stream->buffers, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
}

int loop_stream_pass(struct loop_stream *stream, const void *bytes, size_t length, const int *fds,
                     unsigned count)
{
    union {
        char bytes[CMSG_SPACE(LOOP_PASS_MOST * sizeof(int))];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec text = {(void *)(uintptr_t)bytes, length}; /* NOLINT: sendmsg() does not change it */
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
    if (stream->over || stream->finishing || loop_stream_waiting(stream) > 0 || count > LOOP_PASS_MOST)
        return -EBUSY;
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    const ssize_t sent = sendmsg(bufferevent_getfd(stream->buffers), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent == (ssize_t)length ? 0 : sent < 0 ? -errno : -EIO;
}

size_t loop_stream_waiting(const struct loop_stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(stream->buffers));
}

void loop_stream_finish(struct loop_stream *stream)
{
    if (stream->over || stream->finishing)
        return;
    stream->finishing = true;
    bufferevent_disable(stream->buffers, EV_READ);
    if (loop_stream_waiting(stream) == 0)
        bufferevent_trigger(stream->buffers, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
}

void loop_stream_timeout(struct loop_stream *stream, uint32_t seconds)
{
    stream->silence_max = (struct timeval){.tv_sec = seconds};
    watch_silence(stream);
}

void loop_stream_free(struct loop_stream *stream)
{
    if (stream == NULL || stream->freed)
        return;
    stream->over = stream->freed = true;
    enter(stream);
    leave(stream);
}

/* Parts for http_server.c. */

struct event_base *loop_http_base_new(void)
{
    return new_base();
}

void loop_http_base_free(struct event_base *base)
{
    if (base != NULL)
        event_base_free(base);
}

void loop_http_pass(struct event_base *base)
{
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

struct bufferevent *loop_http_buffers_new(struct event_base *base)
{
    struct bufferevent *buffers = bufferevent_socket_new(base, -1, 0);
    if (buffers == NULL)
        return NULL;
    (void)bufferevent_set_max_single_read(buffers, READ_BYTES);
    (void)bufferevent_set_max_single_write(buffers, HTTP_WRITE_BYTES);
    bufferevent_incref(buffers);
    return buffers;
}

/* bufferevent_free() takes the callbacks away, whoever holds a reference. */
bool loop_http_buffers_are_left(struct bufferevent *buffers)
{
    bufferevent_event_cb callback = NULL;
    bufferevent_getcb(buffers, NULL, NULL, &callback, NULL);
    return callback == NULL;
}

void loop_http_buffers_release(struct bufferevent *buffers)
{
    (void)bufferevent_decref(buffers);
}

size_t loop_http_buffers_waiting(struct bufferevent *buffers)
{
    return evbuffer_get_length(bufferevent_get_output(buffers));
}

void loop_http_buffers_cut(struct bufferevent *buffers)
{
    const evutil_socket_t fd = bufferevent_getfd(buffers);
    if (fd >= 0)
        (void)shutdown(fd, SHUT_RDWR);
}

bool loop_http_bytes_add(struct evbuffer *buffer, const void *bytes, size_t length)
{
    return evbuffer_add(buffer, bytes, length) == 0;
}
