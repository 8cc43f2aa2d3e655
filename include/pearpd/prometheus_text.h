/* prometheus_text.h: a small streaming writer of the Prometheus text format 0.0.4.
 * In: families, labels, values in order. Out: text through a function of the caller's. Called by: daemon.
 * Never: allocates or holds the document. Samples of one family are written together, behind its prometheus_family(). */
#ifndef PEARPD_PROMETHEUS_TEXT_H
#define PEARPD_PROMETHEUS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct prometheus_text {
    void (*write)(void *context, const char *text, size_t length);
    void *context;
    const char *family; /* borrowed: of the last prometheus_family() */
    bool has_label;     /* of the sample that was begun */
};

struct prometheus_text prometheus_text_to(void (*write)(void *context, const char *text, size_t length),
                                          void *context);

/* The HELP and TYPE lines of `name`, which lives until the next family. `type`: "counter", "gauge", "histogram". */
void prometheus_family(struct prometheus_text *p, const char *name, const char *type, const char *help);

/* One sample: its begin, any number of labels, its value. `suffix` goes behind the family's name: "", "_bucket" ... A label's
 * value is any text: it is escaped, and bytes that are not UTF-8 become U+FFFD. */
void prometheus_begin(struct prometheus_text *p, const char *suffix);
void prometheus_label(struct prometheus_text *p, const char *name, const char *value);
void prometheus_u64(struct prometheus_text *p, uint64_t value);
/* `ns` nanoseconds as seconds, with all digits that are not 0. */
void prometheus_seconds(struct prometheus_text *p, uint64_t ns);

/* A family of one sample without labels. */
void prometheus_single(struct prometheus_text *p, const char *name, const char *type, const char *help,
                       uint64_t value);

#endif
