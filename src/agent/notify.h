/* notify.h: tells systemd how the agent is, sd_notify(3) by hand. Nothing happens outside of systemd. */
#ifndef PEARPD_AGENT_NOTIFY_H
#define PEARPD_AGENT_NOTIFY_H

void notify_ready(void);
void notify_stopping(void);

#endif
