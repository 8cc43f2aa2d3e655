"""What the replay tests share: TAP, and running pearpd -r."""
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PEARPD_BUILD", os.path.join(ROOT, "build"))
PEARPD = os.path.join(BUILD, "pearpd")
SHARED = os.environ.get("PEARPD_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))
BRIDGE_MAC = bytes.fromhex("025045000001")


class Tap:
    """Counts as it prints; end() prints the plan and exits."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, text, why=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}")
        if not good and why:
            print("\n".join("# " + line for line in str(why).splitlines()[:20]))
        sys.stdout.flush()

    def figure(self, row, text):
        """Of a row of the reliability matrix; tests/run shows it."""
        print(f"# {row}: {text}")

    def skip(self, text, why):
        self.count += 1
        print(f"ok {self.count} - {text} # SKIP {why}")

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)


class Run:
    """One replay: .status, .stderr, .report (or None), .bytes[side] of what left."""

    def __init__(self, conf, inputs, *options, stdin=None, name="test.conf"):
        with tempfile.TemporaryDirectory(prefix="pearpd-replay.") as folder:
            path = lambda file: os.path.join(folder, file)
            with open(path(name), "w") as out:
                out.write(conf)
            command = [PEARPD, "-c", path(name)]
            for side, capture in inputs:
                command += ["-r", f"{side}={capture}"]
            for side in ("upstream", "downstream"):
                command += ["-w", f"{side}={path(side)}"]
            command += ["-j", path("report"), *options]
            done = subprocess.run(command, stdin=stdin, capture_output=True, timeout=60)
            self.status = done.returncode
            self.stderr = done.stderr.decode(errors="replace").replace(folder + "/", "")
            self.bytes = {side: self.read(path(side)) for side in ("upstream", "downstream")}
            text = self.read(path("report"))
            self.report_bytes = text
            self.report = json.loads(text) if text else None

    @staticmethod
    def read(path):
        try:
            return open(path, "rb").read()
        except FileNotFoundError:
            return b""

    def drops(self):
        return {name: n for name, n in self.report["drops"].items() if n}

    def balances(self):
        r = self.report
        frames = r["frames"]
        sides = [frames["upstream"], frames["downstream"]]
        came = sum(s["in"] for s in sides) + frames["made"]
        ended = sum(s["out"] for s in sides) + sum(r["consumed"].values()) + sum(r["drops"].values())
        return came == ended + frames["held"]

    def clean(self):
        """No sanitizer has spoken and nothing crashed."""
        return self.status in (0, 1) and "Sanitizer" not in self.stderr and "runtime error" not in self.stderr


def conf(addresses=("203.0.113.77",), mac="02:50:45:00:00:01", bridge="", address="", rest=""):
    sections = "".join(f"[address {a}]\n{address}" for a in addresses)
    return f"[bridge]\nupstream = eth0\ndownstream = eth1\nmac = {mac}\n{bridge}{sections}{rest}"
