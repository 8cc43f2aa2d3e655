/* hex.c: see hex.h. */
#include "pearpd/hex.h"

#include <errno.h>
#include <stdbool.h>

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

const char *hex_format(const uint8_t *bytes, size_t length, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * length] = '\0';
    return text;
}

static int parse(const char *text, bool colons, uint8_t *bytes, size_t room, size_t *length)
{
    *length = 0;
    while (*text != '\0') {
        const int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0 || *length == room)
            return -EINVAL;
        bytes[(*length)++] = (uint8_t)(high << 4 | low);
        text += 2;
        text += colons && text[0] == ':' && text[1] != '\0';
    }
    return *length > 0 ? 0 : -EINVAL;
}

int hex_parse(const char *text, uint8_t *bytes, size_t room, size_t *length)
{
    return parse(text, false, bytes, room, length);
}

int hex_parse_colons(const char *text, uint8_t *bytes, size_t room, size_t *length)
{
    return parse(text, true, bytes, room, length);
}
