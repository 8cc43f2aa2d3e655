/* answer.h: what the daemon answered, parsed (jansson), and its values for people. */
#ifndef PEARPD_CTL_ANSWER_H
#define PEARPD_CTL_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A JSON value, borrowed from the answer that it is part of. */
struct answer;

/* Parses `length` bytes. NULL: not JSON. The caller frees it. */
struct answer *answer_parse(const char *text, size_t length);
void answer_free(struct answer *answer);

/* The member `key` of an object; NULL: there is none. */
const struct answer *answer_member(const struct answer *object, const char *key);
/* The text of a string member; "" where there is none. */
const char *answer_text(const struct answer *object, const char *key);
/* The text of a string; "" for anything else. */
const char *answer_string(const struct answer *string);
/* The number of a member; 0 where there is none. */
uint64_t answer_number(const struct answer *object, const char *key);
bool answer_has_number(const struct answer *object, const char *key);

/* True where the member is true. */
bool answer_is_true(const struct answer *object, const char *key);

size_t answer_count(const struct answer *array);
const struct answer *answer_at(const struct answer *array, size_t index);

/* Calls `member` for each member of an object that is a number, and descends into objects: the path of keys
 * is parted by dots. */
void answer_walk_numbers(const struct answer *object, const char *path,
                         void (*member)(const char *path, uint64_t number));

#endif
