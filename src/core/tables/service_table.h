/* service_table.h: the services that hosts announce, in a list at the binding of their port. In: SERVICE TLVs of
 * REPLYs that count. Out: the lists. Called by: service. Never: sends, emits events, resolves a name.
 *
 * [limits] services, and host-share of them for one host; services beyond that are not kept (counter
 * services_refused). A service is removed with its binding, or when its owner no longer announces it. */
#ifndef PEARPD_CORE_SERVICE_TABLE_H
#define PEARPD_CORE_SERVICE_TABLE_H

#include "pearpd/pe_arp.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVICE_NAME_MOST_BYTES 252 /* what a TLV has room for */

struct service {
    uint32_t next; /* a list's end: 0 */
    uint16_t port;
    uint8_t protocol, name_length;
    bool in_reply; /* in the REPLY that is being read */
    uint64_t since_ns;
    char name[SERVICE_NAME_MOST_BYTES + 1]; /* ends with a NUL */
};

/* The head of a binding's list; 0: none. */
typedef uint32_t service_list;

struct service_table;

/* Room for `limit` services. NULL: out of memory. */
struct service_table *service_table_new(uint32_t limit);
void service_table_free(struct service_table *table);

/* The first of a list, and the one after; NULL: no more. Borrowed until it is removed. */
struct service *service_first(struct service_table *table, service_list list);
struct service *service_after(struct service_table *table, const struct service *service);

/* The service of a list that is the same but for its age, or NULL. */
struct service *service_find(struct service_table *table, service_list list,
                             const struct pe_arp_service *wanted);

/* Puts one more into a list, in front. NULL: the table is full, or the name too long. */
struct service *service_add(struct service_table *table, service_list *list,
                            const struct pe_arp_service *service);

/* Removes the services of a list that are not in the REPLY; all of them if `all`. Returns their number. */
uint32_t service_remove(struct service_table *table, service_list *list, bool all);

#endif
