/* fuzz_fast.c: the fast path's decision, as src/bpf/fast_decide.h takes it, beside the engine: what it forwards leaves the
 * engine with the same bytes by the same side and with nothing else (fast_check.h).
 *
 * The first two bytes choose the configuration. Then, for each frame, {flags, step} and, by the flags: {length, bytes}; or
 * {seed of two bytes} of a frame between hosts that are known, with up to three bytes of it replaced: {place, value} each. */
#include "../lib/fast_frames.h"
#include "../lib/fast_native.h"

#include "pearpd/cursor.h"
#include "pearpd/time_units.h"

#include <stdlib.h>

#define IS_RAW    0x01
#define FROM_HOST 0x02 /* of a raw frame */
#define IS_SUPER  0x04 /* of a raw frame */
#define PATCHES   4    /* their count begins at this bit, two bits wide */
#define STEP_MS   UINT64_C(4)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool raw_frame(struct rd *r, uint8_t flags, struct random_frame *f)
{
    const size_t length = rd_u8(r) * (flags & IS_SUPER ? 8U : 1U);
    const uint8_t *bytes = rd_bytes(r, length);
    if (bytes == NULL || length < 14)
        return false;
    memcpy(f->bytes, bytes, length);
    f->length = length;
    f->from = flags & FROM_HOST ? SIDE_DOWNSTREAM : SIDE_UPSTREAM;
    f->gso_size = flags & IS_SUPER ? 500 : 0;
    return true;
}

static void known_frame(struct rd *r, uint8_t flags, const struct config *config, struct random_frame *f)
{
    uint64_t seed = 1U + rd_u16(r);
    frames_random(&seed, config, true, f);
    for (unsigned i = flags >> PATCHES & 3U; i > 0; i--) {
        const uint8_t at = rd_u8(r), value = rd_u8(r);
        f->bytes[at % f->length] = value;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct engine_seed engine_seed = {.plain_nonces = true};
    static struct fast_check c;
    static struct random_frame f;
    struct config config;
    struct config_address addresses[FRAMES_ADDRESSES];
    struct config_range ranges[FRAMES_RANGES];
    struct rd r = rd_over(data, size);
    uint64_t seed = 1U + rd_u16(&r);
    frames_configure(&seed, &config, addresses, ranges, true);
    c.run = fast_native_run;
    c.no_daemon_every = 8;
    c.seed = seed;
    fast_check_begin(&c, &config, &engine_seed, WORLD_BEGIN, NULL);
    for (unsigned side = 0; side < SIDES; side++)
        fast_check_link(&c, (enum side)side, 1500);
    while (rd_left(&r) > 0) {
        const uint8_t flags = rd_u8(&r);
        fast_check_pass(&c, c.now + (STEP_MS * NS_PER_MS << (rd_u8(&r) & 15)));
        if (flags & IS_RAW) {
            if (!raw_frame(&r, flags, &f))
                break;
        } else {
            known_frame(&r, flags, &config, &f);
        }
        /* Exactly as long as it is, so that a sanitizer sees what is read behind it. */
        uint8_t *exact = malloc(f.length);
        if (exact == NULL)
            break;
        memcpy(exact, f.bytes, f.length);
        fast_check_give(&c, &(struct fast_check_frame){f.from, exact, f.length, f.gso_size});
        free(exact);
    }
    fast_check_end(&c);
    return 0;
}
