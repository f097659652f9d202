#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program for exec: tables, right or wrong.

    program.py one KEY FILE    the one key has what is in the file
    program.py [WORD]          does what the keys say, see ACTIONS

Any other key is answered with itself behind "OK of ". Each start is a line in
the file that $STARTS names.
"""
import os
import signal
import subprocess
import sys
import time

STDIN, STDOUT = sys.stdin.buffer, sys.stdout.buffer


def netstring(payload):
    return b"%d:%s," % (len(payload), payload)


def write(data):
    STDOUT.write(data)
    STDOUT.flush()


def say(text):
    sys.stderr.write(text)
    sys.stderr.flush()


def read_request():
    digits = b""
    while not digits.endswith(b":"):
        byte = STDIN.read(1)
        if not byte:
            sys.exit()
        digits += byte
    payload = STDIN.read(int(digits[:-1]))
    assert STDIN.read(1) == b","
    return payload


def about():
    """What there is of the daemon in this process."""
    with open("/proc/self/status", encoding="ascii") as file:
        status = dict(line.strip().split(":\t") for line in file
                      if line.startswith("Sig"))
    signals = {name: status[name] for name in ("SigBlk", "SigIgn")}
    fds = sorted(int(name) for name in os.listdir("/proc/self/fd")
                 if os.path.exists(f"/proc/self/fd/{name}"))
    return repr({"cwd": os.getcwd(), "env": dict(os.environ), "fds": fds,
                 "argv": sys.argv[1:], "leads": os.getpgrp() == os.getpid(),
                 "uid": os.geteuid(), **signals}).encode()


def background(*options):
    """A process that has all that this one has, and stays."""
    subprocess.Popen(["sleep", "1000"], **dict(options))


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def hang():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)


def deaf():
    """Lives on without its two ends."""
    for fd in 0, 1:
        os.close(fd)
    hang()


def in_two(reply):
    write(reply[:4])
    time.sleep(0.05)
    write(reply[4:])


def drip(reply):
    for byte in reply:
        write(bytes([byte]))
        time.sleep(0.1)


def flood(reply):
    for number in range(20000):
        sys.stderr.write(f"line {number} of the flood " + "x" * 60 + "\n")
    sys.stderr.write("y" * 100000 + "\n\0\033[2J\n")
    sys.stderr.flush()
    write(reply)


OTHER = netstring(b"OK somebody else's")

# By the beginning of a key; `reply` is the right one.
ACTIONS = {
    b"absent": lambda reply: write(netstring(b"NOTFOUND ")),
    b"temp": lambda reply: write(netstring(b"TEMP for a while")),
    b"perm": lambda reply: write(netstring(b"PERM for ever")),
    b"timeout": lambda reply: write(netstring(b"TIMEOUT of it")),
    b"empty": lambda reply: write(netstring(b"OK ")),
    b"pid": lambda reply: write(netstring(b"OK %d" % os.getpid())),
    b"about": lambda reply: write(netstring(b"OK " + about())),
    b"in two": in_two,
    b"slow": lambda reply: (time.sleep(0.1), write(reply)),
    b"last": lambda reply: (write(reply), sys.exit()),
    b"flood": flood,
    b"children": lambda reply: (background(), write(reply)),
    b"left": lambda reply: (background(("start_new_session", True)),
                            write(reply)),
    # From here on nobody is to have an answer.
    b"exit": lambda reply: sys.exit(3),
    b"killed": lambda reply: killed(),
    b"forks, exits": lambda reply: (background(), os._exit(0)),
    b"hang": lambda reply: hang(),
    b"deaf": lambda reply: deaf(),
    b"stop": lambda reply: os.kill(os.getpid(), signal.SIGSTOP),
    b"drip": drip,
    b"late": lambda reply: (time.sleep(1.5), write(reply)),
    b"half, exit": lambda reply: (write(reply[:-3]), sys.exit()),
    b"half, hang": lambda reply: (write(reply[:-3]), hang()),
    b"garbage": lambda reply: write(b"\xff\0garbage\n" * 100),
    b"line": lambda reply: write(b"OK value\n"),
    b"empty reply": lambda reply: write(b"0:,"),
    b"no status": lambda reply: write(netstring(b"FINE value")),
    b"lower": lambda reply: write(netstring(b"ok value")),
    b"zeros": lambda reply: write(b"08:OK value,"),
    b"no comma": lambda reply: write(b"8:OK value;"),
    b"nul": lambda reply: write(netstring(b"OK va\0lue")),
    b"bytes": lambda reply: write(netstring(b"OK va\xfflue")),
    b"large": lambda reply: write(netstring(b"OK " + b"x" * 100_000)),
    b"huge": lambda reply: (write(b"999999999:OK "), hang()),
    b"endless": lambda reply: [write(b"9" * 1000) for _ in iter(int, 1)],
    b"twice": lambda reply: write(reply * 2),
    b"more": lambda reply: write(reply + b"1"),
    b"other, too": lambda reply: write(OTHER + reply),
}


def answer(key):
    reply = netstring(b"OK of " + key)
    for begin, act in ACTIONS.items():
        if key == begin or key.startswith(begin + b":"):
            act(reply)
            return
    write(reply)


def answer_one(key, asked, path):
    if asked.lower() != key.lower():
        write(netstring(b"NOTFOUND "))
        return
    with open(path, "rb") as file:
        write(netstring(b"OK " + file.read()))


def main():
    if "STARTS" in os.environ:
        with open(os.environ["STARTS"], "a", encoding="ascii") as file:
            file.write(f"{os.getpid()} {time.monotonic()}\n")
    while True:
        key = read_request().partition(b" ")[2]
        if sys.argv[1:2] == ["one"]:
            answer_one(os.fsencode(sys.argv[2]), key, sys.argv[3])
        else:
            answer(key)


if __name__ == "__main__":
    main()
