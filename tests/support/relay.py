# SPDX-License-Identifier: MIT
"""What stands in front of a server that takes long to start: as it is cut or
held, the server seems to have ended, or to hang.

    with Relay(server.port) as relay:
        ... relay.port
        relay.cut()
        relay.open()
"""
import socket
import threading

from ports import free_port


class Relay:
    """Hands connections on to a port, from one of its own that stays the
    same."""

    def __init__(self, to):
        self._to = to
        self._ends = set()  # of all connections, while it is not cut
        self._lock = threading.Lock()
        self._passes = threading.Event()
        self._passes.set()
        self._listener = None
        self.port = free_port()
        self.open()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go_on()
        self.cut()

    def open(self):
        """As the server would be after its start."""
        self._listener = socket.create_server(("127.0.0.1", self.port),
                                              backlog=128)
        threading.Thread(target=self._accept, daemon=True,
                         args=(self._listener,)).start()

    def cut(self):
        """Ends all connections, and takes no more. Does nothing when it is
        cut."""
        with self._lock:
            ends, self._ends = self._ends, set()
            listener, self._listener = self._listener, None
        for one in [*ends, *([listener] if listener else [])]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other side was first
        if listener:
            listener.close()

    def hold(self):
        """Connections are taken, but nothing passes until go_on."""
        self._passes.clear()

    def go_on(self):
        self._passes.set()

    def _accept(self, listener):
        try:
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                if not self._keep(listener, near, far):
                    return
                for source, to in (near, far), (far, near):
                    threading.Thread(target=self._hand_on, daemon=True,
                                     args=(source, to)).start()
        except OSError:
            pass  # it is cut

    def _keep(self, listener, near, far):
        with self._lock:
            if self._listener is not listener:
                near.close()
                far.close()
                return False
            self._ends |= {near, far}
            return True

    def _hand_on(self, source, to):
        try:
            while (data := source.recv(65536)):
                self._passes.wait()
                to.sendall(data)
        except OSError:
            pass
        for one in source, to:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # so it was already
        with self._lock:
            self._ends -= {source, to}
