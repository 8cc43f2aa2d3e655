/* config.c: see config.h: a file's sections and keys, as the schema has them, and all of its faults. */
#include "config.h"

#include "pearpd/eth.h"
#include "pearpd/ini_reader.h"

#include "schema.h"
#include "service_schema.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES  1048576
#define FAULT_BYTES 512
#define FAULTS_MAX  1000

struct agent_fault {
    unsigned line, order;
    char text[FAULT_BYTES];
};

void reading_fault(struct reading *r, unsigned line, const char *format, ...)
{
    if (r->fault_count == FAULTS_MAX) {
        r->faults_left_out = true;
        return;
    }
    struct agent_fault *more = reallocarray(r->faults, r->fault_count + 1, sizeof(*more));
    if (more == NULL) {
        r->out_of_memory = true;
        return;
    }
    r->faults = more;
    struct agent_fault *fault = &more[r->fault_count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof(fault->text), format, arguments);
    va_end(arguments);
    fault->line = line;
    fault->order = (unsigned)r->fault_count++;
}

/* A key that must be given: asked when its section ends. */
static void end_section(struct reading *r)
{
    for (size_t i = 0; r->section != NULL && i < r->section->key_count; i++)
        if (r->section->keys[i].preset == NULL && r->key_lines[i] == 0)
            reading_fault(r, r->section_line, "%s is missing in [%s]", r->section->keys[i].key,
                          r->section->name);
    memset(r->key_lines, 0, sizeof(r->key_lines));
    r->section = NULL;
}

static const struct section_row *section_named(const char *name, size_t length)
{
    for (size_t i = 0; i < section_row_count; i++)
        if (strlen(section_rows[i].name) == length && strncmp(section_rows[i].name, name, length) == 0)
            return &section_rows[i];
    return NULL;
}

static void take_section(void *context, unsigned line, char *text)
{
    struct reading *r = context;
    r->line = line;
    end_section(r);
    if (text == NULL)
        return;
    const size_t length = strcspn(text, " \t");
    const char *argument = text + length + strspn(text + length, " \t");
    const struct section_row *row = section_named(text, length);
    if (row == NULL || (row->argument == NULL && *argument != '\0')) {
        reading_fault(r, line, "[%s]: unknown section", text);
        return;
    }
    unsigned *stood = &r->section_lines[row - section_rows];
    if (row->argument == NULL && *stood != 0)
        reading_fault(r, line, "[%s]: stands already at line %u", text, *stood);
    else
        *stood = line;
    r->section_line = line;
    if (row->begin == NULL || row->begin(r, argument))
        r->section = row;
}

static void take_key(void *context, unsigned line, const char *name, const char *value)
{
    struct reading *r = context;
    r->line = line;
    if (r->section == NULL)
        return;
    if (r->section->take != NULL) {
        r->section->take(r, name, value);
        return;
    }
    for (size_t i = 0; i < r->section->key_count; i++) {
        const struct key_row *row = &r->section->keys[i];
        if (strcmp(row->key, name) != 0)
            continue;
        if (r->key_lines[i] != 0)
            reading_fault(r, line, "%s = %s: stands already at line %u", name,
                          row->take == take_dns_secret ? "..." : value, r->key_lines[i]);
        else
            r->key_lines[i] = line;
        if (!row->take(r, row, value))
            reading_fault(r, line, "%s = %s: must be %s", name, value, row->values);
        return;
    }
    /* A misspelt `secret` is one still. */
    reading_fault(r, line, "%s = %s: unknown key in [%s]", name,
                  r->section->keys == dns_key_rows ? "..." : value, r->section->name);
}

static bool take_fault(void *context, unsigned line, const char *text)
{
    struct reading *r = context;
    reading_fault(r, line, "%s", text);
    return !r->faults_left_out;
}

/* address and ports in [agent]: the short form of a first range. */
static void check_short_form(struct reading *r)
{
    struct held_list *list = &r->options->held;
    size_t other = 0;
    if ((r->address_line != 0) != (r->ports_line != 0))
        reading_fault(r, r->agent_line, "address and ports in [agent] stand together or not at all");
    if (r->address.host == 0 || r->ports_line == 0)
        return;
    const struct held held = {.range = {r->address, r->first, r->last}};
    struct held_list first = {.count = 0};
    (void)held_add(&first, &held, &other);
    for (size_t i = 0; i < list->count; i++) {
        const int error = held_add(&first, &list->held[i], &other);
        if (error == -EEXIST)
            reading_fault(r, r->range_lines[i], "[range]: shares ports with line %u", r->ports_line);
        else if (error != 0)
            reading_fault(r, r->range_lines[i],
                          "[range]: one more than %u ranges, or %u spans of ports, in all", HELD_MAX,
                          HELD_SPANS_MAX);
    }
    *list = first;
}

static void check(struct reading *r)
{
    const struct agent_options *o = r->options;
    if (r->agent_line == 0)
        reading_fault(r, 1, "[agent] is missing");
    check_short_form(r);
    if (r->agent_line != 0 && r->address_line == 0 && r->ports_line == 0 && r->ranges_seen == 0 &&
        o->dhcp == DHCP_CLIENT_NONE)
        reading_fault(r, r->agent_line,
                      "nothing to hold: neither address and ports in [agent], nor a [range], nor dhcp");
    for (size_t i = 0; i < o->held.count; i++)
        if (o->gateway.host != 0 && o->gateway.host == o->held.held[i].range.address.host) {
            reading_fault(r, r->gateway_line, "the gateway is a shared address");
            break;
        }
    services_check(r);
    pe_arp_keys_sort(r->options->keys, o->key_count);
}

static int by_line(const void *a, const void *b)
{
    const struct agent_fault *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* The number of faults, or -Exxx. */
static int tell_faults(struct reading *r, bool unreadable, agent_fault_fn *fault, void *context)
{
    if (r->fault_count > 0)
        qsort(r->faults, r->fault_count, sizeof(*r->faults), by_line);
    for (size_t i = 0; i < r->fault_count; i++)
        fault(context, r->file, r->faults[i].line, r->faults[i].text);
    if (r->faults_left_out)
        fault(context, r->file, r->line, "too many faults, the rest is not shown");
    if (unreadable || r->out_of_memory) {
        fault(context, r->file, 0, r->out_of_memory ? "out of memory" : "cannot be read");
        return r->out_of_memory ? -ENOMEM : -EIO;
    }
    return (int)r->fault_count;
}

void agent_config_preset(struct agent_options *options)
{
    *options = (struct agent_options){.ethertype = ETHERTYPE_PE_ARP,
                                      .watch_s = 10,
                                      .warn_percent = 90,
                                      .services = {.ttl_s = 60, .refresh_s = 600}};
}

int agent_config_read_stream(FILE *stream, const char *name, struct agent_options *options,
                             agent_fault_fn *fault, void *context)
{
    struct reading r = {.file = name, .options = options};
    const struct ini_taker taker = {&r, FILE_BYTES, take_section, take_key, take_fault};
    agent_config_preset(options);
    if (ini_read(stream, &taker) != 0)
        r.out_of_memory = true;
    end_section(&r);
    check(&r);
    const int result = tell_faults(&r, ferror(stream) != 0, fault, context);
    free(r.faults);
    return result;
}

int agent_config_read(const char *file, struct agent_options *options, agent_fault_fn *fault, void *context)
{
    FILE *stream = fopen(file, "re");
    if (stream == NULL) {
        const int error = -errno;
        fault(context, file, 0, strerror(errno));
        return error;
    }
    const int result = agent_config_read_stream(stream, file, options, fault, context);
    fclose(stream);
    return result;
}

static int capital(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

void agent_config_print_mdoc(FILE *out)
{
    for (size_t i = 0; i < section_row_count; i++) {
        const struct section_row *row = &section_rows[i];
        fprintf(out, ".Ss [%s%s%s]\n%c%s.\n", row->name, row->argument != NULL ? " " : "",
                row->argument != NULL ? row->argument : "", capital(row->help[0]), row->help + 1);
        if (row->key_count > 0)
            fputs(".Bl -tag -width Ds\n", out);
        for (size_t k = 0; k < row->key_count; k++) {
            const struct key_row *key = &row->keys[k];
            fprintf(out, ".It Ic %s No = Ar value\n%c%s.\nTakes %s; ", key->key, capital(key->help[0]),
                    key->help + 1, key->values);
            if (key->preset == NULL)
                fputs("must be given.\n", out);
            else if (*key->preset == '\0')
                fputs("there is no default.\n", out);
            else
                fprintf(out, "the default is \\(lq%s\\(rq.\n", key->preset);
        }
        if (row->key_count > 0)
            fputs(".El\n", out);
    }
}
