/* daemon.h: all of pearpd behind one function. Called by: main. */
#ifndef PEARPD_DAEMON_H
#define PEARPD_DAEMON_H

/* Runs pearpd with its command line (docs/contract.md#pearpd). The program's exit status. */
int daemon_main(int argc, char **argv);

#endif
