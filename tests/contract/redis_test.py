#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""redis tables, through a daemon, whatever the server does: each answer is of
its own key, and what cannot be known is never "not found"."""
import tempfile
import threading
import time

from ending import end_on_signals
from impostor import Impostor
from redis_server import Sentinel, Server
from ports import free_port
from table_maps import (FAILED, Maps, check_flapping, check_neighbour,
                        check_return, in_threads)
from tap import case, done

PASSWORD = "geheim %s"
BIG = 100000 - len("OK ")


def table(command="GET %s", at=None, **options):
    """The lines of a .cf file; None leaves one out."""
    options = {"hosts": f"unix:{(at or server).path}", "command": command,
               **options}
    return "".join(f"{name} = {value}\n" for name, value in options.items()
                   if value is not None)


end_on_signals()
server = Server()
server.fill([
    ("SET", "a@b.c", "x@y"), ("SET", "virtual:a@b.c", "virtual"),
    ("SET", "empty", ""), ("SET", "nul", b"a\0b"), ("SET", "bytes", b"\xff"),
    ("SET", "big", "x" * BIG), ("SET", "bigger", "x" * (BIG + 1)),
    ("SET", "huge", "x" * 20000000), ("SET", "straße", "sharp"),
    ("SET", "strasse", "folded"), ("SET", "b.c", "domain"),
    ("RPUSH", "list", "1", "", "2", "1"), ("SADD", "set", "only"),
    ("HSET", "hash", "name", "v1", "other", "v2", "none", ""),
    ("HSET", "members", "a@b.c", "m@n"), ("ZADD", "z", 1, "one", 2, "two"),
    ("SET", "number", "7"), ("XADD", "stream", "1-1", "f", "v", "g", "w"),
    ("SET", "a b", "blank"), ("SET", "u+e@b.c", "plus"),
    ("RPUSH", "%s", "percent"), ("HSET", "empties", "a", "", "b", "")])


@case("values: found, nil, lists, hashes, numbers, empty, large, NUL")
def _():
    with Maps("redis", {
            "get": table(), "prefix": table("GET virtual:%s"),
            "lower": table("get %s"), "list": table("LRANGE %s 0 -1"),
            "set": table("SMEMBERS %s"), "hash": table("HGETALL %s"),
            "hget": table("HGET members %s"),
            "hmget": table("HMGET hash name missing %s other"),
            "mget": table("MGET %s nothing virtual:%s"),
            "score": table("ZRANGE %s 0 -1 WITHSCORES"),
            "exists": table("EXISTS %s"), "type": table("TYPE %s"),
            "stream": table("XRANGE %s - +"), "parts": table("GET %u@%2.%1"),
            "format": table("LRANGE %s 0 -1", result_format="<%s@%U>"),
            "limit": table("LRANGE %s 0 -1", expansion_limit=2),
            "echo": table("ECHO %s", fold="no")}, deadline=5) as maps:
        assert maps.value("get", "a@b.c") == "x@y"
        assert maps.value("get", "A@B.C") == "x@y"
        assert maps.value("get", "Straße") == "folded"
        assert maps.value("get", "a b") == "blank"
        assert maps.value("get", "big") == "x" * BIG
        assert maps.value("prefix", "a@b.c") == "virtual"
        assert maps.value("lower", "number") == "7"
        assert maps.value("list", "list") == "1,2,1"
        assert maps.value("list", "%s") == "percent"
        assert maps.value("set", "set") == "only"
        assert maps.value("hash", "hash") == "v1,v2"
        assert maps.value("hget", "a@b.c") == "m@n"
        assert maps.value("hmget", "none") == "v1,v2"
        assert maps.value("mget", "a@b.c") == "x@y,virtual"
        assert maps.value("score", "z") == "one,1,two,2"
        assert maps.value("exists", "a@b.c") == "1"
        assert maps.value("exists", "nobody") == "0"
        assert maps.value("type", "list") == "list"
        assert maps.value("stream", "stream") == "1-1,f,v,g,w"
        assert maps.value("parts", "u+e@b.c") == "plus"
        assert maps.value("format", "list") == "<1@list>,<2@list>,<1@list>"
        assert maps.value("limit", "set@") == "NOTFOUND"
        for name, key in (("get", "nobody"), ("get", "' or 'a'='a"),
                          ("list", "nobody"),
                          ("hash", "nobody"), ("hget", "nobody"),
                          ("hash", "empties"), ("score", "nobody"),
                          ("get", b"\xff"), ("prefix", "virtual:a@b.c")):
            assert maps.value(name, key) == "NOTFOUND", (name, key)
        for name, key in (("get", "empty"), ("get", "nul"), ("get", "bytes"),
                          ("get", "bigger"), ("get", "huge"),
                          ("get", "list"), ("hash", "list"), ("get", b"a\0")):
            assert maps.failure(name, key), (name, key)
        assert "WRONGTYPE" in maps.failure("list", "a@b.c")
        assert "expansion_limit" in maps.failure("limit", "list")
        assert "too large" in maps.failure("get", "huge")
        assert maps.value("get", "a@b.c") == "x@y"


@case("1,000 hostile keys: found where they are stored, and nowhere else")
def _():
    words = ["'", "\"", "\\", "%", "%s", ")(", "--", "\r\n", "\n", "\t", " ",
             "*2\r\n", "$-1\r\n", "$3\r\nGET\r\n", "+OK\r\n", "FLUSHALL", "*",
             "\x01", "ä", "日", "\u2028", "@", "a@b", "?", "[a-z]", "",
             "\r\nSET pwned 1\r\n", "get"]
    keys = sorted({f"{a}{b}{c}".lower() for a in words for b in words
                   for c in ("", "x")} - {""})
    stored = keys[::2]
    assert len(keys) > 1000, len(keys)
    server.fill(("HSET", "hostile", key, f"<{number}>")
                for number, key in enumerate(stored))
    values = {key: f"<{n}>".encode() for n, key in enumerate(stored)}
    before = server.ask("DBSIZE")
    with Maps("redis", {"h": table("HGET hostile %s")},
              deadline=20) as maps, maps.client() as client:
        for key in keys:
            client.ask("h", key)
            status, text = client.reply()
            if key in values:
                assert (status, text) == ("OK", values[key]), (key, text)
            else:
                assert status == "NOTFOUND", (key, text)
    assert server.ask("DBSIZE") == before


@case("among many at once each gets its own answer, the wrong ones TEMP")
def _():
    with Maps("redis", {"echo": table("ECHO %s"), "get": table(),
                        "wrong": table("HGET a@b.c %s"),
                        "huge": table("GET %u")}, deadline=20) as maps:
        def ask(number):
            with maps.client() as client:
                for turn in range(60):
                    key = f"{number}.{turn:03}"
                    if turn == 30 and number % 10 == 0:
                        answer = client.lookup("huge", "huge@x")
                        assert answer[0] == "TEMP", answer
                    if turn % 4 == 0:
                        assert client.lookup("wrong", key)[0] == "TEMP"
                    elif turn % 4 == 1:
                        assert client.lookup("get", key)[0] == "NOTFOUND"
                    else:
                        answer = client.lookup("echo", key)
                        assert answer == ("OK", key.encode()), answer
        in_threads(50, ask)


@case("keys without a query are not found, though the server is down")
def _():
    down = {"hosts": f"127.0.0.1:{free_port()}"}
    with Maps("redis", {
            "domain": table(domain="b.c", **down),
            "d": table("GET x:%d", **down), "user": table("GET %u", **down),
            "label": table("GET %3", **down),
            "format": table(result_format="%D", **down),
            "all": table(**down)}) as maps:
        for name, key in (("domain", "a"), ("domain", "@b.c"),
                          ("domain", "b.c"), ("domain", "a@other"), ("d", "a"),
                          ("user", "@b.c"), ("label", "a@b.c"), ("format", "a"),
                          ("all", b"\xff"), ("all", "")):
            assert maps.value(name, key) == "NOTFOUND", (name, key)
        for name in ("domain", "d", "user", "format", "all"):
            assert "Connection refused" in maps.failure(name, "a@b.c"), name


@case("options: passwords, users, databases, hosts; what is wrong with them")
def _():
    dead = f"127.0.0.1:{free_port()}"
    with Server(requirepass=PASSWORD.replace(" ", "-")) as guarded, \
            tempfile.NamedTemporaryFile("w") as file:
        password = PASSWORD.replace(" ", "-")
        own = ("AUTH", password)
        guarded.ask("SET", "a@b.c", "x@y", first=own)
        guarded.ask("ACL", "SETUSER", "mail", "on", ">" + PASSWORD, "~*",
                    "+get", "+select", first=own)
        file.write(PASSWORD + "\n")
        file.flush()
        server.ask("COPY", "a@b.c", "in3", "DB", "3")
        with Maps("redis", {
                "password": table(at=guarded, password=password),
                "user": table(at=guarded, user="mail", password=PASSWORD),
                "file": table(at=guarded, user="mail",
                              password_file=file.name),
                "wrong": table(at=guarded, password="secret"),
                "missing": table(at=guarded),
                "denied": table("STRLEN %s", at=guarded, user="mail",
                                password=PASSWORD),
                "unneeded": table(password="secret"),
                "database": table(database=3), "other": table(database=4),
                "no-database": table(database=99),
                "inet": table(hosts=f"inet:127.0.0.1:{server.port}"),
                "name": table(hosts=f"localhost:{server.port}"),
                "several": table(hosts=f"{dead}, unix:/nonexistent "
                                 f"localhost:{server.port}"),
                "nowhere": table(hosts="unix:/nonexistent"),
                "unresolved": table(hosts="nothing.invalid:6379")},
                  secret=PASSWORD, deadline=5) as maps:
            for name in ("password", "user", "file", "inet", "name",
                         "several"):
                assert maps.value(name, "a@b.c") == "x@y", name
            assert maps.value("database", "in3") == "x@y"
            assert maps.value("other", "in3") == "NOTFOUND"
            for name, part in (("wrong", "AUTH: WRONGPASS"),
                               ("missing", "NOAUTH"), ("denied", "NOPERM"),
                               ("unneeded", "AUTH: "),
                               ("no-database", "SELECT: ERR"),
                               ("nowhere", "No such file"),
                               ("unresolved", "nothing.invalid")):
                text = maps.failure(name, "a@b.c")
                assert part in text, (name, text)
                assert "secret" not in text and "geheim" not in text, text
                assert part in maps.explain(name, "a@b.c"), name


@case("explain shows the host, and the command with its values")
def _():
    with Maps("redis", {"m": table("HMGET hash name %s")}) as maps:
        shown = maps.explain("m", "None")
        assert f"asks unix:{server.path}: HMGET \"hash\" \"name\" \"none\"" \
            in shown, shown
        assert "OK v1" in shown, shown


@case("a server that comes later, restarts, goes for good")
def _():
    with Server(started=False) as other:
        with Maps("redis", {"m": table("ECHO %s", at=other)}) as maps:
            check_return(maps, other, "No such file")


@case("a server that comes and goes: TEMP or the value, never another answer")
def _():
    def flap():
        other.start()
        time.sleep(1.3)
        other.stop()
        time.sleep(0.3)

    with Server(started=False) as other:
        with Maps("redis", {"m": table("ECHO %s", at=other)}) as maps:
            found = check_flapping(maps, flap, 3)
            assert any(found) and not all(found)
            other.start()
            maps.wait_found("m", "a")


@case("a connection that the server closes, idle or not: nobody notices")
def _():
    with Maps("redis", {"m": table("ECHO %s")}, deadline=5) as maps:
        def ask(number):
            with maps.client() as client:
                for turn in range(200):
                    key = f"{number} {turn}".encode()
                    assert client.lookup("m", key) == ("OK", key)

        def kill(_):
            for _ in range(3):
                time.sleep(0.1)
                server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert maps.value("m", "a") == "a"
        kill(0)
        assert maps.value("m", "a") == "a"
        in_threads(5, lambda n: server.ask("PING") and (
            ask(n) if n < 4 else time.sleep(0.1) or server.ask(
                "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")))


@case("a server that hangs: TEMP in time, and found when it goes on")
def _():
    with Maps("redis", {"m": table(), "new": table()}) as maps:
        assert maps.value("m", "a@b.c") == "x@y"
        server.hang()
        try:
            in_threads(8, lambda _: maps.failure("m", "a@b.c"))
            in_threads(2, lambda _: maps.failure("new", "a@b.c"))
            assert maps.failure("m", "a@b.c")
        finally:
            server.go_on()
        maps.wait_found("m", "a@b.c")
        maps.wait_found("new", "a@b.c")


@case("a server that is slow: late lookups fail, those in time do not")
def _():
    with Maps("redis", {"m": table("ECHO %s")}) as maps:
        assert maps.value("m", "a") == "a"
        sleeper = threading.Thread(
            target=lambda: server.ask("DEBUG", "SLEEP", 1.5), daemon=True)
        sleeper.start()
        time.sleep(0.1)
        for _ in range(2):
            status, text = maps.ask("m", "a")
            assert status in FAILED or text == b"a", (status, text)
        sleeper.join()
        assert maps.value("m", "a") == "a"


@case("of two hosts the one that does not hang, or load, is asked")
def _():
    with Server() as other:
        other.ask("SET", "a@b.c", "other")
        both = f"unix:{server.path} unix:{other.path}"
        with Maps("redis", {"m": table(hosts=both, connections=1)}) as maps:
            names = {maps.value("m", "a@b.c")}
            assert names < {"x@y", "other"}, names
            asked = server if "x@y" in names else other
            asked.hang()
            try:
                maps.failure("m", "a@b.c")
                maps.wait_found("m", "a@b.c")
                assert {maps.value("m", "a@b.c")} | names == {"x@y", "other"}
            finally:
                asked.go_on()


@case("a server that loads its data is asked when it has them")
def _():
    with Server(key_load_delay=500000, rdbcompression="no",
                loading_process_events_interval_bytes=1024) as other:
        other.fill([("SET", f"k{n}", "v" * 3000) for n in range(6)])
        other.ask("SAVE")
        with Maps("redis", {"m": table(at=other)}) as maps:
            assert maps.value("m", "k1") == "v" * 3000
            restart = threading.Thread(target=other.restart, daemon=True)
            restart.start()
            reasons = set()
            end = time.monotonic() + 20
            while restart.is_alive():
                status, text = maps.ask("m", "k1")
                assert status in FAILED or status == "OK", (status, text)
                reasons.add(text.decode())
                assert time.monotonic() < end
                time.sleep(0.02)
            maps.wait_found("m", "k1")
            assert any("LOADING" in why for why in reasons), reasons


@case("a map whose server hangs delays no other")
def _():
    with Server() as other, Maps("redis", {
            "hanging": table("ECHO %s", at=other), "good": table()}) as maps:
        maps.wait_found("hanging", "a")
        other.hang()
        check_neighbour(maps)


@case("a daemon that ends while lookups are under way")
def _():
    with Server() as other, Maps("redis", {"m": table("ECHO %s", at=other)},
                                 deadline=30, drain_timeout="100ms") as maps:
        assert maps.value("m", "a") == "a"
        other.hang()
        clients = [maps.client() for _ in range(3)]
        for number, client in enumerate(clients):
            client.ask("m", f"slow{number}")
        clients.pop().close()
        time.sleep(0.1)
        assert maps.daemon.stop() == 0, maps.daemon.stderr()
        for client in clients:
            client.close()


@case("sentinels: the master is found, and again after a failover")
def _():
    with Server() as first, Server(
            replicaof=f"127.0.0.1 {first.port}") as second:
        first.ask("SET", "a@b.c", "x@y")
        end = time.monotonic() + 20
        while second.ask("GET", "a@b.c") != b"x@y":
            assert time.monotonic() < end
            time.sleep(0.05)
        with Sentinel(first.port) as sentinel:
            where = (f"127.0.0.1:{free_port()} 127.0.0.1:{sentinel.port}")
            while b"slave0" not in first.ask("INFO", "replication") or not \
                    sentinel.ask("SENTINEL", "replicas", "mail"):
                assert time.monotonic() < end
                time.sleep(0.05)
            with Maps("redis", {
                    "m": table(hosts=None, sentinels=where,
                               master_name="mail"),
                    "unknown": table(hosts=None, sentinels=where,
                                     master_name="nothing"),
                    "sentinel": table(hosts=f"127.0.0.1:{sentinel.port}")
                    }) as maps:
                assert maps.value("m", "a@b.c") == "x@y"
                assert "x@y" in maps.explain("m", "a@b.c")
                assert maps.failure("unknown", "a")
                assert 'no master "nothing"' in maps.failure("unknown", "a") \
                    or "refused" in maps.failure("unknown", "a")
                assert "unknown command" in maps.failure("sentinel", "a")
                first.stop()
                while sentinel.master_port() != second.port:
                    status, text = maps.ask("m", "a@b.c")
                    assert status in FAILED or text == b"x@y", (status, text)
                    assert time.monotonic() < end, "no failover"
                    time.sleep(0.05)
                maps.wait_found("m", "a@b.c", 5)


@case("a replica is not asked for what the master has")
def _():
    with Server(replicaof=f"127.0.0.1 {server.port}") as replica, \
            Impostor([b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d\r\n" % (
                len(str(replica.port)), replica.port)], False) as sentinel:
        with Maps("redis", {"m": table(
                hosts=None, sentinels=f"127.0.0.1:{sentinel.port}",
                master_name="mail")}) as maps:
            assert "not the master" in maps.failure("m", "a@b.c")


REPLIES = {
    "empty": b"", "garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "bytes": bytes(range(256)), "no-crlf": b"$1\r\nxYZ", "half": b"$5\r\nhel",
    "size": b"$x\r\n", "negative": b"$-2\r\n", "nil-x": b"$-1x\r\n",
    "half-nil": b"$-1\r", "half-nil-2": b"$-1", "array-nil-half": b"*-1",
    "array": b"*2\r\n$1\r\nx\r\n", "array-none": b"*-2\r\n",
    "large": b"$2000000000\r\nx", "many": b"*2000000000\r\n",
    "beyond": b"$99999999999999999999\r\n", "number": b":x\r\n",
    "deep": b"*1\r\n" * 20 + b":1\r\n", "nothing": b"\r\n",
    "resp3": b"_\r\n", "map": b"%1\r\n+a\r\n+b\r\n",
    "error": b"-ERR no\r\n", "error-in": b"*2\r\n$1\r\nx\r\n-ERR no\r\n",
    "errors-in": b"*3\r\n-ERR no\r\n$1\r\nx\r\n*1\r\n$-1\r\n",
    "mixed": b"*2\r\n$1\r\nx\r\n+\xff\xfe\n",
}


@case("half a reply, garbage, and what is too large: TEMP, in time")
def _():
    for closes in (False, True):
        impostors = {name: Impostor([b"+PONG\r\n", reply], closes)
                     for name, reply in REPLIES.items()}
        for number, greeting in enumerate((
                b"", b"+PO", b"-ERR max number of clients reached\r\n",
                b"$-1\r\n", b"*0\r\n", b"\xff\xff\xff", b"HTTP/1.0 200 OK\r\n",
                b"-LOADING wait\r\n", b"-MASTERDOWN no\r\n",
                b"+PONG\r\n$1\r\nx\r\n")):
            impostors[f"greeting{number}"] = Impostor([greeting], closes)
        impostors["good"] = Impostor([b"+PONG\r\n", b"$1\r\nx\r\n"], closes,
                                     True)
        tables = {name: table(hosts=f"127.0.0.1:{one.port}")
                  for name, one in impostors.items()}
        with Maps("redis", tables) as maps:
            names = [name for name in impostors if name != "good"]
            for _ in range(3):
                assert maps.value("good", "a") == "x"
            in_threads(len(names), lambda n: maps.failure(names[n], "a"))
            for name in ("half", "garbage", "half-nil", "error-in",
                         "greeting1"):
                assert "TEMP" in maps.explain(name, "a"), name
        for one in impostors.values():
            one.close()


@case("a reply more than was asked for is nobody's answer")
def _():
    with Impostor([b"+PONG\r\n", b"$1\r\nx\r\n$5\r\nwrong\r\n",
                   b"$5\r\nwrong\r\n"], False) as extra, \
            Impostor([b"+PONG\r\n", b"$1\r\nx\r\n$5\r\nwr",
                      b"ong\r\n"], False) as half, \
            Impostor([b"+PONG\r\n", b"$1\r\nx\r\n*2\r\n$5\r\nwrong\r\n",
                      b"$5\r\nwrong\r\n"], False) as begun:
        with Maps("redis", {
                "extra": table(hosts=f"127.0.0.1:{extra.port}"),
                "half": table(hosts=f"127.0.0.1:{half.port}"),
                "begun": table(hosts=f"127.0.0.1:{begun.port}")}) as maps:
            for name in ("extra", "half", "begun"):
                for _ in range(5):
                    assert maps.ask(name, "a") == ("OK", b"x"), name


@case("a password that a server repeats is not shown")
def _():
    with Impostor([b"-ERR unknown command, with args: geheim %s\r\n"], False,
                  True) as parrot:
        with Maps("redis", {"m": table(hosts=f"127.0.0.1:{parrot.port}",
                                       password=PASSWORD)},
                  secret=PASSWORD) as maps:
            text = maps.failure("m", "a")
            assert "AUTH" in text and "geheim" not in text, text


@case("what is no command for a table is refused")
def _():
    wrong = {
        "no-command": (table(None), "command is missing"),
        "letter": (table("GET %x"), "%x"), "end": (table("GET %"), "%"),
        "set": (table("SET %s x"), "does more than read"),
        "lower": (table("flushall"), "does more than read"),
        "eval": (table("EVALSHA %s 0"), "_RO"),
        "name": (table("%s x"), "of no key"),
        "blank": (table(""), "command"),
        "uri": (table(hosts="redis://localhost"), "HOST:PORT"),
        "path": (table(hosts="unix:/" + "x" * 200), "HOST:PORT"),
        "number": (table(database="x"), "database"),
        "connections": (table(connections=0), "connections"),
        "both": (table(sentinels="localhost"), "not together"),
        "nameless": (table(hosts=None, sentinels="x"), "master_name"),
        "hostless": (table(master_name="x"), "sentinels"),
        "user": (table(user="x"), "password")}
    with Maps("redis", {name: text for name, (text, _) in wrong.items()}
              ) as maps:
        for name, (_, part) in wrong.items():
            maps.failure(name, "a")
            line = maps.daemon.wait_line(f"/{name}.cf")
            assert part in line, (name, line)


@case("of the server's own commands all are refused that do more than read")
def _():
    banned = {"write", "admin", "pubsub", "blocking"}
    commands = {entry[0].decode(): {flag.decode() for flag in entry[2]}
                for entry in server.ask("COMMAND")}
    assert len(commands) > 100
    with Maps("redis", {name: table(f"{name} %s") for name in commands}
              ) as maps:
        for name, flags in commands.items():
            text = maps.failure(name, "a") if flags & banned else ""
            assert not flags & banned or "not open" in text or \
                "than read" in text or "may write" in text, (name, text)
            if "readonly" in flags and not flags & banned:
                status, text = maps.ask(name, "a")
                assert b"than read" not in text, (name, text)
                assert b"may write" not in text, (name, text)


server.close()
done()
