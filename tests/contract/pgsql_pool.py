#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pgsql tables, through a daemon: what lookups share (connections, hosts, a
pooler in between) and never notice."""
import os
import signal
import socket
import threading
import time

from ending import end_on_signals
from pgbouncer import PgBouncer
from pgsql_maps import Maps, wait_until
from postgres import PASSWORD, Server
from postgres_impostor import LOGIN, Impostor, TlsRelay
from ports import free_port
from table_maps import DEADLINE, in_threads
from tap import case, done

SCHEMA = """
create table kv (k text primary key, v text);
insert into kv select 'k' || n, 'v' || n from generate_series(1, 200) n;
create function slow(key text) returns text language plpgsql as $$
begin
    if key like 'slow%' then
        perform pg_sleep(substr(key, 5)::float);
    end if;
    return key;
end $$;
create function killer(key text) returns text language plpgsql as $$
begin
    if key = 'lost' then
        perform pg_terminate_backend(pg_backend_pid());
    end if;
    return key;
end $$;
"""


def query(text, **options):
    return server.options(query=text, **options)


def together(maps, name, *keys):
    """The answers to keys that are asked at the same moment."""
    clients = [maps.client() for _ in keys]
    maps.daemon.send_signal(signal.SIGSTOP)
    for client, key in zip(clients, keys):
        client.ask(name, key)
    maps.daemon.send_signal(signal.SIGCONT)
    answers = [client.reply() for client in clients]
    for client in clients:
        client.close()
    return answers


end_on_signals()
server = Server(tls=True)
server.sql(SCHEMA)


@case("a key that is refused holds up none of those behind it")
def _():
    with Maps({"m": query("select %s", connections=1)}) as maps:
        assert maps.value("m", "1") == "1"
        for _ in range(5):
            bad, good = together(maps, "m", "1 or true", "2")
            assert bad[0] == "TEMP" and good == ("OK", b"2"), (bad, good)


@case("of those asked once more together, one that fails holds up no other")
def _():
    with Maps({"m": query("select '%s'::integer", connections=1)}) as maps:
        assert maps.value("m", "1") == "1"
        for _ in range(5):
            server.sql("select pg_terminate_backend(pid) from "
                       "pg_stat_activity where usename = 'mail'")
            answers = together(maps, "m", "x", "2", "3")
            assert [status for status, _ in answers] == ["TEMP", "OK", "OK"], \
                answers
            assert [text for _, text in answers[1:]] == [b"2", b"3"], answers


@case("one that takes its connection with it leaves the others their answers")
def _():
    with Maps({"m": query("select killer('%s')", connections=1),
               "read": query("select k from kv where k = '%s' and (k <> 'k9' "
                             "or killer('lost') is null)",
                             connections=1)}, deadline=10) as maps:
        for name, lost, keys in (("m", "lost", ("a", "b", "c")),
                                 ("read", "k9", ("k1", "k2", "k3"))):
            assert maps.value(name, keys[0]) == keys[0]
            for _ in range(3):
                answers = together(maps, name, *keys[:2], lost, keys[2])
                assert answers.pop(2)[0] == "TEMP", answers
                assert answers == [("OK", key.encode()) for key in keys], \
                    answers


@case("a transaction that was left open and fails is not gone on with")
def _():
    with Maps({"m": query("begin; select '%s'::integer; commit",
                          connections=1),
               "open": query("begin; select '%s'::integer",
                             connections=1)}) as maps:
        for _ in range(3):
            for name in ("m", "open"):
                assert "invalid input" in maps.failure(name, "x")
            assert maps.value("open", "1") == "1"
            assert maps.value("m", "1") == "NOTFOUND"  # what commit gives


@case("results of every size come whole through TLS")
def _():
    with Maps({"m": query("select repeat(substr('%s', 1, 1), "
                          "substr('%s', 2)::integer), pg_sleep(0) where exists "
                          "(select from pg_stat_ssl where ssl and "
                          "pid = pg_backend_pid())", connections=1),
               "rows": query("select repeat('x', n) from generate_series(1, "
                             "'%s'::integer) n", connections=1),
               "without": query("select ssl from pg_stat_ssl where "
                                "pid = pg_backend_pid()",
                                hosts="postgresql://127.0.0.1:"
                                f"{server.port}/postgres?user=mail&"
                                "sslmode=disable")},
              deadline=5) as maps:
        for size in range(1, 70000, 1511):
            assert maps.value("m", f"x{size}") == "x" * size
        for number in range(1, 400, 7):
            value = ",".join("x" * size for size in range(1, number + 1))
            assert maps.value("rows", str(number)) == value
        assert maps.value("without", "a") == "f"


@case("records of TLS that are larger than what is read at once")
def _():
    relay = TlsRelay(server.port, server.data)
    with Maps({"m": query("select repeat('x', '%2'::integer) from "
                          "generate_series(1, '%1'::integer)", connections=1,
                          hosts=f"inet:127.0.0.1:{relay.port}")},
              deadline=3) as maps:
        for size in (100, 1000, 1009, 3001, 5003):
            for rows in range(1, 70000 // size, 20000 // size // 9 + 1):
                assert maps.value("m", f"a@{size}.{rows}") == ",".join(
                    ["x" * size] * rows), (size, rows)
    relay.close()


@case("behind PgBouncer: in any mode, each its own answer, no error seen")
def _():
    sizes = {"session": 12, "transaction": 2, "statement": 2}
    for mode in sizes:
        with PgBouncer(server, mode, sizes[mode]) as pooler:
            hosts = f"inet:127.0.0.1:{pooler.port}"
            with Maps({"read": query("select v from kv where k = '%s'",
                                     hosts=hosts),
                       "call": query("select slow('%s')", hosts=hosts),
                       "text": query("select concat('%s', '!')", hosts=hosts)},
                      deadline=10) as maps:
                def ask(number):
                    with maps.client() as client:
                        for turn in range(40):
                            key = f"k{(number * 40 + turn) % 200 + 1}"
                            for name, asked, expected in (
                                    ("read", key, "v" + key[1:]),
                                    ("call", key, key),
                                    ("text", key, key + "!"),
                                    ("read", "no", None)):
                                answer = client.lookup(name, asked)
                                assert answer == (
                                    ("OK", expected.encode()) if expected
                                    else ("NOTFOUND", b"")), (mode, answer)
                in_threads(12, ask)


@case("who lets everybody in, and nobody stay, is not called all the time")
def _():
    impostor = Impostor(LOGIN, b"", True, 0)
    with Maps({"m": f"hosts = inet:127.0.0.1:{impostor.port}\ndbname = d\n"
               "user = u\nquery = select '%s'\n"}) as maps:
        is_over = threading.Event()

        def ask(number):
            if number == 0:
                time.sleep(2)
                is_over.set()
            while not is_over.is_set():
                maps.failure("m", "a")
                time.sleep(0.01)
        in_threads(9, ask)
        assert impostor.connections < 25, impostor.connections
    impostor.close()


@case("who leaves does no harm to the host that was asked")
def _():
    other = f"inet:127.0.0.1:{free_port()}"
    with Maps({"m": query("select slow('%s')", connections=1,
                          hosts=f"inet:127.0.0.1:{server.port} {other}")},
              deadline=5) as maps:
        assert maps.wait_found("m", "a") is None
        with maps.client() as client:
            client.ask("m", "slow2")
            time.sleep(0.1)
        time.sleep(1)
        assert maps.value("m", "a") == "a"


@case("a host that fails is told of, once; and once when it works again")
def _():
    with Server(started=False) as one, Maps({
            "m": one.options(query="select '%s'", user="postgres",
                             password="geheim")}) as maps:
        name = f"map m: inet:127.0.0.1:{one.port}"
        for _ in range(2):
            for _ in range(3):
                maps.failure("m", "a")
                time.sleep(0.4)
            one.start()
            maps.wait_found("m", "a")
            for _ in range(3):
                assert maps.value("m", "a") == "a"
            one.stop()
        lines = [line for line in maps.daemon.stderr().splitlines()
                 if name in line]
        bad = [line for line in lines if "Connection refused" in line]
        good = [line for line in lines if "works again" in line]
        assert len(bad) == 2 and len(good) == 2 and len(lines) == 4, lines
        assert "geheim" not in maps.daemon.stderr()


@case("a file that is changed while lookups are under way: each is answered")
def _():
    with Maps({"m": query("select 'old', slow('%s')")}, deadline=5) as maps:
        assert maps.value("m", "a") == "old,a"
        with maps.client() as client, maps.client() as gone:
            client.ask("m", "slow1.5")
            gone.ask("m", "slow4")
            time.sleep(0.2)
            maps.write("m", query("select 'new', slow('%s')"))
            maps.daemon.send_signal(signal.SIGHUP)
            wait_until(lambda: maps.value("m", "a") == "new,a")
            gone.close()
            assert client.reply() == ("OK", b"old,slow1.5")
        assert maps.value("m", "b") == "new,b"


@case("explain and canaries: what lookups get, with the true reason")
def _():
    with Maps({"text": query("select concat('%s', '!')"),
               "wrong": query("selec '%s'"),
               "number": query("select '%s'::integer"),
               "lost": query("select killer('%s')"),
               "guarded": query("select '%s'", user="guarded",
                                password=PASSWORD)},
              each={"canary": "1"}) as maps:
        for name, key, part in (("text", "a", "a!"),
                                ("wrong", "a", "syntax error"),
                                ("number", "x", "invalid input syntax"),
                                ("number", "7", "parameter 1: '7'"),
                                ("lost", "lost", "terminating connection"),
                                ("guarded", "a", "a")):
            output = maps.explain(name, key)
            assert part in output, output
            assert f"127.0.0.1:{server.port}" in output, output
            assert PASSWORD not in output, output
        assert maps.value("text", "a") == "a!"
        assert "syntax error" in maps.failure("wrong", "a")
        # libpq may make a success of what is left of such a connection.
        for _ in range(30):
            assert "terminating" in maps.failure("lost", "lost")


@case("a key that is not UTF-8 is in no table, folded or not")
def _():
    down = f"inet:127.0.0.1:{free_port()}"
    with Maps({"m": query("select '%s'"), "down": query("select '%s'",
                                                        hosts=down)},
              each={"fold": "no"}) as maps:
        assert maps.value("m", "Ä") == "Ä"
        for name in ("m", "down"):
            for key in (b"\xff", b"a\xc3", b"\xed\xa0\x80"):
                assert maps.value(name, key) == "NOTFOUND"


class Silent:
    """Takes connections, as many as it is told to, and says no word, or just
    the one that it will speak TLS."""

    def __init__(self, takes, word=b""):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.word = word
        self.kept = []
        if takes:
            threading.Thread(target=self.accept, daemon=True).start()
        else:
            self.fill()

    def fill(self):
        """Until connecting to it takes for ever."""
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", self.port))
            self.kept.append(one)

    def accept(self):
        try:
            while True:
                one = self.listener.accept()[0]
                self.kept.append(one)
                if self.word:
                    one.recv(8)
                    one.sendall(self.word)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for one in self.kept:
            one.close()


@case("hung in TCP, in the login, in TLS: TEMP in time; another host is found")
def _():
    silent = {"tcp": Silent(False), "login": Silent(True),
              "tls": Silent(True, b"S")}
    tables = {name: query("select '%s'", hosts=f"inet:127.0.0.1:{one.port}")
              for name, one in silent.items()}
    tables["good"] = query("select '%s'")
    with Maps(tables) as maps:
        is_over = threading.Event()

        def ask(number):
            if number < 6:
                name = list(silent)[number % 3]
                for _ in range(5):
                    maps.failure(name, "a")
                is_over.set()
            while not is_over.is_set():
                start = time.monotonic()
                assert maps.value("good", "a") == "a"
                assert time.monotonic() - start < DEADLINE * 0.8
        in_threads(7, ask)
    for one in silent.values():
        one.close()
    # The first host's listener is full; the second one answers.
    full = Silent(False)
    with Maps({"m": query("select '%s'", retry_interval=60,
                          hosts=f"inet:127.0.0.1:{full.port} "
                          f"inet:127.0.0.1:{server.port}")}) as maps:
        maps.wait_found("m", "a", 5)
        for _ in range(10):
            assert maps.value("m", "a") == "a"
    full.close()


@case("a name service that hangs: TEMP in time, and no other map is delayed")
def _():
    env = {"LD_PRELOAD": os.environ["SLOW_NAMES"],
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
           ":verify_asan_link_order=0"}
    with Maps({"m": query("select '%s'", hosts="slow.example:5432"),
               "good": query("select '%s'")},
              env=env) as maps:
        is_over = threading.Event()

        def ask(number):
            if number < 3:
                for _ in range(6):
                    maps.failure("m", "a")
                is_over.set()
            while not is_over.is_set():
                start = time.monotonic()
                assert maps.value("good", "a") == "a"
                assert time.monotonic() - start < DEADLINE * 0.8
        in_threads(4, ask)


server.close()
done()
