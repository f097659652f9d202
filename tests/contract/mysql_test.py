#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mysql tables, through a daemon, whatever the server does: each answer is of
its own key, and what cannot be known is never "not found"."""
import os
import signal
import socket
import subprocess
import tempfile
import time

import table_maps
from ending import end_on_signals
from impostor import Impostor
from mariadb import PASSWORD, Server
from mysql_messages import GREETING, HEAD, PREPARED, REPLIES, ROWS, packet, text
from sql_checks import (BY_KEY, check_end, check_hang, check_hosts, check_slow,
                        check_unasked, check_values, check_wrong_files,
                        value_tables, wait_running)
from table_maps import (DEADLINE, check_flapping, check_neighbour,
                        check_return, in_threads)
from tap import case, done

SCHEMA = """
create table kv (k varchar(200) collate utf8mb4_nopad_bin, v longtext, n int,
    index (k), index (n));
insert into kv values ('a@b.c', 'x@y', 1), ('it''s@b.c', 'quoted', 2),
    ('null@b.c', null, 3), ('empty@b.c', '', 4), ('many@b.c', '1', 5),
    ('many@b.c', '', 6), ('many@b.c', '2', 7), ('many@b.c', null, 8),
    ('big@b.c', repeat('x', 99997), 9), ('bigger@b.c', repeat('x', 99998), 10),
    ('strasse@b.c', 'folded', 11), ('b.c', 'domain', 12),
    ('huge@b.c', repeat('x', 15000000), 13), ('bytes@b.c', 'ä', 14),
    ('back\\\\slash', 'back', 15), ('nul@b.c', concat('a', char(0), 'b'), 16);
insert into kv select 'thousands@b.c', concat('v', seq), 17
    from seq_1_to_5000;
create table types (k varchar(20), v1 double, v2 float, v3 decimal(9,3),
    v4 datetime(3), v5 time, v6 date, v7 bit(16), v8 int(9) zerofill, v9 year,
    v10 bigint unsigned, v11 enum('x', 'y'), v12 tinyint);
insert into types values ('k', 0.1e30, 1.5, -1.5, '2020-02-01 1:2:3.5',
    '-25:00:01', '0000-00-00', b'100000101000010', 42, 2021,
    18446744073709551615, 'y', -128), ('i', null, null, null, null, null, null,
    null, null, null, 18446744073709551615, 'y', -128);
delimiter //
create procedure two(in x varchar(20)) begin select x; select 'second'; end //
create procedure one(in x varchar(20)) begin
    if x <> 'none' then select v from kv where k = x; end if; end //
create procedure broken(in x varchar(20)) begin
    if x = 'lost' then kill connection_id(); end if; select x; end //
create function slow(x varchar(20)) returns varchar(20) begin
    if x like 'slow%' then do sleep(60); end if; return x; end //
delimiter ;
"""


def Maps(tables, **settings):
    return table_maps.Maps("mysql", tables, secret=PASSWORD, **settings)


def query(text, **options):
    return server.options(query=text, **options)


end_on_signals()
directory = tempfile.TemporaryDirectory(prefix="mysql-")
os.chmod(directory.name, 0o755)
server, other = Server(), Server()
server.sql("set sql_mode = '';" + SCHEMA)


@case("values: found, absent, NULL, empty, several rows and columns, large")
def _():
    with Maps({**value_tables(query),
               "count": query("select count(*) from kv where k = '%s'")},
              deadline=5) as maps:
        check_values(maps)
        assert maps.failure("m", "nul@b.c")
        assert "expansion_limit" in maps.failure("limit", "thousands@b.c")
        assert maps.value("limit", "a@b.c") == "x@y"
        assert maps.value("m", "thousands@b.c") == ",".join(
            f"v{number}" for number in range(1, 5001))
        assert maps.value("count", "nobody") == "0"


@case("values of all types are those of text")
def _():
    names = [f"v{number}" for number in range(1, 13)]
    with Maps({name: query(f"select {name} from types where k = '%s'")
               for name in names}) as maps:
        for name in names:
            expected = server.sql(f"select {name} from types where k = 'k'")
            for _ in range(2):
                assert maps.value(name, "k") == expected, (name, expected)
        assert maps.value("v1", "nobody") == "NOTFOUND"


@case("what has no parameters is asked by its text, escaped")
def _():
    with Maps({
            "concat": query("select concat('%s', '!')"),
            "double": query('select "<%s>", "it\'s", \'a\\\\b\''),
            "beside": query("select 'x' '%s'"),
            "charset": query("select _utf8mb4'%s'"),
            "date": query("select date '%s'"),
            "number": query("select v from kv where n = %s"),
            "name": query("select `%s` from kv where k = 'a@b.c'"),
            "hint": query("select /*!50000 '%s', */ '%u'"),
            "comment": query("select '%s' -- '%u'")}) as maps:
        for key in ("a", "o'brien", "back\\slash", "\"", "$1", "'; select 1",
                    "\\'", "'\\", "ä日", "?"):
            assert maps.value("concat", key) == key + "!"
            assert maps.value("double", key) == f"<{key}>,it's,a\\b"
            assert maps.value("charset", key) == key
            assert maps.value("beside", key) == "x" + key
            assert maps.value("comment", key) == key
        assert maps.value("date", "2020-2-1") == "2020-02-01"
        assert "Incorrect DATE value" in maps.failure("date", "x")
        assert maps.value("number", "1") == "x@y"
        assert maps.failure("number", "1 or true")
        assert maps.value("name", "v") == "x@y"
        assert maps.failure("name", "v`, 1, `v")
        assert maps.value("hint", "a") == "a,a"
        assert maps.failure("hint", "a*/")


@case("procedures: one result set is taken, two or none fail")
def _():
    with Maps({
            "one": query("call one('%s')"), "two": query("call two('%s')"),
            "text": query("call one(concat('%s', ''))"),
            "maybe": query("call one('%s')", require_result_set="no"),
            "set": query("set @x = '%s'"),
            "unset": query("set @x = '%s'", require_result_set="no")}) as maps:
        for _ in range(2):
            assert maps.value("one", "a@b.c") == "x@y"
            assert maps.value("text", "many@b.c") == "1,2"
            assert maps.value("one", "nobody") == "NOTFOUND"
            for name in ("one", "text", "set"):
                assert "no result set" in maps.failure(name, "none"), name
            assert maps.value("maybe", "none") == "NOTFOUND"
            assert maps.value("maybe", "a@b.c") == "x@y"
            assert maps.value("unset", "a") == "NOTFOUND"
            assert "several" in maps.failure("two", "a")


@case("wrong statements: TEMP with the reason, and the connection is kept")
def _():
    with Maps({
            "syntax": query("selec '%s'"), "table": query("select * from no"),
            "empty": query("-- %s"), "several": query("select 1; select '%s'"),
            "right": query("select * from mysql.user"),
            "open": query("select '%s"), "mixed": query(
                "select 1/0 from dual where '%s' = 'a' and (select 1 union "
                "select 2)"),
            "good": query("select connection_id(), '%s'")},
              workers=1) as maps:
        before = maps.value("good", "a")
        for _ in range(2):
            assert "error in your SQL syntax" in maps.failure("syntax", "a")
            assert "doesn't exist" in maps.failure("table", "a")
            assert "denied" in maps.failure("right", "a")
            assert "more than 1 row" in maps.failure("mixed", "a")
            for name in ("empty", "several", "open"):
                assert maps.failure(name, "a"), name
        assert maps.value("good", "a") == before


@case("among many at once each gets its own answer, the wrong ones TEMP")
def _():
    with Maps({
            "echo": query("select '%s'"),
            "call": query("call one('%s')"),
            "number": query("select v from kv where n = %s"),
            "text": query("select concat('%s', now(6)) - 1 is null, '%u'")},
              deadline=20) as maps:
        def ask(number):
            with maps.client() as client:
                for turn in range(40):
                    key = f"{number} {turn}"
                    answer = client.lookup("echo", key)
                    assert answer == ("OK", key.encode()), answer
                    answer = client.lookup("text", key)
                    assert answer == ("OK", b"0," + key.encode()), answer
                    assert client.lookup("call", "a@b.c") == ("OK", b"x@y")
                    assert client.lookup("number", key)[0] == "TEMP"
        in_threads(20, ask)


@case("1,000 hostile keys: found where they are stored, and nowhere else")
def _():
    words = ["'", "''", "\"", "\\", "\\'", "%", "%s", "?", ")(", "--", "/*",
             ";", "; drop table kv", "' or '1'='1", "\r\n", "\t", "_", "#",
             "\x01", "\x1a", "ä", "日", "\u2028", "@", "a@b", "*", "NULL", "`",
             "", " "]
    keys = sorted({f"{a}{b}{c}".casefold() for a in words for b in words
                   for c in ("", "x", "'")} - {""})[:1400]
    stored = {key: f"value{number}" for number, key in enumerate(keys)
              if number % 2 == 0}
    server.sql("create table hostile (k varchar(100) collate "
               "utf8mb4_nopad_bin, v text, index (k))")
    server.sql("".join(
        f"insert into hostile values (convert(x'{key.encode().hex()}' using "
        f"utf8mb4), '{value}');" for key, value in stored.items()))
    with Maps({
            "h": query("select v from hostile where k = '%s'"),
            "text": query("select v from hostile where k = '' '%s'"),
            "double": query('select v from hostile where k = concat("%s", "")')
            }, deadline=20) as maps, maps.client() as client:
        assert len(keys) >= 1000, len(keys)
        for key in keys:
            value = stored.get(key)
            expected = ("OK", value.encode()) if value else ("NOTFOUND", b"")
            for name in ("h", "text", "double"):
                answer = client.lookup(name, key)
                assert answer == expected, (name, key, answer)
        for key in (b"'\0", b"a\0b", b"\0"):
            assert client.lookup("h", key)[0] in ("TEMP", "NOTFOUND"), key
            assert client.lookup("text", key)[0] == "TEMP", key
        for key in (b"\xff", b"a\xc3", b"\xed\xa0\x80"):
            assert client.lookup("h", key)[0] == "NOTFOUND", key


@case("keys without a query are not found, though the server is down")
def _():
    check_unasked(Maps, query, "(111)")


def write(name, text):
    path = f"{directory.name}/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


@case("options: parts of a query, passwords, files of options, encodings")
def _():
    guarded = {"user": "guarded"}
    options = write("my.cnf", f"[client]\nsocket = {server.socket}\n"
                    "user = guarded\n[other]\nuser = nobody\n"
                    "default-character-set = latin1\n")
    with Maps({
            "parts": server.options(
                select_field="v", table="kv", where_field="k",
                additional_conditions="and n < 12 and v not like 'q%%'"),
            "password": query(BY_KEY, password=PASSWORD, **guarded),
            "file": query(BY_KEY, password_file=write("password", PASSWORD),
                          **guarded),
            "wrong": query(BY_KEY, password="secret", **guarded),
            "missing": query(BY_KEY, **guarded),
            "database": query(BY_KEY, dbname="nothing"),
            "name": query(BY_KEY, hosts=f"127.1:{server.port}"),
            "unix": query(BY_KEY, hosts=f"unix:{server.socket}"),
            "localhost": query(BY_KEY, hosts="inet:localhost", user="",
                               password=PASSWORD, option_group="client",
                               option_file=options),
            "group": query("select user(), '%s', @@character_set_client",
                           hosts="localhost", user="mail",
                           option_group="other", option_file=options),
            "nowhere": query(BY_KEY, hosts="unix:/nonexistent"),
            "latin": query("select '%s', length('%s'), "
                           "@@character_set_client", charset="latin1"),
            "utf8": query("select @@character_set_client, '%s'"),
            "unknown": query(BY_KEY, charset="nothing")}) as maps:
        assert maps.value("parts", "a@b.c") == "x@y"
        assert maps.value("parts", "it's@b.c") == "NOTFOUND"
        for name in ("password", "file", "name", "unix", "localhost"):
            assert maps.value(name, "a@b.c") == "x@y", name
        assert maps.value("group", "ä") == "mail@localhost,ä,latin1"
        for name in ("wrong", "missing"):
            text = maps.failure(name, "a@b.c")
            assert "denied" in text and "secret" not in text, text
        assert maps.failure("database", "a@b.c")
        assert maps.value("latin", "ä") == "ä,2,latin1"
        assert maps.value("utf8", "日") == "utf8mb4,日"
        assert maps.failure("unknown", "a@b.c")
        assert "(2)" in maps.failure("nowhere", "a@b.c")


@case("a server that reads quotes otherwise, or ignores our encoding")
def _():
    other.restart("--sql-mode=ANSI_QUOTES", "--character-set-server=gbk",
                  "--skip-character-set-client-handshake")
    other.sql("create table kv (k varchar(20), v varchar(20)); insert into kv "
              "values ('a', 'x')")
    with Maps({
            "plain": other.options(query=BY_KEY),
            "name": other.options(
                query='select "v" from kv where k = \'%s\''),
            "double": other.options(query='select v from kv where k = "%s"'),
            "back": other.options(
                query="select v from kv where k = '%s' and v <> '\\''"),
            "text": other.options(query="select '' '%s', '%s'")}) as maps:
        assert maps.value("plain", "a") == "x"
        assert maps.value("name", "a") == "x"
        for name in ("double", "back"):
            assert "sql_mode" in maps.failure(name, "a"), name
        # In GBK, the end of the first one and a backslash are a letter.
        for key in ("日' union select 'x", "日'", "\\日", "ä"):
            assert maps.value("text", key) == f"{key},{key}", key


def make_certificate(key, certificate):
    key = f"{directory.name}/{key}"
    certificate = f"{directory.name}/{certificate}"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", certificate], check=True, capture_output=True)
    os.chmod(key, 0o644)


@case("TLS: the certificate is verified, and a server that hangs is left")
def _():
    make_certificate("key", "cert")
    make_certificate("key2", "cert2")
    cipher = "show status where variable_name = 'ssl_cipher' and '%s' <> ''"
    ca = {"tls_CAfile": directory.name + "/cert", "tls_verify_cert": "yes"}
    other.restart(f"--ssl-cert={directory.name}/cert",
                  f"--ssl-key={directory.name}/key")
    with Maps({
            "tls": other.options(query=cipher, **ca),
            "new": other.options(query=cipher, **ca),
            "unverified": other.options(
                query=cipher, tls_CAfile=directory.name + "/cert"),
            "plain": other.options(query=cipher),
            "none": query(cipher, **ca),
            "wrong": other.options(query=cipher, **{
                **ca, "tls_CAfile": directory.name + "/cert2"}),
            "nofile": other.options(query=cipher, **{
                **ca, "tls_CAfile": "/nonexistent"})}, deadline=3) as maps:
        for _ in range(2):
            assert maps.value("tls", "a").startswith("Ssl_cipher,TLS_")
            assert maps.value("unverified", "a").startswith("Ssl_cipher,TLS_")
        assert maps.value("plain", "a") == "Ssl_cipher"
        for name in ("none", "wrong", "nofile"):
            assert "SSL" in maps.failure(name, "a"), name
        other.hang()
        try:
            in_threads(6, lambda n: maps.failure("new" if n % 2 else "tls",
                                                 "a"))
        finally:
            other.go_on()
        maps.wait_found("tls", "a")
        maps.wait_found("new", "a")


@case("of several hosts those that are there are asked")
def _():
    check_hosts(Maps, query, server.port)


@case("a host that hangs is left for another one, and rests")
def _():
    hosts = f"unix:{other.socket} inet:127.0.0.1:{server.port}"
    with Maps({"m": query("select '%s', @@port", hosts=hosts),
               "new": query("select '%s', @@port", hosts=hosts)},
              workers=1) as maps:
        assert maps.value("m", "a") == f"a,{other.port}"
        other.hang()
        try:
            assert maps.value("new", "a") == f"a,{server.port}"
            assert maps.failure("m", "a")
            for name in ("m", "new"):
                for _ in range(3):
                    start = time.monotonic()
                    assert maps.value(name, "a") == f"a,{server.port}"
                    assert time.monotonic() - start < DEADLINE / 2
        finally:
            other.go_on()


@case("a server that comes later, restarts, goes for good")
def _():
    other.stop(signal.SIGTERM)
    with Maps({"m": other.options(query="select '%s'")}) as maps:
        check_return(maps, other, "(111)")


@case("a server that comes and goes: TEMP or the value, never another answer")
def _():
    def flap():
        other.stop()
        time.sleep(0.3)
        other.start()
        time.sleep(0.5)

    with Maps({"m": other.options(query="select '%s'")}) as maps:
        check_flapping(maps, flap, 4)
        maps.wait_found("m", "a")


@case("a server that hangs: TEMP in time, and found when it goes on")
def _():
    check_hang(Maps, server, {
        "m": query(BY_KEY), "new": query(BY_KEY),
        "unix": query(BY_KEY, hosts=f"unix:{server.socket}")})


@case("a unix socket with no room for more connections")
def _():
    path = directory.name + "/full"
    with socket.socket(socket.AF_UNIX) as full:
        full.bind(path)
        full.listen(0)
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(path)
            with Maps({"m": query(BY_KEY, hosts="unix:" + path)}) as maps:
                for _ in range(3):
                    maps.failure("m", "a")


RUNNING = ("select count(*) from information_schema.processlist where "
           "state = 'User sleep'")


@case("a slow key fails at its deadline, and ends; others don't wait for it")
def _():
    for text in ("select slow('%s')", "select slow('' '%s')"):
        with Maps({"m": query(text)}, deadline=2) as maps:
            check_slow(maps, 2)
            assert maps.value("m", "a") == "a"
            wait_running(server, RUNNING, 0)


@case("a connection that is lost in a query: asked once more, then TEMP")
def _():
    with Maps({"m": query("call broken('%s')"),
               "id": query("select connection_id() - '%s'")},
              workers=1) as maps:
        assert maps.value("m", "a") == "a"
        assert maps.failure("m", "lost")
        assert maps.value("m", "a") == "a"
        for number in range(2):
            before = maps.value("id", "0")
            server.sql(f"kill connection {before}")
            assert int(maps.value("id", "0")) > int(before)


@case("an unused connection is closed, and another one opened")
def _():
    with Maps({"m": query("select connection_id(), '%s'", idle_interval=1)},
              workers=1) as maps:
        before = maps.value("m", "a").split(",")[0]
        assert maps.value("m", "b") == before + ",b"
        count = ("select count(*) from information_schema.processlist where "
                 f"id = {before}")
        end = time.monotonic() + 5
        while server.sql(count) != "0":
            assert time.monotonic() < end
            time.sleep(0.1)
        assert maps.value("m", "a").split(",")[0] != before


@case("no connection is kept for a canary, once there was a lookup")
def _():
    count = ("select count(*) from information_schema.processlist where "
             "user = 'mail'")
    with Maps({"m": query("select '%s'", idle_interval=1)},
              each={"canary": "a"}) as maps:
        assert maps.value("m", "b") == "b"
        end = time.monotonic() + 5
        while server.sql(count) != "0":
            assert time.monotonic() < end
            time.sleep(0.1)
        assert maps.value("m", "b") == "b"


@case("fewer connections than threads: those who have one do all the work")
def _():
    who = ("mail@'%'", "mail@localhost")
    for one in who:
        server.sql(f"alter user {one} with max_user_connections 1")
    with Maps({"m": query("select '%s' where sleep(0.005) = 0")}) as maps:
        assert maps.value("m", "a") == "a"

        def ask(number):
            with maps.client() as client:
                for turn in range(40):
                    key = f"{number}-{turn}"
                    assert client.lookup("m", key) == ("OK", key.encode())

        in_threads(6, ask)
    for one in who:
        server.sql(f"alter user {one} with max_user_connections 0")


@case("a table that gets other columns")
def _():
    server.sql("create table changing (a varchar(9)); insert into changing "
               "values ('x')")
    with Maps({"m": query("select * from changing where '%s' <> ''")},
              workers=1) as maps:
        assert maps.value("m", "a") == "x"
        server.sql("alter table changing add column b int default 7")
        assert maps.value("m", "a") == "x,7"
        server.sql("alter table changing drop column a")
        assert maps.value("m", "a") == "7"
        server.sql("drop table changing")
        assert "doesn't exist" in maps.failure("m", "a")


@case("a daemon that ends while queries are under way")
def _():
    with Maps({"m": query("select slow('%s')")}, deadline=30,
              drain_timeout="100ms") as maps:
        check_end(maps, 2, lambda: wait_running(server, RUNNING, 2))


@case("a map whose server hangs delays no other")
def _():
    with Maps({"hanging": other.options(query="select '%s'"),
               "good": query(BY_KEY)}) as maps:
        maps.wait_found("hanging", "a")
        other.hang()
        check_neighbour(maps, 6)
        other.go_on()


@case("half an answer, garbage, one too many: TEMP, in time")
def _():
    garbage = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    login = [GREETING, *REPLIES[:3]]
    replies = {
        "good": [GREETING, *REPLIES], "empty": [b""], "garbage": [garbage],
        "bytes": [bytes(range(256))], "large": [b"\xff\xff\xff\0" + b"x" * 99],
        "login": [GREETING, garbage], "encoding": [*login[:2], garbage],
        "limit": [*login[:3], garbage],
        "prepared": [*login, garbage],
        "column": [*login, PREPARED, packet(1, b"\xfd\xff\xff\xff")],
        "row": [*login, PREPARED, HEAD + packet(4, b"\0\0\xfd\xff\xff\x7fx")],
        "short": [*login, PREPARED, HEAD + packet(4, b"\0")],
        "error": [*login, PREPARED, ROWS + packet(
            5, b"\xff\x51\x04#HY000broken")],
        "order": [*login, PREPARED, HEAD + packet(9, b"\0\0" + text(b"x"))]}
    whole = [GREETING, *REPLIES]
    for number, reply in enumerate(whole):
        for size in {1, 4, 5, len(reply) // 2, len(reply) - 9, len(reply) - 1}:
            replies[f"half{number}-{size}"] = [*whole[:number], reply[:size]]
    for closes in (False, True):
        impostors = {name: Impostor(reply, closes, greets=True)
                     for name, reply in replies.items()}
        tables = {
            name: f"hosts = inet:127.0.0.1:{one.port}\ndbname = d\nuser = u\n"
                  "option_group =\nquery = select '%s'\n"
            for name, one in impostors.items()}
        with Maps(tables) as maps:
            assert maps.value("good", "a") == "x"
            names = list(replies)[1:]
            in_threads(len(names), lambda n: maps.failure(names[n], "a"))
        for one in impostors.values():
            one.close()


@case("wrong files are told of, and the passwords in them not shown")
def _():
    wrong = {
        "no-dbname": ("hosts = x\nquery = y", "dbname is missing"),
        "no-query": ("dbname = d", "query is missing"),
        "letter": ("dbname = d\nquery = %x", "%x"),
        "host": ("dbname = d\nquery = x\nhosts = a:b:c", "HOST:PORT"),
        "path": ("dbname = d\nquery = x\nhosts = unix:/" + "x" * 107,
                 "107 bytes"),
        "bool": ("dbname = d\nquery = x\nrequire_result_set = maybe",
                 "require_result_set"),
        "back": ("dbname = d\nquery = select '\\%s'", "in front of a part"),
        "uri": ("dbname = d\nquery = x\nhosts = mysql://u:geheim@h/", "URI")}
    check_wrong_files(Maps, wrong)


server.close()
other.close()
directory.cleanup()
done()
