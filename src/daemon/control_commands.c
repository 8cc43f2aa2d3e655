/* control_commands.c: see control_commands.h. */
#include "control_commands.h"

#include "pearpd/log.h"

#include "control_answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 256

/* Beside every budget of the log: who changes the table is on record, and so is who tried to. */
static void log_command(const struct control_asker *asker, const char *what, const char *result)
{
    const struct control_peer peer = control_session_peer(asker->session);
    log_notice("pearpctl %s, by uid %lu, pid %ld: %s", what, (unsigned long)peer.uid, (long)peer.pid, result);
}

static const char *result_text(int error)
{
    switch (error) {
    case -ENOENT:
        return "there is no such address or range";
    case -EEXIST:
        return "a permanent range overlaps it";
    case -EPERM:
        return "the range is in the configuration: change it there and reload";
    case -EINVAL:
        return "that MAC address cannot be a host's";
    case -EACCES:
        return "the host is denied: allow it first";
    case -ENOSPC:
        return "the table is full ([limits] bindings)";
    default:
        return strerror(-error);
    }
}

/* `fault`: NULL where it is done. */
static void answer_text(struct control_asker *asker, const char *what, const char *fault)
{
    log_command(asker, what, fault == NULL ? "done" : fault);
    if (fault == NULL)
        answer_ok(asker);
    else
        answer_error(asker, fault);
    asker_touched(asker);
}

static void answer_result(struct control_asker *asker, const char *what, int error)
{
    answer_text(asker, what, error == 0 ? NULL : result_text(error));
}

static const char *way_out(enum binding_origin origin)
{
    if (origin == ORIGIN_CONFIG)
        return "change the configuration and reload";
    return origin == ORIGIN_CONTROL ? "delete that range first" : "--force takes it";
}

/* True, and answered: another host holds ports of the range. */
static bool is_taken(struct control_asker *asker, const char *what)
{
    const struct control_request *request = &asker->request;
    struct table_entry other;
    char text[TEXT_BYTES], mac[MAC_TEXT_BYTES], range[RANGE_TEXT_BYTES];
    if (!engine_other_owner(asker_engine(asker), asker_now_ns(asker), &request->range, request->mac, &other))
        return false;
    snprintf(text, sizeof(text), "%s holds %s (%s): %s", mac_format(other.mac, mac),
             range_format(&other.range, range), binding_origin_name(other.origin), way_out(other.origin));
    log_command(asker, what, text);
    answer_error(asker, text);
    return true;
}

void command_add(struct control_asker *asker)
{
    const struct control_request *request = &asker->request;
    char what[TEXT_BYTES], mac[MAC_TEXT_BYTES], range[RANGE_TEXT_BYTES];
    snprintf(what, sizeof(what), "add %s %s%s", range_format(&request->range, range),
             mac_format(request->mac, mac), request->force ? " --force" : "");
    if (!request->force && is_taken(asker, what))
        return;
    answer_result(asker, what,
                  engine_add(asker_engine(asker), asker_now_ns(asker), &request->range, request->mac,
                             asker->target->out));
}

void command_delete(struct control_asker *asker)
{
    const struct range *range = &asker->request.range;
    char what[TEXT_BYTES], text[RANGE_TEXT_BYTES];
    snprintf(what, sizeof(what), "delete %s", range_format(range, text));
    answer_result(asker, what,
                  engine_delete(asker_engine(asker), asker_now_ns(asker), range, asker->target->out));
}

void command_deny(struct control_asker *asker)
{
    char what[TEXT_BYTES], mac[MAC_TEXT_BYTES];
    snprintf(what, sizeof(what), "deny %s", mac_format(asker->request.mac, mac));
    const int error =
        engine_deny(asker_engine(asker), asker_now_ns(asker), asker->request.mac, asker->target->out);
    answer_text(asker, what,
                error == -EEXIST
                    ? "it has a permanent range, or the configuration gives it ports: change that first"
                : error == -ENOSPC ? "the list of denied hosts is full ([limits] denied-hosts)"
                : error != 0       ? result_text(error)
                                   : NULL);
}

void command_allow(struct control_asker *asker)
{
    char what[TEXT_BYTES], mac[MAC_TEXT_BYTES];
    snprintf(what, sizeof(what), "allow %s", mac_format(asker->request.mac, mac));
    const int error = engine_allow(asker_engine(asker), asker->request.mac);
    answer_text(asker, what,
                error == -EPERM ? "it is in [deny]: change the configuration and reload"
                : error != 0    ? "it is not denied"
                                : NULL);
}

void command_flush(struct control_asker *asker)
{
    const struct control_request *request = &asker->request;
    char what[TEXT_BYTES], result[TEXT_BYTES], text[IPV4_TEXT_BYTES];
    const struct ipv4 *address = request->has_address ? &request->range.address : NULL;
    snprintf(what, sizeof(what), "flush%s%s", address != NULL ? " " : "",
             address != NULL ? ipv4_format(*address, text) : "");
    const int removed = engine_flush(asker_engine(asker), asker_now_ns(asker), address, asker->target->out);
    if (removed < 0) {
        answer_result(asker, what, removed);
        return;
    }
    snprintf(result, sizeof(result), "%d binding%s removed", removed, removed == 1 ? "" : "s");
    log_command(asker, what, result);
    answer_number(asker, "removed", (uint64_t)removed);
    asker_touched(asker);
}

void command_confirm(struct control_asker *asker)
{
    const struct control_target *target = asker->target;
    const bool is_confirmed = target->confirm != NULL && target->confirm(target->context) == 0;
    answer_text(asker, "confirm",
                is_confirmed ? NULL
                             : "there is nothing to confirm: pearpd was not started with --try, or it is over");
}

void command_reload(struct control_asker *asker)
{
    char message[TEXT_BYTES] = "";
    log_command(asker, "reload", "begins");
    if (asker->target->reload(asker->target->context, message, sizeof(message)) == 0)
        answer_ok(asker);
    else
        answer_error(asker, message);
}

void command_monitor(struct control_asker *asker)
{
    asker->state = ASKER_MONITORS;
    control_session_may_wait(asker->session, true);
    answer_say(asker, "ok\n");
}

void command_version(struct control_asker *asker)
{
    struct json *j = answer_begin(asker);
    json_object_begin(j);
    json_key_string(j, "version", PEARPD_VERSION);
    json_object_end(j);
    answer_end(asker);
}
