#!/usr/bin/python3
"""Runs a command in the foreground of a terminal of its own: terminal.py FOLDER COMMAND...

FOLDER/typed, once it is there, is typed into the terminal. FOLDER/hang, once it is there, is the end of the terminal: the command
gets SIGHUP from the kernel, as where an ssh session is lost. Out: FOLDER/pid, FOLDER/shown, FOLDER/status."""
import os
import pty
import select
import sys
import time

folder = sys.argv[1]


def put(name, text):
    with open(os.path.join(folder, name + ".new"), "w") as file:
        file.write(text)
    os.rename(os.path.join(folder, name + ".new"), os.path.join(folder, name))


def there(name):
    return os.path.exists(os.path.join(folder, name))


pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
put("pid", str(pid))
shown = open(os.path.join(folder, "shown"), "wb", buffering=0)
status = None
while status is None:
    if terminal is not None and select.select([terminal], [], [], 0.05)[0]:
        try:
            shown.write(os.read(terminal, 4096))
        except OSError:
            os.close(terminal)
            terminal = None
    if terminal is None:
        time.sleep(0.05)
    if terminal is not None and there("typed"):
        with open(os.path.join(folder, "typed"), "rb") as file:
            os.write(terminal, file.read())
        os.remove(os.path.join(folder, "typed"))
    if terminal is not None and there("hang"):
        os.close(terminal)
        terminal = None
    done, code = os.waitpid(pid, os.WNOHANG)
    if done:
        status = os.waitstatus_to_exitcode(code)
put("status", str(status))
