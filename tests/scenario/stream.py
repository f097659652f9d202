#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The bytes a server sends are exactly the replies, in order, nothing else.

Several hundred connections at once send random requests to random maps, cut
into random pieces; the stream of bytes that comes back is compared with the
netstrings expected, and then the connection has to end. A seed is printed to
try a failure again: SEED=N.
"""
import os
import random
import selectors
import socket
import time

from served import PATIENCE, Server, netstring, reply, request
from tap import case, done

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))


def random_key(rng):
    kind = rng.randrange(8)
    if kind == 0:
        return b""
    if kind == 1:
        return bytes(rng.randrange(1, 256) for _ in range(rng.randrange(40)))
    if kind == 2:
        return b"long " * rng.randrange(4000)
    return b"user%d@example.org" % rng.randrange(10000)


def random_request(rng):
    """A request, and its reply; a reply of None is a TEMP with any reason."""
    key = random_key(rng)
    slow = b"%d" % rng.choice((0, 0, 0, 1, 2, 5, 20))
    kind = rng.randrange(14)
    if kind < 5:
        return request("echo", key), reply("OK", key)
    if kind == 5:
        return request("none", key), reply("NOTFOUND")
    if kind == 6:
        return request("perm", key), reply("PERM", "go away")
    if kind == 7:
        return request("values", "hello"), reply("OK", "world")
    if kind == 8:
        return netstring(b"x" * rng.randrange(30)), None
    if kind == 9:
        return request("nosuch", key), None
    if kind == 10:
        return request(rng.choice(("forget", "wforget", "nul")), key), None
    if kind == 11:
        size = rng.choice((0, 1, 5000, 99997))
        return request("big", str(size)), reply("OK", b"v" * size)
    if kind == 12:
        name = rng.choice(("held", "wheld", "sleep", "other"))
        return request(name, slow), reply("OK", slow)
    return request("dropped", slow), None


class Stream:
    """One connection: what is to be sent, and what has to come back."""

    def __init__(self, client, rng):
        self.sock = client.sock
        self.sock.setblocking(False)
        self.rng = rng
        pairs = [random_request(rng) for _ in range(rng.randrange(1, 40))]
        self.out = b"".join(pair[0] for pair in pairs)
        self.expected = [pair[1] for pair in pairs]
        self.data = b""
        self.bad_end = rng.randrange(4) == 0
        if self.bad_end:
            self.out += rng.choice((b"\x04", b"-", b":", b"\n", b"z"))
        self.at = 0
        self.ended = False

    def piece(self):
        kind = self.rng.randrange(4)
        if kind == 0:
            return 1
        if kind == 1:
            return self.rng.randrange(1, 30)
        return self.rng.randrange(1, 200000)

    def write(self):
        try:
            self.at += self.sock.send(self.out[self.at:self.at + self.piece()])
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            assert self.bad_end, "closed too early"
            self.at = len(self.out)
        if self.at == len(self.out) and not self.bad_end:
            self.sock.shutdown(socket.SHUT_WR)

    def read(self):
        try:
            more = self.sock.recv(self.piece())
        except ConnectionResetError:
            assert self.bad_end, "reset"
            more = b""
        self.data += more
        if not more:
            self.ended = True
            assert not self.data and not self.expected, (
                len(self.expected), self.data[:80])
        while self.expected and self.take():
            self.expected.pop(0)
        assert self.expected or not self.data, (
            f"bytes that nobody asked for: {self.data[:80]!r}")

    def take(self):
        """Takes the next reply from the data; False when it isn't all there."""
        wanted = self.expected[0]
        if wanted is not None:
            got = self.data[:len(wanted)]
            assert wanted.startswith(got), (got[:80], wanted[:80])
            if len(got) < len(wanted):
                return False
            self.data = self.data[len(wanted):]
            return True
        size, colon, rest = self.data.partition(b":")
        if not colon or len(rest) <= int(size):
            assert size == b"" or size.isdigit(), size[:80]
            return False
        size = int(size)
        assert rest[:5] == b"TEMP " and b"\0" not in rest[:size], rest[:80]
        assert rest[size:size + 1] == b","
        self.data = rest[size + 1:]
        return True


def converse(server, connections, rng):
    selector = selectors.DefaultSelector()
    both = selectors.EVENT_READ | selectors.EVENT_WRITE
    for number in range(connections):
        stream = Stream(server.connect(number % len(server.endpoints)),
                        random.Random(rng.randrange(1 << 32)))
        selector.register(stream.sock, both, stream)
    end = time.monotonic() + 3 * PATIENCE
    while selector.get_map():
        assert time.monotonic() < end, (
            f"{len(selector.get_map())} connections are not answered")
        for key, events in selector.select(1):
            stream = key.data
            if events & selectors.EVENT_READ:
                stream.read()
            if stream.ended:
                selector.unregister(stream.sock)
                stream.sock.close()
            elif events & selectors.EVENT_WRITE and stream.at < len(stream.out):
                stream.write()
                if stream.at == len(stream.out):
                    selector.modify(stream.sock, selectors.EVENT_READ, stream)
    selector.close()


for drive in ((), ("--poll",), ("--uv",)):
    @case(f"300 random conversations {' '.join(drive) or '--run'}")
    def _():
        print(f"# SEED={SEED}", flush=True)
        with Server("--limit", "deadline=60000", "--limit", "memory=268435456",
                    *drive, listen=("unix", "inet:127.0.0.1:0")) as server:
            converse(server, 300, random.Random(SEED))
            counters = server.counters()
            assert counters["timeout"] == 0 and counters["expired"] == 0
            assert counters["evicted"] == 0, counters


done()
