# SPDX-License-Identifier: MIT
"""A server on a unix socket that answers by a script, right or wrong.

    with Server(lambda payload: netstring(b"OK value")) as server:
        ... server.endpoint, server.requests, server.connections
"""
import os
import socket
import tempfile
import threading


def netstring(payload):
    return b"%d:%s," % (len(payload), payload)


class Threaded:
    """Serves each connection in a thread, as long as answer(connection,
    stream) of its subclass says that another request may follow."""

    LEFT = ConnectionError  # what answer raises when the client has left

    def __init__(self, script):
        self.script = script
        self.requests = []
        self.connections = 0
        self.listener = None  # to be set before start

    def start(self):
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        """Takes no more connections."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # stopped before

    def accept(self):
        try:
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=(connection,),
                                 daemon=True).start()
        except OSError:
            pass

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            try:
                while self.answer(connection, stream):
                    pass
            except self.LEFT:
                pass


class Server(Threaded):
    """Answers each request (its payload) by what `script` returns: bytes to
    send as they are, or None to close the connection."""

    def __init__(self, script):
        super().__init__(script)
        self.directory = tempfile.TemporaryDirectory(prefix="scripted-")
        self.listener = socket.socket(socket.AF_UNIX)
        path = os.path.join(self.directory.name, "socket")
        self.listener.bind(path)
        self.listener.listen()
        self.endpoint = "unix:" + path
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.listener.close()
        self.directory.cleanup()

    def answer(self, connection, stream):
        digits = b""
        while not digits.endswith(b":"):
            byte = stream.read(1)
            if not byte:
                return False
            digits += byte
        payload = stream.read(int(digits[:-1]) + 1)[:-1]
        self.requests.append(payload)
        reply = self.script(payload)
        if reply is None:
            return False
        connection.sendall(reply)
        return True
