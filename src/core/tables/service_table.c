/* service_table.c: see service_table.h. Places are numbered from 1: a list of 0 is empty. */
#include "service_table.h"

#include <stdlib.h>
#include <string.h>

struct service_table {
    uint32_t limit, unused; /* places never used lie from `unused` on */
    service_list free;
    struct service services[];
};

struct service_table *service_table_new(uint32_t limit)
{
    struct service_table *table = calloc(1, sizeof(*table) + (limit + (size_t)1) * sizeof(struct service));
    if (table == NULL)
        return NULL;
    table->limit = limit;
    table->unused = 1;
    return table;
}

void service_table_free(struct service_table *table)
{
    free(table);
}

struct service *service_first(struct service_table *table, service_list list)
{
    return list == 0 ? NULL : &table->services[list];
}

struct service *service_after(struct service_table *table, const struct service *service)
{
    return service_first(table, service->next);
}

struct service *service_find(struct service_table *table, service_list list,
                             const struct pe_arp_service *wanted)
{
    for (struct service *s = service_first(table, list); s != NULL; s = service_after(table, s))
        if (s->port == wanted->port && s->protocol == wanted->protocol &&
            s->name_length == wanted->name_length && memcmp(s->name, wanted->name, wanted->name_length) == 0)
            return s;
    return NULL;
}

struct service *service_add(struct service_table *table, service_list *list,
                            const struct pe_arp_service *service)
{
    uint32_t place = table->free;
    if (service->name_length > SERVICE_NAME_MOST_BYTES || (place == 0 && table->unused > table->limit))
        return NULL;
    if (place != 0)
        table->free = table->services[place].next;
    else
        place = table->unused++;
    struct service *s = &table->services[place];
    *s = (struct service){.next = *list,
                          .port = service->port,
                          .protocol = service->protocol,
                          .name_length = (uint8_t)service->name_length};
    memcpy(s->name, service->name, service->name_length);
    *list = place;
    return s;
}

uint32_t service_remove(struct service_table *table, service_list *list, bool all)
{
    uint32_t removed = 0;
    service_list *link = list;
    while (*link != 0) {
        const uint32_t place = *link;
        struct service *s = &table->services[place];
        if (s->in_reply && !all) {
            link = &s->next;
            continue;
        }
        *link = s->next;
        s->next = table->free;
        table->free = place;
        removed++;
    }
    return removed;
}
