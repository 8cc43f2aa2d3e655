/* fast_cases.c: see fast_cases.h. */
#include "fast_cases.h"

#include "pearpd/capture.h"
#include "pearpd/conf.h"
#include "pearpd/eth.h"
#include "pearpd/ipv4_packet.h"

#include "world.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATH_BYTES 4096
#define LINGER_NS  (60 * S)
#define STEP_NS    (S / 500)

static const struct engine_seed replay_seed = {.hash_key = "pearpd replays!", .plain_nonces = true};

static bool ends_in(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

void fast_cases_zero(const struct fast_memory *m)
{
    if (m == NULL)
        return;
    memset(m->config, 0, sizeof(*m->config));
    memset(m->passed, 0, SIDES * sizeof(*m->passed));
    memset(m->addresses, 0, FAST_ADDRESS_BUCKETS * sizeof(*m->addresses));
    memset(m->blocks, 0, FAST_ADDRESSES * sizeof(*m->blocks));
    memset(m->leaves, 0, m->leaf_count * sizeof(*m->leaves));
    memset(m->slots, 0, FAST_SLOTS * sizeof(*m->slots));
    memset(m->counts, 0, (size_t)m->column_count * FAST_SLOTS * sizeof(*m->counts));
    memset(m->macs, 0, FAST_MAC_BUCKETS * sizeof(*m->macs));
}

/* Replay. */

struct source {
    struct capture_reader *reader;
    struct frame frame;
    uint64_t time_ns;
    bool has_next;
};

static void source_read(struct source *source)
{
    char error[CAPTURE_ERROR_BYTES];
    uint64_t time_ns;
    source->has_next =
        source->reader != NULL && capture_next(source->reader, &source->frame, &time_ns, error) == 1;
    if (source->has_next && time_ns > source->time_ns)
        source->time_ns = time_ns;
}

static void replay(struct fast_check *c, const struct config *config, const struct fast_memory *memory,
                   struct source sources[SIDES])
{
    bool begun = false;
    for (;;) {
        const bool first =
            sources[0].has_next && (!sources[1].has_next || sources[0].time_ns <= sources[1].time_ns);
        struct source *source = &sources[first ? 0 : 1];
        if (!source->has_next)
            break;
        if (!begun)
            fast_check_begin(c, config, &replay_seed, source->time_ns, memory);
        begun = true;
        fast_check_pass(c, source->time_ns);
        const struct fast_check_frame frame = {first ? SIDE_UPSTREAM : SIDE_DOWNSTREAM, source->frame.bytes,
                                               source->frame.length, 0};
        if (source->frame.length == source->frame.wire_length)
            fast_check_give(c, &frame);
        source_read(source);
    }
    if (!begun)
        return;
    fast_check_pass(c, c->now + LINGER_NS);
}

static void no_fault(void *context, const char *file, unsigned line, const char *message)
{
    (void)context, (void)file, (void)line, (void)message;
}

/* False: not a case that a replay runs. */
static bool replay_case(struct fast_check *c, const struct fast_memory *memory, const char *name,
                        struct fast_check *sum)
{
    static const char *const ends[SIDES] = {"upstream", "downstream"};
    char path[PATH_BYTES], error[CAPTURE_ERROR_BYTES];
    struct source sources[SIDES] = {{.reader = NULL}};
    struct config config;
    const int stem = (int)(strlen(name) - strlen(".conf"));
    snprintf(path, sizeof(path), "pcaps/%s", name);
    memset(&config, 0, sizeof(config));
    if (config_read(path, &config, no_fault, NULL) != 0)
        return false;
    for (unsigned i = 0; i < SIDES; i++) {
        snprintf(path, sizeof(path), "pcaps/%.*s.%s.in.pcap", stem, name, ends[i]);
        sources[i].reader = capture_open(path, error);
        source_read(&sources[i]);
    }
    const bool is_some = sources[0].has_next || sources[1].has_next;
    fast_cases_zero(memory);
    if (is_some) {
        replay(c, &config, memory, sources);
        fast_check_add(sum, c);
        fast_check_end(c);
    }
    for (unsigned i = 0; i < SIDES; i++)
        capture_close(sources[i].reader);
    config_free(&config);
    return is_some;
}

unsigned fast_cases_replay(struct fast_check *c, const struct fast_memory *memory, struct fast_check *sum)
{
    DIR *folder = opendir("pcaps");
    unsigned count = 0;
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        if (ends_in(entry->d_name, ".conf"))
            count += replay_case(c, memory, entry->d_name, sum);
    if (folder != NULL)
        closedir(folder);
    return count;
}

/* Corpus. */

struct corpus {
    struct fast_check *check, *sum;
    const struct fast_memory *memory;
    struct config config;
    struct config_address addresses[16];
    struct {
        struct mac mac;
        enum side side;
    } stations[64];
    unsigned station_count;
};

static void share(struct corpus *k, struct ipv4 address)
{
    const unsigned top = address.host >> 24;
    if (top == 0 || top == 127 || top >= 224 || k->config.address_count == 16)
        return;
    for (size_t i = 0; i < k->config.address_count; i++)
        if (k->addresses[i].address.host == address.host)
            return;
    k->addresses[k->config.address_count++] = (struct config_address){
        .address = address, .ports_first = 1, .ports_last = 65535, .learn = LEARN_TRAFFIC, .block = 1000};
}

static struct mac mac_at(const uint8_t *bytes)
{
    struct mac mac;
    memcpy(mac.octets, bytes, MAC_BYTES);
    return mac;
}

static int station(const struct corpus *k, struct mac mac)
{
    for (unsigned i = 0; i < k->station_count; i++)
        if (mac_equal(k->stations[i].mac, mac))
            return (int)i;
    return -1;
}

static void station_put(struct corpus *k, struct mac mac, enum side side)
{
    if (mac_is_group(mac) || k->station_count == sizeof(k->stations) / sizeof(k->stations[0]))
        return;
    k->stations[k->station_count].mac = mac;
    k->stations[k->station_count++].side = side;
}

/* Each station of a capture is on one side, and whom it sends to on the other. */
static enum side side_of(struct corpus *k, const struct frame *frame)
{
    const struct mac to = mac_at(frame->bytes), from = mac_at(frame->bytes + MAC_BYTES);
    if (station(k, from) < 0)
        station_put(k, from,
                    station(k, to) < 0 ? SIDE_DOWNSTREAM : side_other(k->stations[station(k, to)].side));
    const enum side side = station(k, from) < 0 ? SIDE_DOWNSTREAM : k->stations[station(k, from)].side;
    if (station(k, to) < 0)
        station_put(k, to, side_other(side));
    return side;
}

/* The address of a host. */
static void share_source(struct corpus *k, const struct frame *frame)
{
    struct eth eth;
    struct ipv4_packet packet;
    if (frame->length < 14 || side_of(k, frame) != SIDE_DOWNSTREAM)
        return;
    if (eth_parse(frame->bytes, frame->length, &eth) == 0 && eth.ethertype == ETHERTYPE_IPV4 &&
        ipv4_packet_parse(frame->bytes + eth.payload, frame->length - eth.payload, &packet) == 0)
        share(k, packet.source);
}

/* What came, an answer to it (the same with the addresses exchanged), and both again. */
static void give(struct corpus *k, const struct frame *frame)
{
    static uint8_t answer[FAST_CHECK_BYTES];
    struct fast_check *c = k->check;
    if (frame->length < 14 || frame->length > sizeof(answer) || frame->length != frame->wire_length)
        return;
    const enum side side = side_of(k, frame);
    const struct fast_check_frame given[] = {{side, frame->bytes, frame->length, 0},
                                             {side_other(side), answer, frame->length, 0}};
    memcpy(answer, frame->bytes + 6, 6);
    memcpy(answer + 6, frame->bytes, 6);
    memcpy(answer + 12, frame->bytes + 12, frame->length - 12);
    if (frame->length >= 38 && answer[12] == 8 && answer[13] == 0 && answer[14] == 0x45) {
        memcpy(answer + 26, frame->bytes + 30, 4);
        memcpy(answer + 30, frame->bytes + 26, 4);
        memcpy(answer + 34, frame->bytes + 36, 2);
        memcpy(answer + 36, frame->bytes + 34, 2);
    }
    for (unsigned i = 0; i < 6; i++) {
        fast_check_pass(c, c->now + STEP_NS);
        fast_check_give(c, &given[i % 2]);
    }
}

static void each_frame(struct corpus *k, const char *path,
                       void (*what)(struct corpus *k, const struct frame *frame))
{
    char error[CAPTURE_ERROR_BYTES];
    struct frame frame;
    uint64_t time_ns;
    struct capture_reader *reader = capture_open(path, error);
    while (reader != NULL && capture_next(reader, &frame, &time_ns, error) == 1)
        what(k, &frame);
    capture_close(reader);
}

static void give_file(struct corpus *k, const char *path, bool is_shared)
{
    k->config.address_count = k->station_count = 0;
    if (is_shared)
        each_frame(k, path, share_source);
    share(k, (struct ipv4){0xcb00714d});
    fast_cases_zero(k->memory);
    fast_check_begin(k->check, &k->config, &replay_seed, WORLD_BEGIN, k->memory);
    each_frame(k, path, give);
    fast_check_add(k->sum, k->check);
    fast_check_end(k->check);
}

static unsigned give_folder(struct corpus *k, const char *folder)
{
    char path[PATH_BYTES];
    unsigned count = 0;
    DIR *open = opendir(folder);
    for (const struct dirent *entry; open != NULL && (entry = readdir(open)) != NULL;) {
        if (strstr(entry->d_name, ".pcap") == NULL)
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        give_file(k, path, true);
        give_file(k, path, false);
        count++;
    }
    if (open != NULL)
        closedir(open);
    return count;
}

unsigned fast_cases_corpus(struct fast_check *c, const struct fast_memory *memory, struct fast_check *sum)
{
    static struct corpus k;
    const char *shared_folder = getenv("PEARPD_SHARED");
    char folder[PATH_BYTES - 300];
    k = (struct corpus){.check = c, .sum = sum, .memory = memory};
    k.config = (struct config){.mac = bridge_mac, .encap = ETHERTYPE_PE_ARP, .addresses = k.addresses};
    limits_small(&k.config.limits);
    snprintf(folder, sizeof(folder), "%s/corpus", shared_folder != NULL ? shared_folder : "../shared");
    unsigned count = give_folder(&k, folder);
    snprintf(folder, sizeof(folder), "%s/corpus/more", shared_folder != NULL ? shared_folder : "../shared");
    return count + give_folder(&k, folder);
}
