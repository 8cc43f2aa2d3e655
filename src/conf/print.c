/* print.c: the manual's list of sections and keys, from the schema. */
#include "pearpd/conf.h"

#include "schema.h"

#include <string.h>

/* Sections and keys that may be written in a file of this version. */
static bool is_shown(const struct section_row *section)
{
    return section->later == 0;
}

/* A capital first, a full stop last, and each sentence on a line of its own, as mdoc wants it. */
static void print_sentences(FILE *out, const char *text)
{
    bool is_first = true;
    for (; *text != '\0'; text++) {
        if (*text == ' ' && text[-1] == '.')
            fputc('\n', out);
        else
            fputc(is_first && *text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text, out);
        is_first = false;
    }
    fputs(".\n", out);
}

void config_print_mdoc(FILE *out)
{
    for (size_t i = 0; i < section_row_count; i++) {
        const struct section_row *section = &section_rows[i];
        if (!is_shown(section))
            continue;
        fprintf(out, ".Ss [%s%s%s]\n", section->name, section->argument != NULL ? " " : "",
                section->argument != NULL ? section->argument : "");
        print_sentences(out, section->help);
        fputs(".Bl -tag -width Ds\n", out);
        if (section->section == SECTION_KEYS)
            fputs(".It Ar id No = Ar digits\nA number from 0 to 4294967295, and 64 hexadecimal digits.\n", out);
        for (size_t k = 0; k < key_row_count; k++) {
            const struct key_row *row = &key_rows[k];
            if (row->section != section->section)
                continue;
            fprintf(out, ".It Ic %s No = Ar value\n", row->key);
            print_sentences(out, row->help);
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
