/* main.c: pearpctl. The rows of `commands` give both dispatch and usage; the daemon answers in JSON, and each
 * command's row says how it is printed for people. */
#include "pearpd/month.h"
#include "pearpd/option_table.h"

#include "command.h"
#include "connection.h"
#include "guest.h"
#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES     4096
#define PATH_BYTES     256
#define ARGUMENT_BYTES 32

enum {
    OPTION_JSON = OPTION_LONG,
    OPTION_MONTH,
    OPTION_SORT,
    OPTION_FORCE,
    OPTION_ASK,
    OPTION_PORTS,
    OPTION_MAC,
    OPTION_ADDRESS,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_FILE
};

/* Options of one command alone, as bits. */
enum {
    ALLOW_MONTH = 1,
    ALLOW_TABLE = 2,
    ALLOW_FORCE = 4,
    ALLOW_ASK = 8,
    ALLOW_GUEST = 16,
    ALLOW_SPAN = 32,
    ALLOW_FILE = 64
};

struct command {
    const char *name;
    const char *arguments;
    int least, most;
    unsigned allows;
    const char *help;
    /* NULL: guest_command() or history_command() does it */
    void (*print)(const struct answer *answer, const struct print_options *options);
    bool streams; /* one object a line, without end */
};

static const struct command commands[] = {
    {"table", "[ADDRESS | ADDRESS:PORT | ADDRESS:FIRST-LAST | MAC | NAME]", 0, 1, ALLOW_TABLE,
     "show who holds which ports", print_table, false},
    {"services", "", 0, 0, 0, "show the services that hosts announce", print_services, false},
    {"stats", "", 0, 0, 0, "show every counter and drop reason", print_stats, false},
    {"leases", "", 0, 0, 0, "show the port sets that [dhcp] has leased, offered or set aside", print_leases,
     false},
    {"account", "[MAC | ADDRESS:PORT]", 0, 2, ALLOW_MONTH, "show traffic by owner and month", print_accounts,
     false},
    {"add", "ADDRESS:FIRST-LAST MAC", 2, 2, ALLOW_FORCE, "bind a range until it is deleted", print_nothing,
     false},
    {"delete", "ADDRESS:FIRST-LAST", 1, 1, 0, "remove a binding", print_nothing, false},
    {"denied", "", 0, 0, 0, "show the hosts that are denied", print_denied, false},
    {"deny", "MAC", 1, 1, 0, "never let a host own ports", print_nothing, false},
    {"allow", "MAC", 1, 1, 0, "let a denied host own ports again", print_nothing, false},
    {"flush", "[ADDRESS]", 0, 1, 0, "remove every learned binding but leases", print_removed, false},
    {"resolve", "ADDRESS:PORT", 1, 1, ALLOW_ASK, "ask for the owner of a port as a frame would", print_owner,
     false},
    {"whois", "ADDRESS[:PORT] [TIME]", 1, 8, ALLOW_FILE, "show who owned a port, or an address, at a time",
     NULL, false},
    {"history", "[ADDRESS | ADDRESS:PORT | MAC | NAME]", 0, 1, ALLOW_SPAN | ALLOW_FILE,
     "show who owned what from when to when", NULL, false},
    {"guest", "add NAME | list | delete NAME", 1, 2, ALLOW_GUEST,
     "give a guest ports of its own, and say how it is set up for them", NULL, false},
    {"monitor", "", 0, 0, 0, "print each event as it happens", print_event, true},
    {"confirm", "", 0, 0, 0, "end the trial of a pearpd that was started on trial", print_nothing, false},
    {"reload", "", 0, 0, 0, "read the configuration again", print_nothing, false},
    {"version", "", 0, 0, 0, "show the daemon's version", print_version, false},
};

static const struct option_row options[] = {
    {"socket", 's', "SOCKET", "control socket of the daemon"},
    {"name", 'n', "NAME", "name of the subnet: /run/pearpd/NAME.sock"},
    {"json", OPTION_JSON, NULL, "print JSON"},
    {"verbose", 'v', NULL, "table: also name, state, origin, age and when the owner was last seen"},
    {"sort", OPTION_SORT, "KEY", "table: by " TABLE_SORTS},
    {"month", OPTION_MONTH, "MONTH", "account: that month alone, as 2026-11"},
    {"force", OPTION_FORCE, NULL, "add: take ports that another host holds"},
    {"ask", OPTION_ASK, NULL, "resolve: ask even where the owner is known"},
    {"since", OPTION_SINCE, "TIME", "history: only what was owned then or later"},
    {"until", OPTION_UNTIL, "TIME", "history: only what was owned then or earlier"},
    {"file", OPTION_FILE, "FILE", "whois, history: read this history, without a daemon"},
    {"ports", OPTION_PORTS, "COUNT", "guest add: how many ports"},
    {"mac", OPTION_MAC, "MAC", "guest add: of the guest"},
    {"address", OPTION_ADDRESS, "ADDRESS", "guest add: of this address; default: the first that has room"},
    {"version", 'V', NULL, "print the version"},
    {"help", 'h', NULL, "print this"},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static void usage(FILE *out)
{
    fputs("usage: pearpctl [-s SOCKET | -n NAME] COMMAND [ARGUMENTS] [OPTIONS]\n\n", out);
    option_table_usage(options, OPTIONS, out);
    fputs("\n", out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char left[96];
        snprintf(left, sizeof(left), "%s %s", commands[i].name, commands[i].arguments);
        if (strlen(left) > 32)
            fprintf(out, "  %s\n  %-32s %s\n", left, "", commands[i].help);
        else
            fprintf(out, "  %-32s %s\n", left, commands[i].help);
    }
}

/* Commands that arrive later: named, so that nobody takes them for misspelt. */
static bool is_later(const char *name)
{
    return strcmp(name, "why") == 0;
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

/* What the command line comes to. */
struct request {
    const char *socket_path, *name, *month, *since, *until, *file;
    bool as_json;
    unsigned used; /* options of one command, as ALLOW_ */
    struct print_options print;
    struct guest_options guest;
    char line[LINE_BYTES];
};

/* Every answer ends with its line: one that does not was cut short. */
static int print_answer(const struct command *command, const char *text, size_t length,
                        const struct request *request)
{
    bool is_whole = length > 1 && text[length - 1] == '\n';
    if (is_whole && request->as_json) {
        fwrite(text, 1, length, stdout);
    } else {
        struct answer *answer = is_whole ? answer_parse(text, length) : NULL;
        if (answer == NULL) {
            fprintf(stderr, "pearpctl: the daemon's answer was cut short\n");
            return 1;
        }
        command->print(answer, &request->print);
        answer_free(answer);
    }
    if (fflush(stdout) == 0)
        return 0;
    perror("pearpctl");
    return 1;
}

static int print_stream(const struct command *command, FILE *stream, const struct request *request)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int status = 0;
    while (status == 0 && (length = getline(&line, &room, stream)) > 0)
        status = print_answer(command, line, (size_t)length, request);
    free(line);
    if (status == 0) {
        fprintf(stderr, "pearpctl: the daemon is gone\n");
        status = 1;
    }
    return status;
}

static int run_guest(char *const *words, struct request *request)
{
    request->guest.socket_path = request->socket_path;
    request->guest.name = request->name;
    request->guest.as_json = request->as_json;
    return guest_command(words, &request->guest);
}

static int run(const struct command *command, const struct request *request)
{
    FILE *stream;
    char path[PATH_BYTES];
    if (connection_find(request->socket_path, request->name, path, sizeof(path)) != 0)
        return 1;
    int status = connection_request(path, request->line, command->streams, &stream);
    if (status != 0)
        return status;
    if (command->streams) {
        status = print_stream(command, stream, request);
    } else {
        size_t length = 0;
        char *body = connection_body(stream, &length);
        status = body != NULL ? print_answer(command, body, length, request) : 1;
        free(body);
    }
    fclose(stream);
    return status;
}

/* One word more of the request. False: it is too long, or no word. */
static bool add_word(struct request *request, const char *word)
{
    const size_t used = strlen(request->line), room = sizeof(request->line) - used;
    const int length = snprintf(request->line + used, room, "%s%s", used > 0 ? " " : "", word);
    return *word != '\0' && strpbrk(word, " \n") == NULL && length < (int)room;
}

static int take_text(const char **text, const char *argument, struct request *r, unsigned allows)
{
    *text = argument;
    r->used |= allows;
    return 0;
}

static int take_guest_option(int value, const char *argument, struct request *r)
{
    r->used |= ALLOW_GUEST;
    switch (value) {
    case OPTION_PORTS:
        r->guest.ports = argument;
        return 0;
    case OPTION_MAC:
        r->guest.mac = argument;
        return 0;
    case OPTION_ADDRESS:
        r->guest.address = argument;
        return 0;
    default: /* getopt has described it */
        fputs("Try 'pearpctl -h'.\n", stderr);
        return 2;
    }
}

static int take_option(int value, const char *argument, struct request *r)
{
    switch (value) {
    case 's':
        r->socket_path = argument;
        return 0;
    case 'n':
        r->name = argument;
        return 0;
    case 'v':
        r->print.verbose = true;
        r->used |= ALLOW_TABLE;
        return 0;
    case OPTION_JSON:
        r->as_json = true;
        return 0;
    case OPTION_SORT:
        r->print.sort = argument;
        r->used |= ALLOW_TABLE;
        return table_sorts_by(argument) ? 0 : wrong("--sort needs " TABLE_SORTS ", not ", argument);
    case OPTION_MONTH:
        r->month = argument;
        r->used |= ALLOW_MONTH;
        month_number month;
        return month_parse(argument, &month) == 0 ? 0
                                                  : wrong("--month needs a month, as 2026-11, not ", argument);
    case OPTION_FORCE:
        r->used |= ALLOW_FORCE;
        return 0;
    case OPTION_ASK:
        r->used |= ALLOW_ASK;
        return 0;
    case OPTION_SINCE:
        return take_text(&r->since, argument, r, ALLOW_SPAN);
    case OPTION_UNTIL:
        return take_text(&r->until, argument, r, ALLOW_SPAN);
    case OPTION_FILE:
        return take_text(&r->file, argument, r, ALLOW_FILE);
    default:
        return take_guest_option(value, argument, r);
    }
}

/* The word of the usage for argument `index`, from 0. */
static const char *argument_name(const struct command *command, int index, char name[static ARGUMENT_BYTES])
{
    const char *at = command->arguments;
    for (; index > 0; index--)
        at += strcspn(at, " ") + 1;
    snprintf(name, ARGUMENT_BYTES, "%.*s", (int)strcspn(at, " "), at);
    return name;
}

static int wrong_argument(const struct command *command, const char *what, const char *value)
{
    fprintf(stderr, "pearpctl: %s: %s%s\nusage: pearpctl %s%s%s\n", command->name, what, value, command->name,
            *command->arguments != '\0' ? " " : "", command->arguments);
    return 2;
}

/* 0, or 2 and the first wrong word is named. */
static int check_words(const struct command *command, char **words)
{
    char name[ARGUMENT_BYTES];
    int count = 0;
    for (; words[count + 1] != NULL; count++)
        if (count == command->most)
            return wrong_argument(command, "one argument too many: ", words[count + 1]);
    return count < command->least ? wrong_argument(command, "missing: ", argument_name(command, count, name))
                                  : 0;
}

static const char *option_name(unsigned allows)
{
    if ((allows & ALLOW_MONTH) != 0)
        return "--month";
    if ((allows & ALLOW_FORCE) != 0)
        return "--force";
    if ((allows & ALLOW_GUEST) != 0)
        return "--ports, --mac or --address";
    if ((allows & ALLOW_SPAN) != 0)
        return "--since or --until";
    if ((allows & ALLOW_FILE) != 0)
        return "--file";
    return (allows & ALLOW_ASK) != 0 ? "--ask" : "-v or --sort";
}

/* The words and options of the command, as a line for the daemon, which reads the arguments themselves. */
static int take_words(const struct command *command, char **words, struct request *r)
{
    const unsigned foreign = r->used & ~command->allows;
    const int status = check_words(command, words);
    if (status != 0)
        return status;
    for (int i = 0; words[i] != NULL && command->print != NULL; i++)
        if (!add_word(r, words[i]))
            return wrong_argument(command, "empty, too long, or with a space: ", words[i]);
    if (foreign != 0)
        return wrong_argument(command, "not an option of this command: ", option_name(foreign));
    if (r->print.sort != NULL && r->as_json)
        return wrong("--sort and --json do not go together", "");
    const bool fits = (r->month == NULL || add_word(r, r->month)) &&
                      ((r->used & ALLOW_FORCE) == 0 || add_word(r, "--force")) &&
                      ((r->used & ALLOW_ASK) == 0 || add_word(r, "--ask"));
    return fits ? 0 : wrong("the request is too long", "");
}

static int run_history(const struct command *command, char **words, const struct request *request)
{
    return history_command(&(struct history_request){
        .is_whois = strcmp(command->name, "whois") == 0,
        .words = words,
        .socket_path = request->socket_path,
        .name = request->name,
        .file = request->file,
        .since = request->since,
        .until = request->until,
        .as_json = request->as_json,
    });
}

int main(int argc, char **argv)
{
    struct request request = {0};
    const char *argument;
    char **words;
    int value;
    while ((value = option_table_next(options, OPTIONS, argc, argv, &argument, &words)) != -1) {
        if (value == 'V') {
            puts("pearpctl " PEARPD_VERSION);
            return 0;
        }
        if (value == 'h') {
            usage(stdout);
            return 0;
        }
        const int status = take_option(value, argument, &request);
        if (status != 0)
            return status;
    }
    if (*words == NULL)
        return wrong("a command is missing", "");
    if (request.socket_path != NULL && request.name != NULL)
        return wrong("-s and -n do not go together", "");
    const struct command *command = command_named(*words);
    if (command == NULL)
        return wrong(is_later(*words) ? "not supported in this version: " : "unknown command: ", *words);
    const int status = take_words(command, words, &request);
    if (status != 0 || command->print != NULL)
        return status != 0 ? status : run(command, &request);
    return strcmp(command->name, "guest") == 0 ? run_guest(words + 1, &request)
                                               : run_history(command, words + 1, &request);
}
