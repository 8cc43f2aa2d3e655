/* json.c: see json.h. */
#include "pearpd/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct json json_to(void (*write)(void *context, const char *text, size_t length), void *context)
{
    return (struct json){.write = write, .context = context};
}

static void put(struct json *j, const char *text)
{
    j->write(j->context, text, strlen(text));
}

/* What is written before a value: nothing behind a key, else a comma behind another value. */
static void before_value(struct json *j)
{
    if (!j->keyed && j->filled[j->depth])
        put(j, ",");
    j->keyed = false;
    j->filled[j->depth] = true;
}

static void begin(struct json *j, const char *bracket)
{
    before_value(j);
    put(j, bracket);
    assert(j->depth + 1 < JSON_DEPTH);
    j->filled[++j->depth] = false;
}

static void end(struct json *j, const char *bracket)
{
    assert(j->depth > 0 && !j->keyed);
    j->depth--;
    put(j, bracket);
}

void json_object_begin(struct json *j)
{
    begin(j, "{");
}

void json_object_end(struct json *j)
{
    end(j, "}");
}

void json_array_begin(struct json *j)
{
    begin(j, "[");
}

void json_array_end(struct json *j)
{
    end(j, "]");
}

/* The length of the UTF-8 sequence at `s` (RFC 3629), or 0 where there is none. */
static size_t utf8_length(const unsigned char *s)
{
    size_t length = s[0] < 0x80                   ? 1
                    : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                    : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                    : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                  : 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool beyond = (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf4 && s[1] >= 0x90);
    return overlong || beyond ? 0 : length;
}

static void quoted(struct json *j, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    put(j, "\"");
    while (*s != '\0') {
        char escape[8];
        size_t length = utf8_length(s);
        if (length == 0) {
            put(j, "\xef\xbf\xbd");
            length = 1;
        } else if (*s == '"' || *s == '\\') {
            snprintf(escape, sizeof(escape), "\\%c", *s);
            put(j, escape);
        } else if (*s < 0x20) {
            snprintf(escape, sizeof(escape), "\\u%04x", *s);
            put(j, escape);
        } else {
            j->write(j->context, (const char *)s, length);
        }
        s += length;
    }
    put(j, "\"");
}

void json_key(struct json *j, const char *key)
{
    assert(!j->keyed);
    before_value(j);
    quoted(j, key);
    put(j, ":");
    j->keyed = true;
}

void json_string(struct json *j, const char *text)
{
    before_value(j);
    quoted(j, text);
}

void json_u64(struct json *j, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    before_value(j);
    put(j, text);
}

void json_bool(struct json *j, bool value)
{
    before_value(j);
    put(j, value ? "true" : "false");
}

void json_null(struct json *j)
{
    before_value(j);
    put(j, "null");
}

void json_key_string(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_string(j, text);
}

void json_key_u64(struct json *j, const char *key, uint64_t value)
{
    json_key(j, key);
    json_u64(j, value);
}
