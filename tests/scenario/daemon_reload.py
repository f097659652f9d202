#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SIGHUP: a socketmapd takes what is right, and stays as it was otherwise."""
import os
import signal
import socket
import stat
import tempfile
import time

from daemon import PATIENCE, Daemon, write_config
from socketmap_client import Client
from tap import case, done

LISTEN = "[listen a]\nendpoint = unix:@DIR@/a.sock\n"
RELOADED = "socketmapd: reloaded"
NOT_RELOADED = "socketmapd: error: not reloaded"


class Reloading(Daemon):
    """A daemon whose configuration changes."""

    def __init__(self, config):
        super().__init__(config)
        self._done = {RELOADED: 0, NOT_RELOADED: 0}

    def reload(self, config, expected=RELOADED):
        if config is not None:
            write_config(self.directory, config)
        self.send_signal(signal.SIGHUP)
        self._done[expected] += 1
        self.wait_line(expected, self._done[expected])

    def path(self, name):
        return os.path.join(self.directory, name)

    def client(self, name="a.sock"):
        return Client("unix:" + self.path(name))


@case("a changed, a new and a gone map; connections stay")
def _():
    config = LISTEN + "[map {}]\ntable = static:{}\n[map {}]\ntable = static:x\n"
    with Reloading(config.format("m", "1", "gone")) as daemon, \
            daemon.client() as client:
        assert client.lookup("m", "k") == ("OK", b"1")
        assert client.lookup("gone", "k") == ("OK", b"x")
        daemon.reload(config.format("m", "2", "new"))
        assert client.lookup("m", "k") == ("OK", b"2")
        assert client.lookup("gone", "k")[0] == "TEMP"
        assert client.lookup("new", "k") == ("OK", b"x")
        assert daemon.stop() == 0


@case("listeners: unchanged ones untouched, new ones there, others gone")
def _():
    one = LISTEN + "[map m]\ntable = static:x\n"
    two = one + "[listen b]\nendpoint = unix:@DIR@/b.sock\n"
    with Reloading(one) as daemon, daemon.client() as first:
        before = os.stat(daemon.path("a.sock"))
        daemon.reload(two)
        after = os.stat(daemon.path("a.sock"))
        assert (before.st_ino, before.st_ctime_ns) == \
            (after.st_ino, after.st_ctime_ns)
        daemon.wait_line(f": listening on unix:{daemon.path('b.sock')}")
        with daemon.client("b.sock") as second:
            assert second.lookup("m", "k") == ("OK", b"x")
            daemon.reload(one)
            assert not os.path.exists(daemon.path("b.sock"))
            assert not os.path.exists(daemon.path("b.sock.lock"))
            daemon.wait_line(
                f"no longer listening on unix:{daemon.path('b.sock')}")
            # A connection outlives its listener.
            assert second.lookup("m", "k") == ("OK", b"x")
        assert first.lookup("m", "k") == ("OK", b"x")
        assert daemon.stop() == 0
        assert sorted(os.listdir(daemon.directory)) == ["socketmapd.conf"]


@case("another name for a listener changes nothing")
def _():
    config = "[listen {}]\nendpoint = unix:@DIR@/a.sock\n" \
        "[map m]\ntable = static:x\n"
    with Reloading(config.format("old")) as daemon:
        before = os.stat(daemon.path("a.sock")).st_ino
        daemon.reload(config.format("new"))
        assert os.stat(daemon.path("a.sock")).st_ino == before
        with daemon.client() as client:
            assert client.lookup("m", "k") == ("OK", b"x")


@case("mode of a socket: changed in place, and back when the rest is wrong")
def _():
    config = LISTEN + "mode = {}\n[map m]\ntable = static:x\n"
    with Reloading(config.format("0660")) as daemon:
        def mode():
            return stat.S_IMODE(os.stat(daemon.path("a.sock")).st_mode)

        before = os.stat(daemon.path("a.sock")).st_ino
        assert mode() == 0o660
        daemon.reload(config.format("0600"))
        assert mode() == 0o600
        assert os.stat(daemon.path("a.sock")).st_ino == before
        daemon.reload(config.format("0666") +
                      "[listen b]\nendpoint = unix:@DIR@/none/b.sock\n",
                      NOT_RELOADED)
        assert mode() == 0o600


@case("map_allow changes for connections that are there")
def _():
    config = LISTEN + "{}[map m]\ntable = static:x\n[map n]\ntable = static:y\n"
    with Reloading(config.format("")) as daemon, daemon.client() as client:
        assert client.lookup("n", "k") == ("OK", b"y")
        daemon.reload(config.format("map_allow = m\n"))
        assert client.lookup("m", "k") == ("OK", b"x")
        assert client.lookup("n", "k")[0] == "TEMP"
        daemon.reload(config.format(""))
        assert client.lookup("n", "k") == ("OK", b"y")


@case("limits are taken")
def _():
    config = LISTEN + "[map m]\ntable = static:x\n[server]\nrequest_size = {}\n"
    with Reloading(config.format("131072B")) as daemon:
        with daemon.client() as client:
            assert client.lookup("m", "k" * 5000) == ("OK", b"x")
        daemon.reload(config.format("1KiB"))
        with daemon.client() as client:
            client.send(b"5000:")
            assert client.at_end()


@case("what only a restart takes is told")
def _():
    config = LISTEN + "[map m]\ntable = static:x\n"
    with Reloading(config) as daemon:
        daemon.reload(config + "[server]\ncontrol = @DIR@/control\n")
        assert "[server] control" in daemon.wait_line("a restart takes it")


@case("SIGHUPs that come while it reads: the last configuration counts")
def _():
    config = LISTEN + "[map m]\ntable = static:{}\n"
    with Reloading(config.format("start")) as daemon, \
            daemon.client() as client:
        for n in range(50):
            write_config(daemon.directory, config.format(n))
            daemon.send_signal(signal.SIGHUP)
        end = time.monotonic() + PATIENCE
        while client.lookup("m", "k") != ("OK", b"49"):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert daemon.stop() == 0


MISTAKES = {
    "no file": None,
    "empty file": "",
    "text": "what is this\n",
    "no heading": "table = static:x\n",
    "unknown section": "[sorver]\nuser = x\n",
    "unknown option": "[server]\nconections = 3\n",
    "option twice": "[server]\nbacklog = 1\nbacklog = 2\n",
    "section twice": "[map m]\ntable = static:y\n",
    "no table": "[map none]\n",
    "no endpoint": "[listen none]\n",
    "unknown table": "[map n]\ntable = nisplus:/x\n",
    "a table and a word": "[map n]\ntable = static:x y\n",
    "no unit": "[server]\ndeadline = 5\n",
    "out of range": "[server]\ndeadline = 2h\n",
    "bad mode": "[listen n]\nendpoint = unix:@DIR@/n.sock\nmode = 999\n",
    "open to the world": "[listen n]\nendpoint = inet:0.0.0.0:0\n",
    "the same endpoint": "[listen n]\nendpoint = unix:@DIR@/a.sock\n",
    "unknown map allowed":
        "[listen n]\nendpoint = unix:@DIR@/n.sock\nmap_allow = nobody\n",
    "no directory": "[listen n]\nendpoint = unix:@DIR@/none/n.sock\n",
    "port in use": "[listen n]\nendpoint = inet:127.0.0.1:@PORT@\n",
}


@case(f"{len(MISTAKES)} mistakes: told, and all stays as it was")
def _():
    good = LISTEN + "[map m]\ntable = static:old\n"
    # What is right besides a mistake is not taken either.
    better = good.replace("old", "new") + \
        "[listen more]\nendpoint = unix:@DIR@/more.sock\n"
    with Reloading(good) as daemon, daemon.client() as client, \
            socket.create_server(("127.0.0.1", 0)) as used:
        before = os.stat(daemon.path("a.sock")).st_ino
        for name, mistake in MISTAKES.items():
            if mistake is None:
                os.rename(daemon.path("socketmapd.conf"), daemon.path("away"))
                daemon.reload(None, NOT_RELOADED)
                os.rename(daemon.path("away"), daemon.path("socketmapd.conf"))
            else:
                mistake = mistake.replace("@PORT@", str(used.getsockname()[1]))
                daemon.reload(mistake + better if mistake else "# [listen",
                              NOT_RELOADED)
            assert client.lookup("m", "k") == ("OK", b"old"), name
            with daemon.client() as another:
                assert another.lookup("m", "k") == ("OK", b"old"), name
            assert sorted(os.listdir(daemon.directory)) == [
                "a.sock", "a.sock.lock", "socketmapd.conf"], name
        assert os.stat(daemon.path("a.sock")).st_ino == before
        daemon.reload(good.replace("old", "new"))
        assert client.lookup("m", "k") == ("OK", b"new")
        assert daemon.stop() == 0


@case("reloads leave no descriptors behind")
def _():
    one = LISTEN + "[map m]\ntable = static:x\n"
    two = one + "[listen b]\nendpoint = unix:@DIR@/b.sock\n" \
        "[listen c]\nendpoint = inet:127.0.0.1:0\nmap_allow = m\n"
    with Reloading(one) as daemon:
        def descriptors():
            return sorted(os.readlink(f"/proc/{daemon.pid}/fd/{n}")
                          .split(":")[0]
                          for n in os.listdir(f"/proc/{daemon.pid}/fd"))

        daemon.reload(two)
        daemon.reload(one)
        before = descriptors()
        for _ in range(10):
            daemon.reload(two)
            daemon.reload(two + "[map m]\ntable = static:y\n", NOT_RELOADED)
            daemon.reload(one)
        assert descriptors() == before, (before, descriptors())
        assert daemon.stop() == 0


@case("a table that was read before is read again")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        table = os.path.join(directory, "table")
        config = LISTEN + \
            f"[map m]\ntable = texthash:{table}\nauto_reload = no\n"
        with open(table, "w", encoding="ascii") as file:
            file.write("k 1\n")
        with Reloading(config) as daemon, daemon.client() as client:
            assert client.lookup("m", "k") == ("OK", b"1")
            with open(table, "w", encoding="ascii") as file:
                file.write("k 2\nother 3\n")
            daemon.reload(config)
            assert client.lookup("m", "k") == ("OK", b"2")


@case("a table that cannot be read now: what was read before stays")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        table = os.path.join(directory, "table")
        config = LISTEN + \
            f"[map m]\ntable = texthash:{table}\n{{}}auto_reload = no\n"
        with open(table, "w", encoding="ascii") as file:
            file.write("k 1\n")
        with Reloading(config.format("")) as daemon, \
                daemon.client() as client:
            os.unlink(table)
            daemon.reload(config.format(""))
            daemon.wait_line("map m keeps what it has: ")
            assert client.lookup("m", "k") == ("OK", b"1")
            # A new map has nothing to keep.
            daemon.reload(config.format("").replace("[map m]", "[map n]"))
            assert client.lookup("n", "k")[0] == "TEMP"
            with open(table, "w", encoding="ascii") as file:
                file.write("k 2\n")
            daemon.reload(config.format(""))
            assert client.lookup("m", "k") == ("OK", b"2")
            # Nor is a canary that is missing a reason to give it up.
            daemon.reload(config.format("canary = bird\n"))
            assert client.lookup("m", "k") == ("OK", b"2")


done()
