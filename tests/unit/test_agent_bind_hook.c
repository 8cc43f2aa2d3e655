/* test_agent_bind_hook.c: the BPF program at bind(), run here by a small interpreter of the instructions that it has. */
#include "host/bind_hook.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define A      0xc023a202
#define B      0xc023a203
#define COOKIE UINT64_C(0x123456789abcdef0)

static bool holds(uint8_t jump, uint32_t a, uint32_t b)
{
    switch (jump) {
    case BPF_JEQ:
        return a == b;
    case BPF_JNE:
        return a != b;
    case BPF_JLT:
        return a < b;
    case BPF_JLE:
        return a <= b;
    default:
        fail_msg("jump 0x%02x", jump);
        return false;
    }
}

/* What the program answers for a bind in the namespace `cookie`. */
static uint64_t run(const struct bpf_insn *program, size_t count, const struct bpf_sock_addr *context,
                    uint64_t cookie)
{
    uint64_t r[11] = {0};
    r[1] = (uint64_t)(uintptr_t)context;
    for (size_t at = 0; at < count; at++) {
        const struct bpf_insn i = program[at];
        uint32_t word;
        switch (i.code) {
        case BPF_ALU64 | BPF_MOV | BPF_K:
            r[i.dst_reg] = (uint64_t)(int64_t)i.imm;
            break;
        case BPF_ALU64 | BPF_MOV | BPF_X:
            r[i.dst_reg] = r[i.src_reg];
            break;
        case BPF_ALU | BPF_END | BPF_TO_BE:
            assert_int_equal(i.imm, 16);
            r[i.dst_reg] = htons((uint16_t)r[i.dst_reg]);
            break;
        case BPF_LDX | BPF_MEM | BPF_W:
            memcpy(&word, (const uint8_t *)(uintptr_t)r[i.src_reg] + i.off, sizeof(word));
            r[i.dst_reg] = word;
            break;
        case BPF_LD | BPF_IMM | BPF_DW:
            r[i.dst_reg] = (uint32_t)i.imm | (uint64_t)(uint32_t)program[at + 1].imm << 32;
            at++;
            break;
        case BPF_JMP | BPF_CALL:
            assert_int_equal(i.imm, BPF_FUNC_get_netns_cookie);
            assert_true(r[1] == (uint64_t)(uintptr_t)context);
            r[0] = cookie;
            r[1] = r[2] = r[3] = r[4] = r[5] = 0;
            break;
        case BPF_JMP | BPF_JEQ | BPF_X:
            at += r[i.dst_reg] == r[i.src_reg] ? (size_t)i.off : 0;
            break;
        case BPF_JMP | BPF_EXIT:
            return r[0];
        default:
            assert_int_equal(BPF_CLASS(i.code), BPF_JMP32);
            assert_int_equal(BPF_SRC(i.code), BPF_K);
            at += holds(BPF_OP(i.code), (uint32_t)r[i.dst_reg], (uint32_t)i.imm) ? (size_t)i.off : 0;
        }
    }
    fail_msg("the program runs out");
    return 0;
}

static struct bpf_insn program[BIND_HOOK_MAX];

static uint64_t bind_at(size_t count, uint32_t address, uint16_t port, uint32_t protocol)
{
    const struct bpf_sock_addr context = {
        .user_ip4 = htonl(address), .user_port = htons(port), .protocol = protocol};
    return run(program, count, &context, COOKIE);
}

static void each_port_of_each_address_is_judged(void **state)
{
    (void)state;
    struct range_list list = {.count = 0};
    size_t other;
    const struct port_range some[] = {
        {.range = {{A}, 2000, 2999}}, {.range = {{A}, 5000, 5000}}, {.range = {{A}, 65000, 65535}}};
    const struct port_range set = port_range_of_set((struct ipv4){B}, (struct port_set_params){6, 6}, 5);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(range_list_add(&list, &some[i], &other), 0);
    assert_int_equal(range_list_add(&list, &set, &other), 0);
    const size_t count = bind_hook_program(&list, COOKIE, program);
    assert_in_range(count, 1, BIND_HOOK_MAX);
    for (uint32_t port = 0; port <= UINT16_MAX; port++) {
        const uint16_t p = (uint16_t)port;
        const bool of_a =
            port_range_has(&some[0], p) || port_range_has(&some[1], p) || port_range_has(&some[2], p);
        const bool of_b = port_range_has(&set, p), none = port == 0;
        assert_int_equal(bind_at(count, A, p, IPPROTO_TCP), none || of_a);
        assert_int_equal(bind_at(count, B, p, IPPROTO_TCP), none || of_b);
        assert_int_equal(bind_at(count, 0, p, IPPROTO_TCP), none || of_a || of_b);
        assert_int_equal(bind_at(count, 0x7f000001, p, IPPROTO_TCP), 1);
    }
    assert_int_equal(bind_at(count, A, 68, IPPROTO_UDP), 1);
    assert_int_equal(bind_at(count, 0, 68, IPPROTO_UDP), 1);
    assert_int_equal(bind_at(count, A, 67, IPPROTO_UDP), 0);
}

static void other_namespaces_are_left_alone(void **state)
{
    (void)state;
    const struct range_list list = {.ranges = {{.range = {{A}, 2000, 2999}}}, .count = 1};
    const struct bpf_sock_addr context = {
        .user_ip4 = htonl(A), .user_port = htons(80), .protocol = IPPROTO_TCP};
    size_t count = bind_hook_program(&list, COOKIE, program);
    assert_int_equal(run(program, count, &context, COOKIE), 0);
    assert_int_equal(run(program, count, &context, COOKIE + 1), 1);
    assert_int_equal(run(program, count, &context, COOKIE ^ UINT64_C(1) << 63), 1);
    count = bind_hook_program(&list, 0, program);
    assert_int_equal(run(program, count, &context, COOKIE), 0);
}

static void the_most_that_can_be_held_fits(void **state)
{
    (void)state;
    struct range_list list = {.count = 0};
    size_t other;
    for (uint16_t i = 0; i < RANGES_MAX; i++) { /* 32 addresses with 31 spans each, none beside another */
        const struct port_range set =
            port_range_of_set((struct ipv4){A + i}, (struct port_set_params){5, 6}, (uint16_t)(2 * i));
        assert_int_equal(range_list_add(&list, &set, &other), 0);
    }
    const size_t count = bind_hook_program(&list, COOKIE, program);
    assert_in_range(count, 4000, BIND_HOOK_MAX);
    for (uint16_t i = 0; i < RANGES_MAX; i++)
        for (uint32_t port = 1; port <= UINT16_MAX; port += 7)
            assert_int_equal(bind_at(count, A + i, (uint16_t)port, IPPROTO_TCP),
                             port_range_has(&list.ranges[i], (uint16_t)port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_port_of_each_address_is_judged),
        cmocka_unit_test(other_namespaces_are_left_alone),
        cmocka_unit_test(the_most_that_can_be_held_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
