# SPDX-License-Identifier: MIT
"""A server of each kind that tables ask, with the map that asks it, and its
ways of going down and coming back.

    with contextlib.ExitStack() as stack:
        for one in start_all(stack, directory):
            ... one.name, one.table, one.value("k1") ...
            one.down(hangs=False)
            one.up()

Where a start takes long, or loses what is stored, it is a relay in front of the
server that goes down.
"""
import contextlib
import os
import signal
import time

import mariadb
import memcached
import postgres
import redis_server
import slapd
import tcp_table
from daemon import Daemon
from exec_maps import children_of
from http_server import Nginx
from relay import Relay

KEYS = [f"k{number}" for number in range(8)]
SQL = "select v from kv where k = '%s'"
LOCATION = "location = /%s { return 200 %s; }\n"
# In bash, as it starts in no time; of its own it would take the socket that is
# its input for a login from the network.
PROGRAM = """\
while IFS= read -r -d : size && IFS= read -r -N $((size + 1)) payload; do
    key=${payload#* } key=${key%,}
    reply="NOTFOUND "
    [[ $key != k[0-7] ]] || reply="OK exec-$key"
    printf %d:%s, ${#reply} "$reply"
done
"""
NOWHERE = "location / { return 404; }\n"


def program_of(pid):
    return os.readlink(f"/proc/{pid}/exe")


class Map:
    """name: its type. table: what it is in socketmapd.conf. host, asks, bound:
    what explain has to show of where it asks for KEYS[1], what, and with which
    key."""

    def __init__(self, name, table, host, asks, bound):
        self.name, self.table = name, table
        self.host, self.asks, self.bound = host, asks, bound

    def value(self, key):
        return f"{self.name}-{key}"

    def asked_by(self, pid):
        """Which daemon it is."""

    def is_of_process(self, line):
        """Whether a line of the log tells of one process among several."""
        return False

    def down(self, hangs):
        raise NotImplementedError

    def up(self):
        raise NotImplementedError


class Relayed(Map):
    def __init__(self, relay, *texts):
        super().__init__(*texts)
        self.relay, self.hangs = relay, False

    def down(self, hangs):
        self.hangs = hangs
        if hangs:
            self.relay.hold()
        else:
            self.relay.cut()

    def up(self):
        if self.hangs:
            self.relay.go_on()
        else:
            self.relay.open()


class Killed(Map):
    """The server itself goes down."""

    def __init__(self, server, *texts):
        super().__init__(*texts)
        self.server, self.hangs = server, False

    def down(self, hangs):
        self.hangs = hangs
        if hangs:
            self.server.process.send_signal(signal.SIGSTOP)
        else:
            self.server.stop()

    def up(self):
        if self.hangs:
            self.server.process.send_signal(signal.SIGCONT)
        else:
            self.server.start()


class Programs(Map):
    """The server is the processes of the daemon itself. None serves while
    the flag is away."""

    def __init__(self, flag, *texts):
        super().__init__(*texts)
        self.flag, self.hangs, self.pid = flag, False, None
        self.up()

    def asked_by(self, pid):
        self.pid = pid

    def is_of_process(self, line):
        return line.startswith("exec:")

    def down(self, hangs):
        """Those that are there are stopped, until the daemon has had enough of
        them; or they end, and no other one starts."""
        if not hangs:
            os.unlink(self.flag)
        for pid in children_of(self.pid):
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                # Stopped before it is a program, its start would never end.
                if program_of(pid) != program_of(self.pid):
                    os.kill(pid, signal.SIGSTOP if hangs else signal.SIGKILL)

    def up(self):
        with open(self.flag, "w", encoding="ascii"):
            pass


class Socketmapd:
    """Another daemon."""

    def __init__(self, directory):
        self.endpoint = f"unix:{directory}/other.sock"
        pairs = ", ".join(f"{key}=socketmap-{key}" for key in KEYS)
        self.config = (f"[listen other]\nendpoint = {self.endpoint}\n"
                       f"[map m]\ntable = inline:{{{pairs}}}\n")
        self.daemon = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.daemon = Daemon(self.config)

    def stop(self):
        self.daemon.close()

    @property
    def process(self):
        return self.daemon.process


def write(directory, name, text):
    """Not just written, or it would be read again."""
    path = f"{directory}/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, (time.time() - 60,) * 2)
    return path


def values(name):
    return ", ".join(f"('{key}', '{name}-{key}')" for key in KEYS)


def start_pgsql(stack, directory):
    server = stack.enter_context(postgres.Server())
    server.sql("create table kv (k text, v text); insert into kv values " +
               values("pgsql"))
    relay = stack.enter_context(Relay(server.port))
    path = write(directory, "pgsql.cf", server.options(
        hosts=f"inet:127.0.0.1:{relay.port}", query=SQL))
    return Relayed(relay, "pgsql", "pgsql:" + path, f"127.0.0.1:{relay.port}",
                   "query: select v from kv where k =  $1",
                   "parameter 1: 'k1'")


def start_mysql(stack, directory):
    server = stack.enter_context(mariadb.Server())
    server.sql("create table kv (k varchar(20), v varchar(20)); "
               "insert into kv values " + values("mysql"))
    relay = stack.enter_context(Relay(server.port))
    path = write(directory, "mysql.cf", server.options(
        hosts=f"inet:127.0.0.1:{relay.port}", query=SQL))
    return Relayed(relay, "mysql", "mysql:" + path, f"127.0.0.1:{relay.port}",
                   "query: select v from kv where k =  ?", "parameter 1: 'k1'")


def start_ldap(stack, directory):
    server = stack.enter_context(slapd.Server())
    server.add(*(slapd.entry("cn=" + key, objectClass="mailEntry", cn=key,
                             key=key, maildrop="ldap-" + key) for key in KEYS))
    relay = stack.enter_context(Relay(server.port))
    url = f"ldap://127.0.0.1:{relay.port}"
    path = write(directory, "ldap.cf", server.options(server_host=url))
    return Relayed(relay, "ldap", "ldap:" + path, url,
                   f'base "{slapd.SUFFIX}", filter', '"(key=k1)"')


def start_memcache(stack, directory):
    server = stack.enter_context(memcached.Server())
    for key in KEYS:
        server.set(key.encode(), f"memcache-{key}".encode())
    relay = stack.enter_context(Relay(server.port))
    path = write(directory, "memcache.cf",
                 f"memcache = inet:127.0.0.1:{relay.port}\n")
    return Relayed(relay, "memcache", "memcache:" + path,
                   f"127.0.0.1:{relay.port}", "get ", "get k1")


def start_tcp(stack, _):
    stored = {key.encode(): f"tcp-{key}".encode() for key in KEYS}

    def answer(key):
        return tcp_table.reply(200 if key in stored else 500,
                               stored.get(key, b"none"))

    server = stack.enter_context(tcp_table.Server(answer))
    relay = stack.enter_context(Relay(server.port))
    address = f"127.0.0.1:{relay.port}"
    return Relayed(relay, "tcp", "tcp:" + address, address, "tcp: asks", "k1")


def start_redis(stack, directory):
    server = stack.enter_context(redis_server.Server())
    server.fill(("SET", key, f"redis-{key}") for key in KEYS)
    server.ask("SAVE")  # read again at each start
    path = write(directory, "redis.cf",
                 f"hosts = inet:127.0.0.1:{server.port}\ncommand = GET %s\n")
    return Killed(server, "redis", "redis:" + path, f"127.0.0.1:{server.port}",
                  "redis: asks", 'GET "k1"')


def start_http(stack, directory):
    server = stack.enter_context(Nginx(NOWHERE + "".join(
        LOCATION % (key, "http-" + key) for key in KEYS)))
    path = write(directory, "http.cf", f"url = {server.url}/%s\n")
    return Killed(server, "http", "http:" + path, server.url,
                  f"GET {server.url}/", f"{server.url}/k1")


def start_socketmap(stack, directory):
    server = stack.enter_context(Socketmapd(directory))
    return Killed(server, "socketmap", f"socketmap:{server.endpoint}:m",
                  server.endpoint, "socketmap: asks", '"m k1"')


def start_exec(_, directory):
    flag = directory + "/runs"
    program = write(directory, "program.sh", PROGRAM)
    path = write(directory, "exec.cf", "processes = 2\n"
                 "command = bash --norc -c "
                 f"{{test -e {flag} && . {program}}}\n")
    return Programs(flag, "exec", "exec:" + path, "/bash", "exec: asks",
                    '"exec k1"')


def start_all(stack, directory):
    """The stack stops them. Files of maps are written to the directory."""
    return [start(stack, directory) for start in (
        start_pgsql, start_mysql, start_ldap, start_memcache, start_tcp,
        start_redis, start_http, start_socketmap, start_exec)]
