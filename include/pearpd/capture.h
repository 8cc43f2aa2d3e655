/* capture.h: reads and writes capture files; the only place that knows libpcap.
 * In: classic pcap and pcapng of Ethernet. Out: frames with their times; a nanosecond pcap.
 * Called by: daemon (replay). Never: opens an interface. */
#ifndef PEARPD_CAPTURE_H
#define PEARPD_CAPTURE_H

#include "pearpd/frame.h"

#include <stddef.h>
#include <stdint.h>

#define CAPTURE_ERROR_BYTES 256

struct capture_reader;
struct capture_writer;

/* Opens `path` ("-": standard input). NULL and a message that names the file and what is wrong with it:
 * not a capture, another link type (named). */
struct capture_reader *capture_open(const char *path, char error[static CAPTURE_ERROR_BYTES]);
void capture_close(struct capture_reader *reader);

/* The next record, in the order of the file: 1 and *frame (valid until the next call; writable) with
 * *time_ns since 1970; 0: the end; -EIO: damaged, and `error` names the file, the record (from 1) and why. */
int capture_next(struct capture_reader *reader, struct frame *frame, uint64_t *time_ns,
                 char error[static CAPTURE_ERROR_BYTES]);

/* Creates `path` ("-": standard output). NULL and a message. */
struct capture_writer *capture_create(const char *path, char error[static CAPTURE_ERROR_BYTES]);

/* One record. 0, or -EIO / -EOVERFLOW (a time that the format cannot hold) and a message. */
int capture_write(struct capture_writer *writer, uint64_t time_ns, const uint8_t *bytes, size_t length,
                  char error[static CAPTURE_ERROR_BYTES]);

/* Writes out and closes. 0, or -EIO and a message: something did not reach the file. */
int capture_finish(struct capture_writer *writer, char error[static CAPTURE_ERROR_BYTES]);

#endif
