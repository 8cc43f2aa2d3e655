/* lease_follower.c: see lease_follower.h. */
#include "lease_follower.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include "lease_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 10

struct lease_follower {
    struct lease_following following;
    int watch;
    struct loop_source *readable, *timer;
    struct dhcp_client *client;
    struct lease lease; /* of the last changed() */
    bool none_logged;   /* that none came, since the last one */
};

static bool is_same(const struct lease *a, const struct lease *b)
{
    if (!a->bound || !b->bound)
        return a->bound == b->bound;
    return port_range_equal(&a->held, &b->held) && a->gateway.host == b->gateway.host;
}

static void arm(struct lease_follower *f)
{
    const uint64_t now_ns = clock_now_ns(), until_ns = f->lease.until_s * NS_PER_S;
    if (!f->lease.bound && f->client != NULL && !f->none_logged)
        loop_timer_set(f->timer, PATIENCE_S * NS_PER_S);
    else if (!f->lease.bound || f->lease.until_s == LEASE_FOREVER_S)
        loop_timer_set(f->timer, UINT64_MAX);
    else
        loop_timer_set(f->timer, until_ns > now_ns ? until_ns - now_ns : 0);
}

static void take(struct lease_follower *f, const struct lease *lease)
{
    char held[PORT_RANGE_TEXT_BYTES];
    const bool same = is_same(&f->lease, lease);
    if (lease->bound && f->client != NULL)
        dhcp_client_succeeded(f->client);
    if (lease->bound && !same)
        log_notice("leased %s", port_range_format(&lease->held, held));
    else if (lease->bound)
        log_info("the lease of %s was renewed", port_range_format(&lease->held, held));
    f->lease = *lease;
    f->none_logged = f->none_logged && !lease->bound;
    arm(f);
    if (!same)
        f->following.changed(&f->lease, f->following.context);
}

static void look(struct lease_follower *f)
{
    struct lease lease;
    char held[PORT_RANGE_TEXT_BYTES];
    const int error =
        lease_file_read(f->following.directory, f->following.interface, clock_now_ns() / NS_PER_S, &lease);
    if (error == 0 && f->lease.bound && !lease.bound)
        log_notice("the lease of %s is over", port_range_format(&f->lease.held, held));
    if (error == 0)
        take(f, &lease);
}

static void on_readable(void *context)
{
    struct lease_follower *f = context;
    if (lease_file_changed(f->watch, f->following.interface))
        look(f);
}

/* Nobody renewed it: its ports may be another host's from now on. Or none came yet. */
static void on_timer(void *context)
{
    struct lease_follower *f = context;
    if (!f->lease.bound) {
        log_warning(
            "no lease with ports (option 159) on %s yet: no DHCP server gives one; the client goes on asking",
            f->following.interface);
        f->none_logged = true;
    }
    look(f);
}

struct lease_follower *lease_follower_new(const struct lease_following *following)
{
    struct lease_follower *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        log_error("%s", strerror(ENOMEM));
        return NULL;
    }
    *f = (struct lease_follower){.following = *following, .watch = lease_file_watch(following->directory)};
    if (f->watch < 0) {
        log_error("cannot watch /run/pearp-agent: %s", strerror(-f->watch));
        free(f);
        return NULL;
    }
    f->readable = loop_readable(following->loop, LOOP_CONTROL, f->watch, on_readable, f);
    f->timer = loop_timer(following->loop, on_timer, f);
    bool good = f->readable != NULL && f->timer != NULL;
    if (!good)
        log_error("%s", strerror(ENOMEM));
    if (good && following->client != DHCP_CLIENT_NONE) {
        f->client =
            dhcp_client_new(following->loop, following->directory, following->interface, following->client);
        good = f->client != NULL;
    }
    if (good)
        return f;
    lease_follower_free(f);
    return NULL;
}

void lease_follower_start(struct lease_follower *f)
{
    /* What an earlier client left is not this one's. */
    if (f->client != NULL)
        (void)lease_file_remove(f->following.directory, f->following.interface);
    look(f);
    if (f->client != NULL)
        dhcp_client_start(f->client);
}

const struct lease *lease_follower_lease(const struct lease_follower *f)
{
    return &f->lease;
}

void lease_follower_free(struct lease_follower *f)
{
    if (f == NULL)
        return;
    dhcp_client_free(f->client);
    if (f->client != NULL)
        (void)lease_file_remove(f->following.directory, f->following.interface);
    loop_source_free(f->readable);
    loop_source_free(f->timer);
    close(f->watch);
    free(f);
}
