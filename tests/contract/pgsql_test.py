#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pgsql tables, through a daemon: what each kind of query, key and option gives;
what cannot be known is never "not found"."""
import tempfile

from ending import end_on_signals
from pgsql_maps import Maps
from postgres import PASSWORD, Server
from sql_checks import (BY_KEY, check_hosts, check_unasked, check_values,
                        check_wrong_files, value_tables)
from table_maps import in_threads
from tap import case, done

SCHEMA = """
create table kv (k text, v text, n integer);
insert into kv values ('a@b.c', 'x@y', 1), ('it''s@b.c', 'quoted', 2),
    ('null@b.c', null, 3), ('empty@b.c', '', 4), ('many@b.c', '1', 5),
    ('many@b.c', '', 6), ('many@b.c', '2', 7), ('many@b.c', null, 8),
    ('big@b.c', repeat('x', 99997), 9), ('bigger@b.c', repeat('x', 99998), 10),
    ('strasse@b.c', 'folded', 11), ('b.c', 'domain', 12),
    ('huge@b.c', repeat('x', 20000000), 13), ('bytes@b.c', 'ä', 14),
    ('back\\slash', 'back', 15);
create function noisy(key text) returns text language plpgsql as $$
begin
    raise notice 'nothing';
    return key;
end $$;
"""


def query(text, **options):
    return server.options(query=text, **options)


end_on_signals()
server = Server()
server.sql(SCHEMA)


@case("values: found, absent, NULL, empty, several rows and columns, large")
def _():
    with Maps({
            **value_tables(query),
            "type": query("select true, date '2020-02-01', '%s' = 'x'"),
            "none": query("select"),
            "set": query("set application_name = 'x'")}) as maps:
        check_values(maps)
        assert maps.value("type", "x") == "t,2020-02-01,t"
        assert maps.value("none", "x") == maps.value("set", "x") == "NOTFOUND"


@case("what has no parameters is asked by its text, escaped")
def _():
    with Maps({
            "concat": query("select concat('%s', '!')"),
            "format": query("select format('%%L', '%s')"),
            "json": query("select jsonb_build_object('k', '%s') ->> 'k'"),
            "date": query("select date '%s'"),
            "e": query("select E'<%s>'"),
            "number": query("select v from kv where n = %s"),
            "several": query("select 'first'; select '%s'"),
            "cast": query("select v from kv where n = '%s'")}) as maps:
        for key in ("a", "o'brien", "back\\slash", "\"", "$1", "'; select 1"):
            assert maps.value("concat", key) == key + "!"
            assert maps.value("json", key) == key
            assert maps.value("several", key) == key
        assert maps.value("format", "it's") == "'it''s'"
        assert maps.value("date", "2020-2-1") == "2020-02-01"
        assert "invalid input syntax" in maps.failure("date", "x")
        assert maps.value("e", "o'brien") == "<o'brien>"
        assert maps.failure("e", "\\x41")
        assert maps.value("number", "1") == "x@y"
        assert maps.failure("number", "1 or true")
        assert maps.value("cast", "12") == "domain"
        assert "invalid input syntax" in maps.failure("cast", "x")


@case("wrong statements, COPY, and what is not there: TEMP with the reason")
def _():
    with Maps({
            "syntax": query("selec '%s'"), "table": query("select * from no"),
            "empty": query("-- %s"), "copy": query("copy kv to stdout"),
            "in": query("copy kv from stdin"),
            "copies": query("select '%s'; copy kv to stdout"),
            "right": server.options(query="select rolpassword from pg_authid"),
            "good": query(BY_KEY)}) as maps:
        assert "syntax error" in maps.failure("syntax", "a")
        assert "does not exist" in maps.failure("table", "a")
        for _ in range(2):
            for name in ("empty", "copy", "in", "copies"):
                assert maps.failure(name, "a"), name
        assert "permission denied" in maps.failure("right", "a")
        assert maps.value("good", "a@b.c") == "x@y"


@case("among many at once each gets its own answer, the wrong ones TEMP")
def _():
    with Maps({
            "echo": query("select '%s'"),
            "number": query("select '%s'::integer"),
            "function": query("select noisy('%s')"),
            "text": query("select concat('%s')")}, deadline=20) as maps:
        def ask(number):
            with maps.client() as client:
                for turn in range(60):
                    name = ("echo", "number", "function", "text")[turn % 4]
                    key = f"{number}{turn:03}"
                    is_wrong = name == "number" and number % 7 == 0
                    answer = client.lookup(name, "x" + key if is_wrong else key)
                    if is_wrong:
                        assert answer[0] == "TEMP", answer
                    else:
                        expected = key
                        if name == "number":
                            expected = str(int(key))
                        assert answer == ("OK", expected.encode()), answer
        in_threads(50, ask)


@case("1,000 hostile keys: found where they are stored, and nowhere else")
def _():
    words = ["'", "''", "\"", "\\", "\\'", "%", "%s", "$1", ")(", "--", "/*",
             ";", "; drop table kv", "' or '1'='1", "\r\n", "\t", "E'", "$$",
             "\x01", "ä", "日", "\u2028", "@", "a@b", "*", "NULL", "", " "]
    keys = sorted({f"{a}{b}{c}".lower() for a in words for b in words
                   for c in ("", "x", "'")})[:1200]
    keys = [key for key in keys if key and key != key.upper() or "'" in key]
    rows = [key for number, key in enumerate(keys) if number % 2 == 0]
    server.sql("create table hostile (k text primary key, v text)")
    server.sql("".join(
        "insert into hostile values ({0}, md5({0})) on conflict do nothing;"
        .format("convert_from('\\x" + key.encode().hex() + "', 'UTF8')")
        for key in rows))
    stored = dict(zip(*[iter(server.sql(
        "select encode(convert_to(k, 'UTF8'), 'hex') || E'\\n' || v "
        "from hostile").split("\n"))] * 2))
    with Maps({"h": query("select v from hostile where k = '%s'")},
              deadline=20) as maps, maps.client() as client:
        asked = 0
        for key in keys:
            answer = client.lookup("h", key)
            value = stored.get(key.encode().hex())
            if value is not None:
                assert answer == ("OK", value.encode()), (key, answer)
            else:
                assert answer[0] == "NOTFOUND", (key, answer)
            asked += 1
        assert asked >= 900, asked
        for key in (b"'\0", b"a\0b", b"\0"):
            assert client.lookup("h", key)[0] == "TEMP", key
        for key in (b"\xff", b"a\xc3", b"\xed\xa0\x80"):
            assert client.lookup("h", key)[0] == "NOTFOUND", key


@case("keys without a query are not found, though the server is down")
def _():
    check_unasked(Maps, query, "Connection refused")


@case("options: a function, the parts of a query, passwords, encodings, URIs")
def _():
    guarded = {"user": "guarded", "dbname": "postgres"}
    uri = ("postgresql://guarded:a%27b%5Cc%20d@127.0.0.1:"
           f"{server.port}/postgres?application_name=uri")
    wrong_uri = uri.replace("%27b", "%27wrong")
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(PASSWORD + "\n")
        file.flush()
        with Maps({
                "function": server.options(select_function="upper"),
                "parts": server.options(
                    select_field="v", table="kv", where_field="k",
                    additional_conditions="and n < 12 and v not like 'q%%'"),
                "password": query(BY_KEY, password=PASSWORD, **guarded),
                "file": query(BY_KEY, password_file=file.name, **guarded),
                "wrong": query(BY_KEY, password="secret", **guarded),
                "missing": query(BY_KEY, **guarded),
                "database": query(BY_KEY, dbname="nothing"),
                "uri": query(BY_KEY, hosts=uri, user=None, dbname=None),
                "bad-uri": query(BY_KEY, hosts=wrong_uri, dbname=None),
                "name": query(BY_KEY, hosts=f"localhost:{server.port}"),
                "unix": query(BY_KEY, hosts=f"unix:{server.directory}")
                if server.port == 5432 else query(
                    BY_KEY, hosts="postgresql:///postgres?user=mail&host="
                    f"{server.directory}&port={server.port}"),
                "nowhere": query(BY_KEY, hosts="unix:/nonexistent"),
                "latin": query("select '%s', octet_length('%s'::text)",
                               encoding="LATIN1"),
                "unknown": query(BY_KEY, encoding="nothing")}) as maps:
            assert maps.value("function", "a") == "A"
            assert maps.value("parts", "a@b.c") == "x@y"
            assert maps.value("parts", "it's@b.c") == "NOTFOUND"
            for name in ("password", "file", "uri", "name", "unix"):
                assert maps.value(name, "a@b.c") == "x@y", name
            for name in ("wrong", "missing", "bad-uri"):
                text = maps.failure(name, "a@b.c")
                assert "password" in text and "secret" not in text, text
                assert "wrong" not in text, text
            assert "does not exist" in maps.failure("database", "a@b.c")
            assert maps.value("latin", "ä") == "ä,4"
            assert maps.failure("unknown", "a@b.c")
            assert "No such file" in maps.failure("nowhere", "a@b.c")


@case("of several hosts those that are there are asked")
def _():
    check_hosts(Maps, query, server.port)


@case("wrong files are told of, and the passwords in them not shown")
def _():
    wrong = {
        "no-dbname": ("hosts = x\nquery = y", "dbname is missing"),
        "no-query": ("dbname = d", "query is missing"),
        "letter": ("dbname = d\nquery = %x", "%x"),
        "host": ("dbname = d\nquery = x\nhosts = a:b:c", "HOST:PORT"),
        "number": ("dbname = d\nquery = x\nconnections = 0", "connections"),
        "uri": ("query = x\nhosts = postgresql://u:geheim@h:p%zz/", "URI")}
    check_wrong_files(Maps, wrong)


server.close()
done()
