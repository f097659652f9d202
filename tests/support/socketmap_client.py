# SPDX-License-Identifier: MIT
"""A socketmap client of the tests' own, independent of libsocketmap.

    with Client("unix:/tmp/x.sock") as client:
        assert client.lookup("virtual", "key") == ("OK", b"value")
"""
import socket

# Nothing in the tests waits this long unless something hangs.
PATIENCE = 60


def netstring(payload):
    return b"%d:%s," % (len(payload), payload)


def _bytes(text):
    return text.encode() if isinstance(text, str) else text


def connect(endpoint):
    """Returns a connected socket for unix:PATH or inet:HOST:PORT."""
    kind, _, rest = endpoint.partition(":")
    if kind == "unix":
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(PATIENCE)
        try:
            sock.connect(rest)
        except OSError:
            sock.close()
            raise
        return sock
    host, _, port = rest.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), PATIENCE)


class Client:
    def __init__(self, endpoint):
        self.sock = connect(endpoint)
        self._read = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        """Sends bytes as they are."""
        self.sock.sendall(data)

    def ask(self, name, key):
        """Sends a request without waiting for the reply."""
        self.send(netstring(_bytes(name) + b" " + _bytes(key)))

    def reply(self):
        """Returns (status, text) of the next reply: a str and bytes.

        EOFError when the server has closed, ValueError for no netstring.
        """
        while b":" not in self._read:
            if self._read and not self._read.isdigit():
                raise ValueError(f"no netstring: {self._read!r}")
            self._more()
        digits, _, rest = self._read.partition(b":")
        if not digits.isdigit():
            raise ValueError(f"no netstring: {self._read!r}")
        size = int(digits)
        while len(self._read) < len(digits) + 1 + size + 1:
            self._more()
        rest = self._read[len(digits) + 1:]
        if rest[size:size + 1] != b",":
            raise ValueError(f"no comma: {self._read!r}")
        self._read = rest[size + 1:]
        status, _, text = rest[:size].partition(b" ")
        return status.decode(), text

    def lookup(self, name, key):
        self.ask(name, key)
        return self.reply()

    def at_end(self):
        """Whether the server has closed, and sent nothing before."""
        try:
            return not self._read and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError("the server closed the connection")
        self._read += data
