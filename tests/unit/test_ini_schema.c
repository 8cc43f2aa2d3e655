/* test_ini_schema.c: the schema of configuration files, by a small one: values, defaults, faults, and what is printed. */
#include "pearpd/addr.h"
#include "pearpd/ini_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum mood { MOOD_NONE, MOOD_GOOD, MOOD_BAD };

struct room {
    char name[8];
    uint16_t seats;
    struct mac mac;
    bool has_mac;
    unsigned line, mac_line;
};

struct house {
    enum mood mood;
    bool has_lift;
    uint8_t floors;
    uint32_t age;
    char file[32];
    char word[8];
    struct room rooms[4];
    size_t count;
};

static void *begin_room(struct ini_file *file, const char *argument)
{
    struct house *house = ini_target(file);
    if (*argument == '\0' || house->count == 4) {
        ini_fault(file, ini_line(file), "[room %s]: bad", argument);
        return NULL;
    }
    struct room *room = &house->rooms[house->count++];
    *room = (struct room){.line = ini_line(file)};
    return room;
}

static void end_room(struct ini_file *file, void *target)
{
    const struct room *room = target;
    if (room->seats == 13)
        ini_fault(file, ini_line_of(file, "room", "seats"), "thirteen");
}

static void take_free(struct ini_file *file, const char *name, const char *value)
{
    ini_fault(file, ini_line(file), "free %s %s", name, value);
}

static void check(struct ini_file *file)
{
    const struct house *house = ini_target(file);
    int *checks = ini_context(file);
    ++*checks;
    if (house->age == 7)
        ini_fault(file, ini_line_of(file, "house", "age"), "%s: age and floors do not fit", ini_name(file));
}

static const struct ini_key house_keys[] = {
    {.name = "mood",
     .type = &ini_choice,
     .preset = "bad",
     .choices = "none | good | bad",
     INI_FIELD(struct house, mood),
     .help = "How it is."},
    {.name = "lift",
     .type = &ini_choice,
     .preset = "no",
     .choices = "no | yes",
     INI_FIELD(struct house, has_lift),
     .help = "Whether it has one."},
    {.name = "floors",
     .type = &ini_number,
     .preset = "none",
     .none = "none",
     .least = 1,
     .most = 99,
     INI_FIELD(struct house, floors),
     .help = ".floors is a \\word. A second sentence"},
    {.name = "age",
     .type = &ini_seconds,
     .preset = "5",
     .least = 0,
     .most = 4000000,
     INI_FIELD(struct house, age),
     .help = "seconds"},
    {.name = "file", .type = &ini_path, INI_FIELD(struct house, file), .help = "A file."},
    {.name = "word",
     .type = &ini_text,
     .preset = "",
     .none = "",
     INI_FIELD(struct house, word),
     .is_secret = true,
     .help = "A secret."},
    {.name = "fixed", .type = &ini_choice, .preset = "one", .choices = "one", .help = "Kept nowhere."},
};
static const struct ini_key room_keys[] = {
    {.name = "name", .type = &ini_text, .preset = "none", INI_FIELD(struct room, name), .help = "A name."},
    {.name = "seats",
     .type = &ini_number,
     .preset = "300",
     .least = 1,
     .most = 65535,
     INI_FIELD(struct room, seats),
     .help = "Seats."},
    {.name = "mac",
     .type = &ini_mac,
     .preset = "",
     .none = "",
     INI_FIELD(struct room, mac),
     .given = offsetof(struct room, has_mac),
     .line = offsetof(struct room, mac_line),
     .help = "A MAC address."},
};
static const struct ini_section sections[] = {
    {.name = "house", .help = "The house.", INI_KEYS(house_keys)},
    {.name = "room",
     .argument = "NAME",
     .help = "A room.",
     .begin = begin_room,
     .end = end_room,
     INI_KEYS(room_keys)},
    {.name = "free", .help = "Anything.", .take = take_free},
};
static const struct ini_later later[] = {{"house", "garden", "no"}, {"attic", NULL, NULL}};
static const struct ini_schema schema = {.sections = sections,
                                         .section_count = sizeof(sections) / sizeof(sections[0]),
                                         .later = later,
                                         .later_count = sizeof(later) / sizeof(later[0]),
                                         .bytes = 10000,
                                         .check = check};

static char reported[4096];

static void report(void *context, const char *file, unsigned line, const char *message)
{
    const size_t used = strlen(reported);
    assert_ptr_equal(context, reported);
    assert_string_equal(file, "f");
    snprintf(reported + used, sizeof(reported) - used, "%u: %s\n", line, message);
}

static int read_house(const char *text, struct house *house)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    int checks = 0;
    assert_non_null(stream);
    *house = (struct house){.count = 0};
    reported[0] = '\0';
    const int result = ini_schema_read_stream(&schema, stream, "f", house, &checks, report, reported);
    fclose(stream);
    assert_int_equal(checks, 1);
    return result;
}

static void defaults_are_read_from_their_text(void **state)
{
    struct house house;
    (void)state;
    assert_int_equal(read_house("[house]\nfile = /a/b\n[room a]\n[room b]\nseats = 2\nname = b\n", &house), 0);
    assert_int_equal(house.mood, MOOD_BAD);
    assert_false(house.has_lift);
    assert_int_equal(house.floors, 0);
    assert_int_equal(house.age, 5);
    assert_string_equal(house.file, "/a/b");
    assert_int_equal(house.rooms[0].seats, 300);
    assert_string_equal(house.rooms[0].name, "none");
    assert_int_equal(house.rooms[1].seats, 2);
    assert_string_equal(house.rooms[1].name, "b");
    assert_int_equal(house.rooms[1].line, 4);
    assert_false(house.rooms[1].has_mac);
    memset(&house, 0xff, sizeof(house));
    ini_schema_presets(&schema, &house, NULL);
    assert_int_equal(house.mood, MOOD_BAD);
    assert_int_equal(house.age, 5);
    assert_int_equal(house.floors, 0);
    assert_string_equal(house.word, "");
}

static void values_have_types(void **state)
{
    struct house house;
    (void)state;
    assert_int_equal(
        read_house("[house]\nfile = /f\nmood = good\nfixed = one\nlift = yes\nfloors = 99\nage = 4000000\n"
                   "word = secret7\ngarden = no\n[attic]\n[room a]\nmac = 02:00:00:00:00:01\n",
                   &house),
        0);
    assert_int_equal(house.mood, MOOD_GOOD);
    assert_true(house.has_lift);
    assert_int_equal(house.floors, 99);
    assert_int_equal(house.age, 4000000);
    assert_string_equal(house.word, "secret7");
    assert_true(house.rooms[0].has_mac);
    assert_int_equal(house.rooms[0].mac_line, 12);
    assert_int_equal(read_house("[house]\nfile = /f\nfloors = 3\n[room a]\nmac =\n", &house), 0);
    assert_false(house.rooms[0].has_mac);
    assert_int_equal(house.rooms[0].mac_line, 0);
}

static void every_fault_has_its_line(void **state)
{
    struct house house;
    (void)state;
    static const char text[] =
        "[house]\nmood = so\nlift =\nfloors = 0\nage = -1\nage = 7\nword = 12345678\n"
        "Word = secret\nword = again\ngarden = large\nfile = x/\n" /* 11 */
        "[room]\nname = x\n[room a]\nseats = 13\nmac = 01:00:00:00:00:01\nname = 12345678\n"
        "[attic]\nroof = red\n[free]\nx = y\n[house]\n[attic 2]\n[]\n";
    assert_true(read_house(text, &house) > 0);
    assert_string_equal(reported, "2: mood = so: must be none | good | bad\n"
                                  "3: lift = : must be no | yes\n"
                                  "4: floors = 0: must be none or a number from 1 to 99\n"
                                  "5: age = -1: must be a number from 0 to 4000000\n"
                                  "6: age = 7: is already at line 5\n"
                                  "6: f: age and floors do not fit\n"
                                  "7: word = ...: must be text, up to 7 bytes\n"
                                  "8: Word = ...: unknown key in [house]\n"
                                  "9: word = ...: is already at line 7\n"
                                  "10: garden = large: not supported in this version, which knows only no\n"
                                  "11: file = x/: must be an absolute path, up to 31 bytes\n"
                                  "12: [room ]: bad\n"
                                  "15: thirteen\n"
                                  "16: mac = 01:00:00:00:00:01: a multicast MAC address cannot be a host's\n"
                                  "17: name = 12345678: must be text, up to 7 bytes\n"
                                  "19: roof = red: [attic] is not supported in this version\n"
                                  "21: free x y\n"
                                  "22: [house]: is already at line 1\n"
                                  "22: file is missing in [house]\n"
                                  "23: [attic 2]: unknown section\n"
                                  "24: []: unknown section\n");
    assert_false(house.rooms[0].has_mac);
}

static void a_file_too_long_or_absent(void **state)
{
    struct house house;
    char *text = malloc(12001);
    int checks = 0;
    (void)state;
    assert_non_null(text);
    memset(text, '\n', 12000);
    text[12000] = '\0';
    memcpy(text, "[house]\nfile = /f\n", 18);
    assert_int_equal(read_house(text, &house), 1);
    assert_non_null(strstr(reported, "the file is longer than 10000 bytes"));
    free(text);
    reported[0] = '\0';
    assert_true(ini_schema_read(&schema, "f", &house, &checks, report, reported) < 0);
    assert_string_equal(reported, "0: No such file or directory\n");
    assert_int_equal(checks, 0);
}

static void the_manual_comes_from_the_rows(void **state)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    (void)state;
    assert_non_null(out);
    ini_print_mdoc(&schema, out);
    fclose(out);
    assert_string_equal(
        text, ".Ss Types of values\n.Bl -tag -width interface -compact\n.It Ar number\nA number.\n"
              ".It Ar seconds\nA number of seconds.\n.It Ar file\nAn absolute path.\n"
              ".It Ar text\nText within one line.\n.It Ar mac\nA MAC address, xx:xx:xx:xx:xx:xx.\n.El\n"
              ".Ss [house]\nThe house.\n.Bl -tag -width Ds\n"
              ".It Ic mood No = Cm none | good | bad\nHow it is.\nThe default is\n.Ql bad .\n"
              ".It Ic lift No = Cm no | yes\nWhether it has one.\nThe default is\n.Ql no .\n"
              ".It Ic floors No = Cm none | Ar number\n\\&.floors is a \\eword.\nA second sentence.\n"
              "From 1 to 99; the default is\n.Ql none .\n"
              ".It Ic age No = Ar seconds\nSeconds.\nFrom 0 to 4000000; the default is\n.Ql 5 .\n"
              ".It Ic file No = Ar file\nA file.\nMust be given.\n"
              ".It Ic word No = Ar text\nA secret.\n"
              ".It Ic fixed No = Cm one\nKept nowhere.\nThe default is\n.Ql one .\n.El\n"
              ".Ss [room NAME]\nA room.\n.Bl -tag -width Ds\n"
              ".It Ic name No = Ar text\nA name.\nThe default is\n.Ql none .\n"
              ".It Ic seats No = Ar number\nSeats.\nFrom 1 to 65535; the default is\n.Ql 300 .\n"
              ".It Ic mac No = Ar mac\nA MAC address.\n.El\n"
              ".Ss [free]\nAnything.\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_read_from_their_text), cmocka_unit_test(values_have_types),
        cmocka_unit_test(every_fault_has_its_line),          cmocka_unit_test(a_file_too_long_or_absent),
        cmocka_unit_test(the_manual_comes_from_the_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
