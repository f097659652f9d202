# SPDX-License-Identifier: MIT
"""A place for Postfix to deliver to, by LMTP, that a test can look into.

    with Sink() as sink:
        ... virtual_transport = lmtp:{sink.endpoint} ...
        assert sink.wait("marker in the mail") == ["alice@example.org"]
"""
import socket
import threading

PATIENCE = 60


class Sink:
    def __init__(self, address="127.0.0.1"):
        self._socket = socket.create_server((address, 0))
        self.endpoint = "inet:{}:{}".format(*self._socket.getsockname())
        self._mails = []  # of (recipients, text)
        self._change = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def wait(self, marker):
        """Waits for the mail that holds `marker`; returns its recipients."""
        def found():
            return [to for to, text in self._mails if marker in text]

        with self._change:
            if not self._change.wait_for(found, PATIENCE):
                raise AssertionError(f"no mail with {marker}")
            return found()[0]

    def _accept(self):
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        with peer, peer.makefile("rwb") as stream:
            self._session(stream)

    def _session(self, stream):
        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()

        recipients = []
        say("220 sink")
        for line in stream:
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipients.append(line.decode().split("<")[1].split(">")[0])
            if verb == b"DATA":
                say("354 go on")
                self._keep(recipients, stream)
                for _ in recipients:
                    say("250 kept")
                recipients = []
            else:
                say("250 fine")
            if verb == b"QUIT":
                return

    def _keep(self, recipients, stream):
        lines = []
        while (line := stream.readline()) not in (b".\r\n", b""):
            lines.append(line.decode("utf-8", "replace"))
        with self._change:
            self._mails.append((recipients, "".join(lines)))
            self._change.notify_all()
