#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap query: exit statuses and output, against servers that script
their replies: right ones, wrong ones, and none."""
import os
import socket
import subprocess
import tempfile

from scripted_server import Server, netstring
from tap import case, done

PROGRAM = os.environ["SOCKETMAP"]


def key_is_status(payload):
    """A key "STATUS TEXT" is what the server answers."""
    return netstring(payload.split(b" ", 1)[1])


def run(*arguments, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    if "input" in options:
        del options["stdin"]
    finished = subprocess.run([PROGRAM, "query", *arguments],
                              stderr=subprocess.PIPE, timeout=200, **options)
    return (finished.returncode, finished.stdout, finished.stderr.decode())


def check(server, arguments, status, out=b"", reasons=0):
    got = run(*arguments[:-1], server.endpoint + ":map", *arguments[-1])
    assert got[0] == status, got
    assert got[1] == out, got
    assert len(got[2].splitlines()) == reasons, got
    return got[2]


@case("a found key prints its value alone, exit 0")
def _():
    with Server(key_is_status) as server:
        check(server, [["OK a value, with  blanks "]], 0,
              b"a value, with  blanks \n")
        assert server.requests == [b"map OK a value, with  blanks "]


@case("values of several keys come one a line, over one connection")
def _():
    with Server(key_is_status) as server:
        check(server, [["OK 1", "NOTFOUND ", "OK 2"]], 0, b"1\n2\n")
        assert server.connections == 1


@case("no key found: exit 1 and silence")
def _():
    with Server(key_is_status) as server:
        check(server, [["NOTFOUND ", "NOTFOUND"]], 1)


@case("TEMP and TIMEOUT: exit 75, the key and the reason on stderr")
def _():
    with Server(key_is_status) as server:
        reason = check(server, [["TEMP the disk"]], 75, reasons=1)
        assert reason == "socketmap: TEMP the disk: TEMP the disk\n", reason
        reason = check(server, [["TIMEOUT slow"]], 75, reasons=1)
        assert "TIMEOUT slow: TIMEOUT slow" in reason, reason


@case("PERM: exit 78")
def _():
    with Server(key_is_status) as server:
        reason = check(server, [["PERM never"]], 78, reasons=1)
        assert "PERM never: PERM never" in reason, reason


@case("after a failure the other keys are asked for; the worst status wins")
def _():
    with Server(key_is_status) as server:
        check(server, [["OK 1", "TEMP x", "OK 2"]], 75, b"1\n2\n", 1)
        check(server, [["PERM x", "TEMP x", "OK 2"]], 78, b"2\n", 2)
        check(server, [["TEMP x", "PERM x", "NOTFOUND "]], 78, b"", 2)


@case("control bytes of a server never reach the terminal")
def _():
    with Server(lambda _: netstring(b"TEMP \x1b[2J\nx")) as server:
        reason = check(server, [["key"]], 75, reasons=1)
        assert "\x1b" not in reason, reason


@case("an unknown status: exit 75, and no further key")
def _():
    with Server(lambda _: netstring(b"ok value")) as server:
        check(server, [["a", "b"]], 75, reasons=1)
        assert server.requests == [b"map a"], server.requests


@case("what is no netstring: exit 75")
def _():
    for reply in (b"hello", b"8:OK value;", b"-1:,"):
        with Server(lambda _, reply=reply: reply) as server:
            check(server, [["key"]], 75, reasons=1)


@case("a reply above the limit: exit 75; the largest one is printed")
def _():
    with Server(lambda _: netstring(b"OK " + b"x" * 99998)) as server:
        check(server, [["key"]], 75, reasons=1)
    with Server(lambda _: netstring(b"OK " + b"x" * 99997)) as server:
        check(server, [["key"]], 0, b"x" * 99997 + b"\n")


@case("a connection closed without an answer is tried twice, then exit 75")
def _():
    with Server(lambda _: None) as server:
        check(server, [["key"]], 75, reasons=1)
        assert server.requests == [b"map key"] * 2, server.requests


@case("no reply within -t: exit 75")
def _():
    with Server(lambda _: b"") as server:
        check(server, ["-t", "0.2", ["key"]], 75, reasons=1)
        assert len(server.requests) == 1


@case("nobody listens: exit 69")
def _():
    with tempfile.TemporaryDirectory() as place:
        status, out, reason = run(f"unix:{place}/none:map", "a", "b")
        assert (status, out) == (69, b""), status
        assert len(reason.splitlines()) == 1, reason
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        assert run(f"inet:127.0.0.1:{port}:map", "a")[0] == 69


@case("a server that goes away: exit 69 at once, whatever it said before")
def _():
    def script(payload):
        if payload == b"map gone":
            server.stop()
            return None
        return key_is_status(payload)

    with Server(script) as server:
        check(server, [["OK 1", "PERM x", "gone", "OK 2"]], 69, b"1\n", 2)


@case("the name is what stands behind the last colon, and may be empty")
def _():
    with Server(key_is_status) as server:
        assert run(server.endpoint + ":", "OK x")[:2] == (0, b"x\n")
        assert server.requests == [b" OK x"], server.requests


@case("wrong usage: exit 2, nothing on stdout")
def _():
    for arguments in ([], ["unix:/x:map"], ["nocolon", "key"],
                      ["bad:x:map", "key"], ["unix:/x:a b", "key"],
                      ["-t", "0", "unix:/x:map", "key"],
                      ["-t", "1x", "unix:/x:map", "key"],
                      ["-z", "unix:/x:map", "key"],
                      ["unix:/" + "x" * 200 + ":map", "key"]):
        status, out, reason = run(*arguments)
        assert (status, out) == (2, b"") and reason, (arguments, status)


@case("- reads keys from stdin, prints key, tab, value; one connection")
def _():
    def script(payload):
        number = int(payload.split(b" ")[1])
        if number % 3 == 0:
            return netstring(b"NOTFOUND ")
        return netstring(b"OK value%d" % number)

    keys = b"".join(b"%d\n" % i for i in range(10000))
    found = b"".join(b"%d\tvalue%d\n" % (i, i)
                     for i in range(10000) if i % 3)
    with Server(script) as server:
        status, out, _ = run(server.endpoint + ":map", "-", input=keys)
        assert (status, out == found) == (0, True), status
        assert len(server.requests) == 10000
        assert server.connections == 1


@case("lines of any length and bytes, and a last one without newline")
def _():
    keys = [b"x" * 120000, b"", b"a \tb", b"\xff\xfe", b"end"]
    with Server(lambda _: netstring(b"OK v")) as server:
        status, out, _ = run(server.endpoint + ":map", "-",
                             input=b"\n".join(keys))
        assert status == 0
        assert out == b"".join(key + b"\tv\n" for key in keys)
        assert server.requests == [b"map " + key for key in keys]


@case("of stdin, too, the worst status counts")
def _():
    with Server(key_is_status) as server:
        status, out, reason = run(server.endpoint + ":map", "-",
                                  input=b"OK 1\nTEMP x\nOK 2\n")
        assert (status, out) == (75, b"OK 1\t1\nOK 2\t2\n"), (status, out)
        assert reason == "socketmap: TEMP x: TEMP x\n", reason
        assert run(server.endpoint + ":map", "-", input=b"")[0] == 1


@case("output that cannot be written is exit 74, and ends it early")
def _():
    with Server(key_is_status) as server:
        with open("/dev/full", "wb") as full:
            status, _, reason = run(server.endpoint + ":map", "OK x",
                                    stdout=full)
        assert status == 74 and reason, status
        with open("/dev/full", "wb") as full:
            status, _, _ = run(server.endpoint + ":map", "-", stdout=full,
                               input=b"OK x\n" * 100000)
        assert status == 74, status
        assert len(server.requests) < 50000, len(server.requests)


@case("input that cannot be read is exit 74")
def _():
    with Server(key_is_status) as server:
        descriptor = os.open(server.directory.name, os.O_RDONLY)
        try:
            status, _, reason = run(server.endpoint + ":map", "-",
                                    stdin=descriptor)
        finally:
            os.close(descriptor)
        assert status == 74 and reason, status


@case("help and version")
def _():
    def socketmap(*arguments):
        got = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=200)
        return got.returncode, got.stdout

    for arguments, text in ((["--help"], b"query"), (["help"], b"bench"),
                            (["--version"], b"socketmap "),
                            (["help", "query"], b"socketmap query"),
                            (["query", "--help"], b"socketmap query"),
                            (["bench", "--help"], b"socketmap bench")):
        status, out = socketmap(*arguments)
        assert status == 0 and text in out, (arguments, status)
    assert socketmap() == (2, b"")
    assert socketmap("frobnicate") == (2, b"")
    assert socketmap("help", "frobnicate") == (2, b"")


done()
