/* port_set.c: see port_set.h. The port's bits, from the top: offset, PSID, the rest. */
#include "pearpd/port_set.h"

bool port_set_valid(struct port_set_params params)
{
    return params.offset <= 15 && params.length >= 1 && params.length <= 16 &&
           params.offset + params.length <= 16;
}

bool port_set_same(struct port_set_params a, struct port_set_params b)
{
    return a.offset == b.offset && a.length == b.length;
}

static unsigned rest_bits(struct port_set_params params)
{
    return 16U - params.offset - params.length;
}

bool port_set_of(struct port_set_params params, uint16_t port, uint16_t *psid)
{
    if (params.offset > 0 && port >> (16 - params.offset) == 0)
        return false;
    *psid = (uint16_t)((unsigned)port >> rest_bits(params) & ((1U << params.length) - 1));
    return true;
}

unsigned port_set_spans(struct port_set_params params)
{
    return params.offset == 0 ? 1 : (1U << params.offset) - 1;
}

struct port_span port_set_span(struct port_set_params params, uint16_t psid, unsigned index)
{
    unsigned top = params.offset == 0 ? 0 : (index + 1) << (16 - params.offset);
    unsigned first = top | (unsigned)psid << rest_bits(params);
    return (struct port_span){(uint16_t)first, (uint16_t)(first + (1U << rest_bits(params)) - 1)};
}

struct port_span port_set_span_of(struct port_set_params params, uint16_t port)
{
    unsigned rest = (1U << rest_bits(params)) - 1;
    return (struct port_span){(uint16_t)(port & ~rest), (uint16_t)(port | rest)};
}

struct port_span port_set_bounds(struct port_set_params params, uint16_t psid)
{
    struct port_span lowest = port_set_span(params, psid, 0);
    struct port_span highest = port_set_span(params, psid, port_set_spans(params) - 1);
    return (struct port_span){lowest.first, highest.last};
}
