#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables that change, fail and grow under a socketmapd that serves."""
import os
import signal
import tempfile
import threading
import time

from daemon import PATIENCE, Daemon
from postfix import postmap
from socketmap_client import Client
from tap import case, done

LONG_AGO = 1_000_000_000
BIG = 1_000_000  # keys
MANY = 1_000  # maps


def prepare(path, text, mtime=LONG_AGO):
    """Writes a file that nobody has been writing for long."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, (mtime, mtime))


def write(path, text, mtime=LONG_AGO):
    """Replaces a file by such a one."""
    prepare(path + ".new", text, mtime)
    os.rename(path + ".new", path)


def wait_for(client, name, key, expected):
    end = time.monotonic() + PATIENCE
    while (answer := client.lookup(name, key)) != expected:
        assert time.monotonic() < end, answer
        time.sleep(0.02)


@case("a file that is replaced is read again, on the same connection")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/users"
        write(path, "a 1\nb 1\n")
        with Daemon(f"[map m]\ntable = texthash:{path}\n") as daemon, \
                Client(daemon.endpoint) as client:
            assert client.lookup("m", "a") == ("OK", b"1")
            write(path, "a 2\nb 2\nbroken\n", LONG_AGO + 1)
            wait_for(client, "m", "a", ("OK", b"2"))
            daemon.wait_line(f"{path}:3: expected a key")
            daemon.wait_line("map m was read again: 2 entries")
            assert daemon.stop() == 0


@case("a file that has lost most of its entries waits for SIGHUP")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/users"
        write(path, "a 1\nb 1\nc 1\n")
        with Daemon(f"[map m]\ntable = texthash:{path}\n") as daemon, \
                Client(daemon.endpoint) as client:
            write(path, "a 2\n", LONG_AGO + 1)
            daemon.wait_line("map m keeps what it has until SIGHUP: "
                             "1 entries in place of 3")
            assert client.lookup("m", "a") == ("OK", b"1")
            daemon.send_signal(signal.SIGHUP)
            wait_for(client, "m", "a", ("OK", b"2"))
            assert client.lookup("m", "c") == ("NOTFOUND", b"")
            assert daemon.stop() == 0
            assert daemon.stderr().count("keeps what it has") == 1


def begin_writing(path, text):
    """Writes the first part of a file, just now."""
    file = open(path, "w", encoding="utf-8")
    file.write(text)
    file.flush()
    return file


@case("SIGHUP while a file is being written: not half of it is taken")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/users"
        write(path, "a 1\nb 1\n")
        for auto in "yes", "no":
            config = f"[map m]\ntable = texthash:{path}\n" \
                f"shrink_limit = 100\nauto_reload = {auto}\n"
            with Daemon(config) as daemon, Client(daemon.endpoint) as client:
                with begin_writing(path, "a 2\n") as file:
                    daemon.send_signal(signal.SIGHUP)
                    time.sleep(0.5)
                    assert client.lookup("m", "b") == ("OK", b"1")
                    file.write("b 2\n")
                daemon.wait_line("socketmapd: reloaded")
                assert client.lookup("m", "a") == ("OK", b"2")
                assert client.lookup("m", "b") == ("OK", b"2")
                assert daemon.stop() == 0
            write(path, "a 1\nb 1\n")


@case("a start while a file is being written: all of it is taken in the end")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/users"
        config = f"[map m]\ntable = texthash:{path}\nauto_reload = no\n"
        with begin_writing(path, "a 1\n") as file, Daemon(config) as daemon, \
                Client(daemon.endpoint) as client:
            file.write("b 1\n")
            file.flush()
            wait_for(client, "m", "b", ("OK", b"1"))
            assert client.lookup("m", "a") == ("OK", b"1")
            assert daemon.stop() == 0


@case("a map that cannot open answers TEMP and is tried again")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/users"
        config = (f"[map m]\ntable = texthash:{path}\ncanary = bird\n"
                  "[map other]\ntable = static:x\n")
        with Daemon(config) as daemon, Client(daemon.endpoint) as client:
            status, text = client.lookup("m", "a")
            assert status == "TEMP" and b"No such file" in text, text
            assert client.lookup("other", "a") == ("OK", b"x")
            write(path, "a 1\n")
            daemon.wait_line("map m answers TEMP: canary bird not found")
            status, text = client.lookup("m", "nobody")
            assert (status, text) == ("TEMP", b"canary bird not found"), text
            write(path, "a 1\nbird 1\n", LONG_AGO + 1)
            wait_for(client, "m", "a", ("OK", b"1"))
            assert daemon.stop() == 0


def compile_table(kind, path, text):
    """Makes path.KIND by postmap(1), as somebody does on a mail host."""
    prepare(path, text)
    status, _, why = postmap([f"{kind}:{path}"])
    assert status == 0, why


@case("every kind of file is read again when it has changed")
def _():
    kinds = {"pcre": "/^k$/ %s\n", "regexp": "/^k$/ %s\n",
             "cidr": "192.0.2.1 %s\n"}
    built = ("cdb", "lmdb", "hash", "btree")
    with tempfile.TemporaryDirectory() as directory:
        config = "[map list]\ntable = " \
            f"inline:{{x=y}}, texthash:{directory}/list\n"
        for kind, text in kinds.items():
            write(f"{directory}/{kind}", text % "1")
            config += f"[map {kind}]\ntable = {kind}:{directory}/{kind}\n"
        for kind in built:
            compile_table(kind, f"{directory}/{kind}", "k 1\n")
            config += f"[map {kind}]\ntable = {kind}:{directory}/{kind}\n"
        write(f"{directory}/list", "k 1\n")
        with Daemon(config) as daemon, Client(daemon.endpoint) as client:
            asked = {kind: "192.0.2.1" if kind == "cidr" else "k"
                     for kind in (*kinds, *built, "list")}
            for kind, key in asked.items():
                assert client.lookup(kind, key) == ("OK", b"1"), kind
            for kind, text in kinds.items():
                write(f"{directory}/{kind}", text % "2", LONG_AGO + 1)
            for kind in built:
                compile_table(kind, f"{directory}/{kind}", "k 2\n")
            write(f"{directory}/list", "k 2\n", LONG_AGO + 1)
            for kind, key in asked.items():
                wait_for(client, kind, key, ("OK", b"2"))


@case("an lmdb file that has lost most of its entries is warned of: it is gone")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/table"
        compile_table("lmdb", path, "".join(f"k{n} 1\n" for n in range(9)))
        with Daemon(f"[map m]\ntable = lmdb:{path}\n") as daemon, \
                Client(daemon.endpoint) as client:
            assert client.lookup("m", "k8") == ("OK", b"1")
            compile_table("lmdb", path, "k0 2\n")
            daemon.wait_line("map m: 1 entries in place of 9")
            assert client.lookup("m", "k0") == ("OK", b"2")
            assert client.lookup("m", "k8") == ("NOTFOUND", b"")


@case("SIGHUP carries over what has not changed, and reads what has")
def _():
    with tempfile.TemporaryDirectory() as directory:
        for name in "same", "changed":
            write(f"{directory}/{name}", "a 1\nbroken\n")
        config = "".join(
            f"[map {name}]\ntable = texthash:{directory}/{name}\n"
            "auto_reload = no\n" for name in ("same", "changed"))
        with Daemon(config) as daemon, Client(daemon.endpoint) as client:
            write(directory + "/changed", "a 2\nbroken\n", LONG_AGO + 1)
            assert client.lookup("changed", "a") == ("OK", b"1")
            daemon.send_signal(signal.SIGHUP)
            wait_for(client, "changed", "a", ("OK", b"2"))
            assert client.lookup("same", "a") == ("OK", b"1")
            assert daemon.stop() == 0
            # Each reading tells of the broken line.
            lines = daemon.stderr()
            assert lines.count("/same:2: expected") == 1, lines
            assert lines.count("/changed:2: expected") == 2, lines


class Asker:
    """Asks one map all the time, and keeps the longest wait."""

    def __init__(self, endpoint, name, key, expected):
        self.longest = 0
        self.count = 0
        self.wrong = []
        self._ended = False
        self._what = (endpoint, name, key, expected)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        endpoint, name, key, expected = self._what
        with Client(endpoint) as client:
            while not self._ended:
                begin = time.monotonic()
                answer = client.lookup(name, key)
                self.longest = max(self.longest, time.monotonic() - begin)
                self.count += 1
                if answer != expected:
                    self.wrong.append(answer)

    def end(self):
        self._ended = True
        self._thread.join()
        assert not self.wrong, self.wrong[:3]
        assert self.count > 0


@case("a big table is read, adopted and freed beside the other lookups")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/big"
        lines = "".join(f"user{n}@example.org u{n}\n" for n in range(BIG))
        write(path, "first 1\n" + lines)
        prepare(path + ".2", "first 2\n" + lines, LONG_AGO + 1)
        prepare(path + ".3", "first 3\n" + lines, LONG_AGO + 2)
        config = (f"[map big]\ntable = texthash:{path}\n"
                  "[map small]\ntable = inline:{a=1}\n")
        with Daemon(config) as daemon, Client(daemon.endpoint) as client:
            asker = Asker(daemon.endpoint, "small", "a", ("OK", b"1"))
            begin = time.monotonic()
            os.rename(path + ".2", path)
            wait_for(client, "big", "first", ("OK", b"2"))
            read = time.monotonic() - begin
            os.rename(path + ".3", path)
            daemon.send_signal(signal.SIGHUP)
            wait_for(client, "big", "first", ("OK", b"3"))
            asker.end()
            print(f"# read in {read:.2f} s, {asker.count} lookups beside it, "
                  f"the longest took {asker.longest * 1000:.0f} ms")
            # As long as the reading it would be on the loop.
            assert asker.longest < read / 2, (asker.longest, read)
            assert daemon.stop() == 0


@case("a thousand maps are reloaded beside the lookups of another")
def _():
    with tempfile.TemporaryDirectory() as directory:
        config = "[map small]\ntable = inline:{a=1}\n"
        for n in range(MANY):
            write(f"{directory}/{n}", "a 1\n")
            config += (f"[map m{n}]\ntable = texthash:{directory}/{n}\n"
                       "auto_reload = no\n")
        with Daemon(config) as daemon, Client(daemon.endpoint) as client:
            asker = Asker(daemon.endpoint, "small", "a", ("OK", b"1"))
            for n in range(MANY):
                write(f"{directory}/{n}", "a 2\n", LONG_AGO + 1)
            begin = time.monotonic()
            daemon.send_signal(signal.SIGHUP)
            wait_for(client, f"m{MANY - 1}", "a", ("OK", b"2"))
            took = time.monotonic() - begin
            asker.end()
            for n in range(MANY):
                assert client.lookup(f"m{n}", "a") == ("OK", b"2")
            print(f"# reloaded in {took:.2f} s, the longest lookup took "
                  f"{asker.longest * 1000:.0f} ms")
            assert took < 10, took  # 1 s on an idle machine, by far
            assert daemon.stop() == 0


done()
