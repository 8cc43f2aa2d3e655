/* engine_fast.c: the fast path (pearpd/fast_path.h) as a whole: it begins, it is harvested, it ends.
 * In: what it counted. Out: bindings, accounts and counters as if every frame had passed here.
 * Called by: daemon through engine.h, engine_reload. */
#include "engine_fast.h"

#include "engine_state.h"
#include "out/verdict.h"
#include "tables/account.h"
#include "tables/binding.h"
#include "tables/binding_fast.h"
#include "tables/fdb.h"

/* What was still counted for bindings that ended, and what was bridged. */
static void take_rest(struct engine *e, const struct fast_path *fast)
{
    struct fast_rest rest = {0};
    while (fast->rest(fast->context, &rest)) {
        const struct fast_growth *growth = &rest.growth;
        const struct traffic more = {growth->to_owner_frames, growth->to_owner_bytes, growth->from_owner_frames,
                                     growth->from_owner_bytes};
        account_add(e, rest.owner, &more);
        verdict_count_forwarded(e, SIDE_UPSTREAM, more.rx_frames);
        verdict_count_forwarded(e, SIDE_DOWNSTREAM, more.tx_frames);
        rest = (struct fast_rest){0};
    }
    uint64_t bridged[SIDES] = {0};
    fast->bridged(fast->context, bridged);
    verdict_count_forwarded(e, SIDE_UPSTREAM, bridged[SIDE_UPSTREAM]);
    verdict_count_forwarded(e, SIDE_DOWNSTREAM, bridged[SIDE_DOWNSTREAM]);
}

static void harvest_one(struct engine *e, struct binding *b)
{
    binding_fast_take(e, b);
    binding_fast_update(e, b);
}

static void harvest(struct engine *e)
{
    struct binding *b;
    for (uint32_t place = 0; (b = binding_walk(e->bindings, &place)) != NULL;)
        harvest_one(e, b);
    take_rest(e, e->fast);
}

const struct fast_path *engine_fast_leave(struct engine *e)
{
    const struct fast_path *fast = e->fast;
    if (fast == NULL)
        return NULL;
    harvest(e);
    fdb_fast_set(e->fdb, NULL, 0, e->now_ns);
    fast->clear(fast->context);
    struct binding *b;
    for (uint32_t place = 0; (b = binding_walk(e->bindings, &place)) != NULL;)
        b->fast_slot = 0;
    take_rest(e, fast);
    e->fast = NULL;
    return fast;
}

void engine_fast_join(struct engine *e, const struct fast_path *fast)
{
    e->fast = fast;
    if (fast == NULL)
        return;
    fdb_fast_set(e->fdb, fast, e->config.vlan, e->now_ns);
    struct binding *b;
    for (uint32_t place = 0; (b = binding_walk(e->bindings, &place)) != NULL;)
        binding_fast_update(e, b);
}

static void pass_to(struct engine *e, uint64_t now_ns)
{
    if (now_ns > e->now_ns)
        e->now_ns = now_ns;
}

void engine_fast_set(struct engine *engine, uint64_t now_ns, const struct fast_path *fast)
{
    pass_to(engine, now_ns);
    engine_fast_leave(engine);
    engine_fast_join(engine, fast);
}

void engine_fast_harvest(struct engine *engine, uint64_t now_ns)
{
    pass_to(engine, now_ns);
    if (engine->fast != NULL)
        harvest(engine);
}

bool engine_fast_harvest_some(struct engine *engine, uint64_t now_ns, uint32_t most)
{
    struct binding *b = NULL;
    pass_to(engine, now_ns);
    if (engine->fast == NULL)
        return true;
    for (uint32_t i = 0; i < most && (b = binding_walk(engine->bindings, &engine->fast_place)) != NULL; i++)
        harvest_one(engine, b);
    if (b == NULL)
        engine->fast_place = 0;
    take_rest(engine, engine->fast);
    return b == NULL;
}
