# SPDX-License-Identifier: MIT
"""A memcached of the test's own, on a free port.

    with Server() as server:
        server.set(b"key", b"value")
        ... f"memcache = inet:127.0.0.1:{server.port}" ...
"""
import os
import socket

from server_process import PATIENCE, Process


class Server(Process):
    def __init__(self, started=True):
        super().__init__(started)

    def command(self):
        user = ["-u", "root"] if os.geteuid() == 0 else []
        return ["memcached", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0",
                "-t", "1", *user]

    def _ask(self, request, end):
        with socket.create_connection(("127.0.0.1", self.port),
                                      PATIENCE) as sock:
            sock.sendall(request)
            reply = b""
            while not reply.endswith(end):
                part = sock.recv(65536)
                if not part:
                    raise EOFError("memcached closed the connection")
                reply += part
        return reply

    def is_up(self):
        try:
            return b"VERSION" in self._ask(b"version\r\n", b"\r\n")
        except (OSError, EOFError):
            return False

    def set(self, key, value, flags=0):
        reply = self._ask(b"set %s %d 0 %d\r\n%s\r\n" % (
            key, flags, len(value), value), b"\r\n")
        assert reply == b"STORED\r\n", reply

    def get(self, key):
        """The line before the value, and the value; or None."""
        reply = self._ask(b"get " + key + b"\r\n", b"END\r\n")
        if reply == b"END\r\n":
            return None
        line, _, rest = reply.partition(b"\r\n")
        return line, rest[:int(line.split()[3])]

    def ttl(self, key):
        """The seconds that a key is still stored for."""
        reply = self._ask(b"mg " + key + b" t\r\n", b"\r\n")
        return int(reply.split(b"t", 1)[1])

    def flush(self):
        assert self._ask(b"flush_all\r\n", b"\r\n") == b"OK\r\n"
