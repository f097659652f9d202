#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sqlite tables: the same database and the same .cf file asked by Postfix and
by us."""
import sqlite3

from differential import print_counts
from ending import end_on_signals
from hostile import SEED
from sql_differential import Family, literal
from tap import case, done

SCHEMA = """
create table alias (address text, goto text, note text);
create table domain (name text, kind text);
create table kinds (number integer primary key, key text, value);
create table ids (id integer, value text);
create view broken as select no_such_function(key) as value, key from kinds;
"""
# Values that are no text.
ROWS = [("whole", 7), ("zero", 0), ("real", 1.5), ("huge", 2 ** 62),
        ("blob", b"bytes"), ("bytes", b"\xff\xfe")]

VALUES = "select value from kinds where key = '%s'"
QUERIES = [
    VALUES, VALUES + " order by value",
    "select 'x' || '%s' || '%%' from domain where name = '%d'",
    "select goto from alias where address = '%s'; select 1",
    "with recursive n(i) as (select 1 union all select i + 1 from n where "
    "i < 3) select i || '%u' from n",
]
ODD_QUERIES = [
    "select value from broken where key = '%s'",
    "select cast('%s' as integer) / 0", "select abs(-9223372036854775808)",
    "select X'FF'", "select char(65, 66)",
]
INJECTED = ("sqlite, a query without quotes: Postfix takes what clients send "
            "for SQL, ours fails where it could be some")
MISSING = ("sqlite, a database that is not there: every key fails for Postfix, "
           "here those that make no query are not found, as with one")
SIGNED = ".cf files, a number with a sign: Postfix takes it, ours is refused"
WRITES = "sqlite, a statement that writes: ours is refused"


def lines(**options):
    options = {"dbpath": family.directory + "/database", **options}
    return "".join(f"{name} = {value}\n" for name, value in options.items())


def any_literal(value):
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return str(value) if isinstance(value, float) else literal(value)


def create_database():
    with sqlite3.connect(family.directory + "/database") as database:
        database.executescript(SCHEMA + family.inserts())
    database.close()


end_on_signals()
print("# SEED", SEED)
family = Family("sqlite", lines, variants=80, literal=any_literal, rows=ROWS,
                queries=QUERIES, down={"query": "select value from nothing"},
                odd_queries=ODD_QUERIES,
                odd_options=[("expansion_limit", ["007"]),
                             ("dbpath", ["/dev/null", ""]),
                             ("hosts", ["unknown"])])
create_database()
family.compare_all()


@case("sqlite: numbers")
def _():
    numbers = ["", "-1", "+1", "007", "1x", "0x1", "1 2", "2147483647",
               "2147483648", "4294967297", "99999999999999999999"]
    rounds = []
    for number in numbers:
        one = family.table(f"number{number}", [b"many", b"number"],
                           expansion_limit=number, query=VALUES)
        if number in ("-1", "+1"):
            one.wanted_refusal = SIGNED
        rounds.append(one)
    family.compare(rounds, 2, 4)


@case("sqlite: a database that is not there")
def _():
    asked = [b"some", b"a@example.org", b"A@Example.ORG", b"a@other.example",
             b"@example.org", b"example.org", b"", b"\xff"]
    one = family.table("missing", asked, dbpath="/nonexistent/database",
                       query=family.queries[0], domain="example.org")
    one.wanted = {key: MISSING for key in asked
                  if not key.lower().startswith(b"a@example")}
    family.compare([one], 0, 8)


@case("sqlite: keys outside of quotes")
def _():
    asked = [b"7", b"value", b"nothing", b"'", b"7 or 1", b"7--"]
    one = family.table("outside", asked,
                       query="select key from kinds where value = %s")
    one.wanted = {key: INJECTED for key in (b"'", b"7 or 1", b"7--")}
    family.compare([one], 2, 6)


@case("sqlite: a statement that writes")
def _():
    one = family.table("writes", [], query="delete from kinds where key = '%s'")
    one.wanted_refusal = WRITES
    family.compare([one], 0, 0)


print_counts()
family.close()
done()
