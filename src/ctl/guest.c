/* guest.c: see guest.h. The daemon says which ports are free; whoever may write beside its configuration does the rest. */
#include "guest.h"

#include "pearpd/addr.h"
#include "pearpd/atomic_file.h"
#include "pearpd/json.h"

#include "answer.h"
#include "connection.h"
#include "guest_file.h"
#include "guest_setup.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 256
#define LINE_BYTES 256

struct guests {
    const struct guest_options *options;
    char socket[PATH_BYTES], folder[GUEST_FOLDER_BYTES];
    int directory; /* locked while it is open; -1: there is none */
};

static int wrong(const char *what, const char *value)
{
    fprintf(stderr,
            "pearpctl: guest: %s%s\n"
            "usage: pearpctl guest add NAME --ports COUNT --mac MAC [--address ADDRESS] | list | delete NAME\n",
            what, value);
    return 2;
}

static int failed(const struct guests *g, const char *name, int error)
{
    fprintf(stderr, "pearpctl: %s%s%s: %s\n", g->folder, *name != '\0' ? "/" : "", name, strerror(-error));
    return 1;
}

/* 0 and the answer, which the caller frees; or the exit status. NULL as `answer`: it is not of interest. */
static int ask(const struct guests *g, const char *line, struct answer **answer)
{
    FILE *stream;
    size_t length = 0;
    const int status = connection_request(g->socket, line, false, &stream);
    if (status != 0)
        return status;
    char *body = connection_body(stream, &length);
    fclose(stream);
    struct answer *parsed = body == NULL || answer == NULL ? NULL : answer_parse(body, length);
    free(body);
    if (body == NULL || (answer != NULL && parsed == NULL))
        return 1;
    if (answer != NULL)
        *answer = parsed;
    return 0;
}

/* The folder of drop-ins, made where `is_new` and locked: two at once would be given the same ports. */
static int open_folder(struct guests *g, bool is_new)
{
    struct answer *answer;
    const int status = ask(g, "guest", &answer);
    if (status != 0)
        return status;
    snprintf(g->folder, sizeof(g->folder), "%s", answer_text(answer, "folder"));
    answer_free(answer);
    const int made = is_new ? mkdir(g->folder, 0755) : -1;
    if (is_new && made != 0 && errno != EEXIST)
        return failed(g, "", -errno);
    if (made == 0 && chmod(g->folder, 0755) != 0) /* whatever the umask: the daemon is another user */
        return failed(g, "", -errno);
    g->directory = open(g->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (g->directory < 0 && (is_new || errno != ENOENT))
        return failed(g, "", -errno);
    if (g->directory >= 0 && flock(g->directory, LOCK_EX) != 0)
        return failed(g, "", -errno);
    return 0;
}

/* Letters that need no thought in a file's name and in a configuration. */
static bool is_name(const char *name)
{
    const size_t length = strlen(name);
    if (length == 0 || length > GUEST_NAME_MAX || !isalnum((unsigned char)*name))
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == length;
}

/* add. */

static void put(void *context, const char *text, size_t length)
{
    fwrite(text, 1, length, (FILE *)context);
}

static void write_ports(struct json *j, const struct guest *guest)
{
    json_key_string(j, "name", guest->name);
    json_key_string(j, "address", guest->address);
    json_key_u64(j, "first_port", guest->first);
    json_key_u64(j, "last_port", guest->last);
    json_key(j, "psid");
    if (*guest->psid == '\0')
        json_null(j);
    else
        json_string(j, guest->psid);
    json_key_string(j, "mac", guest->mac);
}

static void print_added_json(const struct guests *g, const struct guest *guest, const struct guest_ports *ports)
{
    char text[GUEST_SETUP_BYTES], path[GUEST_FOLDER_BYTES + GUEST_FILE_BYTES];
    struct json j = json_to(put, stdout);
    json_object_begin(&j);
    write_ports(&j, guest);
    json_key(&j, "gateway");
    if (*ports->gateway == '\0')
        json_null(&j);
    else
        json_string(&j, ports->gateway);
    snprintf(path, sizeof(path), "%s/%s.conf", g->folder, guest->name);
    json_key_string(&j, "file", path);
    json_key(&j, "setup");
    json_object_begin(&j);
    for (unsigned i = 0; i < GUEST_SYSTEMS; i++)
        if (guest_setup_format((enum guest_system)i, ports, text))
            json_key_string(&j, guest_system_name((enum guest_system)i), text);
    json_object_end(&j);
    json_object_end(&j);
    putchar('\n');
}

static void print_added(const struct guests *g, const struct guest *guest, const struct guest_ports *ports)
{
    char text[GUEST_SETUP_BYTES];
    if (g->options->as_json) {
        print_added_json(g, guest, ports);
        return;
    }
    printf("%s, %s\n  address  %s\n  ports    %u-%u%s%s%s\n  gateway  %s\n", guest->name, guest->mac,
           guest->address, guest->first, guest->last, *guest->psid != '\0' ? " (the set " : "", guest->psid,
           *guest->psid != '\0' ? " of them)" : "",
           *ports->gateway != '\0' ? ports->gateway : "not known: set `gateway` in its [address]");
    for (unsigned i = 0; i < GUEST_SYSTEMS; i++)
        if (guest_setup_format((enum guest_system)i, ports, text))
            printf("\n%s:\n%s", guest_system_title((enum guest_system)i), text);
}

/* Written, and taken in by the daemon; or as before. */
static int put_in_effect(const struct guests *g, const struct guest *guest)
{
    char text[GUEST_TEXT_BYTES], name[GUEST_FILE_BYTES];
    snprintf(name, sizeof(name), "%s.conf", guest->name);
    const int error = atomic_file_write(g->directory, name, text, guest_format(guest, text), 0644, true);
    if (error != 0)
        return failed(g, name, error);
    const int status = ask(g, "reload", NULL);
    if (status != 0)
        (void)atomic_file_remove(g->directory, name);
    return status;
}

static int add(struct guests *g, const char *name)
{
    const struct guest_options *o = g->options;
    char line[LINE_BYTES], file[GUEST_FILE_BYTES];
    struct answer *answer;
    if (o->ports == NULL || o->mac == NULL)
        return wrong("add needs --ports and --mac", "");
    int status = open_folder(g, true);
    if (status != 0)
        return status;
    snprintf(file, sizeof(file), "%s.conf", name);
    if (faccessat(g->directory, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return failed(g, file, -EEXIST);
    snprintf(line, sizeof(line), "guest %s %s %s", o->ports, o->mac, o->address == NULL ? "" : o->address);
    status = ask(g, line, &answer);
    if (status != 0)
        return status;
    struct guest guest = {.first = (uint16_t)answer_number(answer, "first_port"),
                          .last = (uint16_t)answer_number(answer, "last_port")};
    snprintf(guest.name, sizeof(guest.name), "%s", name);
    snprintf(guest.address, sizeof(guest.address), "%s", answer_text(answer, "address"));
    snprintf(guest.psid, sizeof(guest.psid), "%s", answer_text(answer, "psid"));
    snprintf(guest.mac, sizeof(guest.mac), "%s", answer_text(answer, "mac"));
    const struct guest_ports ports = {.address = guest.address,
                                      .gateway = answer_text(answer, "gateway"),
                                      .mac = guest.mac,
                                      .psid = guest.psid,
                                      .first = guest.first,
                                      .last = guest.last};
    status = put_in_effect(g, &guest);
    if (status == 0)
        print_added(g, &guest, &ports);
    answer_free(answer);
    return status;
}

/* list, delete. */

static void list_one(const struct guest *guest, void *context)
{
    struct json *j = context;
    char ports[64];
    if (j != NULL) {
        json_object_begin(j);
        write_ports(j, guest);
        json_object_end(j);
        return;
    }
    snprintf(ports, sizeof(ports), "%s:%u-%u", guest->address, guest->first, guest->last);
    printf("%-24s %-30s %s%s%s\n", guest->name, ports, guest->mac, *guest->psid != '\0' ? " set " : "",
           guest->psid);
}

static int list(struct guests *g)
{
    struct json j = json_to(put, stdout);
    const int status = open_folder(g, false);
    if (status != 0)
        return status;
    if (g->options->as_json)
        json_array_begin(&j);
    const int error =
        g->directory < 0 ? 0 : guest_files_each(g->directory, list_one, g->options->as_json ? &j : NULL);
    if (g->options->as_json) {
        json_array_end(&j);
        putchar('\n');
    }
    return error == 0 ? 0 : failed(g, "", error);
}

static int delete (struct guests *g, const char *name)
{
    char text[GUEST_TEXT_BYTES], file[GUEST_FILE_BYTES];
    struct guest guest;
    int status = open_folder(g, false);
    if (status != 0)
        return status;
    snprintf(file, sizeof(file), "%s.conf", name);
    const ssize_t length = g->directory < 0 ? -ENOENT : guest_file_read(g->directory, file, text, &guest);
    if (length < 0) {
        fprintf(stderr, "pearpctl: there is no guest %s in %s\n", name, g->folder);
        return 1;
    }
    const int error = atomic_file_remove(g->directory, file);
    if (error != 0)
        return failed(g, file, error);
    status = ask(g, "reload", NULL);
    if (status != 0)
        (void)atomic_file_write(g->directory, file, text, (size_t)length, 0644, true);
    return status;
}

int guest_command(char *const *words, const struct guest_options *options)
{
    struct guests g = {.options = options, .directory = -1};
    const bool is_add = strcmp(words[0], "add") == 0, is_list = strcmp(words[0], "list") == 0;
    if (!is_add && !is_list && strcmp(words[0], "delete") != 0)
        return wrong("neither add, list nor delete: ", words[0]);
    if (!is_add && (options->ports != NULL || options->mac != NULL || options->address != NULL))
        return wrong("--ports, --mac and --address are for add", "");
    if (is_list != (words[1] == NULL))
        return wrong(is_list ? "one argument too many: " : "NAME is missing", is_list ? words[1] : "");
    if (!is_list && !is_name(words[1]))
        return wrong("not a name of letters, digits, '.', '_' and '-': ", words[1]);
    if (connection_find(options->socket_path, options->name, g.socket, sizeof(g.socket)) != 0)
        return 1;
    const int status = is_add ? add(&g, words[1]) : is_list ? list(&g) : delete (&g, words[1]);
    if (g.directory >= 0)
        close(g.directory);
    return fflush(stdout) == 0 ? status : 1;
}
