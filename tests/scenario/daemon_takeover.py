#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A socketmapd takes the place of another one: sockets and connections."""
import os
import signal
import socket
import stat
import tempfile
import threading

import daemon
from daemon import Daemon, program, write_config
from socketmap_client import Client, netstring
from tap import case, done

CONFIG = """\
[server]
control = @DIR@/control
[listen unix]
endpoint = unix:@DIR@/socketmap.sock
[listen tcp]
endpoint = inet:127.0.0.1:0
[map hello]
table = static:{one}
[map users]
table = inline:{{ {{alice = alice@example.org}} }}
"""

FIRST = CONFIG.format(one="one")
SECOND = CONFIG.format(one="two")


class World:
    """A daemon that can be replaced."""

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="socketmapd-")
        self.directory = self._directory.name
        self.path = write_config(self.directory, FIRST)
        self.daemon = Daemon(FIRST, self.directory)
        self.endpoint = self.daemon.endpoint
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self._directory.cleanup()

    def command(self):
        return [program(), "--takeover", "-c", self.path]

    def take_over(self, config=SECOND):
        """Returns what the old daemon has said."""
        write_config(self.directory, config)
        old, self.daemon = self.daemon, Daemon(
            None, self.directory, self.command())
        status, said = old.wait(), old.stderr()
        old.close()
        assert status == 0, (status, said)
        assert "stopped by a takeover" in said, said
        return said

    def fail(self, config, part):
        """A takeover that must not happen, with this in what it says."""
        status, said = daemon.run(config, self.directory, ["--takeover"])
        assert status > 0 and part in said, (status, said)
        with Client(self.endpoint) as client:
            assert client.lookup("hello", "x") == ("OK", b"one")
        assert self.daemon.process.poll() is None


@case("connections go on, with the maps of the new daemon")
def _():
    with World() as world:
        clients = [Client(endpoint) for _ in range(10)
                   for endpoint in world.daemon.endpoints]
        for client in clients:
            assert client.lookup("hello", "x") == ("OK", b"one")
        world.take_over()
        for client in clients:
            assert client.lookup("hello", "x") == ("OK", b"two")
            client.close()
        world.daemon.wait_line(f"took over {len(clients)} connections")
        assert world.daemon.stop() == 0
        assert not os.path.exists(f"{world.directory}/socketmap.sock")
        assert not os.path.exists(f"{world.directory}/control")


@case("the endpoints stay the same, with the ports that were chosen")
def _():
    with World() as world:
        before = world.daemon.endpoints
        world.take_over()
        assert world.daemon.endpoints == before, world.daemon.endpoints
        for endpoint in before:
            with Client(endpoint) as client:
                assert client.lookup("hello", "x") == ("OK", b"two")


@case("one takeover after the other")
def _():
    with World() as world, Client(world.endpoint) as client:
        for _ in range(5):
            world.take_over(FIRST)
            assert client.lookup("hello", "x") == ("OK", b"one")
            world.take_over(SECOND)
            assert client.lookup("hello", "x") == ("OK", b"two")


@case("the half of a request is not lost, nor what wasn't read yet")
def _():
    with World() as world:
        request = netstring(b"users alice")
        halves = [Client(world.endpoint) for _ in range(len(request))]
        for n, client in enumerate(halves):
            client.send(request[:n])
        with Client(world.endpoint) as client:
            assert client.lookup("hello", "x")[0] == "OK"
        world.take_over()
        for n, client in enumerate(halves):
            client.send(request[n:] + request)
            assert client.reply() == ("OK", b"alice@example.org")
            assert client.reply() == ("OK", b"alice@example.org")
            client.close()


@case("a large half of a request is not lost")
def _():
    with World() as world, Client(world.endpoint) as client:
        request = netstring(b"users " + b"x" * 100000)
        client.send(request[:-10])
        with Client(world.endpoint) as other:
            assert other.lookup("hello", "x")[0] == "OK"
        world.take_over()
        client.send(request[-10:])
        assert client.reply() == ("NOTFOUND", b"")


@case("replies that a client doesn't read are sent before it goes")
def _():
    big = FIRST + f"[map big]\ntable = static:{'x' * 90000}\n"
    with World() as world:
        world.take_over(big)
        with Client(world.endpoint) as slow:
            count = 50
            for _ in range(count):
                slow.ask("big", "k")
            assert slow.reply()[0] == "OK"
            finished = threading.Thread(target=world.take_over, args=(big,))
            finished.start()
            for _ in range(count - 1):
                assert slow.reply() == ("OK", b"x" * 90000)
            finished.join()
            assert slow.lookup("hello", "x") == ("OK", b"one")


@case("clients that ask all the time get every answer")
def _():
    with World() as world:
        ending = threading.Event()
        faults = []

        def ask():
            try:
                with Client(world.endpoint) as client:
                    while not ending.is_set():
                        assert client.lookup("users", "alice") \
                            == ("OK", b"alice@example.org")
            except Exception as fault:  # for the test to see
                faults.append(fault)

        def knock():
            try:
                while not ending.is_set():
                    with Client(world.endpoint) as client:
                        assert client.lookup("users", "alice")[0] == "OK"
            except Exception as fault:  # for the test to see
                faults.append(fault)

        threads = [threading.Thread(target=run) for run in [ask, knock] * 4]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                world.take_over()
        finally:
            ending.set()
            for thread in threads:
                thread.join()
        assert not faults, faults


@case("only its own user can reach the control socket")
def _():
    with World() as world:
        for _ in range(2):
            mode = stat.S_IMODE(os.stat(f"{world.directory}/control").st_mode)
            assert mode == 0o600, oct(mode)
            world.take_over()


@case("a bad configuration: nothing happens to the old daemon")
def _():
    with World() as world, Client(world.endpoint) as client:
        assert client.lookup("hello", "x")[0] == "OK"
        world.fail(FIRST + "nonsense = 1\n", "nonsense")
        assert client.lookup("hello", "x") == ("OK", b"one")
        # It can still be replaced by a good one.
        world.take_over()
        assert client.lookup("hello", "x") == ("OK", b"two")


@case("a listener that cannot be opened: the old daemon keeps the others")
def _():
    with World() as world, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        world.fail(FIRST + "[listen other]\n"
                   f"endpoint = inet:127.0.0.1:{port}\n", str(port))
        assert os.path.exists(f"{world.directory}/socketmap.sock")
        world.take_over()


@case("a new daemon that is killed before it is ready changes nothing")
def _():
    with World() as world:
        for message in (b"", b"takeover 1", b"nonsense"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
                peer.connect(f"{world.directory}/control")
                if message:
                    peer.send(message)
                if message == b"takeover 1":
                    while not peer.recv(4096).startswith(b"all"):
                        pass
        world.daemon.wait_line("a takeover was given up", 3)
        with Client(world.endpoint) as client:
            assert client.lookup("hello", "x") == ("OK", b"one")
        world.take_over()


@case("there is nobody to take over from: it says so")
def _():
    status, said = daemon.run(FIRST, arguments=["--takeover"])
    assert status > 0 and "control" in said, (status, said)
    status, said = daemon.run("[map m]\ntable = static:x\n",
                              arguments=["--takeover"])
    assert status > 0 and "control" in said, (status, said)


@case("listeners that the new configuration hasn't are gone, others are new")
def _():
    other = SECOND.replace("socketmap.sock", "other.sock")
    with World() as world, Client(world.endpoint) as client:
        assert client.lookup("hello", "x")[0] == "OK"
        world.take_over(other)
        assert client.at_end()
        assert sorted(name for name in os.listdir(world.directory)
                      if not name.endswith(".conf")) \
            == ["control", "other.sock", "other.sock.lock"]
        with Client(world.daemon.endpoint) as new:
            assert new.lookup("hello", "x") == ("OK", b"two")


@case("a signal during a takeover ends the old daemon, not the new one")
def _():
    big = FIRST + f"[map big]\ntable = static:{'x' * 90000}\n"
    with World() as world:
        world.take_over(big)
        with Client(world.endpoint) as slow, Client(world.endpoint) as idle:
            assert idle.lookup("hello", "x")[0] == "OK"
            for _ in range(50):
                slow.ask("big", "k")
            assert slow.reply()[0] == "OK"
            with Daemon(None, world.directory, world.command()) as new:
                world.daemon.send_signal(signal.SIGTERM)
                assert world.daemon.wait() == 0
                assert idle.lookup("hello", "x") == ("OK", b"one")
                assert new.stop() == 0


@case("who takes over from one that still takes over waits for its turn")
def _():
    big = FIRST + f"[map big]\ntable = static:{'x' * 90000}\n"
    with World() as world:
        world.take_over(big)
        with Client(world.endpoint) as slow, Client(world.endpoint) as idle:
            assert idle.lookup("hello", "x")[0] == "OK"
            count = 50
            for _ in range(count):
                slow.ask("big", "k")
            assert slow.reply()[0] == "OK"
            with Daemon(None, world.directory, world.command()) as second:
                third = []
                starting = threading.Thread(target=lambda: third.append(
                    Daemon(None, world.directory, world.command())))
                starting.start()
                assert idle.lookup("hello", "x") == ("OK", b"one")
                for _ in range(count - 1):
                    assert slow.reply() == ("OK", b"x" * 90000)
                starting.join()
                assert world.daemon.wait() == 0
                assert second.wait() == 0, second.stderr()
                assert "cannot go on" not in second.stderr()
                for client in (slow, idle):
                    assert client.lookup("hello", "x") == ("OK", b"one")
                with third[0] as last:
                    assert last.stop() == 0


done()
