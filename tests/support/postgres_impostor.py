# SPDX-License-Identifier: MIT
"""Servers that speak PostgreSQL's protocol as far as their script goes."""
import itertools
import socket
import ssl
import struct

from impostor import Listener


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


LOGIN = (message(b"R", struct.pack("!I", 0))
         + message(b"S", b"client_encoding\0UTF8\0")
         + message(b"S", b"standard_conforming_strings\0on\0")
         + message(b"S", b"server_version\0" + b"15.0\0")
         + message(b"K", struct.pack("!II", 1, 2)) + message(b"Z", b"I"))
ROW = (message(b"1", b"") + message(b"2", b"")
       + message(b"T", struct.pack("!H", 1) + b"v\0"
                 + struct.pack("!IHIHIH", 0, 0, 25, 65535, 0xffffffff, 0))
       + message(b"D", struct.pack("!HI", 1, 1) + b"x"))
ANSWER = ROW + message(b"C", b"SELECT 1\0") + message(b"Z", b"I")


READY = b"Z\0\0\0\5"  # and one byte more: the end of what is sent


class Impostor(Listener):
    """Sends `login` to whoever connects, `answer` to whatever is asked, `times`
    at most: parts of it would make a whole. Closes then if it shall."""

    def __init__(self, login, answer, closes, times):
        self.login, self.answer, self.closes = login, answer, closes
        self.times = times
        super().__init__()

    def serve(self, connection):
        while connection.recv(8) == struct.pack("!II", 8, 80877103):
            connection.sendall(b"N")  # no TLS
        connection.recv(65536)
        connection.sendall(self.login)
        for turn in itertools.count():
            if not connection.recv(65536):
                break
            if turn < self.times:
                connection.sendall(self.answer)
            if self.closes:
                break


class TlsRelay(Listener):
    """Speaks TLS for a server, in records as large as they may be, as poolers
    do. folder: of the certificate."""

    def __init__(self, port, folder):
        self.to = port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder + "/server.pem",
                                     folder + "/server.key")
        super().__init__()

    def serve(self, connection):
        while connection.recv(8) != struct.pack("!II", 8, 80877103):
            connection.sendall(b"N")  # GSSAPI
        connection.sendall(b"S")
        near = self.context.wrap_socket(connection, server_side=True)
        far = socket.create_connection(("127.0.0.1", self.to))
        with near, far:
            while True:
                far.sendall(near.recv(65536) or self.end())
                data = b""
                while data[-6:-1] != READY:
                    data += far.recv(1 << 20) or self.end()
                near.sendall(data)

    @staticmethod
    def end():
        raise OSError("closed")
