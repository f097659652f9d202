# SPDX-License-Identifier: MIT
"""A socketmapd whose maps are programs, and what becomes of these.

    with Maps(m=program("word", processes=2)) as maps:
        assert maps.value("m", "key") == "of key"
"""
import os
import time
from pathlib import Path

from http_maps import Maps as AnyMaps
from socketmap_client import PATIENCE

PROGRAM = str(Path(__file__).parent / "program.py")

FAILED = ("TEMP", "TIMEOUT")
# What a busy machine may need.
LATER = 2.0
BACK = 2.0


class Maps(AnyMaps):
    def __init__(self, **maps):
        super().__init__(kind="exec", **maps)
        for path in Path(self.path).glob("*.cf"):  # not just written
            os.utime(path, (time.time() - 60,) * 2)

    def starts(self):
        """The process ids and times of the programs that have begun."""
        path = Path(f"{self.path}/starts")
        lines = path.read_text("ascii").split("\n") if path.exists() else []
        return [(int(line.split()[0]), float(line.split()[1]))
                for line in lines if line]

    def children(self):
        return children_of(self.daemon.pid)

    def value(self, name, key):
        status, text = self.lookup(name, key)
        return text.decode() if status == "OK" else status

    def failure(self, name, key, deadline=1.0):
        """The reason of a lookup that has to fail in time."""
        start = time.monotonic()
        status, text = self.lookup(name, key)
        took = time.monotonic() - start
        assert status in FAILED, (key, status, text)
        assert took < deadline + LATER, (key, took)
        return text.decode()

    def wait_fine(self, name, key="fine"):
        """Asks until it is answered right; until then it only fails."""
        end = time.monotonic() + BACK + LATER
        while True:
            status, text = self.lookup(name, key)
            if status == "OK":
                assert text == b"of " + key.encode(), (key, text)
                return
            assert status in FAILED, (status, text)
            assert time.monotonic() < end, (status, text)
            time.sleep(0.02)


def program(*words, **options):
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    return (f"command = {' '.join([PROGRAM, *words])}\n{lines}"
            f"environment = STARTS=@DIR@/starts\n")


def children_of(pid):
    """Direct children of all threads, with their states."""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
        except FileNotFoundError:
            continue
        for child in map(int, text.split()):
            state = state_of(child)
            if state is not None:
                found[child] = state
    return found


def state_of(pid):
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()[0]


def wait_until(what, why=""):
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.02)


def check_gone(pids):
    """Waits for the end of processes; a zombie is one still."""
    for pid in pids:
        wait_until(lambda pid=pid: state_of(pid) is None,
                   f"{pid} is {state_of(pid)}")
