#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draining: what was read is answered, whole, and everything ends."""
import os
import threading
import time

from served import Closed, Server, request
from tap import case, done

LISTEN = ("unix", "inet:127.0.0.1:0")


def cannot_connect(server, number):
    try:
        server.connect(number).close()
    except OSError:
        return True
    return False


for drive in ((), ("--poll",), ("--uv",)):
    how = drive[0][2:] if drive else "run"

    @case(f"requests under way are answered, idle ones closed ({how})")
    def _():
        with Server(*drive, listen=LISTEN) as server:
            slow = [server.connect(n % 2) for n in range(6)]
            idle = [server.connect(n % 2) for n in range(6)]
            assert idle[0].ask("echo", "x") == b"OK x"
            for client, name in zip(slow, ("held", "sleep", "wheld") * 2):
                client.send(request(name, "400") + request("echo", "behind") +
                            request(name, "1"))
            server.wait_counter("requests", 7)
            time.sleep(0.05)
            server.drain()
            for client in idle:
                client.expect_end()
            for client in slow:
                assert client.payload() == b"OK 400"
                assert client.payload() == b"OK behind"
                assert client.payload() == b"OK 1"
                client.expect_end()
            server.wait_end()

    @case(f"listeners are closed first, a unix socket disappears ({how})")
    def _():
        with Server(*drive, listen=LISTEN) as server:
            with server.connect() as client:
                client.send(request("held", "700"))
                server.wait_counter("requests", 1)
                server.drain()
                for number in range(2):
                    server.wait_for(lambda: cannot_connect(server, number),
                                    "refused")
                assert client.payload() == b"OK 700"
                client.expect_end()
            server.wait_end()
            assert os.listdir(server.folder.name) == []

    @case(f"the time limit of a drain closes what is stuck ({how})")
    def _():
        with Server("--drain", "200", "--limit", "deadline=60000", *drive,
                    listen=LISTEN) as server:
            stuck = [server.connect(n % 2) for n in range(4)]
            for client in stuck:
                client.send(request("echo", "x") + request("silent"))
                assert client.payload() == b"OK x"
            server.wait_counter("requests", 8)
            server.drain()
            for client in stuck:
                client.expect_end()
            server.wait_end()


@case("a drain without a time limit waits for the deadline, not longer")
def _():
    with Server("--limit", "deadline=400") as server:
        with server.connect() as client:
            client.send(request("silent"))
            server.wait_counter("requests", 1)
            server.drain()
            assert client.payload().startswith(b"TIMEOUT ")
            client.expect_end()


@case("half a request does not hold up a drain")
def _():
    with Server(listen=LISTEN) as server:
        for number in range(2):
            server.connect(number).send(b"10:echo")
        client = server.connect()
        client.send(request("held", "200") + b"10:echo")
        server.wait_counter("requests", 1)
        server.drain()
        assert client.payload() == b"OK 200"
        client.expect_end()
        server.wait_end()


@case("replies that a client is still reading are sent whole")
def _():
    with Server(listen=LISTEN) as server:
        for number in range(2):
            client = server.connect(number)
            client.send(request("big", "99000") * 20)
            if number == 0:
                first = client
        server.wait_counter("requests", 2)
        time.sleep(0.1)
        server.drain()
        time.sleep(0.1)
        for reader in (first, client):
            for _ in range(20):
                assert reader.payload() == b"OK " + b"v" * 99000
                time.sleep(0.005)
            reader.expect_end()


class Talker(threading.Thread):
    """Asks one key after another until the end; keeps what went wrong."""

    def __init__(self, client, depth):
        super().__init__()
        self.client = client
        self.depth = depth
        self.answered = 0
        self.wrong = None

    def run(self):
        names = ("echo", "sleep", "held")
        n = 0
        try:
            while True:
                keys = [str((n + i) % 3) for i in range(self.depth)]
                self.client.send(b"".join(
                    request(names[(n + i) % 3], key)
                    for i, key in enumerate(keys)))
                for key in keys:
                    payload = self.client.payload()
                    assert payload == b"OK " + key.encode(), payload
                    self.answered += 1
                n += 1
        except Closed as end:
            if end.rest:
                self.wrong = f"part of a reply: {end}"
        except (BrokenPipeError, ConnectionResetError):
            pass
        except Exception as why:  # shown by the case
            self.wrong = repr(why)
        finally:
            self.client.close()


for drive in ((), ("--poll",), ("--uv",)):
    how = drive[0][2:] if drive else "run"

    @case(f"drain under load: never part of a reply, and an end ({how})")
    def _():
        for _ in range(3):
            with Server(*drive, listen=LISTEN) as server:
                talkers = [Talker(server.connect(n % 2), 1 + n % 4 * 3)
                           for n in range(16)]
                for talker in talkers:
                    talker.start()
                server.wait_counter("requests", 500)
                server.drain()
                for talker in talkers:
                    talker.join(30)
                    assert not talker.is_alive(), "never closed"
                    assert talker.wrong is None, talker.wrong
                server.wait_end()


@case("a client that sends on after the drain does not keep it alive")
def _():
    with Server(listen=LISTEN) as server:
        client = server.connect(1)
        client.send(request("held", "300"))
        server.wait_counter("requests", 1)
        server.drain()
        try:
            for _ in range(100):
                client.send(request("echo", "late"))
                time.sleep(0.01)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
        assert client.payload() == b"OK 300"
        server.wait_end()


done()
