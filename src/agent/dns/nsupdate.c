/* nsupdate.c: see nsupdate.h.
 *
 * It updates over TCP (-v). Over UDP it chooses its source port itself, anywhere between the ends of
 * ip_local_port_range: of a port set, a port of another host. Over TCP the kernel does, and leaves out what is reserved. */
#include "nsupdate.h"

#include "pearpd/clock.h"
#include "pearpd/hash.h"

#include "host/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_S     "3"
#define LIMIT_NS      (5 * NS_PER_S)
#define FAILED        "update failed: "
#define TSIG_ERROR    "; TSIG error with server: "
#define COMMUNICATION "; Communication with "

static const char *const programs[] = {"/usr/bin/nsupdate", "/bin/nsupdate", "/usr/local/bin/nsupdate"};

/* The script. Names, data and base64 have no character that ends a word or a line (dns_record.h). */
int nsupdate_format(const struct dns_server *server, const struct dns_name *zone,
                    const struct dns_change *changes, size_t count, char *text, size_t size)
{
    char address[IPV4_TEXT_BYTES], secret[BASE64_BYTES(DNS_SECRET_BYTES)];
    struct text t = {.at = text, .left = size};
    base64_encode(server->key->secret, server->key->secret_length, secret);
    text_put(&t, "server %s %u\nzone %s.\nkey hmac-sha256:%s. %s\n", ipv4_format(server->address, address),
             server->port, zone->text, server->key->name.text, secret);
    text_put(&t, "check-names no\n"); /* a rule of the server, not of ours */
    for (size_t i = 0; i < count; i++) {
        const struct dns_record *r = changes[i].record;
        if (changes[i].add)
            text_put(&t, "update add %s. %u %s %s\n", r->name.text, r->ttl_s, dns_type_name(r->type), r->data);
        else
            text_put(&t, "update delete %s. %s %s\n", r->name.text, dns_type_name(r->type), r->data);
    }
    text_put(&t, "send\n");
    explicit_bzero(secret, sizeof(secret));
    return t.failed ? -ENOSPC : (int)(t.at - text);
}

const char *nsupdate_find(void)
{
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (access(programs[i], X_OK) == 0)
            return programs[i];
    return NULL;
}

int nsupdate_start(struct loop *loop, const char *program, const char *text, size_t length,
                   void (*ended)(void *context, const struct child_end *end), void *context,
                   struct child **child)
{
    static const char *const arguments[] = {"nsupdate", "-v", "-t", TIMEOUT_S, NULL};
    const struct child_command command = {.program = program,
                                          .arguments = arguments,
                                          .input = text,
                                          .input_length = length,
                                          .limit_ns = LIMIT_NS};
    return child_start(loop, &command, ended, context, child);
}

/* What it printed. */

/* The text after `mark` on its line: *word, `length` bytes. */
static const char *after(const char *output, const char *mark, size_t *length)
{
    const char *at = strstr(output, mark);
    if (at == NULL)
        return NULL;
    at += strlen(mark);
    *length = strcspn(at, "\n");
    return at;
}

static void set_word(struct dns_error *error, const char *text, size_t length)
{
    snprintf(error->word, sizeof(error->word), "%.*s",
             (int)(length < sizeof(error->word) ? length : sizeof(error->word)), text);
    for (char *c = error->word; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            *c = '?';
}

/* "RCODE", or "RCODE(TSIG-ERROR)", which says more. */
static void set_rcode(struct dns_error *error, const char *text, size_t length)
{
    const char *inner = memchr(text, '(', length);
    if (inner != NULL) {
        length -= (size_t)(inner + 1 - text);
        text = inner + 1;
        const char *end = memchr(text, ')', length);
        length = end == NULL ? length : (size_t)(end - text);
    }
    set_word(error, text, length);
}

/* "ADDRESS#PORT failed: WHY" */
static void set_communication(struct dns_error *error, const char *text, size_t length)
{
    static const char mark[] = " failed: ";
    const char *why = memmem(text, length, mark, sizeof(mark) - 1);
    why = why == NULL ? text : why + sizeof(mark) - 1;
    set_word(error, why, length - (size_t)(why - text));
    error->kind = strcmp(error->word, "timed out") == 0 ? DNS_ERROR_TIMEOUT : DNS_ERROR_CONNECTION;
    if (error->kind == DNS_ERROR_TIMEOUT || strcmp(error->word, "operation canceled") == 0)
        error->word[0] = '\0'; /* says no more than the kind */
}

static void read_output(const char *output, struct dns_error *error)
{
    size_t length;
    const char *text = after(output, FAILED, &length);
    const bool tsig_error = strstr(output, TSIG_ERROR) != NULL;
    if (text != NULL) {
        error->kind = DNS_ERROR_REFUSED;
        error->is_certain = !tsig_error;
        set_rcode(error, text, length);
    } else if (tsig_error) {
        error->kind = DNS_ERROR_UNSIGNED;
    } else if ((text = after(output, COMMUNICATION, &length)) != NULL) {
        set_communication(error, text, length);
    } else {
        error->kind = DNS_ERROR_NOT_RUN;
        set_word(error, output, strcspn(output, "\n"));
    }
}

void nsupdate_read(const struct child_end *end, struct dns_error *error)
{
    *error = (struct dns_error){.kind = DNS_ERROR_NONE};
    switch (end->fate) {
    case CHILD_EXITED:
        if (end->status == 0)
            return;
        read_output(end->output, error);
        if (error->kind == DNS_ERROR_NOT_RUN && error->word[0] == '\0')
            snprintf(error->word, sizeof(error->word), "exit status %d", end->status);
        return;
    case CHILD_KILLED:
        error->kind = DNS_ERROR_NOT_RUN;
        snprintf(error->word, sizeof(error->word), "ended by signal %d", end->status);
        return;
    case CHILD_LATE:
        error->kind = DNS_ERROR_TIMEOUT;
        return;
    case CHILD_NOT_RUN:
        error->kind = DNS_ERROR_NOT_RUN;
        error->is_certain = true;
        snprintf(error->word, sizeof(error->word), "cannot be executed");
        return;
    }
}
