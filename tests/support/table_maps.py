# SPDX-License-Identifier: MIT
"""A daemon whose maps are tables with a FILE.cf, for tests of servers that
fail.

    with Maps("redis", {"m": "hosts = ...\\n"}) as maps:
        assert maps.value("m", "key") == "value"
"""
import os
import subprocess
import tempfile
import threading
import time

from daemon import Daemon, PATIENCE
from socketmap_client import Client

DEADLINE = 1.0
LATER = 0.1  # how long after its deadline an answer may come
BACK = 2.0   # how long after its return a server is asked again
FAILED = ("TEMP", "TIMEOUT")


class Maps:
    """secret: what must not be on the daemon's stderr."""

    def __init__(self, kind, tables, deadline=DEADLINE, secret=None,
                 **settings):
        self.folder = tempfile.TemporaryDirectory(prefix=kind + "-")
        self.deadline, self.secret = deadline, secret
        settings = {"deadline": f"{round(deadline * 1000)}ms", **settings}
        config = "[server]\n" + "".join(
            f"{name} = {value}\n" for name, value in settings.items())
        for name, text in tables.items():
            path = f"{self.folder.name}/{name}.cf"
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            config += f"[map {name}]\ntable = {kind}:{path}\n"
        self.daemon = Daemon(config, self.folder.name)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            if self.daemon.process.poll() is None:
                assert self.daemon.stop() == 0, self.daemon.stderr()
            if self.secret is not None:
                assert self.secret not in self.daemon.stderr()
        else:
            print("#", self.daemon.stderr().replace("\n", "\n# "))
        self.daemon.close()
        self.folder.cleanup()

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
        assert took < self.deadline + LATER, took
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
             f"{self.folder.name}/socketmapd.conf", name, key],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=PATIENCE, encoding="utf-8",
            errors="replace", check=False).stdout


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
