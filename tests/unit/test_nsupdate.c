/* test_nsupdate.c: the script that nsupdate(1) reads, what its output means, and a run of a false one that records the
 * script and answers as it is told. The outputs are those of nsupdate 9.18 with named and knotd. */
#include "pearpd/clock.h"

#include "dns/dns_error.h"
#include "dns/nsupdate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct dns_name name_of(const char *text)
{
    struct dns_name name;
    assert_int_equal(dns_name_parse(text, &name), 0);
    return name;
}

static struct dns_key key_of(const char *name)
{
    struct dns_key key = {.name = name_of(name), .secret_length = 32};
    memcpy(key.secret, "secret-secret-secret-secret-32by", 32);
    return key;
}

static const char script[] = "server 198.51.100.10 5353\n"
                             "zone example.net.\n"
                             "key hmac-sha256:agent-key. c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyYnk=\n"
                             "check-names no\n"
                             "update delete _http._tcp.example.net. SRV 0 1 2080 shared.example.net.\n"
                             "update add shared.example.net. 60 A 192.35.162.2\n"
                             "send\n";

static int format(char *text, size_t size)
{
    const struct dns_key key = key_of("agent-key");
    const struct dns_server server = {{0xc633640a}, 5353, &key};
    const struct dns_name zone = name_of("example.net"), name = name_of("_http._tcp.example.net"),
                          target = name_of("shared.example.net");
    struct dns_record srv, address;
    dns_record_srv(&srv, &name, 60, 0, 1, 2080, &target);
    dns_record_a(&address, &target, 60, (struct ipv4){0xc023a202});
    const struct dns_change changes[] = {{&srv, false}, {&address, true}};
    return nsupdate_format(&server, &zone, changes, 2, text, size);
}

static void test_script(void **state)
{
    char text[1024];
    (void)state;
    assert_int_equal(format(text, sizeof(text)), sizeof(script) - 1);
    assert_string_equal(text, script);
    assert_int_equal(format(text, sizeof(script) - 1), -ENOSPC);
}

/* As many records as there may be, the longest that there may be. */
static void test_longest_script(void **state)
{
    static struct dns_record record;
    static char text[NSUPDATE_TEXT_BYTES];
    struct dns_change changes[DNS_RECORDS_MAX];
    char name[DNS_NAME_TEXT_BYTES] = "", alpn[DNS_ALPN_TEXT_BYTES + 1];
    (void)state;
    for (unsigned i = 0; i < 126; i++)
        strcat(name, "a.");
    strcat(name, "a");
    memset(alpn, 'a', sizeof(alpn) - 1);
    alpn[sizeof(alpn) - 1] = '\0';
    struct dns_key key = key_of(name);
    key.secret_length = sizeof(key.secret);
    memset(key.secret, 0xff, sizeof(key.secret));
    const struct dns_server server = {{0xc633640a}, 65535, &key};
    dns_record_svcb(&record, DNS_TYPE_HTTPS, &key.name, UINT32_MAX, 65535, 65535, alpn, &key.name);
    for (unsigned i = 0; i < DNS_RECORDS_MAX; i++)
        changes[i] = (struct dns_change){&record, true};
    assert_true(nsupdate_format(&server, &key.name, changes, DNS_RECORDS_MAX, text, sizeof(text)) > 0);
}

static void test_what_output_means(void **state)
{
    static const struct {
        enum child_fate fate;
        int status;
        const char *output;
        enum dns_error_kind kind;
        bool is_certain;
        const char *text; /* for people, its start */
    } cases[] = {
        {CHILD_EXITED, 0, "", DNS_ERROR_NONE, false, ""},
        {CHILD_EXITED, 0, "; a remark\n", DNS_ERROR_NONE, false, ""},
        {CHILD_EXITED, 2, "update failed: REFUSED\n", DNS_ERROR_REFUSED, true,
         "REFUSED: the key agent-key may not change the zone"},
        {CHILD_EXITED, 2, "update failed: NOTAUTH\n", DNS_ERROR_REFUSED, true,
         "NOTAUTH: the server is not the zone's primary"},
        {CHILD_EXITED, 2, "update failed: NOTZONE\n", DNS_ERROR_REFUSED, true, "NOTZONE: a name is outside"},
        {CHILD_EXITED, 2, "update failed: SERVFAIL\n", DNS_ERROR_REFUSED, true, "SERVFAIL: the server cannot"},
        {CHILD_EXITED, 2, "update failed: NOTIMP\n", DNS_ERROR_REFUSED, true,
         "NOTIMP: the server does not support"},
        {CHILD_EXITED, 2, "update failed: NXRRSET\n", DNS_ERROR_REFUSED, true, "the server answers NXRRSET"},
        {CHILD_EXITED, 2, "; TSIG error with server: tsig indicates error\nupdate failed: NOTAUTH(BADKEY)\n",
         DNS_ERROR_REFUSED, false, "BADKEY: the server does not know the key agent-key: check `key`"},
        {CHILD_EXITED, 2, "; TSIG error with server: tsig indicates error\nupdate failed: NOTAUTH(BADSIG)\n",
         DNS_ERROR_REFUSED, false,
         "BADSIG: the server has another secret for the key agent-key: check `secret`"},
        {CHILD_EXITED, 2,
         "; TSIG error with server: clocks are unsynchronized\nupdate failed: NOTAUTH(BADTIME)\n",
         DNS_ERROR_REFUSED, false, "BADTIME: the clocks of the server and this host differ by more than 300 s"},
        /* knotd, of a zone that it has not: nothing is signed. */
        {CHILD_EXITED, 2, "; TSIG error with server: expected a TSIG or SIG(0)\nupdate failed: NOTAUTH\n",
         DNS_ERROR_REFUSED, false, "NOTAUTH: the server is not the zone's primary"},
        /* "Done", unsigned. */
        {CHILD_EXITED, 2, "; TSIG error with server: expected a TSIG or SIG(0)\n", DNS_ERROR_UNSIGNED, false,
         "the answer is not signed with the key agent-key"},
        {CHILD_EXITED, 1,
         "; TSIG error with server: expected a TSIG or SIG(0)\ninvalid OPCODE in response to UPDATE request\n",
         DNS_ERROR_UNSIGNED, false, "the answer is not signed"},
        {CHILD_EXITED, 2, "; Communication with 192.0.2.1#53 failed: timed out\n", DNS_ERROR_TIMEOUT, false,
         "no answer: is the server up"},
        {CHILD_EXITED, 2, "; Communication with 192.0.2.1#53 failed: operation canceled\n",
         DNS_ERROR_CONNECTION, false, "no TCP connection: is the server up"},
        {CHILD_EXITED, 2,
         "30-Nov-2026 02:33:11.052 dispatch 0x7ff2: shutting down due to TCP receive error: 192.0.2.1#53: "
         "unexpected error\n; Communication with 192.0.2.1#53 failed: unexpected error\n",
         DNS_ERROR_CONNECTION, false, "no TCP connection (unexpected error): is the server up"},
        {CHILD_EXITED, 1, "dns_request_getresponse: bad compression pointer\n", DNS_ERROR_NOT_RUN, false,
         "nsupdate(1) fails: dns_request_getresponse: bad compression pointer"},
        {CHILD_EXITED, 1, "parse of /etc/resolv.conf failed\n", DNS_ERROR_NOT_RUN, false,
         "nsupdate(1) fails: parse of /etc/resolv.conf failed"},
        {CHILD_EXITED, 1, "", DNS_ERROR_NOT_RUN, false, "nsupdate(1) fails: exit status 1"},
        {CHILD_EXITED, 1, "a\x1b[31m\xff", DNS_ERROR_NOT_RUN, false, "nsupdate(1) fails: a?[31m?"},
        {CHILD_EXITED, 2, "update failed: ", DNS_ERROR_REFUSED, true, "the server answers "},
        {CHILD_EXITED, 2, "update failed: NOTAUTH(", DNS_ERROR_REFUSED, true, "the server answers "},
        {CHILD_EXITED, 2, "; Communication with ", DNS_ERROR_CONNECTION, false, "no TCP connection:"},
        {CHILD_KILLED, 11, "", DNS_ERROR_NOT_RUN, false, "nsupdate(1) fails: ended by signal 11"},
        {CHILD_LATE, 9, "", DNS_ERROR_TIMEOUT, false, "no answer: is the server up"},
        {CHILD_NOT_RUN, 127, "", DNS_ERROR_NOT_RUN, true, "nsupdate(1) fails: cannot be executed"},
    };
    const struct dns_name key = name_of("agent-key");
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct child_end end = {.fate = cases[i].fate, .status = cases[i].status};
        snprintf(end.output, sizeof(end.output), "%s", cases[i].output);
        char text[DNS_ERROR_TEXT_BYTES];
        struct dns_error error;
        nsupdate_read(&end, &error);
        assert_int_equal(error.kind, cases[i].kind);
        assert_int_equal(error.is_certain, cases[i].is_certain);
        dns_error_format(&error, &key, text);
        if (strncmp(text, cases[i].text, strlen(cases[i].text)) != 0)
            assert_string_equal(text, cases[i].text);
        assert_true((text[0] == '\0') == (cases[i].kind == DNS_ERROR_NONE));
    }
}

/* The longest output. */
static void test_long_output(void **state)
{
    struct child_end end = {.fate = CHILD_EXITED, .status = 2};
    char text[DNS_ERROR_TEXT_BYTES];
    const struct dns_name key = name_of("agent-key");
    struct dns_error error;
    (void)state;
    memset(end.output, 'x', sizeof(end.output) - 1);
    nsupdate_read(&end, &error);
    assert_int_equal(strlen(error.word), DNS_ERROR_WORD_BYTES - 1);
    memcpy(end.output, "update failed: ", 15);
    nsupdate_read(&end, &error);
    assert_int_equal(error.kind, DNS_ERROR_REFUSED);
    assert_int_equal(strlen(error.word), DNS_ERROR_WORD_BYTES - 1);
    assert_true(strlen(dns_error_format(&error, &key, text)) < DNS_ERROR_TEXT_BYTES);
}

struct run {
    struct loop *loop;
    struct child *child;
    struct dns_error error;
};

static void take_end(void *context, const struct child_end *end)
{
    struct run *run = context;
    nsupdate_read(end, &run->error);
    child_free(run->child);
    loop_stop(run->loop);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void test_run(void **state)
{
    char directory[] = "/tmp/pearpd-nsupdate.XXXXXX", program[64], told[64], body[256], line[256];
    struct run run = {.loop = loop_new()};
    FILE *file;
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(program, sizeof(program), "%s/nsupdate", directory);
    snprintf(told, sizeof(told), "%s/told", directory);
    snprintf(body, sizeof(body),
             "#!/bin/sh\n{ echo \"$@\"; cat; } >%s\necho 'update failed: REFUSED' >&2\nexit 2\n", told);
    write_file(program, body);
    assert_int_equal(chmod(program, 0700), 0);
    assert_int_equal(nsupdate_start(run.loop, program, script, sizeof(script) - 1, take_end, &run, &run.child),
                     0);
    assert_int_equal(loop_run(run.loop), 0);
    assert_int_equal(run.error.kind, DNS_ERROR_REFUSED);
    assert_string_equal(run.error.word, "REFUSED");
    /* The script on its standard input, whole; the key in none of its arguments. */
    file = fopen(told, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    assert_string_equal(line, "-v -t 3\n");
    for (const char *at = script; *at != '\0'; at += strcspn(at, "\n") + 1) {
        assert_non_null(fgets(line, sizeof(line), file));
        assert_memory_equal(line, at, strlen(line));
    }
    assert_null(fgets(line, sizeof(line), file));
    fclose(file);
    loop_free(run.loop);
    unlink(told);
    unlink(program);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script),
        cmocka_unit_test(test_longest_script),
        cmocka_unit_test(test_what_output_means),
        cmocka_unit_test(test_long_output),
        cmocka_unit_test(test_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
