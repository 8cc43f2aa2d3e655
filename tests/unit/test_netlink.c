/* test_netlink.c: links asked for and heard of, in a network namespace of its own (root). */
#include "pearpd/netlink.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool own_namespace;

static void need_namespace(void)
{
    if (!own_namespace)
        skip();
}

static void run(const char *command)
{
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void test_open_and_close(void **state)
{
    (void)state;
    struct netlink *netlink = netlink_open();
    assert_non_null(netlink);
    assert_true(netlink_fd(netlink) >= 0);
    netlink_close(netlink);
    netlink_close(NULL);
}

static void test_link_by_name(void **state)
{
    (void)state;
    struct link_info info;
    struct netlink *netlink = netlink_open();
    assert_non_null(netlink);
    assert_int_equal(netlink_link(netlink, "lo", &info), 0);
    assert_string_equal(info.name, "lo");
    assert_true(info.index > 0);
    assert_true(info.mtu_bytes > 0);
    assert_false(info.gone);
    assert_int_equal(netlink_link(netlink, "none-such", &info), -ENODEV);
    assert_int_equal(netlink_link(netlink, "", &info), -ENODEV);
    assert_int_equal(netlink_link(netlink, "sixteen-letters-", &info), -ENODEV);
    assert_int_equal(netlink_link(netlink, "lo", &info), 0); /* after an error too */
    netlink_close(netlink);
}

struct heard {
    struct link_info last;
    unsigned ups, downs, gone, all;
};

static void hear(const struct link_info *info, void *context)
{
    struct heard *heard = context;
    if (strcmp(info->name, "left") != 0)
        return;
    heard->last = *info;
    heard->all++;
    if (info->gone)
        heard->gone++;
    else if (info->up)
        heard->ups++;
    else
        heard->downs++;
}

/* Reads what there is until nothing comes for a moment: carrier on veth follows by a work queue. */
static struct heard listen_links(struct netlink *watch)
{
    struct heard heard = {.all = 0};
    struct pollfd pollfd = {.fd = netlink_fd(watch), .events = POLLIN};
    while (poll(&pollfd, 1, 300) > 0)
        assert_int_equal(netlink_read_links(watch, hear, &heard), 0);
    return heard;
}

static void test_links_come_and_go(void **state)
{
    (void)state;
    need_namespace();
    struct link_info info;
    struct netlink *ask = netlink_open();
    struct netlink *watch = netlink_watch_links();
    assert_non_null(ask);
    assert_non_null(watch);
    assert_int_equal(netlink_read_links(watch, hear, NULL), 0); /* nothing waits: returns */

    run("ip link add left mtu 1400 address 02:00:00:00:00:01 type veth peer name right");
    struct heard heard = listen_links(watch);
    assert_true(heard.downs >= 1 && heard.ups == 0 && heard.gone == 0);
    const unsigned index = heard.last.index;

    run("ip link set left up && ip link set right up");
    heard = listen_links(watch);
    assert_true(heard.ups >= 1);
    assert_true(heard.last.up);
    assert_int_equal(netlink_link(ask, "left", &info), 0);
    assert_true(info.up);
    assert_int_equal(info.index, index);
    assert_int_equal(info.mtu_bytes, 1400);
    assert_memory_equal(info.mac.octets, "\x02\0\0\0\0\x01", MAC_BYTES);

    run("ip link set right down");
    heard = listen_links(watch);
    assert_true(heard.all >= 1);
    assert_false(heard.last.up); /* administratively up, but without carrier */

    run("ip link set left mtu 1300");
    heard = listen_links(watch);
    assert_int_equal(heard.last.mtu_bytes, 1300);

    run("ip link add bridge0 type bridge && ip link set left master bridge0 && ip link set left nomaster");
    heard = listen_links(watch);
    assert_int_equal(heard.gone, 0); /* leaving a bridge is not going */

    run("ip link del left");
    heard = listen_links(watch);
    assert_int_equal(heard.gone, 1);
    assert_int_equal(heard.last.index, index);
    assert_int_equal(netlink_link(ask, "left", &info), -ENODEV);
    netlink_close(watch);
    netlink_close(ask);
}

static void test_loss_is_told(void **state)
{
    (void)state;
    need_namespace();
    struct netlink *watch = netlink_watch_links();
    assert_non_null(watch);
    run("ip link add left type veth peer name right");
    run("yes 'link set left down\nlink set left up' | head -n 1500 | ip -batch -");
    struct heard heard = {.all = 0};
    int error = 0;
    struct pollfd pollfd = {.fd = netlink_fd(watch), .events = POLLIN};
    while (error == 0 && poll(&pollfd, 1, 300) > 0)
        error = netlink_read_links(watch, hear, &heard);
    assert_int_equal(error, -ENOBUFS);
    run("ip link del left");
    netlink_close(watch);
}

int main(void)
{
    own_namespace = geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_close),
        cmocka_unit_test(test_link_by_name),
        cmocka_unit_test(test_links_come_and_go),
        cmocka_unit_test(test_loss_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
