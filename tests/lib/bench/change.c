/* change.c: changes the table of a running pearpd while frames pass: each range of the plan that moves is deleted, and added
 * for the other of its two hosts, again and again, over the control socket.
 * In: SOCKET PLAN RATE SECONDS [AT-ONCE]; RATE in changes a second, a delete or an add each; AT-ONCE (32) clients at a time.
 * First it adds all of them, and says `ready` on stderr; at last each is at its own host again.
 * Out: {"changes": N, "rate": R}. Exit status: 1 if one is refused.
 * Called by: scripts/table-changes. */
#include "flood_frame.h"

#include <signal.h>
#include <sys/un.h>
#include <unistd.h>

#define AT_ONCE_MOST 32 /* fewer than [limits] control-clients */
#define LINE_BYTES   128

struct changer {
    struct sockaddr_un socket;
    struct plan plan;
    uint32_t next; /* of all ranges of the plan */
    bool is_away;  /* those before `next` are at the host that is not theirs, or the others are */
    uint64_t changes;
};

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static uint32_t port_of(const struct changer *c, uint32_t range)
{
    return range % c->plan.ranges * c->plan.width;
}

/* The next range that moves. False: it was the last one. */
static bool next_range(struct changer *c, uint32_t *range)
{
    const uint32_t all = c->plan.addresses * c->plan.ranges;
    while (c->next < all && !plan_moves(&c->plan, port_of(c, c->next)))
        c->next++;
    *range = c->next;
    return c->next++ < all;
}

static size_t write_line(const struct changer *c, char line[static LINE_BYTES], uint32_t range, bool adds)
{
    const uint32_t index = range / c->plan.ranges, port = port_of(c, range);
    const struct in_addr address = {htonl(c->plan.address + index)};
    const uint32_t host = plan_owner(&c->plan, index, port) + (c->is_away ? c->plan.hosts : 0);
    uint8_t m[6];
    put_host_mac(m, host);
    int length = snprintf(line, LINE_BYTES, "%s %s:%u-%u", adds ? "add" : "delete", inet_ntoa(address),
                          PLAN_FIRST_PORT + port, PLAN_FIRST_PORT + port + c->plan.width - 1);
    if (adds)
        length += snprintf(line + length, LINE_BYTES - (size_t)length, " %02x:%02x:%02x:%02x:%02x:%02x", m[0],
                           m[1], m[2], m[3], m[4], m[5]);
    line[length++] = '\n';
    return (size_t)length;
}

/* One request, one connection: all are asked, then all answers are read. */
static bool change(struct changer *c, const uint32_t *ranges, unsigned count, bool adds)
{
    int clients[AT_ONCE_MOST];
    bool all = true;
    for (unsigned n = 0; n < count; n++) {
        char line[LINE_BYTES];
        const size_t length = write_line(c, line, ranges[n], adds);
        clients[n] = socket(AF_UNIX, SOCK_STREAM, 0);
        all = connect(clients[n], (const struct sockaddr *)&c->socket, sizeof(c->socket)) == 0 &&
              write(clients[n], line, length) == (ssize_t)length && all;
    }
    for (unsigned n = 0; n < count; n++) {
        char answer[LINE_BYTES] = "";
        const ssize_t length = read(clients[n], answer, sizeof(answer) - 1);
        if (length < 2 || memcmp(answer, "ok", 2) != 0) {
            fprintf(stderr, "change: %s", length > 0 ? answer : "no answer\n");
            all = false;
        }
        close(clients[n]);
    }
    c->changes += count;
    return all;
}

/* The next ranges; after the last one, all go back to the host that they came from. */
static unsigned next_ranges(struct changer *c, uint32_t *ranges, unsigned most)
{
    unsigned count = 0;
    while (count < most && next_range(c, &ranges[count]))
        count++;
    if (count > 0)
        return count;
    c->next = 0;
    c->is_away = !c->is_away;
    return 0;
}

static bool begin(struct changer *c, unsigned at_once)
{
    uint32_t ranges[AT_ONCE_MOST];
    for (unsigned count; (count = next_ranges(c, ranges, at_once)) > 0;)
        if (!change(c, ranges, count, true))
            return false;
    c->changes = 0;
    fprintf(stderr, "ready\n");
    return true;
}

/* Each is deleted and added again, for the host that is its own. */
static bool bring_home(struct changer *c, unsigned at_once)
{
    uint32_t ranges[AT_ONCE_MOST];
    c->next = 0;
    c->is_away = false;
    for (unsigned count; (count = next_ranges(c, ranges, at_once)) > 0;)
        if (!change(c, ranges, count, false) || !change(c, ranges, count, true))
            return false;
    return true;
}

static bool run(struct changer *c, double rate, double seconds, unsigned at_once)
{
    const double start_s = now_s();
    double passed_s;
    uint32_t ranges[AT_ONCE_MOST];
    while (!stopping && (passed_s = now_s() - start_s) < seconds) {
        if ((double)c->changes > passed_s * rate) {
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
            continue;
        }
        const unsigned count = next_ranges(c, ranges, at_once);
        if (count > 0 && (!change(c, ranges, count, false) || !change(c, ranges, count, true)))
            return false;
    }
    printf("{\"changes\": %llu, \"rate\": %.0f}\n", (unsigned long long)c->changes,
           (double)c->changes / (now_s() - start_s));
    return bring_home(c, at_once);
}

int main(int argc, char **argv)
{
    struct changer c = {.socket.sun_family = AF_UNIX};
    const unsigned long at_once = argc > 5 ? strtoul(argv[5], NULL, 10) : AT_ONCE_MOST;
    if (argc < 5 || strlen(argv[1]) >= sizeof(c.socket.sun_path) || !plan_read(&c.plan, argv[2]) ||
        c.plan.moving == 0 || at_once == 0 || at_once > AT_ONCE_MOST) {
        fprintf(stderr,
                "usage: change SOCKET PLAN RATE SECONDS [AT-ONCE]; some of the plan's ranges must move\n");
        return 2;
    }
    strcpy(c.socket.sun_path, argv[1]);
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    return begin(&c, (unsigned)at_once) &&
                   run(&c, strtod(argv[3], NULL), strtod(argv[4], NULL), (unsigned)at_once)
               ? 0
               : 1;
}
