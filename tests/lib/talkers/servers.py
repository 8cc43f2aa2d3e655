"""servers: they say who they are."""

import hashlib
import socketserver
import threading

from talkers.datagrams import udp_socket
from talkers.payload import CHUNK_BYTES, random_bytes


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
