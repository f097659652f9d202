#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may ask a socketmapd, and for which maps."""
import grp
import os
import pwd
import signal
import subprocess
import sys
import tempfile

import daemon
from daemon import Daemon
from postfix import become_root
from socketmap_client import Client
from tap import case, done

become_root()

MAP = "[map m]\ntable = static:x\n[map n]\ntable = static:y\n"
OPEN = "directory_mode = 0755\nmode = 0666\n"

ASK = """
import sys
from socketmap_client import Client
with Client(sys.argv[1]) as client:
    try:
        print(client.lookup("m", "k")[0])
    except (EOFError, ConnectionError):
        print("refused")
"""


def ask(endpoint, *setpriv):
    """Asks as somebody else; returns the status, or "refused"."""
    ended = subprocess.run(
        ["setpriv", *setpriv, sys.executable, "-c", ASK, endpoint],
        stdout=subprocess.PIPE, timeout=daemon.PATIENCE, check=True,
        encoding="ascii")
    return ended.stdout.strip()


def listen(more):
    return "[listen a]\nendpoint = unix:@DIR@/open/a.sock\n" + OPEN + more


def opened(config):
    """A daemon whose socket everybody can reach."""
    process = Daemon(config)
    os.chmod(process.directory, 0o755)
    return process


def somebody(uid, gid=65534, groups=None):
    return (f"--reuid={uid}", f"--regid={gid}",
            "--clear-groups" if groups is None else f"--groups={groups}")


@case("allow_users")
def _():
    with opened(listen("allow_users = 12345 nobody\n") + MAP) as process:
        nobody = pwd.getpwnam("nobody").pw_uid
        assert ask(process.endpoint, *somebody(12345)) == "OK"
        assert ask(process.endpoint, *somebody(nobody)) == "OK"
        assert ask(process.endpoint, *somebody(12346)) == "refused"
        # root is nobody special.
        assert ask(process.endpoint) == "refused"


@case("allow_groups: the group, and the other groups of the process")
def _():
    group = grp.getgrnam("daemon").gr_gid
    with opened(listen("allow_groups = daemon\n") + MAP) as process:
        many = ",".join(str(n) for n in (*range(5000, 5200), group))
        assert ask(process.endpoint, *somebody(12345, group)) == "OK"
        assert ask(process.endpoint,
                   *somebody(12345, 65534, f"4711,{group}")) == "OK"
        assert ask(process.endpoint, *somebody(12345, 65534, many)) == "OK"
        assert ask(process.endpoint, *somebody(12345, 65534, "4711")) == \
            "refused"
        assert ask(process.endpoint, *somebody(group)) == "refused"


@case("allow_users and allow_groups: either is enough")
def _():
    with opened(listen("allow_users = 12345\nallow_groups = 4711\n") +
                MAP) as process:
        assert ask(process.endpoint, *somebody(12345)) == "OK"
        assert ask(process.endpoint, *somebody(1, 4711)) == "OK"
        assert ask(process.endpoint, *somebody(1)) == "refused"


def answers(endpoint):
    with Client(endpoint) as client:
        client.ask("m", "k")
        try:
            return client.reply()[0]
        except (EOFError, ConnectionError):
            return "refused"


def networks(allowed, endpoint, expected):
    @case(f"allow_networks = {allowed}: {endpoint} is {expected}")
    def _():
        with Daemon(f"[listen a]\nendpoint = {endpoint}\n"
                    f"allow_networks = {allowed}\n" + MAP) as process:
            assert answers(process.endpoint) == expected


networks("127.0.0.0/8", "inet:127.0.0.1:0", "OK")
networks("127.0.0.1", "inet:127.0.0.1:0", "OK")
networks("127.0.0.2", "inet:127.0.0.1:0", "refused")
networks("10.0.0.0/8 192.168.0.0/16", "inet:127.0.0.1:0", "refused")
networks("10.0.0.0/8 127.0.0.0/31", "inet:127.0.0.1:0", "OK")
networks("::1", "inet:[::1]:0", "OK")
networks("::/0", "inet:127.0.0.1:0", "refused")
networks("0.0.0.0/0", "inet:[::1]:0", "refused")
networks("fe80::/10 ::/127", "inet:[::1]:0", "OK")


@case("the world needs allow_networks")
def _():
    status, stderr = daemon.run("[listen a]\nendpoint = inet:0.0.0.0:0\n" + MAP)
    assert status == 78, status
    assert "allow_networks" in stderr, stderr
    with Daemon("[listen a]\nendpoint = inet:0.0.0.0:0\n"
                "allow_networks = 127.0.0.0/8\n" + MAP) as process:
        port = process.endpoint.rpartition(":")[2]
        assert answers(f"inet:127.0.0.1:{port}") == "OK"


@case("refused clients: counted each, logged once")
def _():
    with Daemon("[listen a]\nendpoint = inet:127.0.0.1:0\n"
                "allow_networks = 127.0.0.2\n" + MAP) as process:
        for _ in range(50):
            assert answers(process.endpoint) == "refused"
        process.send_signal(signal.SIGUSR1)
        counters = process.wait_line("socketmapd: server ")
        assert " refused=50 " in counters, counters
        assert process.stop() == 0
        lines = [line for line in process.stderr().splitlines()
                 if "refused 127.0.0.1" in line]
        assert len(lines) == 1, lines


@case("map_allow: other maps are not there")
def _():
    with Daemon("[listen all]\nendpoint = unix:@DIR@/all.sock\n"
                "[listen some]\nendpoint = unix:@DIR@/some.sock\n"
                "map_allow = n\n" + MAP) as process:
        with Client(process.endpoints[0]) as everything:
            assert everything.lookup("m", "k") == ("OK", b"x")
            assert everything.lookup("n", "k") == ("OK", b"y")
        with Client(process.endpoints[1]) as some:
            assert some.lookup("n", "k") == ("OK", b"y")
            hidden = some.lookup("m", "k")
            assert hidden[0] == "TEMP", hidden
            # It looks like one that there is not.
            assert hidden[1] == some.lookup("q", "k")[1].replace(b"q", b"m")


@case("directory_mode: the directory is made, with its mode and owner")
def _():
    with opened("[listen a]\nendpoint = unix:@DIR@/new/a.sock\n"
                "directory_mode = 0750\ndirectory_owner = daemon\n"
                "directory_group = mail\n"
                "owner = nobody\ngroup = mail\nmode = 0620\n" + MAP) as process:
        directory = os.stat(process.directory + "/new")
        file = os.stat(process.directory + "/new/a.sock")
        assert directory.st_mode & 0o7777 == 0o750, oct(directory.st_mode)
        assert file.st_mode & 0o7777 == 0o620, oct(file.st_mode)
        assert directory.st_uid == pwd.getpwnam("daemon").pw_uid
        assert directory.st_gid == grp.getgrnam("mail").gr_gid
        assert file.st_uid == pwd.getpwnam("nobody").pw_uid
        assert file.st_gid == grp.getgrnam("mail").gr_gid
        assert process.stop() == 0


@case("a directory that is there keeps its mode")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        os.mkdir(directory + "/open", 0o711)
        with Daemon(listen("") + MAP, directory):
            mode = os.stat(directory + "/open").st_mode & 0o7777
            assert mode == 0o711, oct(mode)


@case("two daemons never fight over a path: the second is told who has it")
def _():
    config = "[listen a]\nendpoint = unix:@DIR@/a.sock\n" + MAP
    with Daemon(config) as first:
        # Even when the socket itself has gone astray.
        os.unlink(first.directory + "/a.sock")
        status, stderr = daemon.run(config, first.directory)
        assert status == 69, (status, stderr)
        assert f"(pid {first.pid})" in stderr, stderr
        first.process.kill()
        first.wait()
        with Daemon(config, first.directory) as second:
            assert answers(second.endpoint) == "OK"
            assert second.stop() == 0
        assert os.listdir(first.directory) == ["socketmapd.conf"]


done()
