# SPDX-License-Identifier: MIT
"""As much of Dovecot's authentication server as smtpd(8) needs to offer AUTH:
it names a mechanism, and nobody can log in."""
import socket

from impostor import Listener

GREETING = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n" \
           b"COOKIE\t0123456789abcdef0123456789abcdef\nDONE\n"


class DovecotAuth(Listener):
    def __init__(self, path):
        self.path = path
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(64)
        super().__init__(listener)

    def serve(self, connection):
        connection.sendall(GREETING)
        while connection.recv(4096):
            pass
