#!/usr/bin/python3
"""pe_arp_host: a host that speaks PE-ARP, written from docs/pe-arp.md alone, so that a test can show that the document
is enough. The sections named below are its sections. It shares no code with pearpd, and no tables with it.

  pe_arp_host.py INTERFACE ADDRESS FIRST-LAST|OFFSET/LENGTH/PSID [-k ID=HEX[,bridge|,host]]... [-e 0x88b5|arp]

It claims the range, or the port set, until SIGTERM or SIGINT, and prints one line for each message that it sends,
receives or ignores, and for a change of the link. It leaves out what the document makes optional: services, a change
of the range, and the doubt.
"""

import argparse
import fcntl
import hashlib
import hmac
import random
import select
import signal
import socket
import struct
import time
from typing import NamedTuple

# Code points and constants: sections 4, 5 and 20, appendix C.
AR_PRO = 0x88B5
ENCAPSULATIONS = {"0x88b5": 0x88B5, "arp": 0x0806}
NAMES = {1: "REQUEST", 2: "REPLY", 3: "CLAIM", 4: "RELEASE", 5: "CONFLICT", 6: "HELLO"}
REQUEST, REPLY, CLAIM, RELEASE, CONFLICT, HELLO = NAMES
OPERATIONS = {kind: 24 if kind in (REQUEST, HELLO) else 25 for kind in NAMES}
PSID, GATEWAY, SEQ, SHARED_MAC, AUTH = 0x01, 0x02, 0x03, 0x04, 0x7F
TLV_LENGTHS = {PSID: 4, GATEWAY: 10, SEQ: 8, SHARED_MAC: 6, AUTH: 20}
FIXED = struct.Struct("!HHBBH6s10s6s10sBBH8sH")
MAC_OCTETS = 16
PROTOCOLS = (0, 1, 6, 17, 33, 132, 136)
BROADCAST, NO_MAC = b"\xff" * 6, bytes(6)
MAX_GAP_S = 60
MAX_WINDOW_S = 60
HELLO_S = 60
UNASKED_S = 120
HELLO_CLAIMS, HELLO_CLAIM_GAP_S = 3, 10
SEQ_AHEAD_S = 3600
GROUP_ROLE, BRIDGE_ROLE, HOST_ROLE = "group", "bridge", "host"
POLL_S = 0.2  # how often the link is looked at

# Linux: <linux/if_packet.h>, <linux/sockios.h>, <linux/if.h>
PACKET_OTHERHOST = 3
SIOCGIFFLAGS, SIOCGIFHWADDR = 0x8913, 0x8927
IFF_UP_RUNNING = 0x41


class Malformed(Exception):
    pass


class PortAddress(NamedTuple):
    address: str = "0.0.0.0"
    protocol: int = 0
    first: int = 0
    last: int = 0

    def encode(self):
        return socket.inet_aton(self.address) + struct.pack("!BBHH", self.protocol, 0, self.first, self.last)

    def __str__(self):
        return "%s:%d-%d/%d" % (self.address, self.first, self.last, self.protocol)


def port_address(octets):
    protocol, _flags, first, last = struct.unpack("!BBHH", octets[4:])
    if last < first:
        raise Malformed("the last port is below the first")
    return PortAddress(socket.inet_ntoa(octets[:4]), protocol, first, last)


class Message(NamedTuple):
    type: int
    sha: bytes
    spa: PortAddress
    tha: bytes
    tpa: PortAddress
    lifetime: int = 0
    nonce: bytes = bytes(8)
    tlvs: tuple = ()

    def tlv(self, wanted):
        return next((value for kind, value in self.tlvs if kind == wanted), None)

    def encode(self):
        tlvs = b"".join(struct.pack("!BB", kind, len(value)) + value for kind, value in self.tlvs)
        return FIXED.pack(1, AR_PRO, 6, 10, OPERATIONS[self.type], self.sha, self.spa.encode(), self.tha,
                          self.tpa.encode(), 1, self.type, self.lifetime, self.nonce, len(tlvs)) + tlvs

    def __str__(self):
        words = ["spa %s tpa %s nonce %s" % (self.spa, self.tpa, self.nonce.hex())]
        if self.type == HELLO:
            words.append("window %d" % self.lifetime)
        if self.tlv(PSID):
            words.append("psid %d/%d/%d" % psid_of(self.tlv(PSID)))
        if self.tlv(SEQ):
            words.append("seq %d" % int.from_bytes(self.tlv(SEQ), "big"))
        if self.tlv(AUTH):
            words.append("key %d" % int.from_bytes(self.tlv(AUTH)[:4], "big"))
        return " ".join(words)


# Section 4: reading a message

def decode(payload):
    """The message and its octets without padding, None if it is not PE-ARP."""
    if len(payload) < 8 or struct.unpack_from("!HH", payload) != (1, AR_PRO):
        return None
    if len(payload) < FIXED.size:
        raise Malformed("it ends within the fixed part")
    _, _, hln, pln, operation, sha, spa, tha, tpa, version, kind, lifetime, nonce, ext_len = FIXED.unpack_from(payload)
    if (hln, pln, version) != (6, 10, 1) or OPERATIONS.get(kind) != operation:
        raise Malformed("its lengths, version, type or ar$op")
    if ext_len > 512 or len(payload) < FIXED.size + ext_len:
        raise Malformed("its ext_len")
    payload = payload[:FIXED.size + ext_len]
    tlvs = tuple(decode_tlvs(payload[FIXED.size:]))
    return Message(kind, sha, port_address(spa), tha, port_address(tpa), lifetime, nonce, tlvs), payload


def decode_tlvs(octets):
    seen = set()
    while octets:
        if AUTH in seen:
            raise Malformed("something follows AUTH")
        if len(octets) < 2 or len(octets) < 2 + octets[1]:
            raise Malformed("a TLV runs over the end")
        kind, value, octets = octets[0], octets[2:2 + octets[1]], octets[2 + octets[1]:]
        if kind in TLV_LENGTHS:
            if len(value) != TLV_LENGTHS[kind] or kind in seen:
                raise Malformed("the length or number of TLV 0x%02x" % kind)
        elif kind < 0x40:
            raise Malformed("TLV 0x%02x is unknown" % kind)
        if kind == PSID:
            psid_of(value)
        seen.add(kind)
        yield kind, value


# Section 14: port sets

def psid_of(value):
    offset, length, left_aligned = struct.unpack("!BBH", value)
    if offset > 15 or not 1 <= length <= 16 or offset + length > 16 or left_aligned & ((1 << 16 - length) - 1):
        raise Malformed("PSID")
    return offset, length, left_aligned >> 16 - length


def port_set(offset, length, psid):
    bits = 16 - offset - length
    firsts = [(i << 16 - offset) + (psid << bits) for i in (range(1, 1 << offset) if offset else (0,))]
    return [(first, first + (1 << bits) - 1) for first in firsts]


def share_a_port(spans, others):
    return any(first <= other_last and other_first <= last
               for first, last in spans for other_first, other_last in others)


# Section 13: authentication

def mac_of(key, payload):
    return hmac.new(key, payload[:-MAC_OCTETS] + bytes(MAC_OCTETS), hashlib.sha256).digest()[:MAC_OCTETS]


def signed(payload, key):
    return payload[:-MAC_OCTETS] + mac_of(key, payload)


class Key(NamedTuple):
    secret: bytes
    role: str


def may_send(role, kind):
    return role == GROUP_ROLE or (role == BRIDGE_ROLE) == (kind in (REQUEST, HELLO))


def lowest(keys, *roles):
    """The lowest id of the first of the roles that has one, or None."""
    found = (min((key_id for key_id, key in keys.items() if key.role == role), default=None) for role in roles)
    return next((key_id for key_id in found if key_id is not None), None)


HINT, FORGED = "hint", "forged"


def judged(message, payload, keys):
    """The id of the key by which the message is authentic, or HINT, or FORGED."""
    auth = message.tlv(AUTH)
    if auth is None:
        return FORGED
    key_id = int.from_bytes(auth[:4], "big")
    if key_id in keys:
        good = hmac.compare_digest(auth[4:], mac_of(keys[key_id].secret, payload))
        return key_id if good and may_send(keys[key_id].role, message.type) else FORGED
    of_a_host = message.type not in (REQUEST, HELLO)
    return HINT if of_a_host and any(key.role != GROUP_ROLE for key in keys.values()) else FORGED


# Section 17: the host

class Host:
    def __init__(self, options):
        self.interface, self.address, self.keys = options.interface, options.address, dict(options.key)
        self.ethertype = ENCAPSULATIONS[options.encap]
        self.spans, self.psid = options.ports
        self.range = PortAddress(self.address, 0, self.spans[0][0], self.spans[-1][1])
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(self.ethertype))
        self.socket.bind((self.interface, self.ethertype))
        self.mac = None
        self.link = False
        self.gap = 0.0
        self.next_claim = None  # of section 9.1
        self.epoch = None
        self.hello_claim = None  # when the CLAIM for HELLO is due
        self.hello_claims_until = 0.0  # those before have used up 10 s each, to here
        self.earliest_rival_claim = self.earliest_conflict = 0.0
        self.bridge = None  # of section 11.1: who asked
        self.silent = self.asked = 0.0  # when it is taken for silent, and when it last asked
        self.hello_from = self.hello_at = self.hello_gap = self.hello_seq = None  # of the last HELLO that counted
        self.known = False  # the bridge may have a binding: there is something to release
        self.key_id = lowest(self.keys, HOST_ROLE, GROUP_ROLE)
        self.seq = int(time.time() * 1e6)

    # Sending

    def next_seq(self):
        clock = int(time.time() * 1e6)
        return self.seq + 1 if clock <= self.seq + 1 <= clock + SEQ_AHEAD_S * 1000000 else clock

    def send(self, kind, destination, tha, tpa, nonce=bytes(8)):
        tlvs = []
        if self.psid:
            tlvs.append((PSID, self.psid))
        if self.keys and kind != REPLY:
            self.seq = self.next_seq()
            tlvs.append((SEQ, struct.pack("!Q", self.seq)))
        if self.keys:
            tlvs.append((AUTH, struct.pack("!I", self.key_id) + bytes(MAC_OCTETS)))
        message = Message(kind, self.mac, self.range, tha, tpa, 0, nonce, tuple(tlvs))
        payload = message.encode()
        if self.keys:
            payload = signed(payload, self.keys[self.key_id].secret)
        try:
            self.socket.send(destination + self.mac + struct.pack("!H", self.ethertype) + payload)
            say("sent", NAMES[kind], "to", destination.hex(":"), message)
        except OSError as error:  # the link went down just now
            say("not sent", NAMES[kind], error.strerror)

    def claim(self):
        self.earliest_rival_claim = time.monotonic() + 1
        self.send(CLAIM, BROADCAST, NO_MAC, self.range)

    # Time and link

    def look_at_link(self, now):
        request = struct.pack("16s24x", self.interface.encode())
        flags = struct.unpack_from("=16xH", fcntl.ioctl(self.socket, SIOCGIFFLAGS, request))[0]
        mac = fcntl.ioctl(self.socket, SIOCGIFHWADDR, request)[18:24]
        link = flags & IFF_UP_RUNNING == IFF_UP_RUNNING
        if mac != self.mac:
            self.known = False
        if mac != self.mac or link != self.link or self.bridge and now >= self.silent:
            self.bridge = self.hello_seq = None
        if not link:
            self.next_claim = self.hello_claim = None
        elif not self.link or mac != self.mac:
            self.gap, self.next_claim = 0.5, now
        if link != self.link:
            say("link up" if link else "link down")
        self.link, self.mac = link, mac

    def send_what_is_due(self, now):
        if self.next_claim is not None and self.next_claim <= now:
            self.claim()
            self.gap = min(2 * self.gap, MAX_GAP_S)
            self.next_claim = now + self.gap
        if self.hello_claim is not None and self.hello_claim <= now:
            self.claim()
            self.hello_claim = None
            self.hello_claims_until = max(self.hello_claims_until, now) + HELLO_CLAIM_GAP_S

    def until_next(self, now):
        due = [moment - now for moment in (self.next_claim, self.hello_claim) if moment is not None]
        return max(0, min(due + [POLL_S]))

    # Receiving

    def receive(self):
        try:
            frame, address = self.socket.recvfrom(2048)
        except OSError:  # the interface went down just now
            return
        destination, source = frame[:6], frame[6:12]
        # On Linux a frame of another VLAN comes without its tag, as OTHERHOST.
        if address[2] == PACKET_OTHERHOST or source == self.mac or source == NO_MAC or source[0] & 1:
            return
        try:
            decoded = decode(frame[14:])
        except Malformed as why:
            say("ignored a malformed message from", source.hex(":"), why)
            return
        if decoded is None:
            return
        message, payload = decoded
        key_id = judged(message, payload, self.keys) if self.keys else None
        if message.sha != source or key_id == FORGED:
            say("ignored", NAMES[message.type], "from", source.hex(":"), message,
                "sha is not its source" if message.sha != source else "its AUTH is not good")
            return
        say("received", NAMES[message.type], "from", source.hex(":"), message)
        if key_id == HINT and message.type != CLAIM:
            return
        if self.keys and message.type in (REQUEST, HELLO):
            self.follow(key_id)
        self.handle(message, destination == self.mac, time.monotonic())

    def follow(self, key_id):
        if {self.keys[key_id].role, self.keys[self.key_id].role} == {GROUP_ROLE}:
            self.key_id = key_id

    def handle(self, message, to_itself, now):
        if message.type == REQUEST:
            self.request(message, to_itself, now)
        elif message.type == HELLO and message.tpa.address == self.address:
            self.hello(message, now)
        elif message.type == CLAIM and message.spa.address == self.address:
            psid = message.tlv(PSID)
            spans = port_set(*psid_of(psid)) if psid else [message.spa[2:]]
            if share_a_port(self.spans, spans):
                self.rival(message, to_itself, now)
        elif message.type == CONFLICT and message.tha == self.mac and message.tpa.address == self.address and \
                share_a_port(self.spans, [message.tpa[2:]]):
            self.known = False
            say("reported: %s holds %s" % (message.sha.hex(":"), message.spa))

    def rival(self, message, to_itself, now):
        if now >= self.earliest_conflict:
            self.earliest_conflict = now + 1
            self.send(CONFLICT, BROADCAST, message.sha, message.spa)
        if not to_itself and now >= self.earliest_rival_claim:
            self.hello_claim = None
            self.claim()

    def request(self, message, to_itself, now):
        tpa = message.tpa
        if tpa.address != self.address or tpa.protocol not in PROTOCOLS:
            return
        if not all(share_a_port(self.spans, [(port, port)]) for port in (tpa.first, tpa.last)) or \
                self.psid and tpa.first != tpa.last:
            return
        self.send(REPLY, message.sha, message.sha, tpa, message.nonce)
        self.known = True
        if to_itself and self.bridge in (None, message.sha):
            self.next_claim = None
            self.bridge, self.asked = message.sha, now
            self.heard(now)

    # Section 11: HELLO

    def silence(self):
        return 3 * max(HELLO_S, self.hello_gap or 0)

    def heard(self, now):
        self.silent = now + self.silence()

    def hello_counts(self, message, now):
        if message.tlv(SHARED_MAC) not in (None, message.sha):
            return False
        if not self.keys and self.bridge not in (None, message.sha):
            return False
        if self.hello_seq is None or not self.keys and message.sha != self.hello_from:
            return True
        if now - self.hello_at >= self.silence():
            return True
        if not message.tlv(SEQ):
            return not self.keys
        step = int.from_bytes(message.tlv(SEQ), "big") - self.hello_seq
        return 0 < step <= (now - self.hello_at + SEQ_AHEAD_S) * 1e6

    def hello(self, message, now):
        if not self.hello_counts(message, now):
            say("ignored a HELLO: not of the bridge, or old")
            return
        if message.sha != self.hello_from:
            self.hello_from, self.hello_gap = message.sha, None
        else:
            self.hello_gap = min(self.hello_gap or now - self.hello_at, now - self.hello_at)
        self.hello_at = now
        self.hello_seq = int.from_bytes(message.tlv(SEQ), "big") if message.tlv(SEQ) else None
        if message.sha != self.bridge:
            self.bridge = None
        self.heard(now)
        managed = self.range.first >= message.tpa.first and self.range.last <= message.tpa.last
        if message.nonce != self.epoch:
            self.epoch, self.asked = message.nonce, 0.0
            if managed:
                self.claim_within(min(message.lifetime, MAX_WINDOW_S), now)
            else:
                say("reported: %s is not inside the managed ports" % (self.range,))
        elif managed and self.next_claim is None and now - self.asked >= UNASKED_S:
            self.claim_within(MAX_WINDOW_S, now)

    def claim_within(self, window, now):
        allowed = self.hello_claims_until - (HELLO_CLAIMS - 1) * HELLO_CLAIM_GAP_S
        due = max(now + random.uniform(0, window), allowed)
        self.hello_claim = min(due, self.hello_claim or due)

    def run(self, ended):
        while not ended:
            now = time.monotonic()
            self.look_at_link(now)
            if self.link:
                self.send_what_is_due(now)
            if select.select([self.socket], [], [], self.until_next(now))[0]:
                self.receive()
        if self.link and self.known:
            self.send(RELEASE, BROADCAST, NO_MAC, self.range)


def say(*words):
    print(*words, flush=True)


def ports_of(text):
    """The spans, and the value of PSID or None."""
    if "/" not in text:
        first, last = (int(word) for word in text.split("-"))
        return [(first, last)], None
    offset, length, psid = (int(word) for word in text.split("/"))
    value = struct.pack("!BBH", offset, length, psid << 16 - length)
    return port_set(*psid_of(value)), value


def key_of(text):
    key_id, value = text.split("=")
    digits, _, role = value.partition(",")
    secret = bytes.fromhex(digits)
    if len(secret) != 32 or role not in ("", BRIDGE_ROLE, HOST_ROLE):
        raise ValueError
    return int(key_id), Key(secret, role or GROUP_ROLE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("interface")
    parser.add_argument("address")
    parser.add_argument("ports", type=ports_of)
    parser.add_argument("-k", dest="key", type=key_of, action="append", default=[])
    parser.add_argument("-e", dest="encap", choices=sorted(ENCAPSULATIONS), default="0x88b5")
    host, ended = Host(parser.parse_args()), []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.append(True))
    host.run(ended)


if __name__ == "__main__":
    main()
