/* fuzz_history.c: the files of the ownership history, as damage or a stranger left them.
 * The first byte says how the rest becomes two files: as it is, or as records that are sealed, so that they are read. A search in
 * single steps finds what one in one step does, and a writer goes on behind either. */
#include "pearpd/history_files.h"
#include "pearpd/history_reader.h"
#include "pearpd/history_set.h"
#include "pearpd/history_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEALED = 1, TWO_FILES = 2, BY_PORT = 4, BY_TIME = 8, WRITTEN = 16 };

static char folder[64], path[96];

static void remove_folder(void)
{
    (void)rmdir(folder);
}

/* Of its own: the writer looks for the numbers of files there. */
static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/fuzz_history.XXXXXX");
    if (mkdtemp(folder) == NULL || atexit(remove_folder) != 0)
        abort();
    snprintf(path, sizeof(path), "%s/x", folder);
}

struct seen {
    uint64_t sum, count, gaps;
};

static uint64_t mixed(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
}

static void take_entry(void *context, const struct history_entry *entry)
{
    struct seen *seen = context;
    if (entry->ports.range.first > entry->ports.range.last || strlen(entry->name) >= HISTORY_NAME_BYTES)
        abort();
    /* What is open is given out in the order of a hash: a sum has none. */
    seen->sum +=
        mixed(mixed(mixed(entry->from_ms, entry->until_ms), mac_number(entry->mac)), entry->ports.range.first);
    seen->count++;
}

static void take_gap(void *context, enum history_gap kind, uint64_t run_ms, uint64_t from_ms, uint64_t until_ms)
{
    struct seen *seen = context;
    (void)kind;
    seen->gaps = mixed(mixed(mixed(seen->gaps, run_ms), from_ms), until_ms);
}

static const struct history_calls calls = {take_entry, take_gap};

static struct seen search(const int *fds, unsigned count, const struct history_query *query, uint32_t most)
{
    struct seen seen = {0};
    struct history_reader *reader = history_reader_new(fds, count, query, &calls, &seen);
    if (reader == NULL)
        abort();
    while (history_reader_step(reader, most))
        ;
    history_reader_free(reader);
    return seen;
}

/* A head and places of the bytes. */
static void write_sealed(int fd, uint32_t number, const uint8_t *data, size_t size)
{
    uint8_t bytes[HISTORY_HEAD];
    const struct history_head head = {.version = HISTORY_VERSION,
                                      .number = number,
                                      .start_ms = 1000 * number,
                                      .latest_ms = 1000 * (number - 1),
                                      .held = size > 0 ? data[0] : 0};
    uint32_t place = HISTORY_HEAD / HISTORY_PLACE;
    history_head_write(&head, bytes);
    if (write(fd, bytes, sizeof(bytes)) < 0)
        abort();
    for (; size >= HISTORY_PLACE; data += HISTORY_PLACE, size -= HISTORY_PLACE, place++) {
        struct history_record record;
        uint8_t copy[HISTORY_PLACE];
        memcpy(copy, data, sizeof(copy));
        copy[0] = copy[0] % 12;
        copy[18] = copy[19] = copy[20] = copy[21] = 0; /* times that meet */
        if (copy[0] == HISTORY_NAME) {
            copy[31] = '\0';
            history_name_write((const char *)copy + 2, number, place, bytes);
        } else if (history_record_read(copy, &record)) {
            record.ports.range.address.host &= 1;
            history_record_write(&record, number, place, bytes);
        }
        if (write(fd, bytes, HISTORY_PLACE) < 0)
            abort();
    }
}

static int file_of(uint8_t how, uint32_t number, const uint8_t *data, size_t size)
{
    const int fd = memfd_create("history", MFD_CLOEXEC);
    if (fd < 0)
        abort();
    if ((how & SEALED) != 0)
        write_sealed(fd, number, data, size);
    else if (write(fd, data, size) < 0)
        abort();
    return fd;
}

static void ignore(void *context, enum log_level level, const char *text)
{
    (void)context;
    (void)level;
    (void)text;
}

/* A writer goes on behind the file, with a few records of the input. */
static void write_behind(int fd, const uint8_t *data, size_t size)
{
    static const struct history_writer_calls writer_calls = {ignore};
    static const struct history_limits limits = {4096, 86400};
    char bytes[4096], name[sizeof(path) + 16];
    ssize_t length;
    if (*path == '\0')
        make_folder();
    FILE *copy = fopen(path, "w");
    lseek(fd, 0, SEEK_SET);
    while (copy != NULL && (length = read(fd, bytes, sizeof(bytes))) > 0)
        fwrite(bytes, 1, (size_t)length, copy);
    if (copy == NULL || fclose(copy) != 0)
        abort();
    struct history_writer *w = history_writer_new(path, &limits, &writer_calls, NULL);
    if (w == NULL)
        abort();
    if (history_writer_open(w, 2000) == 0) {
        for (; size >= HISTORY_PLACE; data += HISTORY_PLACE, size -= HISTORY_PLACE) {
            struct history_record record;
            if (!history_record_read(data, &record))
                continue;
            history_writer_take(w, &record, data[3] % 2 == 0 ? "" : "name");
            if (history_writer_flush(w) != 0 || history_writer_figures(w).lost != 0)
                abort();
        }
        if (history_writer_figures(w).bytes >
            4096 + HISTORY_PLACE * (uint64_t)(3 * history_writer_figures(w).held + 64) * 2)
            abort();
    }
    history_writer_free(w);
    unlink(path);
    snprintf(name, sizeof(name), "%s.damaged", path);
    unlink(name);
    for (uint32_t number = 0; number < HISTORY_FILES_MOST; number++) {
        char older[HISTORY_FILE_BYTES];
        unlink(history_file_name(path, number, older));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 8 || size > 4096)
        return 0;
    const uint8_t how = data[0];
    struct history_query query = {.until_ms = HISTORY_LASTS};
    int fds[2];
    unsigned count = 0;
    if ((how & BY_PORT) != 0) {
        query.has_address = query.has_ports = true;
        query.address.host = data[1] & 1;
        query.first = query.last = (uint16_t)(data[2] << 8 | data[3]);
    }
    if ((how & BY_TIME) != 0)
        query.since_ms = query.until_ms = (uint64_t)data[4] << 8 | data[5];
    data += 8;
    size -= 8;
    const size_t half = (how & TWO_FILES) != 0 ? size / 2 : size;
    if ((how & TWO_FILES) != 0)
        fds[count++] = file_of(how, 2, data + half, size - half);
    fds[count++] = file_of(how, 1, data, half);
    const struct seen one = search(fds, count, &query, UINT32_MAX), many = search(fds, count, &query, 1);
    if (one.sum != many.sum || one.count != many.count || one.gaps != many.gaps)
        abort();
    if ((how & WRITTEN) != 0)
        write_behind(fds[count - 1], data, half);
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    return 0;
}
