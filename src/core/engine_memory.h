/* engine_memory.h: the memory of all tables, taken at once for a configuration. Called by: engine, engine_reload. */
#ifndef PEARPD_CORE_ENGINE_MEMORY_H
#define PEARPD_CORE_ENGINE_MEMORY_H

#include "pearpd/config.h"
#include "pearpd/engine.h"

int engine_config_copy(struct config *to, const struct config *from);

/* 0, or -Exxx: what was taken is freed by engine_tables_free(). */
int engine_tables_new(struct engine *e);
void engine_tables_free(struct engine *e);

/* New configured ranges are in force from now on. */
void engine_ranges_begin(struct engine *e);

#endif
