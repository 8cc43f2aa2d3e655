/* fuzz_state.c: state files. Two parts, parted by a byte 0xff: text as it stands, and lines that get their right
 * checksum, so that what they say is reached. What was read is saved, and read again it is the same table; owners and
 * months have no order. */
#include "../../src/daemon/state_file.h"

#include <stdlib.h>
#include <string.h>

#define SAVED      UINT64_C(5000000000000)
#define FILE_BYTES 65536
#define LINES_MAX  4096
#define OWNERS     4096 /* more than a file has: none has to give way */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void take_send(void *context, enum side to, const struct frame *frame)
{
    (void)context, (void)to, (void)frame;
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    (void)context, (void)to, (void)made;
}

static void take_event(void *context, const struct event *event)
{
    (void)context, (void)event;
}

static const struct engine_out out = {.send = take_send, .generate = take_make, .event = take_event};
static const struct state_times now = {"abc", SAVED, UINT64_C(1700000000000000)};

static struct engine *engine_made(void)
{
    static const struct engine_seed seed = {.plain_nonces = true};
    struct config_address addresses[3] = {
        {{0xc0000201}, 1024, 65535, LEARN_PE_ARP | LEARN_TRAFFIC | LEARN_DHCP, 1000, .echo = ECHO_REPLY},
        {{0xc0000202}, 1024, 65535, LEARN_PE_ARP | LEARN_DHCP, 1000, .has_psid = true, .psid = {6, 8}},
        {{0xc0000203}, 2048, 65535, 0, 1000, .is_served = true, .lease_psid = {0, 6}},
    };
    struct config_range range = {{{0xc0000201}, 1, 9}, {{2, 0, 0, 0, 0, 9}}, "", 0, 0, {{{0}}}, 0};
    struct pe_arp_key keys[] = {{.id = 7}, {.id = 8, .role = KEY_HOST}};
    keys[1].macs = (struct key_macs){.count = 1, .mac = {{{2, 0, 0, 0, 0, 10}}}};
    struct config config = {.mac = {{2, 0, 0, 0, 0, 1}},
                            .encap = 0x88b5,
                            .addresses = addresses,
                            .address_count = 3,
                            .ranges = &range,
                            .keys = keys,
                            .key_count = 2};
    config.range_count = 1;
#define X(key, field, least, most, preset, help) config.limits.field = (least);
    LIMITS(X)
#undef X
    config.limits.bindings = 64;
    config.limits.idle_s = 300;
    config.limits.accounts = OWNERS;
    config.limits.leases = 64;
    config.dhcp.lease_s = 3600;
    struct engine *engine = engine_new(&config, &seed);
    must(engine != NULL);
    return engine;
}

static struct usage_months *months_made(void)
{
    static const uint8_t hash_key[HASH_KEY_BYTES];
    const struct limits limits = {.accounts = OWNERS, .months = 3};
    struct usage_months *months = usage_months_new(&limits, hash_key);
    must(months != NULL);
    return months;
}

static void read_file(struct state_reading *r, struct engine *engine, struct usage_months *months,
                      const char *file, size_t length, size_t piece)
{
    const struct state_load load = {.engine = engine, .months = months, .out = &out, .now_ns = SAVED};
    state_reading_begin(r, &load, &now);
    for (size_t at = 0; at < length; at += piece)
        state_reading_feed(r, file + at, length - at < piece ? length - at : piece);
    state_reading_end(r);
    must(r->restored + r->refused + r->unknown + r->senseless == r->records);
}

static size_t save(const struct engine *engine, const struct usage_months *months, char *file)
{
    struct state_walk walk = {.engine = engine, .now_ns = SAVED, .months = months};
    struct state_line line;
    size_t length = 0;
    uint64_t records = 0;
    state_header(&line, &now);
    do {
        must(line.length > 0 && length + line.length <= FILE_BYTES);
        memcpy(file + length, line.text, line.length);
        length += line.length;
    } while (state_walk_next(&walk, &line) && state_line_end(&line) > 0 && ++records > 0);
    state_trailer(&line, records);
    memcpy(file + length, line.text, line.length);
    return length + line.length;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Puts the lines of a file in order. */
static void sort_lines(char *file, size_t length)
{
    static char copy[FILE_BYTES + 1];
    static char *lines[LINES_MAX];
    size_t count = 0;
    memcpy(copy, file, length);
    copy[length] = '\0';
    for (char *rest = copy, *line; (line = strsep(&rest, "\n")) != NULL;) {
        must(count < LINES_MAX);
        lines[count++] = line;
    }
    qsort(lines, count, sizeof(lines[0]), by_text);
    for (size_t i = 0; i < count; i++) {
        size_t part = strlen(lines[i]);
        memcpy(file, lines[i], part);
        file += part;
        if (i + 1 < count)
            *file++ = '\n';
    }
}

/* Each line of `text` with the checksum that it should have. */
static size_t seal(const char *text, size_t length, char *file)
{
    size_t used = 0;
    while (length > 0) {
        const char *newline = memchr(text, '\n', length);
        size_t part = newline == NULL ? length : (size_t)(newline - text);
        struct state_line line = {.length = part};
        if (part <= STATE_LINE_BYTES - 32 && used + STATE_LINE_BYTES <= FILE_BYTES) {
            memcpy(line.text, text, part);
            must(state_line_end(&line) == part + 19);
            memcpy(file + used, line.text, line.length);
            used += line.length;
        }
        part += newline != NULL;
        text += part;
        length -= part;
    }
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct state_reading r, again;
    static char file[FILE_BYTES], saved[FILE_BYTES], saved_again[FILE_BYTES];
    const uint8_t *middle = size > 0 ? memchr(data, 0xff, size) : NULL;
    size_t plain = middle == NULL ? size : (size_t)(middle - data);
    if (size > FILE_BYTES / 2)
        return 0;
    if (plain > 0)
        memcpy(file, data, plain);
    size_t length = plain;
    if (middle != NULL) {
        size_t sealed = seal((const char *)middle + 1, size - plain - 1, saved);
        if (sealed > FILE_BYTES - plain)
            return 0;
        memcpy(file + plain, saved, sealed);
        length += sealed;
    }
    struct engine *a = engine_made(), *b = NULL;
    struct usage_months *a_months = months_made(), *b_months = NULL;
    read_file(&r, a, a_months, file, length, length / 3 + 1);
    if (r.restored > 0) {
        b = engine_made();
        b_months = months_made();
        size_t saved_bytes = save(a, a_months, saved);
        read_file(&again, b, b_months, saved, saved_bytes, 7);
        must(!state_reading_is_damaged(&again) && again.restored == again.records);
        must(save(b, b_months, saved_again) == saved_bytes);
        sort_lines(saved, saved_bytes);
        sort_lines(saved_again, saved_bytes);
        must(memcmp(saved, saved_again, saved_bytes) == 0);
        must(engine_stats_balance(engine_stats(a)) && engine_stats_balance(engine_stats(b)));
        engine_tick(b, SAVED + UINT64_C(600000000000), &out);
    }
    usage_months_free(a_months);
    usage_months_free(b_months);
    engine_free(a);
    engine_free(b);
    return 0;
}
