/* frame_port_tools.h: waits for frames of a port. Included by: the tests of packet and tap ports. */
#ifndef PEARPD_TESTS_FRAME_PORT_TOOLS_H
#define PEARPD_TESTS_FRAME_PORT_TOOLS_H

#include "pearpd/frame_port.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The next frame; false after ten seconds without one. */
static inline bool wait_frame(struct frame_port *port, struct frame *frame)
{
    struct pollfd pollfd = {.fd = frame_port_fd(port), .events = POLLIN};
    for (unsigned i = 0; i < 1000; i++) {
        if (frame_port_next(port, frame))
            return true;
        poll(&pollfd, 1, 10);
    }
    return false;
}

static inline void expect_nothing(struct frame_port *port)
{
    struct frame frame;
    struct pollfd pollfd = {.fd = frame_port_fd(port), .events = POLLIN};
    assert_int_equal(poll(&pollfd, 1, 30), 0);
    assert_false(frame_port_next(port, &frame));
}

#endif
