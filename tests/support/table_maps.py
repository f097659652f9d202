# SPDX-License-Identifier: MIT
"""A daemon whose maps are tables with a FILE.cf, for tests of servers that
fail.

    with Maps("redis", {"m": "hosts = ...\n"}) as maps:
        assert maps.value("m", "key") == "value"
        assert "refused" in maps.failure("m", "other")
"""
import os
import subprocess
import tempfile
import threading
import time

from daemon import Daemon, PATIENCE
from pulse import stalled
from socketmap_client import Client

DEADLINE = 1.0
LATER = 0.1  # how long after its deadline an answer may come
LATEST = 3.0  # ... on a machine that has other things to do, once in a while
BACK = 2.0   # how long after its return a server is asked again
FAILED = ("TEMP", "TIMEOUT")


class Maps:
    """A map for each of the .cf files. secret: what must not be on the daemon's
    stderr. each: more lines for each map. settings: of [server]."""

    def __init__(self, kind, tables, deadline=DEADLINE, secret=None, env=None,
                 each=None, workers=None, **settings):
        self.deadline, self.secret = deadline, secret
        self.directory = tempfile.TemporaryDirectory(prefix=kind + "-")
        settings = {"deadline": f"{round(deadline * 1000)}ms", **settings}
        config = "[server]\n" + _lines(settings)
        if workers is not None:
            config += f"[defaults]\nworkers = {workers}\n"
        for name, text in tables.items():
            config += (f"[map {name}]\ntable = {kind}:{self.write(name, text)}"
                       "\n" + _lines(each or {}))
        self.daemon = Daemon(config, self.directory.name,
                             env={**os.environ, **(env or {})})
        self.is_sanitized = self.daemon.is_sanitized
        self.are_late = []  # of the answers that had to come in time

    def write(self, name, text):
        path = f"{self.directory.name}/{name}.cf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        # What has just been written would be read twice.
        then = time.time() - 10
        os.utime(path, (then, then))
        return path

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.check_end()
        else:
            print("#", self.daemon.stderr().replace("\n", "\n# "))
        self.daemon.close()
        self.directory.cleanup()

    def check_end(self):
        if self.daemon.process.poll() is None:
            assert self.daemon.stop() == 0, self.daemon.stderr()
        late = sum(self.are_late)
        assert self.is_sanitized or late <= 2 + len(self.are_late) // 2, late
        if self.secret is not None:
            assert self.secret not in self.daemon.stderr()

    def client(self):
        return Client(self.daemon.endpoint)

    def ask(self, name, key):
        with self.client() as client:
            return client.lookup(name, key)

    def value(self, name, key):
        status, text = self.ask(name, key)
        return text.decode() if status == "OK" else status

    def in_time(self, took, later=LATEST):
        """Has an answer come in time, just now. It may be late one by one, but
        not on the whole."""
        assert took < self.deadline + later, took
        self.are_late.append(
            took - stalled(took) > self.deadline + LATER)

    def failure(self, name, key, later=LATEST):
        """The reason of a lookup that has to fail in time."""
        start = time.monotonic()
        status, text = self.ask(name, key)
        took = time.monotonic() - start
        assert status in FAILED, (status, text)
        self.in_time(took, later)
        return text.decode()

    def wait_found(self, name, key, patience=BACK):
        """Asks until it is found; never is it "not found"."""
        end = time.monotonic() + patience
        while True:
            status, text = self.ask(name, key)
            if status == "OK":
                return
            assert status in FAILED, (status, text)
            assert time.monotonic() < end, text
            time.sleep(0.05)

    def explain(self, name, key):
        """What `socketmap explain` shows, which waits for its answer."""
        return subprocess.run(
            [os.environ["SOCKETMAP"], "explain", "-c",
             f"{self.directory.name}/socketmapd.conf", name, key],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=PATIENCE, encoding="utf-8",
            errors="replace", check=False).stdout


def check_return(maps, server, reason):
    """The server of the map "m" comes later, restarts, and goes for good."""
    assert reason in maps.failure("m", "a")
    server.start()
    maps.wait_found("m", "a")
    for _ in range(2):
        server.restart()
        maps.wait_found("m", "a")
    in_threads(8, lambda _: maps.wait_found("m", "a"))
    server.stop()
    for _ in range(3):
        assert maps.failure("m", "a")
    server.start()
    maps.wait_found("m", "a")


def check_flapping(maps, flap, turns):
    """Asks the map "m" for keys that are their own values, from 8 threads,
    while flap is called. Returns whether each was found."""
    is_over = threading.Event()
    found = []

    def ask(number):
        with maps.client() as client:
            while not is_over.is_set():
                key = f"{number} {time.monotonic()}"
                start = time.monotonic()
                status, text = client.lookup("m", key)
                took = time.monotonic() - start
                maps.in_time(took)
                assert status in FAILED or (
                    status == "OK" and text.decode() == key), text
                found.append(status == "OK")

    def flap_all():
        try:
            for _ in range(turns):
                flap()
        finally:
            is_over.set()

    in_threads(9, lambda n: flap_all() if n == 8 else ask(n))
    return found


def check_neighbour(maps, askers=4):
    """While lookups of the map "hanging" fail, two clients of "good" have their
    answers soon."""
    is_over = threading.Event()

    def ask(number):
        if number < askers:
            maps.failure("hanging", "a")
            is_over.set()
            return
        with maps.client() as client:
            while not is_over.is_set():
                start = time.monotonic()
                assert client.lookup("good", "a@b.c") == ("OK", b"x@y")
                assert time.monotonic() - start < DEADLINE / 2

    in_threads(askers + 2, ask)


def _lines(options):
    return "".join(f"{name} = {value}\n" for name, value in options.items())


def in_threads(count, work):
    """Runs work(number) in threads; what one raises is raised here."""
    failures = []

    def run(number):
        try:
            work(number)
        except BaseException as why:
            failures.append(why)

    threads = [threading.Thread(target=run, args=(number,), daemon=True)
               for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
