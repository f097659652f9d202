#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lookups that wait: for another server, for a database, for a thread. Whatever
happens to those, the answer is never a wrong one, and nobody else waits."""
import os
import signal
import sqlite3
import tempfile
import threading
import time

from daemon import Daemon, write_config
from scripted_server import Server, netstring
from socketmap_client import Client
from tap import case, done

SETTINGS = "[server]\ndeadline = 1s\ndrain_timeout = 2s\n"
PLAIN = "[map plain]\ntable = static:x\n"


class Gate:
    """A script that answers only when it is opened; keys come back."""

    def __init__(self):
        self.open = threading.Event()

    def __call__(self, payload):
        self.open.wait(30)
        return netstring(b"OK " + payload.split(b" ", 1)[1])


def config(server):
    return SETTINGS + PLAIN + \
        f"[map far]\ntable = socketmap:{server.endpoint}:m\n"


def in_background(daemon, name, key):
    """Asks on a connection of its own; returns (thread, [answer])."""
    answers = []

    def ask():
        with Client(daemon.endpoint) as client:
            answers.append(client.lookup(name, key))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, answers


def pending(daemon, server, name, key):
    """The same, when the other server has got the question."""
    before = len(server.requests)
    thread, answers = in_background(daemon, name, key)
    give_up = time.monotonic() + 30
    while len(server.requests) == before and time.monotonic() < give_up:
        time.sleep(0.01)
    assert len(server.requests) > before
    return thread, answers


@case("a server that hangs: TIMEOUT for its map, and others go on meanwhile")
def _():
    gate = Gate()
    with Server(gate) as server, Daemon(config(server)) as daemon:
        thread, answers = pending(daemon, server, "far", "k")
        with Client(daemon.endpoint) as client:
            assert client.lookup("plain", "k") == ("OK", b"x")
            assert not answers
        thread.join()
        assert answers[0][0] in ("TIMEOUT", "TEMP"), answers
        gate.open.set()


@case("a late answer of that server reaches nobody")
def _():
    gate = Gate()
    with Server(gate) as server, Daemon(config(server)) as daemon:
        with Client(daemon.endpoint) as client:
            assert client.lookup("far", "first")[0] in ("TIMEOUT", "TEMP")
            gate.open.set()
            for n in range(20):
                assert client.lookup("far", f"k{n}") == \
                    ("OK", f"k{n}".encode())


@case("a server that is gone is TEMP, and found again when it is back")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/far"
        text = SETTINGS + f"[map far]\ntable = socketmap:unix:{path}:m\n"
        with Daemon(text) as daemon, Client(daemon.endpoint) as client:
            assert client.lookup("far", "k")[0] == "TEMP"
            with Server(Gate()) as server:
                server.script.open.set()
                os.symlink(server.endpoint.removeprefix("unix:"), path)
                give_up = time.monotonic() + 30
                while client.lookup("far", "k") != ("OK", b"k"):
                    assert time.monotonic() < give_up


@case("a lookup that needs a new connection gets it when there can be one")
def _():
    gate, lost = Gate(), []

    def script(payload):
        if payload == b"m lost" and not lost:
            lost.append(payload)
            return None
        return gate(payload)

    with Server(script) as server:
        text = config(server).replace("deadline = 1s", "deadline = 20s")
        path = server.endpoint.removeprefix("unix:")
        with Daemon(text) as daemon:
            both = [pending(daemon, server, "far", f"k{n}") for n in (1, 2)]
            gate.open.set()
            for thread, _ in both:
                thread.join()
            assert server.connections == 2
            os.rename(path, path + ".away")
            thread, answers = pending(daemon, server, "far", "lost")
            while not lost:
                time.sleep(0.01)
            time.sleep(0.2)  # the other server cannot be reached for a while
            os.rename(path + ".away", path)
            thread.join()
            assert answers == [("OK", b"lost")], answers


@case("a reload lets lookups that wait end on what they began with")
def _():
    gate = Gate()
    with Server(gate) as server, tempfile.TemporaryDirectory() as directory:
        text = config(server).replace("deadline = 1s", "deadline = 20s")
        with Daemon(text, directory) as daemon:
            thread, answers = pending(daemon, server, "far", "k")
            write_config(directory, text.replace(
                f"socketmap:{server.endpoint}:m", "static:new"))
            daemon.send_signal(signal.SIGHUP)
            daemon.wait_line("reloaded 2 maps")
            with Client(daemon.endpoint) as client:
                assert client.lookup("far", "k") == ("OK", b"new")
            gate.open.set()
            thread.join()
            assert answers == [("OK", b"k")], answers
            assert daemon.stop() == 0


@case("the end lets lookups that wait end, too")
def _():
    gate = Gate()
    with Server(gate) as server:
        text = config(server).replace("deadline = 1s", "deadline = 20s") \
            .replace("drain_timeout = 2s", "drain_timeout = 20s")
        with Daemon(text) as daemon:
            thread, answers = pending(daemon, server, "far", "k")
            daemon.send_signal(signal.SIGTERM)
            gate.open.set()
            thread.join()
            assert answers == [("OK", b"k")], answers
            assert daemon.wait() == 0


@case("the end does not wait longer than drain_timeout for them")
def _():
    gate = Gate()
    with Server(gate) as server:
        text = config(server).replace("deadline = 1s", "deadline = 60s") \
            .replace("drain_timeout = 2s", "drain_timeout = 200ms")
        with Daemon(text) as daemon:
            client = Client(daemon.endpoint)
            client.sock.sendall(netstring(b"far k"))
            give_up = time.monotonic() + 30
            while not server.requests and time.monotonic() < give_up:
                time.sleep(0.01)
            assert daemon.stop() == 0
            client.sock.close()
        gate.open.set()


@case("many lookups that wait at once have their own answers each")
def _():
    gate = Gate()
    with Server(gate) as server:
        text = config(server).replace("deadline = 1s", "deadline = 20s")
        with Daemon(text) as daemon:
            waiting = [in_background(daemon, "far", f"k{n}")
                       for n in range(100)]
            gate.open.set()
            for n, (thread, answers) in enumerate(waiting):
                thread.join()
                assert answers == [("OK", f"k{n}".encode())], (n, answers)


@case("more than the queue holds: TEMP at once, and never more than that")
def _():
    gate = Gate()
    with Server(gate) as server:
        text = config(server) + "queue = 1\n"
        with Daemon(text) as daemon:
            waiting = [in_background(daemon, "far", f"k{n}")
                       for n in range(60)]
            for thread, answers in waiting:
                thread.join()
                assert answers[0][0] in ("TEMP", "TIMEOUT"), answers
        gate.open.set()


def make_database(path, value):
    with sqlite3.connect(path) as database:
        database.execute("create table t (k primary key, v)")
        database.execute("insert into t values ('k', ?)", (value,))
    database.close()


@case("sqlite: rows that change, and a database put in the place of another")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/database"
        make_database(path, "1")
        with open(f"{directory}/t.cf", "w", encoding="ascii") as file:
            file.write(f"dbpath = {path}\nquery = select v from t "
                       "where k = '%s'\n")
        with Daemon(SETTINGS + f"[map q]\ntable = sqlite:{directory}/t.cf\n") \
                as daemon, Client(daemon.endpoint) as client:
            assert client.lookup("q", "K") == ("OK", b"1")
            with sqlite3.connect(path) as database:
                database.execute("update t set v = '2'")
            database.close()
            assert client.lookup("q", "k") == ("OK", b"2")
            make_database(path + ".new", "3")
            os.rename(path + ".new", path)
            assert client.lookup("q", "k") == ("OK", b"3")
            assert client.lookup("q", "none") == ("NOTFOUND", b"")


@case("sqlite: many at once, while somebody writes, each its own answer")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/database"
        with sqlite3.connect(path) as database:
            database.execute("create table t (k primary key, v)")
            database.executemany("insert into t values (?, ?)",
                                 ((f"k{n}", f"v{n}") for n in range(200)))
        database.close()
        with open(f"{directory}/t.cf", "w", encoding="ascii") as file:
            file.write(f"dbpath = {path}\nquery = select v from t "
                       "where k = '%s'\n")
        with Daemon(f"[map q]\ntable = sqlite:{directory}/t.cf\n") as daemon:
            faults = []

            def ask(part):
                with Client(daemon.endpoint) as client:
                    for n in range(part, 200, 8):
                        got = client.lookup("q", f"k{n}")
                        if got != ("OK", f"v{n}".encode()):
                            faults.append((n, got))

            threads = [threading.Thread(target=ask, args=(part,))
                       for part in range(8)]
            for thread in threads:
                thread.start()
            for n in range(50):
                with sqlite3.connect(path, timeout=30) as database:
                    database.execute("insert into t values (?, ?)",
                                     (f"new{n}", "x"))
                database.close()
            for thread in threads:
                thread.join()
            assert not faults, faults[:3]


done()
