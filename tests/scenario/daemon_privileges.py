#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Started as root a socketmapd reads and binds, and becomes somebody else."""
import grp
import os
import pwd
import signal
import subprocess
import tempfile

import daemon
from daemon import Daemon, program, write_config
from postfix import become_root
from socketmap_client import Client
from tap import case, done

become_root()

LISTEN = "[listen a]\nendpoint = unix:@DIR@/a.sock\n"
MAP = "[map m]\ntable = static:x\n"
NOBODY = pwd.getpwnam("nobody")


def status_of(process):
    """The lines of /proc/PID/status, by name; of a daemon, or a PID."""
    with open(f"/proc/{getattr(process, 'pid', process)}/status", encoding="ascii") as file:
        pairs = (line.split(":", 1) for line in file)
        return {name: value.split() for name, value in pairs}


def serves(process):
    with Client(process.endpoint) as client:
        return client.lookup("m", "k") == ("OK", b"x")


@case("user: its ids, its groups, no rights, and no way back")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        secret = os.path.join(directory, "table")
        with open(secret, "w", encoding="ascii") as file:
            file.write("k x\n")
        os.chmod(secret, 0o600)
        with Daemon(LISTEN + "[server]\nuser = nobody\n"
                    f"[map m]\ntable = texthash:{secret}\n",
                    directory) as process:
            now = status_of(process)
            assert now["Uid"] == [str(NOBODY.pw_uid)] * 4, now["Uid"]
            assert now["Gid"] == [str(NOBODY.pw_gid)] * 4, now["Gid"]
            assert set(now["Groups"]) == {
                str(n) for n in os.getgrouplist("nobody", NOBODY.pw_gid)}, now
            for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                assert int(now[kind][0], 16) == 0, (kind, now[kind])
            assert now["NoNewPrivs"] == ["1"], now["NoNewPrivs"]
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                of_thread = status_of(f"{process.pid}/task/{thread}")
                for name in ("Uid", "Gid", "CapEff", "NoNewPrivs"):
                    assert of_thread[name] == now[name], (name, of_thread)
            # Read as root, before.
            assert serves(process)
            assert process.stop() == 0


@case("user by number, and group")
def _():
    with Daemon(LISTEN + "[server]\nuser = 12345\ngroup = mail\n" +
                MAP) as process:
        now = status_of(process)
        mail = str(grp.getgrnam("mail").gr_gid)
        assert now["Uid"] == ["12345"] * 4, now["Uid"]
        assert now["Gid"] == [mail] * 4, now["Gid"]
        assert now["Groups"] == [mail], now["Groups"]
        assert serves(process)


@case("the other groups of the user, and no group of root")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        command = ["setpriv", "--groups=4711,4712", program(), "-c",
                   write_config(directory, LISTEN + "[server]\nuser = nobody\n"
                                + MAP)]
        with Daemon(None, directory, command) as process:
            groups = status_of(process)["Groups"]
            assert "4711" not in groups and "4712" not in groups, groups
            assert "0" not in groups, groups


@case("a reload goes on as that user")
def _():
    config = LISTEN + "[server]\nuser = nobody\n" + MAP
    with Daemon(config) as process:
        write_config(process.directory, config)
        os.chmod(process.directory, 0o755)
        process.send_signal(signal.SIGHUP)
        process.wait_line("socketmapd: reloaded")
        assert status_of(process)["Uid"] == [str(NOBODY.pw_uid)] * 4
        assert serves(process)


@case("without any right: it works, and may name itself")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        os.chown(directory, 12345, 12346)
        for own in ("", "[server]\nuser = 12345\ngroup = 12346\n"):
            path = write_config(directory, LISTEN + MAP + own)
            command = ["setpriv", "--reuid=12345", "--regid=12346",
                       "--clear-groups", program(), "-c", path]
            with Daemon(None, directory, command) as process:
                assert serves(process)
                assert status_of(process)["NoNewPrivs"] == ["1"]
                assert process.stop() == 0


@case("without any right: nobody else can be named")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        os.chown(directory, 12345, 12346)
        path = write_config(
            directory, LISTEN + MAP + "[server]\nuser = nobody\n")
        ended = subprocess.run(
            ["setpriv", "--reuid=12345", "--regid=12346", "--clear-groups",
             program(), "-c", path], stderr=subprocess.PIPE,
            timeout=daemon.PATIENCE, check=False, encoding="utf-8")
        assert ended.returncode == 77, ended
        assert "[server] user" in ended.stderr, ended
        assert sorted(os.listdir(directory)) == ["socketmapd.conf"]


@case("a user without a group, who is in no list: refused")
def _():
    status, stderr = daemon.run(LISTEN + MAP + "[server]\nuser = 12345\n")
    assert status in (77, 78), (status, stderr)
    assert "group" in stderr, stderr


done()
