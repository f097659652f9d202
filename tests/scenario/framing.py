#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests in pieces, requests in one piece, and what is no request at all."""
import time

from served import Closed, Server, netstring, reply, request
from tap import case, done

LISTEN = ("unix", "inet:127.0.0.1:0")
DRIVES = ((), ("--poll",), ("--uv",))


def expect_good(server, number):
    with server.connect(number) as client:
        assert client.ask("values", "hello") == b"OK world"


for drive in DRIVES:
    how = drive[0][2:] if drive else "run"

    @case(f"a request split at every byte ({how})")
    def _():
        whole = request("values", "hello")
        with Server(*drive, listen=LISTEN) as server:
            for number in range(2):
                with server.connect(number) as client:
                    for at in range(1, len(whole)):
                        client.send(whole[:at])
                        time.sleep(0.001)
                        client.send(whole[at:])
                        assert client.payload() == b"OK world", at

    @case(f"one byte a write, one connection and eight by turns ({how})")
    def _():
        whole = request("values", "hello") + request("none", "x") * 2
        with Server(*drive, listen=LISTEN) as server:
            clients = [server.connect(n % 2) for n in range(8)]
            for at in range(len(whole)):
                for client in clients:
                    client.send(whole[at:at + 1])
            for client in clients:
                assert client.payload() == b"OK world"
                assert client.payload() == b"NOTFOUND "
                assert client.payload() == b"NOTFOUND "
                client.expect_silence(0)
                client.close()

    @case(f"32 requests in one write are answered in order ({how})")
    def _():
        with Server(*drive, listen=LISTEN) as server:
            for number in range(2):
                with server.connect(number) as client:
                    client.send(b"".join(
                        request("echo", f"key {i}") for i in range(32)))
                    for i in range(32):
                        assert client.payload() == b"OK key %d" % i

    @case(f"inline, worker and held requests keep their order ({how})")
    def _():
        stream = [("sleep", 30), ("echo", 1), ("held", 40), ("values", 2),
                  ("held", 0), ("sleep", 0), ("wheld", 20), ("echo", 3),
                  ("wheld", 0), ("none", 4), ("dropped", 10), ("echo", 5)]
        with Server(*drive, listen=LISTEN) as server:
            for number in range(2):
                with server.connect(number) as client:
                    client.send(b"".join(
                        request(name, str(key)) for name, key in stream))
                    for name, key in stream:
                        got = client.payload()
                        if name in ("values", "none"):
                            assert got == b"NOTFOUND ", (name, key, got)
                        elif name == "dropped":
                            assert got.startswith(b"TEMP "), got
                        else:
                            assert got == b"OK %d" % key, (name, key, got)
                    client.expect_silence(0.05)


@case("pipelined requests larger than any buffer")
def _():
    keys = [b"%d:" % i + b"k" * (i * 997 % 60000) for i in range(60)]
    with Server(listen=LISTEN) as server:
        for number in range(2):
            with server.connect(number) as client:
                for i in range(0, 60, 6):
                    client.send(b"".join(
                        request("echo", key) for key in keys[i:i + 6]))
                    for key in keys[i:i + 6]:
                        assert client.payload() == b"OK " + key


@case("the largest request is taken, its size is settable")
def _():
    with Server("--limit", "request=1000", listen=("unix",)) as server:
        with server.connect() as client:
            key = b"k" * (1000 - 5)
            assert client.ask("echo", key) == b"OK " + key
    with Server() as server:
        with server.connect() as client:
            key = b"k" * (131072 - 5)
            assert client.ask("echo", key).startswith(b"TEMP ")
            key = b"k" * 90000
            assert client.ask("echo", key) == b"OK " + key


@case("a prefix above the limit is refused before the payload arrives")
def _():
    with Server(listen=LISTEN) as server:
        for prefix in (b"131073:", b"131073", b"1000000", b"999999999999999",
                       b"18446744073709551617:", b"200000"):
            for number in range(2):
                with server.connect(number) as client:
                    client.send(prefix)
                    client.expect_end()
        expect_good(server, 0)


BAD = {
    "a letter": b"x",
    "a letter after digits": b"5x",
    "a line end": b"\n",
    "4 after the comma, as Cyrus sends": b"\x04",
    "a leading zero": b"05:a bcd,",
    "two zeros": b"00:,",
    "a negative length": b"-1:a,",
    "a plus sign": b"+3:a b,",
    "a blank before the length": b" 8:echo abc,",
    "a lone colon": b":",
    "a colon and a comma": b":,",
    "a comma": b",",
    "NUL": b"\0",
    "a wrong terminator": b"8:echo abc;",
    "a payload longer than told": b"8:echo abcd,",
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00",
}


def framing_error(server, number, before, bad):
    """Sends good requests and a bad one: replies, then the end."""
    logs, frames = len(server.logs()), server.counters()["bad_frames"]
    with server.connect(number) as client, server.connect(number) as other:
        other.send(request("echo", "other")[:5])
        client.send(before + bad)
        if before:
            assert client.payload() == b"OK first"
            assert client.payload() == b"OK 20"
            assert client.payload() == b"NOTFOUND "
        client.expect_end()
        server.wait_counter("bad_frames", frames + 1)
        other.send(request("echo", "other")[5:])
        assert other.payload() == b"OK other"
    server.wait_for(lambda: len(server.logs()) > logs, "a log line")
    new = server.logs()[logs:]
    assert len(new) == 1 and new[0].startswith("log 2 "), new
    assert server.counters()["bad_frames"] == frames + 1


with Server(listen=LISTEN) as shared:
    for title, junk in BAD.items():
        @case(f"{title}: closed after the replies owed, told once")
        def _():
            owed = (request("echo", "first") + request("sleep", "20") +
                    request("none", "x"))
            for number in range(2):
                framing_error(shared, number, b"", junk)
                framing_error(shared, number, owed, junk)


@case("junk in a segment of its own after an answered request")
def _():
    with Server(listen=LISTEN) as server:
        for number in range(2):
            with server.connect(number) as client:
                assert client.ask("echo", "a") == b"OK a"
                client.send(b"\x04")
                client.expect_end()


@case("what comes behind junk is not looked at")
def _():
    with Server(listen=LISTEN) as server:
        for number in range(2):
            with server.connect(number) as client:
                client.send(request("echo", "a") + b"\x04" +
                            request("echo", "b") * 50)
                assert client.payload() == b"OK a"
                client.expect_end()
        server.wait_counter("bad_frames", 2)
        assert server.counters()["requests"] == 2


@case("replies owed before junk, large ones to a slow reader, arrive whole")
def _():
    with Server(listen=LISTEN) as server:
        for number in range(2):
            with server.connect(number) as client:
                client.send(request("big", "90000") * 20 + b"junk")
                time.sleep(0.2)
                for _ in range(20):
                    assert client.payload() == b"OK " + b"v" * 90000
                client.expect_end()


@case("replies owed arrive though the client goes on sending junk")
def _():
    with Server() as server, server.connect() as client:
        client.send(request("held", "100") + request("big", "90000") * 20 +
                    b"junk")
        client.sock.setblocking(False)
        try:
            for _ in range(50):
                client.sock.send(b"more junk" * 1000)
                time.sleep(0.004)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass
        client.sock.settimeout(20)
        assert client.payload() == b"OK 100"
        for _ in range(20):
            assert client.payload() == b"OK " + b"v" * 90000
        client.expect_end()


@case("a reply that arrives in one piece is one netstring")
def _():
    with Server() as server, server.connect() as client:
        client.send(request("values", "hello"))
        assert client.sock.recv(1000) == reply("OK", "world")
        client.send(netstring(b"none "))
        assert client.sock.recv(1000) == b"9:NOTFOUND ,"
        client.send(b"")
        try:
            client.half_close()
            client.payload()
            raise AssertionError("a reply to nothing")
        except Closed as end:
            assert end.rest == b""


done()
