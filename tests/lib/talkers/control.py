"""control: pearpd's control socket."""

import os
import random
import socket
import time

from talkers.patience import PATIENCE


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
