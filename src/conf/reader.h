/* reader.h: the state of reading one file, shared by the files of src/conf. */
#ifndef PEARPD_CONF_READER_H
#define PEARPD_CONF_READER_H

#include "pearpd/conf.h"
#include "pearpd/ini_reader.h"

#include <stdbool.h>
#include <stdio.h>

#define FAULT_BYTES 512
#define FAULTS_MAX  1000
#define KEYS_MAX    128
#define FILE_BYTES  ((size_t)256 * 1048576) /* twice what a million ranges take */

enum conf_section {
    SECTION_NONE, /* before the first, or unknown: its keys are passed over */
    SECTION_BRIDGE,
    SECTION_ADDRESS,
    SECTION_RANGE,
    SECTION_PROTOCOL,
    SECTION_POLICY,
    SECTION_KEYS,
    SECTION_CONTROL,
    SECTION_STATE,
    SECTION_DHCP,
    SECTION_LEASE,
    SECTION_IPFIX,
    SECTION_CLUSTER,
    SECTION_LIMITS,
};
#define SECTIONS (SECTION_LIMITS + 1)

struct conf_fault {
    unsigned line;
    unsigned order;
    char text[FAULT_BYTES];
};

/* What a section said beyond its values: the lines at which its keys stand; 0: not there. */
struct address_lines {
    unsigned psid, block, ports, default_host, end;
};

struct conf_reader {
    FILE *stream;
    const char *file;
    struct config *config;
    unsigned line;

    enum conf_section section;
    unsigned section_line;
    size_t index;                     /* of the address or range that the section is about */
    unsigned key_lines[KEYS_MAX];     /* of this section, by row of the schema */
    unsigned section_lines[SECTIONS]; /* of the first of its kind */
    unsigned upstream_line, downstream_line, mac_line, router_mac_line, socket_line;

    struct address_lines *address_lines;

    /* [dhcp] */
    bool serves_all;
    struct ipv4 *served;
    size_t served_count;
    unsigned serve_line, router_line, server_id_line;

    struct conf_fault *faults;
    size_t fault_count;
    bool faults_left_out;
    bool out_of_memory;
};

/* Notes a fault at `line`. */
void conf_fault_at(struct conf_reader *r, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `array` of `count` elements with room for one more: a power of two of them. NULL: no memory, which is noted. */
void *conf_room_for_one(struct conf_reader *r, void *array, size_t count, size_t size);

/* What can only be said of the file as a whole (conf/check.c). */
void conf_check(struct conf_reader *r);

#endif
