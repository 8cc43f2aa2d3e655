/* undo_file.h: the undo record on disk, and putting it into effect.
 * In and out: struct undo, files. Called by: agent. Never: runs while another agent holds the interface's lock. */
#ifndef PEARPD_AGENT_UNDO_FILE_H
#define PEARPD_AGENT_UNDO_FILE_H

#include "pearpd/netlink.h"

#include "undo.h"

/* Writes the record; it is on disk at the return. 0, or -Exxx after one line in the log. */
int undo_file_write(int directory, const struct undo *undo);

/* Reads it. 0; -ENOENT: there is none; -Exxx after one line in the log. */
int undo_file_read(int directory, const char *interface, struct undo *undo);

/* Restores everything and removes the interface's record. The record is kept when that failed.
 * 0, or -Exxx after one line in the log for each fault. */
int undo_file_restore(int directory, struct netlink *netlink, const struct undo *undo);

/* Does so with a record left by a killed agent, and removes its other files. 0, also when there is none: then *found is
 * false; -Exxx as above. */
int undo_file_restore_left(int directory, struct netlink *netlink, const char *interface, bool *found);

/* Refuses when the record of another interface has a setting of the whole host.
 * 0, or -EBUSY after one line in the log. */
int undo_file_check_others(int directory, const char *interface);

#endif
