#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap bench: counts right replies of the servers under bench/, and
notices every way in which a server can be wrong."""
import json
import os
import signal
import subprocess
import tempfile

from scripted_server import Server, netstring
from tap import case, done

PROGRAM = os.environ["SOCKETMAP"]


def bench(*arguments):
    got = subprocess.run([PROGRAM, "bench", "-j", *arguments],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, timeout=200)
    figures = json.loads(got.stdout) if got.stdout else None
    return got.returncode, figures, got.stderr.decode()


class Program:
    """A running server of bench/ ($BENCH_BARE, $BENCH_ECHO)."""

    def __init__(self, variable):
        self.directory = tempfile.TemporaryDirectory(prefix="cli-bench-")
        self.process = subprocess.Popen(
            [os.environ[variable], f"unix:{self.directory.name}/socket",
             "inet:0"], stdout=subprocess.PIPE, text=True)
        self.endpoints = []
        for line in self.process.stdout:
            if line == "ready\n":
                break
            self.endpoints.append(line.split()[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()
        self.directory.cleanup()


def check_right(figures, count):
    assert (figures["requests"], figures["wrong"]) == (count, 0), figures
    assert figures["rate"] > 0 and figures["seconds"] > 0, figures
    shares = [figures[name] for name in ("p50_us", "p90_us", "p99_us",
                                         "p99.9_us", "max_us")]
    assert shares == sorted(shares) and shares[0] > 0, figures


@case("bare server: every reply is right, one by one and pipelined")
def _():
    with Program("BENCH_BARE") as server:
        for endpoint in server.endpoints:
            for connections, depth in (("1", "1"), ("50", "1"), ("5", "40")):
                status, figures, errors = bench(
                    "-c", connections, "-p", depth, "-n", "20000",
                    "-e", "value%d", "-P", str(server.process.pid),
                    endpoint + ":map")
                assert (status, errors) == (0, ""), errors
                check_right(figures, 20000)
                assert figures["server_cpu_us"] > 0, figures


@case("echo server: its value is name and key")
def _():
    with Program("BENCH_ECHO") as server:
        status, figures, errors = bench(
            "-c", "10", "-p", "3", "-n", "5000", "-k", "k %d.", "-K", "7",
            "-e", "map k %d.", server.endpoints[0] + ":map")
        assert (status, errors) == (0, ""), errors
        check_right(figures, 5000)


@case("values of 100 kB, compared with a file")
def _():
    value = (b"abcdefghijklmnopqrstuvwxyz" * 3847)[:99992]
    with Program("BENCH_BARE") as server:
        path = os.path.join(server.directory.name, "value")
        for content, wrong in ((value, 0), (value[:-1] + b"!", 64)):
            with open(path, "wb") as file:
                file.write(content)
            status, figures, _ = bench(
                "-c", "4", "-p", "8", "-n", "64", "-E", path,
                server.endpoints[0] + ":big")
            assert figures["requests"] == 64
            assert (status, figures["wrong"]) == (bool(wrong), wrong), figures


@case("with a duration and a warm-up, and the server's memory")
def _():
    with Program("BENCH_BARE") as server:
        status, figures, _ = bench("-d", "0.1", "-w", "0.05", "-m",
                                   server.endpoints[0] + ":map")
        assert status == 0 and figures["wrong"] == 0
        check_right(figures, figures["requests"])
        assert figures["seconds"] >= 0.1, figures
        assert figures["memory_after"] > 1000000, figures


@case("keys of a file, the key itself expected")
def _():
    def key_back(payload):
        return netstring(b"OK " + payload.split(b" ", 1)[1])

    with Server(key_back) as server:
        path = os.path.join(server.directory.name, "keys")
        with open(path, "wb") as file:
            file.write(b"one\n\ntwo words\nlast")
        status, figures, errors = bench("-c", "2", "-n", "200", "-f", path,
                                        "-e", "-", server.endpoint + ":map")
        assert (status, errors) == (0, ""), errors
        check_right(figures, 200)
        assert set(server.requests) == {
            b"map one", b"map ", b"map two words", b"map last"}


@case("replies that are cut in two, one's end with the next one's beginning")
def _():
    def reply(number):
        return netstring(b"OK " + server.requests[number][len(b"map "):])

    def script(_):
        count = len(server.requests)
        tail = reply(count - 2)[20:] if count > 1 else b""
        return tail + (reply(count - 1)[:20] if count < 100
                       else reply(count - 1))

    with Server(script) as server:
        status, figures, errors = bench("-c", "1", "-p", "2", "-n", "100",
                                        "-e", "-", server.endpoint + ":map")
        assert (status, errors) == (0, ""), errors
        check_right(figures, 100)


def with_liar(reply, *arguments):
    """Runs against a server whose 50th reply is `reply`."""
    def script(_):
        if len(server.requests) == 50:
            return reply
        return netstring(b"OK right")

    with Server(script) as server:
        return bench("-c", "1", "-n", "100", "-e", "right", *arguments,
                     server.endpoint + ":map")


@case("one wrong reply among many is found: exit 1")
def _():
    for reply in (b"OK wrong", b"OK righ", b"OK right ", b"NOTFOUND ",
                  b"TEMP right", b"right", b""):
        status, figures, errors = with_liar(netstring(reply))
        assert (status, figures["wrong"]) == (1, 1), (reply, figures)
        assert figures["requests"] == 100
        assert "wrong reply to user" in errors, errors


@case("any value is right when none is given, but NOTFOUND is not")
def _():
    for reply, expected in ((b"OK other", 0), (b"NOTFOUND ", 1)):
        def script(_, reply=reply):
            return netstring(reply)

        with Server(script) as server:
            status, _, _ = bench("-n", "10", server.endpoint + ":map")
            assert status == expected


@case("bytes that are no reply: exit 1; so is a reply too many")
def _():
    for reply in (b"hello", b"200000:", netstring(b"OK right") * 2):
        status, figures, errors = with_liar(reply)
        assert (status, figures) == (1, None), (reply, status)
        assert errors, reply


@case("a connection that is closed: exit 69; nobody there: exit 69")
def _():
    assert with_liar(None)[:2] == (69, None)
    with tempfile.TemporaryDirectory() as place:
        assert bench("-n", "1", f"unix:{place}/none:map")[:2] == (69, None)


@case("silence: exit 75")
def _():
    assert with_liar(b"", "-t", "0.2")[:2] == (75, None)
    assert with_liar(netstring(b"OK right")[:-3], "-t", "0.2")[0] == 75


@case("wrong usage: exit 2")
def _():
    for arguments in ([], ["unix:/x"], ["unix:/x:m", "extra"],
                      ["-c", "0", "unix:/x:m"], ["-p", "-1", "unix:/x:m"],
                      ["-n", "1", "-d", "1", "unix:/x:m"],
                      ["-e", "a", "-E", "b", "unix:/x:m"],
                      ["-q", "unix:/x:m"], ["nonsense:x:m"]):
        status, figures, errors = bench(*arguments)
        assert (status, figures) == (2, None) and errors, arguments


done()
