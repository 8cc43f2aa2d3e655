/* main.c: pearpd, the transparent port-aware bridge. */
#include "pearpd/daemon.h"

int main(int argc, char **argv)
{
    return daemon_main(argc, argv);
}
