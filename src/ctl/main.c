/* main.c: pearpctl. The rows of `commands` give both dispatch and usage; the daemon answers in JSON, and each
 * command's row says how it is printed for people. */
#include "pearpd/month.h"

#include "command.h"
#include "connection.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 4096
#define PATH_BYTES 256

struct command {
    const char *name;
    const char *arguments;
    int least, most;
    const char *help;
    void (*print)(const struct answer *answer);
    bool streams; /* one object a line, without end */
};

static const struct command commands[] = {
    {"table", "", 0, 0, "show who holds which ports", print_table, false},
    {"services", "", 0, 0, "show what services hosts tell of", print_services, false},
    {"stats", "", 0, 0, "show every counter and drop reason", print_stats, false},
    {"leases", "", 0, 0, "show what [dhcp] leases, offers and has set aside", print_leases, false},
    {"add", "ADDRESS:FIRST-LAST MAC", 2, 2, "bind a range until it is deleted", print_nothing, false},
    {"delete", "ADDRESS:FIRST-LAST", 1, 1, "remove a binding", print_nothing, false},
    {"flush", "[ADDRESS]", 0, 1, "remove every learned binding", print_removed, false},
    {"resolve", "ADDRESS:PORT", 1, 1, "ask for the owner of a port as a frame would", print_owner, false},
    {"monitor", "", 0, 0, "print each event as it happens", print_event, true},
    {"reload", "", 0, 0, "read the configuration again", print_nothing, false},
    {"account", "[MAC|ADDRESS:PORT]", 0, 2, "show traffic by owner and month", print_accounts, false},
    {"version", "", 0, 0, "show the daemon's version", print_version, false},
};

static void usage(FILE *out)
{
    fputs("usage: pearpctl [-s SOCKET | -n NAME] COMMAND [ARGUMENTS] [--json]\n\n"
          "  -s SOCKET    the daemon's control socket\n"
          "  -n NAME      of the subnet: /run/pearpd/NAME.sock\n"
          "  --json       print JSON\n"
          "  --month M    with account: that month alone, as 2026-11\n"
          "  -V, -h       print the version, or this\n\n",
          out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char left[64];
        snprintf(left, sizeof(left), "%s %s", commands[i].name, commands[i].arguments);
        fprintf(out, "  %-32s %s\n", left, commands[i].help);
    }
}

/* Commands that arrive later: named, so that nobody takes them for misspelt. */
static bool is_later(const char *name)
{
    return strcmp(name, "why") == 0 || strcmp(name, "whois") == 0;
}

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "pearpctl: %s%s\nTry 'pearpctl -h'.\n", what, value);
    return 2;
}

static const struct command *command_named(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Every answer ends with its line: one that does not was cut short. */
static int print_answer(const struct command *command, const char *text, size_t length, bool as_json)
{
    bool is_whole = length > 1 && text[length - 1] == '\n';
    if (is_whole && as_json) {
        fwrite(text, 1, length, stdout);
    } else {
        struct answer *answer = is_whole ? answer_parse(text, length) : NULL;
        if (answer == NULL) {
            fprintf(stderr, "pearpctl: the daemon's answer was cut short\n");
            return 1;
        }
        command->print(answer);
        answer_free(answer);
    }
    if (fflush(stdout) == 0)
        return 0;
    perror("pearpctl");
    return 1;
}

static int print_stream(const struct command *command, FILE *stream, bool as_json)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int status = 0;
    while (status == 0 && (length = getline(&line, &room, stream)) > 0)
        status = print_answer(command, line, (size_t)length, as_json);
    free(line);
    if (status == 0) {
        fprintf(stderr, "pearpctl: the daemon is gone\n");
        status = 1;
    }
    return status;
}

static int run(const struct command *command, const char *path, const char *line, bool as_json)
{
    FILE *stream = connection_request(path, line, command->streams);
    int status = 1;
    if (stream == NULL)
        return 1;
    if (command->streams) {
        status = print_stream(command, stream, as_json);
    } else {
        size_t length = 0;
        char *body = connection_body(stream, &length);
        if (body != NULL)
            status = print_answer(command, body, length, as_json);
        free(body);
    }
    fclose(stream);
    return status;
}

/* The request: the command's words. */
static bool join(char **words, int count, char *line, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        int length = snprintf(line + used, size - used, "%s%s", i > 0 ? " " : "", words[i]);
        if (length < 0 || (size_t)length >= size - used || strpbrk(words[i], " \n") != NULL)
            return false;
        used += (size_t)length;
    }
    return true;
}

/* --month is a word more of `account`. */
static bool add_month(const struct command *command, const char *month, char *line, size_t size)
{
    const size_t used = strlen(line);
    month_number number;
    if (strcmp(command->name, "account") != 0 || month_parse(month, &number) != 0)
        return false;
    return snprintf(line + used, size - used, " %s", month) < (int)(size - used);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"month", required_argument, NULL, 'm'},
                                            {"version", no_argument, NULL, 'V'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *socket_path = NULL, *name = NULL, *month = NULL;
    bool as_json = false;
    int option;
    while ((option = getopt_long(argc, argv, "s:n:Vh", options, NULL)) != -1) {
        switch (option) {
        case 's':
            socket_path = optarg;
            break;
        case 'n':
            name = optarg;
            break;
        case 'j':
            as_json = true;
            break;
        case 'm':
            month = optarg;
            break;
        case 'V':
            puts("pearpctl " PEARPD_VERSION);
            return 0;
        case 'h':
            usage(stdout);
            return 0;
        default:
            return wrong("", "unknown option, or one without its argument");
        }
    }
    int words = argc - optind;
    if (words == 0)
        return wrong("", "a command is missing");
    if (socket_path != NULL && name != NULL)
        return wrong("-s and -n do not go together", "");
    const struct command *command = command_named(argv[optind]);
    if (command == NULL)
        return wrong(is_later(argv[optind]) ? "not supported in this version: " : "unknown command: ",
                     argv[optind]);
    char line[LINE_BYTES], path[PATH_BYTES];
    if (words - 1 < command->least || words - 1 > command->most ||
        !join(argv + optind, words, line, sizeof(line))) {
        snprintf(line, sizeof(line), "%s%s%s", command->name, *command->arguments == '\0' ? "" : " ",
                 command->arguments);
        return wrong("must be: ", line);
    }
    if (month != NULL && !add_month(command, month, line, sizeof(line)))
        return wrong("--month goes with account, once, as 2026-11", "");
    if (connection_find(socket_path, name, path, sizeof(path)) != 0)
        return 1;
    return run(command, path, line, as_json);
}
