# SPDX-License-Identifier: MIT
"""A server that says what it was told to say, whatever it is asked.

    with Impostor([b"hello\\r\\n", b"garbage"], closes=True) as server:
        ... server.port ...
"""
import socket
import threading


class Listener:
    """Serves connections, each in a thread, by serve(); on a port of its own,
    unless it is given a listening socket."""

    def __init__(self, listener=None):
        if listener is None:
            listener = socket.create_server(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.listener = listener
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        # Or the thread that accepts goes on with whatever has its number next.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def serve(self, connection):
        raise NotImplementedError

    def _accept(self):
        try:
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, daemon=True,
                                 args=(connection,)).start()
        except OSError:
            pass

    def _serve(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass


class Impostor(Listener):
    """Answers what comes on a connection by the replies in turn, the last one
    for ever if it `goes_on`; otherwise it says nothing more then, or closes if
    it shall. greets: the first one before anything comes. shared: all
    connections take their replies from the same list, one each before it
    closes."""

    def __init__(self, replies, closes, goes_on=False, shared=False,
                 greets=False):
        self.replies, self.closes, self.goes_on = replies, closes, goes_on
        self.shared = list(replies) if shared else None
        self.greets = greets
        super().__init__()

    def serve(self, connection):
        if self.shared is None:
            self._talk(connection, list(self.replies))
        elif connection.recv(65536) and self.shared:
            connection.sendall(self.shared.pop(0))

    def _talk(self, connection, replies):
        has_to_wait = not self.greets
        while not has_to_wait or connection.recv(65536):
            has_to_wait = True
            if replies:
                connection.sendall(replies[0])
            if len(replies) > 1 or not self.goes_on:
                replies = replies[1:]
            if not replies and self.closes:
                break
