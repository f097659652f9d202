#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What socketmapd says about a bad configuration, and how it ends."""
import os
import socket
import subprocess
import tempfile

import daemon
from daemon import Daemon
from socketmap_client import Client, connect
from tap import case, done

LISTEN = "[listen test]\nendpoint = unix:@DIR@/socketmap.sock\n"
MAP = "[map m]\ntable = static:x\n"
INSTEAD = "expected unix:PATH, inet:HOST:PORT, inet:PORT, " \
          "inet:[ADDRESS]:PORT, systemd:NAME or fd:NUMBER"

# A name, a configuration, and what is said about it, without the lines that
# show the place: @FILE@ is the path of the configuration, @DIR@ its directory.
BAD = [
    ("unknown kind of section",
     LISTEN + "[mpa n]\ntable = static:x\n",
     ['@FILE@:3:2: unknown kind of section "mpa", expected server, log, listen, defaults or map; '
      'did you mean "map"?']),
    ("unknown kind of section, near none",
     LISTEN + MAP + "[policy n]\nfoo = bar\n",
     ['@FILE@:5:2: unknown kind of section "policy", expected server, log, listen, defaults or map']),
    ("heading without a name",
     LISTEN + MAP + "[map]\n",
     ['@FILE@:5:1: expected "[map NAME]"']),
    ("heading without a kind",
     LISTEN + MAP + "[]\n",
     ['@FILE@:5:1: expected "[KIND NAME]", such as "[map virtual]"']),
    ("heading with a name that has none",
     LISTEN + MAP + "[server x]\n",
     ["@FILE@:5:9: [server] has no name"]),
    ("heading that ends before its name",
     LISTEN + MAP + "[map\n",
     ['@FILE@:5:5: expected a name and "]"']),
    ("blank in a name",
     LISTEN + MAP + "[map a b]\ntable = static:x\n",
     ['@FILE@:5:8: expected "]" after the name, which holds no blank']),
    ("heading not closed",
     LISTEN + MAP + "[map a\n",
     ['@FILE@:5:7: expected "]" after the name, which holds no blank']),
    ("indented below its heading",
     LISTEN + MAP + "[map a]\n  table = static:x\n",
     ["@FILE@:6:3: text after the heading (a line that begins with a blank "
      "continues the line before it)"]),
    ("the same section twice",
     LISTEN + MAP + "[map m]\ntable = static:y\n",
     ["@FILE@:5:6: [map m] is there already, in line 3"]),
    ("key before the first section",
     "table = static:x\n" + LISTEN + MAP,
     ['@FILE@:1:1: "table" stands in no section']),
    ("no equals sign",
     LISTEN + MAP + "mode 0660\n",
     ['@FILE@:5:6: expected "KEY = VALUE" or "[KIND NAME]"']),
    ("nothing before the equals sign",
     LISTEN + MAP + "= 0660\n",
     ['@FILE@:5:1: expected "KEY = VALUE" or "[KIND NAME]"']),
    ("unknown key",
     LISTEN + "mdoe = 0660\n" + MAP,
     ['@FILE@:3:1: [listen test] has no option "mdoe"; did you mean "mode"?']),
    ("key of another kind of section",
     LISTEN + MAP + "mode = 0660\n",
     ['@FILE@:5:1: [map m] has no option "mode"; it belongs to '
      '[listen NAME]']),
    ("the same key twice",
     LISTEN + MAP + "table = static:y\n",
     ['@FILE@:5:1: "table" has a value already, in line 4']),
    ("required key left out",
     "[listen a]\nmode = 0660\n[map b]\n",
     ['@FILE@:1:1: [listen a] lacks "endpoint = ENDPOINT"',
      '@FILE@:3:1: [map b] lacks "table = TABLE..."']),
    ("no section of a kind",
     "[listen a]\nendpoint = unix:@DIR@/socketmap.sock\n",
     ["@FILE@: no [map NAME] section: there must be one"]),
    ("mode that is none",
     LISTEN + "mode = 0690\n" + MAP,
     ['@FILE@:3:8: mode: "0690" is no mode: expected an octal number from 0 '
      'to 0777, such as 0660']),
    ("mode too large",
     LISTEN + "mode = 1777\n" + MAP,
     ['@FILE@:3:8: mode: "1777" is no mode: expected an octal number from 0 '
      'to 0777, such as 0660']),
    ("mode of what has none",
     "[listen a]\nendpoint = inet:127.0.0.1:0\nmode = 0660\n" + MAP,
     ["@FILE@:3:8: mode: only a unix: endpoint has one"]),
    ("endpoint that is none",
     "[listen a]\nendpoint = tcp:25\n" + MAP,
     [f"@FILE@:2:12: endpoint: tcp:25: {INSTEAD}"]),
    ("relative path of a socket",
     "[listen a]\nendpoint = unix:run/x\n" + MAP,
     ["@FILE@:2:12: endpoint: a relative path; write the whole one, such as "
      "unix:@DIR@/run/x"]),
    ("path of a socket too long",
     f"[listen a]\nendpoint = unix:/{'x' * 107}\n" + MAP,
     ["@FILE@:2:12: endpoint: the path of a unix socket may have 107 bytes, "
      f"this one has 108: unix:/{'x' * 107}"]),
    ("a text with a blank that needs {}",
     LISTEN + "[map m]\ntable = static:a, b\n",
     ['@FILE@:4:19: table: expected TYPE:NAME, not "b"']),
    ("table without a type",
     LISTEN + "[map m]\ntable = /etc/postfix/virtual\n",
     ["@FILE@:4:9: table: expected TYPE:NAME, such as "
      "texthash:/etc/postfix/virtual"]),
    ("relative path of a table",
     LISTEN + "[map m]\ntable = texthash:virtual\n",
     ["@FILE@:4:9: table: texthash:virtual: write the absolute path of the "
      "file, such as texthash:/etc/postfix/virtual"]),
    ("a map made of one that there is not",
     LISTEN + "[map m]\ntable = static:a, unionmap:{static:b, map:n}\n",
     ['@FILE@:4:43: table: there is no [map n]; did you mean "m"?']),
    ("a search order that there is not",
     LISTEN + MAP + "search = virtul\n",
     ['@FILE@:5:10: search: "virtul" is none of the words there are; did you '
      'mean "virtual"?']),
    ("a class of extensions that there is not",
     LISTEN + MAP + "propagate_unmatched_extensions = virtual, all\n",
     ['@FILE@:5:43: propagate_unmatched_extensions: "all" is none of the words '
      "there are"]),
    ("all errors of a file, not the first alone",
     "[listen a]\nendpont = unix:/x\nmode = 9\n[map m]\ntable = static:x\n"
     "\n# comment\n   continued\ntable = static:y\n",
     ['@FILE@:1:1: [listen a] lacks "endpoint = ENDPOINT"',
      '@FILE@:2:1: [listen a] has no option "endpont"; did you mean '
      '"endpoint"?',
      '@FILE@:3:8: mode: "9" is no mode: expected an octal number from 0 to '
      '0777, such as 0660',
      '@FILE@:8:4: table: expected TYPE:NAME, not "continued"',
      '@FILE@:9:1: "table" has a value already, in line 5']),
]

# Told by the tables themselves: where it is, and a word of the reason.
BAD_TABLES = [
    ("unknown table type", "table = statix:x", "statix"),
    ("static without a value", "table = static:", "static"),
    ("bad inline table", "table = inline:{a}", "inline"),
    ("fail without a text", "table = fail:", "fail"),
]


def socketmapd(*arguments, prefix=()):
    return subprocess.run(
        [*prefix, daemon.program(), *arguments], capture_output=True,
        text=True, timeout=daemon.PATIENCE, check=False)


def findings(stderr):
    return [line for line in stderr.splitlines()
            if not line.startswith("    ")]


def bad_case(name, config, lines):
    @case(name)
    def _():
        with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
            path = os.path.join(directory, "socketmapd.conf")
            status, stderr = daemon.run(config, directory)
            expected = [line.replace("@FILE@", path).replace("@DIR@", directory)
                        for line in lines]
            assert findings(stderr) == expected, stderr
            assert status == 78, status
            assert os.listdir(directory) == ["socketmapd.conf"]


def bad_table_case(name, line, word):
    @case(name)
    def _():
        with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
            path = os.path.join(directory, "socketmapd.conf")
            status, stderr = daemon.run(
                LISTEN + MAP + "[map bad]\n" + line, directory)
            told = findings(stderr)
            assert len(told) == 1, stderr
            assert told[0].startswith(f"{path}:6:9: table: "), stderr
            assert word in told[0], stderr
            assert status == 78, status
            assert os.listdir(directory) == ["socketmapd.conf"]


for bad in BAD:
    bad_case(*bad)
for bad in BAD_TABLES:
    bad_table_case(*bad)


@case("empty configuration file: 78, both kinds of section are missed")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        path = os.path.join(directory, "empty.conf")
        with open(path, "w", encoding="ascii"):
            pass
        ended = socketmapd("-c", path)
        assert ended.returncode == 78, ended
        assert ended.stderr.splitlines() == [
            f"{path}: no [listen NAME] section: there must be one",
            f"{path}: no [map NAME] section: there must be one"], ended


@case("no configuration file: 78")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        path = os.path.join(directory, "none.conf")
        ended = socketmapd("-c", path)
        assert ended.returncode == 78, ended
        assert ended.stderr == f"{path}: No such file or directory\n", ended


@case("command line: 64 for a wrong one, 0 for --help and --version")
def _():
    for arguments, status in ((["--nonsense"], 64), (["-c"], 64),
                              (["argument"], 64), (["--help"], 0),
                              (["--version"], 0)):
        ended = socketmapd(*arguments)
        assert ended.returncode == status, ended
        assert bool(ended.stdout) == (status == 0), ended
        assert bool(ended.stderr) == (status != 0), ended


def fails(directory, endpoint, status, reason, more=""):
    """A daemon with this second listener says so in one line and ends."""
    config = MAP + LISTEN + f"[listen other]\nendpoint = {endpoint}\n{more}"
    before = sorted(os.listdir(directory))
    got, stderr = daemon.run(config, directory)
    endpoint = endpoint.replace("@DIR@", directory)
    assert got == status, (got, stderr)
    assert len(stderr.splitlines()) == 1, stderr
    assert ": [listen other] " in stderr, stderr
    assert endpoint in stderr and reason in stderr, stderr
    assert sorted({*before, "socketmapd.conf"}) == \
        sorted(os.listdir(directory)), "something was left behind"


@case("endpoint in use: 69")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory, \
            Daemon("[listen u]\nendpoint = unix:@DIR@/u.sock\n"
                   "[listen i]\nendpoint = inet:127.0.0.1:0\n" + MAP) as first:
        assert len(first.endpoints) == 2, first.endpoints
        for endpoint in first.endpoints:
            fails(directory, endpoint, 69,
                  "another" if endpoint.startswith("unix:") else "in use")
            with Client(endpoint) as client:
                assert client.lookup("m", "k") == ("OK", b"x")


@case("address that isn't ours: 69")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        fails(directory, "inet:192.0.2.1:0", 69, "ssign",
              more="allow_networks = 192.0.2.0/24\n")


@case("missing directory: 69")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        fails(directory, "unix:@DIR@/none/x.sock", 69, "No such file")


@case("regular file in the way: 69, and it stays")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        path = os.path.join(directory, "file")
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        fails(directory, "unix:@DIR@/file", 69, "")
        with open(path, encoding="ascii") as file:
            assert file.read() == "precious"


@case("no permission: 77")
def _():
    # Root passes by permissions, unless these capabilities are taken away.
    prefix = []
    if os.geteuid() == 0:
        prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        closed = os.path.join(directory, "closed")
        os.mkdir(closed, 0o555)
        path = daemon.write_config(
            directory, MAP + "[listen a]\nendpoint = unix:@DIR@/closed/x\n")
        ended = socketmapd("-c", path, prefix=prefix)
        assert ended.returncode == 77, ended
        assert len(ended.stderr.splitlines()) == 1, ended
        assert f"unix:{closed}/x" in ended.stderr, ended
        assert "Permission denied" in ended.stderr, ended
        assert os.listdir(closed) == []


@case("stale socket is replaced, and gone after the end")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        path = os.path.join(directory, "socketmap.sock")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
            stale.listen()
        try:
            connect(f"unix:{path}")
            raise AssertionError("the stale socket answers")
        except ConnectionRefusedError:
            pass
        with Daemon(LISTEN + "mode = 0606\n" + MAP, directory) as running:
            assert os.stat(path).st_mode & 0o777 == 0o606
            with Client(running.endpoint) as client:
                assert client.lookup("m", "k") == ("OK", b"x")
            assert running.stop() == 0
        assert os.listdir(directory) == ["socketmapd.conf"]


done()
