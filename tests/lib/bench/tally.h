/* tally.h: what a sink of `make bench` counted, and the rate of it. Included by: sink_bpf.c, sink_ring.c. */
#ifndef PEARPD_BENCH_TALLY_H
#define PEARPD_BENCH_TALLY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define TALLY_STEP_S 0.05
#define TALLY_STEPS  8192
#define TALLY_SKIP   3 /* steps at the beginning that are left out of the rate; of the end, one */

struct counts {
    uint64_t right, wrong, doubled;
    uint64_t moving;  /* of the right ones: of a range that moves, at one of its two hosts */
    uint64_t strange; /* none that the sender made */
    uint64_t late;    /* after a later one of its flow; of those that are right */
    uint64_t wrong_mac,
        wrong_for; /* of the last wrong one: the last 32 bits of its MAC, and its place in the plan */
};

struct tally {
    double rates[TALLY_STEPS]; /* frames a second of each step since the first frame */
    unsigned steps;
    double then_s;
    uint64_t then;
};

/* So many frames until now; to be called every TALLY_STEP_S, also before the first. */
static inline void tally_note(struct tally *t, double now_s, uint64_t frames)
{
    if ((frames > 0 || t->steps > 0) && t->steps < TALLY_STEPS)
        t->rates[t->steps++] = (double)(frames - t->then) / (now_s - t->then_s);
    t->then = frames;
    t->then_s = now_s;
}

static inline int tally_order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The second best of the steps behind the first ones: what waited in a queue may have made one of them better. */
static inline double tally_best(const struct tally *t)
{
    double best = 0, second = 0;
    for (unsigned i = t->steps > TALLY_SKIP + 1 ? TALLY_SKIP : 0; i < t->steps; i++) {
        const double rate = t->rates[i];
        second = rate > best ? best : rate > second ? rate : second;
        best = rate > best ? rate : best;
    }
    return t->steps > 1 ? second : best;
}

/* The median of the steps. Of a flood that is too short the fastest one. */
static inline double tally_rate(struct tally *t)
{
    double *from = t->rates;
    while (t->steps > 0 && t->rates[t->steps - 1] <= 0)
        t->steps--;
    unsigned count = t->steps;
    if (count > TALLY_SKIP + 1) {
        from += TALLY_SKIP;
        count -= TALLY_SKIP + 1;
    }
    qsort(from, count, sizeof(*from), tally_order);
    if (count == 0)
        return 0;
    return count == t->steps ? from[count - 1] : from[count / 2];
}

static inline void tally_print(struct tally *t, const struct counts *c, uint64_t lost)
{
    printf("{\"right\": %llu, \"wrong\": %llu, \"doubled\": %llu, \"strange\": %llu, \"moving\": %llu, "
           "\"late\": %llu, "
           "\"sink_lost\": %llu, \"best\": %.0f, \"rate\": %.0f, ",
           (unsigned long long)c->right, (unsigned long long)c->wrong, (unsigned long long)c->doubled,
           (unsigned long long)c->strange, (unsigned long long)c->moving, (unsigned long long)c->late,
           (unsigned long long)lost, tally_best(t), tally_rate(t));
    if (c->wrong > 0)
        printf("\"example\": \"place %llu went to the MAC that ends in %08llx\"}\n",
               (unsigned long long)c->wrong_for, (unsigned long long)c->wrong_mac);
    else
        printf("\"example\": \"\"}\n");
}

#endif
