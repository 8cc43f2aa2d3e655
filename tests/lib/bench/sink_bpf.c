/* sink_bpf.c: loads sink.bpf.o at tc ingress, reads its counters ten times a second, and prints them at SIGTERM.
 * In: OBJECT PLAN IFACE [ordered]. Out: `ready` on stderr, then the JSON of tally.h. Called by: scripts/bench. */
#include "flood_frame.h"
#include "tally.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>

#define LONGEST_S  120
#define PROCESSORS 1024

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

/* Each processor has its own. */
static struct counts read_counts(int map)
{
    static struct counts each[PROCESSORS];
    struct counts all = {0};
    const uint32_t zero = 0;
    const int processors = libbpf_num_possible_cpus();
    if (processors > PROCESSORS || bpf_map_lookup_elem(map, &zero, each) != 0)
        return all;
    for (int n = 0; n < processors; n++) {
        all.right += each[n].right;
        all.wrong += each[n].wrong;
        all.doubled += each[n].doubled;
        all.moving += each[n].moving;
        all.strange += each[n].strange;
        all.late += each[n].late;
        if (each[n].wrong > 0) {
            all.wrong_mac = each[n].wrong_mac;
            all.wrong_for = each[n].wrong_for;
        }
    }
    return all;
}

/* The object with these constants, in the kernel; NULL and errno. */
static struct bpf_object *load(const char *path, const struct sink_constants *constants)
{
    struct bpf_object *object = bpf_object__open_file(path, NULL);
    struct bpf_map *map;
    if (object == NULL)
        return NULL;
    bpf_object__for_each_map(map, object)
    {
        size_t size = 0;
        if (strstr(bpf_map__name(map), ".rodata") == NULL)
            continue;
        void *to = (void *)(uintptr_t)bpf_map__initial_value(map, &size); /* to be written before the load */
        if (to == NULL || size < sizeof(*constants)) {
            errno = EINVAL;
            return NULL;
        }
        memcpy(to, constants, sizeof(*constants));
    }
    return bpf_object__load(object) == 0 ? object : NULL;
}

static void watch(int map)
{
    static struct tally tally;
    const double end_s = now_s() + LONGEST_S;
    struct counts c = {0};
    tally.then_s = now_s();
    while (!stopping && now_s() < end_s) {
        nanosleep(&(struct timespec){.tv_nsec = (long)(TALLY_STEP_S * 1e9)}, NULL);
        c = read_counts(map);
        tally_note(&tally, now_s(), c.right + c.wrong + c.doubled);
    }
    c = read_counts(map);
    tally_print(&tally, &c, 0);
}

int main(int argc, char **argv)
{
    struct sink_constants constants = {.ordered = argc == 5 && strcmp(argv[4], "ordered") == 0};
    if (argc < 4 || argc > 5 || !plan_read(&constants.plan, argv[2])) {
        fprintf(stderr, "usage: sink_bpf OBJECT PLAN IFACE [ordered]\n");
        return 2;
    }
    struct bpf_object *object = load(argv[1], &constants);
    if (object == NULL) {
        perror("sink_bpf: load");
        return 1;
    }
    DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(argv[3]),
                        .attach_point = BPF_TC_INGRESS);
    DECLARE_LIBBPF_OPTS(bpf_tc_opts, program,
                        .prog_fd = bpf_program__fd(bpf_object__find_program_by_name(object, "sink")));
    if (bpf_tc_hook_create(&hook) != 0 || bpf_tc_attach(&hook, &program) != 0) {
        perror("sink_bpf: attach");
        return 1;
    }
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    fprintf(stderr, "ready\n");
    watch(bpf_object__find_map_fd_by_name(object, "counts"));
    hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS; /* the qdisc itself, which is ours */
    bpf_tc_hook_destroy(&hook);
    bpf_object__close(object);
    return 0;
}
