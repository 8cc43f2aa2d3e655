/* test_agent_claimant.c: what a claimant says and when, with time in the test's hand. */
#include "pearpd/clock.h"
#include "pearpd/frame_build.h"

#include "pe_arp/claimant.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SENT_MAX 64

static const struct port_range held = {.range = {{0xc023a202}, 2000, 2999}};
static const struct range *const range = &held.range;
static const struct mac own = {{2, 0, 0, 0, 0, 1}}, bridge = {{2, 0x50, 0x45, 0, 0, 1}},
                        other = {{2, 0, 0, 0, 0, 9}};

struct fixture {
    struct claimant claimant;
    struct claimant_out out;
    struct tx_frame sent[SENT_MAX];
    unsigned sent_count;
    unsigned events[CLAIMANT_UNANSWERED + 1];
    uint64_t now_ns;
};

static void take_sent(const struct tx_frame *made, void *context)
{
    struct fixture *f = context;
    assert_true(f->sent_count < SENT_MAX);
    f->sent[f->sent_count++] = *made;
}

static void take_event(enum claimant_event event, const struct pe_arp *message, void *context)
{
    struct fixture *f = context;
    assert_int_equal(message == NULL, event == CLAIMANT_UNANSWERED);
    f->events[event]++;
}

static void begin(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->out = (struct claimant_out){.send = take_sent, .event = take_event, .context = f};
    f->now_ns = 1000 * NS_PER_S;
    claimant_init(&f->claimant, &held, own, 0x88b5, 42, &(struct claimant_keys){0});
}

static void begin_up(struct fixture *f)
{
    begin(f);
    claimant_link(&f->claimant, f->now_ns, true, own, &f->out);
    f->sent_count = 0;
}

static struct pe_arp request(uint16_t first, uint16_t last)
{
    return (struct pe_arp){
        .type = PE_ARP_REQUEST, .sha = bridge, .tpa = {range->address, 6, first, last}, .nonce = 77};
}

static struct pe_arp hello(uint64_t epoch, uint16_t window_s)
{
    return (struct pe_arp){.type = PE_ARP_HELLO,
                           .sha = bridge,
                           .tpa = {range->address, 0, 1024, 65535},
                           .nonce = epoch,
                           .lifetime_s = window_s};
}

static void receive(struct fixture *f, struct mac from, struct mac to, struct pe_arp message)
{
    const struct claimant_frame frame = {.from = from, .to = to, .message = message};
    claimant_message(&f->claimant, f->now_ns, &frame, &f->out);
}

/* Runs the timers for `seconds`; the times of what was sent, in seconds from now, are put into `times`. */
static unsigned run_timers(struct fixture *f, unsigned seconds, double *times, unsigned max)
{
    const uint64_t start_ns = f->now_ns, end_ns = start_ns + seconds * NS_PER_S;
    unsigned count = 0;
    for (;;) {
        const unsigned before = f->sent_count;
        const uint64_t next_ns = claimant_tick(&f->claimant, f->now_ns, &f->out);
        for (unsigned i = before; i < f->sent_count && count < max; i++)
            times[count++] = (double)(f->now_ns - start_ns) / 1e9;
        if (next_ns > end_ns)
            break;
        assert_true(next_ns > f->now_ns);
        f->now_ns = next_ns;
    }
    f->now_ns = end_ns;
    return count;
}

static void claims_back_off_until_challenged(void **state)
{
    (void)state;
    static const double expected[] = {1, 3, 7, 15, 31, 63, 123, 183};
    struct fixture f;
    double times[SENT_MAX];
    begin(&f);
    assert_true(claimant_tick(&f.claimant, f.now_ns, &f.out) == UINT64_MAX); /* down: silent */
    assert_int_equal(f.sent_count, 0);
    claimant_link(&f.claimant, f.now_ns, true, own, &f.out);
    assert_int_equal(f.sent_count, 1);
    assert_int_equal(f.sent[0].pe_arp.type, PE_ARP_CLAIM);
    assert_true(mac_equal(f.sent[0].destination, mac_broadcast));
    assert_true(mac_equal(f.sent[0].pe_arp.sha, own) && mac_equal(f.sent[0].source, own));
    assert_true(mac_is_zero(f.sent[0].pe_arp.tha));
    assert_int_equal(f.sent[0].pe_arp.spa.first, 2000);
    assert_int_equal(f.sent[0].pe_arp.tpa.last, 2999);
    assert_int_equal(f.sent[0].ethertype, 0x88b5);
    assert_int_equal(run_timers(&f, 200, times, SENT_MAX), 8);
    for (unsigned i = 0; i < 8; i++)
        assert_true(times[i] == expected[i]);
    receive(&f, bridge, mac_broadcast, request(2000, 2000)); /* a broadcast REQUEST is no challenge */
    assert_int_equal(f.events[CLAIMANT_CHALLENGED], 0);
    receive(&f, bridge, own, request(2000, 2000));
    assert_int_equal(f.events[CLAIMANT_CHALLENGED], 1);
    assert_int_equal(run_timers(&f, 1000, times, SENT_MAX), 0);
}

static void link_up_claims_again(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    f.sent_count = 0;
    claimant_link(&f.claimant, f.now_ns, true, own, &f.out); /* no change */
    assert_int_equal(f.sent_count, 0);
    claimant_link(&f.claimant, f.now_ns, false, own, &f.out);
    receive(&f, bridge, own, request(2000, 2000));
    assert_int_equal(run_timers(&f, 100, times, SENT_MAX), 0);
    assert_int_equal(f.sent_count, 0);
    claimant_link(&f.claimant, f.now_ns, true, own, &f.out);
    assert_int_equal(f.sent_count, 1);
    assert_int_equal(run_timers(&f, 8, times, SENT_MAX), 3);
    claimant_link(&f.claimant, f.now_ns, true, other, &f.out); /* another MAC */
    assert_true(mac_equal(f.sent[f.sent_count - 1].pe_arp.sha, other));
}

static void requests_inside_are_answered(void **state)
{
    (void)state;
    struct fixture f;
    begin_up(&f);
    receive(&f, bridge, mac_broadcast, request(2500, 2500));
    assert_int_equal(f.sent_count, 1);
    const struct tx_frame *reply = &f.sent[0];
    assert_int_equal(reply->pe_arp.type, PE_ARP_REPLY);
    assert_true(mac_equal(reply->destination, bridge));
    assert_true(mac_equal(reply->pe_arp.tha, bridge) && mac_equal(reply->pe_arp.sha, own));
    assert_true(reply->pe_arp.nonce == 77);
    assert_int_equal(reply->pe_arp.spa.protocol, 0);
    assert_int_equal(reply->pe_arp.spa.first, 2000);
    assert_int_equal(reply->pe_arp.spa.last, 2999);
    assert_int_equal(reply->pe_arp.tpa.protocol, 6);
    assert_int_equal(reply->pe_arp.tpa.first, 2500);
    assert_int_equal(reply->pe_arp.tpa.last, 2500);
    receive(&f, bridge, mac_broadcast, request(2000, 2000));
    receive(&f, bridge, mac_broadcast, request(2999, 2999));
    assert_int_equal(f.sent_count, 3);
}

static void other_requests_are_not(void **state)
{
    (void)state;
    struct fixture f;
    struct pe_arp elsewhere = request(2500, 2500), gre = request(2500, 2500), reply = request(2500, 2500);
    begin_up(&f);
    receive(&f, bridge, mac_broadcast, request(1999, 1999));
    receive(&f, bridge, mac_broadcast, request(3000, 3000));
    receive(&f, bridge, mac_broadcast, request(2999, 3000));
    elsewhere.tpa.address.host++;
    receive(&f, bridge, mac_broadcast, elsewhere);
    gre.tpa.protocol = 47;
    receive(&f, bridge, mac_broadcast, gre);
    reply.type = PE_ARP_REPLY;
    receive(&f, bridge, own, reply);
    receive(&f, own, mac_broadcast, request(2500, 2500)); /* our own MAC, come back */
    assert_int_equal(f.events[CLAIMANT_FORGED], 0);
    receive(&f, other, own, request(2500, 2500)); /* sha is the bridge's */
    assert_int_equal(f.events[CLAIMANT_FORGED], 1);
    assert_int_equal(f.sent_count, 0);
    assert_int_equal(f.events[CLAIMANT_CHALLENGED], 0);
}

static void hello_of_a_new_epoch_gets_one_claim_in_its_window(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX], least = 1e9, most = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        begin_up(&f);
        f.claimant.random = seed;
        receive(&f, bridge, own, request(2000, 2000));
        receive(&f, bridge, mac_broadcast, hello(5, 30));
        receive(&f, bridge, mac_broadcast, hello(5, 30));
        assert_int_equal(run_timers(&f, 60, times, SENT_MAX), 1);
        assert_true(times[0] >= 0 && times[0] < 30);
        receive(&f, bridge, own, request(2000, 2000));
        least = times[0] < least ? times[0] : least;
        most = times[0] > most ? times[0] : most;
        receive(&f, bridge, mac_broadcast, hello(5, 30));
        assert_int_equal(run_timers(&f, 300, times, SENT_MAX), 0);
        receive(&f, bridge, mac_broadcast, hello(6, 30));
        assert_int_equal(run_timers(&f, 60, times, SENT_MAX), 1);
        assert_int_equal(f.events[CLAIMANT_EPOCH], 2);
    }
    assert_true(least < 3 && most > 27); /* spread */
}

static void made_up_epochs_get_three_claims_and_then_one_in_ten_seconds(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    for (uint64_t epoch = 0; epoch < 1000; epoch++) {
        receive(&f, bridge, mac_broadcast, hello(epoch, 0));
        f.now_ns += NS_PER_S / 100;
        (void)claimant_tick(&f.claimant, f.now_ns, &f.out);
    }
    assert_in_range(f.sent_count - 1, 3, 4);
    for (uint64_t epoch = 0; epoch < 1000; epoch++) {
        receive(&f, bridge, mac_broadcast, hello(epoch, 0));
        (void)run_timers(&f, 1, times, SENT_MAX);
        f.sent_count = 0;
    }
    assert_in_range(f.claimant.counts.claims, 100, 130); /* with those of 9.1: nobody asks */
}

/* A window of 18 hours would keep all hosts silent for as long. */
static void a_window_is_a_minute_at_most(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    for (uint64_t seed = 0; seed < 100; seed++) {
        begin_up(&f);
        f.claimant.random = seed;
        receive(&f, bridge, own, request(2000, 2000));
        receive(&f, bridge, mac_broadcast, hello(5, 65535));
        assert_int_equal(run_timers(&f, CLAIMANT_WINDOW_MAX_S, times, SENT_MAX), 1);
    }
}

static void of_two_windows_the_earlier_time_counts(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    for (uint64_t seed = 0; seed < 100; seed++) {
        begin_up(&f);
        f.claimant.random = seed;
        receive(&f, bridge, own, request(2000, 2000));
        receive(&f, bridge, mac_broadcast, hello(5, 60));
        receive(&f, bridge, mac_broadcast, hello(6, 1));
        assert_int_equal(run_timers(&f, 1, times, SENT_MAX), 1);
        receive(&f, bridge, own, request(2000, 2000));
        receive(&f, bridge, mac_broadcast, hello(7, 1));
        receive(&f, bridge, mac_broadcast, hello(8, 60));
        assert_int_equal(run_timers(&f, 1, times, SENT_MAX), 1);
        receive(&f, bridge, own, request(2000, 2000));
        assert_int_equal(run_timers(&f, 59, times, SENT_MAX), 0);
    }
}

static struct pe_arp hello_of(struct mac sender, uint64_t epoch, uint64_t number)
{
    struct pe_arp message = hello(epoch, 0);
    message.sha = sender;
    message.seq.present = number != 0;
    message.seq.number = number;
    return message;
}

static void who_asked_is_the_bridge_and_nobody_else(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    struct pe_arp gateway = hello_of(other, 6, 0), forged = request(2000, 2000), mixed = hello(7, 0);
    gateway.gateway.present = true;
    forged.sha = other;
    mixed.shared_mac.present = true;
    mixed.shared_mac.mac = other;
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    receive(&f, other, mac_broadcast, gateway);
    receive(&f, bridge, mac_broadcast, mixed);
    assert_int_equal(f.events[CLAIMANT_FORGED], 2);
    assert_int_equal(f.events[CLAIMANT_EPOCH] + f.events[CLAIMANT_GATEWAY], 0);
    assert_int_equal(run_timers(&f, 60, times, SENT_MAX), 0);

    receive(&f, bridge, mac_broadcast, hello(5, 0));
    assert_false(f.claimant.challenged); /* its table is lost */
    (void)run_timers(&f, 1, times, SENT_MAX);
    f.sent_count = 0;
    receive(&f, other, own, forged);
    assert_int_equal(f.sent_count, 1);   /* is answered, */
    assert_false(f.claimant.challenged); /* and says nothing */
    receive(&f, bridge, own, request(2000, 2000));
    assert_true(f.claimant.challenged);
    assert_int_equal(f.events[CLAIMANT_CHALLENGED], 2);
}

static void a_silent_bridge_is_let_go(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    for (unsigned i = 0; i < 5; i++) {
        receive(&f, bridge, mac_broadcast, hello(5, 0));
        (void)run_timers(&f, 1, times, SENT_MAX);
        receive(&f, bridge, own, request(2000, 2000));
        (void)run_timers(&f, 58, times, SENT_MAX);
    }
    (void)run_timers(&f, 3 * CLAIMANT_HELLO_S - 60, times, SENT_MAX);
    receive(&f, other, mac_broadcast, hello_of(other, 6, 0));
    assert_true(f.claimant.challenged);
    assert_int_equal(f.events[CLAIMANT_SILENT], 0);
    (void)run_timers(&f, 2, times, SENT_MAX);
    assert_int_equal(f.events[CLAIMANT_SILENT], 1);
    assert_false(f.claimant.challenged);
    receive(&f, other, mac_broadcast, hello_of(other, 6, 0));
    assert_int_equal(f.events[CLAIMANT_EPOCH], 2);
    assert_true(mac_equal(f.claimant.bridge, other));
}

/* `hello = 3600`: three periods are three hours. */
static void a_slow_bridge_is_not_silent(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    for (unsigned i = 0; i < 5; i++) {
        receive(&f, bridge, mac_broadcast, hello(5, 0));
        for (unsigned minute = 0; minute < 60; minute++) {
            if (minute < 2)
                receive(&f, bridge, own, request(2000, 2000));
            (void)run_timers(&f, 60, times, SENT_MAX);
            f.sent_count = 0;
        }
    }
    assert_true(f.claimant.challenged);
    assert_int_equal(f.events[CLAIMANT_SILENT], 1); /* before its period was known */
}

static void a_hello_with_an_old_number_is_ignored(void **state)
{
    (void)state;
    struct fixture f;
    begin_up(&f);
    receive(&f, bridge, mac_broadcast, hello_of(bridge, 5, 1000));
    receive(&f, bridge, mac_broadcast, hello_of(bridge, 6, 1000));
    receive(&f, bridge, mac_broadcast, hello_of(bridge, 7, 999));
    assert_int_equal(f.events[CLAIMANT_EPOCH], 1);
    assert_int_equal(f.events[CLAIMANT_FORGED], 2);
    receive(&f, bridge, mac_broadcast, hello_of(bridge, 8, 1001));
    assert_int_equal(f.events[CLAIMANT_EPOCH], 2);
    receive(&f, other, mac_broadcast,
            hello_of(other, 9, 5)); /* it has numbers of its own, and nobody asked yet */
    assert_int_equal(f.events[CLAIMANT_EPOCH], 3);
}

/* docs/pe-arp.md#hello-and-epochs: the first HELLO of a bridge names no gateway, and later ones have its epoch. */
static void any_hello_names_a_gateway(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    struct pe_arp named = hello(5, 30), elsewhere;
    named.gateway.present = true;
    named.gateway.address.host = 0xc023a201;
    elsewhere = named;
    elsewhere.tpa.address.host++;
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    receive(&f, bridge, mac_broadcast, hello(5, 30));
    receive(&f, bridge, mac_broadcast, elsewhere);
    assert_int_equal(f.events[CLAIMANT_GATEWAY], 0);
    assert_int_equal(run_timers(&f, 31, times, SENT_MAX), 1);
    receive(&f, bridge, own, request(2000, 2000));
    receive(&f, bridge, mac_broadcast, named);
    assert_int_equal(f.events[CLAIMANT_GATEWAY], 1);
    assert_int_equal(run_timers(&f, 300, times, SENT_MAX), 0);
    named.nonce = 6;
    receive(&f, bridge, mac_broadcast, named);
    assert_int_equal(f.events[CLAIMANT_GATEWAY], 2);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 2);
}

#define AGENTS 20

/* A HELLO of a new epoch a second for 20 s, from `sender`, to agents that the bridge has asked, and that it asks again
 * for each claim. The frames that it causes. */
static unsigned frames_for_forged_hellos(struct mac sender)
{
    static struct fixture agents[AGENTS];
    unsigned frames = 0;
    double times[SENT_MAX];
    for (unsigned i = 0; i < AGENTS; i++) {
        struct fixture *f = &agents[i];
        begin_up(f);
        f->claimant.random = i;
        receive(f, bridge, own, request(2000, 2000));
        receive(f, bridge, mac_broadcast, hello_of(bridge, 1, 1));
        (void)run_timers(f, 1, times, SENT_MAX);
        receive(f, bridge, own, request(2000, 2000));
    }
    for (unsigned second = 0; second < 20 + CLAIMANT_WINDOW_MAX_S; second++)
        for (unsigned i = 0; i < AGENTS; i++) {
            struct fixture *f = &agents[i];
            f->sent_count = 0;
            if (second < 20)
                receive(f, sender, mac_broadcast, hello_of(sender, 100 + second, 100 + second));
            (void)run_timers(f, 1, times, SENT_MAX);
            for (unsigned claims = f->sent_count; claims > 0; claims--) {
                frames++; /* the challenge; its answer is counted with the claims */
                receive(f, bridge, own, request(2000, 2000));
            }
            frames += f->sent_count;
        }
    return frames;
}

static void forged_hellos_cost_little(void **state)
{
    (void)state;
    const unsigned of_another = frames_for_forged_hellos(other),
                   of_the_bridge = frames_for_forged_hellos(bridge);
    assert_int_equal(of_another, 0);
    assert_in_range(of_the_bridge, 1, AGENTS * 3 * 5);
    printf("# S31: 20 forged HELLOs to %d agents: %u frames; with the bridge's own MAC address: %u\n", AGENTS,
           of_another, of_the_bridge);
}

static void hello_of_others_is_ignored(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    struct pe_arp elsewhere = hello(1, 10), narrow = hello(2, 10);
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    elsewhere.tpa.address.host++;
    receive(&f, bridge, mac_broadcast, elsewhere);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 0);
    narrow.tpa.first = 2001;
    receive(&f, bridge, mac_broadcast, narrow);
    assert_int_equal(f.events[CLAIMANT_UNMANAGED], 1);
    assert_int_equal(run_timers(&f, 100, times, SENT_MAX), 0);
}

static void a_foreign_claim_is_a_conflict(void **state)
{
    (void)state;
    struct fixture f;
    struct pe_arp claim = {.type = PE_ARP_CLAIM, .sha = other, .spa = {range->address, 0, 2900, 3100}};
    begin_up(&f);
    receive(&f, other, mac_broadcast, claim);
    assert_int_equal(f.sent_count, 1);
    assert_int_equal(f.sent[0].pe_arp.type, PE_ARP_CONFLICT);
    assert_true(mac_equal(f.sent[0].destination, mac_broadcast) && mac_equal(f.sent[0].pe_arp.tha, other));
    assert_int_equal(f.sent[0].pe_arp.spa.first, 2000);
    assert_int_equal(f.sent[0].pe_arp.spa.last, 2999);
    assert_int_equal(f.sent[0].pe_arp.tpa.first, 2900);
    assert_int_equal(f.sent[0].pe_arp.tpa.last, 3100);
    f.now_ns += NS_PER_S - 1;
    receive(&f, other, mac_broadcast, claim);
    assert_int_equal(f.sent_count, 1);
    f.now_ns += 1;
    receive(&f, other, mac_broadcast, claim);
    assert_int_equal(f.sent_count, 3);
    assert_int_equal(f.sent[1].pe_arp.type, PE_ARP_CONFLICT);
    assert_int_equal(f.sent[2].pe_arp.type, PE_ARP_CLAIM);
    f.now_ns += 10 * NS_PER_S;
    claim.spa.first = 3000;
    receive(&f, other, mac_broadcast, claim); /* a neighbour's */
    assert_int_equal(f.sent_count, 3);
    assert_int_equal(f.events[CLAIMANT_CONFLICT], 2);
}

static struct pe_arp claim_of(struct mac host)
{
    return (struct pe_arp){.type = PE_ARP_CLAIM,
                           .sha = host,
                           .spa = {range->address, 0, 2000, 2999},
                           .tpa = {range->address, 0, 2000, 2999}};
}

/* A host that claims at once must not get what another one waits to claim. */
static void a_rival_in_the_window_is_claimed_against_at_once(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    (void)run_timers(&f, 100, times, SENT_MAX);
    receive(&f, bridge, mac_broadcast, hello(5, 60));
    f.sent_count = 0;
    for (unsigned i = 0; i < 10; i++)
        receive(&f, other, mac_broadcast, claim_of(other));
    assert_int_equal(f.sent_count, 2); /* one CONFLICT, one CLAIM */
    assert_int_equal(f.sent[1].pe_arp.type, PE_ARP_CLAIM);
    receive(&f, bridge, own, request(2000, 2000));
    assert_int_equal(run_timers(&f, 60, times, SENT_MAX), 0); /* that was the one for the HELLO */
    f.sent_count = 0;
    for (unsigned i = 0; i < 1000; i++) {
        receive(&f, other, mac_broadcast, claim_of(other));
        receive(&f, bridge, own, request(2000, 2000));
        f.now_ns += NS_PER_S / 100;
        if (f.sent_count > SENT_MAX - 8)
            f.sent_count = 0;
    }
    assert_in_range(f.claimant.counts.claims - 2, 10, 11);
}

/* Two hosts with one range do not call each other for ever. */
static void rivals_fall_silent(void **state)
{
    (void)state;
    struct fixture f, g;
    begin_up(&f);
    memset(&g, 0, sizeof(g));
    g.out = (struct claimant_out){.send = take_sent, .event = take_event, .context = &g};
    g.now_ns = f.now_ns;
    claimant_init(&g.claimant, &held, other, 0x88b5, 43, &(struct claimant_keys){0});
    claimant_link(&g.claimant, g.now_ns, true, other, &g.out);
    receive(&f, bridge, own, request(2000, 2000));
    receive(&g, bridge, other, request(2000, 2000));
    f.now_ns = g.now_ns += 10 * NS_PER_S;
    f.sent_count = g.sent_count = 0;
    receive(&f, other, mac_broadcast, claim_of(other));
    for (unsigned i = 0; i < 10; i++) {
        if (f.sent_count > 0)
            receive(&g, own, mac_broadcast, claim_of(own));
        if (g.sent_count > 0)
            receive(&f, other, mac_broadcast, claim_of(other));
    }
    assert_int_equal(f.sent_count, 2);
    assert_int_equal(g.sent_count, 2);
}

/* Its set was leased to a host without an agent, say: nobody claims it, and the bridge asks no more. */
static void who_is_not_asked_for_long_claims_again_and_notices(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    unsigned passed = 0;
    begin_up(&f);
    receive(&f, bridge, mac_broadcast, hello(5, 0));
    (void)run_timers(&f, 1, times, SENT_MAX);
    receive(&f, bridge, own, request(2000, 2000));
    for (unsigned hour = 0; hour < 60; hour++) { /* asked now and then */
        receive(&f, bridge, mac_broadcast, hello(5, 0));
        assert_int_equal(run_timers(&f, 60, times, SENT_MAX), 0);
        receive(&f, bridge, own, request(2000, 2000));
        f.sent_count = 0;
    }
    for (; passed < 1000 && !f.claimant.displaced; passed++) {
        if (passed % 60 == 0)
            receive(&f, bridge, mac_broadcast, hello(5, 0));
        (void)run_timers(&f, 1, times, SENT_MAX);
    }
    assert_in_range(passed, CLAIMANT_UNASKED_S, CLAIMANT_UNASKED_S + 60 + 60 + 5 + 10 + 2);
    assert_int_equal(f.events[CLAIMANT_DISPLACED], 1);
    assert_false(f.claimant.challenged);
}

static void an_accusation_is_told(void **state)
{
    (void)state;
    struct fixture f;
    struct pe_arp conflict = {.type = PE_ARP_CONFLICT,
                              .sha = other,
                              .tha = own,
                              .spa = {range->address, 0, 2900, 3100},
                              .tpa = {range->address, 0, 2000, 2999}};
    begin_up(&f);
    receive(&f, other, mac_broadcast, conflict);
    assert_int_equal(f.events[CLAIMANT_ACCUSED], 1);
    conflict.tha = bridge;
    receive(&f, other, mac_broadcast, conflict);
    assert_int_equal(f.events[CLAIMANT_ACCUSED], 1);
    assert_int_equal(f.sent_count, 0);
}

static void release_is_the_last_word(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, bridge, mac_broadcast, request(2500, 2500)); /* its answer may have made a binding */
    f.sent_count = 0;
    claimant_stop(&f.claimant, &f.out);
    assert_int_equal(f.sent_count, 1);
    assert_int_equal(f.sent[0].pe_arp.type, PE_ARP_RELEASE);
    assert_true(mac_equal(f.sent[0].destination, mac_broadcast));
    assert_int_equal(f.sent[0].pe_arp.spa.first, 2000);
    receive(&f, bridge, own, request(2000, 2000));
    receive(&f, bridge, mac_broadcast, hello(9, 0));
    claimant_link(&f.claimant, f.now_ns, true, other, &f.out);
    claimant_stop(&f.claimant, &f.out);
    assert_int_equal(run_timers(&f, 100, times, SENT_MAX), 0);
    assert_int_equal(f.sent_count, 1);
}

/* What was built from `made`, as it is received. */
static void hear_signed(struct fixture *f, struct tx_frame made, const struct pe_arp_key *key)
{
    struct frame_builder *builder = frame_builder_new();
    uint8_t bytes[200];
    made.key = key;
    const int length = frame_build(builder, &made, bytes, sizeof(bytes));
    assert_true(length > 0);
    struct claimant_frame frame = {
        .from = made.source, .to = own, .payload = bytes + 14, .payload_length = (size_t)length - 14};
    assert_int_equal(pe_arp_parse(frame.payload, frame.payload_length, &frame.message), 0);
    claimant_message(&f->claimant, f->now_ns, &frame, &f->out);
    frame_builder_free(builder);
}

static void with_keys_the_authentic_is_believed_and_all_is_signed(void **state)
{
    static const struct pe_arp_key keys[] = {{.id = 3, .bytes = {1}}, {.id = 8, .bytes = {2}}};
    const struct pe_arp_key wrong = {.id = 3, .bytes = {9}};
    struct fixture f;
    (void)state;
    begin(&f);
    uint64_t next = 1000;
    claimant_init(&f.claimant, &held, own, 0x88b5, 42, &(struct claimant_keys){keys, 2, &next});
    claimant_link(&f.claimant, f.now_ns, true, own, &f.out);
    assert_int_equal(f.sent_count, 1);
    assert_ptr_equal(f.sent[0].key, &keys[0]);
    assert_true(f.sent[0].pe_arp.seq.present && f.sent[0].pe_arp.seq.number == 1000);

    struct tx_frame asks = {.destination = own,
                            .source = bridge,
                            .ethertype = 0x88b5,
                            .kind = TX_PE_ARP,
                            .pe_arp = request(2000, 2000)};
    hear_signed(&f, asks, NULL);
    hear_signed(&f, asks, &wrong);
    assert_int_equal(f.sent_count, 1);
    assert_int_equal(f.events[CLAIMANT_FORGED], 2);
    hear_signed(&f, asks, &keys[1]);
    assert_int_equal(f.sent_count, 2);
    assert_int_equal(f.sent[1].pe_arp.type, PE_ARP_REPLY);
    assert_ptr_equal(f.sent[1].key, &keys[1]); /* the one that the bridge used */
    assert_false(f.sent[1].pe_arp.seq.present);
    claimant_stop(&f.claimant, &f.out);
    assert_true(f.sent[2].pe_arp.seq.present && f.sent[2].pe_arp.seq.number == 1001);
}

static void with_keys_another_bridge_takes_over_by_its_hello(void **state)
{
    static const struct pe_arp_key keys[] = {{.id = 3, .bytes = {1}}};
    struct fixture f;
    uint64_t next = 1000;
    (void)state;
    begin(&f);
    claimant_init(&f.claimant, &held, own, 0x88b5, 42, &(struct claimant_keys){keys, 1, &next});
    claimant_link(&f.claimant, f.now_ns, true, own, &f.out);
    struct tx_frame asks = {.destination = own,
                            .source = bridge,
                            .ethertype = 0x88b5,
                            .kind = TX_PE_ARP,
                            .pe_arp = request(2000, 2000)},
                    says = asks;
    hear_signed(&f, asks, &keys[0]);
    says.pe_arp = hello_of(bridge, 5, 1000);
    hear_signed(&f, says, &keys[0]);
    says.source = other;
    says.pe_arp = hello_of(other, 6, 999); /* kept from the time of another bridge */
    hear_signed(&f, says, &keys[0]);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 1);
    says.pe_arp = hello_of(other, 6, 1001);
    hear_signed(&f, says, NULL);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 1);
    hear_signed(&f, says, &keys[0]);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 2);
    assert_true(mac_equal(f.claimant.bridge, other));
    asks.source = asks.pe_arp.sha = other;
    hear_signed(&f, asks, &keys[0]);
    assert_true(f.claimant.challenged);
    says.pe_arp = hello_of(other, 7, 0); /* a number is missing now */
    hear_signed(&f, says, &keys[0]);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 2);
}

/* A fixture with keys, its link up and its first CLAIM sent. */
static void begin_with(struct fixture *f, const struct pe_arp_key *keys, size_t count, uint64_t *next)
{
    begin(f);
    claimant_init(&f->claimant, &held, own, 0x88b5, 42, &(struct claimant_keys){keys, count, next});
    claimant_link(&f->claimant, f->now_ns, true, own, &f->out);
    assert_int_equal(f->sent_count, 1);
}

static struct tx_frame message_of(struct mac from, struct pe_arp message)
{
    message.sha = from;
    return (struct tx_frame){
        .destination = own, .source = from, .ethertype = 0x88b5, .kind = TX_PE_ARP, .pe_arp = message};
}

static void a_host_signs_with_its_own_key_and_believes_the_bridges(void **state)
{
    static const struct pe_arp_key keys[] = {{.id = 2, .bytes = {2}, .role = KEY_GROUP},
                                             {.id = 3, .bytes = {3}, .role = KEY_HOST},
                                             {.id = 4, .bytes = {4}, .role = KEY_HOST},
                                             {.id = 5, .bytes = {5}, .role = KEY_BRIDGE},
                                             {.id = 6, .bytes = {6}, .role = KEY_BRIDGE}};
    struct fixture f;
    uint64_t next = 1000;
    (void)state;
    begin_with(&f, keys, 5, &next);
    assert_ptr_equal(f.sent[0].key, &keys[1]); /* the lowest of its own */
    const struct tx_frame asks = message_of(bridge, request(2000, 2000));
    const struct tx_frame says = message_of(other, hello_of(other, 6, 1001));
    for (unsigned i = 1; i <= 2; i++) { /* with the key of a host: its own, or one that it knows */
        hear_signed(&f, asks, &keys[i]);
        hear_signed(&f, says, &keys[i]);
    }
    assert_int_equal(f.events[CLAIMANT_FORGED], 4);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 0);
    assert_int_equal(f.sent_count, 1);
    for (unsigned i = 3; i <= 4; i++) { /* the old and the new key of the bridge */
        hear_signed(&f, asks, &keys[i]);
        assert_int_equal(f.sent[i - 2].pe_arp.type, PE_ARP_REPLY);
        assert_ptr_equal(f.sent[i - 2].key, &keys[1]);
    }
    hear_signed(&f, asks, &keys[0]); /* while the bridge still signs with that of the group */
    assert_int_equal(f.sent_count, 4);
    assert_ptr_equal(f.sent[3].key, &keys[1]);
    hear_signed(&f, message_of(bridge, hello_of(bridge, 6, 1001)), &keys[3]);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 1);
    claimant_stop(&f.claimant, &f.out);
    assert_int_equal(f.sent[f.sent_count - 1].pe_arp.type, PE_ARP_RELEASE);
    assert_ptr_equal(f.sent[f.sent_count - 1].key, &keys[1]);
}

/* Before it has a key of its own: it knows the bridge's already, which a host must not sign with. */
static void a_host_of_the_group_does_not_sign_with_the_bridges_key(void **state)
{
    static const struct pe_arp_key keys[] = {{.id = 3, .bytes = {3}, .role = KEY_BRIDGE},
                                             {.id = 7, .bytes = {7}, .role = KEY_GROUP},
                                             {.id = 8, .bytes = {8}, .role = KEY_GROUP}};
    struct fixture f;
    uint64_t next = 1000;
    (void)state;
    begin_with(&f, keys, 3, &next);
    assert_ptr_equal(f.sent[0].key, &keys[1]);
    const struct tx_frame asks = message_of(bridge, request(2000, 2000));
    hear_signed(&f, asks, &keys[0]);
    assert_ptr_equal(f.sent[1].key, &keys[1]);
    hear_signed(&f, asks, &keys[2]);
    assert_ptr_equal(f.sent[2].key, &keys[2]); /* the bridge knows this one */
    hear_signed(&f, asks, &keys[0]);
    assert_ptr_equal(f.sent[3].key, &keys[2]);
}

/* What another host signs with its own key only the bridge can check. Its claim makes this one claim, no more than one
 * without a key would; its objection changes nothing. */
static void what_cannot_be_checked_is_a_hint(void **state)
{
    static const struct pe_arp_key keys[] = {{.id = 3, .bytes = {3}, .role = KEY_HOST},
                                             {.id = 5, .bytes = {5}, .role = KEY_BRIDGE}};
    const struct pe_arp_key others = {.id = 9, .bytes = {9}, .role = KEY_HOST},
                            wrong = {.id = 5, .bytes = {9}, .role = KEY_HOST};
    struct fixture f;
    uint64_t next = 1000;
    (void)state;
    begin_with(&f, keys, 2, &next);
    hear_signed(&f, message_of(bridge, request(2000, 2000)), &keys[1]);
    assert_int_equal(f.sent_count, 2);
    struct pe_arp rival = {.type = PE_ARP_CLAIM, .spa = {range->address, 0, 2500, 3499}};
    rival.tpa = rival.spa;
    struct tx_frame claims = message_of(other, rival);
    hear_signed(&f, claims, NULL);
    hear_signed(&f, claims, &wrong);
    assert_int_equal(f.events[CLAIMANT_FORGED], 2);
    assert_int_equal(f.sent_count, 2);
    hear_signed(&f, claims, &others);
    assert_int_equal(f.events[CLAIMANT_FORGED], 2);
    assert_int_equal(f.events[CLAIMANT_CONFLICT], 1);
    assert_int_equal(f.sent[2].pe_arp.type, PE_ARP_CONFLICT);
    assert_ptr_equal(f.sent[2].key, &keys[0]);
    hear_signed(&f, claims, &others);
    assert_int_equal(f.events[CLAIMANT_CONFLICT], 1); /* one a second */
    struct pe_arp objection = {.type = PE_ARP_CONFLICT, .tha = own, .spa = {range->address, 0, 2000, 2999}};
    objection.tpa = objection.spa;
    hear_signed(&f, message_of(other, objection), &others);
    assert_int_equal(f.events[CLAIMANT_ACCUSED], 0);
    assert_true(f.claimant.confirmed);
    hear_signed(&f, message_of(other, hello_of(other, 6, 1001)), &others);
    hear_signed(&f, message_of(other, request(2000, 2000)), &others);
    assert_int_equal(f.events[CLAIMANT_FORGED], 4); /* a bridge's must be checked */
}

static void a_hello_far_ahead_makes_nobody_deaf(void **state)
{
    static const struct pe_arp_key keys[] = {{.id = 3, .bytes = {1}}};
    const uint64_t hour = UINT64_C(3600000000), start = UINT64_C(1790000000000000);
    struct fixture f;
    uint64_t next = 1000, number = start;
    (void)state;
    begin_with(&f, keys, 1, &next);
    hear_signed(&f, message_of(bridge, request(2000, 2000)), &keys[0]);
    hear_signed(&f, message_of(bridge, hello_of(bridge, 1, number)), &keys[0]);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 1);
    hear_signed(&f, message_of(other, hello_of(other, 2, UINT64_MAX)), &keys[0]);
    hear_signed(&f, message_of(other, hello_of(other, 2, start + hour + 1)), &keys[0]);
    assert_int_equal(f.events[CLAIMANT_FORGED], 2);
    hear_signed(&f, message_of(bridge, hello_of(bridge, 3, ++number)), &keys[0]);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 2);
    /* After an hour's sleep it may be two ahead. */
    f.now_ns += 3600 * NS_PER_S;
    hear_signed(&f, message_of(bridge, hello_of(bridge, 4, start + 2 * hour)), &keys[0]);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 3);
    f.now_ns += 60 * NS_PER_S;
    hear_signed(&f, message_of(bridge, hello_of(bridge, 4, start + 2 * hour + 1)), &keys[0]);
    /* The bridge's clock was set back: its HELLOs do not count, until none did for three periods, though it asks. */
    for (unsigned i = 0; i < 3; i++) {
        f.now_ns += 59 * NS_PER_S;
        hear_signed(&f, message_of(bridge, request(2000, 2000)), &keys[0]);
        hear_signed(&f, message_of(bridge, hello_of(bridge, 5, start + i)), &keys[0]);
        assert_int_equal(f.events[CLAIMANT_EPOCH], 3);
    }
    f.now_ns += 59 * NS_PER_S;
    hear_signed(&f, message_of(bridge, hello_of(bridge, 5, start + 9)), &keys[0]);
    assert_int_equal(f.events[CLAIMANT_EPOCH], 4);
}

/* A host that starts before its clock is set, or with one that is ahead, is heard once the clock is right. */
static void numbers_follow_the_clock(void **state)
{
    const uint64_t today = UINT64_C(1790000000000000), hour = UINT64_C(3600000000);
    (void)state;
    assert_true(claimant_number(5, today) == today); /* it was not set */
    assert_true(claimant_number(today + 1, today) == today + 1);
    assert_true(claimant_number(today + hour, today) == today + hour); /* a bridge may have taken it */
    assert_true(claimant_number(today + hour + 1, today) == today);    /* no bridge did */
    assert_true(claimant_number(UINT64_MAX, today) == today);
}

static void a_port_set_is_claimed_and_answered_as_one(void **state)
{
    (void)state;
    const struct port_set_params params = {4, 8};
    const struct port_range set = port_range_of_set(range->address, params, 0x34);
    struct fixture f;
    begin(&f);
    claimant_init(&f.claimant, &set, own, 0x88b5, 42, &(struct claimant_keys){0});
    claimant_link(&f.claimant, f.now_ns, true, own, &f.out);
    assert_int_equal(f.sent_count, 1);
    const struct pe_arp *claim = &f.sent[0].pe_arp;
    assert_true(claim->psid.present && claim->psid.offset == 4 && claim->psid.length == 8);
    assert_int_equal(claim->psid.psid, 0x34);
    assert_int_equal(claim->spa.first, 0x1340);
    assert_int_equal(claim->spa.last, 0xf34f);
    receive(&f, bridge, own, request(0x2341, 0x2341)); /* inside a span */
    assert_int_equal(f.sent_count, 2);
    assert_int_equal(f.sent[1].pe_arp.psid.psid, 0x34);
    receive(&f, bridge, own, request(0x2351, 0x2351)); /* between two */
    receive(&f, bridge, own, request(0x1340, 0x2341)); /* both ends are ours, what lies between is not */
    assert_int_equal(f.sent_count, 2);
    struct pe_arp other_set = {.type = PE_ARP_CLAIM, .sha = other, .spa = {range->address, 0, 0x1350, 0xf35f}};
    other_set.psid.present = true;
    other_set.psid.offset = 4;
    other_set.psid.length = 8;
    other_set.psid.psid = 0x35;
    receive(&f, other, mac_broadcast, other_set); /* its bounds reach into ours, its ports do not */
    assert_int_equal(f.events[CLAIMANT_CONFLICT], 0);
    other_set.psid.present = false; /* as a plain range they do */
    receive(&f, other, mac_broadcast, other_set);
    assert_int_equal(f.events[CLAIMANT_CONFLICT], 1);
}

static void the_ranges_of_a_host_count_their_numbers_together(void **state)
{
    static const struct pe_arp_key keys[] = {{.id = 3, .bytes = {1}}};
    const struct port_range more = {.range = {{0xc023a203}, 5000, 5999}};
    struct claimant second;
    struct fixture f;
    uint64_t next = 7;
    (void)state;
    begin(&f);
    claimant_init(&f.claimant, &held, own, 0x88b5, 42, &(struct claimant_keys){keys, 1, &next});
    claimant_init(&second, &more, own, 0x88b5, 43, &(struct claimant_keys){keys, 1, &next});
    claimant_link(&f.claimant, f.now_ns, true, own, &f.out);
    claimant_link(&second, f.now_ns, true, own, &f.out);
    f.claimant.confirmed = true;
    claimant_stop(&f.claimant, &f.out);
    assert_int_equal(f.sent_count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_true(f.sent[i].pe_arp.seq.number == 7 + i);
    assert_int_equal(f.sent[1].pe_arp.spa.first, 5000);
}

static struct range ports(uint16_t first, uint16_t last)
{
    return (struct range){range->address, first, last};
}

static void upwards_the_addition_is_claimed_and_the_whole_answered(void **state)
{
    (void)state;
    struct fixture f;
    begin_up(&f);
    assert_int_equal(claimant_resize(&f.claimant, f.now_ns, ports(2000, 3499), &f.out), 0);
    assert_int_equal(claimant_resize(&f.claimant, f.now_ns, ports(2000, 4499), &f.out), -EBUSY);
    assert_int_equal(f.sent_count, 1);
    assert_int_equal(f.sent[0].pe_arp.type, PE_ARP_CLAIM);
    assert_int_equal(f.sent[0].pe_arp.spa.first, 3000);
    assert_int_equal(f.sent[0].pe_arp.tpa.last, 3499);
    receive(&f, bridge, own, request(2000, 2000));           /* looks after what is held */
    receive(&f, bridge, mac_broadcast, request(3000, 3000)); /* asks everybody */
    assert_int_equal(f.sent_count, 2);
    assert_int_equal(f.sent[1].pe_arp.spa.last, 2999);
    assert_int_equal(f.events[CLAIMANT_RESIZED], 0);
    receive(&f, bridge, own, request(3000, 3000));
    assert_int_equal(f.events[CLAIMANT_RESIZED], 1);
    assert_int_equal(f.sent_count, 3);
    assert_int_equal(f.sent[2].pe_arp.type, PE_ARP_REPLY);
    assert_int_equal(f.sent[2].pe_arp.spa.first, 2000);
    assert_int_equal(f.sent[2].pe_arp.spa.last, 3499);
    receive(&f, bridge, own, request(2000, 2000));
    assert_int_equal(f.sent[3].pe_arp.spa.last, 3499);
}

static void another_range_is_claimed_whole(void **state)
{
    (void)state;
    static const struct {
        uint16_t first, last;
        unsigned sent; /* the claim, the reply, and a release where nothing is left of what was held */
    } wanted[] = {{1000, 2999, 2}, {1000, 3999, 2}, {2500, 2999, 2}, {2500, 3499, 2}, {5000, 5999, 3}};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct fixture f;
        begin_up(&f);
        receive(&f, bridge, own, request(2000, 2000));
        f.sent_count = 0;
        assert_int_equal(claimant_resize(&f.claimant, f.now_ns, ports(wanted[i].first, wanted[i].last), &f.out),
                         0);
        assert_int_equal(f.sent[0].pe_arp.spa.first, wanted[i].first);
        assert_int_equal(f.sent[0].pe_arp.spa.last, wanted[i].last);
        receive(&f, bridge, own, request(wanted[i].first, wanted[i].first));
        assert_int_equal(f.events[CLAIMANT_RESIZED], 1);
        assert_int_equal(f.sent_count, wanted[i].sent);
        assert_int_equal(f.sent[1].pe_arp.spa.last, wanted[i].last);
        if (wanted[i].sent < 3)
            continue;
        assert_int_equal(f.sent[2].pe_arp.type, PE_ARP_RELEASE);
        assert_int_equal(f.sent[2].pe_arp.spa.first, 2000);
    }
}

static void what_another_holds_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct pe_arp conflict = {.type = PE_ARP_CONFLICT,
                              .sha = other,
                              .tha = own,
                              .spa = {range->address, 0, 3000, 3999},
                              .tpa = {range->address, 0, 3000, 3499}};
    begin_up(&f);
    (void)claimant_resize(&f.claimant, f.now_ns, ports(2000, 3499), &f.out);
    receive(&f, other, mac_broadcast, conflict);
    assert_int_equal(f.events[CLAIMANT_REFUSED], 1);
    assert_int_equal(f.events[CLAIMANT_ACCUSED], 0);
    receive(&f, bridge, own, request(3000, 3000)); /* too late: it is not ours */
    assert_int_equal(f.sent_count, 1);
    assert_int_equal(f.claimant.held.range.last, 2999);
}

static void nobody_asks_for_what_is_wanted(void **state)
{
    (void)state;
    static const double expected[] = {1, 3, 7};
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    (void)claimant_resize(&f.claimant, f.now_ns, ports(2000, 3499), &f.out);
    assert_int_equal(run_timers(&f, 9, times, SENT_MAX), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_true(times[i] == expected[i]);
    assert_int_equal(f.events[CLAIMANT_UNANSWERED], 0);
    assert_int_equal(run_timers(&f, 100, times, SENT_MAX), 0);
    assert_int_equal(f.events[CLAIMANT_UNANSWERED], 1);
    assert_int_equal(f.claimant.held.range.last, 2999);
    (void)claimant_resize(&f.claimant, f.now_ns, ports(2000, 3499), &f.out);
    claimant_link(&f.claimant, f.now_ns, false, own, &f.out);
    assert_int_equal(f.events[CLAIMANT_UNANSWERED], 2);
    assert_int_equal(claimant_resize(&f.claimant, f.now_ns, ports(2000, 3499), &f.out), -ENETDOWN);
}

static struct pe_arp objection(void)
{
    struct pe_arp conflict = claim_of(other);
    conflict.type = PE_ARP_CONFLICT;
    conflict.tha = own;
    return conflict;
}

static void a_refused_claim_is_displaced_and_not_released(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, other, mac_broadcast, objection());
    (void)run_timers(&f, CLAIMANT_RECLAIM_S - 1, times, SENT_MAX);
    assert_false(f.claimant.displaced);
    (void)run_timers(&f, 1, times, SENT_MAX);
    assert_true(f.claimant.displaced);
    assert_int_equal(f.events[CLAIMANT_DISPLACED], 1);
    assert_true(mac_equal(f.claimant.rival, other));
    assert_true(run_timers(&f, 120, times, SENT_MAX) >= 2); /* it is claimed on */
    assert_int_equal(f.events[CLAIMANT_DISPLACED], 1);
    f.sent_count = 0;
    claimant_stop(&f.claimant, &f.out);
    assert_int_equal(f.sent_count, 0);
}

static void an_owner_that_is_asked_no_more_is_displaced(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    receive(&f, other, own, claim_of(other)); /* to this host alone: the bridge does not receive it */
    assert_int_equal(run_timers(&f, 100, times, SENT_MAX), 0);
    receive(&f, other, mac_broadcast, claim_of(other));
    f.sent_count = 0;
    assert_int_equal(run_timers(&f, CLAIMANT_WAIT_S - 1, times, SENT_MAX), 0);
    assert_int_equal(run_timers(&f, CLAIMANT_RECLAIM_S, times, SENT_MAX), 4); /* at 1, 2, 4 and 8 s */
    assert_int_equal(f.sent[0].pe_arp.type, PE_ARP_CLAIM);
    assert_false(f.claimant.displaced);
    (void)run_timers(&f, 1, times, SENT_MAX);
    assert_true(f.claimant.displaced);
    receive(&f, bridge, own, request(2000, 2000)); /* the other is gone */
    assert_false(f.claimant.displaced);
    assert_int_equal(f.events[CLAIMANT_CHALLENGED], 2);
    assert_int_equal(run_timers(&f, 1000, times, SENT_MAX), 0);
    f.sent_count = 0;
    claimant_stop(&f.claimant, &f.out);
    assert_int_equal(f.sent_count, 1);
}

static void an_owner_that_is_asked_stays(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    receive(&f, other, mac_broadcast, claim_of(other));
    (void)run_timers(&f, 3, times, SENT_MAX);
    receive(&f, bridge, own, request(2000, 2000)); /* the bridge asks the owner first */
    assert_int_equal(run_timers(&f, 1000, times, SENT_MAX), 0);
    for (unsigned i = 0; i < 100;
         i++) { /* whoever objects all the time gets one claim in five seconds, and no more */
        receive(&f, other, mac_broadcast, objection());
        f.sent_count = 0;
        assert_true(run_timers(&f, 1, times, SENT_MAX) <= 1);
        if (f.sent_count > 0)
            receive(&f, bridge, own, request(2000, 2000));
    }
    assert_in_range(f.claimant.counts.claims, 1 + 100 / (CLAIMANT_WAIT_S + 1), 1 + 100 / CLAIMANT_WAIT_S);
    assert_int_equal(f.events[CLAIMANT_DISPLACED], 0);
}

static void an_epoch_without_a_challenge_displaces(void **state)
{
    (void)state;
    struct fixture f;
    double times[SENT_MAX];
    begin_up(&f);
    receive(&f, bridge, own, request(2000, 2000));
    receive(&f, bridge, mac_broadcast, hello(5, 0));
    f.sent_count = 0;
    assert_int_equal(run_timers(&f, CLAIMANT_WAIT_HELLO_S - 1, times, SENT_MAX), 1);
    claimant_tick(&f.claimant, f.now_ns, &f.out);
    (void)run_timers(&f, 2 + CLAIMANT_RECLAIM_S, times, SENT_MAX);
    assert_true(f.claimant.displaced);
    claimant_link(&f.claimant, f.now_ns, false, own, &f.out);
    claimant_link(&f.claimant, f.now_ns, true, own, &f.out);
    assert_false(f.claimant.displaced); /* begins again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_back_off_until_challenged),
        cmocka_unit_test(link_up_claims_again),
        cmocka_unit_test(requests_inside_are_answered),
        cmocka_unit_test(other_requests_are_not),
        cmocka_unit_test(hello_of_a_new_epoch_gets_one_claim_in_its_window),
        cmocka_unit_test(made_up_epochs_get_three_claims_and_then_one_in_ten_seconds),
        cmocka_unit_test(a_window_is_a_minute_at_most),
        cmocka_unit_test(of_two_windows_the_earlier_time_counts),
        cmocka_unit_test(who_asked_is_the_bridge_and_nobody_else),
        cmocka_unit_test(a_silent_bridge_is_let_go),
        cmocka_unit_test(a_slow_bridge_is_not_silent),
        cmocka_unit_test(a_hello_with_an_old_number_is_ignored),
        cmocka_unit_test(forged_hellos_cost_little),
        cmocka_unit_test(any_hello_names_a_gateway),
        cmocka_unit_test(hello_of_others_is_ignored),
        cmocka_unit_test(a_foreign_claim_is_a_conflict),
        cmocka_unit_test(a_rival_in_the_window_is_claimed_against_at_once),
        cmocka_unit_test(rivals_fall_silent),
        cmocka_unit_test(who_is_not_asked_for_long_claims_again_and_notices),
        cmocka_unit_test(an_accusation_is_told),
        cmocka_unit_test(release_is_the_last_word),
        cmocka_unit_test(with_keys_the_authentic_is_believed_and_all_is_signed),
        cmocka_unit_test(with_keys_another_bridge_takes_over_by_its_hello),
        cmocka_unit_test(a_host_signs_with_its_own_key_and_believes_the_bridges),
        cmocka_unit_test(a_host_of_the_group_does_not_sign_with_the_bridges_key),
        cmocka_unit_test(what_cannot_be_checked_is_a_hint),
        cmocka_unit_test(a_hello_far_ahead_makes_nobody_deaf),
        cmocka_unit_test(numbers_follow_the_clock),
        cmocka_unit_test(a_port_set_is_claimed_and_answered_as_one),
        cmocka_unit_test(the_ranges_of_a_host_count_their_numbers_together),
        cmocka_unit_test(upwards_the_addition_is_claimed_and_the_whole_answered),
        cmocka_unit_test(another_range_is_claimed_whole),
        cmocka_unit_test(what_another_holds_is_refused),
        cmocka_unit_test(nobody_asks_for_what_is_wanted),
        cmocka_unit_test(a_refused_claim_is_displaced_and_not_released),
        cmocka_unit_test(an_owner_that_is_asked_no_more_is_displaced),
        cmocka_unit_test(an_owner_that_is_asked_stays),
        cmocka_unit_test(an_epoch_without_a_challenge_displaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
