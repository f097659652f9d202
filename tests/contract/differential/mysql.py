#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mysql tables: the same server and the same .cf file asked by Postfix and by
us."""
import os
import tempfile

from differential import Round, compare, print_counts, write
from ending import end_on_signals
from hostile import SEED, keys, plain_address, rng_of
from mariadb import Server
from server_process import free_port
from tap import case, done

PEOPLE = 300
VARIANTS = 40
KEYS = 150
LEAST = 5000
SCHEMA = """
create table alias (address varchar(200) collate utf8mb4_bin, goto text,
    note text);
create table domain (name varchar(200), kind text);
create table kinds (number int auto_increment primary key,
    `key` varchar(200) collate utf8mb4_bin, value text);
create table ids (id integer, value text);
insert into ids values (1, 'one'), (2, 'two'), (2, 'zwei');
create table types (`key` varchar(20), a double, b float, c decimal(9,3),
    d datetime(3), e time, f date, g bit(16), h int(9) zerofill, i year,
    j bigint unsigned, k enum('x', 'y'), l tinyint, m set('p', 'q'), n json,
    o tinyint unsigned, p double(8,2), q timestamp, r binary(3));
insert into types values ('some', 0.1e30, 1.1, -1.5, '2020-02-01 1:2:3.5',
    '-25:00:01', '0000-00-00', b'100000101000010', 42, 2021,
    18446744073709551615, 'y', -128, 'p,q', '{"a": 1}', 255, 1234.5,
    '2020-02-01 1:2:3', 'abc'), ('number', 1e-7, 3.4e38, 0, null, '0:0:0',
    '2020-02-01', b'100000101000010', 0, 0, 0, null, 0, '', '[]', 0, -0.5,
    '2020-02-01 1:2:3', 'xyz');
delimiter //
create function goto_of(x varchar(200)) returns text return
    (select goto from alias where address = x limit 1); //
create procedure lookup(in x varchar(200)) begin
    select goto from alias where address = x; end //
create procedure two(in x varchar(200)) begin
    select value from kinds where `key` = x; select 'y'; end //
create procedure maybe(in x varchar(200)) begin
    if x <> 'some' then select value from kinds where `key` = x; end if; end //
delimiter ;
"""
# Rows that a careless reader takes for another answer.
ROWS = [("null", None), ("empty", ""), ("some", None), ("some", "a"),
        ("some", ""), ("some", "b@c"), ("number", "7"), ("blank", " a  b "),
        ("lines", "a\nb"), ("local", "@d"), ("comma", "a, b"),
        ("percent", "%s%u%%"), ("quote'", "it's"), ('"a b"@x', "quoted"),
        ("ä@x", "ü@ö"), ("back\\slash", "\\"), ("日本", "日本@x"),
        ("a@b.c.d.e.f.g.h.i.j.k", "deep@x.y"), ("long", "x" * 5000),
        ("longer", "y" * 300), ("case", "Upper@Case")]
ROWS += [("many", f"value{number}") for number in range(20)]

QUERIES = [
    "select goto from alias where address = '%s'",
    "SELECT goto FROM alias WHERE address='%u@%d'",
    'select goto from alias where address = "%s" or address = "@%d"',
    "select goto, note from alias where address = '%s' order by goto",
    "select goto from alias where address like '%%@%d' and "
    "address like '%u%%' order by goto",
    "select concat('x', '%s', '%%') from domain where name = '%d'",
    "select name from domain where name = '%d' or name = '%2.%1' order by 1",
    "select kind from domain where name in ('%d', '%1', '%2.%1', '%3.%2.%1')",
    "select count(*) from alias where address = '%s'",
    "select value from kinds where `key` = '%s' order by number",
    "select `key`, value from kinds where `key` = '%u' order by number",
    "select value from kinds where `key` = lower('%S') or `key` = '%U' "
    "order by number",
    "select goto from alias where address = '%U@%D'",
    "select '%9' from domain where name = '%d'",
    "select case when '%s' = '' then null else '%u' end",
    "select value from kinds where `key` = '%s' union all select goto from "
    "alias where address = '%s' order by 1",
    "select '%u' -- %d\n", "select '%u' # %d\n",
    "select goto from alias where address = '%s';",
    "select 'const'", "select 'it''s %s'", "select concat('%u', '+', '%s')",
    "select 'it\\'s \"%s\"', \"'%u'\", 'a\\\\b\\n%d'", "select 'x' '%s'",
    "select goto_of('%s')", "call lookup('%s')", "call lookup(lower('%s'))",
    "select _utf8mb4'<%s>'", "select n'%s'", "select /*!50000 1, */ '%u'",
    "select id, value from ids where id = length('%s') - 1 order by 2",
    "select length('%s'), char_length('%s'), hex('%u')",
    "select 1.50, null, 1e3, true, date '2020-1-1', 1/3, '%s' + 0",
    "with recursive n(i) as (select 1 union all select i + 1 from n where "
    "i < 3) select i, '%u' from n",
    "select a, b, c, d, e, f from types where `key` = '%s'",
    "select g, h, i, j, k, l from types where `key` = '%s'",
    "select j, k, l, m, n, c, r from types where `key` = '%s'",
    "select o, p, q, l from types where `key` = '%s'",
    "select value from ids where id = '%s'",
]
ODD_QUERIES = [
    "selec '%s'", "select goto from nothing where address = '%s'",
    "select '%x'", "select %", "select '%s", "select '%s' where false",
    "", "select", "set @x = '%s'", "-- nothing", "call two('%s')",
    "call maybe('%s')", "call nothing('%s')", "select 1; select '%s'",
    "select value from ids where id = %s", "select date '%s'",
    "select '%s' limit '%1'", "select 1; selec", "select '%s' into @y",
    "select value from ids where '%s' = (select id from ids)",
    "do sleep(0)", "insert into ids select 3, '%s' from dual where 1 = 0",
]
FORMATS = ["%s", "%u", "%d", "%s@example.org", "[%s]", "%%%s", "%U:%s", "%D",
           "%1.%s", "smtp:[%d]:25", "x", "%s %s", "%S", "%2"]
ODD_FORMATS = ["%", "%x", "", "%%%", "%0"]
DOMAINS = ["example.org", "example.org, example.com", "!example.org, .example",
           "EXAMPLE.org exämple.net", "mx.example.org,other.example", "",
           "inline:{example.org=x}", ".org", "@DIR@/domains"]


def literal(value):
    if value is None:
        return "null"
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def fill():
    rng = rng_of("database")
    rows = {"alias": [], "domain": [], "kinds (`key`, value)": ROWS}
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
    server.sql("set sql_mode = '';" + SCHEMA + "".join(
        f"insert into {table} values ({', '.join(map(literal, row))});\n"
        for table, entries in rows.items() for row in entries))


def table(name, asked, **options):
    """A .cf file with a line for each option."""
    text = server.options(**options).replace("@DIR@", directory.name)
    path = write(f"{directory.name}/{name}.cf", text.encode())
    return Round(b"mysql:" + path, asked)


def stored():
    return addresses + [key.encode() for key, _ in ROWS] + [
        b"@example.org", b"@", b"example.org", b"a@b.c.d.e.f.g.h.i.j.k"]


def random_round(number):
    rng = rng_of("mysql", number, oddness=[0, 0.02, 0.1])
    options = {"query": QUERIES[number % len(QUERIES)]}
    if rng.random() < 0.3:
        options["hosts"] = f"unix:{server.socket}"
    if rng.random() < 0.4:
        options["result_format"] = rng.choice(FORMATS)
    if rng.random() < 0.2:
        options["domain"] = rng.choice(DOMAINS)
    if rng.random() < 0.2:
        options["expansion_limit"] = rng.choice(["0", "1", "2", "20"])
    if rng.random() < 0.2:
        options["require_result_set"] = rng.choice(["yes", "no", "NO"])
    if rng.is_odd():
        name, values = rng.choice([
            ("query", ODD_QUERIES), ("result_format", ODD_FORMATS),
            ("expansion_limit", ["", "x", "1x", "10s", "0x1"]),
            ("domain", ["nope:x", "/nonexistent", "fail:x"]),
            ("dbname", ["nothing", ""]), ("dbpath", ["unknown"]),
            ("require_result_set", ["maybe"]), ("user", ["nobody"])])
        options[name] = rng.choice(values)
    asked = keys(rng, stored(), KEYS) + [
        b"some", b"number", b"example.org", b"@example.org", b""]
    return table(f"random{number}", list(dict.fromkeys(asked)), **options)


def named(name, asked, least_found=1, **options):
    asked = [key.encode() for key in asked.split()]
    compare("mysql", [table(name, asked, **options)], least_found, len(asked))


end_on_signals()
print("# SEED", SEED)
directory = tempfile.TemporaryDirectory(prefix="differential-")
os.chmod(directory.name, 0o755)
server = Server()
addresses = []
write(directory.name + "/domains", b"example.org\n# no\nother.example\n")
fill()


@case("mysql: random options")
def _():
    compare("mysql", [random_round(number) for number in range(VARIANTS)],
            500, LEAST)


@case("mysql: every odd query, with and without a result set required")
def _():
    asked = [b"a@example.org", b"some", b"'", b"7", b"2", b"a'b\"c", b"number"]
    compare("mysql", [
        table(f"odd{number}{required}", asked, query=query,
              require_result_set=required)
        for number, query in enumerate(ODD_QUERIES)
        for required in ("yes", "no")], 0, 0)


@case("mysql: rows of NULL, empty rows and rows of two columns")
def _():
    words = " ".join(key for key, _ in ROWS if " " not in key)
    named("rows", words, 10,
          query="select value from kinds where `key` = '%s' order by number")
    named("columns", words, 10, query="select value, `key` from kinds where "
          "`key` = '%s' order by number")
    named("null", words, 0,
          query="select null, `key` from kinds where `key` = '%s'")


@case("mysql: a result_format that needs a domain, asked without one")
def _():
    named("format", "some example.org some@example.org @example.org some@", 1,
          query="select value from kinds where `key` = '%u'",
          result_format="%s at %D")


@case("mysql: a domain list, and a server that is down")
def _():
    named("down", "@example.org example.org a@b.c user@ @ a@other.example "
          "a@example.org", 0, domain="example.org",
          hosts=f"inet:127.0.0.1:{free_port()}", query="select '%s'")


@case("mysql: more values than the limit")
def _():
    for limit in ("1", "2", "19", "20", "21"):
        named("limit" + limit, "many some number", expansion_limit=limit,
              query="select value from kinds where `key` = '%s'")


@case("mysql: the query in the parts of long ago")
def _():
    named("parts", "some number nobody quote' ä@x 日本", 3,
          select_field="value", table="kinds", where_field="`key`",
          additional_conditions="and value not like 'b%%'")


@case("mysql: a file of options, and localhost")
def _():
    options = f"{directory.name}/my.cnf"
    write(options, f"[client]\nsocket={server.socket}\n[other]\n"
          "default-character-set=latin1\n".encode())
    for name, more in (("client", {"option_group": "client"}),
                       ("default", {"option_group": None}),
                       ("none", {}), ("other", {"option_group": "other"})):
        named("file" + name, "some ä@x 日本", 1, hosts="inet:LocalHost",
              option_file=options, **more,
              query="select '%s', hex('%s'), @@character_set_client, value "
              "from kinds where `key` = '%s'")


@case("mysql: a .cf file that is not there")
def _():
    compare("mysql", [Round(b"mysql:/nonexistent.cf", [b"a"])], 0, 0)


print_counts()
server.close()
directory.cleanup()
done()
