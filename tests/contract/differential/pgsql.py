#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pgsql tables: the same server and the same .cf file asked by Postfix and by
us."""
from differential import Round, print_counts
from ending import end_on_signals
from hostile import SEED
from postgres import Server
from ports import free_port
from sql_differential import Family
from tap import case, done

SCHEMA = """
create table alias (address text, goto text, note text);
create table domain (name text, kind text);
create table kinds (number serial, key text, value text);
create table ids (id integer, value text);
create function goto(key text) returns setof text language sql as
    'select goto from alias where address = key';
"""
QUERIES = [
    "select 'x' || '%s' || '%%' from domain where name = '%d'",
    "select 1; select goto from alias where address = '%s'",
    "select goto from alias where address = '%s'; set x.y = '1'",
    "select concat('%u', '+', '%s')",
    "select goto('%s')", "select * from goto('%s')", "values ('%s'), ('%u')",
    "select E'<%s>'", "select U&'<%u>'", "select $$a$$ || '%s'",
    "select true, 1.50, null, date '2020-1-1', array['%u', 'b']",
    "with recursive n(i) as (select 1 union all select i + 1 from n where "
    "i < 3) select i || '%u' from n",
]
ODD_QUERIES = [
    "select '%s'::integer / 0", "set x.y = '%s'", "copy ids to stdout",
    "select value from ids where id = %s", "select date '%s'",
    "select 1; selec", "select 1; copy ids to stdout",
]


def lines(**options):
    """As Postfix 3.7 has the server take all text for LATIN1, the data is
    written so, too; encoding = LATIN1 in the .cf files says it to us."""
    return server.options(**{"encoding": "LATIN1", **options})


def asks(query, key):
    """Of an escape out of a key we ask nothing."""
    return "'<%" not in query or b"\\" not in key


end_on_signals()
print("# SEED", SEED)
server = Server()
family = Family("pgsql", lines, asks=asks, queries=QUERIES,
                down={"hosts": f"inet:127.0.0.1:{free_port()}"},
                odd_queries=ODD_QUERIES,
                odd_options=[("dbname", ["nothing"]), ("dbpath", ["unknown"])])
server.sql(SCHEMA + family.inserts(), encoding="LATIN1")
family.compare_all()


@case("pgsql: the query of long ago as a function")
def _():
    family.named("function", "example.org @example.org", 1,
                 select_function="goto")


@case("pgsql: a backslash where it means something")
def _():
    why = "an escape out of a key is refused"
    family.compare([
        family.table("e", [b"a", b"'"], query="select E'<%s>'"),
        Round(family.table("back", [], query="select E'<%s>'").spec,
              [b"\\x41"], {b"\\x41": why})], 1, 1)


print_counts()
server.close()
family.close()
done()
