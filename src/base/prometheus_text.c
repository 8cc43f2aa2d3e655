/* prometheus_text.c: see prometheus_text.h. */
#include "pearpd/prometheus_text.h"

#include "pearpd/time_units.h"
#include "pearpd/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct prometheus_text prometheus_text_to(void (*write)(void *context, const char *text, size_t length),
                                          void *context)
{
    return (struct prometheus_text){.write = write, .context = context};
}

static void put(struct prometheus_text *p, const char *text)
{
    p->write(p->context, text, strlen(text));
}

/* In a help text a quotation mark stands for itself. */
static void put_escaped(struct prometheus_text *p, const char *text, bool is_quoted)
{
    while (*text != '\0') {
        const size_t length = utf8_length(text);
        if (length == 0)
            put(p, UTF8_REPLACEMENT);
        else if (*text == '\\')
            put(p, "\\\\");
        else if (*text == '\n')
            put(p, "\\n");
        else if (*text == '"' && is_quoted)
            put(p, "\\\"");
        else
            p->write(p->context, text, length);
        text += length == 0 ? 1 : length;
    }
}

void prometheus_family(struct prometheus_text *p, const char *name, const char *type, const char *help)
{
    p->family = name;
    put(p, "# HELP ");
    put(p, name);
    put(p, " ");
    put_escaped(p, help, false);
    put(p, "\n# TYPE ");
    put(p, name);
    put(p, " ");
    put(p, type);
    put(p, "\n");
}

void prometheus_begin(struct prometheus_text *p, const char *suffix)
{
    assert(p->family != NULL);
    p->has_label = false;
    put(p, p->family);
    put(p, suffix);
}

void prometheus_label(struct prometheus_text *p, const char *name, const char *value)
{
    put(p, p->has_label ? "," : "{");
    p->has_label = true;
    put(p, name);
    put(p, "=\"");
    put_escaped(p, value, true);
    put(p, "\"");
}

static void put_value(struct prometheus_text *p, const char *value)
{
    put(p, p->has_label ? "} " : " ");
    put(p, value);
    put(p, "\n");
}

void prometheus_u64(struct prometheus_text *p, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    put_value(p, text);
}

void prometheus_seconds(struct prometheus_text *p, uint64_t ns)
{
    char text[40];
    int length = snprintf(text, sizeof(text), "%" PRIu64 ".%09" PRIu64, ns / NS_PER_S, ns % NS_PER_S);
    while (text[length - 1] == '0')
        text[--length] = '\0';
    if (text[length - 1] == '.')
        text[length - 1] = '\0';
    put_value(p, text);
}

void prometheus_single(struct prometheus_text *p, const char *name, const char *type, const char *help,
                       uint64_t value)
{
    prometheus_family(p, name, type, help);
    prometheus_begin(p, "");
    prometheus_u64(p, value);
}
