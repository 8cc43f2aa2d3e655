/* ini_schema.c: see ini_schema.h: a file's sections and keys, as the rows say, and all of its faults. */
#include "pearpd/ini_schema.h"

#include "ini_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FAULT_BYTES 512
#define FAULTS_MAX  1000

struct fault {
    unsigned line, order;
    char text[FAULT_BYTES];
};

/* Where a key is in the section that is being read; and where it was given last in one of its kind. 0: nowhere. */
struct key_lines {
    unsigned present, last;
};

/* A file and the drop-ins that are read with it: lines count on from one to the next. */
struct part {
    const char *name;
    unsigned before; /* the lines of those before it */
};

struct ini_file {
    const struct ini_schema *schema;
    const char *name; /* of the first */
    void *target, *context;
    unsigned line, last_line;
    struct part *parts;
    size_t part_count;

    const struct ini_section *section; /* NULL: before the first, or an unknown one: its keys are skipped */
    const struct ini_later *later;     /* the section is one of a later version */
    void *section_target;
    unsigned section_line;
    unsigned *section_lines;     /* by section: of the first, or of the last where there may be several */
    struct key_lines *key_lines; /* by key, all sections in a row */

    struct fault *faults;
    size_t fault_count;
    bool faults_left_out, out_of_memory;
};

const char *ini_name(const struct ini_file *file)
{
    return file->name;
}

void *ini_target(const struct ini_file *file)
{
    return file->target;
}

void *ini_section_target(const struct ini_file *file)
{
    return file->section_target;
}

void *ini_context(const struct ini_file *file)
{
    return file->context;
}

unsigned ini_line(const struct ini_file *file)
{
    return file->line;
}

/* Lines. */

static const struct part *part_of(const struct ini_file *file, unsigned line)
{
    size_t i = file->part_count;
    while (i > 1 && line <= file->parts[i - 1].before)
        i--;
    return &file->parts[i - 1];
}

static const char *base_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash == NULL ? name : slash + 1;
}

const char *ini_line_format(const struct ini_file *file, unsigned line, char text[static INI_LINE_TEXT_BYTES])
{
    const struct part *part = part_of(file, line);
    if (file->part_count == 1)
        snprintf(text, INI_LINE_TEXT_BYTES, "line %u", line);
    else
        snprintf(text, INI_LINE_TEXT_BYTES, "line %u of %s", line - part->before, base_name(part->name));
    return text;
}

/* The line of the part that is read as one of all parts. */
static unsigned take_line(struct ini_file *file, unsigned line)
{
    file->line = line + file->parts[file->part_count - 1].before;
    if (file->line > file->last_line)
        file->last_line = file->line;
    return file->line;
}

/* Faults. */

void *ini_grow(struct ini_file *file, void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return array; /* there is room for the next power of two */
    void *more = reallocarray(array, count == 0 ? 1 : 2 * count, size);
    file->out_of_memory = file->out_of_memory || more == NULL;
    return more;
}

void ini_fault(struct ini_file *file, unsigned line, const char *format, ...)
{
    file->faults_left_out = file->faults_left_out || file->fault_count >= FAULTS_MAX;
    struct fault *more =
        file->faults_left_out ? NULL : ini_grow(file, file->faults, file->fault_count, sizeof(*more));
    if (more == NULL)
        return;
    file->faults = more;
    struct fault *fault = &more[file->fault_count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof(fault->text), format, arguments);
    va_end(arguments);
    fault->line = line;
    fault->order = (unsigned)file->fault_count++;
}

static int by_line(const void *a, const void *b)
{
    const struct fault *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* The number of faults, or -Exxx. */
static int report_faults(struct ini_file *file, bool is_unreadable, ini_fault_fn *fault, void *context)
{
    if (file->fault_count > 0)
        qsort(file->faults, file->fault_count, sizeof(*file->faults), by_line);
    for (size_t i = 0; i < file->fault_count; i++) {
        const struct part *part = part_of(file, file->faults[i].line);
        fault(context, part->name, file->faults[i].line - part->before, file->faults[i].text);
    }
    if (file->faults_left_out)
        fault(context, file->name, file->line, "too many faults, the rest is not shown");
    if (is_unreadable || file->out_of_memory) {
        fault(context, file->name, 0, file->out_of_memory ? "out of memory" : "cannot be read");
        return file->out_of_memory ? -ENOMEM : -EIO;
    }
    return (int)file->fault_count;
}

/* Rows. */

static const struct ini_section *section_named(const struct ini_schema *schema, const char *name, size_t length)
{
    for (size_t i = 0; i < schema->section_count; i++)
        if (strlen(schema->sections[i].name) == length && strncmp(schema->sections[i].name, name, length) == 0)
            return &schema->sections[i];
    return NULL;
}

static const struct ini_key *key_named(const struct ini_section *section, const char *name)
{
    for (size_t i = 0; i < section->key_count; i++)
        if (strcmp(section->keys[i].name, name) == 0)
            return &section->keys[i];
    return NULL;
}

/* The row of a key of a later version; key NULL: of a section. */
static const struct ini_later *later_row(const struct ini_schema *schema, const char *section, const char *key)
{
    for (size_t i = 0; i < schema->later_count; i++) {
        const struct ini_later *row = &schema->later[i];
        if (strcmp(row->section, section) != 0 || (row->key == NULL) != (key == NULL))
            continue;
        if (key == NULL || strcmp(row->key, key) == 0)
            return row;
    }
    return NULL;
}

/* The lines of a section's keys. */
static struct key_lines *lines_of(const struct ini_file *file, const struct ini_section *section)
{
    size_t before = 0;
    for (const struct ini_section *at = file->schema->sections; at != section; at++)
        before += at->key_count;
    return file->key_lines + before;
}

unsigned ini_line_of(const struct ini_file *file, const char *section, const char *key)
{
    const struct ini_section *row = section_named(file->schema, section, strlen(section));
    const struct ini_key *at = row == NULL || key == NULL ? NULL : key_named(row, key);
    if (row == NULL || (key != NULL && at == NULL))
        return 0;
    return at == NULL ? file->section_lines[row - file->schema->sections]
                      : lines_of(file, row)[at - row->keys].last;
}

/* Sections. */

/* Reads a value of a key into the section's target. False: it is not as the row says. */
static bool read_value(struct ini_file *file, const struct ini_key *key, const char *value, void *target)
{
    char *field = (char *)target + key->field;
    const bool is_none = key->none != NULL && strcmp(key->none, value) == 0;
    const size_t faults = file->fault_count;
    if (is_none)
        memset(field, 0, key->size);
    const bool is_good = is_none || key->type->read(file, key, value, field);
    if (key->given != 0)
        *(bool *)((char *)target + key->given) = !is_none && is_good && file->fault_count == faults;
    return is_good;
}

static void preset_keys(struct ini_file *file, const struct ini_section *section, void *target)
{
    file->section_target = target;
    for (size_t i = 0; i < section->key_count; i++)
        if (section->keys[i].preset != NULL &&
            !read_value(file, &section->keys[i], section->keys[i].preset, target))
            ini_fault(file, 0, "%s: its default is bad: %s", section->keys[i].name, section->keys[i].preset);
}

static void preset_all(struct ini_file *file)
{
    for (size_t i = 0; i < file->schema->section_count; i++)
        if (file->schema->sections[i].argument == NULL)
            preset_keys(file, &file->schema->sections[i], file->target);
}

static void end_section(struct ini_file *file)
{
    const struct ini_section *section = file->section;
    if (section == NULL)
        return;
    struct key_lines *lines = lines_of(file, section);
    for (size_t i = 0; i < section->key_count; i++)
        if (section->keys[i].preset == NULL && lines[i].present == 0)
            ini_fault(file, file->section_line, "%s is missing in [%s]", section->keys[i].name, section->name);
    if (section->end != NULL)
        section->end(file, file->section_target);
    file->section = NULL;
}

static void begin_section(struct ini_file *file, const struct ini_section *section, const char *argument)
{
    unsigned *line = &file->section_lines[section - file->schema->sections];
    struct key_lines *lines = lines_of(file, section);
    char at[INI_LINE_TEXT_BYTES];
    if (section->argument == NULL && *line != 0)
        ini_fault(file, file->line, "[%s]: is already at %s", section->name, ini_line_format(file, *line, at));
    else
        *line = file->line;
    for (size_t i = 0; i < section->key_count; i++)
        lines[i] = (struct key_lines){0, section->argument == NULL ? lines[i].last : 0};
    void *target = section->argument == NULL ? file->target : section->begin(file, argument);
    if (target == NULL)
        return;
    if (section->argument != NULL)
        preset_keys(file, section, target);
    file->section = section;
    file->section_target = target;
    file->section_line = file->line;
}

static void take_section(void *context, unsigned line, char *text)
{
    struct ini_file *file = context;
    end_section(file);
    line = take_line(file, line);
    file->later = NULL;
    if (text == NULL)
        return;
    const size_t length = strcspn(text, " \t");
    const char *argument = text + length + strspn(text + length, " \t");
    const struct ini_section *section = section_named(file->schema, text, length);
    file->later = later_row(file->schema, text, NULL);
    if (section != NULL && (section->argument != NULL || *argument == '\0'))
        begin_section(file, section, argument);
    else if (file->later == NULL)
        ini_fault(file, line, "[%s]: unknown section", text);
}

/* Keys. */

/* True where a later version brings the key or its section. Its value is refused, but for the one that sets nothing. */
static bool is_later(struct ini_file *file, const char *name, const char *value)
{
    const struct ini_later *later = file->later;
    if (later == NULL && file->section != NULL)
        later = later_row(file->schema, file->section->name, name);
    if (later == NULL)
        return false;
    if (later->key == NULL)
        ini_fault(file, file->line, "%s = %s: [%s] is not supported in this version", name, value,
                  later->section);
    else if (strcmp(later->only, value) != 0)
        ini_fault(file, file->line, "%s = %s: not supported in this version, which knows only %s", name, value,
                  later->only);
    return true;
}

static bool has_secret(const struct ini_section *section)
{
    for (size_t i = 0; i < section->key_count; i++)
        if (section->keys[i].is_secret)
            return true;
    return false;
}

static void take_known_key(struct ini_file *file, const struct ini_key *key, const char *value)
{
    const char *shown = key->is_secret ? "..." : value;
    const bool is_given = key->none == NULL || strcmp(key->none, value) != 0;
    struct key_lines *lines = &lines_of(file, file->section)[key - file->section->keys];
    char description[INI_DESCRIPTION_BYTES], at[INI_LINE_TEXT_BYTES];
    if (lines->present != 0)
        ini_fault(file, file->line, "%s = %s: is already at %s", key->name, shown,
                  ini_line_format(file, lines->present, at));
    else
        lines->present = file->line;
    lines->last = is_given ? file->line : 0;
    if (key->line != 0)
        *(unsigned *)(void *)((char *)file->section_target + key->line) = lines->last;
    if (!read_value(file, key, value, file->section_target))
        ini_fault(file, file->line, "%s = %s: must be %s", key->name, shown, ini_describe(key, description));
}

static void take_key(void *context, unsigned line, const char *name, const char *value)
{
    struct ini_file *file = context;
    line = take_line(file, line);
    if (is_later(file, name, value) || file->section == NULL)
        return;
    const struct ini_key *key = key_named(file->section, name);
    if (file->section->take != NULL)
        file->section->take(file, name, value);
    else if (key != NULL)
        take_known_key(file, key, value);
    else /* a misspelt name of a secret has the secret behind it still */
        ini_fault(file, line, "%s = %s: unknown key in [%s]", name, has_secret(file->section) ? "..." : value,
                  file->section->name);
}

static bool take_fault(void *context, unsigned line, const char *text)
{
    struct ini_file *file = context;
    ini_fault(file, take_line(file, line), "%s", text);
    return !file->faults_left_out;
}

/* All of it. */

void ini_schema_presets(const struct ini_schema *schema, void *target, void *context)
{
    struct part part = {.name = ""};
    struct ini_file file = {
        .schema = schema, .target = target, .context = context, .parts = &part, .part_count = 1};
    preset_all(&file);
    free(file.faults);
}

static bool begin_all(struct ini_file *file, size_t parts)
{
    const struct ini_schema *schema = file->schema;
    size_t keys = 0;
    for (size_t i = 0; i < schema->section_count; i++)
        keys += schema->sections[i].key_count;
    file->parts = calloc(parts, sizeof(*file->parts));
    file->section_lines = calloc(schema->section_count + 1, sizeof(*file->section_lines));
    file->key_lines = calloc(keys + 1, sizeof(*file->key_lines));
    file->out_of_memory = file->parts == NULL || file->section_lines == NULL || file->key_lines == NULL;
    if (!file->out_of_memory) {
        file->parts[0].name = file->name;
        file->part_count = 1;
        preset_all(file);
    }
    return !file->out_of_memory;
}

/* One part to its end; its sections end with it. */
static void read_part(struct ini_file *file, FILE *stream)
{
    const struct ini_taker taker = {file, file->schema->bytes, take_section, take_key, take_fault};
    if (!file->out_of_memory && ini_read(stream, &taker) != 0)
        file->out_of_memory = true;
    if (!file->out_of_memory)
        end_section(file);
    file->later = NULL;
}

static void read_drop_in(struct ini_file *file, const char *name)
{
    file->parts[file->part_count++] = (struct part){name, file->last_line};
    FILE *stream = fopen(name, "re");
    if (stream == NULL) {
        ini_fault(file, take_line(file, 1), "cannot be read: %s", strerror(errno));
        return;
    }
    read_part(file, stream);
    if (ferror(stream) != 0)
        ini_fault(file, take_line(file, 1), "cannot be read");
    fclose(stream);
}

static int end_all(struct ini_file *file, bool is_unreadable, ini_fault_fn *fault, void *context)
{
    if (!file->out_of_memory && file->schema->check != NULL)
        file->schema->check(file);
    const int result = report_faults(file, is_unreadable, fault, context);
    free(file->faults);
    free(file->parts);
    free(file->section_lines);
    free(file->key_lines);
    return result;
}

static int read_all(const struct ini_schema *schema, FILE *stream, const struct ini_names *names, void *target,
                    void *context, ini_fault_fn *fault, void *fault_context)
{
    struct ini_file file = {.schema = schema, .name = names->file, .target = target, .context = context};
    if (begin_all(&file, names->drop_in_count + 1)) {
        read_part(&file, stream);
        for (size_t i = 0; i < names->drop_in_count; i++)
            read_drop_in(&file, names->drop_ins[i]);
    }
    return end_all(&file, ferror(stream) != 0, fault, fault_context);
}

int ini_schema_read_stream(const struct ini_schema *schema, FILE *stream, const char *name, void *target,
                           void *context, ini_fault_fn *fault, void *fault_context)
{
    const struct ini_names names = {.file = name};
    return read_all(schema, stream, &names, target, context, fault, fault_context);
}

int ini_schema_read_parts(const struct ini_schema *schema, const struct ini_names *names, void *target,
                          void *context, ini_fault_fn *fault, void *fault_context)
{
    FILE *stream = fopen(names->file, "re");
    if (stream == NULL) {
        const int error = errno;
        fault(fault_context, names->file, 0, strerror(error));
        return -error;
    }
    const int result = read_all(schema, stream, names, target, context, fault, fault_context);
    fclose(stream);
    return result;
}

int ini_schema_read(const struct ini_schema *schema, const char *name, void *target, void *context,
                    ini_fault_fn *fault, void *fault_context)
{
    const struct ini_names names = {.file = name};
    return ini_schema_read_parts(schema, &names, target, context, fault, fault_context);
}
