/* control_request.c: see control_request.h. */
#include "control_request.h"

#include "pearpd/month.h"

#include "control_rows.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 8

/* Arguments. */

static bool take_address(struct control_request *request, const char *word)
{
    if (request->has_address || ipv4_parse(word, &request->range.address) != 0)
        return false;
    request->range.first = 0;
    request->range.last = UINT16_MAX;
    return request->has_address = true;
}

static bool take_range(struct control_request *request, const char *word)
{
    if (request->has_address || range_parse(word, &request->range) != 0)
        return false;
    return request->has_address = request->has_port = true;
}

static bool take_port(struct control_request *request, const char *word)
{
    struct range range;
    return range_parse(word, &range) == 0 && range.first == range.last && take_range(request, word);
}

static bool take_mac(struct control_request *request, const char *word)
{
    struct mac mac;
    if (mac_parse(word, &mac) != 0 || mac_is_zero(mac))
        return false;
    request->mac = mac;
    return true;
}

static bool take_owner(struct control_request *request, const char *word)
{
    return take_mac(request, word) || take_port(request, word);
}

static bool take_month(struct control_request *request, const char *word)
{
    return month_parse(word, &request->month) == 0;
}

/* A word with a colon, or of digits and dots, was meant for an address; a name begins with a letter or digit. */
static bool take_name(struct control_request *request, const char *word)
{
    if (!isalnum((unsigned char)*word) || strchr(word, ':') != NULL ||
        strspn(word, "0123456789.") == strlen(word) || strlen(word) >= sizeof(request->name))
        return false;
    memcpy(request->name, word, strlen(word) + 1);
    return true;
}

static bool take_filter(struct control_request *request, const char *word)
{
    return take_address(request, word) || take_range(request, word) || take_mac(request, word) ||
           take_name(request, word);
}

static bool take_force(struct control_request *request, const char *word)
{
    return request->force = strcmp(word, "--force") == 0;
}

static bool take_ask(struct control_request *request, const char *word)
{
    return request->ask = strcmp(word, "--ask") == 0;
}

const struct control_argument control_argument_address = {"an IPv4 address", take_address};
const struct control_argument control_argument_port = {"ADDRESS:PORT", take_port};
const struct control_argument control_argument_range = {"ADDRESS:FIRST-LAST", take_range};
const struct control_argument control_argument_mac = {"a MAC address", take_mac};
const struct control_argument control_argument_owner = {"a MAC address or ADDRESS:PORT", take_owner};
const struct control_argument control_argument_month = {"a month, as 2026-11", take_month};
const struct control_argument control_argument_filter = {
    "an address, a port or range of one, a MAC address or a name", take_filter};
const struct control_argument control_argument_force = {"--force", take_force};
const struct control_argument control_argument_ask = {"--ask", take_ask};

/* Lines. */

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
    for (unsigned i = 0; i < row->least; i++)
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
