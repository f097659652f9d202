#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pgsql tables, through a daemon, whatever the server does: TEMP in time, never
"not found" nor another key's answer, and found again when it is back."""
import struct
import time

from ending import end_on_signals
from pgsql_maps import Maps
from postgres import Server
from postgres_impostor import ANSWER, LOGIN, ROW, Impostor, message
from sql_checks import BY_KEY, check_end, check_hang, check_slow, wait_running
from table_maps import (check_flapping, check_neighbour, check_return,
                        in_threads)
from tap import case, done

SCHEMA = """
create table kv (k text, v text);
insert into kv values ('a@b.c', 'x@y');
create function slow(key text) returns text language plpgsql as $$
begin
    if key like 'slow%' then
        perform pg_sleep(60);
    end if;
    return key;
end $$;
create function broken(key text) returns text language plpgsql as $$
begin
    if key = 'lost' then
        perform pg_terminate_backend(pg_backend_pid());
    end if;
    raise notice 'nothing';
    return key;
end $$;
"""


def query(text, **options):
    return server.options(query=text, **options)


end_on_signals()
server = Server()
server.sql(SCHEMA)


@case("a server that comes later, restarts, goes for good")
def _():
    with Server(started=False) as other, Maps({
            "m": other.options(query="select '%s'", user="postgres")}) as maps:
        check_return(maps, other, "Connection refused")


@case("a server that comes and goes: TEMP or the value, never another answer")
def _():
    def flap():
        other.start()
        time.sleep(0.5)
        other.stop()
        time.sleep(0.3)

    with Server(started=False) as other, Maps({
            "m": other.options(query="select '%s'", user="postgres")}) as maps:
        check_flapping(maps, flap, 4)
        other.start()
        maps.wait_found("m", "a")


@case("a server that hangs: TEMP in time, and found when it goes on")
def _():
    check_hang(Maps, server, {"m": query(BY_KEY), "new": query(BY_KEY)})


RUNNING = ("select count(*) from pg_stat_activity where state = 'active' and "
           "query like '%slow(%' and pid <> pg_backend_pid()")


@case("a slow key fails at its deadline, cancelled; others don't wait for it")
def _():
    for text in ("select slow('%s')", "select case when '%s' like 'slow%%' "
                 "then (select count(*)::text from generate_series(1, "
                 "1000000000)) else '%u' end"):
        with Maps({"m": query(text, connections=6)}, deadline=3) as maps:
            check_slow(maps, 4)
            wait_running(server, RUNNING, 0)


@case("a connection that is lost in a query: asked once more, then TEMP")
def _():
    with Maps({"m": query("select broken('%s')")}) as maps:
        assert maps.value("m", "a") == "a"
        assert "terminating connection" in maps.failure("m", "lost")
        assert maps.value("m", "a") == "a"
        server.sql("select pg_terminate_backend(pid) from pg_stat_activity "
                   "where usename = 'mail'")
        assert maps.value("m", "a") == "a"


@case("a server that takes no more connections is asked over those it has")
def _():
    server.sql("create user few connection limit 1")
    lines = server.options(query="select '%s' where pg_sleep(0.01) is not null",
                           user="few")

    def ask(number):
        with maps.client() as client:
            for _ in range(50):
                assert client.lookup("m", f"k{number}") == (
                    "OK", b"k%d" % number)

    with Maps({"m": lines}, deadline=10) as maps:
        assert maps.value("m", "a") == "a"
        in_threads(4, ask)
        log = maps.daemon.stderr()
    assert log.count("too many connections") == 1, log
    assert "works again" not in log, log


@case("a daemon that ends while queries are under way")
def _():
    with Maps({"m": query("select slow('%s')", connections=2)},
              deadline=30, drain_timeout="100ms") as maps:
        check_end(maps, 3, lambda: wait_running(server, RUNNING, 2))
    server.sql("select pg_cancel_backend(pid) from pg_stat_activity "
               "where query like '%slow(%' and pid <> pg_backend_pid()")


@case("a map whose server hangs delays no other")
def _():
    with Server() as other, Maps({
            "hanging": other.options(query="select '%s'"),
            "good": query(BY_KEY)}) as maps:
        maps.wait_found("hanging", "a")
        other.hang()
        check_neighbour(maps)


@case("half an answer, garbage, one too many: TEMP, in time")
def _():
    replies = {"good": (LOGIN, ANSWER), "empty": (b"", b""),
               "garbage": (b"HTTP/1.1 400 Bad Request\r\n\r\n", b""),
               "answered": (LOGIN, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
               "large": (LOGIN, b"D\x7f\xff\xff\xff" + b"x" * 100000),
               "bytes": (LOGIN, bytes(range(256))),
               "end": (LOGIN, message(b"Z", b"I")),
               "row": (LOGIN, ROW + message(b"D", b"\xff\xff"))}
    for size in (1, 4, 5, 20, 40, len(ROW) - 1, len(ROW), len(ANSWER) - 7):
        replies[f"half{size}"] = (LOGIN, ANSWER[:size])
    for size in (1, 8, len(LOGIN) - 7):
        replies[f"login{size}"] = (LOGIN[:size], b"")
    for closes in (False, True):
        impostors = {name: Impostor(*reply, closes, 100 if name == "good" else 1)
                     for name, reply in replies.items()}
        tables = {
            name: f"hosts = inet:127.0.0.1:{one.port}\ndbname = d\nuser = u\n"
                  "query = select '%s'\n" for name, one in impostors.items()}
        with Maps(tables) as maps:
            assert maps.value("good", "a") == "x"
            names = list(replies)[1:]
            in_threads(len(names), lambda n: maps.failure(names[n], "a"))
        for one in impostors.values():
            one.close()


@case("a result without end: TEMP, and little memory is used")
def _():
    row = message(b"D", struct.pack("!HI", 1, 0))
    wide = message(b"D", struct.pack("!H", 40000) + b"\xff" * 160000)
    floods = {"rows": ROW + row * 8_000_000, "columns": ROW + wide * 600,
              "notices": message(b"N", b"SNOTICE\0Mx\0\0") * 6_000_000,
              "notifies": message(b"A", b"\0\0\0\1x\0y\0") * 6_000_000}
    impostors = {name: Impostor(LOGIN, flood, False, 10 ** 9)
                 for name, flood in floods.items()}
    with Maps({name: f"hosts = inet:127.0.0.1:{one.port}\ndbname = d\n"
               "user = u\nquery = select 1; select '%s'\nconnections = 1\n"
               for name, one in impostors.items()}, deadline=30) as maps:
        for name in floods:
            for _ in range(3):
                status, text = maps.ask(name, "a")
                assert status == "TEMP" and b"too large" in text, text
        if not maps.is_sanitized:
            assert maps.peak_kb() < 500_000, maps.peak_kb()
    for one in impostors.values():
        one.close()


server.close()
done()
