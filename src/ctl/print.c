/* print.c: see command.h. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void print_services(const struct answer *services, const struct print_options *options)
{
    (void)options;
    puts("Service                        Proto    Address                HWaddress           Age      Owner");
    for (size_t i = 0; i < answer_count(services); i++) {
        const struct answer *entry = answer_at(services, i);
        const char *owner = answer_text(entry, "owner");
        char address[64];
        snprintf(address, sizeof(address), "%s:%" PRIu64, answer_text(entry, "address"),
                 answer_number(entry, "port"));
        printf("%-30s %-8s %-22s %-19s %6" PRIu64 " s%s%s\n", answer_text(entry, "name"),
               answer_text(entry, "protocol"), address, answer_text(entry, "mac"),
               answer_number(entry, "age_s"), *owner == '\0' ? "" : " ", owner);
    }
}

void print_owner(const struct answer *entry, const struct print_options *options)
{
    (void)options;
    char address[64];
    const char *name = answer_text(entry, "name");
    print_address(entry, address, sizeof(address));
    printf("%s %s %s%s%s\n", address, answer_text(entry, "mac"), answer_text(entry, "state"),
           *name != '\0' ? " " : "", name);
}

static void print_number(const char *path, uint64_t number)
{
    printf("%-36s %" PRIu64 "\n", path, number);
}

/* The words of a group; its numbers are walked like the others. */
static void print_words(const struct answer *stats, const char *group)
{
    static const char *const words[] = {"file", "last_error"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *text = answer_text(answer_member(stats, group), words[i]);
        char path[64];
        snprintf(path, sizeof(path), "%s.%s", group, words[i]);
        if (*text != '\0')
            printf("%-36s %s\n", path, text);
    }
}

void print_stats(const struct answer *stats, const struct print_options *options)
{
    (void)options;
    static const char *const groups[] = {"frames", "consumed", "drops",   "counters",
                                         "dhcp",   "state",    "history", "ipfix"};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        answer_walk_numbers(answer_member(stats, groups[i]), groups[i], print_number);
    print_words(stats, "state");
    print_words(stats, "history");
    print_words(stats, "ipfix");
    const struct answer *hosts = answer_member(stats, "hosts");
    for (size_t i = 0; i < answer_count(hosts); i++) {
        char path[64];
        snprintf(path, sizeof(path), "hosts.%s", answer_text(answer_at(hosts, i), "mac"));
        answer_walk_numbers(answer_at(hosts, i), path, print_number);
    }
}

void print_leases(const struct answer *leases, const struct print_options *options)
{
    (void)options;
    puts("Address                        PSID          HWaddress           State        Expires  Client");
    for (size_t i = 0; i < answer_count(leases); i++) {
        const struct answer *lease = answer_at(leases, i);
        const char *id = answer_text(lease, "client_id"), *name = answer_text(lease, "name");
        char address[64];
        print_address(lease, address, sizeof(address));
        printf("%-30s %-13s %-19s %-9s %8" PRIu64 " s  %s%s%s\n", address, answer_text(lease, "psid"),
               answer_text(lease, "mac"), answer_text(lease, "state"), answer_number(lease, "expires_s"),
               *id != '\0' ? id : "-", *name != '\0' ? " " : "", name);
    }
}

void print_denied(const struct answer *hosts, const struct print_options *options)
{
    (void)options;
    puts("HWaddress           Origin");
    for (size_t i = 0; i < answer_count(hosts); i++)
        printf("%-19s %s\n", answer_text(answer_at(hosts, i), "mac"),
               answer_text(answer_at(hosts, i), "origin"));
}

void print_removed(const struct answer *answer, const struct print_options *options)
{
    (void)options;
    uint64_t removed = answer_number(answer, "removed");
    printf("%" PRIu64 " binding%s removed\n", removed, removed == 1 ? "" : "s");
}

void print_version(const struct answer *answer, const struct print_options *options)
{
    (void)options;
    printf("pearpd %s\n", answer_text(answer, "version"));
}

void print_nothing(const struct answer *answer, const struct print_options *options)
{
    (void)answer;
    (void)options;
}

void print_event(const struct answer *event, const struct print_options *options)
{
    (void)options;
    const char *name = answer_text(event, "event"), *other = answer_text(event, "other");
    const char *detail = answer_text(event, "detail"), *range = answer_text(event, "range");
    if (strcmp(name, "skipped") == 0) {
        printf("skipped %" PRIu64 " events\n", answer_number(event, "count"));
        return;
    }
    const char *time = answer_text(event, "time");
    printf("%s%s%s %s", time, *time != '\0' ? " " : "", name,
           *range != '\0' ? range : answer_text(event, "side"));
    if (answer_member(event, "remote") != NULL)
        printf(" protocol %" PRIu64 " with %s", answer_number(event, "protocol"), answer_text(event, "remote"));
    if (answer_member(event, "mac") != NULL)
        printf(" %s", answer_text(event, "mac"));
    if (*other != '\0')
        printf(" %s %s", strcmp(name, "moved") == 0 ? "from" : "against", other);
    if (*detail != '\0')
        printf(" (%s)", detail);
    putchar('\n');
}
