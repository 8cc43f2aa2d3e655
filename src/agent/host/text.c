/* text.c: see text.h. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>

void text_put(struct text *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(t->at, t->left, format, arguments);
    va_end(arguments);
    if (t->failed || length < 0 || (size_t)length >= t->left) {
        t->failed = true;
        return;
    }
    t->at += length;
    t->left -= (size_t)length;
}
