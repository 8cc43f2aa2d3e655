"""numbered: datagrams of which each is missed."""

import os
import select
import signal
import socket
import struct
import threading
import time

from talkers.datagrams import SO_RCVBUFFORCE, udp_socket
from talkers.patience import PATIENCE

LATE_S = 10 * PATIENCE  # an answer that comes later is lost


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


def numbers(options):
    """Numbered datagrams at a rate, a burst each millisecond; a long one, after a delay, would overrun the kernel's queues. All by one
    processor: each has a queue of its own before the interface at the other end."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
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
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
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
