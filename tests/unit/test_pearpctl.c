/* test_pearpctl.c: pearpctl against a daemon that answers what the test tells it to: refusals, answers cut short,
 * none at all. The program is the one built beside the tests. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char program[PATH_MAX], folder[64], path[96];
static char asked[256]; /* what came first from the last client that was answered after it asked */

struct result {
    int status; /* of exit; -1: ended by a signal */
    char out[4096], err[1024];
};

static void read_all(int fd, char *text, size_t size)
{
    size_t used = 0;
    ssize_t got;
    while (used < size - 1 && (got = read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(fd);
}

/* Ends in the program, which waits 10 s for an answer at most; a busy machine gives it its turn in 60. */
static void run_program(char *const *words, int out, int err)
{
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    alarm(60);
    execv(program, words);
    _exit(127);
}

/* Accepts one client; answers before or after it has asked, and closes. */
static void serve(int listener, const char *answer, int before_asked)
{
    int fd = accept(listener, NULL, NULL);
    const ssize_t got = before_asked ? 0 : read(fd, asked, sizeof(asked) - 1);
    asked[got > 0 ? got : 0] = '\0';
    (void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    close(fd);
}

static struct result ask_daemon(const char *answer, int before_asked, const char *command, const char *option)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *const words[] = {(char *)"pearpctl",      (char *)"-s",           path,
                           (char *)(size_t)command, (char *)(size_t)option, NULL};
    struct result result;
    int out[2], err[2], status, listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_program(words, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    if (answer != NULL)
        serve(listener, answer, before_asked);
    read_all(out[0], result.out, sizeof(result.out));
    read_all(err[0], result.err, sizeof(result.err));
    assert_int_equal(waitpid(child, &status, 0), child);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    close(listener);
    unlink(path);
    return result;
}

static void test_refused_before_it_asked(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) { /* who is first is a matter of luck */
        struct result r = ask_daemon("error too many clients\n", 1, "table", NULL);
        assert_int_equal(r.status, 1);
        assert_string_equal(r.err, "pearpctl: too many clients\n");
    }
}

static void test_answers_cut_short(void **state)
{
    static const char *const options[] = {NULL, "--json"};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct result r = ask_daemon("ok\n[{\"address\":\"192.0.2.1\"", 0, "table", options[i]);
        assert_int_equal(r.status, 1);
        assert_string_equal(r.out, "");
        assert_string_equal(r.err, "pearpctl: the daemon's answer was cut short\n");
        assert_int_equal(ask_daemon("ok\n", 0, "stats", options[i]).status, 1);
        assert_int_equal(ask_daemon("", 0, "stats", options[i]).status, 1);
    }
}

static void test_daemon_that_says_nothing(void **state)
{
    (void)state;
    struct result r = ask_daemon(NULL, 0, "version", NULL);
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.err, ": the daemon does not answer\n"));
}

static void test_table_in_text(void **state)
{
    (void)state;
    struct result r = ask_daemon(
        "ok\n[{\"address\":\"192.0.2.1\",\"first_port\":80,\"last_port\":80,\"mac\":null,"
        "\"state\":\"incomplete\",\"interface\":\"eth1\"},"
        "{\"address\":\"192.0.2.1\",\"first_port\":2000,\"last_port\":2999,\"mac\":\"00:0c:29:9e:8c:ee\","
        "\"state\":\"stale\",\"interface\":\"eth1\"},"
        "{\"address\":\"192.0.2.1\",\"first_port\":0,\"last_port\":65535,\"mac\":\"02:50:45:00:00:01\","
        "\"state\":\"published\",\"interface\":\"eth0\"}]\n",
        0, "table", NULL);
    assert_int_equal(r.status, 0);
    assert_string_equal(r.out,
                        "Address                        HWtype  HWaddress           Flags  Mask  Iface\n"
                        "192.0.2.1:80-80                        (incomplete)                     eth1\n"
                        "192.0.2.1:2000-2999            ether   00:0c:29:9e:8c:ee   C            eth1\n"
                        "192.0.2.1                      ether   02:50:45:00:00:01   CMP          eth0\n");
}

static void test_verbose_table(void **state)
{
    (void)state;
    struct result r = ask_daemon(
        "ok\n[{\"address\":\"192.0.2.1\",\"first_port\":2000,\"last_port\":2999,\"mac\":\"00:0c:29:9e:8c:ee\","
        "\"state\":\"reachable\",\"origin\":\"pe-arp\",\"interface\":\"eth1\",\"name\":\"\",\"age_s\":90061,"
        "\"seen_s\":61},"
        "{\"address\":\"192.0.2.1\",\"first_port\":80,\"last_port\":80,\"mac\":\"00:0c:29:39:44:ab\","
        "\"state\":\"permanent\",\"origin\":\"config\",\"interface\":\"eth1\",\"name\":\"www\",\"age_s\":7260,"
        "\"seen_s\":null}]\n",
        0, "table", "-v");
    assert_int_equal(r.status, 0);
    assert_string_equal(
        r.out,
        "Address                        HWtype  HWaddress           Flags  Mask  Iface    Name             "
        "State      Origin        Age     Seen\n"
        "192.0.2.1:2000-2999            ether   00:0c:29:9e:8c:ee   C            eth1     -                "
        "reachable  pe-arp      1d01h    1m01s\n"
        "192.0.2.1:80-80                ether   00:0c:29:39:44:ab   CM           eth1     www              "
        "permanent  config      2h01m        -\n");
}

/* The last octets of the MAC addresses, in the order of the lines. */
static void assert_sorted(const char *option, const char *expected)
{
    struct result r = ask_daemon(
        "ok\n[{\"address\":\"192.0.2.1\",\"first_port\":1,\"last_port\":1,\"mac\":\"00:00:00:00:00:0c\","
        "\"state\":"
        "\"stale\",\"name\":\"\",\"age_s\":5,\"seen_s\":null,\"rx_bytes\":1,\"tx_bytes\":1},"
        "{\"address\":\"192.0.2.1\",\"first_port\":2,\"last_port\":2,\"mac\":\"00:00:00:00:00:0b\",\"state\":"
        "\"reachable\",\"name\":\"z\",\"age_s\":9,\"seen_s\":7,\"rx_bytes\":9,\"tx_bytes\":0},"
        "{\"address\":\"192.0.2.1\",\"first_port\":3,\"last_port\":3,\"mac\":\"00:00:00:00:00:0a\",\"state\":"
        "\"stale\",\"name\":\"a\",\"age_s\":1,\"seen_s\":2,\"rx_bytes\":2,\"tx_bytes\":3}]\n",
        0, "table", option);
    char order[4] = "";
    unsigned count = 0;
    for (const char *at = r.out; count < 3 && (at = strstr(at, "00:00:00:00:00:0")) != NULL; at++)
        order[count++] = at[16];
    assert_int_equal(r.status, 0);
    assert_string_equal(order, expected);
}

static void test_order(void **state)
{
    (void)state;
    assert_sorted("--sort=address", "cba");
    assert_sorted("--sort=mac", "abc");
    assert_sorted("--sort=name", "abc");  /* without a name last */
    assert_sorted("--sort=state", "bca"); /* equals stay as they were */
    assert_sorted("--sort=age", "acb");
    assert_sorted("--sort=seen", "abc");    /* never seen last */
    assert_sorted("--sort=traffic", "bac"); /* the most first */
}

/* What the daemon finds wrong with an argument is wrong usage. */
static void test_wrong_arguments(void **state)
{
    (void)state;
    struct result r =
        ask_daemon("usage x is not ADDRESS:PORT; usage: resolve ADDRESS:PORT [--ask]\n", 0, "resolve", "x");
    assert_int_equal(r.status, 2);
    assert_string_equal(r.err, "pearpctl: x is not ADDRESS:PORT; usage: resolve ADDRESS:PORT [--ask]\n");
}

static void test_leases_in_text(void **state)
{
    (void)state;
    struct result r = ask_daemon(
        "ok\n[{\"address\":\"192.0.2.1\",\"first_port\":4096,\"last_port\":5119,\"psid\":\"0/6/4\","
        "\"mac\":\"00:0c:29:9e:8c:ee\",\"client_id\":null,\"state\":\"bound\",\"expires_s\":599,\"name\":\"\"},"
        "{\"address\":\"192.0.2.1\",\"first_port\":5120,\"last_port\":6143,\"psid\":\"0/6/5\","
        "\"mac\":\"00:0c:29:39:44:ab\",\"client_id\":\"ff01\",\"state\":\"offered\",\"expires_s\":9,"
        "\"name\":\"cam\"}]\n",
        0, "leases", NULL);
    assert_int_equal(r.status, 0);
    assert_string_equal(
        r.out,
        "Address                        PSID          HWaddress           State        Expires  Client\n"
        "192.0.2.1:4096-5119            0/6/4         00:0c:29:9e:8c:ee   bound          599 s  -\n"
        "192.0.2.1:5120-6143            0/6/5         00:0c:29:39:44:ab   offered          9 s  ff01 cam\n");
}

static void test_denied_in_text(void **state)
{
    (void)state;
    struct result r = ask_daemon("ok\n[{\"mac\":\"00:0c:29:9e:8c:ee\",\"origin\":\"config\"},"
                                 "{\"mac\":\"00:0c:29:39:44:ab\",\"origin\":\"control\"}]\n",
                                 0, "denied", NULL);
    assert_int_equal(r.status, 0);
    assert_string_equal(asked,
                        "denied\n"); /* in one piece: what comes after the answer resets the connection */
    assert_string_equal(r.out, "HWaddress           Origin\n"
                               "00:0c:29:9e:8c:ee   config\n"
                               "00:0c:29:39:44:ab   control\n");
}

static void test_services_in_text(void **state)
{
    (void)state;
    struct result r =
        ask_daemon("ok\n[{\"name\":\"_http._tcp.www.example.net\",\"protocol\":\"tcp\",\"address\":\"192.0.2."
                   "1\",\"port\":2080,"
                   "\"mac\":\"00:0c:29:9e:8c:ee\",\"owner\":\"hostA\",\"age_s\":37},"
                   "{\"name\":\"_x._udp.a\",\"protocol\":\"udp\",\"address\":\"192.0.2.1\",\"port\":3000,"
                   "\"mac\":\"00:0c:29:39:44:ab\",\"owner\":\"\",\"age_s\":0}]\n",
                   0, "services", NULL);
    assert_int_equal(r.status, 0);
    assert_string_equal(
        r.out,
        "Service                        Proto    Address                HWaddress           Age      Owner\n"
        "_http._tcp.www.example.net     tcp      192.0.2.1:2080         00:0c:29:9e:8c:ee       37 s hostA\n"
        "_x._udp.a                      udp      192.0.2.1:3000         00:0c:29:39:44:ab        0 s\n");
}

static void test_monitor_in_text(void **state)
{
    (void)state;
    struct result r =
        ask_daemon("ok\n{\"event\":\"learned\",\"range\":\"192.0.2.1:2000-2999\",\"mac\":\"00:0c:29:9e:8c:ee\","
                   "\"detail\":\"pe-arp\",\"time\":\"2026-11-30T08:15:00.123Z\"}\n{\"event\":\"skipped\","
                   "\"count\":3}\n{\"event\":\"port-up\","
                   "\"side\":\"upstream\"}\n",
                   0, "monitor", NULL);
    assert_int_equal(r.status, 1);
    assert_string_equal(
        r.out,
        "2026-11-30T08:15:00.123Z learned 192.0.2.1:2000-2999 00:0c:29:9e:8c:ee (pe-arp)\nskipped 3 events\n"
        "port-up upstream\n");
    assert_string_equal(r.err, "pearpctl: the daemon is gone\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_before_it_asked),  cmocka_unit_test(test_answers_cut_short),
        cmocka_unit_test(test_daemon_that_says_nothing), cmocka_unit_test(test_table_in_text),
        cmocka_unit_test(test_denied_in_text),           cmocka_unit_test(test_monitor_in_text),
        cmocka_unit_test(test_services_in_text),         cmocka_unit_test(test_monitor_in_text),
        cmocka_unit_test(test_leases_in_text),           cmocka_unit_test(test_verbose_table),
        cmocka_unit_test(test_wrong_arguments),          cmocka_unit_test(test_order),
    };
    (void)argc;
    snprintf(program, sizeof(program), "%s/../pearpctl", dirname(argv[0]));
    snprintf(folder, sizeof(folder), "/tmp/pearpd-ctl.XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof(path), "%s/x.sock", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
