/* nft.c: see nft.h. */
#include "nft.h"

#include "pearpd/child.h"
#include "pearpd/log.h"

#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROTOCOLS "{ tcp, udp, udplite, sctp, dccp }"

static const char *const nft_programs[] = {"/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft", "/usr/bin/nft"};

const char *nft_table(const char *interface, char name[static NFT_TABLE_BYTES])
{
    snprintf(name, NFT_TABLE_BYTES, "pearp_agent_%s", interface);
    for (char *c = name; *c != '\0'; c++)
        if (strchr("+@:", *c) != NULL) /* may stand in an interface's name, not in a table's */
            *c = '_';
    return name;
}

static int format_removal(const char *interface, char *text, size_t size)
{
    char table[NFT_TABLE_BYTES];
    nft_table(interface, table);
    const int length = snprintf(text, size,
                                "add table netdev %s\ndelete table netdev %s\n"
                                "add table inet %s\ndelete table inet %s\n"
                                "add table ip %s\ndelete table ip %s\n",
                                table, table, table, table, table, table);
    return length < 0 || (size_t)length >= size ? -ENOSPC : length;
}

/* "{ FIRST-LAST, ... }" */
static void put_spans(struct text *t, const struct port_span *spans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_put(t, "%s%u-%u", i == 0 ? "{ " : ", ", spans[i].first, spans[i].last);
    text_put(t, " }");
}

static void put_egress(struct text *t, const char *interface, const struct ipv4 *addresses, size_t count)
{
    char shared[IPV4_TEXT_BYTES];
    text_put(t,
             "    chain egress {\n"
             "        type filter hook egress device \"%s\" priority filter; policy accept;\n",
             interface);
    for (size_t i = 0; i < count; i++) {
        ipv4_format(addresses[i], shared);
        text_put(t,
                 "        arp ptype ip arp saddr ip %s arp operation request arp daddr ip != %s arp saddr ip "
                 "set 0.0.0.0 accept\n"
                 "        arp ptype ip arp saddr ip %s drop\n",
                 shared, shared, shared);
    }
    text_put(t, "    }\n");
}

/* Policing leaves lo alone: nothing of it reaches the wire. A DHCP client renews from port 68, which is in no range
 * and which the bridge lets pass. */
static void put_output(struct text *t, const struct range_list *held, const struct ipv4 *addresses,
                       size_t count)
{
    char shared[IPV4_TEXT_BYTES];
    struct port_span spans[RANGE_SPANS_MAX];
    const size_t span_count = range_list_union(held, (struct ipv4){0}, spans);
    text_put(t, "    chain output {\n"
                "        type filter hook output priority filter; policy accept;\n"
                "        oifname \"lo\" accept\n"
                "        udp sport 68 accept\n");
    for (size_t i = 0; i < count; i++) {
        text_put(t, "        ip saddr %s meta l4proto " PROTOCOLS " th sport != ",
                 ipv4_format(addresses[i], shared));
        put_spans(t, spans, span_count);
        text_put(t, " drop\n");
    }
    text_put(t, "    }\n");
}

/* What is held of `address`, but for the span `into`. Their number. */
static size_t other_spans(const struct range_list *held, struct ipv4 address, struct port_span into,
                          struct port_span spans[static RANGE_SPANS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < held->count; i++)
        for (unsigned k = 0; k < port_range_spans(&held->ranges[i]); k++) {
            const struct port_span span = port_range_span(&held->ranges[i], k);
            if (held->ranges[i].range.address.host == address.host && span.first != into.first)
                spans[count++] = span;
        }
    return count;
}

/* The kernel picks ports for all addresses from the ranges of all: one picked from another address's is moved into the
 * widest range of its own. What has a port there goes through the same rule, which leaves it where it is: but for the
 * rule, one that meets a moved one would get any port at all. */
static void put_postrouting(struct text *t, const char *interface, const struct range_list *held,
                            const struct ipv4 *addresses, size_t count, bool enforce)
{
    char shared[IPV4_TEXT_BYTES];
    text_put(t, "    chain postrouting {\n"
                "        type nat hook postrouting priority srcnat; policy accept;\n"
                "        udp sport 68 accept\n");
    for (size_t i = 0; i < count; i++) {
        const struct port_span into = port_range_span(&held->ranges[range_list_widest(held, addresses[i])], 0);
        struct port_span others[RANGE_SPANS_MAX];
        const size_t other_count = other_spans(held, addresses[i], into, others);
        ipv4_format(addresses[i], shared);
        text_put(t, "        oifname \"%s\" ip saddr %s meta l4proto icmp snat to %s:%u-%u\n", interface,
                 shared, shared, into.first, into.last);
        if (!enforce)
            continue;
        text_put(t, "        oifname \"%s\" ip saddr %s meta l4proto " PROTOCOLS, interface, shared);
        if (other_count > 0) {
            text_put(t, " th sport != ");
            put_spans(t, others, other_count);
        }
        text_put(t, " snat to %s:%u-%u\n", shared, into.first, into.last);
    }
    text_put(t, "    }\n");
}

/* The rules of docs/pe-arp.md#host-requirements. */
int nft_format(const char *interface, const struct range_list *held, bool enforce, char *text, size_t size)
{
    char table[NFT_TABLE_BYTES];
    struct ipv4 addresses[RANGES_MAX];
    const size_t count = range_list_addresses(held, addresses);
    const int removal = format_removal(interface, text, size);
    if (removal < 0)
        return removal;
    struct text t = {.at = text + removal, .left = size - (size_t)removal};
    nft_table(interface, table);
    text_put(&t, "table netdev %s {\n", table);
    put_egress(&t, interface, addresses, count);
    text_put(&t, "}\n");
    if (enforce) {
        text_put(&t, "table inet %s {\n", table);
        put_output(&t, held, addresses, count);
        text_put(&t, "}\n");
    }
    text_put(&t, "table ip %s {\n", table);
    put_postrouting(&t, interface, held, addresses, count, enforce);
    text_put(&t, "}\n");
    return t.failed ? -ENOSPC : (int)(t.at - text);
}

static const char *find_program(void)
{
    for (size_t i = 0; i < sizeof(nft_programs) / sizeof(nft_programs[0]); i++)
        if (access(nft_programs[i], X_OK) == 0)
            return nft_programs[i];
    return NULL;
}

int nft_find(void)
{
    if (find_program() != NULL)
        return 0;
    log_error("nft(8) is not installed");
    return -ENOENT;
}

/* 0; -EPROTO: nft refused it; -Exxx. What fails is logged. A killed agent's nft does not outlive it: rules loaded after
 * the agent was undone would stay. */
static int load_text(const char *text, size_t length)
{
    static const char *const arguments[] = {"nft", "-f", "-", NULL};
    const char *program = find_program();
    struct child_command command = {.program = program,
                                    .arguments = arguments,
                                    .input = text,
                                    .input_length = length,
                                    .keeps_capabilities = true};
    struct child_end end;
    if (program == NULL)
        return nft_find();
    int error = child_run(&command, &end);
    if (error == 0 && end.fate == CHILD_NOT_RUN)
        error = -ENOEXEC;
    if (error != 0) {
        log_error("cannot run nft: %s", strerror(-error));
        return error;
    }
    if (end.fate == CHILD_EXITED && end.status == 0)
        return 0;
    end.output[strcspn(end.output, "\n")] = '\0';
    log_error("nft refused the rules: %s", end.output);
    return -EPROTO;
}

int nft_load(const char *interface, const struct range_list *held, bool enforce)
{
    char *text = malloc(NFT_TEXT_MAX_BYTES);
    if (text == NULL) {
        log_error("cannot make the rules: %s", strerror(ENOMEM));
        return -ENOMEM;
    }
    const int length = nft_format(interface, held, enforce, text, NFT_TEXT_MAX_BYTES);
    const int error = length < 0 ? length : load_text(text, (size_t)length);
    free(text);
    return error;
}

int nft_remove(const char *interface)
{
    char text[8 * NFT_TABLE_BYTES];
    const int length = format_removal(interface, text, sizeof(text));
    return length < 0 ? length : load_text(text, (size_t)length);
}
