/* capture.c: see capture.h; the only place that knows libpcap.
 * The end of a file is -2 to libpcap and an error -1; lengths that cannot be are refused here, since libpcap
 * passes some of them on. Times are asked for in nanoseconds, which it turns microseconds into. */
#include "pearpd/capture.h"
#include "pearpd/time_units.h"

#include <pcap/pcap.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAP_LENGTH 262144
#define TIME_MOST_S (UINT64_MAX / NS_PER_S - 1)

struct capture_reader {
    pcap_t *pcap;
    const char *path;
    uint64_t record; /* read last */
    uint8_t *bytes;
    size_t room;
};

struct capture_writer {
    pcap_t *pcap;
    pcap_dumper_t *dumper;
    FILE *file;
    const char *path;
};

static const char *shown(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

struct capture_reader *capture_open(const char *path, char error[static CAPTURE_ERROR_BYTES])
{
    char why[PCAP_ERRBUF_SIZE] = "";
    struct capture_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL) {
        snprintf(error, CAPTURE_ERROR_BYTES, "%s: out of memory", shown(path));
        return NULL;
    }
    reader->path = path;
    reader->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
    if (reader->pcap == NULL) {
        bool named = strncmp(why, path, strlen(path)) == 0;
        snprintf(error, CAPTURE_ERROR_BYTES, "%s%s%.*s", named ? "" : shown(path), named ? "" : ": ",
                 CAPTURE_ERROR_BYTES / 2, why);
        free(reader);
        return NULL;
    }
    int link = pcap_datalink(reader->pcap);
    if (link != DLT_EN10MB) {
        const char *name = pcap_datalink_val_to_name(link);
        snprintf(error, CAPTURE_ERROR_BYTES, "%s: link type %s (%d), not Ethernet", shown(path),
                 name != NULL ? name : "unknown", link);
        capture_close(reader);
        return NULL;
    }
    return reader;
}

void capture_close(struct capture_reader *reader)
{
    if (reader == NULL)
        return;
    pcap_close(reader->pcap);
    free(reader->bytes);
    free(reader);
}

static int damaged(const struct capture_reader *reader, const char *why, char error[static CAPTURE_ERROR_BYTES])
{
    snprintf(error, CAPTURE_ERROR_BYTES, "%s: record %llu: %.*s", shown(reader->path),
             (unsigned long long)reader->record, CAPTURE_ERROR_BYTES / 2, why);
    return -EIO;
}

/* A copy that the engine may write to. */
static int keep(struct capture_reader *reader, const uint8_t *bytes, size_t length)
{
    if (length > reader->room || reader->bytes == NULL) {
        size_t room = length > 65536 ? length : 65536;
        uint8_t *more = realloc(reader->bytes, room);
        if (more == NULL)
            return -ENOMEM;
        reader->bytes = more;
        reader->room = room;
    }
    if (length > 0)
        memcpy(reader->bytes, bytes, length);
    return 0;
}

int capture_next(struct capture_reader *reader, struct frame *frame, uint64_t *time_ns,
                 char error[static CAPTURE_ERROR_BYTES])
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    reader->record++;
    int result = pcap_next_ex(reader->pcap, &header, &bytes);
    if (result == PCAP_ERROR_BREAK)
        return 0;
    if (result != 1)
        return damaged(reader, pcap_geterr(reader->pcap), error);
    /* Classic pcap has 32 bits without a sign (until 2106), which libpcap takes for signed ones. */
    bool after_2038 = header->ts.tv_sec < 0 && header->ts.tv_sec >= INT32_MIN;
    uint64_t seconds = after_2038 ? (uint32_t)header->ts.tv_sec : (uint64_t)header->ts.tv_sec;
    uint64_t nanoseconds = (uint64_t)header->ts.tv_usec;
    if (seconds > TIME_MOST_S)
        return damaged(reader, "its time cannot be", error);
    if (nanoseconds >= NS_PER_S)
        nanoseconds = NS_PER_S - 1; /* a fraction that is none: the frame is good all the same */
    if (keep(reader, bytes, header->caplen) != 0)
        return damaged(reader, "out of memory", error);
    *time_ns = seconds * NS_PER_S + nanoseconds;
    *frame = (struct frame){.bytes = reader->bytes,
                            .length = header->caplen,
                            .wire_length = header->len > header->caplen ? header->len : header->caplen};
    return 1;
}

struct capture_writer *capture_create(const char *path, char error[static CAPTURE_ERROR_BYTES])
{
    struct capture_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL) {
        snprintf(error, CAPTURE_ERROR_BYTES, "%s: out of memory", path);
        return NULL;
    }
    writer->path = path;
    writer->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (writer->file == NULL) {
        snprintf(error, CAPTURE_ERROR_BYTES, "%s: %s", path, strerror(errno));
        free(writer);
        return NULL;
    }
    writer->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAP_LENGTH, PCAP_TSTAMP_PRECISION_NANO);
    if (writer->pcap != NULL)
        writer->dumper = pcap_dump_fopen(writer->pcap, writer->file);
    if (writer->dumper == NULL) {
        snprintf(error, CAPTURE_ERROR_BYTES, "%s: cannot be written", path);
        if (writer->pcap != NULL)
            pcap_close(writer->pcap);
        fclose(writer->file);
        free(writer);
        return NULL;
    }
    return writer;
}

int capture_write(struct capture_writer *writer, uint64_t time_ns, const uint8_t *bytes, size_t length,
                  char error[static CAPTURE_ERROR_BYTES])
{
    if (time_ns / NS_PER_S > UINT32_MAX) {
        snprintf(error, CAPTURE_ERROR_BYTES, "%s: a time after 2106, which this format cannot hold",
                 writer->path);
        return -EOVERFLOW;
    }
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)length, .len = (bpf_u_int32)length};
    header.ts.tv_sec = (time_t)(time_ns / NS_PER_S);
    header.ts.tv_usec = (suseconds_t)(time_ns % NS_PER_S);
    pcap_dump((u_char *)writer->dumper, &header, bytes);
    if (ferror(writer->file)) {
        snprintf(error, CAPTURE_ERROR_BYTES, "%s: %s", writer->path, strerror(errno));
        return -EIO;
    }
    return 0;
}

int capture_finish(struct capture_writer *writer, char error[static CAPTURE_ERROR_BYTES])
{
    int result = 0;
    if (pcap_dump_flush(writer->dumper) != 0 || ferror(writer->file)) {
        snprintf(error, CAPTURE_ERROR_BYTES, "%s: %s", writer->path, strerror(errno));
        result = -EIO;
    }
    pcap_dump_close(writer->dumper); /* closes the file */
    pcap_close(writer->pcap);
    free(writer);
    return result;
}
