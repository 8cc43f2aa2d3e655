/* history.c: see history.h. */
#include "history.h"

#include "pearpd/clock.h"
#include "pearpd/history_files.h"
#include "pearpd/history_reader.h"
#include "pearpd/json.h"
#include "pearpd/time_text.h"

#include "answer.h"
#include "connection.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKETS      "/run/pearpd/*.sock"
#define DIRECTORY    "/var/lib/pearpd"
#define SUFFIX       ".history"
#define FUTURE_MS    60000 /* clocks differ */
#define GAPS_MOST    16
#define WORDS_BYTES  128
#define PORTS_COLUMN 30

struct found {
    struct history_entry entry;
    char *name; /* owned; NULL: none */
};

struct gap {
    enum history_gap kind;
    uint64_t from_ms, until_ms;
};

struct search {
    struct history_query query;
    struct found *found;
    size_t count, room;
    bool is_out_of_memory;
    struct gap gaps[GAPS_MOST]; /* that meet the time asked for */
    unsigned gap_count;
    bool is_offline; /* no daemon writes the files */
    int fds[HISTORY_FILES_MOST];
    unsigned fd_count;
    char path[HISTORY_PATH_BYTES];
};

static int wrong(const char *what, const char *value, const char *why)
{
    fprintf(stderr, "pearpctl: %s: %s%s%s\n", what, value, *why != '\0' ? ": " : "", why);
    return 2;
}

static void note(const char *text)
{
    fprintf(stderr, "pearpctl: %s\n", text);
}

/* What is asked for. */

static int take_time(const char *what, const char *text, struct time_span *span)
{
    char error[TIME_TEXT_ERROR_BYTES];
    return time_text_parse(text, clock_wall_us() / 1000, span, error) == 0 ? 0 : wrong(what, text, error);
}

/* ADDRESS, ADDRESS:PORT or ADDRESS:FIRST-LAST. */
static bool take_address(const char *word, struct history_query *query)
{
    struct range range;
    query->has_address = ipv4_parse(word, &query->address) == 0;
    if (query->has_address || range_parse(word, &range) != 0)
        return query->has_address;
    query->has_address = query->has_ports = true;
    query->address = range.address;
    query->first = range.first;
    query->last = range.last;
    return true;
}

/* TIME may be several words. */
static int take_whois(const struct history_request *request, struct history_query *query)
{
    struct time_span span;
    char text[WORDS_BYTES] = "";
    char **words = request->words;
    if (!take_address(*words, query))
        return wrong("whois", *words, "is no ADDRESS, ADDRESS:PORT or ADDRESS:FIRST-LAST");
    for (words++; *words != NULL; words++) {
        const size_t used = strlen(text);
        const int length = snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? " " : "", *words);
        if (length >= (int)(sizeof(text) - used))
            return wrong("whois", *words, "the time is too long");
    }
    const int status = take_time("whois", *text == '\0' && request->words[1] == NULL ? "now" : text, &span);
    if (status != 0)
        return status;
    query->since_ms = span.first_ms;
    query->until_ms = span.last_ms;
    if (span.first_ms > clock_wall_us() / 1000 + FUTURE_MS)
        note("that time has not come yet: these are the owners now");
    return 0;
}

static int take_history(const struct history_request *request, struct history_query *query)
{
    struct time_span since = {0, 0}, until = {0, HISTORY_LASTS};
    const char *word = *request->words;
    int status = 0;
    if (word != NULL && !take_address(word, query)) {
        query->has_mac = mac_parse(word, &query->mac) == 0;
        query->name = query->has_mac ? NULL : word;
    }
    if (request->since != NULL)
        status = take_time("--since", request->since, &since);
    if (status == 0 && request->until != NULL)
        status = take_time("--until", request->until, &until);
    if (status == 0 && until.last_ms < since.first_ms)
        status = wrong("--until", request->until, "is before --since");
    query->since_ms = since.first_ms;
    query->until_ms = until.last_ms;
    return status;
}

/* The files. */

static int take_files(struct search *s)
{
    const int count = history_files_open(s->path, s->fds);
    s->is_offline = true;
    s->fd_count = count > 0 ? (unsigned)count : 0;
    if (count > 0)
        return 0;
    fprintf(stderr, "pearpctl: %s: %s\n", s->path, strerror(-count));
    return 1;
}

/* NAME of /run/pearpd/NAME.sock, as the files of that bridge are named unless configured otherwise. */
static void path_of_socket(const char *socket, char path[static HISTORY_PATH_BYTES])
{
    const char *base = strrchr(socket, '/');
    base = base == NULL ? socket : base + 1;
    const size_t length = strlen(base);
    const size_t name = length > 5 && strcmp(base + length - 5, ".sock") == 0 ? length - 5 : length;
    snprintf(path, HISTORY_PATH_BYTES, DIRECTORY "/%.*s" SUFFIX, (int)name, base);
}

/* Where neither a socket nor a bridge is named, and no daemon runs: the only history that is there. */
static bool find_only_file(char path[static HISTORY_PATH_BYTES])
{
    glob_t sockets = {0}, files = {0};
    const bool is_running = glob(SOCKETS, 0, NULL, &sockets) == 0;
    const bool is_one = !is_running && glob(DIRECTORY "/*" SUFFIX, 0, NULL, &files) == 0 && files.gl_pathc == 1;
    if (is_one)
        snprintf(path, HISTORY_PATH_BYTES, "%s", files.gl_pathv[0]);
    globfree(&sockets);
    globfree(&files);
    return is_one;
}

static int without_daemon(struct search *s)
{
    fprintf(stderr, "pearpctl: no daemon is running; read from %s\n", s->path);
    return take_files(s);
}

static int ask_daemon(struct search *s, const char *socket)
{
    FILE *stream;
    size_t length = 0;
    const int status =
        connection_files(socket, "history-files", s->fds, HISTORY_FILES_MOST, &s->fd_count, &stream);
    if (status != 0)
        return status;
    char *body = connection_body(stream, &length);
    struct answer *answer = body == NULL ? NULL : answer_parse(body, length);
    if (answer == NULL)
        note("the daemon's answer was cut short");
    else if (!answer_is_true(answer, "is_current"))
        note("the daemon does not record changes at present: see its log");
    answer_free(answer);
    free(body);
    fclose(stream);
    return 0;
}

static int find_files(const struct history_request *request, struct search *s)
{
    char socket[HISTORY_PATH_BYTES];
    if (request->file != NULL) {
        snprintf(s->path, sizeof(s->path), "%s", request->file);
        return take_files(s);
    }
    if (request->socket_path == NULL && request->name == NULL && find_only_file(s->path))
        return without_daemon(s);
    if (connection_find(request->socket_path, request->name, socket, sizeof(socket)) != 0)
        return 1;
    if (!connection_is_dead(socket))
        return ask_daemon(s, socket);
    path_of_socket(socket, s->path);
    return without_daemon(s);
}

/* The search. */

static void take_entry(void *context, const struct history_entry *entry)
{
    struct search *s = context;
    if (s->count == s->room) {
        const size_t room = s->room == 0 ? 64 : 2 * s->room;
        struct found *larger = realloc(s->found, room * sizeof(*larger));
        if (larger == NULL) {
            s->is_out_of_memory = true;
            return;
        }
        s->found = larger;
        s->room = room;
    }
    struct found *found = &s->found[s->count++];
    found->entry = *entry;
    found->name = *entry->name == '\0' ? NULL : strdup(entry->name);
    s->is_out_of_memory = s->is_out_of_memory || (*entry->name != '\0' && found->name == NULL);
}

/* What was found so far with times of a clock that was wrong. */
static void doubt(struct search *s, uint64_t run_ms, uint64_t from_ms)
{
    for (size_t i = 0; i < s->count; i++) {
        struct history_entry *entry = &s->found[i].entry;
        if (entry->from_ms >= run_ms && entry->from_ms <= from_ms)
            entry->is_from_uncertain = true;
        if (entry->until_ms >= run_ms && entry->until_ms <= from_ms)
            entry->is_until_uncertain = true;
    }
}

static void take_gap(void *context, enum history_gap kind, uint64_t run_ms, uint64_t from_ms, uint64_t until_ms)
{
    struct search *s = context;
    const uint64_t first_ms = from_ms < until_ms ? from_ms : until_ms,
                   last_ms = from_ms < until_ms ? until_ms : from_ms;
    if (kind == HISTORY_GAP_CLOCK)
        doubt(s, run_ms, from_ms);
    if (first_ms > s->query.until_ms || last_ms < s->query.since_ms || s->gap_count == GAPS_MOST)
        return;
    s->gaps[s->gap_count++] = (struct gap){kind, from_ms, until_ms};
}

static void note_time(const char *before, uint64_t time_ms, const char *after)
{
    char text[TIME_TEXT_BYTES];
    fprintf(stderr, "pearpctl: %s%s%s\n", before, time_text_format(time_ms, 0, text), after);
}

static void note_gaps(const struct search *s)
{
    static const char *const texts[] = {"the bridge did not run", "changes are missing", "the clock was set"};
    char from[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];
    for (unsigned i = 0; i < s->gap_count; i++)
        fprintf(stderr, "pearpctl: %s from %s to %s\n", texts[s->gaps[i].kind],
                time_text_format(s->gaps[i].from_ms, 0, from), time_text_format(s->gaps[i].until_ms, 0, until));
}

/* What the answer cannot be relied on for. */
static void note_limits(const struct search *s, const struct history_found *found)
{
    if (found->bad > 0)
        fprintf(stderr, "pearpctl: %" PRIu64 " of %" PRIu64 " records are damaged and left out\n", found->bad,
                found->places);
    if (found->other_version > 0)
        note("a part of the history is of another version of pearpd, and left out");
    if (found->begins_ms == HISTORY_LASTS)
        note("nothing is recorded");
    else if (s->query.since_ms != 0 && s->query.since_ms < found->begins_ms)
        note_time("the history begins at ", found->begins_ms, ": what was before is not known");
    if (s->is_offline && found->begins_ms != HISTORY_LASTS)
        note_time("the history ends at ", found->latest_ms, "");
    note_gaps(s);
}

static int search(struct search *s)
{
    static const struct history_calls calls = {take_entry, take_gap};
    struct history_reader *reader = history_reader_new(s->fds, s->fd_count, &s->query, &calls, s);
    if (reader == NULL || s->is_out_of_memory) {
        note("out of memory");
        return 1;
    }
    while (history_reader_step(reader, UINT32_MAX))
        ;
    note_limits(s, history_reader_found(reader));
    history_reader_free(reader);
    if (!s->is_out_of_memory)
        return 0;
    note("out of memory");
    return 1;
}

/* Printing. */

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_ports(const struct history_entry *a, const struct history_entry *b)
{
    const int addresses = order(a->ports.range.address.host, b->ports.range.address.host);
    if (addresses != 0)
        return addresses;
    const int first = order(a->ports.range.first, b->ports.range.first);
    return first != 0 ? first : order(a->ports.range.last, b->ports.range.last);
}

static int by_ports_and_time(const void *a, const void *b)
{
    const struct history_entry *x = &((const struct found *)a)->entry, *y = &((const struct found *)b)->entry;
    const int ports = by_ports(x, y);
    return ports != 0 ? ports : order(x->from_ms, y->from_ms);
}

static int by_time_and_ports(const void *a, const void *b)
{
    const struct history_entry *x = &((const struct found *)a)->entry, *y = &((const struct found *)b)->entry;
    const int times = order(x->from_ms, y->from_ms);
    return times != 0 ? times : by_ports(x, y);
}

static void print_bytes(void *context, const char *text, size_t length)
{
    (void)context;
    fwrite(text, 1, length, stdout);
}

static void json_uid(struct json *j, const char *key, uint32_t uid)
{
    json_key(j, key);
    if (uid == HISTORY_NOBODY)
        json_null(j);
    else
        json_u64(j, uid);
}

static void json_time(struct json *j, const char *key, uint64_t time_ms)
{
    char text[TIME_TEXT_BYTES];
    json_key(j, key);
    if (time_ms == HISTORY_LASTS)
        json_null(j);
    else
        json_string(j, time_text_format(time_ms, 1, text));
}

static bool is_until_uncertain(const struct search *s, const struct history_entry *entry)
{
    return entry->is_until_uncertain || (s->is_offline && entry->until_ms == HISTORY_LASTS);
}

static void print_entry_json(const struct search *s, struct json *j, const struct found *found)
{
    const struct history_entry *entry = &found->entry;
    char text[MAC_TEXT_BYTES > IPV4_TEXT_BYTES ? MAC_TEXT_BYTES : IPV4_TEXT_BYTES], set[32];
    json_object_begin(j);
    json_key_string(j, "address", ipv4_format(entry->ports.range.address, text));
    json_key_u64(j, "first_port", entry->ports.range.first);
    json_key_u64(j, "last_port", entry->ports.range.last);
    json_key_string(j, "mac", mac_format(entry->mac, text));
    json_key_string(j, "name", found->name == NULL ? "" : found->name);
    json_key_string(j, "origin", history_origin_name(entry->origin));
    json_uid(j, "by", entry->by);
    json_time(j, "from", entry->from_ms);
    json_time(j, "until", entry->until_ms);
    json_uid(j, "ended_by", entry->ended_by);
    json_key(j, "uncertain");
    json_array_begin(j);
    if (entry->is_from_uncertain)
        json_string(j, "from");
    if (is_until_uncertain(s, entry))
        json_string(j, "until");
    json_array_end(j);
    if (entry->ports.is_port_set) {
        snprintf(set, sizeof(set), "%u/%u/%u", entry->ports.params.offset, entry->ports.params.length,
                 entry->ports.psid);
        json_key_string(j, "psid", set);
    }
    json_object_end(j);
}

static void print_json(const struct search *s)
{
    struct json j = json_to(print_bytes, NULL);
    json_array_begin(&j);
    for (size_t i = 0; i < s->count; i++)
        print_entry_json(s, &j, &s->found[i]);
    json_array_end(&j);
    putchar('\n');
}

/* With a ~ before a time that is not certain. */
static const char *time_column(uint64_t time_ms, bool is_uncertain, char text[static TIME_TEXT_BYTES + 1])
{
    text[0] = '~';
    if (time_ms == HISTORY_LASTS)
        snprintf(text + 1, TIME_TEXT_BYTES, "%s", is_uncertain ? "the end of the history" : "now");
    else
        time_text_format(time_ms, 0, text + 1);
    return is_uncertain ? text : text + 1;
}

static void print_entry(const struct search *s, const struct found *found)
{
    const struct history_entry *entry = &found->entry;
    char ports[PORT_RANGE_TEXT_BYTES], mac[MAC_TEXT_BYTES], from[TIME_TEXT_BYTES + 1],
        until[TIME_TEXT_BYTES + 1];
    printf("%-*s %-19s %-8s %-26s %-26s", PORTS_COLUMN, port_range_format(&entry->ports, ports),
           mac_format(entry->mac, mac), history_origin_name(entry->origin),
           time_column(entry->from_ms, entry->is_from_uncertain, from),
           time_column(entry->until_ms, is_until_uncertain(s, entry), until));
    if (found->name != NULL)
        printf(" %s", found->name);
    if (entry->by != HISTORY_NOBODY)
        printf(" (by uid %" PRIu32 ")", entry->by);
    if (entry->ended_by != HISTORY_NOBODY)
        printf(" (ended by uid %" PRIu32 ")", entry->ended_by);
    putchar('\n');
}

static void print_text(const struct search *s, bool is_whois)
{
    if (s->count == 0) {
        puts(is_whois ? "nobody owned it then" : "nothing was owned");
        return;
    }
    printf("%-*s %-19s %-8s %-26s %-26s %s\n", PORTS_COLUMN, "Address", "HWaddress", "Origin", "From", "Until",
           "Name");
    for (size_t i = 0; i < s->count; i++)
        print_entry(s, &s->found[i]);
}

int history_command(const struct history_request *request)
{
    struct search s = {.query = {.until_ms = HISTORY_LASTS}};
    int status = request->is_whois ? take_whois(request, &s.query) : take_history(request, &s.query);
    if (status == 0)
        status = find_files(request, &s);
    if (status == 0)
        status = search(&s);
    for (unsigned i = 0; i < s.fd_count; i++)
        close(s.fds[i]);
    if (s.count > 0)
        qsort(s.found, s.count, sizeof(*s.found), request->is_whois ? by_ports_and_time : by_time_and_ports);
    if (status == 0 && request->as_json)
        print_json(&s);
    else if (status == 0)
        print_text(&s, request->is_whois);
    for (size_t i = 0; i < s.count; i++)
        free(s.found[i].name);
    free(s.found);
    if (status == 0 && fflush(stdout) != 0) {
        perror("pearpctl");
        return 1;
    }
    return status;
}
