# SPDX-License-Identifier: MIT
"""A server of LDAP that says what a test wants, right or wrong.

    with Impostor(entry_message(attributes(mail=[b"x"])) + done()) as server:
        ... server.url ...
"""
import itertools
import time

from impostor import Listener


def element(tag, body):
    """What BER calls an element: tag, length, contents."""
    size = len(body)
    if size < 128:
        return tag + bytes([size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([128 + len(length)]) + length + body


def octets(text):
    return element(b"\x04", text)


def message(tag, body, number=2):
    """number: of the request that this answers. 1 is the bind."""
    return element(b"0", element(b"\x02", bytes([number]))
                   + element(tag, body))


def attributes(**values):
    return element(b"0", b"".join(
        element(b"0", octets(name.encode()) + element(
            b"1", b"".join(map(octets, each))))
        for name, each in values.items()))


def entry_message(contents, number=2):
    return message(b"\x64", octets(b"cn=x") + contents, number)


def done(code=b"\0", number=2, tag=b"\x65"):
    return message(tag, element(b"\x0a", code) + octets(b"") + octets(b""),
                   number)


BIND_DONE = done(number=1, tag=b"\x61")


def challenge(text, number=1):
    """A turn of the server in a bind by SASL."""
    return message(b"\x61", element(b"\x0a", b"\x0e") + octets(b"")
                   + octets(b"") + element(b"\x87", text), number)


class Impostor(Listener):
    """Sends `login` to whoever connects and asks, `answer` to what is asked
    next, and then nothing. Closes then if it shall. pause: between two bytes
    of the answer. asked: what came, in pieces."""

    def __init__(self, answer, closes=False, login=BIND_DONE, pause=0):
        self.answer, self.closes, self.login = answer, closes, login
        self.pause, self.asked = pause, []
        super().__init__()
        self.url = f"ldap://127.0.0.1:{self.port}"

    def serve(self, connection):
        connection.recv(65536)
        connection.sendall(self.login)
        for turn in itertools.count():
            self.asked.append(connection.recv(65536))
            if not self.asked[-1]:
                break
            if turn == 0:
                self.send(connection)
            if self.closes:
                break

    def send(self, connection):
        if self.pause == 0:
            connection.sendall(self.answer)
            return
        for byte in self.answer:
            connection.sendall(bytes([byte]))
            time.sleep(self.pause)
