/* binding_fast.h: the bindings that the fast path forwards for (pearpd/fast_path.h), and what it counted for them.
 * In: a binding that changed, ends, or is about to be decided on. Out: its slot in the fast path; its counts and times.
 * Called by: all of core that changes a binding, or decides by its times. Never: decides who owns a port. */
#ifndef PEARPD_CORE_BINDING_FAST_H
#define PEARPD_CORE_BINDING_FAST_H

#include "binding.h"
#include "engine_state.h"

/* The binding's ports and state are what they are now: it is put where its frames need nothing but to be forwarded and
 * counted, removed where they need more. */
void binding_fast_update(struct engine *e, struct binding *b);

/* Nothing is forwarded for it from now on; what was is counted. */
void binding_fast_remove(struct engine *e, struct binding *b);

/* Counts what was forwarded for a binding that was put. */
void binding_fast_count(struct engine *e, struct binding *b);

/* Brings its counts and times up to now, before something is decided by them. */
static inline void binding_fast_take(struct engine *e, struct binding *b)
{
    if (b->fast_slot != 0)
        binding_fast_count(e, b);
}

#endif
