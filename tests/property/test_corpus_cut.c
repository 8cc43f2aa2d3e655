/* test_corpus_cut.c: every frame of the corpus of real captures, cut at every byte, from both sides, with the capture's
 * own addresses shared: a named drop or a whole frame, never a part (row S1). The corpus is found by PEARPD_SHARED,
 * or beside the project; skipped, and said, where it is not there.
 *
 * Each cut frame stands in memory of just its size, so that the sanitizers see a read past its end. */
#include "pearpd/arp.h"
#include "pearpd/capture.h"
#include "pearpd/engine.h"
#include "pearpd/eth.h"
#include "pearpd/ipv4_packet.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ADDRESSES 16
#define STEP_FROM 300 /* longer frames are cut at every byte of their headers, then at every 61st */

static const struct mac bridge_mac = {{0x06, 0x50, 0x45, 0, 0, 0xfe}};

struct cut {
    struct engine *engine;
    struct engine_out out;
    struct config config;
    struct config_address addresses[ADDRESSES];
    uint64_t now, frames, files;
    const uint8_t *given;
    size_t length;
    unsigned passed; /* frames out that are the one that came in */
};

static void take_send(void *context, enum side to, const struct frame *frame)
{
    struct cut *c = context;
    (void)to;
    /* What was held leaves later: of that only the length can be known. */
    if (frame->length == c->length && memcmp(frame->bytes + 12, c->given + 12, c->length - 12) == 0)
        c->passed++;
    assert_true(frame->length == frame->wire_length);
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    (void)context, (void)to, (void)made;
}

static void take_event(void *context, const struct event *event)
{
    char text[EVENT_TEXT_BYTES];
    (void)context;
    assert_non_null(event_format(event, text));
}

static void share(struct cut *c, struct ipv4 address)
{
    unsigned top = address.host >> 24;
    if (top == 0 || top == 127 || top >= 224 || c->config.address_count == ADDRESSES)
        return;
    for (size_t i = 0; i < c->config.address_count; i++)
        if (c->addresses[i].address.host == address.host)
            return;
    c->addresses[c->config.address_count++] = (struct config_address){.address = address,
                                                                      .ports_first = 1,
                                                                      .ports_last = 65535,
                                                                      .learn = LEARN_PE_ARP | LEARN_TRAFFIC,
                                                                      .block = 1000};
}

/* The addresses that IPv4 and ARP frames speak of. */
static void share_own(struct cut *c, const struct frame *frame)
{
    struct eth eth;
    struct ipv4_packet packet;
    struct arp arp;
    if (eth_parse(frame->bytes, frame->length, &eth) != 0)
        return;
    const uint8_t *payload = frame->bytes + eth.payload;
    size_t length = frame->length - eth.payload;
    if (eth.ethertype == ETHERTYPE_IPV4 && ipv4_packet_parse(payload, length, &packet) == 0) {
        share(c, packet.source);
        share(c, packet.destination);
    } else if (eth.ethertype == ETHERTYPE_ARP && arp_parse(payload, length, &arp) == 0) {
        share(c, arp.spa);
        share(c, arp.tpa);
    }
}

static void give(struct cut *c, enum side from, const uint8_t *bytes, size_t length, size_t wire_length)
{
    uint8_t *exact = malloc(length > 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    struct frame frame = {.bytes = exact, .length = length, .wire_length = wire_length};
    c->given = bytes;
    c->length = length;
    c->passed = 0;
    c->now += 1000000;
    c->frames++;
    struct verdict v = engine_frame(c->engine, c->now, from, &frame, &c->out);
    assert_true(engine_stats_balance(engine_stats(c->engine)));
    assert_true(length == wire_length || (v.fate == FATE_DROPPED && v.reason == DROP_TRUNCATED));
    assert_true(v.fate != FATE_SENT || c->passed >= 1);
    free(exact);
}

static void cut_frame(struct cut *c, enum side from, const struct frame *frame)
{
    for (size_t length = 0; length <= frame->length; length += length < STEP_FROM ? 1 : 61)
        give(c, from, frame->bytes, length, length);
    give(c, from, frame->bytes, frame->length, frame->length);
    give(c, from, frame->bytes, frame->length / 2, frame->length);
}

static void each_frame(struct cut *c, const char *path, void (*what)(struct cut *c, const struct frame *frame))
{
    char error[CAPTURE_ERROR_BYTES];
    struct frame frame;
    uint64_t time_ns;
    struct capture_reader *reader = capture_open(path, error);
    while (reader != NULL && capture_next(reader, &frame, &time_ns, error) == 1)
        what(c, &frame);
    capture_close(reader);
}

static void cut_both_ways(struct cut *c, const struct frame *frame)
{
    cut_frame(c, SIDE_UPSTREAM, frame);
    cut_frame(c, SIDE_DOWNSTREAM, frame);
}

static void cut_file(struct cut *c, const char *path)
{
    static const struct engine_seed seed = {.plain_nonces = true};
    c->config.address_count = 0;
    each_frame(c, path, share_own);
    share(c, (struct ipv4){0xcb00714d});
    c->engine = engine_new(&c->config, &seed);
    assert_non_null(c->engine);
    engine_start(c->engine, c->now, &c->out);
    each_frame(c, path, cut_both_ways);
    engine_tick(c->engine, c->now + UINT64_C(700000000000), &c->out);
    assert_int_equal(engine_stats(c->engine)->held, 0);
    engine_free(c->engine);
    c->files++;
}

static void cut_folder(struct cut *c, const char *folder)
{
    char path[4096];
    DIR *open = opendir(folder);
    for (struct dirent *entry; open != NULL && (entry = readdir(open)) != NULL;) {
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (strstr(entry->d_name, ".pcap") != NULL)
            cut_file(c, path);
    }
    if (open != NULL)
        closedir(open);
}

static void test_every_cut(void **state)
{
    const char *shared = getenv("PEARPD_SHARED");
    struct cut *c = calloc(1, sizeof(*c));
    char folder[4000];
    (void)state;
    assert_non_null(c);
    c->config = (struct config){.mac = bridge_mac, .encap = ETHERTYPE_PE_ARP, .addresses = c->addresses};
#define X(key, field, least, most, preset, help) c->config.limits.field = (preset);
    LIMITS(X)
#undef X
    c->out = (struct engine_out){c, take_send, take_make, take_event, NULL};
    c->now = 1;
    snprintf(folder, sizeof(folder), "%s/corpus", shared != NULL ? shared : "../shared");
    cut_folder(c, folder);
    snprintf(folder, sizeof(folder), "%s/corpus/more", shared != NULL ? shared : "../shared");
    cut_folder(c, folder);
    uint64_t files = c->files, frames = c->frames;
    free(c);
    if (files == 0)
        skip();
    assert_true(files >= 80);
    printf("# S1: %llu files, %llu cut frames: each a named drop or whole\n", (unsigned long long)files,
           (unsigned long long)frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
