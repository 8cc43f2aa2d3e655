/* restored.c: a state file with every range of the plan as a binding that was learned from a CLAIM a minute ago.
 * In: PLAN. Out: the file. Called by: scripts/full-table. */
#include "flood_frame.h"

#include "pearpd/addr.h"
#include "pearpd/clock.h"
#include "pearpd/state_line.h"
#include "pearpd/time_units.h"

#include "../../../src/daemon/state_file.h"

static void put_line(struct state_line *line)
{
    fwrite(line->text, 1, line->length, stdout);
}

static void put_binding(const struct plan *plan, uint32_t index, uint32_t range)
{
    char text[RANGE_TEXT_BYTES + MAC_TEXT_BYTES];
    struct state_line line;
    struct mac mac;
    const uint32_t first = PLAN_FIRST_PORT + range * plan->width;
    const struct range ports = {{plan->address + index}, (uint16_t)first, (uint16_t)(first + plan->width - 1)};
    put_host_mac(mac.octets, plan_owner(plan, index, range * plan->width));
    state_line_begin(&line, "binding");
    state_line_text(&line, "range", range_format(&ports, text));
    state_line_text(&line, "mac", mac_format(mac, text));
    state_line_text(&line, "origin", "pe-arp");
    state_line_u64(&line, "age_ns", 60 * NS_PER_S);
    state_line_u64(&line, "left_ns", 60 * NS_PER_S);
    static const char *const counters[] = {"rx_frames", "rx_bytes", "tx_frames", "tx_bytes"};
    for (size_t n = 0; n < sizeof(counters) / sizeof(counters[0]); n++)
        state_line_u64(&line, counters[n], 1000 * (n + 1));
    state_line_end(&line);
    put_line(&line);
}

int main(int argc, char **argv)
{
    struct plan plan;
    struct state_line line;
    if (argc != 2 || !plan_read(&plan, argv[1])) {
        fprintf(stderr, "usage: restored ADDRESS,ADDRESSES,RANGES,HOSTS\n");
        return 2;
    }
    struct state_times times = {.boottime_ns = clock_now_ns(), .wall_us = clock_wall_us()};
    clock_boot_id(times.boot_id);
    state_header(&line, &times);
    put_line(&line);
    for (uint32_t index = 0; index < plan.addresses; index++)
        for (uint32_t range = 0; range < plan.ranges; range++)
            put_binding(&plan, index, range);
    state_trailer(&line, (uint64_t)plan.addresses * plan.ranges);
    put_line(&line);
    return 0;
}
