#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The life of a socketmapd: it answers, survives what clients do, and ends."""
import os
import re
import resource
import signal
import tempfile

from daemon import Daemon
from socketmap_client import Client, netstring
from tap import case, done

CONFIG = """
[listen unix]
endpoint = unix:@DIR@/socketmap.sock
[listen tcp]
endpoint = inet:127.0.0.1:0
[map hello]
table = static:{hello, world}
[map users]
table = inline:{ {alice = alice@example.org}, {Bob = 2, 3} }
[map down]
table = fail:{this table is always down}
"""


@case("answers from each table on each endpoint")
def _():
    with Daemon(CONFIG) as daemon:
        assert len(daemon.endpoints) == 2, daemon.endpoints
        for endpoint in daemon.endpoints:
            with Client(endpoint) as client:
                assert client.lookup("hello", "") == ("OK", b"hello, world")
                assert client.lookup("users", "ALICE") == (
                    "OK", b"alice@example.org")
                assert client.lookup("users", "bob") == ("OK", b"2, 3")
                assert client.lookup("users", "carol") == ("NOTFOUND", b"")
                status, text = client.lookup("down", "x")
                assert status == "TEMP", status
                assert b"this table is always down" in text, text
                assert client.lookup("none", "x")[0] == "TEMP"
        assert daemon.stop() == 0


def ends_by(number, name):
    @case(f"{name}: what was read is answered, then all is closed")
    def _():
        with Daemon(CONFIG) as daemon:
            with Client(daemon.endpoint) as idle, \
                    Client(daemon.endpoint) as busy:
                assert idle.lookup("hello", "x")[0] == "OK"
                busy.send(netstring(b"users alice") * 32)
                assert busy.reply() == ("OK", b"alice@example.org")
                daemon.send_signal(number)
                for _ in range(31):
                    assert busy.reply() == ("OK", b"alice@example.org")
                assert busy.at_end()
                assert idle.at_end()
                assert daemon.wait() == 0
            lines = daemon.stderr().splitlines()
            assert len(lines) == 2, lines
            assert lines[1] == \
                f"socketmapd: stopped by {name} after 33 requests", lines
            assert not os.path.exists(f"{daemon.directory}/socketmap.sock")


ends_by(signal.SIGTERM, "SIGTERM")
ends_by(signal.SIGINT, "SIGINT")


@case("a second signal doesn't wait for a client that takes no replies")
def _():
    value = "x" * 90000
    with Daemon(f"[map big]\ntable = static:{value}\n") as daemon:
        with Client(daemon.endpoint) as client:
            client.send(netstring(b"big k") * 100)
            client.reply()
            daemon.send_signal(signal.SIGTERM)
            daemon.send_signal(signal.SIGINT)
            assert daemon.wait() == 0
        assert "stopped at once by SIG" in daemon.stderr(), daemon.stderr()


@case("SIGHUP ends nothing")
def _():
    with Daemon(CONFIG) as daemon, Client(daemon.endpoint) as client:
        daemon.send_signal(signal.SIGHUP)
        daemon.wait_line("reloaded")
        assert client.lookup("hello", "x") == ("OK", b"hello, world")
        assert daemon.stop() == 0


@case("a bad frame closes that connection alone, with one line")
def _():
    with Daemon(CONFIG) as daemon, Client(daemon.endpoint) as good:
        assert good.lookup("hello", "x")[0] == "OK"
        with Client(daemon.endpoint) as bad:
            bad.send(b"GET / HTTP/1.0\r\n\r\n")
            assert bad.at_end()
        assert good.lookup("hello", "x") == ("OK", b"hello, world")
        assert daemon.stop() == 0
        lines = daemon.stderr().splitlines()
        assert len(lines) == 3, lines
        assert lines[1].startswith("socketmapd: warning: "), lines


@case("what clients can cause is logged at a bounded rate")
def _():
    total = 100
    with Daemon(CONFIG) as daemon:
        for _ in range(total):
            with Client(daemon.endpoint) as bad:
                bad.send(b"x")
                assert bad.at_end()
        assert daemon.stop() == 0
        log = daemon.stderr()
        written = (log.count("socketmapd: warning: ") -
                   log.count("similar lines left out"))
        left_out = sum(
            int(n) for n in re.findall(r"(\d+) similar lines left out", log))
        assert left_out > 0, log
        assert written + left_out == total, log


@case("a missing table file is TEMP with the reason; other maps serve")
def _():
    config = CONFIG + "[map lost]\ntable = texthash:@DIR@/none\n"
    with Daemon(config) as daemon, Client(daemon.endpoint) as client:
        status, text = client.lookup("lost", "x")
        assert status == "TEMP", (status, text)
        assert f"{daemon.directory}/none".encode() in text, text
        assert b"No such file" in text, text
        assert client.lookup("hello", "x") == ("OK", b"hello, world")
        assert f"{daemon.directory}/none" in daemon.stderr(), daemon.stderr()


@case("a bad line of a table file: a warning with its place, others serve")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        path = f"{directory}/virtual"
        with open(path, "w", encoding="utf-8") as file:
            file.write("# aliases\na@x one\nlonely\na@x two\nb@x three\n")
        config = CONFIG + f"[map virtual]\ntable = texthash:{path}\n"
        with Daemon(config) as daemon, Client(daemon.endpoint) as client:
            assert client.lookup("virtual", "a@x") == ("OK", b"one")
            assert client.lookup("virtual", "b@X") == ("OK", b"three")
            assert client.lookup("virtual", "lonely") == ("NOTFOUND", b"")
            log = daemon.stderr()
            for line in 3, 4:
                place = re.escape(f"socketmapd: warning: {path}:{line}:")
                assert len(re.findall(f"^{place}", log, re.M)) == 1, log


@case("few descriptors: fewer connections, said so")
def _():
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))

    with Daemon(CONFIG, preexec_fn=few) as daemon:
        assert "warning: at most 36 connections" in daemon.stderr()
        with Client(daemon.endpoint) as client:
            assert client.lookup("hello", "x")[0] == "OK"
        assert daemon.stop() == 0


@case("the soft limit of descriptors is raised without a word")
def _():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def soft():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))

    with Daemon(CONFIG, preexec_fn=soft) as daemon:
        with open(f"/proc/{daemon.pid}/limits", encoding="ascii") as limits:
            words = next(
                line for line in limits if line.startswith("Max open files")
            ).split()
        assert words[3] == words[4], words
        assert daemon.stop() == 0


done()
