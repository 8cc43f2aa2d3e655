#!/usr/bin/python3
"""talk: the traffic of the lab: servers that say who they are, clients that print what they were told, raw frames.

  serve NAME READY PORT...          TCP and UDP on each port, until ended; the file READY is made when all are open
  ask tcp|udp ADDRESS PORT [-s SOURCE-PORT] [-t SECONDS] [-c COUNT]
                                    prints `NAME saw ADDRESS:PORT`, COUNT times, over one socket
  send ADDRESS PORT BYTES           gives the server random bytes; it must have seen the same
  fetch ADDRESS PORT BYTES          the other way
  quiet ADDRESS PORT RATE SECONDS NAME [SIZE]
                                    numbered datagrams of 4 bytes, or SIZE, to a server, until SIGTERM or for SECONDS; prints how many were
                                    lost, came twice, or were answered by another than NAME; exit 1 unless all are 0
  sizes ADDRESS PORT NAME           one datagram of each size to 1,472 bytes; each must come back as sent
  segments ADDRESS PORT             30 datagrams in one super-frame (UDP_SEGMENT); 30 answers must come
  train ADDRESS PORT COUNT          COUNT datagrams of 1,000 bytes in one super-frame (UDP_SEGMENT, at most 64); prints how many answers came
  sctp ADDRESS PORT [-l]            one message of 50,000 bytes by SCTP; -l: takes one, prints how much of it came; exit 3: no SCTP here
  bulk6 ADDRESS PORT [-l]           the same with 20 MB by TCP over IPv6
  burst ADDRESS PORT COUNT          so many datagrams of 50 bytes, as fast as it goes
  ready SOCKET PID                  waits until the control socket accepts, while that process lives
  listen IFACE SECONDS READY        prints each frame that comes in, in hex, with its tags as on the wire
  frame IFACE HEX [COUNT]           sends a frame as it is
  arp IFACE request|reply SENDER-MAC SENDER TARGET-MAC TARGET [-e SOURCE-MAC] [-d DESTINATION-MAC] [-r HRD] [-v VID]
  garbage SOCKET COUNT SEED         random requests to the control socket, none of which may be a good one
  macs IFACE COUNT DESTINATION-MAC  COUNT frames, each from another source MAC
  equation, figure PATH             of the statistics in JSON on standard input
"""

import argparse
import hashlib
import json
import os
import random
import select
import signal
import socket
import socketserver
import struct
import sys
import threading
import time

CHUNK_BYTES = 1 << 20
SOL_UDP, UDP_SEGMENT = 17, 103
SO_RCVBUFFORCE = 33
PATIENCE = int(os.environ.get("PEARPD_PATIENCE", "1"))  # how many times slower the machine is, at most
LATE_S = 10 * PATIENCE  # an answer that comes later is lost
SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 1 << 4, 1 << 6


def random_bytes(count, seed):
    source = random.Random(seed)
    while count > 0:
        chunk = source.randbytes(min(count, CHUNK_BYTES))
        yield chunk
        count -= len(chunk)


def digest(chunks):
    total = hashlib.sha256()
    for chunk in chunks:
        total.update(chunk)
    return total.hexdigest()


def receive(connection, count):
    while count > 0:
        chunk = connection.recv(min(count, CHUNK_BYTES))
        if not chunk:
            raise SystemExit("closed %d bytes early" % count)
        yield chunk
        count -= len(chunk)


# Servers

class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            words = line.split()
            if words[0] == b"who":
                self.wfile.write(b"%s saw %s:%d\n" % (NAME, self.client_address[0].encode(), self.client_address[1]))
            elif words[0] == b"take":
                seen = hashlib.sha256()
                left = int(words[1])
                while left > 0:
                    chunk = self.rfile.read1(min(left, CHUNK_BYTES))
                    if not chunk:
                        return
                    seen.update(chunk)
                    left -= len(chunk)
                self.wfile.write(seen.hexdigest().encode() + b"\n")
            elif words[0] == b"give":
                for chunk in random_bytes(int(words[1]), words[2].decode()):
                    self.wfile.write(chunk)


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def udp_socket():
    """One that keeps what comes while its process waits for a processor: 4 MiB, whatever the system's bound."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    return sock


def serve_udp(port):
    sock = udp_socket()
    sock.bind(("", port))
    return sock


def answer_udp(sock):
    while True:
        data, peer = sock.recvfrom(65536)
        head = b"%s saw %s:%d" % (NAME, peer[0].encode(), peer[1])
        sock.sendto(head + b"\n" + data if data else head, peer)


def serve(options):
    global NAME
    NAME = options.name.encode()
    for port in options.ports:
        server = TcpServer(("", port), Tcp)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        threading.Thread(target=answer_udp, args=(serve_udp(port),), daemon=True).start()
    open(options.ready, "w").close()
    threading.Event().wait()


# Clients

def connect(options):
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(options.timeout * PATIENCE)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if options.source:
        connection.bind(("", options.source))
    connection.connect((options.address, options.port))
    return connection


def ask(options):
    if options.protocol == "tcp":
        connection = connect(options)
        lines = connection.makefile("rb")
        for _ in range(options.count):
            connection.sendall(b"who\n")
            print(lines.readline().decode().strip())
        return
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(options.timeout * PATIENCE)
    if options.source:
        sock.bind(("", options.source))
    sock.connect((options.address, options.port))
    for _ in range(options.count):
        sock.send(b"")
        print(sock.recv(65536).decode())


def send(options):
    connection = connect(options)
    seed = str(os.getpid())
    connection.sendall(b"take %d\n" % options.bytes)
    for chunk in random_bytes(options.bytes, seed):
        connection.sendall(chunk)
    seen = connection.makefile("rb").readline().decode().strip()
    compare(options.bytes, digest(random_bytes(options.bytes, seed)), seen)


def fetch(options):
    connection = connect(options)
    seed = str(os.getpid())
    connection.sendall(b"give %d %s\n" % (options.bytes, seed.encode()))
    seen = digest(receive(connection, options.bytes))
    compare(options.bytes, digest(random_bytes(options.bytes, seed)), seen)


def compare(count, sent, seen):
    print("%d bytes, sha256 %s" % (count, seen))
    if sent != seen:
        raise SystemExit("sent was sha256 %s" % sent)


def quiet(options):
    sock = udp_socket()
    sock.connect((options.address, options.port))
    count = int(options.rate * options.seconds)
    seen, wrong = [0] * count, 0
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print("sending", flush=True)

    def take(wait_s):
        nonlocal wrong
        while select.select([sock], [], [], wait_s)[0]:
            head, _, body = sock.recv(65536).partition(b"\n")
            seen[struct.unpack_from("!I", body)[0]] += 1
            wrong += len(body) != options.size
            wrong += head.split()[0] != options.name.encode()

    start = time.monotonic()
    for number in range(count):
        if ended.is_set():
            count = number
            break
        take(0)
        delay = start + number / options.rate - time.monotonic()
        if delay > 0:
            take_until = time.monotonic() + delay
            while (left := take_until - time.monotonic()) > 0:
                if select.select([sock], [], [], left)[0]:
                    take(0)
        sock.send(struct.pack("!I", number).ljust(options.size, b"."))
    end = time.monotonic() + LATE_S
    while 0 in seen[:count] and time.monotonic() < end:
        take(0.1)
    take(0.5)  # what comes twice
    lost, doubled = seen[:count].count(0), sum(times > 1 for times in seen)
    print("%d sent, %d lost, %d came twice, %d from another host" % (count, lost, doubled, wrong))
    if lost or doubled or wrong:
        raise SystemExit(1)


def sizes(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(3 * PATIENCE)
    sock.connect((options.address, options.port))
    for size in range(1, 1473 - 40):
        data = random.Random(size).randbytes(size)
        sock.send(data)
        head, _, body = sock.recv(65536).partition(b"\n")
        if body != data or head.split()[0] != options.name.encode():
            raise SystemExit("a datagram of %d bytes came back changed" % size)
    print("1 to %d bytes, each as sent" % size)


def segments(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(3 * PATIENCE)
    sock.setsockopt(SOL_UDP, UDP_SEGMENT, 1000)
    sock.connect((options.address, options.port))
    sock.send(random.Random(1).randbytes(30 * 1000))
    for _ in range(30):
        sock.recv(65536)


def train(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(1 * PATIENCE)
    sock.setsockopt(SOL_UDP, UDP_SEGMENT, 1000)
    sock.connect((options.address, options.port))
    sock.send(random.Random(1).randbytes(options.count * 1000))
    answers = 0
    try:
        while answers < options.count:
            sock.recv(65536)
            answers += 1
    except OSError:
        pass
    print(answers)


def message(server, options, size):
    """One message to a server, or as such a server: prints how many of its bytes came."""
    server.settimeout(10 * PATIENCE)
    if not options.listen:
        server.connect((options.address, options.port))
        server.sendall(random.Random(1).randbytes(size))
        time.sleep(1)
        return
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((options.address, options.port))
    server.listen(1)
    print("ready", flush=True)
    connection, _ = server.accept()
    connection.settimeout(5 * PATIENCE)
    received = bytearray()
    try:
        while len(received) < size:
            piece = connection.recv(65536)
            if not piece:
                break
            received += piece
    except OSError:
        pass
    print(len(received) if received == random.Random(1).randbytes(len(received)) else -1, flush=True)


def sctp(options):
    try:
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    except OSError:
        sys.exit(3)
    message(server, options, 50000)


def bulk6(options):
    message(socket.socket(socket.AF_INET6, socket.SOCK_STREAM), options, 20000000)


def burst(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(options.count):
        sock.sendto(bytes(50), (options.address, options.port))


def numbers(options):
    """Numbered datagrams at a rate, a burst each millisecond; a long one, after a delay, would overrun the kernel's queues."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((options.address, options.port))
    count, start, sent = int(options.rate * options.seconds), time.monotonic(), 0
    while sent < count:
        due = min(count, sent + 50, int((time.monotonic() - start) * options.rate) + 1)
        for number in range(sent, due):
            sock.send(struct.pack("!I", number))
        sent = due
        time.sleep(0.001)
    print(count)


def in_order(options):
    """The other end: every number once, and none before a lower one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # SO_RCVBUFFORCE
    sock.bind(("", options.port))
    sock.settimeout(20 * PATIENCE)
    print("ready", flush=True)
    seen, last, overtaken = 0, -1, 0
    while last + 1 < options.count:
        try:
            number = struct.unpack("!I", sock.recv(65536))[0]
        except socket.timeout:
            break
        sock.settimeout(2 * PATIENCE)
        seen += 1
        overtaken += number < last
        last = max(last, number)
    print("%d of %d, %d overtaken or twice" % (seen, options.count, overtaken))
    if overtaken or (seen != options.count and not options.lossy):
        raise SystemExit(1)


def churn(options):
    """A range of one port is added to the table and deleted again, for a time, one request after the other."""
    end, changes = time.monotonic() + options.seconds, 0
    while time.monotonic() < end:
        for words in ("add %s:%d-%d %s", "delete %s:%d-%d"):
            port = options.first + changes // 2 % options.count
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.connect(options.socket)
                text = words % ((options.address, port, port, options.mac)[: words.count("%")])
                sock.sendall(text.encode() + b"\n")
                if sock.recv(4096)[:2] != b"ok":
                    raise SystemExit("refused: " + text)
            changes += 1
    print(int(changes / options.seconds))


def ready(options):
    end = time.monotonic() + 10 * PATIENCE
    while time.monotonic() < end:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.connect(options.socket)
                return
        except OSError:
            pass
        if not os.path.exists("/proc/%d" % options.pid):
            raise SystemExit("process %d ended" % options.pid)
        time.sleep(0.02)
    raise SystemExit("not ready after %d s" % (10 * PATIENCE))


WORDS = (b"table", b"stats", b"add", b"delete", b"flush", b"resolve", b"version", b"192.35.162.2", b"192.35.162.2:2000-2999",
         b"00:0c:29:9e:8c:ee", b":", b"-", b"4294967296", b"%s%n", b"\xff", b"{", b"../..", b"--json", b"\0")


def request(source):
    if source.random() < 0.01:
        return source.choice((b"x", b"table ", b"\0")) * (1 << 17) + b"\n"
    if source.random() < 0.5:
        return source.randbytes(source.randrange(200)) + source.choice((b"\n", b""))
    # Words of the trade, with one at the end that no command takes.
    words = [source.choice(WORDS) for _ in range(source.randrange(6))] + [b"!"]
    return source.choice((b" ", b"\t", b"  ")).join(words) + b"\n"


def garbage(options):
    source, refused = random.Random(options.seed), 0
    for number in range(options.count):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(10)
            sock.connect(options.socket)
            try:
                sock.sendall(request(source))
                sock.shutdown(socket.SHUT_WR)
                answer = b""
                while chunk := sock.recv(65536):
                    answer += chunk
            except (BrokenPipeError, ConnectionResetError):
                answer = b"error (closed)"
        if answer.startswith(b"ok"):
            raise SystemExit("request %d of seed %d was taken: %r" % (number, options.seed, answer[:80]))
        refused += answer.startswith((b"error ", b"usage "))
    print("%d requests, %d refused with a line" % (options.count, refused))


# Frames

def packet_socket(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((interface, 3))
    return sock


def receive_tagged(sock):
    """A frame, the tag that the kernel took off it as (TPID, TCI) or None, and whether it was sent from here."""
    frame, control, _, address = sock.recvmsg(1 << 17, 256)
    tag = None
    for level, kind, data in control:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                tag = (tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100, tci)
    return frame, tag, address[2] == PACKET_OUTGOING


def listen(options):
    sock = packet_socket(options.interface)
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    open(options.ready, "w").close()
    end = time.monotonic() + options.seconds
    while (left := end - time.monotonic()) > 0:
        if not select.select([sock], [], [], left)[0]:
            break
        frame, tag, outgoing = receive_tagged(sock)
        if outgoing:
            continue
        if tag is not None:
            frame = frame[:12] + struct.pack("!HH", *tag) + frame[12:]
        print(frame.hex(), flush=True)


def send_frame(options):
    sock = packet_socket(options.interface)
    for _ in range(options.count):
        sock.send(bytes.fromhex(options.hex))


def macs(options):
    sock = packet_socket(options.interface)
    head, tail = mac(options.destination) + b"\x02\xee", b"\x88\xb6" + bytes(46)
    for number in range(options.count):
        sock.send(head + struct.pack("!I", number) + tail)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def arp(options):
    operation = 1 if options.kind == "request" else 2
    body = struct.pack("!HHBBH", options.hrd, 0x0800, 6, 4, operation)
    body += mac(options.sender_mac) + socket.inet_aton(options.sender)
    body += mac(options.target_mac) + socket.inet_aton(options.target)
    tag = b"" if options.vid is None else struct.pack("!HH", 0x8100, options.vid)
    head = mac(options.destination) + mac(options.source or options.sender_mac) + tag + b"\x08\x06"
    options.hex = (head + body).ljust(60, b"\0").hex()
    send_frame(options)


# Statistics

def equation(_options):
    report = json.load(sys.stdin)
    frames = report["frames"]
    came = frames["upstream"]["in"] + frames["downstream"]["in"] + frames["made"]
    went = frames["upstream"]["out"] + frames["downstream"]["out"] + frames["held"]
    went += sum(report["consumed"].values()) + sum(report["drops"].values())
    print("in + made = %d, out + consumed + drops + held = %d" % (came, went))
    if came != went or came == 0:
        raise SystemExit(1)


def figure(options):
    value = json.load(sys.stdin)
    for key in options.path.split("/"):
        value = value[key]
    print(value)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(function, name, *positional):
        sub = commands.add_parser(name)
        sub.set_defaults(run=function, timeout=20.0, source=0)
        for argument, kind in positional:
            sub.add_argument(argument, type=kind)
        return sub

    sub = command(serve, "serve", ("name", str), ("ready", str))
    sub.add_argument("ports", type=int, nargs="+")
    sub = command(ask, "ask", ("protocol", str), ("address", str), ("port", int))
    sub.add_argument("-s", dest="source", type=int)
    sub.add_argument("-t", dest="timeout", type=float)
    sub.add_argument("-c", dest="count", type=int, default=1)
    for function, name in ((send, "send"), (fetch, "fetch")):
        command(function, name, ("address", str), ("port", int), ("bytes", int)).set_defaults(timeout=60.0)
    sub = command(quiet, "quiet", ("address", str), ("port", int), ("rate", float), ("seconds", float), ("name", str))
    sub.add_argument("size", type=int, nargs="?", default=4)
    command(sizes, "sizes", ("address", str), ("port", int), ("name", str))
    command(segments, "segments", ("address", str), ("port", int))
    command(train, "train", ("address", str), ("port", int), ("count", int))
    sub = command(sctp, "sctp", ("address", str), ("port", int))
    sub.add_argument("-l", dest="listen", action="store_true")
    sub = command(bulk6, "bulk6", ("address", str), ("port", int))
    sub.add_argument("-l", dest="listen", action="store_true")
    command(burst, "burst", ("address", str), ("port", int), ("count", int))
    command(numbers, "numbers", ("address", str), ("port", int), ("rate", float), ("seconds", float))
    sub = command(in_order, "in-order", ("port", int), ("count", int))
    sub.add_argument("-l", dest="lossy", action="store_true")
    command(churn, "churn", ("socket", str), ("address", str), ("first", int), ("count", int), ("mac", str), ("seconds", float))
    command(ready, "ready", ("socket", str), ("pid", int))
    command(listen, "listen", ("interface", str), ("seconds", float), ("ready", str))
    sub = command(send_frame, "frame", ("interface", str), ("hex", str))
    sub.add_argument("count", type=int, nargs="?", default=1)
    command(garbage, "garbage", ("socket", str), ("count", int), ("seed", int))
    command(macs, "macs", ("interface", str), ("count", int), ("destination", str))
    sub = command(arp, "arp", ("interface", str), ("kind", str), ("sender_mac", str), ("sender", str),
                  ("target_mac", str), ("target", str))
    sub.add_argument("-e", dest="source")
    sub.add_argument("-d", dest="destination", default="ff:ff:ff:ff:ff:ff")
    sub.add_argument("-r", dest="hrd", type=int, default=1)
    sub.add_argument("-v", dest="vid", type=int)
    sub.add_argument("-c", dest="count", type=int, default=1)
    command(equation, "equation")
    command(figure, "figure", ("path", str))
    return parser.parse_args()


def main():
    options = arguments()
    try:
        options.run(options)
    except OSError as error:
        sys.exit("%s: %s" % (options.run.__name__, error.strerror or error))


if __name__ == "__main__":
    main()
