#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A socketmapd for one client, on stdin and stdout."""
import os
import signal
import socket
import subprocess
import tempfile

from daemon import program, write_config
from socketmap_client import Client, netstring
from tap import case, done

CONFIG = """\
[listen unix]
endpoint = unix:@DIR@/socketmap.sock
[map hello]
table = static:{hello, world}
[map big]
table = static:%s
""" % ("x" * 90000)

REQUEST = netstring(b"hello x")
REPLY = netstring(b"OK hello, world")


def start(directory, config=CONFIG, **options):
    path = write_config(directory, config)
    return subprocess.Popen([program(), "--stdio", "-c", path], **options)


class SocketClient(Client):
    """A client whose socket is there already."""

    def __init__(self, sock):
        sock.settimeout(60)
        self.sock = sock
        self._read = b""


def on_socket(config=CONFIG, with_stderr=False):
    """Returns a client and the process that serves it, as inetd does."""
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory() as directory:
        with theirs:
            process = start(
                directory, config, stdin=theirs, stdout=theirs,
                stderr=theirs if with_stderr else subprocess.DEVNULL)
        client = SocketClient(ours)
        # Its configuration is read when it answers, or when it ends.
        client.send(REQUEST)
        try:
            client.first = client.reply()
        except (EOFError, ConnectionError):
            client.first = None
        assert os.listdir(directory) == ["socketmapd.conf"]
    return client, process


@case("a socket is served until its end, and no listener is opened")
def _():
    client, process = on_socket()
    with client:
        assert client.first == ("OK", b"hello, world")
        for _ in range(3):
            assert client.lookup("hello", "x") == ("OK", b"hello, world")
    assert process.wait(60) == 0


@case("with stderr on the socket, too, only replies are there")
def _():
    client, process = on_socket(with_stderr=True)
    with client:
        assert client.first == ("OK", b"hello, world")
        client.sock.shutdown(socket.SHUT_WR)
        assert client.at_end()
    assert process.wait(60) == 0
    client, process = on_socket(CONFIG + "nonsense = 1\n", with_stderr=True)
    with client:
        assert client.first is None, client.first
    assert process.wait(60) == 78


@case("a bad frame is not answered by a line of the log")
def _():
    client, process = on_socket(with_stderr=True)
    with client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.at_end()
    assert process.wait(60) == 0


def piped(data, config=CONFIG):
    with tempfile.TemporaryDirectory() as directory:
        process = start(directory, config, stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with process:
            out, said = process.communicate(data, 60)
    return process.returncode, out, said


@case("pipes: all requests are answered before the end, stderr is quiet")
def _():
    assert piped(REQUEST * 1000) == (0, REPLY * 1000, b"")
    assert piped(b"") == (0, b"", b"")


@case("pipes: replies larger than any buffer")
def _():
    reply = netstring(b"OK " + b"x" * 90000)
    assert piped(netstring(b"big k") * 50) == (0, reply * 50, b"")


@case("files: a question read from one is answered into another")
def _():
    with tempfile.TemporaryDirectory() as directory, \
            tempfile.TemporaryFile() as questions, \
            tempfile.TemporaryFile() as answers:
        questions.write(REQUEST * 3)
        questions.seek(0)
        with start(directory, stdin=questions, stdout=answers) as process:
            assert process.wait(60) == 0
        answers.seek(0)
        assert answers.read() == REPLY * 3


@case("pipes: it ends when nobody reads its replies")
def _():
    with tempfile.TemporaryDirectory() as directory:
        read, write = os.pipe()
        with start(directory, stdin=subprocess.PIPE, stdout=write) as process:
            os.close(write)
            process.stdin.write(REQUEST)
            process.stdin.flush()
            assert os.read(read, 1000) == REPLY
            os.close(read)
            process.stdin.write(REQUEST)
            process.stdin.flush()
            assert process.wait(60) == 0


@case("SIGTERM ends it")
def _():
    client, process = on_socket()
    with client:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert client.at_end()


@case("SIGHUP opens no listener")
def _():
    with tempfile.TemporaryDirectory() as directory:
        with start(directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE) \
                as process:
            for _ in range(3):
                process.stdin.write(REQUEST)
                process.stdin.flush()
                assert process.stdout.read(len(REPLY)) == REPLY
                process.send_signal(signal.SIGHUP)
            process.stdin.close()
            assert process.wait(60) == 0
        assert os.listdir(directory) == ["socketmapd.conf"]


@case("a bad configuration: exit status 78, and why on stderr")
def _():
    status, out, said = piped(b"", CONFIG + "nonsense = 1\n")
    assert (status, out) == (78, b"") and b"nonsense" in said, said


done()
