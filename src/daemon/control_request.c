/* control_request.c: see control_request.h. */
#include "pearpd/control_request.h"

#include "pearpd/month.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 4

struct command_row {
    const char *name;
    enum control_command command;
    unsigned least, most; /* arguments */
    const char *usage;
    int (*take)(struct control_request *request, char *const *words, unsigned count);
};

static int take_add(struct control_request *request, char *const *words, unsigned count)
{
    (void)count;
    return range_parse(words[0], &request->range) == 0 ? mac_parse(words[1], &request->mac) : -EINVAL;
}

static int take_range(struct control_request *request, char *const *words, unsigned count)
{
    (void)count;
    return range_parse(words[0], &request->range);
}

static int take_address(struct control_request *request, char *const *words, unsigned count)
{
    request->has_address = count > 0;
    return count > 0 ? ipv4_parse(words[0], &request->range.address) : 0;
}

static int take_port(struct control_request *request, char *const *words, unsigned count)
{
    (void)count;
    int error = range_parse(words[0], &request->range);
    return error == 0 && request->range.first != request->range.last ? -EINVAL : error;
}

/* A MAC, a port, a month: each once at most, in any order. */
static int take_account(struct control_request *request, char *const *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bool has_owner = request->has_port || !mac_is_zero(request->mac);
        if (request->month == 0 && month_parse(words[i], &request->month) == 0)
            continue;
        if (has_owner)
            return -EINVAL;
        if (mac_parse(words[i], &request->mac) == 0) {
            if (mac_is_zero(request->mac))
                return -EINVAL;
            continue;
        }
        if (take_port(request, &words[i], 1) != 0)
            return -EINVAL;
        request->has_port = true;
    }
    return 0;
}

static const struct command_row rows[] = {
    {"table", CONTROL_TABLE, 0, 0, "table", NULL},
    {"services", CONTROL_SERVICES, 0, 0, "services", NULL},
    {"stats", CONTROL_STATS, 0, 0, "stats", NULL},
    {"leases", CONTROL_LEASES, 0, 0, "leases", NULL},
    {"add", CONTROL_ADD, 2, 2, "add ADDRESS:FIRST-LAST MAC", take_add},
    {"delete", CONTROL_DELETE, 1, 1, "delete ADDRESS:FIRST-LAST", take_range},
    {"flush", CONTROL_FLUSH, 0, 1, "flush [ADDRESS]", take_address},
    {"resolve", CONTROL_RESOLVE, 1, 1, "resolve ADDRESS:PORT", take_port},
    {"monitor", CONTROL_MONITOR, 0, 0, "monitor", NULL},
    {"reload", CONTROL_RELOAD, 0, 0, "reload", NULL},
    {"version", CONTROL_VERSION, 0, 0, "version", NULL},
    {"account", CONTROL_ACCOUNT, 0, 2, "account [MAC|ADDRESS:PORT] [YEAR-MONTH]", take_account},
};

static bool is_printable(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] < ' ' || line[i] > '~')
            return false;
    return true;
}

int control_request_parse(const char *line, size_t length, struct control_request *request,
                          char error[static CONTROL_ERROR_BYTES])
{
    char copy[CONTROL_LINE_BYTES], *words[WORDS_MAX], *rest = NULL;
    unsigned count = 0;
    *request = (struct control_request){0};
    if (length >= sizeof(copy) || !is_printable(line, length)) {
        snprintf(error, CONTROL_ERROR_BYTES, "a request is one line of up to %d printable characters",
                 CONTROL_LINE_BYTES - 1);
        return -EINVAL;
    }
    memcpy(copy, line, length);
    copy[length] = '\0';
    char *name = strtok_r(copy, " ", &rest);
    for (char *word = name; word != NULL && count < WORDS_MAX; count++)
        words[count] = word = strtok_r(NULL, " ", &rest);
    count = count > 0 ? count - 1 : 0;
    for (size_t i = 0; name != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct command_row *row = &rows[i];
        if (strcmp(row->name, name) != 0)
            continue;
        request->command = row->command;
        if (count >= row->least && count <= row->most &&
            (row->take == NULL || row->take(request, words, count) == 0))
            return 0;
        snprintf(error, CONTROL_ERROR_BYTES, "must be: %s", row->usage);
        return -EINVAL;
    }
    snprintf(error, CONTROL_ERROR_BYTES, "unknown command: %.40s", name != NULL ? name : "(none)");
    return -EINVAL;
}
