#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The deadline of a request, stuck workers and full queues."""
import errno
import time

from served import Server, request
from tap import case, done

LATE = f"reply-{errno.ETIMEDOUT}"
SHORT = ("--limit", "deadline=250")


def is_timeout(payload):
    return payload.startswith(b"TIMEOUT ")


def is_temp(payload):
    return payload.startswith(b"TEMP ")


for drive in ((), ("--poll",), ("--uv",)):
    how = drive[0][2:] if drive else "run"

    @case(f"TIMEOUT for what is stuck, the connection goes on ({how})")
    def _():
        with Server(*SHORT, *drive) as server, server.connect() as client:
            for name in ("silent", "held", "sleep", "wheld"):
                started = time.monotonic()
                assert is_timeout(client.ask(name, "700")), name
                assert time.monotonic() - started > 0.2
                assert client.ask("values", "hello") == b"OK world"
            time.sleep(0.9)
            client.expect_silence(0)
            assert client.ask("echo", "x") == b"OK x"
            after = server.counters()
            assert after["timeout"] == 4 and after[LATE] == 2, after
            assert after["replies"] == 0, after


@case("the counter of overruns tells lookups that run past the deadline")
def _():
    with Server(*SHORT) as server, server.connect() as client:
        assert client.ask("sleep", "1") == b"OK 1"
        assert server.counters()["overruns"] == 0
        assert is_timeout(client.ask("sleep", "600"))
        server.wait_counter("overruns", 1)


@case("pipelined requests behind a stuck one are answered in order")
def _():
    with Server(*SHORT) as server, server.connect() as client:
        client.send(request("echo", "1") + request("silent") +
                    request("echo", "2") + request("sleep", "0") +
                    request("none", "x"))
        assert client.payload() == b"OK 1"
        assert is_timeout(client.payload())
        for answer in (b"OK 2", b"OK 0", b"NOTFOUND "):
            got = client.payload()
            assert got == answer or is_timeout(got), got
        assert client.ask("echo", "3") == b"OK 3"


@case("the deadline counts from a request's last byte, also in a pipeline")
def _():
    with Server("--limit", "deadline=1000") as server:
        with server.connect() as client:
            started = time.monotonic()
            client.send(request("silent") * 20)
            for _ in range(20):
                assert is_timeout(client.payload())
            assert time.monotonic() - started < 10


@case("the deadline starts with the last byte, not with the first")
def _():
    with Server(*SHORT) as server, server.connect() as client:
        whole = request("held", "20")
        client.send(whole[:-1])
        time.sleep(0.5)
        client.send(whole[-1:])
        assert client.payload() == b"OK 20"


@case("a job past its deadline is never started")
def _():
    with Server("--limit", "deadline=300", "--workers", "1") as server:
        first = server.connect()
        first.send(request("sleep", "900"))
        server.wait_counter("starts", 1)
        waiting = [server.connect() for _ in range(5)]
        for client in waiting:
            client.send(request("sleep", "0"))
        assert is_timeout(first.payload())
        for client in waiting:
            got = client.payload()
            assert is_timeout(got) or is_temp(got), got
        time.sleep(0.9)
        assert server.counters()["starts"] == 1, server.counters()
        assert first.ask("sleep", "0") == b"OK 0"
        for client in waiting + [first]:
            client.close()


@case("a full queue is TEMP at once")
def _():
    with Server("--workers", "1", "--queue", "2", "--limit",
                "deadline=20000") as server:
        clients = [server.connect() for _ in range(6)]
        clients[0].send(request("sleep", "700"))
        server.wait_counter("starts", 1)
        for client in clients[1:3]:
            client.send(request("sleep", "0"))
        server.wait_counter("requests", 3)
        for client in clients[3:]:
            assert is_temp(client.ask("sleep", "0"))
            assert client.ask("other", "0") == b"OK 0"
            assert client.ask("echo", "x") == b"OK x"
        assert server.counters()["queue_full"] == 3
        for client, answer in zip(clients, (b"OK 700", b"OK 0", b"OK 0")):
            assert client.payload() == answer
        assert clients[5].ask("sleep", "0") == b"OK 0"
        for client in clients:
            client.close()


@case("all workers stuck: that map is TEMP at once, the others answer")
def _():
    with Server(*SHORT, "--workers", "2") as server:
        stuck = [server.connect() for _ in range(2)]
        for client in stuck:
            client.send(request("sleep", "2500"))
        server.wait_counter("starts", 2)
        for client in stuck:
            assert is_timeout(client.payload())
        with server.connect() as client:
            for _ in range(20):
                assert is_temp(client.ask("sleep", "0"))
                assert client.ask("other", "0") == b"OK 0"
                assert client.ask("echo", "x") == b"OK x"
            server.wait_for(lambda: client.ask("sleep", "0") == b"OK 0",
                            "the map comes back")
        for client in stuck:
            client.close()


@case("a slow map delays no other")
def _():
    with Server("--workers", "1", "--limit", "deadline=20000") as server:
        slow = [server.connect() for _ in range(4)]
        for client in slow:
            client.send(request("sleep", "400"))
        server.wait_counter("starts", 1)
        with server.connect() as client:
            for _ in range(50):
                assert client.ask("echo", "x") == b"OK x"
                assert client.ask("other", "0") == b"OK 0"
                assert client.ask("held", "0") == b"OK 0"
        assert server.counters()["starts"] < 54, "the slow ones were waited for"
        for client in slow:
            assert client.payload() == b"OK 400"
            client.close()


@case("workers look up at the same time, as many as the map has")
def _():
    with Server("--workers", "8", "--limit", "deadline=20000") as server:
        clients = [server.connect() for _ in range(8)]
        for client in clients:
            client.send(request("sleep", "1000"))
        server.wait_counter("starts", 8)
        assert server.counters()["ok"] == 0, "they ran one after another"
        for client in clients:
            assert client.payload() == b"OK 1000"
            client.close()


done()
