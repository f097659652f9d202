#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A socketmapd under a service manager: sockets, messages, stored
connections."""
import os
import signal
import socket
import subprocess
import tempfile

from activation import Manager
from daemon import program, write_config
from socketmap_client import Client, netstring
from tap import case, done

CONFIG = """\
[listen one]
endpoint = systemd:one
[map hello]
table = static:world
[map users]
table = inline:{ {alice = alice@example.org} }
"""


class World:
    """A manager and its daemon, with listening sockets of the given names."""

    def __init__(self, *names, config=CONFIG, **options):
        self._directory = tempfile.TemporaryDirectory(prefix="socketmapd-")
        self.directory = self._directory.name
        self._sockets = {}
        self.path = write_config(self.directory, config)
        self._options = options
        for name in names:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(f"{self.directory}/{name}")
            listener.listen(100)
            self._sockets[name] = listener

    def __enter__(self):
        self.manager = Manager([program(), "-c", self.path], self._sockets,
                               self.directory, **self._options)
        return self

    def __exit__(self, *_):
        self.manager.close()
        for listener in self._sockets.values():
            listener.close()
        self._directory.cleanup()

    def client(self, name="one"):
        return Client(f"unix:{self.directory}/{name}")

    def configure(self, config):
        write_config(self.directory, config)


def client_ended(client):
    """Whether a lookup on an old connection finds it closed."""
    try:
        return client.lookup("hello", "x") != ("OK", b"world")
    except (EOFError, OSError):
        return True


@case("it listens on the manager's socket, and says when it is ready")
def _():
    with World("one") as world:
        with world.client() as client:
            assert client.lookup("hello", "x") == ("OK", b"world")
        assert world.manager.stop() == 0
        world.manager.wait_said("STOPPING=1")


@case("each name goes to its own listener; a name may have two sockets")
def _():
    config = CONFIG + """
[listen two]
endpoint = systemd:two
map_allow = hello
"""
    with World("one", "two", config=config) as world:
        with world.client("one") as one, world.client("two") as two:
            assert one.lookup("users", "alice")[0] == "OK"
            assert two.lookup("hello", "x") == ("OK", b"world")
            assert two.lookup("users", "alice")[0] == "TEMP"


@case("a reload is told: when it begins, and when it is over")
def _():
    with World("one") as world:
        os.kill(world.manager.pid, signal.SIGHUP)
        world.manager.wait_said("RELOADING=1")
        world.manager.wait_said("READY=1", 2)
        assert world.manager.said("STATUS=serves 2 maps")
        reloading = world.manager.said("RELOADING=1")[0]
        assert "\nMONOTONIC_USEC=" in reloading, reloading


@case("the watchdog hears from it twice in each period")
def _():
    with World("one", watchdog=200000) as world:
        world.manager.wait_said("WATCHDOG=1", 4)


@case("without a place to store them, connections end at a restart")
def _():
    with World("one") as world, world.client() as client:
        assert client.lookup("hello", "x")[0] == "OK"
        world.manager.restart()
        assert client.at_end()


@case("connections stay across a restart")
def _():
    with World("one", store=100) as world:
        clients = [world.client() for _ in range(20)]
        for _ in range(3):
            for client in clients:
                assert client.lookup("hello", "x") == ("OK", b"world")
            world.manager.restart()
        for client in clients:
            assert client.lookup("users", "alice")[0] == "OK"
            client.close()


@case("the half of a request that was read before a restart is not lost")
def _():
    with World("one", store=100) as world:
        halves = [world.client() for _ in range(3)]
        request = netstring(b"users alice")
        for n, client in enumerate(halves):
            assert client.lookup("hello", "x")[0] == "OK"
            client.send(request[:4 + n])
        with world.client() as client:  # so that the halves are read
            assert client.lookup("hello", "x")[0] == "OK"
        world.manager.restart()
        for n, client in enumerate(halves):
            client.send(request[4 + n:])
            assert client.reply() == ("OK", b"alice@example.org")
            client.close()


@case("the manager keeps nothing that the daemon has taken up")
def _():
    with World("one", store=100) as world, world.client() as client:
        client.send(netstring(b"users alice") + b"11:us")
        assert client.reply()[0] == "OK"
        world.manager.stop()
        assert len(world.manager.stored()) == 2, world.manager.stored()
        world.manager.start()
        client.send(b"ers alice,")
        assert client.reply()[0] == "OK"
        assert world.manager.stored() == []
        # What the daemon closes is closed for the client, too.
        client.send(b"x")
        assert client.at_end()


@case("a client that is gone meanwhile is noticed")
def _():
    with World("one", store=100) as world, world.client() as stays:
        with world.client() as client:
            assert client.lookup("hello", "x")[0] == "OK"
        world.manager.restart()
        assert stays.lookup("hello", "x")[0] == "OK"
        assert world.manager.stored() == []


@case("what the manager has no room for is closed, and that is said")
def _():
    with World("one", store=2) as world:
        clients = [world.client() for _ in range(5)]
        for client in clients:
            assert client.lookup("hello", "x")[0] == "OK"
        world.manager.restart()
        ended = [client for client in clients if client_ended(client)]
        assert len(ended) == 3, len(ended)
        assert "3 connections closed" in world.manager.stderr()
        for client in clients:
            client.close()


@case("a connection isn't served where its listener is gone")
def _():
    both = CONFIG + "[listen two]\nendpoint = systemd:two\n"
    with World("one", "two", config=both, store=100) as world, \
            world.client("one") as one, world.client("two") as two:
        assert one.lookup("hello", "x")[0] == "OK"
        assert two.lookup("hello", "x")[0] == "OK"
        world.manager.stop()
        world.configure(CONFIG)
        world.manager.start()
        assert two.at_end()
        assert one.lookup("hello", "x")[0] == "OK"


@case("killed at any time, it listens again")
def _():
    with World("one", store=100) as world:
        for _ in range(10):
            with world.client() as client:
                assert client.lookup("hello", "x") == ("OK", b"world")
                world.manager.kill()
                assert client.at_end()


def start_with(config, fds, directory):
    """Starts a daemon that is to fail; returns its exit status and stderr."""
    path = write_config(directory, config)
    command = f"LISTEN_PID=$$ LISTEN_FDS={fds} exec \"$@\""
    ran = subprocess.run(
        ["sh", "-c", command, "sh", program(), "-c", path], check=False,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8",
        timeout=60)
    return ran.returncode, ran.stderr


@case("a name that the manager doesn't pass: the start fails")
def _():
    with tempfile.TemporaryDirectory() as directory:
        status, said = start_with(CONFIG, 0, directory)
        assert status > 0 and 'name "one"' in said, (status, said)


@case("descriptors that aren't there: the start fails")
def _():
    with tempfile.TemporaryDirectory() as directory:
        for fds in ("3", "x", "-1", "99999999999999999999"):
            status, said = start_with(CONFIG, fds, directory)
            assert status > 0 and "LISTEN_FDS" in said, (fds, status, said)


done()
