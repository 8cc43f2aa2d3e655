/* state_line.c: see state_line.h. */
#include "pearpd/state_line.h"

#include "pearpd/hash.h"
#include "pearpd/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS     16
#define TAIL_BYTES (2 + DIGITS) /* " #" and the checksum */

static uint64_t checksum(const char *text, size_t length)
{
    static const uint8_t key[HASH_KEY_BYTES];
    return hash_bytes(key, text, length);
}

/* Writing. */

static void append(struct state_line *line, const char *text)
{
    size_t length = strlen(text);
    line->bad = line->bad || length > sizeof(line->text) - line->length - TAIL_BYTES - 2;
    if (line->bad)
        return;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static bool is_plain(const char *value)
{
    for (const char *at = value; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~' || *at == '#')
            return false;
    return *value != '\0';
}

void state_line_begin(struct state_line *line, const char *kind)
{
    line->length = 0;
    line->bad = !is_plain(kind);
    append(line, kind);
}

void state_line_text(struct state_line *line, const char *key, const char *value)
{
    line->bad = line->bad || !is_plain(key) || strchr(key, '=') != NULL || !is_plain(value);
    append(line, " ");
    append(line, key);
    append(line, "=");
    append(line, value);
}

void state_line_u64(struct state_line *line, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    state_line_text(line, key, text);
}

size_t state_line_end(struct state_line *line)
{
    char tail[TAIL_BYTES + 2];
    if (line->bad)
        return 0;
    snprintf(tail, sizeof(tail), " #%016" PRIx64 "\n", checksum(line->text, line->length));
    memcpy(line->text + line->length, tail, sizeof(tail));
    line->length += sizeof(tail) - 1;
    return line->length;
}

/* Reading. */

const char *state_record_text(const struct state_record *record, const char *key)
{
    for (unsigned i = 0; i < record->count; i++)
        if (strcmp(record->fields[i].key, key) == 0)
            return record->fields[i].value;
    return NULL;
}

bool state_record_u64(const struct state_record *record, const char *key, uint64_t *value)
{
    const char *text = state_record_text(record, key);
    uint64_t number = 0;
    if (text == NULL || *text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (*text < '0' || *text > '9' || number > (UINT64_MAX - digit) / 10)
            return false;
        number = 10 * number + digit;
    }
    *value = number;
    return true;
}

/* The number that `DIGITS` lower-case hexadecimal digits at `text` make. */
static bool parse_digits(const char *text, uint64_t *number)
{
    *number = 0;
    for (unsigned i = 0; i < DIGITS; i++) {
        const int digit = text[i] >= 'A' && text[i] <= 'F' ? -1 : hex_digit(text[i]);
        if (digit < 0)
            return false;
        *number = *number << 4 | (uint64_t)digit;
    }
    return true;
}

/* Cuts the text of a record, its checksum already taken off, into its fields. */
static bool cut(struct state_record *record)
{
    char *rest = record->text;
    record->kind = strsep(&rest, " ");
    record->count = 0;
    while (rest != NULL) {
        char *value = strsep(&rest, " ");
        char *key = strsep(&value, "=");
        if (value == NULL || *key == '\0' || record->count == STATE_FIELDS)
            return false;
        record->fields[record->count].key = key;
        record->fields[record->count++].value = value;
    }
    return *record->kind != '\0';
}

/* Text that ends with the digits of its checksum. */
static bool parse(const char *text, size_t length, struct state_record *record)
{
    uint64_t expected;
    size_t covered = length - TAIL_BYTES;
    if (length <= TAIL_BYTES || covered >= sizeof(record->text) || text[covered] != ' ' ||
        !parse_digits(text + covered + 2, &expected) || checksum(text, covered) != expected ||
        memchr(text, '\0', covered) != NULL)
        return false;
    memcpy(record->text, text, covered);
    record->text[covered] = '\0';
    return cut(record);
}

/* The length of what ends with the first checksum in `text`, or 0: there is none. */
static size_t piece(const char *text, size_t length)
{
    uint64_t ignored;
    for (size_t i = 0; i + DIGITS < length; i++)
        if (text[i] == '#' && parse_digits(text + i + 1, &ignored))
            return i + 1 + DIGITS;
    return 0;
}

/* A line holds one record, or two where the newline between them is damaged. */
static void take_line(struct state_reader *reader, const char *line, size_t length)
{
    struct state_record record;
    while (length > 0) {
        size_t whole = piece(line, length);
        if (whole == 0 || !parse(line, whole, &record))
            reader->bad++;
        else
            reader->record(reader->context, &record);
        if (whole == 0 || whole == length)
            return;
        reader->bad++; /* what is where a newline should be */
        line += whole + 1;
        length -= whole + 1;
    }
}

void state_reader_feed(struct state_reader *reader, const char *bytes, size_t length)
{
    while (length > 0) {
        const char *newline = memchr(bytes, '\n', length);
        size_t part = newline == NULL ? length : (size_t)(newline - bytes);
        if (part > sizeof(reader->line) - reader->length)
            reader->overlong = true;
        if (!reader->overlong)
            memcpy(reader->line + reader->length, bytes, part);
        reader->length += reader->overlong ? 0 : part;
        if (newline == NULL)
            return;
        state_reader_end(reader);
        bytes += part + 1;
        length -= part + 1;
    }
}

void state_reader_end(struct state_reader *reader)
{
    if (reader->overlong)
        reader->bad++;
    else
        take_line(reader, reader->line, reader->length);
    reader->length = 0;
    reader->overlong = false;
}
