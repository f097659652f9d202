#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A thousand connections, idle, slow or silent, and the timers on them."""
import resource
import time

from served import PATIENCE, Server, request
from tap import case, done

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if soft < 3000 and (hard == resource.RLIM_INFINITY or hard >= 3000):
    resource.setrlimit(resource.RLIMIT_NOFILE, (3000, hard))


@case("one live connection among 999 idle or dripping ones")
def _():
    with Server() as server:
        whole = request("values", "hello")
        crowd = [server.connect() for _ in range(999)]
        for client in crowd[:333]:
            assert client.ask("echo", "x") == b"OK x"
        with server.connect() as live:
            for at in range(len(whole)):
                for client in crowd[666:]:
                    client.send(whole[at:at + 1])
                for _ in range(20):
                    assert live.ask("values", "hello") == b"OK world"
        assert server.counters()["connections"] >= 999
        for client in crowd[666:]:
            assert client.payload() == b"OK world"
        for client in crowd:
            assert client.ask("none", "x") == b"NOTFOUND "
            client.close()


@case("a begun request that isn't finished in time: closed")
def _():
    with Server("--limit", "partial=300") as server:
        for begun in (b"1", b"10:", request("echo", "x" * 50)[:-1],
                      b"100000:" + b"x" * 99999):
            with server.connect() as client, server.connect() as used:
                assert used.ask("echo", "x") == b"OK x"
                client.send(begun)
                used.send(begun)
                client.expect_end()
                used.expect_end()
        server.wait_counter("expired", 8)
        assert server.counters()["bad_frames"] == 0


@case("dripping bytes don't buy more time")
def _():
    with Server("--limit", "partial=400") as server:
        with server.connect() as client:
            end = time.monotonic() + PATIENCE
            try:
                client.send(b"1000:")
                while time.monotonic() < end:
                    client.send(b"x")
                    time.sleep(0.02)
            except (BrokenPipeError, ConnectionResetError):
                return
    raise AssertionError("still open")


@case("a finished request ends the timer, an answer may take longer")
def _():
    with Server("--limit", "partial=200", "--limit", "stall=200") as server:
        with server.connect() as client:
            whole = request("held", "600")
            client.send(whole[:-1])
            time.sleep(0.05)
            client.send(whole[-1:])
            assert client.payload() == b"OK 600"
            client.send(whole + request("echo", "x"))
            assert client.payload() == b"OK 600"
            assert client.payload() == b"OK x"
        assert server.counters()["expired"] == 0


@case("no timer ever closes a connection between two requests")
def _():
    with Server("--limit", "partial=100", "--limit", "stall=100", "--limit",
                "deadline=100") as server:
        fresh, used, late = (server.connect() for _ in range(3))
        assert used.ask("echo", "x") == b"OK x"
        assert late.ask("silent", "x").startswith(b"TIMEOUT ")
        time.sleep(0.8)
        for client in (fresh, used, late):
            client.expect_silence(0)
            assert client.ask("echo", "y") == b"OK y"
            client.close()
        assert server.counters()["expired"] == 0


@case("a client that takes no replies: closed after the stall limit")
def _():
    with Server("--limit", "stall=300",
                listen=("unix", "inet:127.0.0.1:0")) as server:
        for number in range(2):
            client = server.connect(number)
            client.send(request("big", "99000") * 120)
            server.wait_counter("expired", number + 1)
            server.wait_for(lambda: server.counters()["connections"] == 0,
                            "closed")
            with server.connect(number) as other:
                assert other.ask("echo", "x") == b"OK x"
            client.close()
        server.wait_for(lambda: server.counters()["memory"] == 0, "no memory")


@case("a slow reader that does read is served to the end")
def _():
    with Server("--limit", "stall=1500",
                listen=("unix", "inet:127.0.0.1:0")) as server:
        for number in range(2):
            with server.connect(number) as client:
                client.send(request("big", "99000") * 30)
                for _ in range(30):
                    assert client.payload() == b"OK " + b"v" * 99000
                    time.sleep(0.05)
        assert server.counters()["expired"] == 0


@case("a stalled client's pipelined requests don't pile up in memory")
def _():
    with Server() as server, server.connect() as client:
        client.sock.setblocking(False)
        sent = 0
        try:
            while sent < 1 << 20:
                sent += client.sock.send(request("big", "90000") * 100)
                time.sleep(0.001)
        except BlockingIOError:
            pass
        time.sleep(0.2)
        assert server.counters()["memory"] < 8 << 20, server.counters()
        assert server.counters()["evicted"] == 0


done()
