/* dns_journal.c: see dns_journal.h. */
#include "dns_journal.h"

#include "pearpd/log.h"

#include "host/run_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES (2 * DNS_NAME_TEXT_BYTES + 8 + DNS_DATA_BYTES)
#define FILE_BYTES (DNS_RECORDS_MAX * LINE_BYTES)
#define SUFFIX     "services"

int dns_journal_format(const struct dns_name *zone, const struct dns_record *record, char *text, size_t size)
{
    const int length = snprintf(text, size, "%s %s %s %s\n", zone->text, record->name.text,
                                dns_type_name(record->type), record->data);
    return length < 0 || (size_t)length >= size ? -ENOSPC : length;
}

bool dns_journal_parse(const char *line, size_t length, struct dns_name *zone, struct dns_record *record)
{
    char copy[LINE_BYTES], *rest = copy;
    if (length >= sizeof(copy) || memchr(line, '\0', length) != NULL)
        return false;
    memcpy(copy, line, length);
    copy[length] = '\0';
    const char *zone_text = strsep(&rest, " "), *name = strsep(&rest, " "), *type = strsep(&rest, " ");
    *record = (struct dns_record){.type = DNS_TYPE_A};
    if (rest == NULL || dns_name_parse(zone_text, zone) != 0 || dns_name_parse(name, &record->name) != 0 ||
        !dns_type_parse(type, &record->type) || !dns_data_is_valid(rest))
        return false;
    snprintf(record->data, sizeof(record->data), "%s", rest);
    return true;
}

void dns_journal_write(int directory, const char *interface, const struct dns_publisher *publisher)
{
    char name[RUN_NAME_BYTES], *text = malloc(FILE_BYTES);
    const struct dns_name *zone;
    const struct dns_record *record;
    size_t length = 0;
    int error = text == NULL ? -ENOMEM : 0;
    run_name(interface, SUFFIX, name);
    for (int i = 0; error == 0 && (i = dns_publisher_next(publisher, (unsigned)i, &zone, &record)) >= 0; i++) {
        const int written = dns_journal_format(zone, record, text + length, FILE_BYTES - length);
        if (written < 0)
            error = written;
        else
            length += (size_t)written;
    }
    if (error == 0)
        error = length == 0 ? run_remove(directory, name) : run_write(directory, name, text, length, false);
    free(text);
    if (error != 0)
        log_warning("cannot write /run/pearp-agent/%s: %s", name, strerror(-error));
}

static void read_lines(const char *text, size_t length, const char *name, struct dns_publisher *publisher)
{
    size_t at = 0;
    for (unsigned number = 1; at < length; number++) {
        const char *newline = memchr(text + at, '\n', length - at);
        const size_t line_length = newline == NULL ? length - at : (size_t)(newline - text) - at;
        struct dns_name zone;
        struct dns_record record;
        if (!dns_journal_parse(text + at, line_length, &zone, &record)) {
            log_warning("/run/pearp-agent/%s:%u: not what an agent writes: skipped", name, number);
        } else if (dns_publisher_add_stale(publisher, &zone, &record) < 0) {
            log_warning("/run/pearp-agent/%s:%u: too many records to withdraw: skipped", name, number);
        }
        at += line_length + 1;
    }
}

void dns_journal_read(int directory, const char *interface, struct dns_publisher *publisher)
{
    char name[RUN_NAME_BYTES], *text = malloc(FILE_BYTES);
    run_name(interface, SUFFIX, name);
    const ssize_t length = text == NULL ? -ENOMEM : run_read(directory, name, text, FILE_BYTES);
    if (length > 0)
        read_lines(text, (size_t)length, name, publisher);
    else if (length < 0 && length != -ENOENT)
        log_warning("cannot read /run/pearp-agent/%s: %s", name, strerror((int)-length));
    free(text);
}

void dns_journal_warn(int directory, const char *interface)
{
    char name[RUN_NAME_BYTES];
    if (faccessat(directory, run_name(interface, SUFFIX, name), F_OK, 0) == 0)
        log_warning(
            "services of an earlier agent are still in the DNS: an agent with [dns] for their zone on %s "
            "withdraws them",
            interface);
}
