/* print_account.c: traffic by owner and month, for people; see command.h. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>

static void print_traffic(const char *owner, const char *month, const struct answer *traffic)
{
    printf("%-18s %-8s %12" PRIu64 " %15" PRIu64 " %12" PRIu64 " %15" PRIu64, owner, month,
           answer_number(traffic, "rx_frames"), answer_number(traffic, "rx_bytes"),
           answer_number(traffic, "tx_frames"), answer_number(traffic, "tx_bytes"));
}

/* The name, and what is held now. */
static void print_holder(const struct answer *owner)
{
    const char *name = answer_text(owner, "name");
    const struct answer *ranges = answer_member(owner, "ranges");
    size_t shown = answer_count(ranges);
    uint64_t held = answer_number(owner, "range_count");
    if (*name != '\0')
        printf("  %s", name);
    for (size_t i = 0; i < shown; i++)
        printf("%s%s", i == 0 ? "  " : ",", answer_string(answer_at(ranges, i)));
    if (held > shown)
        printf(" and %" PRIu64 " more", held - shown);
}

void print_accounts(const struct answer *owners, const struct print_options *options)
{
    (void)options;
    printf("%-18s %-8s %12s %15s %12s %15s  %s\n", "Owner", "Month", "RxFrames", "RxBytes", "TxFrames",
           "TxBytes", "Name and ranges held now");
    for (size_t i = 0; i < answer_count(owners); i++) {
        const struct answer *owner = answer_at(owners, i);
        const struct answer *months = answer_member(owner, "months");
        const char *mac = answer_text(owner, "mac");
        mac = *mac != '\0' ? mac : "(others)";
        print_traffic(mac, "all", owner);
        print_holder(owner);
        putchar('\n');
        for (size_t k = 0; k < answer_count(months); k++) {
            const struct answer *month = answer_at(months, k);
            print_traffic(mac, answer_text(month, "month"), month);
            putchar('\n');
        }
    }
}
