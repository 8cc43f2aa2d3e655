/* dns_journal.h: the records that may stand in the DNS, on disk while they may: a line for each.
 * In and out: the publisher's records. Called by: service, agent. Never: decides what is to stand. */
#ifndef PEARPD_AGENT_DNS_JOURNAL_H
#define PEARPD_AGENT_DNS_JOURNAL_H

#include "dns_publisher.h"

/* Writes what may stand; removes the file where nothing may. What fails is said. */
void dns_journal_write(int directory, const char *interface, const struct dns_publisher *publisher);

/* Gives the publisher what an earlier agent may have left. What cannot be read is said, and passed over. */
void dns_journal_read(int directory, const char *interface, struct dns_publisher *publisher);

/* Says that an earlier agent may have left some, where it may: for who does not withdraw them. */
void dns_journal_warn(int directory, const char *interface);

/* One line: ZONE NAME TYPE RDATA (hexadecimal), with its newline. The length, or -ENOSPC. */
int dns_journal_format(const struct dns_name *zone, const struct dns_record *record, char *text, size_t size);
/* Reads one line without its newline. False: it is none. */
bool dns_journal_parse(const char *line, size_t length, struct dns_name *zone, struct dns_record *record);

#endif
