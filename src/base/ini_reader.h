/* ini_reader.h: INI files with the line of everything in them, by inih.
 * In: a stream. Out: sections, keys and faults, each with its line, in their order. Called by: conf, agent.
 * Never: knows what a section or a key means.
 *
 * inih gives keys and values; lines, sections and repeats are read here, since it reports only one fault,
 * joins indented lines to the value above, and does not report sections. */
#ifndef PEARPD_INI_READER_H
#define PEARPD_INI_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define INI_LINE_BYTES 190 /* below INI_MAX_LINE, whose rest would be read as the next line */

/* Texts are borrowed until the call returns. */
struct ini_taker {
    void *context;
    size_t bytes; /* the longest file that is read */
    /* A section begins: the text between its brackets, trimmed, to be changed at will; NULL: no section, and
     * its line was a fault. */
    void (*section)(void *context, unsigned line, char *text);
    void (*key)(void *context, unsigned line, const char *name, const char *value);
    /* False: enough, no more is to be read. */
    bool (*fault)(void *context, unsigned line, const char *text);
};

/* Reads to the end. 0, or -ENOMEM. */
int ini_read(FILE *stream, const struct ini_taker *taker);

#endif
