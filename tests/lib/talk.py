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
  numbers ADDRESS PORT RATE SECONDS numbered datagrams of 4 bytes, which nobody answers
  in-order PORT COUNT [-l]          takes those; exit 1 unless all COUNT come (-l: or fewer), each once and in order
  churn SOCKET ADDRESS FIRST COUNT MAC SECONDS
                                    adds and deletes ranges of one port; prints how many changes a second
  ready SOCKET PID                  waits until the control socket accepts, while that process lives
  listen IFACE SECONDS READY        prints each frame that comes in, in hex, with its tags as on the wire
  frame IFACE HEX [COUNT]           sends a frame as it is
  arp IFACE request|reply SENDER-MAC SENDER TARGET-MAC TARGET [-e SOURCE-MAC] [-d DESTINATION-MAC] [-r HRD] [-v VID]
  garbage SOCKET COUNT SEED         random requests to the control socket, none of which may be a good one
  macs IFACE COUNT DESTINATION-MAC  COUNT frames, each from another source MAC
  equation, figure PATH             of the statistics in JSON on standard input
"""

import argparse
import importlib
import sys


def an(name, kind=str, **more):
    return (name,), {"type": kind, **more}


def option(letter, name, kind=None, **more):
    return ("-" + letter,), {"dest": name, **({"type": kind} if kind else {}), **more}


ADDRESS, PORT, COUNT = an("address"), an("port", int), an("count", int)
BYTES, RATE, SECONDS, NAME = an("bytes", int), an("rate", float), an("seconds", float), an("name")
INTERFACE, SOCKET = an("interface"), an("socket")
LISTEN = option("l", "listen", action="store_true")

# Where a command is, and its arguments: only those of the one that is asked for are made, since a story asks hundreds of times.
COMMANDS = {
    "serve": ("servers.serve", NAME, an("ready"), an("ports", int, nargs="+")),
    "ask": ("asking.ask", an("protocol"), ADDRESS, PORT, option("s", "source", int, default=0),
            option("t", "timeout", float, default=20.0), option("c", "count", int, default=1)),
    "send": ("transfers.send", ADDRESS, PORT, BYTES),
    "fetch": ("transfers.fetch", ADDRESS, PORT, BYTES),
    "quiet": ("numbered.quiet", ADDRESS, PORT, RATE, SECONDS, NAME, an("size", int, nargs="?", default=4)),
    "sizes": ("transfers.sizes", ADDRESS, PORT, NAME),
    "segments": ("transfers.segments", ADDRESS, PORT),
    "train": ("transfers.train", ADDRESS, PORT, COUNT),
    "sctp": ("transfers.sctp", ADDRESS, PORT, LISTEN),
    "bulk6": ("transfers.bulk6", ADDRESS, PORT, LISTEN),
    "burst": ("transfers.burst", ADDRESS, PORT, COUNT),
    "numbers": ("numbered.numbers", ADDRESS, PORT, RATE, SECONDS),
    "in-order": ("numbered.in_order", PORT, COUNT, option("l", "lossy", action="store_true")),
    "churn": ("control.churn", SOCKET, ADDRESS, an("first", int), COUNT, an("mac"), SECONDS),
    "ready": ("control.ready", SOCKET, an("pid", int)),
    "listen": ("frames.listen", INTERFACE, SECONDS, an("ready")),
    "frame": ("frames.send_frame", INTERFACE, an("hex"), an("count", int, nargs="?", default=1)),
    "garbage": ("control.garbage", SOCKET, COUNT, an("seed", int)),
    "macs": ("frames.macs", INTERFACE, COUNT, an("destination")),
    "arp": ("frames.arp", INTERFACE, an("kind"), an("sender_mac"), an("sender"), an("target_mac"), an("target"),
            option("e", "source"), option("d", "destination", default="ff:ff:ff:ff:ff:ff"), option("r", "hrd", int, default=1),
            option("v", "vid", int), option("c", "count", int, default=1)),
    "equation": ("figures.equation",),
    "figure": ("figures.figure", an("path")),
}


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        sys.exit(__doc__)
    place, *arguments = COMMANDS[name]
    parser = argparse.ArgumentParser(prog="talk.py " + name)
    for names, settings in arguments:
        parser.add_argument(*names, **settings)
    module, function = place.split(".")
    try:
        getattr(importlib.import_module("talkers." + module), function)(parser.parse_args(sys.argv[2:]))
    except OSError as error:
        sys.exit("%s: %s" % (name, error.strerror or error))


if __name__ == "__main__":
    main()
