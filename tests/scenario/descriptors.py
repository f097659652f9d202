#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server that runs out of descriptors goes on, and does not spin."""
import time

from served import Closed, Server, request
from tap import case, done

LISTEN = ("unix", "inet:127.0.0.1:0")


def fill(server, number):
    """Connects, with a request under way each, until the server has enough."""
    busy = []
    errors = server.counters()["accept_errors"]
    while server.counters()["accept_errors"] == errors:
        assert len(busy) < 100, "no end of descriptors"
        client = server.connect(number)
        client.send(request("silent"))
        busy.append(client)
        time.sleep(0.02)
    return busy


def answer_of(server, number, client):
    """The answer, at the second try as Postfix does: one that has just been
    accepted may have to make room for the next."""
    try:
        return client.payload()
    except Closed:
        with server.connect(number) as again:
            return again.ask("values", "hello")


for drive in ((), ("--poll",), ("--uv",)):
    how = drive[0][2:] if drive else "run"

    @case(f"all descriptors busy: no end, no spin, and back ({how})")
    def _():
        for number in range(2):
            with Server("--nofile", "40", "--limit", "deadline=60000", *drive,
                        listen=LISTEN) as server:
                busy = fill(server, number)
                waiting = [server.connect(number) for _ in range(3)]
                for client in waiting:
                    client.send(request("values", "hello"))
                used, errors = server.cpu(), server.counters()["accept_errors"]
                time.sleep(1)
                assert server.cpu() - used < 0.4, "it spins"
                after = server.counters()["accept_errors"]
                assert after - errors < 200, after - errors
                for client in busy[:len(busy) // 2 + 1]:
                    client.reset()
                for client in waiting:
                    assert answer_of(server, number, client) == b"OK world"
                for client in busy + waiting:
                    client.reset()
                with server.connect(1 - number) as client:
                    assert client.ask("echo", "x") == b"OK x"


@case("idle connections make room for new ones")
def _():
    for number in range(2):
        with Server("--nofile", "40", listen=LISTEN) as server:
            idle = []
            for _ in range(60):
                client = server.connect(number)
                assert client.ask("values", "hello") == b"OK world"
                idle.append(client)
            assert server.counters()["evicted"] > 0
            idle[0].expect_end()
            assert idle[-1].ask("echo", "x") == b"OK x"
            for client in idle:
                client.close()


@case("busy connections are answered while descriptors are short")
def _():
    with Server("--nofile", "40", "--limit", "deadline=60000") as server:
        live = server.connect()
        live.send(request("held", "1500"))
        busy = fill(server, 0)
        extra = [server.connect() for _ in range(5)]
        assert live.payload() == b"OK 1500"
        live.send(request("sleep", "10"))
        assert live.payload() == b"OK 10"
        for client in busy + extra + [live]:
            client.close()


done()
