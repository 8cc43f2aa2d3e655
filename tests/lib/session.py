#!/usr/bin/python3
"""A session that lives long, as one of ssh: session.py serve PORT | session.py hold ADDRESS PORT FILE

`hold` sends a numbered line every 50 ms and wants the same one back. FILE: how many came, and the longest wait for one in ms. It ends
with 1 when the connection does."""
import os
import socket
import sys
import threading
import time


def serve(port):
    listener = socket.create_server(("0.0.0.0", int(port)))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def hold(address, port, file):
    connection = socket.create_connection((address, int(port)), 20)
    connection.settimeout(60)
    lines = connection.makefile("rb")
    longest = 0
    for number in range(10**9):
        begun = time.monotonic()
        connection.sendall(b"%d\n" % number)
        if lines.readline() != b"%d\n" % number:
            sys.exit("the session ended")
        longest = max(longest, time.monotonic() - begun)
        with open(file + ".new", "w") as out:
            out.write(f"{number + 1} {longest * 1000:.0f}\n")
        os.rename(file + ".new", file)
        time.sleep(0.05)


{"serve": serve, "hold": hold}[sys.argv[1]](*sys.argv[2:])
