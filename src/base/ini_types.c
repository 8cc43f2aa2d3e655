/* ini_types.c: see ini_schema.h: the types of values that both programs have. */
#include "pearpd/addr.h"
#include "pearpd/ini_schema.h"

#include <stdlib.h>
#include <string.h>

/* Stores a number in a field of 1, 2 or 4 bytes; without a field nowhere. */
static void store(const struct ini_key *key, void *field, uint32_t number)
{
    const uint8_t one = (uint8_t)number;
    const uint16_t two = (uint16_t)number;
    if (key->size == sizeof(one))
        memcpy(field, &one, sizeof(one));
    else if (key->size == sizeof(two))
        memcpy(field, &two, sizeof(two));
    else if (key->size == sizeof(number))
        memcpy(field, &number, sizeof(number));
}

static bool read_number(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    char *end;
    const unsigned long number = strtoul(value, &end, 10);
    (void)file;
    if (*value < '0' || *value > '9' || *end != '\0' || strlen(value) > 9 || number < key->least ||
        number > key->most)
        return false;
    store(key, field, (uint32_t)number);
    return true;
}

int ini_choice_index(const char *choices, const char *value)
{
    const size_t length = strlen(value);
    int number = 0;
    for (const char *at = choices; at != NULL; number++) {
        const size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, value, length) == 0)
            return number;
        at = strstr(at, " | ");
        at = at == NULL ? NULL : at + 3;
    }
    return -1;
}

static bool read_choice(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    const int number = ini_choice_index(key->choices, value);
    (void)file;
    if (number >= 0)
        store(key, field, (uint32_t)number);
    return number >= 0;
}

static bool read_text(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    (void)file;
    if (strlen(value) >= key->size)
        return false;
    snprintf(field, key->size, "%s", value);
    return true;
}

static bool read_path(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    return value[0] == '/' && value[strlen(value) - 1] != '/' && read_text(file, key, value, field);
}

static bool read_mac(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct mac mac;
    if (mac_parse(value, &mac) != 0)
        return false;
    if (mac_is_zero(mac) || mac_is_group(mac))
        ini_fault(file, ini_line(file), "%s = %s: a %s MAC address cannot be a host's", key->name, value,
                  mac_is_zero(mac) ? "zero" : "multicast");
    else
        memcpy(field, &mac, sizeof(mac));
    return true;
}

static bool read_address(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    (void)file;
    (void)key;
    return ipv4_parse_host(value, field) == 0;
}

const struct ini_type ini_number = {.name = "number", .text = "a number", .read = read_number};
const struct ini_type ini_seconds = {.name = "seconds", .text = "a number of seconds", .read = read_number};
const struct ini_type ini_choice = {.read = read_choice};
const struct ini_type ini_text = {
    .name = "text", .text = "text", .help = "Text within one line.", .is_sized = true, .read = read_text};
const struct ini_type ini_path = {
    .name = "file", .text = "an absolute path", .is_sized = true, .read = read_path};
const struct ini_type ini_mac = {.name = "mac", .text = "a MAC address, xx:xx:xx:xx:xx:xx", .read = read_mac};
const struct ini_type ini_address = {
    .name = "address", .text = "the IPv4 address of a host", .read = read_address};

char *ini_next_word(char **rest)
{
    char *word = strsep(rest, ",");
    word += strspn(word, " \t");
    for (size_t length = strlen(word); length > 0 && strchr(" \t", word[length - 1]) != NULL;)
        word[--length] = '\0';
    return word;
}
