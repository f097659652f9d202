#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a socketmapd tells: formats, targets, levels, traces, counters."""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

import daemon
from daemon import Daemon, program, write_config
from postfix import become_root
from socketmap_client import Client
from tap import case, done

become_root()

MAPS = """
[listen a]
endpoint = unix:@DIR@/a.sock
[map m]
table = inline:{ k=value, {q = say "yes" = \\ no} }
[map hidden]
table = inline:{ k=hunter2 }
secret = yes
[map down]
table = fail:{is down}
"""
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


class Logging(Daemon):
    """A daemon whose lines may have any form."""

    def __init__(self, log, **options):
        super().__init__(MAPS + "[log]\n" + log, ready="ready: ", **options)
        self.endpoint = f"unix:{self.directory}/a.sock"

    def end(self):
        """Stops it, and returns its lines."""
        assert self.stop() == 0
        return self.stderr().splitlines()


def ask(process, *questions):
    with Client(process.endpoint) as client:
        for name, key in questions:
            client.lookup(name, key)


@case("text")
def _():
    with Logging("trace = m down\n") as process:
        ask(process, ("m", "k"), ("m", "q"), ("m", "a b\n\"\x01"),
            ("down", "k"))
        lines = process.end()
        lines = [re.sub(r"us=\d+\.\d{3}$", "us=N", line) for line in lines]
        assert lines[0] == f"socketmapd: ready: {process.endpoint}", lines
        assert lines[1:-1] == [
            "socketmapd: lookup map=m key=k status=OK value=value us=N",
            "socketmapd: lookup map=m key=q status=OK "
            'value="say \\"yes\\" = \\\\ no" us=N',
            'socketmapd: lookup map=m key="a b\\n\\"\\x01" '
            "status=NOTFOUND us=N",
            'socketmapd: lookup map=down key=k status=TEMP reason="is down" '
            "us=N"], lines
        assert lines[-1] == "socketmapd: stopped by SIGTERM after 4 requests"


@case("logfmt")
def _():
    with Logging("log_format = logfmt\ntrace = m\n") as process:
        ask(process, ("m", "k"))
        lines = process.end()
        assert len(lines) == 3, lines
        assert re.fullmatch(
            f'time={TIME} level=info area=life msg="ready: '
            f'{re.escape(process.endpoint)}"', lines[0]), lines
        assert re.fullmatch(
            f"time={TIME} level=info area=lookup msg=lookup map=m key=k "
            r"status=OK value=value us=\d+\.\d{3}", lines[1]), lines


@case("json: every line an object, whatever the key")
def _():
    with Logging("log_format = json\ntrace = m\n") as process:
        key = 'ü"\\\n\x7f '
        ask(process, ("m", key), ("m", b"\xff\xc3k"), ("m", "k" * 5000))
        objects = [json.loads(line) for line in process.end()]
        assert len(objects) == 5, objects
        assert all(re.fullmatch(TIME, o["time"]) for o in objects), objects
        assert objects[0]["level"] == "info", objects
        assert objects[0]["area"] == "life", objects
        assert objects[0]["message"] == f"ready: {process.endpoint}", objects
        assert objects[1]["key"] == key, objects
        assert objects[1]["status"] == "NOTFOUND", objects
        assert objects[2]["key"] == "\ufffd\ufffdk", objects
        assert objects[3]["key"] == "k" * 1000, objects


def in_journal(log):
    """Runs a daemon whose stderr is the journal, as far as it can see."""
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        path = write_config(directory, MAPS + "[log]\n" + log)
        # The shell knows what its stderr is.
        command = ["sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /dev/fd/2) '
                   'exec "$0" -c "$1"', program(), path]
        with Logging(log, directory=directory, command=command) as process:
            with Client(process.endpoint) as client:
                client.send(b"x")
                assert client.at_end()
            return process.end()


@case("the journal: a priority before each line")
def _():
    lines = in_journal("")
    assert len(lines) == 3, lines
    assert lines[0].startswith("<6>ready: "), lines
    assert lines[1].startswith("<4>warning: "), lines
    assert lines[2].startswith("<6>stopped "), lines
    lines = in_journal("log_format = json\n")
    assert lines[0].startswith("<6>{"), lines
    assert json.loads(lines[1][3:])["level"] == "warning", lines


@case("another stream than the journal's: no priority")
def _():
    with Logging("", env={**os.environ, "JOURNAL_STREAM": "1:2"}) as process:
        assert process.end()[0].startswith("socketmapd: ready")


class Syslog:
    """A mount namespace of its own, with a /dev/log that the test reads."""

    SETUP = """
    for device in null zero urandom; do
        : > "$0/$device" && mount --bind /dev/$device "$0/$device"
    done
    mount --bind "$0" /dev && shift && exec "$@"
    """

    def __init__(self, directory):
        self.dev = os.path.join(directory, "dev")
        os.mkdir(self.dev)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(os.path.join(self.dev, "log"))
        self.socket.settimeout(daemon.PATIENCE)

    def run(self, *command):
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-ec", self.SETUP, self.dev, "--",
             *command], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def line(self):
        return self.socket.recv(65536).decode()


@case("syslog: facility mail, a priority, and the process")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        syslog = Syslog(directory)
        path = write_config(directory, MAPS + "[log]\nlog_target = syslog\n")
        with syslog.socket, syslog.run(program(), "-c", path) as process:
            try:
                mail = 2 << 3
                form = r"<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d " \
                    rf"socketmapd\[{process.pid}\]: (.*)"

                def told(priority, text):
                    line = syslog.line()
                    match = re.fullmatch(form, line.rstrip("\0\n"))
                    assert match, line
                    assert int(match[1]) == mail + priority, line
                    assert match[2].startswith(text), line

                told(6, f"ready: unix:{directory}/a.sock")
                with Client(f"unix:{directory}/a.sock") as client:
                    client.send(b"x")
                    assert client.at_end()
                told(4, "warning: ")
                # A mistake is told there, too.
                write_config(directory, "[log]\nlog_target = sislog\n")
                process.send_signal(signal.SIGHUP)
                told(3, "")
                process.terminate()
                assert process.wait(daemon.PATIENCE) == 0
                assert process.stderr.read() == b""
            finally:
                process.kill()


def connect(endpoint):
    """Connects as soon as somebody listens."""
    end = time.monotonic() + daemon.PATIENCE
    while True:
        try:
            return Client(endpoint)
        except (FileNotFoundError, ConnectionRefusedError):
            assert time.monotonic() < end, "nobody listens"
            time.sleep(0.01)


def levels(log, expected):
    @case(f"levels: {log}")
    def _():
        with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
            path = write_config(
                directory, MAPS + "[log]\n" + log.replace("; ", "\n"))
            with subprocess.Popen(
                    [program(), "-c", path], stdin=subprocess.DEVNULL,
                    stderr=subprocess.PIPE, encoding="utf-8") as process:
                try:
                    with connect(f"unix:{directory}/a.sock") as client:
                        client.send(b"x")
                        assert client.at_end()
                    process.terminate()
                    got = [line.split()[1] for line in process.stderr]
                    assert process.wait(daemon.PATIENCE) == 0
                finally:
                    process.kill()
            assert got == expected, got


levels("log_level = info", ["ready:", "warning:", "stopped"])
levels("log_level = warning", ["warning:"])
levels("log_level = error", [])
levels("log_levels = server:error", ["ready:", "stopped"])
levels("log_level = error; log_levels = life:info", ["ready:", "stopped"])


@case("quiet: lookups that go well are not told")
def _():
    with Logging("") as process:
        ask(process, *[("m", "k"), ("m", "none"), ("hidden", "k")] * 100)
        lines = process.end()
        assert len(lines) == 2, lines


@case("trace: the named maps, and keys that match, until a reload says no")
def _():
    log = "[log]\ntrace = m:a* m:?b hidden\n"
    with Logging(log[len("[log]\n"):]) as process:
        ask(process, ("m", "k"), ("m", "abc"), ("m", "bb"), ("m", "cab"),
            ("down", "abc"), ("hidden", "none"))
        process.wait_line("lookup", 3)
        write_config(process.directory, MAPS)
        process.send_signal(signal.SIGHUP)
        process.wait_line("reloaded")
        ask(process, ("m", "abc"))
        keys = re.findall(r"key=(\S+)", "\n".join(process.end()))
        assert keys == ["abc", "bb", "none"], keys


@case("secret: a value is never told, an absence is")
def _():
    with Logging("trace = hidden\nlog_level = debug\n") as process:
        ask(process, ("hidden", "k"), ("hidden", "other"))
        process.send_signal(signal.SIGUSR1)
        process.wait_line("map map=down")
        lines = process.end()
        assert "hunter2" not in "\n".join(lines), lines
        assert "status=OK value=(secret) " in lines[1], lines
        assert "status=NOTFOUND us=" in lines[2], lines


def traced_keys(log):
    with Logging(log + "trace = m\n") as process:
        ask(process, ("m", "k"), ("m", "q"), ("m", "k"))
        text = "\n".join(process.end())
        return re.findall(r"\bkey=(\S+)", text), \
            re.findall(r"\bkey_hash=([0-9a-f]{16})\b", text)


@case("log_keys: as they are, by hash, not at all")
def _():
    assert traced_keys("log_keys = yes\n") == (["k", "q", "k"], [])
    assert traced_keys("log_keys = no\n") == ([], [])
    none, hashes = traced_keys("log_keys = hash\n")
    assert none == [] and len(hashes) == 3, (none, hashes)
    assert hashes[0] == hashes[2] != hashes[1], hashes
    # Nobody can look it up in a list made beforehand.
    assert traced_keys("log_keys = hash\n")[1][0] != hashes[0]


@case("a log that nobody reads any more keeps no client waiting")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        path = write_config(directory, "[log]\ntrace = m\n"
                            "[map m]\ntable = static:x\n")
        process = subprocess.Popen([program(), "-c", path],
                                   stderr=subprocess.PIPE)
        try:
            ready = process.stderr.readline().decode()
            assert "ready" in ready, ready
            endpoint = f"unix:{directory}/socketmap.sock"
            with Client(endpoint) as client:
                # Far more than a pipe holds.
                for n in range(3000):
                    assert client.lookup("m", f"key{n}") == ("OK", b"x")
                told = b""
                while b"were lost: nobody read them" not in told:
                    told = process.stderr.readline()
                    client.lookup("m", "one more")
        finally:
            process.kill()
            process.communicate()


@case("a reload takes another format")
def _():
    with Logging("") as process:
        write_config(process.directory, MAPS + "[log]\nlog_format = json\n")
        process.send_signal(signal.SIGHUP)
        assert json.loads(process.wait_line("reloaded"))["area"] == "life"
        assert json.loads(process.end()[-1])["message"].startswith("stopped")


@case("SIGUSR1: the counters of the server and of each map")
def _():
    with Logging("") as process:
        ask(process, ("m", "k"), ("m", "k"), ("m", "none"), ("down", "k"),
            ("no", "k"))
        process.send_signal(signal.SIGUSR1)
        process.wait_line("map map=down")

        def counters(start):
            pairs = process.wait_line(start)[len(start):].split()
            return dict(pair.split("=") for pair in pairs)

        server = counters("socketmapd: server ")
        assert server["accepted"] == "1", server
        assert server["requests"] == "5", server
        assert (server["ok"], server["notfound"], server["temp"]) == \
            ("2", "1", "2"), server
        of_map = counters("socketmapd: map map=m ")
        assert (of_map["ok"], of_map["notfound"], of_map["temp"]) == \
            ("2", "1", "0"), of_map
        assert int(of_map["p50_ns"]) <= int(of_map["p99_ns"]), of_map
        of_map = counters("socketmapd: map map=down ")
        assert (of_map["ok"], of_map["notfound"], of_map["temp"]) == \
            ("0", "0", "1"), of_map
        assert len(process.end()) == 2 + 4


done()
