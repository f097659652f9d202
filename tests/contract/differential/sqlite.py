#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sqlite tables: the same database and the same .cf file asked by Postfix and
by us."""
import sqlite3
import tempfile

from differential import Round, compare, print_counts, write
from ending import end_on_signals
from hostile import SEED, keys, plain_address, rng_of
from tap import case, done

PEOPLE = 300
VARIANTS = 60
SCHEMA = """
create table alias (address text, goto text, note text);
create table domain (name text, kind text);
create table kinds (key text, value);
create view broken as select no_such_function(key) as value, key from kinds;
"""
# Rows that a careless reader takes for another answer.
ROWS = [("null", None), ("empty", ""), ("some", None), ("some", "a"),
        ("some", ""), ("some", "b@c"), ("number", 7), ("zero", 0),
        ("real", 1.5), ("huge", 2 ** 62), ("blob", b"bytes"),
        ("bytes", b"\xff\xfe"), ("blank", " a  b "), ("lines", "a\nb"),
        ("local", "@d"), ("comma", "a, b"), ("percent", "%s%u%%"),
        ("quote'", "it's"), ('"a b"@x', "quoted"), ("ä@x", "ü@ö"),
        ("back\\slash", "\\"), ("a@b.c.d.e.f.g.h.i.j.k", "deep@x.y"),
        ("long", "x" * 5000), ("case", "Upper@Case")]
ROWS += [("many", f"value{number}") for number in range(20)]

QUERIES = [
    "select goto from alias where address = '%s'",
    "SELECT goto FROM alias WHERE address='%u@%d'",
    "select goto from alias where address = '%s' or address = '@%d'",
    "select goto, note from alias where address = '%s' order by goto",
    "select goto from alias where address like '%%@%d' and "
    "address like '%u%%' order by rowid",
    "select 'x' || '%s' || '%%' from domain where name = '%d'",
    "select name from domain where name = '%d' or name = '%2.%1'",
    "select kind from domain where name in ('%d', '%1', '%2.%1', '%3.%2.%1')",
    "select count(*) from alias where address = '%s'",
    "select value from kinds where key = '%s'",
    "select value from kinds where key = '%s' order by value",
    "select key, value from kinds where key = '%u'",
    "select value from kinds where key = lower('%S') or key = '%U'",
    "select goto from alias where address = '%U@%D'",
    "select '%9' from domain where name = '%d'",
    "select case when '%s' = '' then null else '%u' end",
    "select value from kinds where key = '%s' union all select goto from alias "
    "where address = '%s'",
    "select '%u' -- %d\n",
    "select goto from alias where address = '%s'; select 1",
    "select 'const'",
    "select 'it''s %s'",
    "with recursive n(i) as (select 1 union all select i + 1 from n where "
    "i < 3) select i || '%u' from n",
]
ODD_QUERIES = [
    "select value from broken where key = '%s'", "selec '%s'",
    "select goto from nothing where address = '%s'", "select '%x'", "select %",
    "select '%s",
    "select cast('%s' as integer) / 0", "select abs(-9223372036854775808)",
    "", "select '%s' where 0",
    "select X'FF'", "select char(65, 66)", "-- nothing",
    "select '%s' limit '%u'",
]
INJECTED = ("sqlite, a query without quotes: Postfix takes what clients send "
            "for SQL, ours fails where it could be some")
MISSING = ("sqlite, a database that is not there: every key fails for Postfix, "
           "here those that make no query are not found, as with one")
SIGNED = ".cf files, a number with a sign: Postfix takes it, ours is refused"
WRITES = "sqlite, a statement that writes: ours is refused"
FORMATS = ["%s", "%u", "%d", "%s@example.org", "[%s]", "%%%s", "%U:%s", "%D",
           "%1.%s", "smtp:[%d]:25", "x", "%s %s", "%S", "%2"]
ODD_FORMATS = ["%", "%x", "", "%%%", "%0"]
DOMAINS = ["example.org", "example.org, example.com", "!example.org, .example",
           "EXAMPLE.org exämple.net", "mx.example.org,other.example", "",
           "inline:{example.org=x}", ".org", "@DIR@/domains"]


def create_database():
    path = directory.name + "/database"
    rng = rng_of("database")
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        for number in range(PEOPLE):
            # As they are asked for, folded.
            address = plain_address(rng, PEOPLE).decode().casefold()
            addresses.append(address.encode())
            database.execute("insert into alias values (?, ?, ?)",
                             (address, f"box{number}@other.example",
                              rng.choice([None, "", "note"])))
        for name in ("example.org", "example.com", "mx.example.org", "org",
                     "exämple.net"):
            database.execute("insert into domain values (?, ?)", (name, "ok"))
            database.execute("insert into alias values (?, ?, ?)",
                             ("@" + name, "catchall", None))
        database.executemany("insert into kinds values (?, ?)", ROWS)
    database.close()
    return path


def table(name, asked, **options):
    """A .cf file with a line for each option."""
    options = {"dbpath": database_path, **options}
    text = "".join(f"{key} = {value}\n" for key, value in options.items()
                   if value is not None)
    text = text.replace("@DIR@", directory.name)
    path = write(f"{directory.name}/{name}.cf", text.encode())
    return Round(b"sqlite:" + path, asked)


def stored():
    return addresses + [key.encode() for key, _ in ROWS] + [
        b"@example.org", b"@", b"example.org", b"a@b.c.d.e.f.g.h.i.j.k"]


def random_round(number):
    rng = rng_of("sqlite", number, oddness=[0, 0.02, 0.1])
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
            ("expansion_limit", ["", "x", "10s", "007"]),
            ("domain", ["nope:x", "/nonexistent", "fail:x"]),
            ("dbpath", ["/dev/null", ""]),
            ("hosts", ["unknown"])])
        options[name] = rng.choice(values)
    asked = keys(rng, stored(), 200) + [b"example.org", b"@example.org", b""]
    return table(f"random{number}", list(dict.fromkeys(asked)), **options)


def named(name, asked, least_found=1, **options):
    asked = [key.encode() for key in asked.split()]
    compare("sqlite", [table(name, asked, **options)], least_found, len(asked))


end_on_signals()
print("# SEED", SEED)
directory = tempfile.TemporaryDirectory(prefix="differential-")
addresses = []
write(directory.name + "/domains", b"example.org\n# no\nother.example\n")
database_path = create_database()


@case("sqlite: random options")
def _():
    compare("sqlite", [random_round(number) for number in range(VARIANTS)])


@case("sqlite: every odd query")
def _():
    asked = [b"a@example.org", b"some", b"'", b"7", b"a'b\"c"]
    compare("sqlite", [table(f"odd{number}", asked, query=query)
                       for number, query in enumerate(ODD_QUERIES)], 0, 0)


@case("sqlite: rows of NULL, empty rows and rows of two columns")
def _():
    words = " ".join(key for key, _ in ROWS if " " not in key)
    named("rows", words, 10, query="select value from kinds where key = '%s'")
    named("columns", words, 10,
          query="select value, key from kinds where key = '%s'")
    named("null", words, 0, query="select null, key from kinds where key='%s'")


@case("sqlite: a result_format that needs a domain, asked without one")
def _():
    named("format", "some example.org some@example.org @example.org some@", 1,
          query="select value from kinds where key = '%u'",
          result_format="%s at %D")


@case("sqlite: a domain list, and a database that fails")
def _():
    named("down", "@example.org example.org a@b.c user@ @ a@other.example "
          "a@example.org", 0, domain="example.org",
          query="select value from nothing")


@case("sqlite: more rows than the limit")
def _():
    for limit in ("1", "2", "19", "20", "21"):
        named("limit" + limit, "many some number", expansion_limit=limit,
              query="select value from kinds where key = '%s'")


@case("sqlite: numbers")
def _():
    numbers = ["", "-1", "+1", "007", "1x", "0x1", "1 2", "2147483647",
               "2147483648", "4294967297", "99999999999999999999"]
    rounds = []
    for number in numbers:
        one = table(f"number{number}", [b"many", b"number"],
                    expansion_limit=number,
                    query="select value from kinds where key = '%s'")
        if number in ("-1", "+1"):
            one.wanted_refusal = SIGNED
        rounds.append(one)
    compare("sqlite", rounds, 2, 4)


@case("sqlite: the query in the parts of long ago")
def _():
    named("parts", "some number nobody quote' ä@x", 3, select_field="value",
          table="kinds", where_field="key",
          additional_conditions="and value not like 'b%%'")


@case("sqlite: a .cf file that is not there")
def _():
    compare("sqlite", [Round(b"sqlite:/nonexistent.cf", [b"a"])], 0, 0)


@case("sqlite: a database that is not there")
def _():
    asked = [b"some", b"a@example.org", b"A@Example.ORG", b"a@other.example",
             b"@example.org", b"example.org", b"", b"\xff"]
    one = table("missing", asked, dbpath="/nonexistent/database",
                query=QUERIES[0], domain="example.org")
    one.wanted = {key: MISSING for key in asked
                  if not key.lower().startswith(b"a@example")}
    compare("sqlite", [one], 0, 8)


@case("sqlite: keys outside of quotes")
def _():
    asked = [b"7", b"value", b"nothing", b"'", b"7 or 1", b"7--"]
    one = table("outside", asked,
                query="select key from kinds where value = %s")
    one.wanted = {key: INJECTED for key in (b"'", b"7 or 1", b"7--")}
    compare("sqlite", [one], 2, 6)


@case("sqlite: a statement that writes")
def _():
    one = table("writes", [], query="delete from kinds where key = '%s'")
    one.wanted_refusal = WRITES
    compare("sqlite", [one], 0, 0)


print_counts()
directory.cleanup()
done()
