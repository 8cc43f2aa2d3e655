/* notify.h: reports the program's state to the service manager: sd_notify(3) by hand, one datagram to
 * $NOTIFY_SOCKET. Nothing happens outside of systemd. Called by: daemon, agent. */
#ifndef PEARPD_NOTIFY_H
#define PEARPD_NOTIFY_H

void notify_ready(void);
void notify_stopping(void);

#endif
