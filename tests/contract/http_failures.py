#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HTTP servers that fail: never "not found", never another key's value."""
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time

from certificates import make_certificates
from http_maps import Maps
from http_server import Nginx, Scripted, reply
from ports import free_port
from socketmap_client import Client, PATIENCE
from tap import case, done

class Gate:
    """Hands connections on to a port; those that there are can be held up."""

    def __init__(self, to):
        self.to = to
        self.held = []
        self.passing = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def hang(self):
        self.passing.set()
        self.passing = threading.Event()

    def accept(self):
        try:
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
                for ends in (near, far), (far, near):
                    threading.Thread(target=self.hand_on, daemon=True,
                                     args=(*ends, self.passing)).start()
        except OSError:
            pass

    def hand_on(self, source, to, is_held):
        try:
            while (data := source.recv(65536)):
                if is_held.is_set():
                    self.held.append((source, to))  # open, and forgotten
                    return
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass


FAILURES = ("TEMP", "TIMEOUT")
BIG = 100_000

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b"Connection: close\r\n"

# What is sent before the connection is closed, and the value of that; None: the
# lookup fails.
REPLIES = {
    "whole": (reply(b"value"), b"value"),
    "of HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nvalue",
                    b"value"),
    "in chunks": (CHUNKED + b"2\r\nva\r\n3;x=y\r\nlue\r\n0\r\nX: y\r\n\r\n",
                  b"value"),
    "after another": (b"HTTP/1.1 100 Continue\r\n\r\n" + reply(b"value"),
                      b"value"),
    "with more behind": (reply(b"value") + reply(b"other"), b"value"),
    "of the largest size": (reply(b"v" * BIG), b"v" * BIG),
    "too large": (reply(b"v" * (BIG + 1)), None),
    "too large, in chunks": (CHUNKED + b"fffff\r\n" + b"v" * 0xfffff +
                             b"\r\n0\r\n\r\n", None),
    "too large by its word": (reply(b"v", length=10 ** 18), None),
    "nothing": (b"", None),
    "half a status": (b"HTTP/1.1 2", None),
    "half a head": (HEAD + b"Content-Le", None),
    "half a head of 404": (b"HTTP/1.1 404 Not Found\r\nContent-Le", None),
    "a head of 404 without its end": (
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n", None),
    "the beginning of a head of 204": (b"HTTP/1.1 204 No Content\r\n", None),
    "half a body of 404": (reply(b"val", "404 No", length=5), None),
    "100 alone": (b"HTTP/1.1 100 Continue\r\n\r\n", None),
    "404 behind 100, half of it": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\n", None),
    "a head alone": (HEAD + b"Content-Length: 5\r\n\r\n", None),
    "half a body": (reply(b"val", length=5), None),
    "half a chunk": (CHUNKED + b"5\r\nval", None),
    "no last chunk": (CHUNKED + b"5\r\nvalue\r\n", None),
    "half a last chunk": (CHUNKED + b"5\r\nvalue\r\n0", None),
    "no size of a chunk": (CHUNKED + b"x\r\nvalue\r\n0\r\n\r\n", None),
    "a size below zero": (CHUNKED + b"-5\r\nvalue\r\n0\r\n\r\n", None),
    "a size beyond all": (CHUNKED + b"f" * 40 + b"\r\nvalue\r\n0\r\n\r\n",
                          None),
    "no length": (HEAD + b"\r\nvalue", None),
    "no length, of HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nvalue", None),
    "no length, to be closed": (HEAD + CLOSE + b"\r\nvalue", None),
    "two lengths": (HEAD + b"Content-Length: 5\r\nContent-Length: 3\r\n\r\n"
                    b"value", None),
    "a length of nobody's": (HEAD + b"Content-Length: five\r\n\r\nvalue", None),
    "a length below zero": (HEAD + b"Content-Length: -5\r\n\r\nvalue", None),
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\xff\xfe" * 20, None),
    "of HTTP/0.9": (b"value", None),
    "of another protocol": (b"220 mail.example.org ESMTP\r\n", None),
    "of HTTP/7": (b"HTTP/7.0 200 OK\r\nContent-Length: 5\r\n\r\nvalue", None),
    "no status": (b"HTTP/1.1 \r\nContent-Length: 5\r\n\r\nvalue", None),
    "half of a value, as 206": (reply(b"val", "206 Partial Content",
                                      "Content-Range: bytes 0-2/50"), None),
    "status 0": (reply(b"value", "000 x"), None),
    "status 1000": (reply(b"value", "1000 x"), None),
    "a NUL": (reply(b"va\0lue"), None),
    "no UTF-8": (reply(b"va\xfflue"), None),
    "compressed": (reply(b"\x1f\x8b\x08\0\0\0\0\0\0\x03+K\xcc)M\x05\0", "200 OK",
                         "Content-Encoding: gzip"), None),
    "a NUL in the head": (HEAD + b"X: \0\r\nContent-Length: 5\r\n\r\nvalue",
                          None),
    "long headers": (HEAD + (b"X-Y: " + b"y" * 1000 + b"\r\n") * 100 +
                     b"Content-Length: 5\r\n\r\nvalue", None),
    "a long header": (HEAD + b"X-Y: " + b"y" * 1000000, None),
    "a page": (reply(b"<html>\n<body>Log in, please</body>\n</html>"), None),
}


@case("replies of every kind: the value, or a failure; then one that is right")
def _():
    def script(request):
        name = request.key.decode()
        return reply(b"fine") if name == "fine" else [REPLIES[name][0], None]

    with Scripted(script) as server, Maps(
            m=f"url = {server.url}/?k=%s") as maps:
        keys = {name: name.lower() for name in REPLIES}
        for name, key in keys.items():
            REPLIES[key] = REPLIES[name]
        for name, key in keys.items():
            value = REPLIES[name][1]
            answer = maps.lookup("m", key)
            if value is None:
                assert answer[0] in FAILURES, (name, answer)
            else:
                assert answer == ("OK", value), (name, answer[1][:99])
            assert maps.lookup("m", "fine") == ("OK", b"fine"), name
            shown = maps.explain("m", key)
            is_failure = "TEMP " in shown or "TIMEOUT " in shown
            assert is_failure == (value is None), (name, shown)


def end(connection):
    connection.shutdown(socket.SHUT_WR)


# What is said on a kept connection, a little after the reply.
AFTERWARDS = {"another value": [reply(b"evil")],
              "404": [reply(b"", "404 Not Found")],
              "404, and the end": [reply(b"", "404 Not Found"), end],
              "408, and the end": [reply(b"", "408 Request Time-out"), end],
              "half a reply": [HEAD], "the end": [end]}


@case("what nobody has asked for is no answer to the next key")
def _():
    is_said = threading.Semaphore(0)

    def script(request):
        name, _, number = request.key.decode().partition(":")
        return [reply(number.encode()), 0.05, *AFTERWARDS[name],
                lambda _: is_said.release()]

    def check(name):
        with Scripted(script) as server, Maps(
                m=f"url = {server.url}/?k=%s") as maps, subprocess.Popen(
                    [os.environ["SOCKETMAP"], "query", "-c",
                     f"{maps.path}/socketmapd.conf", "m", "-"],
                    encoding="ascii", stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE) as query:
            for turn in range(5):
                answer = maps.lookup("m", f"{name}:{turn}")
                assert answer == ("OK", b"%d" % turn), (name, turn, answer)
                assert is_said.acquire(timeout=PATIENCE)
                query.stdin.write(f"{name}:{turn}\n")
                query.stdin.flush()
                assert is_said.acquire(timeout=PATIENCE)
            printed, _ = query.communicate(timeout=PATIENCE)
            expected = "".join(f"{name}:{n}\t{n}\n" for n in range(5))
            assert printed == expected, (name, printed)

    for name in AFTERWARDS:
        check(name)


@case("the connection is reset before, in and after a reply")
def _():
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              b"\1\0\0\0\0\0\0\0")
        connection.close()

    listener = socket.create_server(("127.0.0.1", 0))
    parts = [b"", HEAD, HEAD + b"Content-Length: 5\r\n\r\nval"]

    def serve():
        for part in parts:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(part)
            reset(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    with listener, Maps(m=f"url = http://127.0.0.1:{port}/%s") as maps:
        for part in parts:
            answer = maps.lookup("m", "x")
            assert answer[0] in FAILURES, (part, answer)
            time.sleep(0.01)
    thread.join(PATIENCE)


@case("what hangs or drips ends by the deadline, and another map doesn't wait")
def _():
    drip = [part for byte in HEAD + b"Content-Length: 5\r\n\r\nvalue"
            for part in (bytes([byte]), 0.2)]
    hang = {"at once": [99], "head": [HEAD, 99], "drip": drip,
            "body": [reply(b"val", length=5), 99],
            "chunk": [CHUNKED + b"5\r\nva", 99],
            "endless": [HEAD + b"\r\n"] + [b"v", 0.1] * 500,
            "headers": [HEAD] + [b"X: y\r\n", 0.1] * 500}
    with Scripted(lambda r: hang[r.key.decode()]) as server, Nginx(
            "location = /fine { return 200 fine; }") as nginx, Maps(
                deadline="500ms",
                m=f"url = {server.url}/?k=%s",
                short=f"url = {server.url}/?k=%s\ntimeout = 1",
                fine=f"url = {nginx.url}/fine?%s") as maps:
        for name in hang:
            begin = time.monotonic()
            with Client(maps.daemon.endpoint) as other:
                maps.client.ask("m", name)
                longest = 0
                for _ in range(100):
                    start = time.monotonic()
                    assert other.lookup("fine", "x") == ("OK", b"fine")
                    longest = max(longest, time.monotonic() - start)
                answer = maps.client.reply()
            took = time.monotonic() - begin
            print(f"# {name}: {answer} after {took:.3f} s, "
                  f"others {longest * 1000:.1f} ms")
            assert answer[0] in FAILURES, (name, answer)
            assert took < 10, (name, took)
        begin = time.monotonic()
        shown = maps.explain("short", "at once")
        assert "no answer in time" in shown, shown
        assert time.monotonic() - begin < 10


@case("more lookups than connections: each has its own value, or fails")
def _():
    rng = random.Random(3)

    def script(request):
        key = request.key
        if key.endswith(b"bad"):
            return rng.choice([None, [b"x", None], reply(b"", "500 No"),
                               [reply(b"val", length=9), None],
                               [0.05, None]])
        if key.endswith(b"gone"):
            return reply(b"", "404 Not Found")
        return [rng.random() / 500, reply(b"value of " + key)]

    with Scripted(script) as server, Maps(
            m=f"url = {server.url}/?k=%s\nconnections = 4",
            more="queue = 1000\n") as maps:
        clients = [Client(maps.daemon.endpoint) for _ in range(50)]
        for turn in range(30):
            keys = [f"{turn}-{n}-" + rng.choice(["ok", "ok", "bad", "gone"])
                    for n in range(len(clients))]
            for client, key in zip(clients, keys):
                client.ask("m", key)
            for client, key in zip(clients, keys):
                answer = client.reply()
                if key.endswith("ok"):
                    assert answer == ("OK", b"value of " + key.encode()), answer
                elif key.endswith("gone"):
                    assert answer == ("NOTFOUND", b""), answer
                else:
                    assert answer[0] == "TEMP", (key, answer)
        for client in clients:
            client.close()


@case("clients that leave, and deadlines, leave nothing behind")
def _():
    def script(request):
        if request.key.startswith(b"slow"):
            return [0.4, reply(b"value of " + request.key)]
        return reply(b"value of " + request.key)

    with Scripted(script) as server, Maps(
            deadline="200ms", m=f"url = {server.url}/?k=%s\nconnections = 2",
            more="queue = 1000\n") as maps:
        for turn in range(5):
            clients = [Client(maps.daemon.endpoint) for _ in range(6)]
            for n, client in enumerate(clients):
                client.ask("m", f"slow-{turn}-{n}")
            for client in clients[:3]:
                client.close()
            for client in clients[3:]:
                assert client.reply()[0] in FAILURES
                client.close()
            for n in range(20):
                answer = maps.lookup("m", f"{turn}-{n}")
                assert answer == ("OK", b"value of %d-%d" % (turn, n)), answer
        assert maps.daemon.stop() == 0


def wait_until(maps, name, expected):
    """Asks until that is the answer; no other than a failure may come before.
    Returns the seconds that it took."""
    begin = time.monotonic()
    while (answer := maps.lookup(name, "x")) != expected:
        assert answer[0] in FAILURES, answer
        assert time.monotonic() - begin < PATIENCE, answer
        time.sleep(0.02)
    return time.monotonic() - begin


@case("the log has one line when a server fails, and one when it works again")
def _():
    nginx = Nginx("location = /x { return 200 value; }\n"
                  "location = /no { return 403; }")
    with Maps(deadline="300ms", m=f"url = {nginx.url}/%s") as maps, nginx:
        assert maps.lookup("m", "x") == ("OK", b"value")
        for turn in range(2):
            nginx.stop()
            time.sleep(1)  # as long as it may be for a key alone
            for _ in range(20):
                assert maps.lookup("m", "x")[0] in FAILURES
            nginx.start()
            wait_until(maps, "m", ("OK", b"value"))
        for _ in range(20):
            maps.lookup("m", "x")
            assert maps.lookup("m", "no")[0] == "TEMP"
        nginx.send_signal(signal.SIGSTOP)
        time.sleep(1)
        for _ in range(3):
            assert maps.lookup("m", "x")[0] in FAILURES
        nginx.send_signal(signal.SIGCONT)
        wait_until(maps, "m", ("OK", b"value"))
        assert maps.daemon.stop() == 0
        said = maps.daemon.stderr()
        assert said.count("works again") == 3, said
        assert said.count(f"map m: {nginx.url}") == 6, said


@case("a server that is down, comes, is killed, comes again, stops, goes on")
def _():
    nginx = Nginx("location = /x { return 200 value; }\n"
                  "location = /none { return 404; }")
    with Maps(deadline="500ms", tcp=f"url = {nginx.url}/%s",
              unix=f"url = http://h/%s\nunix_socket = {nginx.socket}") as maps:
        for name in "tcp", "unix":
            for key in "x", "none":
                answer = maps.lookup(name, key)
                assert answer[0] == "TEMP" and b"onnect" in answer[1], answer
        with nginx:
            for turn in range(3):
                for name in "tcp", "unix":
                    took = wait_until(maps, name, ("OK", b"value"))
                    print(f"# {name} is back after {took:.3f} s")
                    assert maps.lookup(name, "none") == ("NOTFOUND", b"")
                nginx.stop()
                for name in "tcp", "unix":
                    for key in "x", "none":
                        assert maps.lookup(name, key)[0] in FAILURES, name
                nginx.start()
            for name in "tcp", "unix":
                wait_until(maps, name, ("OK", b"value"))
            nginx.send_signal(signal.SIGSTOP)
            for _ in range(3):
                for name in "tcp", "unix":
                    for key in "x", "none":
                        assert maps.lookup(name, key)[0] in FAILURES, name
            nginx.send_signal(signal.SIGCONT)
            for name in "tcp", "unix":
                wait_until(maps, name, ("OK", b"value"))
                assert maps.lookup(name, "none") == ("NOTFOUND", b"")
        assert maps.daemon.stop() == 0


@case("a server that comes and goes is never taken for one without the key")
def _():
    nginx = Nginx("location = /x { return 200 value; }\nkeepalive_timeout 1ms;")
    with Maps(deadline="300ms", m=f"url = {nginx.url}/%s") as maps, nginx:
        wait_until(maps, "m", ("OK", b"value"))
        stop = threading.Event()
        seen = {}

        def ask():
            with Client(maps.daemon.endpoint) as client:
                while not stop.is_set():
                    status = client.lookup("m", "x")[0]
                    seen[status] = seen.get(status, 0) + 1
                    time.sleep(0.001)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            time.sleep(0.2)
            nginx.stop()
            time.sleep(0.2)
            nginx.start()
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
        print(f"# {seen}")
        assert set(seen) <= {"OK", *FAILURES} and "OK" in seen, seen


@case("a connection that the server closed meanwhile is not a failure")
def _():
    with Nginx("location = /x { return 200 value; }\n"
               "keepalive_requests 3; keepalive_timeout 20ms;") as nginx, Maps(
                   m=f"url = {nginx.url}/%s",
                   put=f"url = {nginx.url}/%s\nmethod = POST\n"
                       'body = {"k": "%s"}') as maps:
        for n in range(30):
            assert maps.lookup("m", "x") == ("OK", b"value"), n
            assert maps.lookup("put", "x") == ("OK", b"value"), n
            time.sleep(0.03 if n % 3 == 0 else 0)


def wait_connection(maps):
    """The answer of a connection that is kept."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        first = maps.lookup("m", "x")
        if first[0] == "OK" and maps.lookup("m", "x") == first:
            return first
    raise AssertionError("no connection is kept")


@case("over HTTP/2, a connection that hangs is left for a new one")
def _():
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(folder)
        tls = free_port()
        with Nginx("", f"""server {{
                listen 127.0.0.1:{tls} ssl http2;
                ssl_certificate {folder}/server.pem;
                ssl_certificate_key {folder}/server.key;
                location = /x {{ return 200 "$connection"; }}
                }}""") as nginx, Gate(tls) as gate, Maps(
                    deadline="300ms",
                    m=f"url = https://localhost:{gate.port}/%s\n"
                      f"ca_file = {folder}/ca.pem") as maps:
            del nginx
            first = wait_connection(maps)
            gate.hang()
            # One after the other, so that there is always one under way.
            clients = [Client(maps.daemon.endpoint) for _ in range(8)]
            for client in clients:
                client.ask("m", "x")
                time.sleep(0.05)
            seen = set()
            for _ in range(4):
                for client in clients:
                    seen.add(client.reply())
                    client.ask("m", "x")
            assert any(answer[0] == "OK" for answer in seen), seen
            assert first not in seen, seen
            for client in clients:
                client.reply()
                client.close()
            assert maps.daemon.stop() == 0


@case("all down, a server is not asked in every instant")
def _():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))  # nobody listens
    port = listener.getsockname()[1]
    with listener, Maps(m=f"url = http://127.0.0.1:{port}/%s") as maps:
        first = maps.lookup("m", "x")
        assert first[0] == "TEMP" and b"onnect" in first[1], first
        begin = time.monotonic()
        count = 0
        while time.monotonic() - begin < 0.5:
            assert maps.lookup("m", f"x{count}") == first
            count += 1
        # In one turn of the second, at most, it was really tried.
        print(f"# {count} failed by the same reason")


@case("names that cannot be resolved fail, and wait for nobody")
def _():
    with Maps(deadline="2s", m="url = http://no.such.host.invalid/%s",
              fine="url = http://localhost:%d/%%s" % free_port()) as maps:
        answer = maps.lookup("m", "x")
        assert answer[0] in FAILURES, answer
        # localhost has two addresses, and none of them listens.
        assert maps.lookup("fine", "x")[0] == "TEMP"
        maps.client.ask("m", "y")
        time.sleep(0.01)
        assert maps.daemon.stop() == 0


@case("a daemon with lookups under way ends, and is reloaded")
def _():
    with Scripted(lambda r: [0.3, reply(b"value")]) as server, Maps(
            m=f"url = {server.url}/?k=%s\nconnections = 2") as maps:
        clients = [Client(maps.daemon.endpoint) for _ in range(4)]
        for client in clients:
            client.ask("m", "x")
        os.utime(f"{maps.path}/m.cf")
        maps.daemon.send_signal(signal.SIGHUP)
        for client in clients:
            assert client.reply() == ("OK", b"value")
            client.ask("m", "x")
        time.sleep(0.05)
        assert maps.daemon.stop() == 0
        for client in clients:
            client.close()


done()
