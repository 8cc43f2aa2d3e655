/* settings_watch.h: when to check the host's settings: addresses or routes have changed, or it is time.
 * In: rtnetlink, time. Out: a call. Called by: agent. Never: knows what the settings should be.
 * A burst of changes is one call. Where each check finds something to restore, as beside a program that removes it
 * again and again, the next waits for 1, 2, 4 .. 60 s; after a minute without a finding it waits no longer. */
#ifndef PEARPD_AGENT_SETTINGS_WATCH_H
#define PEARPD_AGENT_SETTINGS_WATCH_H

#include "pearpd/loop.h"

#include <stdbool.h>

struct settings_watch;

/* `look` restores what is missing. True: something was. NULL and errno. */
struct settings_watch *settings_watch_new(struct loop *loop, bool (*look)(void *context), void *context);
void settings_watch_free(struct settings_watch *watch);

/* Checks soon, without waiting for a change. */
void settings_watch_look_soon(struct settings_watch *watch);

#endif
