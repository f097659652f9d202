#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients that stop sending, go away, or vanish, at the worst moments."""
import errno
import time

from served import Closed, Server, request
from tap import case, done

LISTEN = ("unix", "inet:127.0.0.1:0")
CANCELED = f"reply-{errno.ECANCELED}"


def alive(server):
    for number in range(2):
        with server.connect(number) as client:
            assert client.ask("values", "hello") == b"OK world"


def open_connections(server):
    return server.counters()["connections"]


for drive in ((), ("--poll",), ("--uv",)):
    how = drive[0][2:] if drive else "run"

    @case(f"half-close: all replies, then the end ({how})")
    def _():
        with Server(*drive, listen=LISTEN) as server:
            for number in range(2):
                for name in ("echo", "held", "sleep", "wheld"):
                    with server.connect(number) as client:
                        client.send(request(name, "50") * 3)
                        client.half_close()
                        for _ in range(3):
                            assert client.payload() == b"OK 50", name
                        client.expect_end()
            server.wait_for(lambda: open_connections(server) == 0, "closed")
            assert server.counters()["canceled"] == 0

    @case(f"client gone while its request is held: ECANCELED ({how})")
    def _():
        with Server(*drive, listen=LISTEN) as server:
            for number in range(2):
                before = server.counters()
                client = server.connect(number)
                client.send(request("held", "300"))
                server.wait_counter("requests", before["requests"] + 1)
                client.reset()
                server.wait_counter(CANCELED, before.get(CANCELED, 0) + 1)
                after = server.counters()
                assert after["canceled"] == before["canceled"] + 1, after
                assert after["replies"] == 0 and after["ok"] == 0, after
                assert after["connections"] == 0, after
            alive(server)

    @case(f"client gone during a worker's lookup ({how})")
    def _():
        with Server(*drive, listen=LISTEN) as server:
            for number in range(2):
                before = server.counters()
                client = server.connect(number)
                client.send(request("sleep", "300"))
                server.wait_counter("starts", before["starts"] + 1)
                client.reset()
                server.wait_counter("canceled", before["canceled"] + 1)
                assert open_connections(server) == 0
            alive(server)


@case("half-close, then gone, during a lookup: canceled at once")
def _():
    with Server("--limit", "deadline=60000") as server:
        client = server.connect()
        client.send(request("silent"))
        client.half_close()
        server.wait_counter("requests", 1)
        time.sleep(0.1)  # the end of its requests has been noticed
        assert server.counters()["canceled"] == 0
        client.close()
        server.wait_counter("canceled", 1)
        assert open_connections(server) == 0


@case("half-close with nothing sent, and inside a request")
def _():
    with Server(listen=LISTEN) as server:
        for number in range(2):
            with server.connect(number) as client:
                client.half_close()
                client.expect_end()
            for whole in (request("values", "hello"), request("echo", "x" * 9)):
                for size in range(1, len(whole)):
                    with server.connect(number) as client:
                        client.send(whole[:size])
                        client.half_close()
                        client.expect_end()
            with server.connect(number) as client:
                client.send(request("held", "20") + b"10:val")
                client.half_close()
                assert client.payload() == b"OK 20"
                client.expect_end()
        assert server.counters()["requests"] == 2
        alive(server)


@case("a client gone is noticed though pipelined requests fill the buffers")
def _():
    with Server("--limit", "deadline=60000", listen=LISTEN) as server:
        for number in range(2):
            client = server.connect(number)
            client.send(request("silent") + request("echo", "x" * 30000) * 3)
            client.sock.setblocking(False)
            try:
                while True:
                    client.sock.send(request("echo", "y" * 1000))
            except BlockingIOError:
                pass
            time.sleep(0.05)
            client.reset()
            server.wait_for(lambda: open_connections(server) == 0, "noticed")
        alive(server)


@case("a pipelined request behind one that is canceled is never started")
def _():
    with Server(listen=LISTEN) as server:
        for number in range(2):
            before = server.counters()
            client = server.connect(number)
            client.send(request("sleep", "200") * 5)
            server.wait_counter("starts", before["starts"] + 1)
            client.reset()
            server.wait_counter("canceled", before["canceled"] + 1)
            time.sleep(0.4)
            assert server.counters()["starts"] == before["starts"] + 1
        alive(server)


@case("clients that close without reading their replies kill nobody")
def _():
    with Server(listen=LISTEN) as server:
        for turn in range(150):
            client = server.connect(turn % 2)
            client.send(request("echo", "x" * 5000) * (turn % 7 + 1) +
                        request("held", "1") + request("sleep", "1") +
                        request("big", "99000") * (turn % 3))
            if turn % 2:
                client.reset()
            else:
                client.close()
        server.wait_for(lambda: open_connections(server) == 0, "all closed")
        alive(server)
        server.wait_for(lambda: server.counters()["memory"] == 0, "no memory")


@case("a client that closes its reading side only")
def _():
    with Server(listen=LISTEN) as server:
        for number in range(2):
            with server.connect(number) as client:
                client.sock.shutdown(0)
                try:
                    for _ in range(50):
                        client.send(request("big", "50000"))
                except (BrokenPipeError, ConnectionResetError):
                    pass
        server.wait_for(lambda: open_connections(server) == 0, "all closed")
        alive(server)


@case("EOF directly behind a framing error")
def _():
    with Server(listen=LISTEN) as server:
        for number in range(2):
            with server.connect(number) as client:
                client.send(request("held", "20") + b"junk")
                client.half_close()
                assert client.payload() == b"OK 20"
                try:
                    client.payload()
                    raise AssertionError("one reply too many")
                except Closed as end:
                    assert end.rest == b"", end
        alive(server)


done()
