/* control_resolve.c: see control_resolve.h.
 *
 * A port that has an owner is answered at once; with --ask the owner is asked first, and has answered when its frame came
 * after the question. For a port without an owner the hosts are asked, and the answer is an event. */
#include "control_resolve.h"

#include "pearpd/clock.h"

#include "control_answer.h"
#include "report.h"

#define PATIENCE_NS   (4 * NS_PER_S)
#define LOOK_AGAIN_NS (NS_PER_S / 20)

static void answer_owner(struct control_asker *asker, const struct table_entry *entry)
{
    report_live_entry(answer_begin(asker), asker_config(asker), entry);
    answer_end(asker);
}

static bool has_answered(const struct control_asker *asker, const struct table_entry *entry)
{
    return entry->seen_ns != ENGINE_NEVER && entry->seen_ns <= asker_now_ns(asker) - asker->asked_ns;
}

/* --ask: the owner was asked; the question is open as long as it may answer. */
static void look_at_asked(struct control_asker *asker, const struct table_entry *entry, bool is_last)
{
    const struct range *wanted = &asker->request.range;
    if (has_answered(asker, entry))
        answer_owner(asker, entry);
    else if (is_last || !engine_is_asking(asker_engine(asker), wanted->address, wanted->first))
        answer_error(asker, "the owner does not answer; the table shows what is known of it");
    else
        loop_timer_set(asker->look, LOOK_AGAIN_NS);
}

static void look(struct control_asker *asker, bool is_last)
{
    const struct range *wanted = &asker->request.range;
    struct table_entry entry;
    switch (engine_resolve(asker_engine(asker), asker_now_ns(asker), wanted->address, wanted->first, &entry,
                           asker->target->out)) {
    case RESOLVE_OWNED:
        if (asker->asked_ns != 0)
            look_at_asked(asker, &entry, is_last);
        else
            answer_owner(asker, &entry);
        break;
    case RESOLVE_ASKING:
        if (is_last)
            answer_error(asker, "nobody answered");
        break;
    case RESOLVE_UNOWNED: /* nobody answered before; with --ask hosts may be asked again now */
        if (is_last || !engine_is_asking(asker_engine(asker), wanted->address, wanted->first))
            answer_error(asker, "nobody answered");
        break;
    case RESOLVE_NOT_SHARED:
        answer_error(asker, "that is no shared address");
        break;
    }
    asker_touched(asker);
}

static void look_again(void *context)
{
    struct control_asker *asker = context;
    if (asker->state == ASKER_RESOLVES)
        look(asker, false);
}

static void patience_over(void *context)
{
    struct control_asker *asker = context;
    if (asker->state == ASKER_RESOLVES)
        look(asker, true);
}

/* RESOLVE_OWNED: *entry is the owner, and nobody needs to be asked. */
static enum resolve_state ask(struct control_asker *asker, struct table_entry *entry)
{
    const struct range *wanted = &asker->request.range;
    struct engine *engine = asker_engine(asker);
    const uint64_t now_ns = asker_now_ns(asker);
    if (!asker->request.ask)
        return engine_resolve(engine, now_ns, wanted->address, wanted->first, entry, asker->target->out);
    asker->asked_ns = now_ns;
    return engine_ask(engine, now_ns, wanted->address, wanted->first, asker->target->out);
}

static void wait(struct control_asker *asker)
{
    asker->state = ASKER_RESOLVES;
    asker->look = loop_timer(asker->loop, look_again, asker);
    asker->waited = loop_timer(asker->loop, patience_over, asker);
    if (asker->look == NULL || asker->waited == NULL) {
        answer_error(asker, "out of memory");
        return;
    }
    control_session_may_wait(asker->session, true);
    loop_timer_set(asker->waited, PATIENCE_NS);
    if (asker->asked_ns != 0)
        loop_timer_set(asker->look, LOOK_AGAIN_NS);
}

void resolve_begin(struct control_asker *asker)
{
    struct table_entry entry;
    switch (ask(asker, &entry)) {
    case RESOLVE_OWNED:
        answer_owner(asker, &entry);
        break;
    case RESOLVE_ASKING:
        wait(asker);
        break;
    case RESOLVE_UNOWNED:
        answer_error(asker, "nobody owns the port, and nobody is asked");
        break;
    case RESOLVE_NOT_SHARED:
        answer_error(asker, "that is no shared address");
        break;
    }
    asker_touched(asker);
}

void resolve_event(struct control_asker *asker, const struct event *event)
{
    const struct range *wanted = &asker->request.range;
    if (event->range.address.host == wanted->address.host && range_holds(&event->range, wanted->first))
        loop_timer_set(asker->look, 0);
}
