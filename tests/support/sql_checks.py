# SPDX-License-Identifier: MIT
"""What holds for tables that ask a server in SQL, whatever server it is.

`make` makes maps of tables by name, written as the lines of their files; these
come from `query`, for a text of SQL and other options. The server has a table
kv with the keys k, values v and numbers n that the checks ask for.
"""
import time

from ports import free_port
from table_maps import FAILED, in_threads

BY_KEY = "select v from kv where k = '%s'"


def value_tables(query):
    """For check_values."""
    return {
        "m": query(BY_KEY),
        "all": query("select k, n, v from kv where k = '%s' order by n",
                     result_format="<%s>"),
        "limit": query(BY_KEY, expansion_limit=1)}


def check_values(maps):
    """Found, absent, NULL, empty, several rows and columns, large."""
    assert maps.value("m", "a@b.c") == "x@y"
    assert maps.value("m", "A@B.C") == "x@y"
    assert maps.value("m", "Straße@b.c") == "folded"
    assert maps.value("m", "it's@b.c") == "quoted"
    assert maps.value("m", "bytes@b.c") == "ä"
    assert maps.value("m", "back\\slash") == "back"
    assert maps.value("m", "many@b.c") == "1,2"
    for key in ("null@b.c", "empty@b.c", "nobody@b.c", "' or 'a'='a"):
        assert maps.value("m", key) == "NOTFOUND", key
    assert maps.value("m", "big@b.c") == "x" * 99997
    for key in ("bigger@b.c", "huge@b.c"):
        assert maps.failure("m", key)
    assert maps.value("m", "a@b.c") == "x@y"
    assert maps.value("all", "a@b.c") == "<a@b.c>,<1>,<x@y>"
    assert maps.value("all", "null@b.c") == "<null@b.c>,<3>"
    assert maps.value("limit", "a@b.c") == "x@y"
    assert "expansion_limit" in maps.failure("limit", "many@b.c")
    assert maps.value("limit", "a@b.c") == "x@y"


def check_unasked(make, query, refused):
    """Keys without a query are not found, though the server is down; refused:
    what is said of others then."""
    down = {"hosts": f"inet:127.0.0.1:{free_port()}"}
    with make({
            "domain": query(BY_KEY, domain="b.c", **down),
            "d": query("select '%d'", **down),
            "user": query("select '%u'", **down),
            "label": query("select '%3'", **down),
            "format": query("select '%s'", result_format="%D", **down),
            "all": query(BY_KEY, **down)}) as maps:
        for name, key in (("domain", "a"), ("domain", "@b.c"),
                          ("domain", "b.c"), ("domain", "a@other"), ("d", "a"),
                          ("user", "@b.c"), ("label", "a@b.c"), ("format", "a"),
                          ("all", b"\xff"), ("all", "")):
            assert maps.value(name, key) == "NOTFOUND", (name, key)
        for name in ("domain", "d", "user", "format", "all"):
            assert refused in maps.failure(name, "a@b.c"), name


def check_hosts(make, query, port):
    """Of several hosts those that are there are asked."""
    dead = f"inet:127.0.0.1:{free_port()}"
    with make({"m": query(BY_KEY, hosts=f"{dead}, unix:/nonexistent "
                          f"127.0.0.1:{port}")}) as maps:
        for _ in range(5):
            assert maps.value("m", "a@b.c") == "x@y"


def check_wrong_files(make, wrong):
    """wrong: by name the text of a file, and what is said of it; never the
    password "geheim"."""
    with make({name: text + "\n" for name, (text, _) in wrong.items()}) as maps:
        for name, (_, part) in wrong.items():
            maps.failure(name, "a")
            maps.daemon.wait_line(part)
        assert "geheim" not in maps.daemon.stderr(), maps.daemon.stderr()


def check_hang(make, server, tables):
    """A server that hangs: TEMP in time, and found when it goes on. The first
    one of the tables is connected before."""
    first, *others = tables
    with make(tables) as maps:
        assert maps.value(first, "a@b.c") == "x@y"
        server.hang()
        try:
            in_threads(8, lambda _: maps.failure(first, "a@b.c"))
            in_threads(2 * len(others), lambda number: maps.failure(
                others[number % len(others)], "a@b.c"))
            assert maps.failure(first, "a@b.c")
        finally:
            server.go_on()
        for name in tables:
            maps.wait_found(name, "a@b.c")


def wait_running(server, text, count):
    """Waits until so many queries of a slow key are run, as this counts."""
    end = time.monotonic() + 6
    while server.sql(text) != str(count):
        assert time.monotonic() < end, f"there are never {count}"
        time.sleep(0.05)


def check_slow(maps, slow):
    """So many keys of the map "m" that begin with "slow" fail at the deadline;
    others, which are their own values, don't wait for them."""
    def ask_slow(number):
        start = time.monotonic()
        status, text = maps.ask("m", f"slow{number}")
        took = time.monotonic() - start
        assert status in FAILED, text
        maps.in_time(took)

    def ask_others(number):
        with maps.client() as client:
            for turn in range(20):
                key = f"{number} {turn}"
                answer = client.lookup("m", key)
                assert answer == ("OK", key.encode()), answer

    in_threads(12, lambda n: ask_slow(n) if n < slow else ask_others(n))


def check_end(maps, clients, is_running):
    """A daemon that ends while queries of slow keys are under way."""
    clients = [maps.client() for _ in range(clients)]
    for number, client in enumerate(clients):
        client.ask("m", f"slow{number}")
    is_running()
    assert maps.daemon.stop() == 0, maps.daemon.stderr()
    for client in clients:
        client.close()
