/* test_loop.c: ranks, timers, signals and streams, over pipes and socket pairs. */
#include "pearpd/loop.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE_MAX_BYTES 16
#define MS_NS          UINT64_C(1000000)

/* Calls of libevent and of loop.c, which set the one clock of all timers. */
static unsigned clock_sets;

int timerfd_settime(int fd, int flags, const struct itimerspec *time, struct itimerspec *before)
{
    clock_sets++;
    return (int)syscall(SYS_timerfd_settime, fd, flags, time, before);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void stop(void *context)
{
    loop_stop(context);
}

/* Runs the loop for a moment, in which what is ready is served many times over. */
static void run_for(struct loop *loop, uint64_t delay_ns)
{
    struct loop_source *timer = loop_timer(loop, stop, loop);
    assert_non_null(timer);
    loop_timer_set(timer, delay_ns);
    assert_int_equal(loop_run(loop), 0);
    loop_source_free(timer);
}

struct counter {
    struct loop *loop;
    struct loop_source *source;
    int fd;
    unsigned calls, stop_at;
    char *order, mark;
};

static void count(void *context)
{
    struct counter *counter = context;
    counter->calls++;
    if (counter->order != NULL)
        strncat(counter->order, &counter->mark, 1);
    if (counter->calls == counter->stop_at)
        loop_stop(counter->loop);
}

static void test_stop_before_run(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    assert_non_null(loop);
    loop_stop(loop);
    assert_int_equal(loop_run(loop), 0);
    loop_free(loop);
    loop_free(NULL);
}

static void test_timer(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct counter counter = {.loop = loop, .stop_at = 1};
    counter.source = loop_timer(loop, count, &counter);
    for (unsigned i = 0; i < 20; i++) {
        const uint64_t start_ns = now_ns(), delay_ns = 1 + i * MS_NS / 7;
        counter.calls = 0;
        loop_timer_set(counter.source, delay_ns);
        assert_int_equal(loop_run(loop), 0);
        assert_true(now_ns() - start_ns >= delay_ns); /* never early */
        assert_int_equal(counter.calls, 1);
    }
    counter.calls = 0;
    run_for(loop, 5 * MS_NS);
    assert_int_equal(counter.calls, 0); /* once means once */
    loop_timer_set(counter.source, MS_NS);
    loop_timer_set(counter.source, UINT64_MAX);
    run_for(loop, 5 * MS_NS);
    assert_int_equal(counter.calls, 0);
    loop_timer_set(counter.source, UINT64_MAX - 1);
    run_for(loop, 5 * MS_NS);
    assert_int_equal(counter.calls, 0);
    loop_source_free(counter.source);
    loop_free(loop);
}

struct late {
    struct loop_source *timer;
    struct loop *loop;
    uint64_t armed_ns, fired_ns;
};

static void late_fired(void *context)
{
    struct late *late = context;
    late->fired_ns = now_ns();
    loop_stop(late->loop);
}

static void arm_after_long_work(void *context)
{
    struct late *late = context;
    const struct timespec work = {.tv_nsec = 20 * 1000 * 1000};
    nanosleep(&work, NULL);
    late->armed_ns = now_ns();
    loop_timer_set(late->timer, 10 * MS_NS);
}

static void test_timer_set_after_long_work_is_not_early(void **state)
{
    (void)state;
    struct late late = {.loop = loop_new()};
    late.timer = loop_timer(late.loop, late_fired, &late);
    struct loop_source *worker = loop_timer(late.loop, arm_after_long_work, &late);
    loop_timer_set(worker, 0);
    assert_int_equal(loop_run(late.loop), 0);
    assert_true(late.fired_ns >= late.armed_ns + 10 * MS_NS);
    loop_source_free(worker);
    loop_source_free(late.timer);
    loop_free(late.loop);
}

static void open_ready_pipe(int pipe_fds[static 2])
{
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
}

static void close_pipe(const int pipe_fds[static 2])
{
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

/* A call of the system for each wake costs a busy bridge more than what it does in that wake. */
static void test_wakes_set_no_clock(void **state)
{
    (void)state;
    int frames[2];
    open_ready_pipe(frames);
    struct loop *loop = loop_new();
    struct counter low = {.loop = loop, .stop_at = 100};
    low.source = loop_readable(loop, LOOP_FRAMES, frames[0], count, &low);
    struct loop_source *timer = loop_timer(loop, stop, loop);
    loop_timer_set(timer, 3600 * UINT64_C(1000000000));
    clock_sets = 0;
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(low.calls, 100);
    assert_int_equal(clock_sets, 0);
    loop_source_free(timer);
    loop_source_free(low.source);
    loop_free(loop);
    close_pipe(frames);
}

/* Timers fire in the order of their times, in whatever order they were set; one may end another. */
static void test_timers_in_order(void **state)
{
    (void)state;
    char order[8] = "";
    struct loop *loop = loop_new();
    struct counter counters[3];
    for (unsigned i = 0; i < 3; i++) {
        counters[i] = (struct counter){.loop = loop, .order = order, .mark = (char)('a' + i)};
        counters[i].source = loop_timer(loop, count, &counters[i]);
    }
    loop_timer_set(counters[0].source, 2 * MS_NS);
    loop_timer_set(counters[1].source, 3 * MS_NS);
    loop_timer_set(counters[2].source, MS_NS);
    loop_timer_set(counters[1].source, 0); /* again, earlier */
    run_for(loop, 10 * MS_NS);
    assert_string_equal(order, "bca");
    loop_timer_set(counters[0].source, MS_NS);
    loop_timer_set(counters[1].source, 2 * MS_NS);
    loop_source_free(counters[0].source);
    run_for(loop, 10 * MS_NS);
    assert_string_equal(order, "bcab");
    loop_source_free(counters[1].source);
    loop_source_free(counters[2].source);
    loop_free(loop);
}

static void test_signal(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct counter counter = {.loop = loop, .stop_at = 1};
    counter.source = loop_signal(loop, SIGUSR1, count, &counter);
    assert_non_null(counter.source);
    raise(SIGUSR1);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(counter.calls, 1);
    loop_source_free(counter.source);
    loop_free(loop);
}

static void test_level_triggered(void **state)
{
    (void)state;
    int pipe_fds[2];
    open_ready_pipe(pipe_fds);
    struct loop *loop = loop_new();
    struct counter counter = {.loop = loop, .stop_at = 3};
    counter.source = loop_readable(loop, LOOP_FRAMES, pipe_fds[0], count, &counter);
    assert_int_equal(loop_run(loop), 0); /* the one byte is never read: ready again and again */
    assert_int_equal(counter.calls, 3);
    loop_source_free(counter.source);
    loop_free(loop);
    close_pipe(pipe_fds);
}

static void test_control_comes_first(void **state)
{
    (void)state;
    int frames[2], control[2];
    char order[8] = "";
    open_ready_pipe(frames);
    open_ready_pipe(control);
    struct loop *loop = loop_new();
    struct counter low = {.loop = loop, .order = order, .mark = 'f'};
    struct counter high = {.loop = loop, .order = order, .mark = 'c', .stop_at = 3};
    low.source = loop_readable(loop, LOOP_FRAMES, frames[0], count, &low);
    high.source = loop_readable(loop, LOOP_CONTROL, control[0], count, &high);
    assert_int_equal(loop_run(loop), 0);
    assert_string_equal(order, "ccc");
    loop_source_free(high.source);
    loop_source_free(low.source);
    loop_free(loop);
    close_pipe(frames);
    close_pipe(control);
}

static void raise_signal(void *context)
{
    (void)context;
    raise(SIGUSR1);
}

static void test_frames_starve_neither_timers_nor_signals(void **state)
{
    (void)state;
    int frames[2];
    open_ready_pipe(frames);
    struct loop *loop = loop_new();
    struct counter low = {.loop = loop}, signals = {.loop = loop, .stop_at = 1};
    low.source = loop_readable(loop, LOOP_FRAMES, frames[0], count, &low);
    signals.source = loop_signal(loop, SIGUSR1, count, &signals);
    struct loop_source *timer = loop_timer(loop, raise_signal, NULL);
    loop_timer_set(timer, 5 * MS_NS);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(signals.calls, 1);
    assert_true(low.calls > 0);
    loop_source_free(timer);
    loop_source_free(signals.source);
    loop_source_free(low.source);
    loop_free(loop);
    close_pipe(frames);
}

static void free_itself(void *context)
{
    struct counter *counter = context;
    counter->calls++;
    loop_source_free(counter->source);
    counter->source = NULL;
    loop_stop(counter->loop);
}

static void test_source_frees_itself(void **state)
{
    (void)state;
    int pipe_fds[2];
    open_ready_pipe(pipe_fds);
    struct loop *loop = loop_new();
    struct counter counter = {.loop = loop};
    counter.source = loop_readable(loop, LOOP_FRAMES, pipe_fds[0], free_itself, &counter);
    assert_int_equal(loop_run(loop), 0);
    run_for(loop, MS_NS);
    assert_int_equal(counter.calls, 1);
    loop_source_free(counter.source); /* NULL */
    loop_free(loop);
    close_pipe(pipe_fds);
}

/* Streams: one end is ours, the other is a plain socket. */

enum on_line { LINE_KEEP, LINE_FREE, LINE_FINISH, LINE_FLOOD };

struct talk {
    struct loop *loop;
    struct loop_stream *stream;
    int peer;
    enum on_line on_line;
    char heard[256];
    unsigned lines, drained, ended;
    size_t most_waiting;
};

static char flood[8192];

static void heard_line(struct loop_stream *stream, const char *line, size_t length, void *context)
{
    struct talk *talk = context;
    assert_ptr_equal(stream, talk->stream);
    talk->lines++;
    switch (talk->on_line) {
    case LINE_KEEP:
        snprintf(talk->heard + strlen(talk->heard), sizeof(talk->heard) - strlen(talk->heard), "%.*s|",
                 (int)length, line);
        return;
    case LINE_FREE:
        loop_stream_free(stream);
        talk->stream = NULL;
        return;
    case LINE_FINISH:
        loop_stream_write(stream, "bye\n", 4);
        loop_stream_finish(stream);
        return;
    case LINE_FLOOD:
        loop_stream_write(stream, flood, sizeof(flood));
        if (loop_stream_waiting(stream) > talk->most_waiting)
            talk->most_waiting = loop_stream_waiting(stream);
        return;
    }
}

static void heard_drained(struct loop_stream *stream, void *context)
{
    struct talk *talk = context;
    assert_true(loop_stream_waiting(stream) <= 16384);
    talk->drained++;
}

static void heard_end(struct loop_stream *stream, void *context)
{
    struct talk *talk = context;
    talk->ended++;
    loop_stream_free(stream);
    talk->stream = NULL;
    loop_stop(talk->loop);
}

static const struct loop_stream_calls calls = {heard_line, heard_drained, heard_end};

static void start_talk(struct talk *talk, enum on_line on_line)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    *talk = (struct talk){.loop = loop_new(), .peer = fds[1], .on_line = on_line};
    assert_non_null(talk->loop);
    talk->stream = loop_stream_new(talk->loop, fds[0], LINE_MAX_BYTES, &calls, talk);
    assert_non_null(talk->stream);
}

static void say(const struct talk *talk, const char *text)
{
    assert_int_equal(send(talk->peer, text, strlen(text), 0), (ssize_t)strlen(text));
    run_for(talk->loop, 5 * MS_NS);
}

static void end_talk(struct talk *talk)
{
    loop_stream_free(talk->stream);
    loop_free(talk->loop);
    close(talk->peer);
}

/* Reads all that comes until the stream's end closes; the bytes. */
static size_t read_to_end(const struct talk *talk)
{
    char bytes[4096];
    size_t all = 0;
    for (ssize_t length; (length = recv(talk->peer, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;)
        all += (size_t)length;
    return all;
}

static void test_stream_lines(void **state)
{
    (void)state;
    struct talk talk;
    start_talk(&talk, LINE_KEEP);
    say(&talk, "one\ntwo\n\nthr");
    assert_string_equal(talk.heard, "one|two||");
    say(&talk, "ee\n");
    assert_string_equal(talk.heard, "one|two||three|");
    say(&talk, "sixteen letters!\n"); /* exactly the longest */
    assert_string_equal(talk.heard, "one|two||three|sixteen letters!|");
    assert_int_equal(talk.ended, 0);
    end_talk(&talk);
}

static void test_stream_line_too_long(void **state)
{
    (void)state;
    struct talk talk;
    start_talk(&talk, LINE_KEEP);
    say(&talk, "good\nseventeen letters\nmore\n");
    assert_string_equal(talk.heard, "good|");
    assert_int_equal(talk.ended, 1);
    end_talk(&talk);
    start_talk(&talk, LINE_KEEP);
    say(&talk, "seventeen letters"); /* its newline may never come */
    assert_int_equal(talk.ended, 1);
    end_talk(&talk);
}

static void test_stream_freed_in_its_callback(void **state)
{
    (void)state;
    struct talk talk;
    start_talk(&talk, LINE_FREE);
    say(&talk, "one\ntwo\nthree\n");
    assert_int_equal(talk.lines, 1);
    assert_int_equal(talk.ended, 0);
    end_talk(&talk);
}

static void test_stream_peer_closes(void **state)
{
    (void)state;
    struct talk talk;
    start_talk(&talk, LINE_KEEP);
    say(&talk, "one\nrest");
    shutdown(talk.peer, SHUT_RDWR);
    assert_int_equal(loop_run(talk.loop), 0);
    assert_string_equal(talk.heard, "one|");
    assert_int_equal(talk.ended, 1);
    end_talk(&talk);
}

static void test_stream_write_to_a_closed_peer(void **state)
{
    (void)state;
    struct talk talk;
    start_talk(&talk, LINE_FLOOD);
    assert_int_equal(send(talk.peer, "a\nb\nc\n", 6, 0), 6);
    close(talk.peer);
    talk.peer = -1;
    assert_int_equal(loop_run(talk.loop), 0);
    assert_int_equal(talk.ended, 1);
    end_talk(&talk);
}

static void test_stream_half_closed_gets_its_answer(void **state)
{
    (void)state;
    struct talk talk;
    start_talk(&talk, LINE_FLOOD);
    assert_int_equal(send(talk.peer, "a\nb\nc\n", 6, 0), 6);
    shutdown(talk.peer, SHUT_WR);
    assert_int_equal(loop_run(talk.loop), 0);
    assert_int_equal(talk.ended, 1);
    assert_int_equal(read_to_end(&talk), 3 * sizeof(flood));
    end_talk(&talk);
}

static void test_stream_finish(void **state)
{
    (void)state;
    struct talk talk;
    char answer[16];
    start_talk(&talk, LINE_FINISH);
    say(&talk, "one\ntwo\n");
    assert_int_equal(talk.lines, 1);
    assert_int_equal(talk.ended, 1);
    run_for(talk.loop, MS_NS); /* the descriptor closes on the next turn */
    assert_int_equal(recv(talk.peer, answer, sizeof(answer), MSG_DONTWAIT), 4);
    assert_int_equal(recv(talk.peer, answer, sizeof(answer), MSG_DONTWAIT), 0);
    end_talk(&talk);
    start_talk(&talk, LINE_KEEP);
    loop_stream_finish(talk.stream); /* nothing waits: ends by itself */
    assert_int_equal(talk.ended, 0); /* but not inside the call */
    assert_int_equal(loop_run(talk.loop), 0);
    assert_int_equal(talk.ended, 1);
    end_talk(&talk);
}

/* A peer that asks and never reads must not make us grow; when it reads, all answers come. */
static void test_stream_peer_that_does_not_read(void **state)
{
    (void)state;
    struct talk talk;
    start_talk(&talk, LINE_FLOOD);
    const unsigned asked = 2000;
    unsigned sent = 0;
    size_t got = 0;
    for (unsigned i = 0; i < 20 && sent < asked; i++) {
        while (sent < asked && send(talk.peer, "x\n", 2, MSG_DONTWAIT) == 2)
            sent++;
        run_for(talk.loop, 2 * MS_NS);
    }
    assert_true(talk.lines < asked / 2);
    assert_true(talk.most_waiting <= 65536 + 2 * sizeof(flood));
    for (unsigned i = 0; i < 100000 && got < sent * sizeof(flood); i++) {
        got += read_to_end(&talk);
        run_for(talk.loop, MS_NS / 10);
    }
    assert_int_equal(talk.lines, sent);
    assert_int_equal(got, sent * sizeof(flood));
    assert_true(talk.drained > 0);
    assert_int_equal(talk.ended, 0);
    end_talk(&talk);
}

static void test_stream_silence(void **state)
{
    (void)state;
    struct talk talk;
    start_talk(&talk, LINE_KEEP);
    loop_stream_timeout(talk.stream, 1);
    const uint64_t start_ns = now_ns();
    assert_int_equal(loop_run(talk.loop), 0);
    assert_int_equal(talk.ended, 1);
    assert_true(now_ns() - start_ns >= 990 * MS_NS);
    end_talk(&talk);
    start_talk(&talk, LINE_KEEP);
    loop_stream_timeout(talk.stream, 1);
    loop_stream_timeout(talk.stream, 0);
    run_for(talk.loop, 1100 * MS_NS);
    assert_int_equal(talk.ended, 0);
    end_talk(&talk);
}

static void test_stream_and_frames_in_turn(void **state)
{
    (void)state;
    int frames[2];
    open_ready_pipe(frames);
    struct talk talk;
    start_talk(&talk, LINE_KEEP);
    struct counter low = {.loop = talk.loop};
    low.source = loop_readable(talk.loop, LOOP_FRAMES, frames[0], count, &low);
    say(&talk, "one\n");
    assert_string_equal(talk.heard, "one|");
    assert_true(low.calls > 0);
    loop_source_free(low.source);
    end_talk(&talk);
    close_pipe(frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_before_run),
        cmocka_unit_test(test_timer),
        cmocka_unit_test(test_timer_set_after_long_work_is_not_early),
        cmocka_unit_test(test_wakes_set_no_clock),
        cmocka_unit_test(test_timers_in_order),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_level_triggered),
        cmocka_unit_test(test_control_comes_first),
        cmocka_unit_test(test_frames_starve_neither_timers_nor_signals),
        cmocka_unit_test(test_source_frees_itself),
        cmocka_unit_test(test_stream_lines),
        cmocka_unit_test(test_stream_line_too_long),
        cmocka_unit_test(test_stream_freed_in_its_callback),
        cmocka_unit_test(test_stream_peer_closes),
        cmocka_unit_test(test_stream_write_to_a_closed_peer),
        cmocka_unit_test(test_stream_half_closed_gets_its_answer),
        cmocka_unit_test(test_stream_finish),
        cmocka_unit_test(test_stream_peer_that_does_not_read),
        cmocka_unit_test(test_stream_silence),
        cmocka_unit_test(test_stream_and_frames_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
