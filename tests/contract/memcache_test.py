#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""memcache tables, through a daemon, whatever the server does: each answer is
of its own key, and what cannot be known is never "not found"."""
import tempfile
import threading
import time

from ending import end_on_signals
from impostor import Impostor
from memcached import Server
from ports import free_port
from table_maps import FAILED, Maps, in_threads
from tap import case, done

BIG = 100000 - len("OK ")
TEXT = "a@b.c backup\nonly@b.c behind\nbig@b.c " + "x" * 20000 + "\n"


def table(at=None, **options):
    """The lines of a .cf file; None leaves one out."""
    options = {"memcache": f"inet:127.0.0.1:{(at or server).port}", **options}
    return "".join(f"{name} = {value}\n" for name, value in options.items()
                   if value is not None)


def wait_stored(key, where=None):
    """It is stored after the answer, soon."""
    end = time.monotonic() + 5
    while (found := (where or server).get(key)) is None:
        assert time.monotonic() < end, f"{key} is never stored"
        time.sleep(0.01)
    return found


end_on_signals()
server = Server()
directory = tempfile.TemporaryDirectory(prefix="memcache-")
backup = f"texthash:{directory.name}/text"
with open(directory.name + "/text", "w", encoding="utf-8") as text_file:
    text_file.write(TEXT)
with open(directory.name + "/second.cf", "w", encoding="utf-8") as text_file:
    text_file.write(table())
for name, content in {
        "a@b.c": "x@y", "p:a@b.c": "prefixed", "empty": "", "nul": "a\0b",
        "lines": "a\r\nEND\r\n", "big": "x" * BIG, "straße": "sharp",
        "strasse": "folded", "ten": "x" * 10240, "eleven": "x" * 10241,
        "b.c": "domain"}.items():
    server.set(name.encode(), content.encode(), 7)
server.set(b"bytes", b"\xff")


@case("values: found, absent, empty, large, NUL; keys that can't be asked for")
def _():
    with Maps("memcache", {
            "m": table(), "prefix": table(key_format="p:%s"),
            "large": table(data_size_limit=200000),
            "domain": table(key_format="%d"),
            "line": table(line_size_limit=14)}) as maps:
        assert maps.value("m", "a@b.c") == "x@y"
        assert maps.value("m", "A@B.C") == "x@y"
        assert maps.value("m", "Straße") == "folded"
        assert maps.value("m", "ten") == "x" * 10240
        assert maps.value("prefix", "a@b.c") == "prefixed"
        assert maps.value("large", "big") == "x" * BIG
        assert maps.value("domain", "x@b.c") == "domain"
        assert maps.value("line", "b.c") == "domain"
        assert "too long" in maps.failure("line", "a@b.c")
        for key in ("nobody", "a b", "a\tb", "x" * 251, "x" * 5000, "@",
                    "a@b.c\r\nget ten", "", b"\xff"):
            assert maps.value("m", key) == "NOTFOUND", key
        for key in ("empty", "nul", "bytes", "big", "eleven"):
            assert maps.failure("m", key), key
        assert "data_size_limit" in maps.failure("m", "eleven")
        assert maps.value("m", "lines") == "a\r\nEND\r\n"


@case("a backup is asked for what is missing, and its values are stored")
def _():
    with Maps("memcache", {
            "m": table(backup=backup, flags=5, ttl=1000, key_format="m:%s"),
            "large": table(backup=backup, data_size_limit=30000,
                           key_format="l:%s"),
            "proxy": table(backup="proxy:" + backup, key_format="y:%s"),
            "reader": table(backup=backup, read_only="yes",
                            key_format="r:%s"),
            "down": table(backup=backup,
                          memcache=f"inet:127.0.0.1:{free_port()}"),
            "broken": table(backup="fail:reason", key_format="b:%s"),
            "slow": table(backup=f"memcache:{directory.name}/second.cf",
                          key_format="s:%s")}) as maps:
        assert maps.value("m", "only@b.c") == "behind"
        assert wait_stored(b"m:only@b.c") == (b"VALUE m:only@b.c 5 6", b"behind")
        assert 0 < server.ttl(b"m:only@b.c") <= 1000
        server.set(b"m:only@b.c", b"changed")
        assert maps.value("m", "only@b.c") == "changed"
        assert maps.value("m", "nobody") == "NOTFOUND"
        assert maps.value("m", "big@b.c") == "x" * 20000
        assert maps.value("large", "big@b.c") == "x" * 20000
        wait_stored(b"l:big@b.c")
        assert server.get(b"m:big@b.c") is None
        assert maps.value("proxy", "only@b.c") == "behind"
        wait_stored(b"y:only@b.c")
        assert maps.value("reader", "only@b.c") == "behind"
        assert maps.value("down", "only@b.c") == "behind"
        assert maps.value("down", "nobody") == "NOTFOUND"
        assert "reason" in maps.failure("broken", "only@b.c")
        server.set(b"b:only@b.c", b"here")
        assert maps.value("broken", "only@b.c") == "here"
        assert maps.value("slow", "a@b.c") == "x@y"
        assert wait_stored(b"s:a@b.c")[1] == b"x@y"
        assert maps.value("slow", "nobody") == "NOTFOUND"
        time.sleep(0.1)
        assert server.get(b"r:only@b.c") is None


@case("explain shows the server, the key, and the backup; and stores, too")
def _():
    with Maps("memcache", {"m": table(backup=backup, key_format="e:%s")}
              ) as maps:
        shown = maps.explain("m", "Only@b.c")
        for part in (f"127.0.0.1:{server.port}: get e:only@b.c",
                     "asks the backup", "set e:only@b.c", "OK behind"):
            assert part in shown, (part, shown)
        assert server.get(b"e:only@b.c")[1] == b"behind"


@case("1,000 hostile keys: found where they are stored, and nowhere else")
def _():
    words = ["'", "\"", "\\", "%", "%s", ")(", "--", "get", "set", "END",
             "\x01", "\x7f", "ä", "日", "\u2028", "@", "a@b", "*", "0", "",
             "\r\nset", " ", "\r\n", "VALUE", "noreply"]
    keys = sorted({f"{a}{b}{c}{d}".lower() for a in words for b in words
                   for c in ("", "x") for d in ("", "y")} - {""})
    assert len(keys) > 1000, len(keys)
    values = {}
    for number, key in enumerate(keys):
        if number % 2 and not any(blank in key for blank in " \r\n"):
            server.set(b"h:" + key.encode(), b"<%d>" % number)
            values[key] = b"<%d>" % number
    assert len(values) > 300, len(values)
    with Maps("memcache", {"h": table(key_format="h:%s")},
              deadline=20) as maps, maps.client() as client:
        for key in keys:
            status, text = client.lookup("h", key)
            if key in values:
                assert (status, text) == ("OK", values[key]), (key, text)
            else:
                assert status == "NOTFOUND", (key, text)


@case("among many at once each gets its own answer")
def _():
    for number in range(100):
        server.set(b"many%d" % number, b"value%d" % number)
    with Maps("memcache", {"m": table(), "b": table(
            backup="inline:{" + ", ".join(
                f"{{back{n}=value{n}}}" for n in range(100)) + "}")},
              deadline=20) as maps:
        def ask(number):
            with maps.client() as client:
                for turn in range(60):
                    n = (number * 7 + turn) % 100
                    name, key = ("m", f"many{n}") if turn % 3 else (
                        "b", f"back{n}")
                    answer = client.lookup(name, key)
                    assert answer == ("OK", b"value%d" % n), answer
                    assert client.lookup("m", f"no{n}")[0] == "NOTFOUND"
        in_threads(30, ask)


@case("keys without a query are not found, though the server is down")
def _():
    down = {"memcache": f"inet:127.0.0.1:{free_port()}"}
    with Maps("memcache", {
            "domain": table(domain="b.c", **down),
            "d": table(key_format="x:%d", **down),
            "user": table(key_format="%u", **down),
            "all": table(**down)}) as maps:
        for name, key in (("domain", "a"), ("domain", "@b.c"),
                          ("domain", "b.c"), ("domain", "a@other"), ("d", "a"),
                          ("user", "@b.c"), ("all", "a b"), ("all", b"\xff"),
                          ("all", "")):
            assert maps.value(name, key) == "NOTFOUND", (name, key)
        for name in ("domain", "d", "user", "all"):
            assert "Connection refused" in maps.failure(name, "a@b.c"), name


@case("a server that comes later, restarts, goes for good, comes and goes")
def _():
    with Server(started=False) as other:
        with Maps("memcache", {
                "m": table(at=other, backup=None),
                "b": table(at=other, backup=backup)}) as maps:
            assert "Connection refused" in maps.failure("m", "a@b.c")
            for _ in range(3):
                other.start()
                other.set(b"a@b.c", b"x@y")
                in_threads(4, lambda _: maps.wait_found("m", "a@b.c"))
                assert maps.value("m", "a@b.c") == "x@y"
                assert maps.value("b", "only@b.c") in ("behind",)
                other.stop()
                assert maps.failure("m", "a@b.c")
                assert maps.value("b", "only@b.c") == "behind"
            is_over = threading.Event()

            def ask(number):
                with maps.client() as client:
                    while not is_over.is_set():
                        start = time.monotonic()
                        status, _ = client.lookup("m", "nobody")
                        took = time.monotonic() - start
                        maps.in_time(took)
                        assert status in FAILED or status == "NOTFOUND"
                        status, text = client.lookup("b", "only@b.c")
                        assert (status, text) == ("OK", b"behind"), text

            def flap():
                try:
                    for _ in range(3):
                        other.start()
                        time.sleep(0.5)
                        other.stop()
                        time.sleep(0.3)
                finally:
                    is_over.set()
            in_threads(5, lambda n: flap() if n == 4 else ask(n))


@case("a server that hangs: TEMP in time, the backup's values; then found")
def _():
    with Maps("memcache", {
            "m": table(), "timeout": table(timeout=1, max_try=1),
            "b": table(backup=backup), "good": "memcache = unix:/nothing\n"
            f"backup = {backup}\n"}, deadline=2) as maps:
        assert maps.value("m", "a@b.c") == "x@y"
        server.hang()
        try:
            in_threads(8, lambda _: maps.failure("m", "a@b.c"))
            start = time.monotonic()
            assert "in time" in maps.failure("timeout", "a@b.c")
            assert time.monotonic() - start < 1.5
            in_threads(20, lambda _: maps.value("b", "only@b.c") == "behind"
                       or 1 / 0)
            start = time.monotonic()
            for _ in range(20):
                assert maps.value("good", "only@b.c") == "behind"
            assert time.monotonic() - start < 1
        finally:
            server.go_on()
        maps.wait_found("m", "a@b.c")
        end = time.monotonic() + 2
        while maps.value("b", "a@b.c") != "x@y":
            assert time.monotonic() < end
            time.sleep(0.05)


@case("a daemon that ends while lookups and values are under way")
def _():
    with Server() as other, Maps("memcache", {
            "m": table(at=other, backup=backup)},
            deadline=30, drain_timeout="100ms") as maps:
        assert maps.value("m", "only@b.c") == "behind"
        other.hang()
        clients = [maps.client() for _ in range(3)]
        for client in clients:
            client.ask("m", "a@b.c")
        clients.pop().close()
        time.sleep(0.1)
        assert maps.daemon.stop() == 0, maps.daemon.stderr()
        for client in clients:
            client.close()


REPLIES = {
    "empty": b"", "garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "bytes": bytes(range(256)), "error": b"ERROR\r\n",
    "server": b"SERVER_ERROR out of memory\r\n", "end": b"END",
    "end-lf": b"END\n", "endx": b"ENDX\r\n", "half-end": b"EN",
    "half": b"VALUE a 0 5\r\nhel", "line": b"VALUE a 0",
    "key": b"VALUE b 0 1\r\nx\r\nEND\r\n", "longer": b"VALUE aa 0 1\r\nx\r\n"
    b"END\r\n", "size": b"VALUE a 0 x\r\nx\r\nEND\r\n",
    "negative": b"VALUE a 0 -1\r\nx\r\nEND\r\n",
    "beyond": b"VALUE a 0 99999999999999999999\r\nx\r\nEND\r\n",
    "most": b"VALUE a 0 18446744073709551615\r\nx\r\nEND\r\n",
    "large": b"VALUE a 0 2000000000\r\nx", "no-end": b"VALUE a 0 1\r\nx\r\n",
    "no-crlf": b"VALUE a 0 1\r\nxyzEND\r\n", "long": b"V" * 100000,
    "two": b"VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\ny\r\nEND\r\n",
    "stored": b"STORED\r\n", "nothing": b"\r\n",
}


@case("half a reply, garbage, and what is too large: TEMP, in time")
def _():
    for closes in (False, True):
        impostors = {name: Impostor([reply], closes)
                     for name, reply in REPLIES.items()}
        impostors["good"] = Impostor([b"VALUE a 0 1\r\nx\r\nEND\r\n"], closes,
                                     True)
        impostors["absent"] = Impostor([b"END\r\n"], closes, True)
        impostors["extra"] = Impostor(
            [b"VALUE a 0 1\r\nx\r\nEND\r\nEND\r\n"], closes, True)
        tables = {name: table(at=one) for name, one in impostors.items()}
        with Maps("memcache", tables) as maps:
            for _ in range(3):
                assert maps.value("good", "a") == "x"
                assert maps.value("absent", "a") == "NOTFOUND"
                assert maps.value("extra", "a") == "x"
            names = list(REPLIES)
            in_threads(len(names), lambda n: maps.failure(names[n], "a"))
            for name in ("half", "garbage", "end", "key"):
                assert "TEMP" in maps.explain(name, "a"), name
        for one in impostors.values():
            one.close()


@case("a server that fails is asked again after a pause, max_try times")
def _():
    replies = [b"SERVER_ERROR busy\r\n", b"VALUE a 0 1\r\nx\r\nEND\r\n"]
    with Impostor(replies, True, shared=True) as second, \
            Impostor(replies, True, shared=True) as once:
        with Maps("memcache", {"m": table(at=second),
                               "once": table(at=once, max_try=1)},
                  deadline=4) as maps:
            assert maps.value("m", "a") == "x"
            assert "busy" in maps.failure("once", "a")


@case("what cannot be stored hurts nobody")
def _():
    with Impostor([b"END\r\n", b"SERVER_ERROR busy\r\n", b"END\r\n"],
                  False, True) as full:
        with Maps("memcache", {"m": table(at=full, backup=backup)}) as maps:
            for _ in range(5):
                assert maps.value("m", "only@b.c") == "behind"


@case("wrong files are told of")
def _():
    wrong = {
        "address": (table(memcache="localhost:11211"), "inet:HOST:PORT"),
        "letter": (table(key_format="%x"), "%x"),
        "backup": (table(backup="nothing"), "TYPE:NAME"),
        "type": (table(backup="nothing:x"), "nothing"),
        "missing": (table(backup="texthash:/nonexistent"), "/nonexistent"),
        "number": (table(ttl="x"), "ttl"), "try": (table(max_try=0), "max_try"),
        "bool": (table(read_only="maybe"), "read_only"),
        "self": (table(backup=f"memcache:{directory.name}/self.cf"),
                 "self.cf")}
    with open(directory.name + "/self.cf", "w", encoding="utf-8") as file:
        file.write(f"backup = memcache:{directory.name}/self.cf\n")
    with Maps("memcache", {name: text for name, (text, _) in wrong.items()}
              ) as maps:
        for name, (_, part) in wrong.items():
            maps.failure(name, "a")
            line = maps.daemon.wait_line(f"/{name}.cf")
            assert part in line, (name, line)


server.close()
directory.cleanup()
done()
