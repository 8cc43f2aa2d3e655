/* undo_file.c: see undo_file.h. */
#include "undo_file.h"

#include "pearpd/atomic_file.h"
#include "pearpd/log.h"

#include "host_settings.h"
#include "run_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int undo_file_write(int directory, const struct undo *undo)
{
    char text[UNDO_TEXT_MAX_BYTES], name[RUN_NAME_BYTES];
    const int length = undo_format(undo, text, sizeof(text));
    const int error =
        length < 0 ? length
                   : run_write(directory, run_name(undo->interface, "undo", name), text, (size_t)length, true);
    if (error != 0)
        log_error("cannot write /run/pearp-agent/%s: %s", name, strerror(-error));
    return error;
}

int undo_file_read(int directory, const char *interface, struct undo *undo)
{
    char text[UNDO_TEXT_MAX_BYTES], name[RUN_NAME_BYTES];
    unsigned line = 1;
    const ssize_t length = run_read(directory, run_name(interface, "undo", name), text, sizeof(text));
    if (length == -ENOENT)
        return -ENOENT;
    int error = length < 0 ? (int)length : undo_parse(text, (size_t)length, undo, &line);
    if (error == 0 && strcmp(undo->interface, interface) != 0)
        error = -EBADMSG;
    if (error == -EBADMSG)
        log_error("/run/pearp-agent/%s:%u: not a line of an agent: no setting was restored", name, line);
    else if (error != 0)
        log_error("cannot read /run/pearp-agent/%s: %s", name, strerror(-error));
    return error;
}

/* What a killed agent left beside its record, also in the middle of run_write(). */
static void remove_left(int directory, const char *interface)
{
    static const char *const suffixes[] = {"state",        "state.new", "undo.new", "raised.new",
                                           "services.new", "lease.new", "sock"};
    char name[RUN_NAME_BYTES];
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        (void)run_remove(directory, run_name(interface, suffixes[i], name));
}

static int remove_record(int directory, const char *interface)
{
    char name[RUN_NAME_BYTES];
    const int error = run_remove(directory, run_name(interface, "undo", name));
    if (error != 0)
        log_error("cannot remove /run/pearp-agent/%s: %s", name, strerror(-error));
    return error;
}

int undo_file_restore(int directory, struct netlink *netlink, const struct undo *undo)
{
    int error = host_settings_undo(netlink, undo);
    const int removed = undo->metrics[0] != '\0' ? atomic_file_remove(AT_FDCWD, undo->metrics) : 0;
    if (removed != 0)
        log_error("cannot remove %s: %s", undo->metrics, strerror(-removed));
    error = error != 0 ? error : removed;
    if (error != 0) {
        log_error("some settings could not be restored: run pearp-agent -i %s --undo", undo->interface);
        return error;
    }
    return remove_record(directory, undo->interface);
}

int undo_file_restore_left(int directory, struct netlink *netlink, const char *interface, bool *found)
{
    struct undo undo;
    const int error = undo_file_read(directory, interface, &undo);
    *found = error == 0;
    if (error == 0 || error == -ENOENT)
        remove_left(directory, interface);
    if (error != 0)
        return error == -ENOENT ? 0 : error;
    if (undo.namespace_cookie != run_namespace_cookie()) {
        log_notice("an agent changed settings on %s in a network namespace that is gone: nothing to restore",
                   interface);
        return remove_record(directory, interface);
    }
    return undo_file_restore(directory, netlink, &undo);
}

struct others {
    int directory;
    const char *interface;
    int error;
};

static void check_other(const char *interface, void *context)
{
    struct others *others = context;
    struct undo undo;
    if (strcmp(interface, others->interface) == 0 || undo_file_read(others->directory, interface, &undo) != 0)
        return;
    if (undo.namespace_cookie != run_namespace_cookie())
        return;
    const pid_t holder = run_lock_holder(others->directory, interface);
    if (holder != 0)
        log_error("an agent (process %ld) holds a range on %s: ip_local_port_range is for the whole host",
                  (long)holder, interface);
    else
        log_error("a killed agent left its settings on %s: run pearp-agent -i %s --undo first", interface,
                  interface);
    others->error = -EBUSY;
}

int undo_file_check_others(int directory, const char *interface)
{
    struct others others = {.directory = directory, .interface = interface};
    const int error = run_list(directory, "undo", check_other, &others);
    return error != 0 ? error : others.error;
}
