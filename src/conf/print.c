/* print.c: the sample file and the manual's list of keys, from the schema. */
#include "pearpd/conf.h"

#include "schema.h"

#include <string.h>

/* Sections and keys that may be written in a file of this version. */
static bool is_shown(const struct section_row *section)
{
    return section->later == 0;
}

/* A line of the sample: a key that must be given is set, the others are comments with their defaults. */
static void print_sample_key(FILE *out, const struct key_row *row)
{
    static const struct {
        const char *key, *value;
    } given[] = {{"upstream", "eth0"}, {"downstream", "eth1"}, {"mac", "00:0c:29:9e:8c:ee"}};
    fprintf(out, "; %s: %s\n", row->help, row->values);
    if (row->preset != NULL) {
        fprintf(out, ";%s%s = %s\n", row->section == SECTION_LEASE ? " " : "", row->key, row->preset);
        return;
    }
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        if (strcmp(given[i].key, row->key) == 0)
            fprintf(out, "%s = %s\n", row->key, given[i].value);
}

void config_print_sample(FILE *out)
{
    fputs("; pearpd: one file for one subnet, as /etc/pearpd/NAME.conf; see pearpd.conf(5).\n"
          "; Check it with: pearpd -c FILE -t. Keys behind a ';' stand at their default.\n",
          out);
    for (size_t i = 0; i < section_row_count; i++) {
        const struct section_row *section = &section_rows[i];
        if (!is_shown(section))
            continue;
        /* One that stands for nothing by itself would be a fault. */
        const char *comment = section->section == SECTION_LEASE ? "; " : "";
        fprintf(out, "\n; %s\n%s[%s%s%s]\n", section->help, comment, section->name,
                section->example != NULL ? " " : "", section->example != NULL ? section->example : "");
        if (section->section == SECTION_KEYS)
            fputs("; 1 = (64 hexadecimal digits, as of: openssl rand -hex 32)\n", out);
        for (size_t k = 0; k < key_row_count; k++)
            if (key_rows[k].section == section->section)
                print_sample_key(out, &key_rows[k]);
    }
}

void config_print_mdoc(FILE *out)
{
    for (size_t i = 0; i < section_row_count; i++) {
        const struct section_row *section = &section_rows[i];
        if (!is_shown(section))
            continue;
        fprintf(out, ".Ss [%s%s%s]\n", section->name, section->argument != NULL ? " " : "",
                section->argument != NULL ? section->argument : "");
        fprintf(out, "%c%s.\n", section->help[0] - 'a' + 'A', section->help + 1);
        fputs(".Bl -tag -width Ds\n", out);
        if (section->section == SECTION_KEYS)
            fputs(".It Ar id No = Ar digits\nA number from 0 to 4294967295, and 64 hexadecimal digits.\n", out);
        for (size_t k = 0; k < key_row_count; k++) {
            const struct key_row *row = &key_rows[k];
            if (row->section != section->section)
                continue;
            fprintf(out, ".It Ic %s No = Ar value\n%c%s.\n", row->key,
                    row->help[0] >= 'a' && row->help[0] <= 'z' ? row->help[0] - 'a' + 'A' : row->help[0],
                    row->help + 1);
            if (row->preset == NULL)
                fprintf(out, "Takes %s; must be given.\n", row->values);
            else
                fprintf(out, "Takes %s; the default is %s%s%s.\n", row->values,
                        *row->preset != '\0' ? "\\(lq" : "none", row->preset,
                        *row->preset != '\0' ? "\\(rq" : "");
        }
        fputs(".El\n", out);
    }
}
