/* super_filter.c: see super_filter.h.
 * The kernel does not show a filter the type of a super-frame, so the protocol in its bytes has to do. */
#include "super_filter.h"

#include "pearpd/eth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ETHERTYPE_IPV6      0x86dd
#define ETHERTYPE_AT        12
#define IPV4_PROTOCOL_AT    23
#define IPV6_NEXT_HEADER_AT 20
#define WHOLE_FRAME         INT32_MAX /* what a filter returns is a length */
#define STACK_AT            (-8)      /* of the bytes that are read */
#define INSTRUCTIONS        26
#define ASIDE               22 /* the instruction that ends with "aside" */
#define RING                24

#define REGISTER_SET(to, number)                                              \
    {                                                                         \
        .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (number) \
    }
#define REGISTER_COPY(to, from)                                                 \
    {                                                                           \
        .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from) \
    }
#define REGISTER_ADD(to, number)                                              \
    {                                                                         \
        .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (to), .imm = (number) \
    }
#define READ(size, to, from, at)                                                            \
    {                                                                                       \
        .code = BPF_LDX | (size) | BPF_MEM, .dst_reg = (to), .src_reg = (from), .off = (at) \
    }
#define CALL(function)                                \
    {                                                 \
        .code = BPF_JMP | BPF_CALL, .imm = (function) \
    }
#define END                        \
    {                              \
        .code = BPF_JMP | BPF_EXIT \
    }
/* At instruction `here`, to instruction `there`. */
#define GO(here, there)                                     \
    {                                                       \
        .code = BPF_JMP | BPF_JA, .off = (there) - (here)-1 \
    }
#define GO_IF(here, there, test, of, number)                                                          \
    {                                                                                                 \
        .code = BPF_JMP | (test) | BPF_K, .dst_reg = (of), .off = (there) - (here)-1, .imm = (number) \
    }

/* bpf_skb_load_bytes(frame, R2, stack, count); R0 is not 0 where the frame is too short. */
#define READ_FRAME(count)                                                      \
    REGISTER_COPY(BPF_REG_1, BPF_REG_6), REGISTER_COPY(BPF_REG_3, BPF_REG_10), \
        REGISTER_ADD(BPF_REG_3, STACK_AT), REGISTER_SET(BPF_REG_4, (count)), CALL(BPF_FUNC_skb_load_bytes)

static int load(enum super_filter filter)
{
    const int ring = filter == SUPER_FILTER_RING ? WHOLE_FRAME : 0;
    const int aside = filter == SUPER_FILTER_RING ? 0 : WHOLE_FRAME;
    const struct bpf_insn program[INSTRUCTIONS] = {
        [0] = REGISTER_COPY(BPF_REG_6, BPF_REG_1),
        READ(BPF_W, BPF_REG_0, BPF_REG_6, offsetof(struct __sk_buff, gso_size)),
        GO_IF(2, RING, BPF_JEQ, BPF_REG_0, 0),
        REGISTER_SET(BPF_REG_2, ETHERTYPE_AT),
        [4] = READ_FRAME(2),
        [9] = GO_IF(9, ASIDE, BPF_JNE, BPF_REG_0, 0),
        READ(BPF_H, BPF_REG_7, BPF_REG_10, STACK_AT),
        REGISTER_SET(BPF_REG_2, IPV4_PROTOCOL_AT),
        GO_IF(12, 15, BPF_JEQ, BPF_REG_7, htons(ETHERTYPE_IPV4)),
        REGISTER_SET(BPF_REG_2, IPV6_NEXT_HEADER_AT),
        GO_IF(14, ASIDE, BPF_JNE, BPF_REG_7, htons(ETHERTYPE_IPV6)),
        [15] = READ_FRAME(1),
        [20] = READ(BPF_B, BPF_REG_7, BPF_REG_10, STACK_AT),
        GO_IF(21, RING, BPF_JEQ, BPF_REG_7, IPPROTO_TCP),
        [ASIDE] = REGISTER_SET(BPF_REG_0, aside),
        END,
        [RING] = REGISTER_SET(BPF_REG_0, ring),
        END,
    };
    const union bpf_attr attributes = {
        .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
        .insns = (uint64_t)(uintptr_t)program,
        .insn_cnt = INSTRUCTIONS,
        .license = (uint64_t)(uintptr_t) "",
    };
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
}

int super_filter_attach(int fd, enum super_filter filter)
{
    const int program = load(filter);
    if (program < 0)
        return -errno;
    const int error = super_filter_replace(fd, program);
    close(program);
    return error;
}

int super_filter_replace(int fd, int program)
{
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) == 0 ? 0 : -errno;
}
