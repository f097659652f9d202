# SPDX-License-Identifier: MIT
"""What a map's lookups lose while the server behind another map hangs.

The other map's server takes connections and never says a word. Lookups of it
are compared with lookups of a map that fails at once, which has no server, by
as many clients: these cost something, too. As in bench/run a figure is the
median over the rounds of a ratio within a round.
"""
import os
import socket
import threading
import time

import fixtures
from measure import in_turn
from tables import show_ratio

KEYS = 1000
ASKERS = 16
PAUSE = 0.01  # seconds between an answer to one of these and its next key

# What stands behind `table =`, and in its FILE.cf, by type.
HUNG = {
    "exec": ("exec:{cf}", "command = sleep 1000\n"),
    "http": ("http:{cf}", "url = http://127.0.0.1:{port}/?key=%s\n"),
    "ldap": ("ldap:{cf}", "server_host = ldap://127.0.0.1:{port}\n"
             "search_base = dc=example\n"),
    "memcache": ("memcache:{cf}", "memcache = inet:127.0.0.1:{port}\n"),
    "mysql": ("mysql:{cf}", "hosts = 127.0.0.1:{port}\nuser = u\ndbname = d\n"
              "query = SELECT v FROM t WHERE k = '%s'\n"),
    "pgsql": ("pgsql:{cf}", "hosts = 127.0.0.1:{port}\nuser = u\ndbname = d\n"
              "query = SELECT v FROM t WHERE k = '%s'\n"),
    "redis": ("redis:{cf}", "hosts = 127.0.0.1:{port}\ncommand = GET %s\n"),
    "socketmap": ("socketmap:inet:127.0.0.1:{port}:name", None),
    "tcp": ("tcp:127.0.0.1:{port}", None),
}


class Mute:
    """A server that takes every connection and leaves it there."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.taken = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        try:
            while True:
                self.taken.append(self.listener.accept()[0])
        except OSError:
            pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.taken:
            connection.close()


class Askers:
    """Clients of the other map, each with one lookup at a time."""

    def __init__(self, path, name):
        text = f"{name} a@b.c"
        self.request = f"{len(text)}:{text},".encode()
        self.is_over = threading.Event()
        self.connections = []
        for _ in range(ASKERS):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
            self.connections.append(connection)
            threading.Thread(target=self._ask, args=(connection,),
                             daemon=True).start()

    def _ask(self, connection):
        try:
            while not self.is_over.is_set():
                connection.sendall(self.request)
                if not connection.recv(4096):
                    return
                time.sleep(PAUSE)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()


class Case:
    def __init__(self, kind):
        self.kind = kind
        self.name = f"neighbours, {kind} hangs"

    def run(self, machine):
        place = os.path.join(machine.directory, f"hung-{self.kind}")
        os.mkdir(place)
        mute = Mute()
        try:
            return self._run(machine, place, mute.port)
        finally:
            mute.stop()

    def _run(self, machine, place, port):
        text = os.path.join(place, "text")
        fixtures.write_numbered(text, "user%d@example.com value%d\n", KEYS)
        maps = {"quick": f"texthash:{text}", "fails": "fail:nobody",
                "hangs": self._spec(place, port)}
        daemon = fixtures.Daemon(machine, os.path.join(place, "daemon"), maps)
        path = daemon.endpoint.partition(":")[2]
        rounds = {"fails": [], "hangs": []}
        with daemon:
            for name in in_turn(list(rounds), machine.options.rounds):
                with Askers(path, name):
                    rounds[name].append(self._load(machine, daemon))
        return [show_ratio(title, [
            a[metric] / b[metric]
            for a, b in zip(rounds["hangs"], rounds["fails"])], goal)
            for metric, title, goal in (("p99_us", "p99 us", 1.1),
                                        ("rate", "requests/s", None))]

    def _spec(self, place, port):
        spec, lines = HUNG[self.kind]
        path = os.path.join(place, "table.cf")
        if lines is not None:
            with open(path, "w", encoding="ascii") as file:
                file.write(lines.format(port=port))
        return spec.format(cf=path, port=port)

    @staticmethod
    def _load(machine, daemon):
        return machine.load(
            daemon.process, f"{daemon.endpoint}:quick", "-e", "value%d",
            "-K", str(KEYS), "-c", "16", *machine.timing())


def run(machine):
    """Runs the cases that --only names; returns what --json keeps."""
    kept = []
    cases = [case for case in map(Case, HUNG)
             if machine.options.only in case.name]
    there = fixtures.types_of_build(machine) if cases else ()
    for case in cases:
        print(f"\n{case.name}", flush=True)
        if case.kind not in there:
            print(f"  not measured: this build has no {case.kind}:")
            continue
        kept.append({"case": case.name, "figures": case.run(machine)})
    return kept
