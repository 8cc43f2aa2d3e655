"""floor_plan: the arrows between the folders of src. CONTRIBUTING.md has the picture.

Imported by: scripts/lint-includes (as #include lines show them), scripts/lint-arrows (as symbols show them).
"""

ARROWS = {
    "base": {"base"},
    "wire": {"wire", "base"},
    "core": {"core", "wire", "base"},
    "conf": {"conf", "wire", "base"},
    "io": {"io", "wire", "base"},
    "bpf": {"bpf", "io"},
    "daemon": {"daemon", "io", "conf", "core", "wire", "base"},
    "ctl": {"ctl", "io", "wire", "base"},
    "agent": {"agent", "io", "wire", "base"},
    "main": {"daemon", "base"},
}
# Rooms within a layer: each uses itself and those after it. "": the layer's own files.
ROOMS = {
    "core": ["", "rules", "binding", "tables", "out"],
    "agent": ["", "run", "status", "usage", "config", "dhcp", "dns", "pe_arp", "host"],
}


def room_may_use(layer, room, other):
    """True where both are rooms of the layer, and `other` is not above `room`; or where the layer has no rooms."""
    rooms = ROOMS.get(layer)
    return rooms is None or rooms.index(room) <= rooms.index(other)
