/* control_history.h: the files of the ownership history, handed to a pearpctl that may not open them itself: it does the
 * search, so that no frame waits for one. In: a request. Out: descriptors for reading, the newest file's first, with "ok"; then what
 * the configuration says of them. Called by: control, through its rows. Never: reads a file. */
#ifndef PEARPD_DAEMON_CONTROL_HISTORY_H
#define PEARPD_DAEMON_CONTROL_HISTORY_H

struct control_asker;

/* Answers once all that has happened so far is in the file. */
void history_begin(struct control_asker *asker);

/* It is, or that takes too long. */
void history_answer(struct control_asker *asker);

#endif
