/* settings_watch.c: see settings_watch.h. */
#include "settings_watch.h"

#include "pearpd/clock.h"
#include "pearpd/netlink_host.h"

#include <errno.h>
#include <stdlib.h>

#define BURST_NS (100 * NS_PER_MS)
#define GAP_S    1
#define GAP_MAX  60

struct settings_watch {
    struct netlink *netlink;
    struct loop_source *news, *timer;
    bool (*look)(void *context);
    void *context;
    bool armed;
    uint64_t not_before_ns, restored_ns;
    uint32_t gap_s;
};

void settings_watch_look_soon(struct settings_watch *watch)
{
    const uint64_t now_ns = clock_now_ns();
    if (watch->armed)
        return;
    watch->armed = true;
    const uint64_t wait_ns = watch->not_before_ns > now_ns ? watch->not_before_ns - now_ns : 0;
    loop_timer_set(watch->timer, wait_ns > BURST_NS ? wait_ns : BURST_NS);
}

static void on_timer(void *context)
{
    struct settings_watch *watch = context;
    watch->armed = false;
    if (!watch->look(watch->context))
        return;
    const uint64_t now_ns = clock_now_ns();
    const bool again = watch->restored_ns != 0 && now_ns - watch->restored_ns < (watch->gap_s + 60) * NS_PER_S;
    watch->gap_s = !again ? GAP_S : watch->gap_s * 2 > GAP_MAX ? GAP_MAX : watch->gap_s * 2;
    watch->restored_ns = now_ns;
    watch->not_before_ns = now_ns + watch->gap_s * NS_PER_S;
}

static void on_news(void *context)
{
    struct settings_watch *watch = context;
    bool changed = false;
    if (netlink_read_host(watch->netlink, &changed) != 0 || changed) /* some were lost, or one is of interest */
        settings_watch_look_soon(watch);
}

struct settings_watch *settings_watch_new(struct loop *loop, bool (*look)(void *context), void *context)
{
    struct settings_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        return NULL;
    *watch = (struct settings_watch){.netlink = netlink_watch_host(), .look = look, .context = context};
    int error = watch->netlink == NULL ? errno : 0;
    if (error == 0) {
        watch->news = loop_readable(loop, LOOP_CONTROL, netlink_fd(watch->netlink), on_news, watch);
        watch->timer = loop_timer(loop, on_timer, watch);
        error = watch->news == NULL || watch->timer == NULL ? ENOMEM : 0;
    }
    if (error == 0)
        return watch;
    settings_watch_free(watch);
    errno = error;
    return NULL;
}

void settings_watch_free(struct settings_watch *watch)
{
    if (watch == NULL)
        return;
    loop_source_free(watch->news);
    loop_source_free(watch->timer);
    netlink_close(watch->netlink);
    free(watch);
}
