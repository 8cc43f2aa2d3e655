/* dns_journal.h: the records that may be in the DNS, on disk for as long as they may be: a line for each.
 * In and out: the publisher's records. Called by: service, agent. Never: decides what is published. */
#ifndef PEARPD_AGENT_DNS_JOURNAL_H
#define PEARPD_AGENT_DNS_JOURNAL_H

#include "dns_publisher.h"

/* Writes the records that may be in the DNS; removes the file where none may be. Errors are logged. */
void dns_journal_write(int directory, const char *interface, const struct dns_publisher *publisher);

/* Gives the publisher what an earlier agent may have left. Lines that cannot be read are logged, and skipped. */
void dns_journal_read(int directory, const char *interface, struct dns_publisher *publisher);

/* Logs that an earlier agent may have left records, where it may: for a caller that does not withdraw them. */
void dns_journal_warn(int directory, const char *interface);

/* One line: ZONE NAME TYPE DATA, with its newline. The length, or -ENOSPC. */
int dns_journal_format(const struct dns_name *zone, const struct dns_record *record, char *text, size_t size);
/* Reads one line without its newline. False: it is none. */
bool dns_journal_parse(const char *line, size_t length, struct dns_name *zone, struct dns_record *record);

#endif
