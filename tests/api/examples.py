#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every example runs, and does what it says."""
import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from daemon import Daemon
from ports import free_port
from socketmap_client import Client, PATIENCE
from tap import case, done

SOURCE = Path(os.environ["SOURCE_ROOT"], "examples")
BUILD = Path(os.environ["BUILD_ROOT"], "examples")


@contextlib.contextmanager
def running(name, *arguments, **options):
    """An example that is killed in the end, unless it has ended before."""
    process = subprocess.Popen([BUILD / name, *arguments], **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def serving(name, **options):
    """An example that serves; yields the process and its endpoint."""
    with tempfile.TemporaryDirectory() as folder:
        endpoint = f"unix:{folder}/socket"
        with running(name, endpoint, **options) as process:
            until = time.monotonic() + PATIENCE
            # Under this name it appears listening.
            while not os.path.exists(f"{folder}/socket"):
                assert process.poll() is None, "it has ended"
                assert time.monotonic() < until, "no socket"
                time.sleep(0.01)
            yield process, endpoint


def end(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE)


@case("first: the key that it has, and another")
def _():
    with serving("first") as (_, endpoint), Client(endpoint) as client:
        assert client.lookup("virtual", "postmaster@example.org") == (
            "OK", b"alice@example.org")
        assert client.lookup("virtual", "nobody@example.org") == (
            "NOTFOUND", b"")
        assert client.lookup("unknown", "postmaster@example.org")[0] == "TEMP"


@case("first: an endpoint that cannot be had ends it with an error")
def _():
    with running("first", "unix:/nonexistent/folder/socket") as process:
        assert process.wait(PATIENCE) not in (0, -signal.SIGKILL)


@case("blocking: the fast lookup does not wait for a slow one")
def _():
    with serving("blocking") as (_, endpoint):
        with Client(endpoint) as slow, Client(endpoint) as fast:
            slow.ask("slow", "600")
            assert fast.lookup("fast", "x") == ("OK", b"here you are")
            assert fast.lookup("slow", "0") == ("OK", b"worth waiting for")


@case("held: answers come from another thread, SIGTERM ends it cleanly")
def _():
    with serving("held") as (process, endpoint):
        with Client(endpoint) as one, Client(endpoint) as two:
            for n in range(100):
                one.ask("echo", f"one {n}")
                two.ask("echo", f"two {n}")
                assert one.reply() == ("OK", b"one %d" % n)
                assert two.reply() == ("OK", b"two %d" % n)
            assert end(process) == 0


@case("default_map: each name has keys of its own, an unknown one is TEMP")
def _():
    with serving("default_map") as (_, endpoint), Client(endpoint) as client:
        assert client.lookup("red", "info@example.com") == (
            "OK", b"rosa@example.com")
        assert client.lookup("blue", "info@example.net") == (
            "OK", b"azul@example.net")
        assert client.lookup("blue", "info@example.com") == ("NOTFOUND", b"")
        assert client.lookup("green", "x") == ("TEMP", b"no such customer")


@case("poll_loop: serves beside its own work, drains at the end of stdin")
def _():
    with serving("poll_loop", stdin=subprocess.PIPE) as (process, endpoint):
        with Client(endpoint) as client:
            assert client.lookup("latest", "x") == ("NOTFOUND", b"")
            process.stdin.write(b"one\n")
            process.stdin.flush()
            while client.lookup("latest", "x") == ("NOTFOUND", b""):
                pass
            assert client.lookup("latest", "x") == ("OK", b"one")
            process.stdin.close()
            assert client.at_end()
            assert process.wait(PATIENCE) == 0


def listener():
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    return sock


@case("inherited: two listeners with maps of their own")
def _():
    first, second = listener(), listener()

    def place():
        # Above 4 first, so that neither overwrites the other.
        high = [os.dup2(sock.fileno(), 100 + n)
                for n, sock in enumerate((first, second))]
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)

    with running("inherited", env={**os.environ, "LISTEN_FDS": "2"},
                 preexec_fn=place, close_fds=False):
        for sock, value in (first, b"hello, first"), (second, b"hello, second"):
            endpoint = "inet:127.0.0.1:%d" % sock.getsockname()[1]
            with Client(endpoint) as client:
                assert client.lookup("greeting", "x") == ("OK", value)
    first.close()
    second.close()


@contextlib.contextmanager
def rest_files():
    """The files of examples/rest, but with free ports and in a folder of
    their own; yields that and the port of the API."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        for name in "aliases.cf", "socketmapd.conf":
            text = (SOURCE / "rest" / name).read_text()
            for old, new in (("/etc/socketmap", folder), (":8080/", f":{port}/"),
                             ("inet:127.0.0.1:10700", f"unix:{folder}/s")):
                text = text.replace(old, new)
            Path(folder, name).write_text(text)
        Path(folder, "api.token").write_text("a secret\n")
        yield folder, port


@contextlib.contextmanager
def api(folder, port, token="api.token"):
    with running(SOURCE / "rest/api.py", str(port), f"{folder}/{token}") as process:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until
                time.sleep(0.01)
        yield


def wait_for(client, key, status):
    """Asks again and again: a server that was down is not tried at once."""
    until = time.monotonic() + PATIENCE
    while client.lookup("aliases", key)[0] != status:
        assert time.monotonic() < until, f"no {status}"
        time.sleep(0.05)


@case("rest: aliases by an API, which is down, there, and has another token")
def _():
    with rest_files() as (folder, port):
        Path(folder, "other.token").write_text("another\n")
        with Daemon(None, folder, [os.environ["SOCKETMAPD"], "-c",
                                   f"{folder}/socketmapd.conf"]) as daemon, \
                Client(daemon.endpoint) as client:
            assert client.lookup("aliases", "team@example.org")[0] == "TEMP"
            with api(folder, port):
                wait_for(client, "team@example.org", "OK")
                assert client.lookup("aliases", "Team@example.org") == (
                    "OK", b"alice@example.org,bob@example.net")
                for key in "x@example.org", "a=b&c@example.org":
                    assert client.lookup("aliases", key) == ("NOTFOUND", b"")
                status, why = client.lookup(
                    "aliases", "nobody-reads-this@example.org")
                assert status == "TEMP" and b"empty" in why, why
            with api(folder, port, "other.token"):
                wait_for(client, "x@example.org", "TEMP")
                until = time.monotonic() + PATIENCE
                while b"401" not in client.lookup("aliases", "x@x")[1]:
                    assert time.monotonic() < until
                    time.sleep(0.05)


@case("client: prints each answer, and says why it has none")
def _():
    with serving("first") as (_, endpoint):
        out = subprocess.run(
            [BUILD / "client", endpoint, "virtual", "postmaster@example.org",
             "nobody"], stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
        assert out.stdout == (b"postmaster@example.org: OK alice@example.org\n"
                              b"nobody: NOTFOUND \n"), out.stdout
    out = subprocess.run([BUILD / "client", endpoint, "virtual", "x"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         timeout=PATIENCE, check=False)
    assert out.returncode == 1 and out.stdout == b"", out
    assert out.stderr.startswith(b"client: "), out.stderr


@case("every example has less than 80 lines and a case here")
def _():
    tests = Path(__file__).read_text()
    names = sorted(SOURCE.glob("*.c"))
    assert names
    for path in names:
        assert len(path.read_text().splitlines()) < 80, path
        assert f'@case("{path.stem}: ' in tests, path


done()
