#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pgsql tables: the same server and the same .cf file asked by Postfix and by
us."""
import tempfile

from differential import Round, compare, print_counts, write
from ending import end_on_signals
from hostile import SEED, keys, plain_address, rng_of
from postgres import Server
from server_process import free_port
from tap import case, done

PEOPLE = 300
VARIANTS = 40
KEYS = 150
LEAST = 5000
SCHEMA = """
create table alias (address text, goto text, note text);
create table domain (name text, kind text);
create table kinds (number serial, key text, value text);
create table ids (id integer, value text);
insert into ids values (1, 'one'), (2, 'two'), (2, 'zwei');
create function goto(key text) returns setof text language sql as
    'select goto from alias where address = key';
"""
# Rows that a careless reader takes for another answer.
ROWS = [("null", None), ("empty", ""), ("some", None), ("some", "a"),
        ("some", ""), ("some", "b@c"), ("number", "7"), ("blank", " a  b "),
        ("lines", "a\nb"), ("local", "@d"), ("comma", "a, b"),
        ("percent", "%s%u%%"), ("quote'", "it's"), ('"a b"@x', "quoted"),
        ("ä@x", "ü@ö"), ("back\\slash", "\\"),
        ("a@b.c.d.e.f.g.h.i.j.k", "deep@x.y"), ("long", "x" * 5000),
        ("case", "Upper@Case")]
ROWS += [("many", f"value{number}") for number in range(20)]

QUERIES = [
    "select goto from alias where address = '%s'",
    "SELECT goto FROM alias WHERE address='%u@%d'",
    "select goto from alias where address = '%s' or address = '@%d'",
    "select goto, note from alias where address = '%s' order by goto",
    "select goto from alias where address like '%%@%d' and "
    "address like '%u%%' order by ctid",
    "select 'x' || '%s' || '%%' from domain where name = '%d'",
    "select name from domain where name = '%d' or name = '%2.%1' order by 1",
    "select kind from domain where name in ('%d', '%1', '%2.%1', '%3.%2.%1')",
    "select count(*) from alias where address = '%s'",
    "select value from kinds where key = '%s' order by number",
    "select key, value from kinds where key = '%u' order by number",
    "select value from kinds where key = lower('%S') or key = '%U' "
    "order by number",
    "select goto from alias where address = '%U@%D'",
    "select '%9' from domain where name = '%d'",
    "select case when '%s' = '' then null else '%u' end",
    "select value from kinds where key = '%s' union all select goto from alias "
    "where address = '%s' order by 1",
    "select '%u' -- %d\n", "select goto from alias where address = '%s';",
    "select 1; select goto from alias where address = '%s'",
    "select goto from alias where address = '%s'; set x.y = '1'",
    "select 'const'", "select 'it''s %s'", "select concat('%u', '+', '%s')",
    "select goto('%s')", "select * from goto('%s')", "values ('%s'), ('%u')",
    "select E'<%s>'", "select U&'<%u>'", "select $$a$$ || '%s'",
    "select id, value from ids where id = length('%s') - 1 order by 2",
    "select true, 1.50, null, date '2020-1-1', array['%u', 'b']",
    "with recursive n(i) as (select 1 union all select i + 1 from n where "
    "i < 3) select i || '%u' from n",
]
ODD_QUERIES = [
    "selec '%s'", "select goto from nothing where address = '%s'",
    "select '%x'", "select %", "select '%s", "select '%s'::integer / 0",
    "", "select '%s' where false", "select", "set x.y = '%s'", "-- nothing",
    "select value from ids where id = '%s'", "copy ids to stdout",
    "select value from ids where id = %s", "select date '%s'",
    "select '%s' limit '%1'", "select 1; selec", "select 1; copy ids to stdout",
]
FORMATS = ["%s", "%u", "%d", "%s@example.org", "[%s]", "%%%s", "%U:%s", "%D",
           "%1.%s", "smtp:[%d]:25", "x", "%s %s", "%S", "%2"]
ODD_FORMATS = ["%", "%x", "", "%%%", "%0"]
DOMAINS = ["example.org", "example.org, example.com", "!example.org, .example",
           "EXAMPLE.org exämple.net", "mx.example.org,other.example", "",
           "inline:{example.org=x}", ".org", "@DIR@/domains"]


def literal(value):
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def fill():
    """As Postfix 3.7 has the server take all text for LATIN1, the data is
    written so, too; encoding = LATIN1 in the .cf files says it to us."""
    rng = rng_of("database")
    rows = {"alias": [], "domain": [], "kinds (key, value)": ROWS}
    for number in range(PEOPLE):
        # As they are asked for, folded.
        address = plain_address(rng, PEOPLE).decode().casefold()
        addresses.append(address.encode())
        rows["alias"].append((address, f"box{number}@other.example",
                              rng.choice([None, "", "note"])))
    for name in ("example.org", "example.com", "mx.example.org", "org",
                 "exämple.net"):
        rows["domain"].append((name, "ok"))
        rows["alias"].append(("@" + name, "catchall", None))
    server.sql(SCHEMA + "".join(
        f"insert into {table} values ({', '.join(map(literal, row))});\n"
        for table, entries in rows.items() for row in entries),
        encoding="LATIN1")


def table(name, asked, **options):
    """A .cf file with a line for each option."""
    text = server.options(**{"encoding": "LATIN1", **options})
    text = text.replace("@DIR@", directory.name)
    path = write(f"{directory.name}/{name}.cf", text.encode())
    return Round(b"pgsql:" + path, asked)


def stored():
    return addresses + [key.encode() for key, _ in ROWS] + [
        b"@example.org", b"@", b"example.org", b"a@b.c.d.e.f.g.h.i.j.k"]


def random_round(number):
    rng = rng_of("pgsql", number, oddness=[0, 0.02, 0.1])
    options = {"query": QUERIES[number % len(QUERIES)]}
    if rng.random() < 0.4:
        options["result_format"] = rng.choice(FORMATS)
    if rng.random() < 0.2:
        options["domain"] = rng.choice(DOMAINS)
    if rng.random() < 0.2:
        options["expansion_limit"] = rng.choice(["0", "1", "2", "20"])
    if rng.is_odd():
        name, values = rng.choice([
            ("query", ODD_QUERIES), ("result_format", ODD_FORMATS),
            ("expansion_limit", ["", "x", "1x", "10s", "0x1"]),
            ("domain", ["nope:x", "/nonexistent", "fail:x"]),
            ("dbname", ["nothing"]), ("dbpath", ["unknown"])])
        options[name] = rng.choice(values)
    asked = keys(rng, stored(), KEYS) + [b"example.org", b"@example.org", b""]
    if "'<%" in options["query"]:
        asked = [key for key in asked if b"\\" not in key]
    return table(f"random{number}", list(dict.fromkeys(asked)), **options)


def named(name, asked, least_found=1, **options):
    asked = [key.encode() for key in asked.split()]
    compare("pgsql", [table(name, asked, **options)], least_found, len(asked))


end_on_signals()
print("# SEED", SEED)
directory = tempfile.TemporaryDirectory(prefix="differential-")
server = Server()
addresses = []
write(directory.name + "/domains", b"example.org\n# no\nother.example\n")
fill()


@case("pgsql: random options")
def _():
    compare("pgsql", [random_round(number) for number in range(VARIANTS)],
            500, LEAST)


@case("pgsql: every odd query")
def _():
    asked = [b"a@example.org", b"some", b"'", b"7", b"2", b"a'b\"c"]
    compare("pgsql", [table(f"odd{number}", asked, query=query)
                      for number, query in enumerate(ODD_QUERIES)], 0, 0)


@case("pgsql: rows of NULL, empty rows and rows of two columns")
def _():
    words = " ".join(key for key, _ in ROWS if " " not in key)
    named("rows", words, 10,
          query="select value from kinds where key = '%s' order by number")
    named("columns", words, 10,
          query="select value, key from kinds where key='%s' order by number")
    named("null", words, 0, query="select null, key from kinds where key='%s'")


@case("pgsql: a result_format that needs a domain, asked without one")
def _():
    named("format", "some example.org some@example.org @example.org some@", 1,
          query="select value from kinds where key = '%u'",
          result_format="%s at %D")


@case("pgsql: a domain list, and a server that is down")
def _():
    named("down", "@example.org example.org a@b.c user@ @ a@other.example "
          "a@example.org", 0, domain="example.org",
          hosts=f"inet:127.0.0.1:{free_port()}", query="select '%s'")


@case("pgsql: more values than the limit")
def _():
    for limit in ("1", "2", "19", "20", "21"):
        named("limit" + limit, "many some number", expansion_limit=limit,
              query="select value from kinds where key = '%s' order by number")


@case("pgsql: the query in the parts of long ago, and as a function")
def _():
    named("parts", "some number nobody quote' ä@x", 3, select_field="value",
          table="kinds", where_field="key",
          additional_conditions="and value not like 'b%%'")
    named("function", "example.org @example.org", 1, select_function="goto")


@case("pgsql: a backslash where it means something")
def _():
    why = "an escape out of a key is refused"
    compare("pgsql", [
        table("e", [b"a", b"'"], query="select E'<%s>'"),
        Round(table("back", [], query="select E'<%s>'").spec, [b"\\x41"],
              {b"\\x41": why})], 1, 1)


@case("pgsql: a .cf file that is not there")
def _():
    compare("pgsql", [Round(b"pgsql:/nonexistent.cf", [b"a"])], 0, 0)


print_counts()
server.close()
directory.cleanup()
done()
