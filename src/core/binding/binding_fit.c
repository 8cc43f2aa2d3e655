/* binding_fit.c: see binding_fit.h. */
#include "binding_fit.h"

#include "engine_state.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/denied.h"
#include "tables/shared_address.h"

/* True where the bridge itself leases ports of the address and `ports` is one of its sets. */
static bool fits_pool(const struct config_address *a, const struct port_range *ports)
{
    uint16_t psid;
    if (!a->is_served || ports->range.first < a->ports_first || ports->range.last > a->ports_last ||
        !port_set_of(a->lease_psid, ports->range.first, &psid))
        return false;
    const struct port_range set = binding_ports_of_set(a, a->lease_psid, psid);
    return port_range_equal(&set, ports);
}

bool binding_fits_lease(const struct config_address *a, const struct port_range *ports)
{
    if (a->has_psid && !(ports->is_port_set && port_set_same(a->psid, ports->params)))
        return false;
    return ports->range.first >= a->ports_first && ports->range.last <= a->ports_last;
}

bool binding_is_resolvable(const struct config_address *a, uint16_t port)
{
    uint16_t psid;
    if (!(a->learn & LEARN_PE_ARP) || port < a->ports_first || port > a->ports_last)
        return false;
    return !a->has_psid || port_set_of(a->psid, port, &psid);
}

static unsigned learn_bit_of(enum binding_origin origin)
{
    switch (origin) {
    case ORIGIN_PE_ARP:
        return LEARN_PE_ARP;
    case ORIGIN_TRAFFIC:
        return LEARN_TRAFFIC;
    case ORIGIN_DHCP:
        return LEARN_DHCP;
    case ORIGIN_CONFIG:
    case ORIGIN_CONTROL:
        break;
    }
    return 0;
}

bool binding_fits(const struct engine *e, const struct port_range *ports, struct mac owner,
                  enum binding_origin origin)
{
    const struct config_address *a = &e->config.addresses[shared_address_of_ports(e, ports)];
    if (mac_equal(owner, e->config.mac))
        return false;
    if (is_denied(e, owner))
        return false;
    if (binding_origin_is_permanent(origin))
        return true;
    if (origin == ORIGIN_DHCP && fits_pool(a, ports))
        return true;
    if (!(a->learn & learn_bit_of(origin)))
        return false;
    if (origin == ORIGIN_DHCP)
        return binding_fits_lease(a, ports);
    if (origin == ORIGIN_PE_ARP && fits_pool(a, ports))
        return true; /* claimed by its agent (pe_arp_rules.c) */
    if (ports->range.first < a->ports_first || ports->range.last > a->ports_last ||
        ports->is_port_set != a->has_psid)
        return false;
    return !a->has_psid || port_set_same(a->psid, ports->params);
}
