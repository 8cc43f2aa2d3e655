/* drop_ins.h: the files that are read with a configuration: the .conf files of NAME.d beside NAME.conf, in the order of their names.
 * In: the file's name. Out: paths. Called by: conf. Never: reads one. */
#ifndef PEARPD_CONF_DROP_INS_H
#define PEARPD_CONF_DROP_INS_H

#include <stddef.h>

struct drop_ins {
    char **paths; /* ascending by name, owned */
    size_t count;
};

/* 0, also where there is no folder; -ENOMEM; -Exxx: the folder cannot be read. */
int drop_ins_find(const char *file, struct drop_ins *found);
void drop_ins_free(struct drop_ins *found);

#endif
