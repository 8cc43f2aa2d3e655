/* json.h: a small streaming JSON writer (RFC 8259).
 * In: values in order. Out: text through a function of the caller's. Called by: daemon, agent, ctl.
 * Never: allocates or holds the document. Commas and nesting are its work; misuse is asserted. */
#ifndef PEARPD_JSON_H
#define PEARPD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH 16

struct json {
    void (*write)(void *context, const char *text, size_t length);
    void *context;
    unsigned depth;
    bool filled[JSON_DEPTH]; /* at each depth: there is a value already */
    bool keyed;              /* a key was just written */
};

struct json json_to(void (*write)(void *context, const char *text, size_t length), void *context);

void json_object_begin(struct json *j);
void json_object_end(struct json *j);
void json_array_begin(struct json *j);
void json_array_end(struct json *j);
void json_key(struct json *j, const char *key);

/* Escaped as RFC 8259 section 7 asks; bytes that are not UTF-8 become U+FFFD. */
void json_string(struct json *j, const char *text);
void json_u64(struct json *j, uint64_t value);
void json_bool(struct json *j, bool value);
void json_null(struct json *j);

/* Key and value in one. */
void json_key_string(struct json *j, const char *key, const char *text);
void json_key_u64(struct json *j, const char *key, uint64_t value);

#endif
