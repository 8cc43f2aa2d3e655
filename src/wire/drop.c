/* drop.c: the names of drop.h's rows. */
#include "pearpd/drop.h"

#define X(id, name, help) name,
static const char *const drop_names[] = {DROP_REASONS(X)};
static const char *const consumed_names[] = {CONSUMED_KINDS(X)};
static const char *const counter_names[] = {COUNTERS(X)};
#undef X

const char *drop_name(enum drop_reason reason)
{
    return drop_names[reason];
}

const char *consumed_name(enum consumed_kind kind)
{
    return consumed_names[kind];
}

const char *counter_name(enum counter counter)
{
    return counter_names[counter];
}
