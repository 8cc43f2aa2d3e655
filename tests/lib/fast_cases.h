/* fast_cases.h: the replay cases of pcaps/ and the corpus of real captures, for fast_check.h.
 * Called by: the tests of the fast path, from the project's folder. */
#ifndef PEARPD_TESTS_FAST_CASES_H
#define PEARPD_TESTS_FAST_CASES_H

#include "fast_check.h"

/* Replays each case as pearpd -r does, and adds the figures to `sum`. `check` has what is set before
 * fast_check_begin(); `memory` as there, zeroed before each case. Returns the number of cases. */
unsigned fast_cases_replay(struct fast_check *check, const struct fast_memory *memory, struct fast_check *sum);

/* Gives every frame of the corpus, from both sides and again, with the addresses of the capture shared or not. Returns
 * the number of captures; 0: there is no corpus (PEARPD_SHARED, or beside the project). */
unsigned fast_cases_corpus(struct fast_check *check, const struct fast_memory *memory, struct fast_check *sum);

/* As the memory has to be before fast_check_begin(). NULL is allowed. */
void fast_cases_zero(const struct fast_memory *memory);

#endif
