# SPDX-License-Identifier: MIT
"""A server of tcp_table(5) that answers by a script, right or wrong.

    with Server(lambda key: reply(200, b"value")) as server:
        ... f"tcp:127.0.0.1:{server.port}", server.requests, server.connections
"""
import re
import socket

from scripted_server import Threaded


def encode(text):
    """What has to be, as Postfix does."""
    return b"".join(bytes([byte]) if 32 < byte < 127 and byte != 37
                    else b"%%%02X" % byte for byte in text)


def decode(text):
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]),
                  text)


def reply(status, text):
    return b"%d %s\n" % (status, encode(text))


class Server(Threaded):
    """Answers each key by what `script` returns: bytes to send as they are;
    None to close the connection; or a list of both."""

    def __init__(self, script, port=0, where=(socket.AF_INET, "127.0.0.1")):
        super().__init__(script)
        self.open = set()
        family, host = where
        self.listener = socket.create_server((host, port), family=family)
        self.port = self.listener.getsockname()[1]
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.listener.close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed meanwhile

    def serve(self, connection):
        self.open.add(connection)
        try:
            super().serve(connection)
        finally:
            self.open.discard(connection)

    def answer(self, connection, stream):
        line = stream.readline()
        if not line.endswith(b"\n"):
            return False
        assert line.startswith(b"get "), line
        key = line[4:-1]
        assert encode(decode(key)) == key, key  # each key in one form only
        key = decode(key)
        self.requests.append(key)
        parts = self.script(key)
        for part in parts if isinstance(parts, list) else [parts]:
            if part is None:
                return False
            connection.sendall(part)
        return True
