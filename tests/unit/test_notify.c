/* test_notify.c: what a service manager is sent. */
#include "pearpd/notify.h"
#include "pearpd/time_units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int manager; /* what $NOTIFY_SOCKET is */

static void expect(const char *message)
{
    char text[64] = "";
    const ssize_t length = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);
    assert_true(message == NULL ? length < 0 : length == (ssize_t)strlen(message));
    if (message != NULL)
        assert_string_equal(text, message);
}

static int open_manager(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    (void)state;
    snprintf(name, sizeof(name), "@pearpd-test-notify-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return setenv("NOTIFY_SOCKET", name, 1) != 0 ||
           bind(manager, (const struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) != 0;
}

static void test_ready_and_stopping(void **state)
{
    (void)state;
    notify_ready();
    expect("READY=1");
    notify_stopping();
    expect("STOPPING=1");
}

static void test_alive(void **state)
{
    char pid[16];
    (void)state;
    notify_alive(1 * NS_PER_S); /* nobody asked */
    expect(NULL);
    setenv("WATCHDOG_USEC", "10000000", 1);
    setenv("WATCHDOG_PID", "1", 1); /* another process was asked */
    notify_alive(2 * NS_PER_S);
    expect(NULL);
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    notify_alive(3 * NS_PER_S);
    expect("WATCHDOG=1");
    notify_alive(4 * NS_PER_S);
    notify_alive(7 * NS_PER_S);
    expect(NULL);
    notify_alive(8 * NS_PER_S);
    expect("WATCHDOG=1");
    unsetenv("WATCHDOG_PID");
    notify_alive(13 * NS_PER_S);
    expect("WATCHDOG=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready_and_stopping),
        cmocka_unit_test(test_alive),
    };
    return cmocka_run_group_tests_name("notify", tests, open_manager, NULL);
}
