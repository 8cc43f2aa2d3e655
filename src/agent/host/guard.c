/* guard.c: see guard.h. */
#include "guard.h"

#include "pearpd/clock.h"
#include "pearpd/netlink_host.h"

#include <errno.h>
#include <stdlib.h>

#define BURST_NS (100 * NS_PER_MS)
#define GAP_S    1
#define GAP_MAX  60

struct guard {
    struct netlink *netlink;
    struct loop_source *news, *timer;
    bool (*look)(void *context);
    void *context;
    bool armed;
    uint64_t not_before_ns, restored_ns;
    uint32_t gap_s;
};

void guard_hurry(struct guard *guard)
{
    const uint64_t now_ns = clock_now_ns();
    if (guard->armed)
        return;
    guard->armed = true;
    const uint64_t wait_ns = guard->not_before_ns > now_ns ? guard->not_before_ns - now_ns : 0;
    loop_timer_set(guard->timer, wait_ns > BURST_NS ? wait_ns : BURST_NS);
}

static void on_timer(void *context)
{
    struct guard *guard = context;
    guard->armed = false;
    if (!guard->look(guard->context))
        return;
    const uint64_t now_ns = clock_now_ns();
    const bool again = guard->restored_ns != 0 && now_ns - guard->restored_ns < (guard->gap_s + 60) * NS_PER_S;
    guard->gap_s = !again ? GAP_S : guard->gap_s * 2 > GAP_MAX ? GAP_MAX : guard->gap_s * 2;
    guard->restored_ns = now_ns;
    guard->not_before_ns = now_ns + guard->gap_s * NS_PER_S;
}

static void on_news(void *context)
{
    struct guard *guard = context;
    bool changed = false;
    if (netlink_read_host(guard->netlink, &changed) != 0 || changed) /* some were lost, or one is of interest */
        guard_hurry(guard);
}

struct guard *guard_new(struct loop *loop, bool (*look)(void *context), void *context)
{
    struct guard *guard = calloc(1, sizeof(*guard));
    if (guard == NULL)
        return NULL;
    *guard = (struct guard){.netlink = netlink_watch_host(), .look = look, .context = context};
    int error = guard->netlink == NULL ? errno : 0;
    if (error == 0) {
        guard->news = loop_readable(loop, LOOP_CONTROL, netlink_fd(guard->netlink), on_news, guard);
        guard->timer = loop_timer(loop, on_timer, guard);
        error = guard->news == NULL || guard->timer == NULL ? ENOMEM : 0;
    }
    if (error == 0)
        return guard;
    guard_free(guard);
    errno = error;
    return NULL;
}

void guard_free(struct guard *guard)
{
    if (guard == NULL)
        return;
    loop_source_free(guard->news);
    loop_source_free(guard->timer);
    netlink_close(guard->netlink);
    free(guard);
}
