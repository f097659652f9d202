# SPDX-License-Identifier: MIT
"""A daemon with maps that are read from .cf files, and questions to it.

    with Maps("pgsql", {"m": "hosts = ...\\n"}, secret="...") as maps:
        assert maps.value("m", "key") == "value"
        assert "refused" in maps.failure("m", "other")
"""
import tempfile
import threading
import time

from daemon import Daemon
from socketmap_client import Client

DEADLINE = 1.0
LATER = 0.1  # how long after its deadline an answer may come
BACK = 2.0   # how long after its return a server is asked again
FAILED = ("TEMP", "TIMEOUT")


class Maps:
    """A daemon with a map for each of the .cf files; what is secret is never
    to be seen in what it writes."""

    def __init__(self, kind, tables, deadline=DEADLINE, secret=None,
                 workers=None, **settings):
        self.secret, self.deadline = secret, deadline
        self.directory = tempfile.TemporaryDirectory(prefix=f"{kind}-")
        settings = {"deadline": f"{deadline:g}s", **settings}
        config = "[server]\n" + "".join(
            f"{name} = {value}\n" for name, value in settings.items())
        if workers is not None:
            config += f"[defaults]\nworkers = {workers}\n"
        for name, text in tables.items():
            path = f"{self.directory.name}/{name}.cf"
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            config += f"[map {name}]\ntable = {kind}:{path}\n"
        self.daemon = Daemon(config)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            if self.daemon.process.poll() is None:
                assert self.daemon.stop() == 0, self.daemon.stderr()
            assert not self.secret or self.secret not in self.daemon.stderr()
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

    def failure(self, name, key, later=LATER):
        """The reason of a lookup that has to fail in time; later: for a crowd
        of askers, who wait for each other, too."""
        start = time.monotonic()
        status, text = self.ask(name, key)
        took = time.monotonic() - start
        assert status in FAILED, (status, text)
        assert took < self.deadline + later, took
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
