/* round_trip.c: the round trip of single frames over an idle contestant, for `make bench`.
 * In: `echo IFACE` at the hosts' end; `ask PLAN IFACE TO-MAC FROM-MAC COUNT` at the router's, a frame a millisecond.
 * Out of ask: {"answers": N, "lost": N, "median_us": T, "p99_us": T}. Called by: scripts/bench.
 * Both ends sleep until a frame is there, as hosts do. */
#include "flood_frame.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <signal.h>
#include <sys/time.h>

#define QUESTION  0x7065613fU
#define ANSWER    0x70656121U
#define BYTES     60
#define LONGEST_S 120
#define WAIT_S    0.2

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static void swap(uint8_t *a, uint8_t *b, size_t length)
{
    uint8_t kept[6];
    memcpy(kept, a, length);
    memcpy(a, b, length);
    memcpy(b, kept, length);
}

static bool has_mark(const uint8_t *frame, ssize_t length, uint32_t mark)
{
    return length >= BYTES && frame[23] == 17 && get32(frame + PLAN_V4_PAYLOAD) == mark;
}

/* For frames with `mark` alone, so that a flood beside them costs nothing here; at most WAIT_S for one. */
static int waiting_socket(const char *interface, uint32_t mark)
{
    struct sock_filter has_mark_only[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, PLAN_V4_PAYLOAD),
                                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mark, 0, 1),
                                          BPF_STMT(BPF_RET | BPF_K, 0xffff), BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog filter = {.len = 4, .filter = has_mark_only};
    const struct timeval wait = {.tv_usec = (suseconds_t)(WAIT_S * 1e6)};
    const int fd = packet_socket(interface, ETH_P_IP);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0) {
        perror("round_trip");
        exit(1);
    }
    return fd;
}

static int echo(const char *interface)
{
    const int fd = waiting_socket(interface, QUESTION);
    const double end_s = now_s() + LONGEST_S;
    uint8_t f[2048];
    fprintf(stderr, "ready\n");
    while (!stopping && now_s() < end_s) {
        const ssize_t length = recv(fd, f, sizeof(f), 0);
        if (!has_mark(f, length, QUESTION))
            continue;
        swap(f, f + 6, 6);
        swap(f + 26, f + 30, 4);
        swap(f + 34, f + 36, 2);
        put32(f + PLAN_V4_PAYLOAD, ANSWER);
        put16(f + 40, 0); /* no checksum (RFC 768) */
        if (send(fd, f, (size_t)length, 0) < 0)
            perror("round_trip: echo");
    }
    return 0;
}

/* Seconds until the answer to `number` is there; below 0: there was none. */
static double wait_answer(int fd, uint32_t number, double since_s)
{
    uint8_t f[2048];
    for (double now = since_s; now < since_s + WAIT_S; now = now_s()) {
        const ssize_t length = recv(fd, f, sizeof(f), 0);
        if (has_mark(f, length, ANSWER) && get32(f + PLAN_V4_PAYLOAD + 4) == number)
            return now_s() - since_s;
    }
    return -1;
}

static int order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int ask(struct flood *flood, const char *interface, uint32_t count)
{
    const int fd = waiting_socket(interface, ANSWER);
    const uint32_t step = flood_step(flood->places);
    double *took = calloc(count, sizeof(*took));
    uint32_t answers = 0, asked = 0;
    for (uint32_t place = 0; took != NULL && asked < count && !stopping; asked++) {
        flood_fill(flood, flood->frame, place, asked);
        place = (place + step) % flood->places;
        const double start = now_s();
        if (send(fd, flood->frame, BYTES, 0) < 0)
            perror("round_trip: ask");
        const double seconds = wait_answer(fd, asked, start);
        if (seconds >= 0)
            took[answers++] = seconds;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (answers > 0)
        qsort(took, answers, sizeof(*took), order);
    printf("{\"answers\": %u, \"lost\": %u, \"median_us\": %.1f, \"p99_us\": %.1f}\n", answers, asked - answers,
           answers > 0 ? took[answers / 2] * 1e6 : 0.0, answers > 0 ? took[answers * 99 / 100] * 1e6 : 0.0);
    free(took);
    return 0;
}

int main(int argc, char **argv)
{
    static struct flood flood = {.kind = FLOOD_UDP4, .mark = QUESTION, .bytes = BYTES};
    uint8_t to[6], from[6];
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    if (argc == 3 && strcmp(argv[1], "echo") == 0)
        return echo(argv[2]);
    if (argc != 7 || strcmp(argv[1], "ask") != 0 || !plan_read(&flood.plan, argv[2]) ||
        !read_mac(argv[4], to) || !read_mac(argv[5], from)) {
        fprintf(stderr, "usage: round_trip echo IFACE | ask PLAN IFACE TO-MAC FROM-MAC COUNT\n");
        return 2;
    }
    flood_begin(&flood, to, from);
    return ask(&flood, argv[3], (uint32_t)strtoul(argv[6], NULL, 10));
}
