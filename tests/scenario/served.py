# SPDX-License-Identifier: MIT
"""A test server of our own (testserver.c), and strict clients for it.

A client here takes nothing but what the protocol allows: a reply is a netstring
without a leading zero, its payload one of five upper-case words, a space and
text without NUL, at most 100,000 bytes. Everything else is an assertion.
"""
import os
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

# How long something may take that is expected to happen: long, for a loaded
# machine under a sanitizer. Nothing waits so long when all is well.
PATIENCE = 20.0

WORDS = (b"OK", b"NOTFOUND", b"TEMP", b"TIMEOUT", b"PERM")


def netstring(payload):
    return b"%d:%s," % (len(payload), payload)


def request(name, key=b""):
    return netstring(text(name) + b" " + text(key))


def reply(word, value=b""):
    return netstring(text(word) + b" " + text(value))


def text(value):
    return value.encode() if isinstance(value, str) else bytes(value)


class Closed(Exception):
    """The connection has ended; .rest is what came after the last reply."""

    def __init__(self, rest, why):
        super().__init__(f"closed ({why}), {len(rest)} bytes left")
        self.rest = rest


def split_reply(data):
    """Returns (payload, rest), or None when bytes are missing."""
    head = re.match(rb"(0|[1-9][0-9]{0,5})(:?)", data)
    assert head or not data, f"no netstring: {data[:60]!r}"
    if not head or not head.group(2):
        assert len(data) < 7, f"no netstring: {data[:60]!r}"
        return None
    size, start = int(head.group(1)), head.end()
    assert size <= 100000, f"reply of {size} bytes"
    if len(data) < start + size + 1:
        return None
    assert data[start + size:start + size + 1] == b",", "no comma"
    payload = data[start:start + size]
    word, space, value = payload.partition(b" ")
    assert word in WORDS and space and b"\0" not in value, payload[:60]
    return payload, data[start + size + 1:]


class Client:
    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(PATIENCE)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Ends a TCP connection with RST, a unix one as close does."""
        if self.sock.family != socket.AF_UNIX and self.sock.fileno() >= 0:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def payload(self):
        """The next reply's payload."""
        while True:
            found = split_reply(self.data)
            if found:
                self.data = found[1]
                return found[0]
            try:
                more = self.sock.recv(262144)
            except (ConnectionResetError, BrokenPipeError):
                raise Closed(self.data, "reset") from None
            if not more:
                raise Closed(self.data, "end")
            self.data += more

    def ask(self, name, key=b""):
        self.send(request(name, key))
        return self.payload()

    def word(self):
        return self.payload().partition(b" ")[0]

    def expect_end(self):
        """Nothing more comes but the end."""
        try:
            payload = self.payload()
        except Closed as end:
            assert end.rest == b"", end
            return
        raise AssertionError(f"a reply instead of the end: {payload[:60]!r}")

    def expect_silence(self, seconds):
        ready, _, _ = select.select([self.sock], [], [], seconds)
        assert not self.data and not ready, self.sock.recv(100)


class Server:
    """A running test server: `with Server("--limit", "deadline=300") as s`."""

    def __init__(self, *args, listen=("unix",)):
        self.folder = tempfile.TemporaryDirectory(prefix="socketmap-")
        command = [os.environ["TESTSERVER"], *args]
        for endpoint in listen:
            if endpoint == "unix":
                endpoint = f"unix:{self.folder.name}/s"
            command += ["--listen", endpoint]
        self.draining = False
        self.lines = []
        self.news = threading.Condition()
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.errors = b""
        self.readers = [threading.Thread(target=self._read_lines),
                        threading.Thread(target=self._read_errors)]
        for reader in self.readers:
            reader.start()
        self.wait_line("ready")
        self.endpoints = [line.split(" ", 1)[1] for line in self.lines
                          if line.startswith("listening ")]

    def _read_lines(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.lines.append("")
            self.news.notify_all()

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def wait_line(self, start, after=0):
        """The first line from number `after` on that begins with `start`."""
        end = time.monotonic() + PATIENCE
        with self.news:
            while True:
                for line in self.lines[after:]:
                    if line.startswith(start):
                        return line
                    assert line or not start, (
                        "the server has ended", self.lines[-5:], self.errors)
                left = end - time.monotonic()
                assert left > 0, (f"no line {start!r}", self.lines[-5:])
                self.news.wait(left)

    def logs(self):
        return [line for line in self.lines if line.startswith("log ")]

    def counters(self):
        with self.news:
            after = len(self.lines)
        self.process.send_signal(signal.SIGUSR1)
        words = self.wait_line("counters", after).split()[1:]
        return {word.split("=")[0]: int(word.split("=")[1]) for word in words}

    def wait_counter(self, name, value):
        """Waits until a counter is at least `value`."""
        self.wait_for(lambda: self.counters().get(name, 0) >= value,
                      f"{name} of {value}")

    def wait_for(self, reached, what):
        end = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < end, (f"never: {what}", self.counters())
            time.sleep(0.01)

    def connect(self, number=0, source=None):
        kind, _, address = self.endpoints[number].partition(":")
        if kind == "unix":
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(PATIENCE)
            sock.connect(address)
            return Client(sock)
        host, _, port = address.rpartition(":")
        sock = socket.create_connection(
            (host.strip("[]"), int(port)), PATIENCE,
            (source, 0) if source else None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Client(sock)

    def cpu(self):
        """Seconds of processor time the server has used."""
        with open(f"/proc/{self.process.pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def drain(self):
        """Drains it; a second time does nothing."""
        if not self.draining:
            self.draining = True
            self.process.send_signal(signal.SIGTERM)

    def wait_end(self):
        """Waits for the end after a drain; it has to be a clean one."""
        code = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join()
        assert code == 0 and self.errors == b"", (
            code, self.errors[:3000].decode("utf-8", "replace"),
            self.lines[-5:])
        assert "run 0" in self.lines and "end" in self.lines, self.lines[-5:]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                if self.process.poll() is None:
                    self.drain()
                self.wait_end()
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            for reader in self.readers:
                reader.join()
            if kind is not None and self.errors:
                print("# server:", self.errors.decode("utf-8", "replace")
                      .replace("\n", "\n# "))
            self.process.stdout.close()
            self.process.stderr.close()
            self.folder.cleanup()
