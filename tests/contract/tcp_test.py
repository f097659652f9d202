#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers of tcp_table(5), right ones and wrong ones: never "not found" for a
failure, and never another key's value."""
import contextlib
import random
import socket
import time

from daemon import Daemon
from ending import end_on_signals
from hostile import SEED, keys, rng_of
from http_maps import socketmap
from ports import free_port
from socketmap_client import Client
from table_maps import in_threads
from tap import case, done
from tcp_table import Server, reply

FAILED = ("TEMP", "TIMEOUT")
LATER = 2.0  # what a busy machine may need
BACK = 2.0
LONGEST = 4091


class Silent:
    """A server whose queue is full: whoever connects hears nothing, until it is
    closed."""

    def __init__(self, family, host, port=0):
        self.listener = socket.socket(family)
        if family == socket.AF_INET6:
            self.listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.crowd = [socket.socket(family) for _ in range(3)]
        for one in self.crowd:
            one.setblocking(False)
            one.connect_ex(self.listener.getsockname())

    def close(self):
        for one in [*self.crowd, self.listener]:
            one.close()


class Maps:
    """A daemon whose map m asks a port, and fine has an answer of its own."""

    def __init__(self, port, deadline="1s", host="127.0.0.1"):
        self.daemon = Daemon(
            f"[server]\ndeadline = {deadline}\n"
            f"[map m]\ntable = tcp:{host}:{port}\nqueue = 1000\n"
            "[map fine]\ntable = static:fine\n")
        self.client = Client(self.daemon.endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        self.daemon.close()

    def lookup(self, key):
        return self.client.lookup("m", key)

    def failure(self, key, deadline=1.0):
        start = time.monotonic()
        status, text = self.lookup(key)
        took = time.monotonic() - start
        assert status in FAILED, (key, status, text)
        assert took < deadline + LATER, (key, took)
        return text.decode()

    def wait_found(self, key, value):
        end = time.monotonic() + BACK + LATER
        while (answer := self.lookup(key)) != ("OK", value):
            assert answer[0] in FAILED, answer
            assert time.monotonic() < end, answer
            time.sleep(0.02)


def echo(key):
    if key == b"nobody":
        return reply(500, b"no")
    return reply(200, b"of " + key)


# What is sent, and the value of that; None: the lookup fails.
REPLIES = {
    "whole": (b"200 value\n", "value"),
    "coded": (b"200 %76alu%65%25%20%c3%A4\n", "value% ä"),
    "absent": (b"500 not here\n", "NOTFOUND"),
    "longest": (b"200 " + b"x" * LONGEST + b"\n", "x" * LONGEST),
    "longest, absent": (b"500 " + b"x" * LONGEST + b"\n", "NOTFOUND"),
    "too long": (b"200 " + b"x" * (LONGEST + 1) + b"\n", None),
    "too long, absent": (b"500 " + b"x" * (LONGEST + 1) + b"\n", None),
    "endless": (b"x" * 1_000_000, None),
    "temporary": (b"400 later\n", None),
    "nothing": (None, None),
    "half": (b"200 val", None),
    "half of absent": (b"500 n", None),
    "half a status": (b"50", None),
    "no newline": (b"200 value", None),
    "empty": (b"\n", None),
    "no status": (b"value\n", None),
    "no text": (b"200\n", None),
    "no text, absent": (b"500\n", None),
    "status 2": (b"2 value\n", None),
    "status 2000": (b"2000 value\n", None),
    "status 300": (b"300 value\n", None),
    "status 600": (b"600 value\n", None),
    "blank before": (b" 200 value\n", None),
    "half a code": (b"200 %4\n", None),
    "no code": (b"200 %xy\n", None),
    "no code, absent": (b"500 %xy\n", None),
    "empty value": (b"200 \n", None),
    "a NUL": (b"200 va%00lue\n", None),
    "a NUL as it is": (b"200 va\0lue\n", None),
    "no UTF-8": (b"200 va%FFlue\n", None),
    "HTTP": (b"HTTP/1.1 200 OK\r\n\r\n", None),
    "a banner": (b"220 mail.example.org ESMTP\r\n250 value\n", None),
}
NO_END = {"half", "half of absent", "half a status", "no newline", "endless"}

end_on_signals()
print("# SEED", SEED)


@case("replies of every kind: the value, or a failure; then one that is right")
def _():
    def script(key):
        data = REPLIES.get(key.decode(), (echo(key), None))[0]
        return [data, None] if key.decode() in NO_END else data

    with Server(script) as server, Maps(server.port, "4s") as maps:
        for key, (_, value) in REPLIES.items():
            if key == "a banner":  # has a value, which is not asked for
                assert maps.lookup(key)[0] == "OK"
            elif value is None:
                assert maps.failure(key, 4), key
            elif value == "NOTFOUND":
                assert maps.lookup(key)[0] == value, key
            else:
                assert maps.lookup(key) == ("OK", value.encode()), key
            assert maps.lookup("fine") == ("OK", b"of fine"), key
            assert maps.lookup("nobody") == ("NOTFOUND", b""), key
        out = maps.daemon.directory
        config = f"{out}/socketmapd.conf"
        for key, (_, value) in REPLIES.items():
            status = {None: 75, "NOTFOUND": 1}.get(value, 0)
            status = 0 if key == "a banner" else status
            done_ = socketmap("query", "-c", config, "m", key)
            assert done_.returncode == status, (key, done_)
        assert "400 later" in maps.failure("temporary")
        assert maps.daemon.stop() == 0


@case("servers that hang, drip, or write unasked: TEMP in time")
def _():
    class Odd(Server):
        def answer(self, connection, stream):
            going = super().answer(connection, stream)
            key = self.requests[-1]
            if key == b"drip":
                for byte in b"200 value of a dripping server\n":
                    connection.sendall(bytes([byte]))
                    time.sleep(0.2)
            elif key == b"more":
                time.sleep(0.05)
                connection.sendall(b"200 unasked\n")
            elif key == b"late":
                time.sleep(1.5)
                connection.sendall(b"200 late\n")
            return going

    def script(key):
        if key in (b"hang", b"drip", b"late"):
            return b""
        return b"200 val" if key == b"half" else echo(key)

    with Odd(script) as server, Maps(server.port) as maps:
        for key in "hang", "half", "drip", "late":
            longest = 0
            with Client(maps.daemon.endpoint) as other:
                other.ask("m", key)
                for _ in range(50):
                    start = time.monotonic()
                    assert maps.client.lookup("fine", "x") == ("OK", b"fine")
                    longest = max(longest, time.monotonic() - start)
                assert other.reply()[0] in FAILED, key
            print(f"# {key}: others {longest * 1000:.1f} ms")
            maps.failure(key)
            assert maps.lookup("right") == ("OK", b"of right")
        assert maps.lookup("more") == ("OK", b"of more")
        time.sleep(0.2)
        for turn in range(10):
            answer = maps.lookup(f"k{turn}")
            assert answer == ("OK", b"of k%d" % turn), answer
        assert maps.daemon.stop() == 0


@case("a server that is down, comes, goes, comes again")
def _():
    port = free_port()
    with Maps(port) as maps:
        for key in "x", "nobody":
            assert "refused" in maps.failure(key)
        for turn in range(3):
            with Server(echo, port) as server:
                maps.wait_found("x", b"of x")
                assert maps.lookup("nobody") == ("NOTFOUND", b"")
                assert server.connections <= 8
            for key in "x", "nobody", "x", "x":
                assert maps.failure(key)
        assert maps.daemon.stop() == 0
        said = maps.daemon.stderr()
        assert said.count(f"map m: 127.0.0.1:{port} works again") == 3, said
        assert said.count(f"map m: 127.0.0.1:{port}: ") == 4, said


@case("a server that takes no more connections does not fail by that")
def _():
    def answer(_):
        time.sleep(0.02)
        return reply(200, b"v")

    def ask(_):
        with Client(maps.daemon.endpoint) as client:
            for _ in range(50):
                assert client.lookup("m", "k") == ("OK", b"v")

    port = free_port()
    with Maps(port, "10s") as maps:
        with Server(answer, port) as server:
            assert maps.lookup("k") == ("OK", b"v")
            server.stop()
            in_threads(4, ask)
            assert "refused" not in maps.daemon.stderr(), maps.daemon.stderr()
        assert "refused" in maps.failure("k", 10)
        assert maps.daemon.stop() == 0
        said = maps.daemon.stderr()
        assert said.count("refused") == 1, said
        assert "works again" not in said, said


@case("of two silent addresses either is found when it is back")
def _():
    for back in 0, 1:
        with contextlib.ExitStack() as stack:
            first = Silent(socket.AF_INET6, "::1")
            silent = first, Silent(socket.AF_INET, "127.0.0.1", first.port)
            for one in silent:
                stack.callback(one.close)
            maps = stack.enter_context(Maps(first.port, host="localhost"))
            maps.failure("k")
            time.sleep(1.2)
            silent[back].close()
            stack.enter_context(Server(echo, first.port, [
                (socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")][back]))
            maps.wait_found("k", b"of k")


@case("1,000 hostile keys arrive as they are")
def _():
    rng = rng_of("tcp keys", oddness=[0.3])
    asked = [key for key in keys(rng, [b"a@b"], 1000)
             if key.decode("utf-8", "ignore").encode() == key]
    with Server(lambda key: reply(200, b"of " + key[:1000])) as server, Maps(
            server.port, "10s") as maps:
        for key in asked:
            status, text = maps.lookup(key)
            assert (status, text) == ("OK", b"of " + key[:1000]) or (
                status == "TEMP" and len(key) > 900), (key, status, text)
        assert server.requests == asked
        assert server.connections == 1


@case("many clients: each has its own value, or fails")
def _():
    rng = random.Random(7)

    def script(key):
        if key.endswith(b"bad"):
            return rng.choice([None, [b"500 n", None], b"x\n", b"400 later\n"])
        time.sleep(rng.random() / 500)
        return reply(500, b"no") if key.endswith(b"gone") else echo(key)

    with Server(script) as server, Maps(server.port, "5s") as maps:
        clients = [Client(maps.daemon.endpoint) for _ in range(40)]
        for turn in range(25):
            asked = [f"{turn}-{n}-" + rng.choice(["ok", "ok", "bad", "gone"])
                     for n in range(len(clients))]
            for client, key in zip(clients, asked):
                client.ask("m", key)
            for client, key in zip(clients, asked):
                status, text = client.reply()
                if key.endswith("ok"):
                    assert (status, text) == ("OK", b"of " + key.encode())
                elif key.endswith("gone"):
                    assert status == "NOTFOUND", (key, status)
                else:
                    assert status == "TEMP", (key, status, text)
        for client in clients:
            client.close()
        assert server.connections > 8  # new ones after those that failed
        assert maps.daemon.stop() == 0


done()
