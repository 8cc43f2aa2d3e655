/* utf8.h: UTF-8 (RFC 3629) in text of unknown origin. Called by: json, prometheus_text. */
#ifndef PEARPD_UTF8_H
#define PEARPD_UTF8_H

#include <stddef.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The length of the character at `text`, which a NUL ends, or 0 where there is none. */
size_t utf8_length(const char *text);

#endif
