/* plan.c: the plan of `make bench` as lines `ADDRESS FIRST LAST MAC`, without the ranges that move.
 * In: the plan. Called by: scripts/bench, scripts/table-changes. */
#include "flood_frame.h"

int main(int argc, char **argv)
{
    struct plan plan;
    if (argc != 2 || !plan_read(&plan, argv[1])) {
        fprintf(stderr, "usage: plan ADDRESS,ADDRESSES,RANGES,HOSTS[,MOVING]\n");
        return 2;
    }
    for (uint32_t a = 0; a < plan.addresses; a++) {
        const struct in_addr address = {htonl(plan.address + a)};
        for (uint32_t r = 0; r < plan.ranges; r++) {
            const uint32_t first = r * plan.width;
            uint8_t mac[6];
            if (plan_moves(&plan, first))
                continue;
            put_host_mac(mac, plan_owner(&plan, a, first));
            printf("%s %u %u %02x:%02x:%02x:%02x:%02x:%02x\n", inet_ntoa(address), PLAN_FIRST_PORT + first,
                   PLAN_FIRST_PORT + first + plan.width - 1, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
        }
    }
    return 0;
}
