#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who has to go when there are too many connections, or too many bytes."""
import time

from served import Closed, Server, request
from tap import case, done


def is_gone(client):
    client.sock.settimeout(0.01)
    try:
        client.payload()
    except Closed:
        return True
    except TimeoutError:
        return False
    finally:
        client.sock.settimeout(20)
    raise AssertionError("a reply that nobody asked for")


def wait_gone(server, clients):
    """Waits until one of the clients is closed, and returns it."""
    found = []

    def look():
        found.extend(client for client in clients if is_gone(client))
        return found

    server.wait_for(look, "one is closed")
    assert len(found) == 1, "more than one is closed"
    return found[0]


def used(server, number=0, source=None):
    """A new connection that has completed a request."""
    client = server.connect(number, source)
    assert client.ask("echo", "x") == b"OK x"
    time.sleep(0.005)  # so that none is as idle as another
    return client


@case("above the limit: first who never asked, then the longest idle")
def _():
    with Server("--limit", "connections=5", "--limit",
                "deadline=60000") as server:
        busy = used(server)
        busy.send(request("silent"))
        oldest = used(server)
        second = used(server)
        never = [server.connect(), server.connect()]
        never[1].send(b"5:ech")
        server.wait_counter("connections", 5)
        time.sleep(1.1)  # a new connection has a second to ask
        assert oldest.ask("echo", "x") == b"OK x"
        everybody = [busy, oldest, second] + never
        for _ in range(2):
            new = used(server)
            gone = wait_gone(server, everybody)
            assert gone in never, everybody.index(gone)
            never.remove(gone)
            everybody.remove(gone)
            everybody.append(new)
        for expected in (second, oldest):
            new = used(server)
            gone = wait_gone(server, everybody)
            assert gone is expected, everybody.index(gone)
            everybody.remove(gone)
            everybody.append(new)
        counters = server.counters()
        assert counters["evicted"] == 4 and counters["connections"] == 5
        assert not is_gone(busy)
        for client in everybody:
            client.close()
        server.wait_for(lambda: server.counters()["connections"] == 0, "none")


@case("who sends nothing but pieces of a request goes before who has asked")
def _():
    with Server("--limit", "connections=2") as server:
        idle = used(server)
        dribbler = server.connect()
        dribbler.send(b"9000:echo ")
        for _ in range(12):
            time.sleep(0.1)
            dribbler.send(b"x")
        new = used(server)
        assert wait_gone(server, [idle, dribbler, new]) is dribbler
        for client in (idle, dribbler, new):
            client.close()


@case("the longest idle of the address that holds most")
def _():
    with Server("--limit", "connections=6",
                listen=("inet:127.0.0.1:0",)) as server:
        few = [used(server, source="127.0.0.2") for _ in range(2)]
        many = [used(server, source="127.0.0.3") for _ in range(4)]
        new = used(server, source="127.0.0.4")
        assert wait_gone(server, few + many + [new]) is many[0]
        newer = used(server, source="127.0.0.4")
        assert wait_gone(server, few + many[1:] + [new]) is many[1]
        for client in few + many + [new, newer]:
            client.close()


@case("with everybody busy nobody loses the answer")
def _():
    with Server("--limit", "connections=4") as server:
        busy = [used(server) for _ in range(4)]
        for client in busy:
            client.send(request("held", "500"))
        server.wait_counter("requests", 8)
        extra = [server.connect() for _ in range(4)]
        for client in busy:
            assert client.payload() == b"OK 500"
        for client in busy + extra:
            client.close()
        server.wait_for(lambda: server.counters()["connections"] == 0, "none")
        used(server).close()


@case("many more connections than the limit, all in one go")
def _():
    with Server("--limit", "connections=10",
                listen=("unix", "inet:127.0.0.1:0")) as server:
        for number in range(2):
            crowd = [server.connect(number) for _ in range(20)]
            server.wait_for(lambda: server.counters()["accepted"] >=
                            20 * (number + 1), "all accepted")
            assert server.counters()["connections"] <= 10
            used(server, number).close()
            for client in crowd:
                client.close()
        server.wait_for(lambda: server.counters()["connections"] == 0, "none")


@case("above the memory limit the largest holder goes")
def _():
    with Server("--limit", "memory=200000") as server:
        small = [server.connect(), server.connect()]
        large = server.connect()
        rest = request("echo", "s" * 50000)
        small[0].send(rest[:40000])
        large.send(request("echo", "l" * 130000)[:125000])
        server.wait_for(lambda: server.counters()["memory"] >= 160000, "read")
        small[1].send(rest[:45000])
        assert wait_gone(server, small + [large]) is large
        small[0].send(rest[40000:])
        small[1].send(rest[45000:])
        for client in small:
            assert client.payload() == b"OK " + b"s" * 50000
        assert server.counters()["evicted"] == 1
        for client in small + [large]:
            client.close()
        server.wait_for(lambda: server.counters()["memory"] == 0, "freed")


@case("announcing a large request costs nothing")
def _():
    with Server("--limit", "memory=1000000") as server:
        crowd = [server.connect() for _ in range(300)]
        for client in crowd:
            client.send(b"131072:echo ")
        with server.connect() as live:
            assert live.ask("echo", "x") == b"OK x"
        time.sleep(0.1)
        assert server.counters()["evicted"] == 0, server.counters()
        for client in crowd:
            client.close()


@case("unsent replies count as well")
def _():
    with Server("--limit", "memory=1000000") as server:
        crowd = [server.connect() for _ in range(40)]
        for client in crowd:
            client.send(request("big", "99000") * 20)
        server.wait_counter("evicted", 1)
        server.wait_for(lambda: server.counters()["memory"] <= 1100000, "less")
        with server.connect() as live:
            assert live.ask("echo", "x") == b"OK x"
        for client in crowd:
            client.close()
        server.wait_for(lambda: server.counters()["memory"] == 0, "freed")


done()
