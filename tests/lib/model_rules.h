/* model_rules.h: the rules of a random model, each counted where it decided: one that is hardly met shows nothing.
 * Included by: property tests, after RULES(X), which lists them as X(id, least, text). */
#ifndef PEARPD_TESTS_MODEL_RULES_H
#define PEARPD_TESTS_MODEL_RULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum rule {
#define X(id, least, text) RULE_##id,
    RULES(X)
#undef X
        RULE_COUNT
};
static const struct {
    unsigned least;
    const char *text;
} rules[RULE_COUNT] = {
#define X(id, least, text) {least, text},
    RULES(X)
#undef X
};
static uint64_t met[RULE_COUNT];

/* A line for each rule from `first` to before `end`. */
static void rules_print(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        printf("# %8llu %s\n", (unsigned long long)met[i], rules[i].text);
}

/* Fails where one was met less than `least` times in `per` steps; of less than 8,000 steps nothing is said. */
static void rules_expect(unsigned first, unsigned end, uint64_t per, uint64_t steps)
{
    for (unsigned i = first; steps >= 8000 && i < end; i++)
        if (met[i] * per < rules[i].least * steps)
            fail_msg("met %llu times only: %s", (unsigned long long)met[i], rules[i].text);
}

#endif
