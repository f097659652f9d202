# SPDX-License-Identifier: MIT
"""The tables that bench/tables.py asks, and a socketmapd that serves them.

Each has the keys and values of map.h; the table of patterns has its own.
"""
import os
import random
import shutil
import sqlite3
import subprocess
import sys

from measure import Failure

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../tests/support"))
import daemon  # noqa: E402

KEYS = 1000000
PATTERNS = 1000
CHUNK = 100000

MAIN_CF = "compatibility_level = 3.6\nlmdb_map_size = 1073741824\n"
SQLITE_CF = "dbpath = {}\nquery = SELECT value FROM t WHERE key = '%s'\n"
LISTEN = "[listen bench]\nendpoint = unix:{}\n"


def write_numbered(path, line, count):
    """Writes a file of lines with the numbers 0 to count - 1 in them."""
    with open(path, "w", encoding="ascii") as file:
        for start in range(0, count, CHUNK):
            numbers = range(start, min(start + CHUNK, count))
            file.write("".join([line % (n, n) for n in numbers]))


def types_of_build(machine):
    """The names of the table types that this socketmapd has."""
    done = subprocess.run(
        [machine.program("src/cli/socketmap"), "check", "-o", "-c",
         write_config(machine.directory, {"none": "none:none"})],
        stderr=subprocess.PIPE, text=True, check=False)
    _, _, names = done.stderr.partition("there are: ")
    return set(names.split("\n")[0].replace(",", "").split())


def write_config(directory, maps):
    """Writes a configuration with maps {name: table}; returns its path."""
    path = os.path.join(directory, "socketmapd.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(LISTEN.format(os.path.join(directory, "socket")))
        for name, table in maps.items():
            file.write(f"[map {name}]\ntable = {table}\n")
    return path


class Daemon(daemon.Daemon):
    """A running socketmapd with these maps, {name: table}."""

    def __init__(self, machine, place, maps):
        os.mkdir(place)
        super().__init__(
            "", place, [machine.program("src/daemon/socketmapd"), "-c",
                        write_config(place, maps)],
            preexec_fn=machine.pin_server)


class Fixtures:
    """Table specifications by type, for those that can be made here."""

    def __init__(self, machine):
        self.machine = machine
        self.place = os.path.join(machine.directory, "tables")
        os.mkdir(self.place)
        self.config = os.path.join(self.place, "postfix")
        os.mkdir(self.config)
        self._write("postfix/main.cf", MAIN_CF)
        write_numbered(self._path("text"),
                       "user%d@example.com value%d\n", KEYS)
        self.types = types_of_build(machine)
        self.specs = {"texthash": f"texthash:{self._path('text')}"}
        self._add("cdb", self._make_by_postmap)
        self._add("lmdb", self._make_by_postmap)
        self._add("sqlite", self._make_sqlite)
        self._add("pcre", self._make_patterns)
        self.keys = self._write_keys("keys", 200000, "user%d@example.com")
        self.pattern_keys = self._write_keys(
            "pattern-keys", 20000, "user7@host%d.example",
            numbers=2 * PATTERNS)

    def _path(self, name):
        return os.path.join(self.place, name)

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self._path(name)

    def _write_keys(self, name, count, pattern, numbers=KEYS):
        choice = random.Random(1)
        return self._write(name, "".join(
            [pattern % choice.randrange(numbers) + "\n"
             for _ in range(count)]))

    def _add(self, name, make):
        spec = make(name) if name in self.types else None
        if spec is not None:
            self.specs[name] = spec

    def _make_by_postmap(self, name):
        if not has_postmap():
            return None
        source = self._path(name)
        os.link(self._path("text"), source)
        done = subprocess.run(
            ["postmap", "-c", self.config, f"{name}:{source}"], check=False)
        if done.returncode != 0:
            raise Failure(f"postmap cannot make {name} files here")
        return f"{name}:{source}"

    def _make_sqlite(self, _):
        path = self._path("sqlite")
        with sqlite3.connect(path) as base:
            base.execute("CREATE TABLE t (key TEXT PRIMARY KEY, value TEXT)")
            base.executemany("INSERT INTO t VALUES (?, ?)", (
                (f"user{n}@example.com", f"value{n}") for n in range(KEYS)))
        base.close()
        return "sqlite:" + self._write("sqlite.cf", SQLITE_CF.format(path))

    def _make_patterns(self, _):
        return "pcre:" + self._write("patterns", "".join(
            [f"/^([a-z]+)([0-9]*)@host{n}\\.example$/ value{n}-$2\n"
             for n in range(PATTERNS)]))


def has_postmap():
    return shutil.which("postmap") is not None
