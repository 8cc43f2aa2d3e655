/* ini_reader.c: see ini_reader.h; the only place that knows inih. */
#include "ini_reader.h"

#include <ini.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define FAULT_BYTES 512

struct reader {
    FILE *stream;
    const struct ini_taker *taker;
    unsigned line;
    size_t bytes;     /* read so far */
    bool has_section; /* one began */
    bool enough;
    bool pending; /* inih has a line and did not call back yet */
    char text[INI_LINE_BYTES + 2];
};

static void fault(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct reader *r, const char *format, ...)
{
    char text[FAULT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    r->enough = !r->taker->fault(r->taker->context, r->line, text) || r->enough;
}

/* Reads one line of any length into `line`, cut; its length, or -1 at the end. *control is the first control
 * character in it, or -1. */
static long read_line(struct reader *r, char *line, size_t size, int *control)
{
    long length = 0;
    int c = EOF;
    *control = -1;
    while (r->bytes <= r->taker->bytes && (c = getc(r->stream)) != EOF && c != '\n') {
        int after = c == '\r' ? getc(r->stream) : EOF;
        if (after != EOF)
            ungetc(after, r->stream);
        bool is_control = (c < ' ' && c != '\t') || c == 0x7f;
        if (is_control && !(c == '\r' && (after == '\n' || after == EOF)) && *control < 0)
            *control = c;
        if ((size_t)length + 1 < size)
            line[length] = (char)c;
        length++;
        r->bytes++;
    }
    if (c == EOF && length == 0)
        return -1;
    r->bytes++;
    line[(size_t)length < size ? (size_t)length : size - 1] = '\0';
    return length;
}

static char *trim(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text + strspn(text, " \t");
}

static bool is_comment(const char *text)
{
    return *text == ';' || *text == '#';
}

/* A section's line. What inih is given of it is nothing. */
static void section_line(struct reader *r, char *text)
{
    char *close = strchr(text, ']');
    char *rest = close == NULL ? NULL : trim(close + 1);
    if (close == NULL)
        fault(r, "%s: ']' is missing", text);
    else if (*rest != '\0' && !is_comment(rest))
        fault(r, "%s: text after ']'", rest);
    if (close == NULL || (*rest != '\0' && !is_comment(rest))) {
        r->taker->section(r->taker->context, r->line, NULL);
        return;
    }
    *close = '\0';
    r->has_section = true;
    r->taker->section(r->taker->context, r->line, trim(text + 1));
}

/* True where inih may have the line: a key and its value. */
static bool is_key_line(struct reader *r, const char *text)
{
    size_t name = strcspn(text, "=:");
    if (text[name] != '=' || name == 0) {
        fault(r, "%s: neither a section nor KEY = VALUE", text);
        return false;
    }
    if (!r->has_section) {
        fault(r, "%s: is before the first section", text);
        return false;
    }
    return true;
}

/* A line that inih took for none of a key, as where a comment begins before the '='. */
static void end_pending(struct reader *r)
{
    if (r->pending)
        fault(r, "%s: neither a section nor KEY = VALUE", r->text);
    r->pending = false;
}

/* inih's reader: one line a call, stripped, in a form that it cannot mistake. */
static char *next_line(char *text, int size, void *context)
{
    struct reader *r = context;
    int control;
    end_pending(r);
    long length = r->enough ? -1 : read_line(r, r->text, sizeof(r->text), &control);
    if (length < 0)
        return NULL;
    r->line++;
    char *start = r->line == 1 && strncmp(r->text, "\xef\xbb\xbf", 3) == 0 ? r->text + 3 : r->text;
    start = trim(start);
    if (r->bytes > r->taker->bytes)
        fault(r, "the file is longer than %zu bytes; the rest is not read", r->taker->bytes);
    else if (control >= 0)
        fault(r, "a control character, 0x%02x, is in the line", (unsigned)control);
    else if (length > INI_LINE_BYTES)
        fault(r, "%.40s...: longer than %d bytes", start, INI_LINE_BYTES);
    else if (*start == '[')
        section_line(r, start);
    else if (*start != '\0' && !is_comment(start))
        r->pending = is_key_line(r, start);
    snprintf(text, (size_t)size, "%s\n", r->pending ? start : "");
    return text;
}

static int take_key(void *context, const char *section, const char *name, const char *value)
{
    struct reader *r = context;
    (void)section; /* cut at 49 bytes by inih */
    r->pending = false;
    r->taker->key(r->taker->context, r->line, name, value);
    return 1;
}

int ini_read(FILE *stream, const struct ini_taker *taker)
{
    struct reader r = {.stream = stream, .taker = taker};
    int error = ini_parse_stream(next_line, &r, take_key, &r);
    end_pending(&r);
    return error < 0 ? -ENOMEM : 0;
}
