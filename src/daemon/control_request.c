/* control_request.c: see control_request.h. */
#include "control_request.h"

#include "control_argument.h"
#include "control_rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 8

static bool is_printable(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] < ' ' || line[i] > '~')
            return false;
    return true;
}

static unsigned split(char *line, char *words[static WORDS_MAX])
{
    unsigned count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    return count;
}

static const struct control_row *row_of(const char *name)
{
    for (size_t i = 0; i < control_row_count; i++)
        if (strcmp(control_rows[i].name, name) == 0)
            return &control_rows[i];
    return NULL;
}

__attribute__((format(printf, 3, 4))) static int
wrong(const struct control_row *row, char error[static CONTROL_ERROR_BYTES], const char *format, ...)
{
    va_list arguments;
    char what[CONTROL_ERROR_BYTES / 2];
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    snprintf(error, CONTROL_ERROR_BYTES, "%s; usage: %s%s%s", what, row->name, *row->usage != '\0' ? " " : "",
             row->usage);
    return -EINVAL;
}

/* A word is the next argument that is missing, or a later one that it can be: optional ones may be left out, and options
 * come last in a row. */
static int take_words(struct control_request *request, char *const *words, unsigned count,
                      char error[static CONTROL_ERROR_BYTES])
{
    const struct control_row *row = request->row;
    bool taken[CONTROL_ARGUMENTS_MAX] = {false};
    for (unsigned w = 0; w < count; w++) {
        const struct control_argument *missing = NULL;
        bool is_taken = false;
        for (unsigned i = 0; i < CONTROL_ARGUMENTS_MAX && row->arguments[i] != NULL && !is_taken; i++) {
            if (taken[i])
                continue;
            is_taken = taken[i] = row->arguments[i]->take(request, words[w]);
            if (missing == NULL)
                missing = row->arguments[i];
            if (!is_taken && i < row->least && words[w][0] != '-')
                break;
        }
        const bool is_option = missing != NULL && missing->what[0] == '-';
        if (!is_taken && (missing == NULL || (is_option && words[w][0] != '-')))
            return wrong(row, error, "one argument too many: %.40s", words[w]);
        if (!is_taken)
            return wrong(row, error, "%.40s is not %s", words[w], missing->what);
    }
    for (unsigned i = 0; i < row->least && row->arguments[i] != NULL; i++)
        if (!taken[i])
            return wrong(row, error, "%s is missing", row->arguments[i]->what);
    return 0;
}

int control_request_parse(const char *line, size_t length, struct control_request *request,
                          char error[static CONTROL_ERROR_BYTES])
{
    char copy[CONTROL_LINE_BYTES], *words[WORDS_MAX];
    *request = (struct control_request){0};
    if (length >= sizeof(copy) || !is_printable(line, length)) {
        snprintf(error, CONTROL_ERROR_BYTES, "a request is one line of up to %d printable characters",
                 CONTROL_LINE_BYTES - 1);
        return -EINVAL;
    }
    memcpy(copy, line, length);
    copy[length] = '\0';
    const unsigned count = split(copy, words);
    request->row = count > 0 ? row_of(words[0]) : NULL;
    if (request->row != NULL)
        return take_words(request, words + 1, count - 1, error);
    snprintf(error, CONTROL_ERROR_BYTES, "unknown command: %.40s", count > 0 ? words[0] : "(none)");
    return -EINVAL;
}
