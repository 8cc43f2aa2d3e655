/* fast_loader.c: see fast_loader.h.
 *
 * The pins of NAME are in /sys/fs/bpf/pearpd/NAME-vLAYOUT/: each map, and the program of the ports. What is attached is
 * noted in a map of its own (struct fast_attached), so that whoever comes next can take it away. */
#include "pearpd/fast_loader.h"

#include "pearpd/netlink_link.h"
#include "pearpd/netlink_punt.h"

#include "netlink_clsact.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BPF_FOLDER  "/sys/fs/bpf"
#define PINS_FOLDER BPF_FOLDER "/pearpd"
#define UNIT_FOLDER \
    "/run/pearpd-bpf" /* the same, as the unit shows it to its daemon, which sees nothing else there */
#define NAME_BYTES    (3 * FAST_LOADER_NAME_MAX + 1)
#define PATH_BYTES    512
#define PORT_PROGRAM  "fast_ingress"
#define ATTACHED_NAME PORT_PROGRAM ":[" /* as libbpf calls it at tc */
#define TC_HANDLE     1
#define TC_PRIORITY   20549 /* "PE" */

/* fast_object.S. */
extern const uint8_t fast_object[];
extern const uint64_t fast_object_bytes; /* 0: built without clang */

enum part {
    PART_CONFIG,
    PART_PASSED,
    PART_ADDRESSES,
    PART_BLOCKS,
    PART_LEAVES,
    PART_SLOTS,
    PART_COUNTS,
    PART_MACS,
    PART_ATTACHED,
    PARTS
};
static const char *const part_names[PARTS] = {"fast_config", "fast_passed", "fast_addresses",
                                              "fast_blocks", "fast_leaves", "fast_slots",
                                              "fast_counts", "fast_macs",   "fast_attached"};

struct fast_loader {
    struct bpf_object *object;
    void *parts[PARTS]; /* mapped */
    size_t part_bytes[PARTS];
    struct fast_memory memory;
    struct fast_attached *attached;
    int filters[2];
    int program;
    uint32_t program_id;
    char folder[PATH_BYTES]; /* of the pins; "": none */
    bool taken_over;
};

/* Words. */

static char library_said[FAST_LOADER_WHY_BYTES]; /* the last warning of libbpf, a line */

__attribute__((format(printf, 2, 0))) static int note_warning(enum libbpf_print_level level, const char *format,
                                                              va_list arguments)
{
    if (level != LIBBPF_WARN)
        return 0;
    vsnprintf(library_said, sizeof(library_said), format, arguments);
    library_said[strcspn(library_said, "\n")] = '\0';
    return 0;
}

static int explain(char *why, size_t why_bytes, const char *what, int error)
{
    if (why == NULL || why_bytes == 0)
        return error;
    if (error == -EPERM || error == -EACCES)
        snprintf(why, why_bytes, "%s: no right to; CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN are needed", what);
    else if (library_said[0] != '\0')
        snprintf(why, why_bytes, "%s: %s (%s)", what, strerror(-error), library_said);
    else
        snprintf(why, why_bytes, "%s: %s", what, strerror(-error));
    return error;
}

/* A name of a pin: the file system takes no dot in it. Every other octet than the common ones is %XX. False: too long. */
static bool encode_name(const char *name, char encoded[static NAME_BYTES])
{
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const size_t length = strlen(name);
    size_t at = 0;
    encoded[0] = '\0';
    if (length == 0 || length > FAST_LOADER_NAME_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        at += (size_t)snprintf(encoded + at, NAME_BYTES - at, strchr(common, name[i]) != NULL ? "%c" : "%%%02X",
                               (unsigned char)name[i]);
    return true;
}

static struct bpf_map *next_map(const struct fast_loader *loader, const struct bpf_map *map)
{
    return bpf_object__next_map(loader->object, map);
}

/* Pins. */

static bool is_bpf_system(const char *folder)
{
    struct statfs system;
    return statfs(folder, &system) == 0 && system.f_type == BPF_FS_MAGIC;
}

static const char *pins_folder(void)
{
    return is_bpf_system(UNIT_FOLDER) ? UNIT_FOLDER : PINS_FOLDER;
}

static void pin_path(char path[static PATH_BYTES], const char *folder, const char *name)
{
    if (snprintf(path, PATH_BYTES, "%s/%s", folder, name) >= PATH_BYTES)
        path[0] = '\0';
}

/* The folder and the pins in it. */
static void remove_folder(const char *folder)
{
    DIR *directory = opendir(folder);
    struct stat status;
    char path[PATH_BYTES];
    if (directory == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        pin_path(path, folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(directory);
    rmdir(folder);
    /* Others may use it; and the one that the packages make stays, for a daemon that cannot. */
    if (stat(pins_folder(), &status) == 0 && status.st_uid == geteuid())
        rmdir(pins_folder());
}

/* What the pins in `folder` say is attached. */
static void read_attached(const char *folder, struct fast_attached *attached)
{
    struct bpf_map_info info;
    uint32_t bytes = sizeof(info);
    const uint32_t first = 0;
    char path[PATH_BYTES];
    memset(&info, 0, sizeof(info));
    *attached = (struct fast_attached){.ifindex = {0}};
    pin_path(path, folder, part_names[PART_ATTACHED]);
    const int fd = bpf_obj_get(path);
    if (fd < 0)
        return;
    if (bpf_obj_get_info_by_fd(fd, &info, &bytes) != 0 || info.value_size != sizeof(*attached) ||
        bpf_map_lookup_elem(fd, &first, attached) != 0)
        *attached = (struct fast_attached){.ifindex = {0}};
    close(fd);
}

/* True where `entry` is NAME-vNUMBER. */
static bool is_layout_of(const char *entry, const char *name)
{
    const size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && strncmp(entry + length, "-v", 2) == 0 &&
           entry[length + 2] != '\0' && strspn(entry + length + 2, "0123456789") == strlen(entry + length + 2);
}

/* What an earlier process of this name left attached, where its pins cannot be taken over: they are removed. */
static struct fast_attached inherit(const char *name, const char *kept)
{
    struct fast_attached inherited = {.ifindex = {0}};
    DIR *directory = opendir(pins_folder());
    char path[PATH_BYTES];
    for (const struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        pin_path(path, pins_folder(), entry->d_name);
        if (!is_layout_of(entry->d_name, name) || strcmp(path, kept) == 0)
            continue;
        read_attached(path, &inherited);
        remove_folder(path);
    }
    if (directory != NULL)
        closedir(directory);
    return inherited;
}

/* False: there is no place for pins. */
static bool find_folder(struct fast_loader *loader, const char *name)
{
    if (!is_bpf_system(UNIT_FOLDER) && !is_bpf_system(BPF_FOLDER))
        return false;
    snprintf(loader->folder, PATH_BYTES, "%s/%s-v%d", pins_folder(), name, FAST_LAYOUT_VERSION);
    return true;
}

static bool make_folder(const struct fast_loader *loader)
{
    return (mkdir(pins_folder(), 0700) == 0 || errno == EEXIST) &&
           (mkdir(loader->folder, 0700) == 0 || errno == EEXIST);
}

static bool has_shape(int fd, const struct bpf_map *map)
{
    struct bpf_map_info info;
    uint32_t bytes = sizeof(info);
    memset(&info, 0, sizeof(info));
    return bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0 && info.type == bpf_map__type(map) &&
           info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map) &&
           info.max_entries == bpf_map__max_entries(map) && info.map_flags == bpf_map__map_flags(map);
}

static int open_pin(const struct fast_loader *loader, const struct bpf_map *map)
{
    char path[PATH_BYTES];
    pin_path(path, loader->folder, bpf_map__name(map));
    const int fd = bpf_obj_get(path);
    if (fd < 0 || has_shape(fd, map))
        return fd;
    close(fd);
    return -1;
}

/* All or none. */
static bool pins_have_shape(const struct fast_loader *loader)
{
    for (const struct bpf_map *map = next_map(loader, NULL); map != NULL; map = next_map(loader, map)) {
        const int fd = open_pin(loader, map);
        if (fd < 0)
            return false;
        close(fd);
    }
    return true;
}

static int take_over(struct fast_loader *loader)
{
    for (struct bpf_map *map = next_map(loader, NULL); map != NULL; map = next_map(loader, map)) {
        const int fd = open_pin(loader, map);
        const int error = fd < 0 ? -ENOENT : bpf_map__reuse_fd(map, fd);
        if (fd >= 0)
            close(fd);
        if (error != 0)
            return error;
    }
    loader->taken_over = true;
    return 0;
}

static int pin(const struct fast_loader *loader, const char *name, int fd)
{
    char path[PATH_BYTES];
    pin_path(path, loader->folder, name);
    unlink(path);
    return bpf_obj_pin(fd, path) == 0 ? 0 : -errno;
}

static int pin_all(const struct fast_loader *loader)
{
    int error = pin(loader, PORT_PROGRAM, loader->program);
    if (loader->taken_over)
        return error;
    for (const struct bpf_map *map = next_map(loader, NULL); map != NULL; map = next_map(loader, map)) {
        if (error == 0)
            error = pin(loader, bpf_map__name(map), bpf_map__fd(map));
    }
    return error;
}

/* Loading. */

static int open_object(struct fast_loader *loader, uint32_t leaves, uint32_t columns)
{
    struct bpf_object_open_opts options;
    memset(&options, 0, sizeof(options));
    options.sz = sizeof(options);
    options.object_name = "pearpd";
    loader->object = bpf_object__open_mem(fast_object, fast_object_bytes, &options);
    if (loader->object == NULL)
        return -errno;
    struct bpf_map *leaf_map = bpf_object__find_map_by_name(loader->object, part_names[PART_LEAVES]);
    struct bpf_map *counts_map = bpf_object__find_map_by_name(loader->object, part_names[PART_COUNTS]);
    if (leaf_map == NULL || counts_map == NULL)
        return -EINVAL;
    const int error = bpf_map__set_max_entries(leaf_map, leaves);
    return error != 0 ? error : bpf_map__set_max_entries(counts_map, columns * FAST_SLOTS);
}

static int program_fd(const struct fast_loader *loader, const char *name)
{
    const struct bpf_program *program = bpf_object__find_program_by_name(loader->object, name);
    return program == NULL ? -ENOENT : bpf_program__fd(program);
}

static uint32_t program_id(int fd)
{
    struct bpf_prog_info info;
    uint32_t bytes = sizeof(info);
    memset(&info, 0, sizeof(info));
    return bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0 ? info.id : 0;
}

static int find_programs(struct fast_loader *loader)
{
    loader->program = program_fd(loader, PORT_PROGRAM);
    loader->filters[FAST_SOCKET_RING] = program_fd(loader, "fast_ring");
    loader->filters[FAST_SOCKET_ASIDE] = program_fd(loader, "fast_aside");
    if (loader->program < 0 || loader->filters[0] < 0 || loader->filters[1] < 0)
        return -ENOENT;
    loader->program_id = program_id(loader->program);
    return 0;
}

static int map_part(struct fast_loader *loader, enum part part)
{
    const struct bpf_map *map = bpf_object__find_map_by_name(loader->object, part_names[part]);
    if (map == NULL)
        return -ENOENT;
    const size_t bytes = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
    if (memory == MAP_FAILED)
        return -errno;
    loader->parts[part] = memory;
    loader->part_bytes[part] = bytes;
    return 0;
}

static int map_memory(struct fast_loader *loader, uint32_t leaves, uint32_t columns)
{
    int error = 0;
    for (unsigned part = 0; part < PARTS && error == 0; part++)
        error = map_part(loader, (enum part)part);
    void *const *parts = loader->parts;
    loader->attached = parts[PART_ATTACHED];
    loader->memory = (struct fast_memory){
        .config = parts[PART_CONFIG],
        .passed = parts[PART_PASSED],
        .addresses = parts[PART_ADDRESSES],
        .blocks = parts[PART_BLOCKS],
        .leaves = parts[PART_LEAVES],
        .slots = parts[PART_SLOTS],
        .counts = parts[PART_COUNTS],
        .macs = parts[PART_MACS],
        .leaf_count = leaves,
        .column_count = columns,
    };
    return error;
}

/* Without pins it works as well, but ends with the process. */
static void pin_or_not(struct fast_loader *loader, const char *name)
{
    const struct fast_attached inherited = inherit(name, loader->taken_over ? loader->folder : "");
    if (!loader->taken_over)
        *loader->attached = inherited;
    if (loader->folder[0] == '\0' || (make_folder(loader) && pin_all(loader) == 0))
        return;
    remove_folder(loader->folder);
    loader->folder[0] = '\0';
}

static int load(struct fast_loader *loader, const char *name, uint32_t leaves, uint32_t columns)
{
    int error = open_object(loader, leaves, columns);
    if (error == 0 && find_folder(loader, name) && pins_have_shape(loader))
        error = take_over(loader);
    if (error == 0)
        error = bpf_object__load(loader->object);
    if (error == 0)
        error = find_programs(loader);
    if (error == 0)
        error = map_memory(loader, leaves, columns);
    if (error == 0)
        pin_or_not(loader, name);
    return error;
}

static void free_loader(struct fast_loader *loader)
{
    for (unsigned part = 0; part < PARTS; part++)
        if (loader->parts[part] != NULL)
            munmap(loader->parts[part], loader->part_bytes[part]);
    bpf_object__close(loader->object);
    free(loader);
}

int fast_loader_open(struct fast_loader **loader, const char *name, uint32_t leaves, uint32_t columns,
                     char *why, size_t why_bytes)
{
    char encoded[NAME_BYTES];
    library_said[0] = '\0';
    libbpf_set_print(note_warning);
    *loader = NULL;
    if (fast_object_bytes == 0) {
        if (why != NULL)
            snprintf(why, why_bytes, "pearpd was built without clang, so without the programs for the kernel");
        return -ENOSYS;
    }
    if (!encode_name(name, encoded) || leaves == 0 || leaves > FAST_LEAVES_MAX || columns == 0 ||
        columns > FAST_COLUMNS_MAX)
        return explain(why, why_bytes, "fast path", -EINVAL);
    struct fast_loader *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return explain(why, why_bytes, "fast path", -ENOMEM);
    const int error = load(made, encoded, leaves, columns);
    if (error != 0) {
        free_loader(made);
        return explain(why, why_bytes, "the kernel does not take the programs", error);
    }
    *loader = made;
    return 0;
}

const struct fast_memory *fast_loader_memory(const struct fast_loader *loader)
{
    return &loader->memory;
}

bool fast_loader_was_taken_over(const struct fast_loader *loader)
{
    return loader->taken_over;
}

bool fast_loader_is_pinned(const struct fast_loader *loader)
{
    return loader->folder[0] != '\0';
}

int fast_loader_filter_fd(const struct fast_loader *loader, unsigned socket)
{
    return socket < 2 ? loader->filters[socket] : -EINVAL;
}

int fast_loader_program_fd(const struct fast_loader *loader)
{
    return loader->program;
}

/* Attaching. */

/* libbpf refuses structs whose padding is not zero, too. */

static void set_hook(struct bpf_tc_hook *hook, unsigned ifindex, enum fast_hook at)
{
    memset(hook, 0, sizeof(*hook));
    hook->sz = sizeof(*hook);
    hook->ifindex = (int)ifindex;
    hook->attach_point = at == FAST_AT_EGRESS ? BPF_TC_EGRESS : BPF_TC_INGRESS;
}

static void set_place(struct bpf_tc_opts *place)
{
    memset(place, 0, sizeof(*place));
    place->sz = sizeof(*place);
    place->handle = TC_HANDLE;
    place->priority = TC_PRIORITY;
}

/* The program at our place there; 0: none. *is_ours: it is one of pearpd's. */
static uint32_t program_there(unsigned ifindex, enum fast_hook at, bool *is_ours)
{
    struct clsact_program program = {.id = 0};
    struct netlink *netlink = netlink_open();
    const bool is_there =
        netlink != NULL &&
        netlink_clsact_program(netlink, ifindex, at == FAST_AT_EGRESS, TC_PRIORITY, TC_HANDLE, &program) == 0 &&
        program.id != 0;
    netlink_close(netlink);
    *is_ours = is_there && strncmp(program.name, ATTACHED_NAME, strlen(ATTACHED_NAME)) == 0;
    return is_there ? program.id : 0;
}

static int attach_program(const struct fast_loader *loader, unsigned ifindex, enum fast_hook at,
                          bool *made_qdisc)
{
    bool is_ours;
    struct bpf_tc_hook hook;
    struct bpf_tc_opts place;
    if (program_there(ifindex, at, &is_ours) != 0 && !is_ours)
        return -EEXIST;
    library_said[0] = '\0';
    set_hook(&hook, ifindex, at);
    const int error = bpf_tc_hook_create(&hook);
    *made_qdisc = error == 0;
    if (error != 0 && error != -EEXIST)
        return error;
    set_place(&place);
    place.prog_fd = loader->program;
    place.flags = BPF_TC_F_REPLACE;
    return bpf_tc_attach(&hook, &place);
}

/* Only if nobody else uses it. */
static void remove_qdisc(struct netlink *netlink, unsigned ifindex)
{
    struct bpf_tc_hook hook;
    unsigned filters;
    set_hook(&hook, ifindex, FAST_AT_INGRESS);
    hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
    if (netlink_clsact_filters(netlink, ifindex, &filters) == 0 && filters == 0)
        bpf_tc_hook_destroy(&hook);
}

/* What came with the program: of an interface that is gone the punt device alone. */
static void put_back(unsigned ifindex, bool made_qdisc, bool promiscuous)
{
    struct netlink *netlink = netlink_open();
    if (netlink == NULL)
        return;
    (void)netlink_punt_remove(netlink, ifindex);
    if (promiscuous)
        (void)netlink_link_promiscuous(netlink, ifindex, false);
    if (made_qdisc)
        remove_qdisc(netlink, ifindex);
    netlink_close(netlink);
}

/* A card that receives only what is for its own address would keep frames from the program while no daemon runs. */
static bool make_promiscuous(unsigned ifindex)
{
    struct netlink *netlink = netlink_open();
    const bool made = netlink != NULL && netlink_link_promiscuous(netlink, ifindex, true) == 0;
    netlink_close(netlink);
    return made;
}

/* 0: there is no program of ours any more. */
static int detach_program(unsigned ifindex, enum fast_hook at)
{
    bool is_ours;
    struct bpf_tc_hook hook;
    struct bpf_tc_opts place;
    if (program_there(ifindex, at, &is_ours) == 0 || !is_ours)
        return 0;
    set_hook(&hook, ifindex, at);
    set_place(&place);
    const int error = bpf_tc_detach(&hook, &place);
    return error != 0 && program_there(ifindex, at, &is_ours) != 0 ? error : 0;
}

/* The same at both places: which of them it was is not noted. */
static int detach_from(unsigned ifindex, bool made_qdisc, bool promiscuous)
{
    if (ifindex == 0)
        return 0;
    int error = detach_program(ifindex, FAST_AT_INGRESS);
    if (error == 0)
        error = detach_program(ifindex, FAST_AT_EGRESS);
    if (error == 0)
        put_back(ifindex, made_qdisc, promiscuous);
    return error;
}

int fast_loader_attach(struct fast_loader *loader, enum side side, unsigned ifindex, enum fast_hook hook,
                       char *why, size_t why_bytes)
{
    struct fast_attached *attached = loader->attached;
    bool made_qdisc = false;
    if (ifindex == 0)
        return explain(why, why_bytes, "tc program", -ENODEV);
    if (attached->ifindex[side] != ifindex)
        fast_loader_detach(loader, side);
    int error = detach_program(ifindex, hook == FAST_AT_INGRESS ? FAST_AT_EGRESS : FAST_AT_INGRESS);
    if (error == 0)
        error = attach_program(loader, ifindex, hook, &made_qdisc);
    attached->ifindex[side] = ifindex;
    attached->made_qdisc[side] |= made_qdisc;
    if (error == 0) {
        attached->promiscuous[side] = hook == FAST_AT_INGRESS && make_promiscuous(ifindex);
        return 0;
    }
    fast_loader_detach(loader, side);
    if (error != -EEXIST)
        return explain(why, why_bytes, "tc program", error);
    if (why != NULL)
        snprintf(why, why_bytes, "tc program: another one has priority %d, handle %d", TC_PRIORITY, TC_HANDLE);
    return error;
}

int fast_loader_detach(struct fast_loader *loader, enum side side)
{
    struct fast_attached *attached = loader->attached;
    const enum side other = side_other(side);
    int error = 0;
    if (attached->ifindex[side] ==
        attached->ifindex[other]) /* the two were changed, and that side has it now */
        attached->made_qdisc[other] |= attached->made_qdisc[side];
    else
        error = detach_from(attached->ifindex[side], attached->made_qdisc[side], attached->promiscuous[side]);
    if (error != 0)
        return error;
    attached->ifindex[side] = attached->made_qdisc[side] = attached->promiscuous[side] = 0;
    return 0;
}

unsigned fast_loader_attached(const struct fast_loader *loader, enum side side)
{
    return loader->attached->ifindex[side];
}

bool fast_loader_is_attached(const struct fast_loader *loader, enum side side)
{
    bool is_ours;
    const unsigned ifindex = loader->attached->ifindex[side];
    return ifindex != 0 && (program_there(ifindex, FAST_AT_INGRESS, &is_ours) == loader->program_id ||
                            program_there(ifindex, FAST_AT_EGRESS, &is_ours) == loader->program_id);
}

void fast_loader_close(struct fast_loader *loader, bool leave)
{
    if (loader == NULL)
        return;
    if (!leave || !fast_loader_is_pinned(loader)) {
        fast_loader_detach(loader, SIDE_UPSTREAM);
        fast_loader_detach(loader, SIDE_DOWNSTREAM);
        if (fast_loader_is_pinned(loader))
            remove_folder(loader->folder);
    }
    free_loader(loader);
}

/* Without a loader. */

static int remove_pinned(const char *folder)
{
    struct fast_attached attached;
    int error = 0;
    read_attached(folder, &attached);
    for (unsigned side = 0; side < SIDES && error == 0; side++)
        error = detach_from(attached.ifindex[side], attached.made_qdisc[side], attached.promiscuous[side]);
    if (error == 0)
        remove_folder(folder);
    return error;
}

int fast_loader_remove_all(const char *name, const unsigned ifindexes[SIDES], char *why, size_t why_bytes)
{
    char path[PATH_BYTES], encoded[NAME_BYTES];
    if (!encode_name(name, encoded))
        return explain(why, why_bytes, "detach", -EINVAL);
    DIR *directory = opendir(pins_folder());
    int error = 0;
    library_said[0] = '\0';
    libbpf_set_print(note_warning);
    while (directory != NULL && error == 0) {
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            break;
        pin_path(path, pins_folder(), entry->d_name);
        if (is_layout_of(entry->d_name, encoded))
            error = remove_pinned(path);
    }
    if (directory != NULL)
        closedir(directory);
    for (unsigned side = 0; side < SIDES && error == 0; side++)
        error = detach_from(ifindexes[side], false, false);
    return error == 0 ? 0 : explain(why, why_bytes, "detach", error);
}
