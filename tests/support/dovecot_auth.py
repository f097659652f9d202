# SPDX-License-Identifier: MIT
"""As much of Dovecot's authentication server as smtpd(8) needs to offer AUTH:
it names a mechanism, and nobody can log in."""
import socket
import threading

GREETING = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n" \
           b"COOKIE\t0123456789abcdef0123456789abcdef\nDONE\n"


class DovecotAuth:
    def __init__(self, path):
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        self._socket.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Or the thread that accepts goes on with whatever has its number next.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self):
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    @staticmethod
    def _serve(peer):
        with peer:
            peer.sendall(GREETING)
            while peer.recv(4096):
                pass
