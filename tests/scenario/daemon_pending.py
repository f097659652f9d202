#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lookups that wait: for another server, for a database, for a thread. Whatever
happens to those, the answer is never a wrong one, and nobody else waits."""
import os
import re
import signal
import socket
import sqlite3
import tempfile
import threading
import time

from daemon import Daemon, program, write_config
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


def counts(daemon, name, turn=1):
    """What SIGUSR1 tells of a map."""
    daemon.send_signal(signal.SIGUSR1)
    line = daemon.wait_line(f"map={name} ", turn)
    return {word: int(number)
            for word, number in re.findall(r" (\w+)=(\d+)", line)}


@case("what waited is counted as what became of it, also after a reload")
def _():
    gate = Gate()
    with Server(gate) as server, tempfile.TemporaryDirectory() as directory:
        text = config(server).replace("deadline = 1s", "deadline = 20s")
        with Daemon(text, directory) as daemon:
            with Client(daemon.endpoint) as gone:
                gone.ask("far", "gone")
                waiting = pending(daemon, server, "far", "k")
                while len(server.requests) < 2:
                    time.sleep(0.01)
            assert counts(daemon, "far")["ok"] == 0
            write_config(directory, text + "auto_reload = no\n")
            daemon.send_signal(signal.SIGHUP)
            daemon.wait_line("reloaded 2 maps")
            gate.open.set()
            waiting[0].join()
            give_up, turn = time.monotonic() + 30, 2
            while True:
                got = counts(daemon, "far", turn)
                if got["ok"] + got["canceled"] == 2:
                    break
                assert time.monotonic() < give_up, got
                turn += 1
            assert got["ok"] == got["canceled"] == 1, got


@case("what came too late is counted once")
def _():
    gate = Gate()
    with Server(gate) as server, Daemon(config(server)) as daemon:
        with Client(daemon.endpoint) as client:
            for n in range(3):
                assert client.lookup("far", f"k{n}")[0] in ("TIMEOUT", "TEMP")
            assert client.lookup("plain", "k") == ("OK", b"x")
        give_up, turn = time.monotonic() + 30, 1
        while True:
            got = counts(daemon, "far", turn)
            if got["late"] + got["temp"] >= 3:
                break
            assert time.monotonic() < give_up, got
            turn += 1
        assert got["late"] + got["temp"] == 3 and got["ok"] == 0, got
        gate.open.set()


@case("a server that dies with a lookup is TEMP, and nobody hangs")
def _():
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/far"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        text = SETTINGS.replace("1s", "20s") + PLAIN + \
            f"[map far]\ntable = socketmap:unix:{path}:m\n"
        with Daemon(text) as daemon:
            thread, answers = in_background(daemon, "far", "k")
            connection, _ = listener.accept()
            assert connection.recv(100) == netstring(b"m k")
            os.unlink(path)
            listener.close()
            connection.sendall(b"7:OK half"[:5])
            connection.close()
            thread.join()
            assert answers[0][0] == "TEMP", answers
            with Client(daemon.endpoint) as client:
                assert client.lookup("far", "k")[0] == "TEMP"
                assert client.lookup("plain", "k") == ("OK", b"x")


@case("a thousand lookups wait at once, and others go on")
def _():
    gate, count = Gate(), 1000
    with Server(gate) as server:
        text = config(server).replace("deadline = 1s", "deadline = 60s")
        with Daemon(text) as daemon:
            clients = [Client(daemon.endpoint) for _ in range(count)]
            for n, client in enumerate(clients):
                client.ask("far", f"k{n}")
            with Client(daemon.endpoint) as client:
                assert client.lookup("plain", "k") == ("OK", b"x")
            gate.open.set()
            for n, client in enumerate(clients):
                assert client.reply() == ("OK", f"k{n}".encode())
                client.close()


@case("another daemon takes over: who waits gets his answer from the old one")
def _():
    gate = Gate()
    with Server(gate) as server, tempfile.TemporaryDirectory() as directory:
        text = config(server).replace("deadline = 1s", "deadline = 20s") \
            .replace("[map plain]", "control = @DIR@/control\n[map plain]", 1) \
            .replace("drain_timeout = 2s", "drain_timeout = 20s")
        with Daemon(text, directory) as old:
            with Client(old.endpoint) as client:
                client.ask("far", "k")
                while not server.requests:
                    time.sleep(0.01)
                path = write_config(directory, text.replace(
                    f"socketmap:{server.endpoint}:m", "static:new"))
                with Daemon(None, directory, [
                        program(), "--takeover", "-c", path]) as new:
                    gate.open.set()
                    assert client.reply() == ("OK", b"k")
                    assert old.wait() == 0
                    assert client.lookup("far", "k") == ("OK", b"new")
                    assert new.stop() == 0


@case("the end, with lookups that wait at maps of before a reload")
def _():
    gate = Gate()
    with Server(gate) as server, tempfile.TemporaryDirectory() as directory:
        text = config(server).replace("deadline = 1s", "deadline = 60s") \
            .replace("drain_timeout = 2s", "drain_timeout = 200ms")
        with Daemon(text, directory) as daemon:
            clients = [Client(daemon.endpoint) for _ in range(20)]
            for client in clients:
                client.ask("far", "k")
            while len(server.requests) < 8:
                time.sleep(0.01)
            write_config(directory, text.replace(
                f"socketmap:{server.endpoint}:m", "static:new"))
            daemon.send_signal(signal.SIGHUP)
            daemon.wait_line("reloaded 2 maps")
            assert daemon.stop() == 0
            for client in clients:
                client.close()
        gate.open.set()


@case("users of the system, many at once")
def _():
    with Daemon("[map users]\ntable = unix:passwd.byname\n") as daemon:
        threads = [in_background(daemon, "users", name)
                   for _ in range(20) for name in ("root", "no body")]
        for n, (thread, answers) in enumerate(threads):
            thread.join()
            if n % 2:
                assert answers == [("NOTFOUND", b"")], answers
            else:
                assert answers[0][1].startswith(b"root:x:0:0:"), answers


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
