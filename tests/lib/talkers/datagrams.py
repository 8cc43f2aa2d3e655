"""datagrams: sockets of UDP with room."""

import socket

SO_RCVBUFFORCE = 33


def udp_socket():
    """One that keeps what comes while its process waits for a processor: 4 MiB, whatever the system's bound."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    return sock
