/* option_table.c: see option_table.h. */
#include "pearpd/option_table.h"

#include <getopt.h>
#include <stdbool.h>

#define ROWS_MAX 32

int option_table_next(const struct option_row *rows, size_t count, int argc, char **argv, const char **argument,
                      char ***words)
{
    struct option longs[ROWS_MAX + 1] = {0};
    char shorts[2 * ROWS_MAX + 1] = "";
    size_t named = 0, used = 0;
    for (size_t i = 0; i < count && i < ROWS_MAX; i++) {
        if (rows[i].name != NULL)
            longs[named++] = (struct option){rows[i].name, rows[i].argument != NULL, NULL, rows[i].value};
        if (rows[i].value >= OPTION_LONG)
            continue;
        shorts[used++] = (char)rows[i].value;
        if (rows[i].argument != NULL)
            shorts[used++] = ':';
    }
    const int value = getopt_long(argc, argv, shorts, longs, NULL);
    *argument = optarg;
    *words = argv + optind;
    return value;
}

void option_table_usage(const struct option_row *rows, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        char left[64];
        const struct option_row *row = &rows[i];
        if (row->help == NULL)
            continue;
        const bool is_short = row->value < OPTION_LONG;
        const char short_form[] = {'-', (char)row->value, row->name != NULL ? ',' : '\0', ' ', '\0'};
        snprintf(left, sizeof(left), "  %s%s%s%s%s", is_short ? short_form : "    ",
                 row->name != NULL ? "--" : "", row->name != NULL ? row->name : "",
                 row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
        fprintf(out, "%-32s %s\n", left, row->help);
    }
}
