/* json.c: see json.h. */
#include "pearpd/json.h"

#include "pearpd/utf8.h"

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

static void quoted(struct json *j, const char *text)
{
    const char *s = text;
    put(j, "\"");
    while (*s != '\0') {
        char escape[8];
        size_t length = utf8_length(s);
        if (length == 0) {
            put(j, UTF8_REPLACEMENT);
            length = 1;
        } else if (*s == '"' || *s == '\\') {
            snprintf(escape, sizeof(escape), "\\%c", *s);
            put(j, escape);
        } else if ((unsigned char)*s < 0x20) {
            snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)*s);
            put(j, escape);
        } else {
            j->write(j->context, s, length);
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
