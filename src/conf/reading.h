/* reading.h: what the file says that struct config does not keep; for the callbacks of src/conf. */
#ifndef PEARPD_CONF_READING_H
#define PEARPD_CONF_READING_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>

struct conf_reading {
    bool serves_all;     /* serve = all */
    struct ipv4 *served; /* the addresses of `serve`, owned */
    size_t served_count;
};

#endif
