# SPDX-License-Identifier: MIT
"""A socketmapd whose maps are pgsql tables, written as lines of their files.

    with Maps({"m": server.options(query="select '%s'")}) as maps:
        assert maps.value("m", "key") == "key"
"""
import os
import subprocess
import tempfile
import threading
import time
from statistics import median

from daemon import PATIENCE, Daemon
from postgres import PASSWORD
from socketmap_client import Client

DEADLINE = 1.0
LATER = 0.1  # how long after its deadline an answer may come
LATEST = 3.0  # ... on a machine that has other things to do, once in a while
BACK = 2.0   # how long after its return a server is asked again
FAILED = ("TEMP", "TIMEOUT")


class Maps:
    """A daemon with a map for each of the .cf files. settings: of [server].
    each: more lines for each map."""

    def __init__(self, tables, deadline=DEADLINE, env=None, each=None,
                 **settings):
        self.directory = tempfile.TemporaryDirectory(prefix="pgsql-")
        settings = {"deadline": f"{deadline:g}s", **settings}
        config = "[server]\n" + _lines(settings)
        for name, text in tables.items():
            path = self.write(name, text)
            config += (f"[map {name}]\ntable = pgsql:{path}\n" +
                       _lines(each or {}))
        self.times = []  # of failures
        self.daemon = Daemon(config, self.directory.name,
                             env={**os.environ, **(env or {})})
        # Sanitizers take their time, and keep memory that was freed.
        self.sanitized = any(
            f"lib{name}san" in self._proc("maps") for name in "at")

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
            if self.daemon.process.poll() is None:
                assert self.daemon.stop() == 0, self.daemon.stderr()
            assert PASSWORD not in self.daemon.stderr()
            assert (not self.times or self.sanitized or
                    median(self.times) < DEADLINE + LATER), self.times
        else:
            print("#", self.daemon.stderr().replace("\n", "\n# "))
        self.daemon.close()
        self.directory.cleanup()

    def client(self):
        return Client(self.daemon.endpoint)

    def ask(self, name, key):
        with self.client() as client:
            return client.lookup(name, key)

    def value(self, name, key):
        status, text = self.ask(name, key)
        return text.decode() if status == "OK" else status

    def failure(self, name, key):
        """The reason of a lookup that has to fail in time."""
        start = time.monotonic()
        status, text = self.ask(name, key)
        took = time.monotonic() - start
        assert status in FAILED, (status, text)
        self.times.append(took)
        assert took < DEADLINE + LATEST, took
        return text.decode()

    def _proc(self, name):
        with open(f"/proc/{self.daemon.pid}/{name}", encoding="utf-8") as file:
            return file.read()

    def peak_kb(self):
        return int(self._proc("status").partition("VmHWM:")[2].split()[0])

    def explain(self, name, key):
        """What `socketmap explain` shows, which waits for its answer."""
        return subprocess.run(
            [os.environ["SOCKETMAP"], "explain", "-c",
             f"{self.directory.name}/socketmapd.conf", name, key],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=PATIENCE, encoding="utf-8",
            errors="replace", check=False).stdout

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


def _lines(options):
    return "".join(f"{name} = {value}\n" for name, value in options.items())


def wait_until(is_so, patience=BACK):
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


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
