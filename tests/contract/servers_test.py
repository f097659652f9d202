#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One daemon with a map of every type that asks a server: what each shows of
its asking, and what is answered while all servers come and go at once."""
import contextlib
import itertools
import os
import re
import tempfile
import threading
import time

from daemon import Daemon
from ending import end_on_signals
from every_server import KEYS, Map, start_all, write
from http_maps import socketmap
from pulse import stalled
from ports import free_port
from socketmap_client import Client
from table_maps import BACK, FAILED, LATER, LATEST, in_threads
from tap import case, done

DEADLINE = 0.6  # so that a second of a server that hangs is noticed
TURNS = 15      # each a second up and a second down
ASKERS = 2      # of each map
PAUSE = 0.04    # after each lookup
HANG = 4        # seconds: some lookups in vain, and a second of silence
SCRIPT = "function lookup(key)\n    return 'lua-' .. key\nend\n"

# Of servers that are not there.
GONE = {
    "pgsql": "hosts = inet:{0}\ndbname = d\nuser = u\nquery = select '%s'\n",
    "mysql": "hosts = inet:{0}\ndbname = d\nuser = u\nquery = select '%s'\n",
    "ldap": "server_host = ldap://{0}\nsearch_base = dc=x\n",
    "memcache": "memcache = inet:{0}\n",
    "redis": "hosts = {0}\ncommand = GET %s\n",
    "http": "url = http://{0}/?k=%s\n",
}

end_on_signals()
stack = contextlib.ExitStack()
directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="servers-"))
os.chmod(directory, 0o755)
maps = start_all(stack, directory)
script = write(directory, "lua.lua", SCRIPT)
daemon = stack.enter_context(Daemon(
    f"[server]\ndeadline = {round(DEADLINE * 1000)}ms\n" +
    "".join(f"[map {one.name}]\ntable = {one.table}\n" for one in maps) +
    f"[map lua]\ntable = lua:{script}\n"
    "[map steady]\ntable = inline:{k=v}\n", directory))
is_sanitized = daemon.is_sanitized
latest = 10 if is_sanitized else LATEST


def start_with_canaries():
    """A daemon whose maps are tried again and again, and never ready."""
    where = f"127.0.0.1:{free_port()}"
    own = stack.enter_context(tempfile.TemporaryDirectory(prefix="servers-"))
    return stack.enter_context(Daemon("".join(
        f"[map {kind}]\ncanary = a\n"
        f"table = {kind}:{write(own, kind, text.format(where))}\n"
        for kind, text in GONE.items()), own))


unready = start_with_canaries()


@case("explain shows of every type whom it asks, what, and at which time")
def _():
    calls = Map("lua", None, script, "lookup(", '"k1"')
    for one in (*maps, calls):
        out = socketmap("explain", "-c", f"{directory}/socketmapd.conf",
                        one.name, KEYS[1]).stdout
        steps = re.findall(r"^ *\d+\.\d{3} ms  (.*)$", out, re.M)
        for part in one.host, one.asks, one.bound:
            assert any(part in step for step in steps), (part, out)
        assert f"OK {one.value(KEYS[1])}," in out, out


class Seen:
    """What the askers of one map have seen."""

    def __init__(self, one):
        self.map = one
        self.counts = {"OK": 0, "NOTFOUND": 0}
        self.failed = []  # seconds
        self.reasons = set()

    def look_up(self, client, key, expected):
        start = time.monotonic()
        status, text = client.lookup(self.map.name, key)
        took = time.monotonic() - start
        assert took < DEADLINE + latest, (self.map.name, took, text)
        if status in FAILED:
            self.failed.append(took - stalled(took))
            self.reasons.add(f"{status} {text.decode()}")
            return
        assert (status, text) == expected, (self.map.name, key, status, text)
        self.counts[status] += 1

    def check(self):
        late = [took for took in self.failed if took > DEADLINE + LATER]
        print(f"# {self.map.name}: {self.counts}, {len(self.failed)} failed, "
              f"{len(late)} of them late, {max(self.failed):.3f} s at most")
        print("#     " + "\n#     ".join(sorted(self.reasons)))
        assert all(self.counts.values()), self.counts
        assert is_sanitized or len(late) <= len(self.failed) // 50, late


def ask(seen, is_over):
    with Client(daemon.endpoint) as client:
        for number in itertools.count():
            if is_over.is_set():
                return
            key = KEYS[number % len(KEYS)]
            seen.look_up(client, key, ("OK", seen.map.value(key).encode()))
            time.sleep(PAUSE)
            key = f"none{number}"
            seen.look_up(client, key, ("NOTFOUND", b""))
            time.sleep(PAUSE)


def ask_steady(is_over):
    longest = 0
    with Client(daemon.endpoint) as client:
        while not is_over.is_set():
            start = time.monotonic()
            assert client.lookup("steady", "k") == ("OK", b"v")
            longest = max(longest, time.monotonic() - start)
            time.sleep(PAUSE)
    print(f"# steady: {longest * 1000:.1f} ms at most")
    assert is_sanitized or longest < 0.5, longest


def flap(one, begin):
    """By turns the server ends, and hangs."""
    for turn in range(TURNS):
        time.sleep(max(0, begin + 2 * turn + 1 - time.monotonic()))
        one.down(hangs=turn % 2 == 1)
        time.sleep(max(0, begin + 2 * turn + 2 - time.monotonic()))
        one.up()


def check_back(one):
    """It is found soon after its server is back for good."""
    patience = BACK + latest if is_sanitized else BACK
    start = time.monotonic()
    with Client(daemon.endpoint) as client:
        while (answer := client.lookup(one.name, KEYS[0]))[0] != "OK":
            assert answer[0] in FAILED, answer
            assert time.monotonic() - start < patience, (one.name, answer)
            time.sleep(0.02)
        assert client.lookup(one.name, "none") == ("NOTFOUND", b"")
    print(f"# {one.name}: back after {time.monotonic() - start:.3f} s")


def while_asked(task):
    """Runs it while all maps are asked; returns what was seen of each."""
    is_over = threading.Event()
    seen = [Seen(one) for one in maps]

    def run():
        try:
            task()
        finally:
            is_over.set()

    work = [(run,), (ask_steady, is_over)]
    work += [(ask, each, is_over) for each in seen for _ in range(ASKERS)]
    in_threads(len(work), lambda n: work[n][0](*work[n][1:]))
    return seen


def changes_of(one, log):
    """Its lines in the log, True: it works again; and the other ones."""
    lines = re.findall(f"map {one.name}: (.*)", log)
    changes = ["works again" in line for line in lines
               if not one.is_of_process(line)]
    return changes, len(lines) - len(changes)


for server in maps:
    server.asked_by(daemon.pid)


@case("a server that hangs is told of by one line, and one when it is back")
def _():
    def hang(number):
        maps[number].down(hangs=True)
        time.sleep(HANG)
        maps[number].up()
        check_back(maps[number])

    while_asked(lambda: in_threads(len(maps), hang))
    log = daemon.stderr()
    for one in maps:
        changes, _ = changes_of(one, log)
        # Of exec, other processes are asked.
        assert changes == [False, True] or one.name == "exec", (one.name, log)


@case("all servers flap for half a minute: the value, absence, or TEMP in time")
def _():
    begin = time.monotonic()

    def flap_one(number):
        flap(maps[number], begin)
        check_back(maps[number])

    for each in while_asked(lambda: in_threads(len(maps), flap_one)):
        each.check()


@case("the log has one line a change, and the daemon ends well")
def _():
    assert daemon.stop() == 0, daemon.stderr()
    log = daemon.stderr()
    for one in maps:
        changes, others = changes_of(one, log)
        # It fails and works by turns, and about as often as the server.
        assert changes == ([False, True] * TURNS * 2)[:len(changes)], (
            one.name, log)
        assert len(changes) <= 3 * TURNS, (one.name, log)
        assert others <= 5 * TURNS, (one.name, log)
        assert len(changes) >= TURNS // 2, (one.name, log)


@case("of a server that canaries never reach the log has one line")
def _():
    assert unready.stop() == 0, unready.stderr()
    log = unready.stderr()
    for kind in GONE:
        assert len(re.findall(f"map {kind}[ :]", log)) == 1, (kind, log)


stack.close()
done()
