/* settings_watch.h: when to look whether the host's settings still stand: addresses and routes have changed, or it is time.
 * In: rtnetlink, time. Out: a call. Called by: agent. Never: knows what should stand.
 * A burst of changes is one call. Where each look finds something to put back, as beside a program that takes it away
 * again and again, the next waits for 1, 2, 4 .. 60 s; a minute without makes that good. */
#ifndef PEARPD_AGENT_SETTINGS_WATCH_H
#define PEARPD_AGENT_SETTINGS_WATCH_H

#include "pearpd/loop.h"

#include <stdbool.h>

struct settings_watch;

/* `look` puts back what is missing, and says whether something was. NULL and errno. */
struct settings_watch *settings_watch_new(struct loop *loop, bool (*look)(void *context), void *context);
void settings_watch_free(struct settings_watch *watch);

/* Looks soon, though nothing was heard. */
void settings_watch_hurry(struct settings_watch *watch);

#endif
