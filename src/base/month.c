/* month.c: see month.h. */
#include "pearpd/month.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool month_is_valid(month_number month)
{
    return month >= 197001 && month <= 999912 && month % 100 >= 1 && month % 100 <= 12;
}

const char *month_format(month_number month, char text[static MONTH_TEXT_BYTES])
{
    snprintf(text, MONTH_TEXT_BYTES, "%04u-%02u", month / 100 % 10000, month % 100);
    return text;
}

int month_parse(const char *text, month_number *month)
{
    unsigned year, number;
    int used = -1;
    if (strlen(text) != 7 || strspn(text, "0123456789-") != 7 ||
        sscanf(text, "%4u-%2u%n", &year, &number, &used) != 2 || used != 7 ||
        !month_is_valid(year * 100 + number))
        return -EINVAL;
    *month = year * 100 + number;
    return 0;
}
