#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""100 reloads, 20 of them of a broken configuration, while 100 connections are
kept busy: every reply is checked, and none may be missing."""
import os
import selectors
import signal
import tempfile
import threading

from daemon import Daemon, write_config
from socketmap_client import connect, netstring
from tap import case, done

CONNECTIONS = 100
RELOADS = 100
BURST = 8
KEYS = 200

CONFIG = """
[listen a]
endpoint = unix:@DIR@/a.sock
[listen t]
endpoint = inet:127.0.0.1:0
[server]
deadline = 30s
[map table]
table = texthash:@DIR@/table
[map inline]
table = inline:{{ {{k = {generation}}} }}
[map same]
table = static:same
{more}
"""
MORE = "[listen b]\nendpoint = unix:@DIR@/b.sock\n"
BROKEN = "[map broken]\ntable = nonsense:x\n"


class Connection:
    """Always has a burst of requests under way."""

    def __init__(self, endpoint, number):
        self.sock = connect(endpoint)
        self.sock.setblocking(False)
        self.number = number
        self.expected = []
        self.unread = b""
        self.replies = 0

    def send(self, generation):
        """generation: the least that a reply may tell from now on."""
        requests = []
        for n in range(BURST):
            key = (self.number * 31 + self.replies + n) % KEYS
            kind = n % 3
            if kind == 0:
                requests.append(netstring(b"table key%d" % key))
                self.expected.append((b"OK value%d" % key, None))
            elif kind == 1:
                requests.append(netstring(b"inline k"))
                self.expected.append((None, generation))
            else:
                requests.append(netstring(b"same x"))
                self.expected.append((b"OK same", None))
        self.sock.sendall(b"".join(requests))

    def check(self, reply, most):
        exact, least = self.expected.pop(0)
        if exact is not None:
            assert reply == exact, (reply, exact)
        else:
            assert reply[:3] == b"OK ", reply
            assert least <= int(reply[3:]) <= most, (reply, least, most)
        self.replies += 1

    def receive(self, most):
        data = self.sock.recv(65536)
        assert data, "the daemon has closed a connection"
        self.unread += data
        while b":" in self.unread:
            digits, _, rest = self.unread.partition(b":")
            size = int(digits)
            if len(rest) <= size:
                break
            assert rest[size:size + 1] == b",", rest
            self.check(rest[:size], most)
            self.unread = rest[size + 1:]


class Reloader(threading.Thread):
    def __init__(self, daemon):
        super().__init__()
        self.daemon_process = daemon
        self.wanted = 0  # the generation that was written last
        self.taken = 0   # the one that is known to be in force
        self.failure = None

    def run(self):
        try:
            self.reload_all()
        except BaseException as failure:
            self.failure = failure

    def reload_all(self):
        daemon = self.daemon_process
        good = bad = 0
        for n in range(1, RELOADS + 1):
            if n % 5 == 0:
                bad += 1
                # The value in it is never to be seen.
                config = CONFIG.format(generation=10 ** 6, more=BROKEN)
            else:
                good += 1
                self.wanted = n
                config = CONFIG.format(
                    generation=n, more=MORE if n % 2 else "")
            write_config(daemon.directory, config)
            daemon.send_signal(signal.SIGHUP)
            if n % 5 == 0:
                daemon.wait_line("socketmapd: error: not reloaded", bad)
            else:
                daemon.wait_line("socketmapd: reloaded", good)
                self.taken = n


@case(f"{RELOADS} reloads with {CONNECTIONS} busy connections")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        with open(os.path.join(directory, "table"), "w",
                  encoding="ascii") as table:
            for n in range(KEYS):
                table.write(f"key{n} value{n}\n")
        with Daemon(CONFIG.format(generation=0, more=""),
                    directory) as daemon:
            connections = [
                Connection(daemon.endpoints[n % 2], n)
                for n in range(CONNECTIONS)]
            selector = selectors.DefaultSelector()
            for connection in connections:
                selector.register(
                    connection.sock, selectors.EVENT_READ, connection)
            reloader = Reloader(daemon)
            for connection in connections:
                connection.send(0)
            reloader.start()
            busy = CONNECTIONS
            while busy:
                for event, _ in selector.select():
                    connection = event.data
                    connection.receive(reloader.wanted)
                    if connection.expected:
                        continue
                    if reloader.is_alive():
                        connection.send(reloader.taken)
                    else:
                        selector.unregister(connection.sock)
                        connection.sock.close()
                        busy -= 1
            reloader.join()
            selector.close()
            if reloader.failure is not None:
                raise reloader.failure
            total = sum(connection.replies for connection in connections)
            print(f"# {total} replies")
            assert min(connection.replies for connection in connections) > 0
            assert daemon.stop() == 0
            last = daemon.stderr().splitlines()[-1]
            assert last == \
                f"socketmapd: stopped by SIGTERM after {total} requests", last


done()
