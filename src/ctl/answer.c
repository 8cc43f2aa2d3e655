/* answer.c: see answer.h; the only place that knows jansson. A struct answer is a json_t by another name. */
#include "answer.h"

#include <jansson.h>

#include <stdio.h>

static const json_t *json_of(const struct answer *answer)
{
    return (const json_t *)(const void *)answer;
}

static const struct answer *answer_of(const json_t *json)
{
    return (const struct answer *)(const void *)json;
}

struct answer *answer_parse(const char *text, size_t length)
{
    return (struct answer *)(void *)json_loadb(text, length, JSON_DECODE_ANY, NULL);
}

void answer_free(struct answer *answer)
{
    json_decref((json_t *)(void *)answer);
}

const struct answer *answer_member(const struct answer *object, const char *key)
{
    return answer_of(json_object_get(json_of(object), key));
}

const char *answer_text(const struct answer *object, const char *key)
{
    const char *text = json_string_value(json_of(answer_member(object, key)));
    return text == NULL ? "" : text;
}

const char *answer_string(const struct answer *string)
{
    const char *text = json_string_value(json_of(string));
    return text == NULL ? "" : text;
}

uint64_t answer_number(const struct answer *object, const char *key)
{
    return (uint64_t)json_integer_value(json_of(answer_member(object, key)));
}

bool answer_has_number(const struct answer *object, const char *key)
{
    return json_is_integer(json_of(answer_member(object, key)));
}

bool answer_is_true(const struct answer *object, const char *key)
{
    return json_is_true(json_of(answer_member(object, key)));
}

size_t answer_count(const struct answer *array)
{
    return json_array_size(json_of(array));
}

const struct answer *answer_at(const struct answer *array, size_t index)
{
    return answer_of(json_array_get(json_of(array), index));
}

void answer_walk_numbers(const struct answer *object, const char *path,
                         void (*member)(const char *path, uint64_t number))
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(void *)json_of(object), key, value)
    {
        char longer[128];
        snprintf(longer, sizeof(longer), "%s%s%s", path, *path != '\0' ? "." : "", key);
        if (json_is_integer(value))
            member(longer, (uint64_t)json_integer_value(value));
        else if (json_is_object(value))
            answer_walk_numbers(answer_of(value), longer, member);
    }
}
