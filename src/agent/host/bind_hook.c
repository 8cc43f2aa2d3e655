/* bind_hook.c: see bind_hook.h. The instructions are written here by hand: there are few, and no compiler for them has to
 * be there where the agent runs. */
#include "bind_hook.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PORT_DHCP_CLIENT 68

/* Registers. */
enum { R0, R1, R2, R3, R4, R5, R6 };

struct program {
    struct bpf_insn *at;
    size_t count;
};

static void put(struct program *p, uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t value)
{
    p->at[p->count++] = (struct bpf_insn){.code = code,
                                          .dst_reg = (unsigned)to & 0xfU,
                                          .src_reg = (unsigned)from & 0xfU,
                                          .off = offset,
                                          .imm = value};
}

static void load(struct program *p, uint8_t to, size_t field)
{
    put(p, BPF_LDX | BPF_MEM | BPF_W, to, R6, (int16_t)field, 0);
}

/* `jump` is BPF_JEQ and the like; the addresses are compared as 32 bits. */
static void jump_if(struct program *p, uint8_t jump, uint8_t reg, uint32_t value, int16_t offset)
{
    put(p, BPF_JMP32 | jump | BPF_K, reg, 0, offset, (int32_t)value);
}

static void answer(struct program *p, int32_t value)
{
    put(p, BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, 0, value);
    put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Ends with the answer: is the port in R3 held of `address`? */
static void judge_port(struct program *p, const struct range_list *held, struct ipv4 address)
{
    struct port_span spans[RANGE_SPANS_MAX];
    const size_t count = range_list_union(held, address, spans);
    for (size_t i = 0; i < count; i++) { /* ascending: below this one, it is between two */
        jump_if(p, BPF_JLT, R3, spans[i].first, (int16_t)(2 * (count - i) - 1));
        jump_if(p, BPF_JLE, R3, spans[i].last, (int16_t)(2 * (count - i)));
    }
    answer(p, 0);
    answer(p, 1);
}

/* Lets pass what is of another namespace. */
static void judge_namespace(struct program *p, uint64_t cookie)
{
    put(p, BPF_ALU64 | BPF_MOV | BPF_X, R1, R6, 0, 0);
    put(p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_netns_cookie);
    put(p, BPF_LD | BPF_IMM | BPF_DW, R1, 0, 0, (int32_t)(uint32_t)cookie);
    put(p, 0, 0, 0, 0, (int32_t)(uint32_t)(cookie >> 32));
    put(p, BPF_JMP | BPF_JEQ | BPF_X, R0, R1, 2, 0);
    answer(p, 1);
}

size_t bind_hook_program(const struct range_list *held, uint64_t cookie,
                         struct bpf_insn program[static BIND_HOOK_MAX])
{
    struct program p = {.at = program};
    struct ipv4 addresses[RANGES_MAX + 1] = {{0}}; /* the first: any */
    const size_t count = 1 + range_list_addresses(held, &addresses[1]);
    put(&p, BPF_ALU64 | BPF_MOV | BPF_X, R6, R1, 0, 0);
    if (cookie != 0)
        judge_namespace(&p, cookie);
    load(&p, R2, offsetof(struct bpf_sock_addr, user_ip4));
    load(&p, R3, offsetof(struct bpf_sock_addr, user_port));
    load(&p, R4, offsetof(struct bpf_sock_addr, protocol));
    put(&p, BPF_ALU | BPF_END | BPF_TO_BE, R3, 0, 0, 16);
    jump_if(&p, BPF_JEQ, R3, 0, 2);                /* to the answer */
    jump_if(&p, BPF_JNE, R4, IPPROTO_UDP, 3);      /* past it */
    jump_if(&p, BPF_JNE, R3, PORT_DHCP_CLIENT, 2); /* past it */
    answer(&p, 1);
    for (size_t i = 0; i < count; i++) {
        const size_t at = p.count;
        jump_if(&p, BPF_JNE, R2, htonl(addresses[i].host), 0);
        judge_port(&p, held, addresses[i]);
        program[at].off = (int16_t)(p.count - at - 1);
    }
    answer(&p, 1);
    return p.count;
}

static int bpf(int command, union bpf_attr *attributes)
{
    const long result = syscall(SYS_bpf, command, attributes, sizeof(*attributes));
    return result < 0 ? -errno : (int)result;
}

static int load_program(const struct range_list *held, uint64_t cookie)
{
    static const char license[] = "BSD";
    struct bpf_insn program[BIND_HOOK_MAX];
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
    attributes.expected_attach_type = BPF_CGROUP_INET4_BIND;
    attributes.insn_cnt = (uint32_t)bind_hook_program(held, cookie, program);
    attributes.insns = (uint64_t)(uintptr_t)program;
    attributes.license = (uint64_t)(uintptr_t)license;
    memcpy(attributes.prog_name, "pearp_agent", sizeof("pearp_agent"));
    return bpf(BPF_PROG_LOAD, &attributes);
}

int bind_hook_attach(const char *cgroup, const struct range_list *held, uint64_t cookie)
{
    const int group = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (group < 0)
        return -errno;
    const int program = load_program(held, cookie);
    int hook = program;
    if (program >= 0) {
        union bpf_attr attributes;
        memset(&attributes, 0, sizeof(attributes));
        attributes.link_create.prog_fd = (uint32_t)program;
        attributes.link_create.target_fd = (uint32_t)group;
        attributes.link_create.attach_type = BPF_CGROUP_INET4_BIND;
        hook = bpf(BPF_LINK_CREATE, &attributes);
        close(program);
    }
    close(group);
    return hook;
}

int bind_hook_update(int hook, const struct range_list *held, uint64_t cookie)
{
    const int program = load_program(held, cookie);
    if (program < 0)
        return program;
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.link_update.link_fd = (uint32_t)hook;
    attributes.link_update.new_prog_fd = (uint32_t)program;
    const int error = bpf(BPF_LINK_UPDATE, &attributes);
    close(program);
    return error;
}
