/* ini_print.c: see ini_schema.h: what is written for people from the rows: descriptions and the manual. */
#include "pearpd/ini_schema.h"

#include <string.h>

#define TYPES_MAX 32

static bool is_numeric(const struct ini_key *key)
{
    return key->most > 0;
}

const char *ini_describe(const struct ini_key *key, char text[static INI_DESCRIPTION_BYTES])
{
    const bool has_none = key->none != NULL && *key->none != '\0';
    const int used =
        snprintf(text, INI_DESCRIPTION_BYTES, "%s%s", has_none ? key->none : "", has_none ? " or " : "");
    char *rest = text + used;
    const size_t size = INI_DESCRIPTION_BYTES - (size_t)used;
    if (is_numeric(key))
        snprintf(rest, size, "a number from %u to %u", key->least, key->most);
    else if (key->type->is_sized)
        snprintf(rest, size, "%s, up to %zu bytes", key->type->text, key->size - 1);
    else
        snprintf(rest, size, "%s", key->choices != NULL ? key->choices : key->type->text);
    return text;
}

/* A sentence on its line, escaped for mdoc(7): with a capital, and a full stop. */
static void print_sentence(FILE *out, const char *text, size_t length)
{
    if (length > 0 && (*text == '.' || *text == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\\')
            fputs("\\e", out);
        else
            fputc(i == 0 && text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i], out);
    fputs(length > 0 && text[length - 1] != '.' ? ".\n" : "\n", out);
}

/* Sentences, each on a line of its own. */
static void print_sentences(FILE *out, const char *text)
{
    while (*text != '\0') {
        const char *end = strstr(text, ". ");
        const size_t length = end == NULL ? strlen(text) : (size_t)(end + 1 - text);
        print_sentence(out, text, length);
        text += length;
        text += strspn(text, " ");
    }
}

/* What is behind the key's `=`: words as they are written, types by their names. */
static void print_values(FILE *out, const struct ini_key *key)
{
    if (key->none != NULL && *key->none != '\0')
        fprintf(out, " Cm %s |", key->none);
    if (key->choices != NULL)
        fprintf(out, " Cm %s", key->choices);
    else
        fprintf(out, " Ar %s", key->type->name);
}

/* The bounds and the default, in one sentence. */
static void print_default(FILE *out, const struct ini_key *key)
{
    if (is_numeric(key))
        fprintf(out, "From %u to %u%s", key->least, key->most,
                key->preset != NULL && *key->preset != '\0' ? "; the" : ".\n");
    else if (key->preset != NULL && *key->preset != '\0')
        fputs("The", out);
    if (key->preset == NULL)
        fputs("Must be given.\n", out);
    else if (*key->preset != '\0')
        fprintf(out, " default is\n.Ql %s .\n", key->preset);
}

static void print_mdoc_key(FILE *out, const struct ini_key *key)
{
    fprintf(out, ".It Ic %s No =", key->name);
    print_values(out, key);
    fputc('\n', out);
    print_sentences(out, key->help);
    print_default(out, key);
}

static void print_mdoc_section(FILE *out, const struct ini_section *section)
{
    fprintf(out, ".Ss [%s%s%s]\n", section->name, section->argument != NULL ? " " : "",
            section->argument != NULL ? section->argument : "");
    print_sentences(out, section->help);
    if (section->key_count == 0)
        return;
    fputs(".Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < section->key_count; i++)
        print_mdoc_key(out, &section->keys[i]);
    fputs(".El\n", out);
}

/* Each type once, by its name, in the order of the keys. */
static void print_mdoc_types(FILE *out, const struct ini_schema *schema)
{
    const struct ini_type *seen[TYPES_MAX];
    size_t count = 0;
    fputs(".Ss Types of values\n.Bl -tag -width interface -compact\n", out);
    for (size_t i = 0; i < schema->section_count; i++)
        for (size_t k = 0; k < schema->sections[i].key_count; k++) {
            const struct ini_type *type = schema->sections[i].keys[k].type;
            size_t at = 0;
            if (type->name == NULL)
                continue;
            while (at < count && strcmp(seen[at]->name, type->name) != 0)
                at++;
            if (at < count || count == TYPES_MAX)
                continue;
            seen[count++] = type;
            fprintf(out, ".It Ar %s\n", type->name);
            print_sentences(out, type->help != NULL ? type->help : type->text);
        }
    fputs(".El\n", out);
}

void ini_print_mdoc(const struct ini_schema *schema, FILE *out)
{
    print_mdoc_types(out, schema);
    for (size_t i = 0; i < schema->section_count; i++)
        print_mdoc_section(out, &schema->sections[i]);
}
