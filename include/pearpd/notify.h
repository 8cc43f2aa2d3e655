/* notify.h: reports the program's state to the service manager: sd_notify(3) by hand, one datagram to
 * $NOTIFY_SOCKET. Nothing happens outside of systemd. Called by: daemon, agent. */
#ifndef PEARPD_NOTIFY_H
#define PEARPD_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_stopping(void);

/* The program is alive: to be called once a second or so, from its loop. Reported where WatchdogSec= asks for it
 * (WATCHDOG_USEC, WATCHDOG_PID), twice as often as it asks. `now_ns`: CLOCK_MONOTONIC. */
void notify_alive(uint64_t now_ns);

#endif
