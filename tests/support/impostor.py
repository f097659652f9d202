# SPDX-License-Identifier: MIT
"""A server that says what it was told to say, whatever it is asked.

    with Impostor([b"hello\\r\\n", b"garbage"], closes=True) as server:
        ... server.port ...
"""
import socket
import threading


class Impostor:
    """Answers what comes on a connection by the replies in turn, the last one
    for ever if it `goes_on`; otherwise it says nothing more then, or closes if
    it shall. shared: all connections take their replies from the same list, one
    each before it closes."""

    def __init__(self, replies, closes, goes_on=False, shared=False):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.replies, self.closes, self.goes_on = replies, closes, goes_on
        self.shared = list(replies) if shared else None
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.listener.close()

    def _accept(self):
        try:
            while True:
                threading.Thread(target=self._serve, daemon=True,
                                 args=self.listener.accept()[:1]).start()
        except OSError:
            pass

    def _serve(self, connection):
        with connection:
            try:
                if self.shared is None:
                    self._talk(connection, list(self.replies))
                elif connection.recv(65536):
                    connection.sendall(self.shared.pop(0))
            except (IndexError, OSError):
                pass

    def _talk(self, connection, replies):
        while connection.recv(65536):
            if replies:
                connection.sendall(replies[0])
            if len(replies) > 1 or not self.goes_on:
                replies = replies[1:]
            if not replies and self.closes:
                break
