/* fuzz_agent_conf.c: the agent's files: its configuration, and behind a first line "pearp-agent-undo" its undo record.
 * What was read without a fault can be written, and read again as the same; rules can be made of it, and scripts for
 * nsupdate, whose every line is the one that is meant. */
#include "config/config.h"
#include "dns/nsupdate.h"
#include "host/nft.h"
#include "host/undo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool good)
{
    if (!good)
        abort();
}

static void count_fault(void *context, const char *file, unsigned line, const char *message)
{
    unsigned *count = context;
    (void)file;
    (void)line;
    ++*count;
    expect(*message != '\0');
}

static void check_held(const struct range_list *list)
{
    static char rules[NFT_TEXT_MAX_BYTES];
    struct port_span spans[RANGE_SPANS_MAX];
    char name[PORT_RANGE_TEXT_BYTES];
    struct port_range again;
    uint32_t ports = 0, united = 0;
    for (size_t i = 0; i < list->count; i++) {
        expect(port_range_parse(port_range_format(&list->ranges[i], name), &again) == 0 &&
               port_range_equal(&again, &list->ranges[i]));
        expect(port_range_has(&again, again.range.first) && port_range_has(&again, again.range.last));
        ports += port_range_ports(&again);
    }
    const size_t count = range_list_union(list, (struct ipv4){0}, spans);
    for (size_t i = 0; i < count; i++) {
        expect(i == 0 || spans[i].first > spans[i - 1].last + 1);
        united += spans[i].last - spans[i].first + 1U;
    }
    expect(united <= ports && (list->count == 0) == (united == 0));
    expect(list->count == 0 || nft_format("eth0", list, true, rules, sizeof(rules)) > 0);
}

/* Of one line, without what begins a string, an escape or a comment but for the quotes of `alpn`. */
static void check_record(const struct dns_record *record)
{
    expect(record->name.length == strlen(record->name.text) &&
           strpbrk(record->name.text, " \t\n\";\\()$") == NULL);
    expect(strpbrk(record->data, "\t\n;\\()$") == NULL && strlen(record->data) > 0);
    const char *quote = strchr(record->data, '"');
    expect(quote == NULL || (strncmp(quote - 6, " alpn=\"", 7) == 0 && strchr(quote + 1, '"') != NULL &&
                             strchr(strchr(quote + 1, '"') + 1, '"') == NULL));
}

static void check_service(const struct services_config *config, const struct service_config *service)
{
    static char script[NSUPDATE_TEXT_BYTES];
    const struct dns_server server = {config->server, config->server_port, &config->key};
    struct dns_record records[SERVICE_RECORDS_MOST];
    struct dns_change changes[SERVICE_RECORDS_MOST];
    const unsigned count = service_records(service, config->ttl_s, records);
    expect(count > 0);
    for (unsigned i = 0; i < count; i++) {
        check_record(&records[i]);
        changes[i] = (struct dns_change){&records[i], i % 2 == 0};
    }
    expect(nsupdate_format(&server, &service->zone, changes, count, script, sizeof(script)) > 0);
    unsigned lines = 0;
    for (const char *at = script; *at != '\0'; at++)
        lines += *at == '\n';
    expect(lines == count + 5);
}

static void read_config(const uint8_t *data, size_t size)
{
    struct agent_options options;
    unsigned count = 0;
    FILE *stream = fmemopen((void *)(uintptr_t)data, size, "r");
    if (stream == NULL)
        return;
    const int faults = agent_config_read_stream(stream, "fuzz.conf", &options, count_fault, &count);
    fclose(stream);
    expect((faults == 0) == (count == 0));
    if (faults != 0)
        return;
    expect(interface_is_plain(options.interface));
    expect(options.watch_s >= 1 && options.warn_percent >= 1 && options.warn_percent <= 100);
    check_held(&options.held);
    for (size_t i = 0; options.services.has_server && i < options.services.count; i++)
        check_service(&options.services, &options.services.services[i]);
}

static void read_undo(const uint8_t *data, size_t size)
{
    static char written[UNDO_TEXT_MAX_BYTES], again_written[UNDO_TEXT_MAX_BYTES];
    static struct undo undo, again;
    unsigned line;
    if (undo_parse((const char *)data, size, &undo, &line) != 0)
        return;
    const int length = undo_format(&undo, written, sizeof(written));
    if (length == -ENOSPC) /* blanks of one kind for another, and leading zeros, may make it longer */
        return;
    expect(length > 0 && undo_parse(written, (size_t)length, &again, &line) == 0);
    expect(undo_format(&again, again_written, sizeof(again_written)) == length);
    expect(memcmp(written, again_written, (size_t)length) == 0);
    check_held(&undo.held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char undo[] = "pearp-agent-undo";
    if (size == 0)
        return 0;
    if (size >= strlen(undo) && memcmp(data, undo, strlen(undo)) == 0)
        read_undo(data, size);
    else
        read_config(data, size);
    return 0;
}
