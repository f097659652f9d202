#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What postmap(1) makes of libsocketmap's and socketmapd's answers."""
import os
import subprocess
import tempfile

from daemon import Daemon
from ending import end_on_signals
from ports import free_port
from postfix import own_address, postmap, start_postmap
from statuses import Statuses
from tap import case, done

COUNT = 200000

# Key in the map "status", exit status, stdout, and what stderr must hold.
# Silence is part of the answer: b"" is no line at all.
ANSWERS = [
    ("ok", 0, b"value\n", b""),
    ("spaces", 0, b" two  spaces \n", b""),
    ("empty", 0, b"\n", b"empty string result is not allowed"),
    ("notfound", 1, b"", b""),
    ("no-such-key", 1, b"", b""),
    ("temp", 1, b"", b"socketmap server temporary error: no luck today"),
    ("timeout", 1, b"", b"socketmap server timeout error: too late"),
    ("perm", 1, b"", b"socketmap server permanent error: never again"),
    ("latin1", 1, b"", b"non-UTF-8 value"),
    ("nul", 1, b"", b"socketmap server temporary error: "),
]

# Sent as they are: Postfix folds no case for a socketmap.
KEYS = [
    ("empty", ""),
    ("one space", " "),
    ("spaces inside", "a b  c "),
    ("upper case", "Info@Example.ORG"),
    ("UTF-8", "jörg@exämple.org"),
    ("what a netstring is made of", '3:x y,"<>'),
    ("a tab and a newline", "a\tb\nc"),
    ("60,000 bytes", "k" * 60000),
]

DAEMON = """\
[listen unix]
endpoint = unix:@DIR@/socketmap.sock

[listen inet]
endpoint = inet:{address}:{port}

[map virtual]
table = texthash:@DIR@/virtual

[map hello]
table = static:{{hello, world}}

[map few]
table = inline:{{ {{one = 1}}, {{two = 2}} }}

[map down]
table = fail:{{the table is down}}
"""


def query(endpoint, name, key):
    return postmap(["-q", key, f"socketmap:{endpoint}:{name}"])


def check_answer(answer, status, stdout, stderr):
    assert answer[:2] == (status, stdout), answer
    if stderr:
        assert stderr in answer[2], answer
    else:
        assert not answer[2], answer
    # It is fatal exactly when neither found nor not found.
    fatal = b"fatal: table socketmap:" in answer[2]
    assert fatal == (status != 0 and bool(stderr)), answer


def cases_of_statuses(kind):
    for key, *expected in ANSWERS:
        @case(f"{kind}: {key}")
        def _(key=key, expected=expected):
            with Statuses() as server:
                check_answer(query(getattr(server, kind), "status", key),
                             *expected)

    for what, key in KEYS:
        @case(f"{kind}: key: {what}")
        def _(key=key):
            with Statuses() as server:
                answer = query(getattr(server, kind), "echo", key)
            check_answer(answer, 0, f"[{key}]\n".encode(), b"")

    @case(f"{kind}: a reply of 100,000 bytes arrives whole")
    def _():
        with Statuses() as server:
            answer = query(getattr(server, kind), "size", "99997")
        check_answer(answer, 0, b"x" * 99997 + b"\n", b"")

    @case(f"{kind}: a reply that would be larger is a temporary error")
    def _():
        with Statuses() as server:
            for size in ("99998", "1000000"):
                answer = query(getattr(server, kind), "size", size)
                check_answer(answer, 1, b"",
                             b"socketmap server temporary error: ")

    @case(f"{kind}: a map that is not there is a temporary error")
    def _():
        with Statuses() as server:
            answer = query(getattr(server, kind), "missing", "ok")
        check_answer(answer, 1, b"", b"socketmap server temporary error: ")

    @case(f"{kind}: two maps on one connection")
    def _():
        with Statuses() as server:
            maps = [f"socketmap:{getattr(server, kind)}:{name}"
                    for name in ("status", "echo")]
            answer = postmap(["-q", "-", *maps], stdin=b"x\nok\nnotfound\n")
            counters = server.counters()
        check_answer(answer, 0,
                     b"x\t[x]\nok\tvalue\nnotfound\t[notfound]\n", b"")
        assert counters["accepted"] == 1, counters
        assert counters["requests"] == 5, counters

    @case(f"{kind}: {COUNT} keys on one connection")
    def _():
        keys = [f"User{i}@example.org" for i in range(COUNT)]
        with Statuses() as server:
            answer = postmap(
                ["-q", "-", f"socketmap:{getattr(server, kind)}:echo"],
                stdin="".join(f"{key}\n" for key in keys).encode())
            counters = server.counters()
        expected = "".join(f"{key}\t[{key}]\n" for key in keys)
        assert answer == (0, expected.encode(), b""), answer[::2]
        assert counters["accepted"] == 1, counters
        assert counters["requests"] == COUNT, counters


def write_virtual(path):
    with open(path, "w", encoding="ascii") as file:
        for i in range(COUNT):
            file.write(f"User{i}@example.org box{i}@example.net\n")


def wanted_keys():
    """COUNT keys: upper case, as written, and absent ones in turn."""
    form = ("USER{}@example.org", "User{}@example.org", "nobody{}@example.org")
    return [form[i % 3].format(i) for i in range(COUNT)]


def expected_output(keys):
    return "".join(f"{key}\tbox{i}@example.net\n"
                   for i, key in enumerate(keys) if i % 3 != 2).encode()


def ask_all_unlinking(directory, endpoint, keys):
    """Asks for all keys, and takes the socket's name away half-way: a second
    connection would fail."""
    half = len(keys) // 2
    lines = [f"{key}\n".encode() for key in keys]
    with tempfile.TemporaryFile() as output, start_postmap(
            directory, ["-q", "-", f"socketmap:{endpoint}:virtual"],
            stdout=output, stderr=subprocess.STDOUT) as process:
        # More than a pipe holds: when it is written, postmap is at work.
        process.stdin.writelines(lines[:half])
        process.stdin.flush()
        os.unlink(endpoint.removeprefix("unix:"))
        process.stdin.writelines(lines[half:])
        process.stdin.close()
        status = process.wait(300)
        output.seek(0)
        return status, output.read()


def cases_of_the_daemon():
    directory = tempfile.TemporaryDirectory(prefix="postmap-")
    write_virtual(f"{directory.name}/virtual")
    address = own_address()
    config = DAEMON.format(address=address, port=free_port(address))
    with directory, Daemon(config, directory.name) as daemon:
        for endpoint in daemon.endpoints:
            kind = endpoint.partition(":")[0]
            for name, key, *expected in (
                    ("few", "one", 0, b"1\n", b""),
                    ("few", "three", 1, b"", b""),
                    ("hello", "anything", 0, b"hello, world\n", b""),
                    ("virtual", "user7@example.org", 0,
                     b"box7@example.net\n", b""),
                    ("virtual", "user7@example.com", 1, b"", b""),
                    ("virtual", "", 1, b"", b""),
                    ("down", "one", 1, b"", b"socketmap server temporary "
                     b"error: the table is down"),
                    ("missing", "one", 1, b"",
                     b"socketmap server temporary error: ")):
                @case(f"socketmapd: {kind}: map {name}, key '{key}'")
                def _(endpoint=endpoint, name=name, key=key,
                      expected=expected):
                    check_answer(query(endpoint, name, key), *expected)

        keys = wanted_keys()
        expected = expected_output(keys)

        @case(f"socketmapd: {COUNT} keys as Postfix's own texthash has them")
        def _():
            answer = postmap(
                ["-q", "-", f"texthash:{directory.name}/virtual"],
                stdin="".join(f"{key}\n" for key in keys).encode())
            assert answer == (0, expected, b""), answer[::2]

        @case(f"socketmapd: {COUNT} keys on one connection")
        def _():
            status, output = ask_all_unlinking(
                directory.name, daemon.endpoint, keys)
            assert status == 0, (status, output[-1000:])
            assert output == expected

        @case("socketmapd ends well")
        def _():
            assert daemon.stop() == 0, daemon.stderr()


end_on_signals()
cases_of_statuses("unix")
cases_of_statuses("inet")
cases_of_the_daemon()
done()
