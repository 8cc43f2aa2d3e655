/* control_commands.h: what pearpctl can have done; each is a row of control_rows.c. What changes something is logged with
 * who asked for it. Called by: control, through its rows. */
#ifndef PEARPD_DAEMON_CONTROL_COMMANDS_H
#define PEARPD_DAEMON_CONTROL_COMMANDS_H

struct control_asker;

void command_add(struct control_asker *asker);
void command_delete(struct control_asker *asker);
void command_deny(struct control_asker *asker);
void command_allow(struct control_asker *asker);
void command_flush(struct control_asker *asker);
void command_confirm(struct control_asker *asker);
void command_reload(struct control_asker *asker);
void command_monitor(struct control_asker *asker);
void command_version(struct control_asker *asker);

#endif
