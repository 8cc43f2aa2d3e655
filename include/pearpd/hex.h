/* hex.h: bytes as hexadecimal digits, and back.
 * In and out: text and bytes. Called by: everyone. */
#ifndef PEARPD_HEX_H
#define PEARPD_HEX_H

#include <stddef.h>
#include <stdint.h>

#define HEX_TEXT_BYTES(length) (2 * (length) + 1) /* with the NUL */

/* The value of a digit, of either case, or -1. */
int hex_digit(char c);

/* Two lower-case digits a byte; `text` has room for HEX_TEXT_BYTES(length). Returns `text`. */
const char *hex_format(const uint8_t *bytes, size_t length, char *text);

/* Two digits a byte. 0 and *length; -EINVAL: none, another character, half a byte, or more than `room` bytes. */
int hex_parse(const char *text, uint8_t *bytes, size_t room, size_t *length);

/* The same, where a colon may be between bytes. */
int hex_parse_colons(const char *text, uint8_t *bytes, size_t room, size_t *length);

#endif
