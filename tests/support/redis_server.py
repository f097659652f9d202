# SPDX-License-Identifier: MIT
"""A Redis server of the test's own, on a unix socket and a free port.

    with Server() as server:
        server.ask("SET", "key", "value")
        ... f"hosts = unix:{server.path}" ...
"""
import socket

from server_process import PATIENCE, Process


def encode(*words):
    parts = [word if isinstance(word, bytes) else str(word).encode()
             for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(
        b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class Error(Exception):
    """What the server has said."""


def read_reply(stream):
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError("the server closed the connection")
    kind, rest = line[:1], line[1:-2]
    if kind == b"*":
        return [read_reply(stream) for _ in range(int(rest))]
    if kind == b"$":
        size = int(rest)
        return None if size < 0 else stream.read(size + 2)[:-2]
    if kind == b"-":
        raise Error(rest.decode())
    return rest


class Server(Process):
    """settings: more of redis.conf, by name; with '_' for '-'."""

    def __init__(self, started=True, **settings):
        self.settings = {"save": "", "appendonly": "no",
                         "enable_debug_command": "yes",
                         "repl_diskless_sync_delay": 0, **settings}
        super().__init__(started)

    @property
    def path(self):
        return self.directory + "/redis.sock"

    def command(self):
        words = ["redis-server", "--port", str(self.port), "--bind",
                 "127.0.0.1", "--unixsocket", self.path]
        for name, value in self.settings.items():
            words += ["--" + name.replace("_", "-"), *str(value).split(" ")]
        return words

    def is_up(self):
        try:
            return self.ask("PING") == b"PONG"
        except Error as why:
            return "NOAUTH" in str(why)
        except (OSError, EOFError):
            return False

    def ask(self, *words, first=None):
        """The reply to a command; to an AUTH before it, if there is one."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(self.path)
            stream = sock.makefile("rb")
            if first is not None:
                sock.sendall(encode(*first))
                read_reply(stream)
            sock.sendall(encode(*words))
            return read_reply(stream)

    def fill(self, commands):
        """Runs many commands at once."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(self.path)
            stream = sock.makefile("rb")
            for words in commands:
                sock.sendall(encode(*words))
                read_reply(stream)


class Sentinel(Process):
    """Watches the master at `port`, by the name "mail"."""

    def __init__(self, port, quorum=1):
        self.master = port
        self.quorum = quorum
        super().__init__(True)

    def command(self):
        path = self.directory + "/sentinel.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(
                f"port {self.port}\nbind 127.0.0.1\n"
                f"sentinel monitor mail 127.0.0.1 {self.master} "
                f"{self.quorum}\n"
                "sentinel down-after-milliseconds mail 300\n"
                "sentinel failover-timeout mail 1000\n")
        return ["redis-sentinel", path]

    def ask(self, *words):
        with socket.create_connection(("127.0.0.1", self.port),
                                      PATIENCE) as sock:
            sock.sendall(encode(*words))
            return read_reply(sock.makefile("rb"))

    def is_up(self):
        try:
            return self.ask("PING") == b"PONG"
        except (OSError, EOFError, Error):
            return False

    def master_port(self):
        return int(self.ask("SENTINEL", "get-master-addr-by-name", "mail")[1])
