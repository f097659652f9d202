# SPDX-License-Identifier: MIT
"""What tables that ask a database in SQL are compared by, whatever database it
is: for all types the same rows, queries, options and cases.

    family = Family("pgsql", lines=server.options, down={"hosts": ...})
    server.sql(SCHEMA + family.inserts())
    family.compare_all()
    family.close()
"""
import dataclasses
import os
import tempfile
from typing import Callable

from differential import Round, compare, write
from hostile import keys, plain_address, rng_of
from tap import case

PEOPLE = 300
KEYS = 150
# Rows that a careless reader takes for another answer.
ROWS = [("null", None), ("empty", ""), ("some", None), ("some", "a"),
        ("some", ""), ("some", "b@c"), ("number", "7"), ("blank", " a  b "),
        ("lines", "a\nb"), ("local", "@d"), ("comma", "a, b"),
        ("percent", "%s%u%%"), ("quote'", "it's"), ('"a b"@x', "quoted"),
        ("ä@x", "ü@ö"), ("back\\slash", "\\"),
        ("a@b.c.d.e.f.g.h.i.j.k", "deep@x.y"), ("long", "x" * 5000),
        ("case", "Upper@Case")]
ROWS += [("many", f"value{number}") for number in range(20)]
IDS = [(1, "one"), (2, "two"), (2, "zwei")]

# "@KEY@" is the column that some databases want in quotes.
QUERIES = [
    "select goto from alias where address = '%s'",
    "SELECT goto FROM alias WHERE address='%u@%d'",
    "select goto from alias where address = '%s' or address = '@%d'",
    "select goto, note from alias where address = '%s' order by goto",
    "select goto from alias where address like '%%@%d' and "
    "address like '%u%%' order by goto",
    "select name from domain where name = '%d' or name = '%2.%1' order by 1",
    "select kind from domain where name in ('%d', '%1', '%2.%1', '%3.%2.%1')",
    "select count(*) from alias where address = '%s'",
    "select value from kinds where @KEY@ = '%s' order by number",
    "select @KEY@, value from kinds where @KEY@ = '%u' order by number",
    "select value from kinds where @KEY@ = lower('%S') or @KEY@ = '%U' "
    "order by number",
    "select goto from alias where address = '%U@%D'",
    "select '%9' from domain where name = '%d'",
    "select case when '%s' = '' then null else '%u' end",
    "select value from kinds where @KEY@ = '%s' union all select goto from "
    "alias where address = '%s' order by 1",
    "select '%u' -- %d\n",
    "select goto from alias where address = '%s';",
    "select 'const'", "select 'it''s %s'",
    "select id, value from ids where id = length('%s') - 1 order by 2",
    "with recursive n(i) as (select 1 union all select i + 1 from n where "
    "i < 3) select i, '%u' from n",
]
ODD_QUERIES = [
    "selec '%s'", "select goto from nothing where address = '%s'",
    "select '%x'", "select %", "select '%s", "select '%s' where false",
    "", "select", "-- nothing", "select value from ids where id = '%s'",
    "select '%s' limit '%1'",
]
ODD_KEYS = [b"a@example.org", b"some", b"'", b"7", b"2", b"a'b\"c", b"number"]

# Options, how often they are there, and what they may be.
CHOICES = {
    "result_format": (0.4, [
        "%s", "%u", "%d", "%s@example.org", "[%s]", "%%%s", "%U:%s", "%D",
        "%1.%s", "smtp:[%d]:25", "x", "%s %s", "%S", "%2"]),
    "domain": (0.2, [
        "example.org", "example.org, example.com", "!example.org, .example",
        "EXAMPLE.org exämple.net", "mx.example.org,other.example", "",
        "inline:{example.org=x}", ".org", "@DIR@/domains"]),
    "expansion_limit": (0.2, ["0", "1", "2", "20"]),
}
ODD_OPTIONS = [
    ("result_format", ["%", "%x", "", "%%%", "%0"]),
    ("expansion_limit", ["", "x", "1x", "10s", "0x1"]),
    ("domain", ["nope:x", "/nonexistent", "fail:x"]),
]


def literal(value):
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


@dataclasses.dataclass
class Family:
    """The tables of one type. lines: makes the text of a .cf file of
    options."""
    kind: str
    lines: Callable
    down: dict  # options by which every question fails
    queries: list = dataclasses.field(default_factory=list)  # more of them
    odd_queries: list = dataclasses.field(default_factory=list)
    odd_options: list = dataclasses.field(default_factory=list)
    choices: dict = dataclasses.field(default_factory=dict)
    odd_variants: tuple = ({},)  # options with which odd queries are asked
    rows: list = dataclasses.field(default_factory=list)
    key: str = "key"
    literal: Callable = literal  # text for the database
    asks: Callable = lambda query, key: True  # whether Postfix says the same
    variants: int = 40

    def __post_init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="differential-")
        self.directory = self._directory.name
        os.chmod(self.directory, 0o755)
        self.queries = [query.replace("@KEY@", self.key)
                        for query in QUERIES + self.queries]
        self.odd_queries = ODD_QUERIES + self.odd_queries
        self.odd_options = [("query", self.odd_queries), *ODD_OPTIONS,
                            *self.odd_options]
        self.choices = {**CHOICES, **self.choices}
        self._addresses = []
        write(self.directory + "/domains",
              b"example.org\n# no\nother.example\n")

    def close(self):
        self._directory.cleanup()

    def inserts(self):
        """The statements that fill the tables alias, domain, ids and kinds."""
        rng = rng_of("database")
        tables = {"alias": [], "domain": [], "ids": IDS,
                  f"kinds ({self.key}, value)": ROWS + self.rows}
        for number in range(PEOPLE):
            # As they are asked for, folded.
            address = plain_address(rng, PEOPLE).decode().casefold()
            self._addresses.append(address.encode())
            tables["alias"].append((address, f"box{number}@other.example",
                                    rng.choice([None, "", "note"])))
        for name in ("example.org", "example.com", "mx.example.org", "org",
                     "exämple.net"):
            tables["domain"].append((name, "ok"))
            tables["alias"].append(("@" + name, "catchall", None))
        return "".join(
            f"insert into {table} values ({self._values(row)});\n"
            for table, entries in tables.items() for row in entries)

    def _values(self, row):
        return ", ".join(str(value) if isinstance(value, int)
                         else self.literal(value) for value in row)

    def table(self, name, asked, **options):
        """A .cf file with a line for each option."""
        text = self.lines(**options).replace("@DIR@", self.directory)
        path = write(f"{self.directory}/{name}.cf", text.encode())
        return Round(self.kind.encode() + b":" + path, asked)

    def named(self, name, asked, least_found=1, **options):
        asked = [key.encode() for key in asked.split()]
        self.compare([self.table(name, asked, **options)], least_found,
                     len(asked))

    def compare(self, rounds, least_found, least_keys):
        compare(self.kind, rounds, least_found, least_keys)

    def compare_all(self):
        """The cases that are the same for all types."""
        self._compare_random()
        self._compare_rows()
        self._compare_options()

    def _stored(self):
        return self._addresses + [key.encode() for key, _ in ROWS + self.rows] \
            + [b"@example.org", b"@", b"example.org", b"a@b.c.d.e.f.g.h.i.j.k"]

    def _random_round(self, number):
        rng = rng_of(self.kind, number, oddness=[0, 0.02, 0.1])
        options = {"query": self.queries[number % len(self.queries)]}
        for name, (part, values) in self.choices.items():
            if rng.random() < part:
                options[name] = rng.choice(values)
        if rng.is_odd():
            name, values = rng.choice(self.odd_options)
            options[name] = rng.choice(values)
        asked = keys(rng, self._stored(), KEYS) + [
            b"some", b"number", b"example.org", b"@example.org", b""]
        asked = [key for key in dict.fromkeys(asked)
                 if self.asks(options["query"], key)]
        return self.table(f"random{number}", asked, **options)

    def _compare_random(self):
        @case(f"{self.kind}: random options")
        def _():
            self.compare([self._random_round(number)
                          for number in range(self.variants)], 500, 5000)

        @case(f"{self.kind}: every odd query")
        def _():
            self.compare([
                self.table(f"odd{number}-{variant}", ODD_KEYS, query=query,
                           **options)
                for number, query in enumerate(self.odd_queries)
                for variant, options in enumerate(self.odd_variants)], 0, 0)

    def _compare_rows(self):
        where = f"from kinds where {self.key} = '%s'"

        @case(f"{self.kind}: rows of NULL, empty rows and rows of two columns")
        def _():
            words = " ".join(key for key, _ in ROWS + self.rows
                             if " " not in key)
            self.named("rows", words, 10,
                       query=f"select value {where} order by number")
            self.named("columns", words, 10, query="select value, "
                       f"{self.key} {where} order by number")
            self.named("null", words, 0,
                       query=f"select null, {self.key} {where}")

        @case(f"{self.kind}: more values than the limit")
        def _():
            for limit in ("1", "2", "19", "20", "21"):
                self.named("limit" + limit, "many some number",
                           expansion_limit=limit,
                           query=f"select value {where} order by number")

    def _compare_options(self):
        @case(f"{self.kind}: a result_format that needs a domain, asked "
              "without one")
        def _():
            self.named("format", "some example.org some@example.org "
                       "@example.org some@", 1, result_format="%s at %D",
                       query="select value from kinds where "
                       f"{self.key} = '%u'")

        @case(f"{self.kind}: a domain list, and a database that fails")
        def _():
            self.named("down", "@example.org example.org a@b.c user@ @ "
                       "a@other.example a@example.org", 0,
                       domain="example.org", **{"query": "select '%s'",
                                                **self.down})

        @case(f"{self.kind}: the query in the parts of long ago")
        def _():
            self.named("parts", "some number nobody quote' ä@x", 3,
                       select_field="value", table="kinds",
                       where_field=self.key,
                       additional_conditions="and value not like 'b%%'")

        @case(f"{self.kind}: a .cf file that is not there")
        def _():
            spec = self.kind.encode() + b":/nonexistent.cf"
            self.compare([Round(spec, [b"a"])], 0, 0)
