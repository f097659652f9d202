# SPDX-License-Identifier: MIT
"""A place for Postfix to deliver to, by LMTP, that a test can look into.

    with Sink() as sink:
        ... virtual_transport = lmtp:{sink.endpoint} ...
        assert sink.wait("marker in the mail") == ["alice@example.org"]

It announces DSN: what a client says of the original recipient is kept, too.
"""
import re
import threading

from impostor import Listener

PATIENCE = 60


class Mail:
    """sender: as the client gave it. recipients: likewise; originals: what
    each of them was before it was rewritten, or None."""

    def __init__(self, sender):
        self.sender = sender
        self.recipients = []
        self.originals = []
        self.text = ""


def _address(line):
    """Of "RCPT TO:<address> ORCPT=...": quotes may hold anything."""
    text = line.decode("utf-8", "replace")
    return text[text.index("<") + 1:text.rindex(">")]


def _original(line):
    found = re.search(rb" ORCPT=[\w-]+;(\S*)", line)
    if found is None:
        return None
    return re.sub(rb"\+([0-9A-F]{2})", lambda code: bytes.fromhex(
        code[1].decode()), found[1]).decode("utf-8", "replace")


class Sink(Listener):
    def __init__(self):
        self._mails = []  # of Mail
        self._change = threading.Condition()
        super().__init__()
        self.endpoint = f"inet:127.0.0.1:{self.port}"

    def wait(self, marker):
        """Waits for the mail that holds `marker`; returns its recipients."""
        def found():
            return [mail for mail in self._mails if marker in mail.text]

        with self._change:
            if not self._change.wait_for(found, PATIENCE):
                raise AssertionError(f"no mail with {marker}")
            return found()[0].recipients

    def mails(self, marker):
        """Returns all mails so far that hold `marker`."""
        with self._change:
            return [mail for mail in self._mails if marker in mail.text]

    def serve(self, connection):
        with connection.makefile("rwb") as stream:
            self._session(stream)

    def _session(self, stream):
        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()

        mail = Mail("")
        say("220 sink")
        for line in stream:
            verb = line[:4].upper()
            if verb == b"LHLO":
                say("250-sink")
                say("250-SMTPUTF8")
                say("250-8BITMIME")
                say("250 DSN")
            elif verb == b"DATA":
                say("354 go on")
                self._keep(mail, stream)
                for _ in mail.recipients:
                    say("250 kept")
            else:
                say("250 fine")
            if verb == b"MAIL":
                mail = Mail(_address(line))
            if verb == b"RCPT":
                mail.recipients.append(_address(line))
                mail.originals.append(_original(line))
            if verb == b"QUIT":
                return

    def _keep(self, mail, stream):
        lines = []
        while (line := stream.readline()) not in (b".\r\n", b""):
            lines.append(line.decode("utf-8", "replace"))
        with self._change:
            mail.text = "".join(lines)
            self._mails.append(mail)
            self._change.notify_all()
