/* engine_fast.h: the fast path begins and ends as a whole, around a reload.
 * Called by: engine_reload. */
#ifndef PEARPD_CORE_ENGINE_FAST_H
#define PEARPD_CORE_ENGINE_FAST_H

struct engine;
struct fast_path;

/* Takes what was counted and clears the fast path. Returns it, NULL: there is none. */
const struct fast_path *engine_fast_leave(struct engine *e);

/* Puts everything. `fast` may be NULL. */
void engine_fast_join(struct engine *e, const struct fast_path *fast);

#endif
