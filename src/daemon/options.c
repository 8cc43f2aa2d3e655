/* options.c: see options.h. */
#include "options.h"

#include "pearpd/option_table.h"
#include "pearpd/try_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_LINGER = OPTION_LONG, OPTION_ANY_NONCE, OPTION_EMIT_NFT, OPTION_DETACH, OPTION_TRY, OPTION_YES };

static const struct option_row rows[] = {
    {"config", 'c', "FILE", "configuration of the subnet; alone: run in the foreground"},
    {"test", 't', NULL, "check the configuration and exit"},
    {"replay", 'r', "SIDE=PCAP", "replay a capture; SIDE is upstream, downstream or both"},
    {"write", 'w', "SIDE=PCAP", "write the frames that leave a side in a replay"},
    {"report", 'j', "REPORT.json", "write counters and table after a replay"},
    {"linger", OPTION_LINGER, "SECONDS", "in a replay, run the timers on after the last frame"},
    {"any-nonce", OPTION_ANY_NONCE, NULL, "in a replay, accept PE-ARP replies of a live run"},
    {"detach", OPTION_DETACH, NULL, "remove the fast path that a killed daemon left, and exit"},
    {"try", OPTION_TRY, "SECONDS", "undo everything then, unless `pearpctl confirm` or Enter comes before"},
    {"yes", OPTION_YES, NULL, "start even where this ssh session runs through an interface of the bridge"},
    {"verbose", 'v', NULL, "log more (repeatable)"},
    {"quiet", 'q', NULL, "log less"},
    {"version", 'V', NULL, "print the version"},
    {"help", 'h', NULL, "print this"},
    {"emit-nft", OPTION_EMIT_NFT, NULL, NULL}, /* of a later version: refused by name */
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

void daemon_options_usage(FILE *out)
{
    fputs("usage: pearpd -c FILE [-t | --detach | --try SECONDS | -r SIDE=PCAP ... [-w SIDE=PCAP ...] [-j "
          "REPORT.json]] [-v] "
          "[-q]\n\n",
          out);
    option_table_usage(rows, ROWS, out);
}

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "pearpd: %s%s%s\n", what, value ? ": " : "", value ? value : "");
    fputs("Try 'pearpd -h'.\n", stderr);
    return -EINVAL;
}

/* SIDE=PCAP. `both` where the caller allows it. */
static int parse_side(const char *text, bool may_be_both, struct replay_input *input)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    if (equals == NULL || equals[1] == '\0')
        return -EINVAL;
    *input = (struct replay_input){.path = equals + 1};
    for (unsigned side = 0; side < SIDES; side++) {
        if (strlen(side_name((enum side)side)) == length &&
            strncmp(text, side_name((enum side)side), length) == 0) {
            input->side = (enum side)side;
            return 0;
        }
    }
    input->both = true;
    return may_be_both && length == 4 && strncmp(text, "both", 4) == 0 ? 0 : -EINVAL;
}

static int parse_input(struct replay_options *replay, const char *text)
{
    if (replay->input_count == REPLAY_INPUTS_MAX)
        return wrong("too many -r", text);
    if (parse_side(text, true, &replay->inputs[replay->input_count]) != 0)
        return wrong("-r needs upstream=PCAP, downstream=PCAP or both=PCAP", text);
    replay->input_count++;
    return 0;
}

static int parse_output(struct replay_options *replay, const char *text)
{
    struct replay_input output;
    if (parse_side(text, false, &output) != 0)
        return wrong("-w needs upstream=PCAP or downstream=PCAP", text);
    if (replay->outputs[output.side] != NULL)
        return wrong("-w twice for one side", text);
    replay->outputs[output.side] = output.path;
    return 0;
}

static int parse_linger(struct replay_options *replay, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (*text < '0' || *text > '9' || *end != '\0' || strpbrk(text, "xX") != NULL || !(seconds <= 1e8))
        return wrong("--linger needs seconds, 0 to 100000000", text);
    replay->linger_ns = (uint64_t)(seconds * 1e9);
    return 0;
}

static int parse_one(int value, const char *argument, struct daemon_options *o)
{
    switch (value) {
    case 'c':
        o->file = argument;
        return 0;
    case 't':
        o->mode = MODE_TEST;
        return 0;
    case 'r':
        return parse_input(&o->replay, argument);
    case 'w':
        return parse_output(&o->replay, argument);
    case 'j':
        o->replay.report = argument;
        return 0;
    case OPTION_LINGER:
        return parse_linger(&o->replay, argument);
    case OPTION_ANY_NONCE:
        o->replay.any_nonce = true;
        return 0;
    case OPTION_DETACH:
        o->mode = MODE_DETACH;
        return 0;
    case OPTION_TRY:
        return try_run_parse(argument, &o->try_s) == 0 ? 0 : wrong("--try needs seconds, 1 to 86400", argument);
    case OPTION_YES:
        o->yes = true;
        return 0;
    case OPTION_EMIT_NFT:
        return wrong("--emit-nft is not in this version", NULL);
    case 'v':
        o->verbosity++;
        return 0;
    case 'q':
        o->verbosity--;
        return 0;
    case 'V':
        o->mode = MODE_VERSION;
        return 0;
    case 'h':
        o->mode = MODE_HELP;
        return 0;
    default: /* getopt has described it */
        fputs("Try 'pearpd -h'.\n", stderr);
        return -EINVAL;
    }
}

static int check_together(struct daemon_options *o)
{
    const struct replay_options *r = &o->replay;
    bool replay_only = r->outputs[0] != NULL || r->outputs[1] != NULL || r->report != NULL ||
                       r->linger_ns != 0 || r->any_nonce;
    if (o->mode == MODE_VERSION || o->mode == MODE_HELP)
        return 0;
    if (o->file == NULL)
        return wrong("-c FILE is missing", NULL);
    if ((o->try_s != 0 || o->yes) && (o->mode != MODE_RUN || r->input_count > 0))
        return wrong("--try and --yes are for a start of the bridge", NULL);
    if (r->input_count == 0)
        return replay_only ? wrong("-w, -j, --linger and --any-nonce go with -r", NULL) : 0;
    if (o->mode != MODE_RUN)
        return wrong(
            o->mode == MODE_TEST ? "-t and -r do not go together" : "--detach and -r do not go together", NULL);
    o->mode = MODE_REPLAY;
    return 0;
}

int daemon_options_parse(int argc, char **argv, struct daemon_options *options)
{
    const char *argument;
    char **words;
    int value;
    *options = (struct daemon_options){.mode = MODE_RUN};
    while ((value = option_table_next(rows, ROWS, argc, argv, &argument, &words)) != -1)
        if (parse_one(value, argument, options) != 0)
            return -EINVAL;
    if (*words != NULL)
        return wrong("not an option", *words);
    return check_together(options);
}
