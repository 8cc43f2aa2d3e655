/* control_guest.h: free ports for a new guest of the operator's (pearpctl guest).
 * In: how many, for whom. Out: a range, or a set where [dhcp] leases sets, and where its drop-in belongs.
 * Called by: control, through its rows. Never: writes a file: pearpctl does. */
#ifndef PEARPD_DAEMON_CONTROL_GUEST_H
#define PEARPD_DAEMON_CONTROL_GUEST_H

struct control_asker;

void command_guest(struct control_asker *asker);

#endif
