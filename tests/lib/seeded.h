/* seeded.h: chance that a seed repeats, and figures from the environment. Included by: the property tests. */
#ifndef PEARPD_TESTS_SEEDED_H
#define PEARPD_TESTS_SEEDED_H

#include <stdint.h>
#include <stdlib.h>

/* SplitMix64. */
static inline uint64_t seeded_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* How many rounds a test makes: `name` of the environment, else `all`; a tenth of it where QUICK is set (make check). */
static inline uint64_t rounds(const char *name, uint64_t all)
{
    return from_environment(name, getenv("QUICK") != NULL ? (all + 9) / 10 : all);
}

#endif
