#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mysql tables: the same server and the same .cf file asked by Postfix and by
us."""
from differential import print_counts, write
from ending import end_on_signals
from hostile import SEED
from mariadb import Server
from ports import free_port
from sql_differential import Family, literal
from tap import case, done

SCHEMA = """
create table alias (address varchar(200) collate utf8mb4_bin, goto text,
    note text);
create table domain (name varchar(200), kind text);
create table kinds (number int auto_increment primary key,
    `key` varchar(200) collate utf8mb4_bin, value text);
create table ids (id integer, value text);
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
ROWS = [("日本", "日本@x"), ("longer", "y" * 300)]
QUERIES = [
    'select goto from alias where address = "%s" or address = "@%d"',
    "select concat('x', '%s', '%%') from domain where name = '%d'",
    "select '%u' # %d\n", "select concat('%u', '+', '%s')",
    "select 'it\\'s \"%s\"', \"'%u'\", 'a\\\\b\\n%d'", "select 'x' '%s'",
    "select goto_of('%s')", "call lookup('%s')", "call lookup(lower('%s'))",
    "select _utf8mb4'<%s>'", "select n'%s'", "select /*!50000 1, */ '%u'",
    "select length('%s'), char_length('%s'), hex('%u')",
    "select 1.50, null, 1e3, true, date '2020-1-1', 1/3, '%s' + 0",
    "select a, b, c, d, e, f from types where `key` = '%s'",
    "select g, h, i, j, k, l from types where `key` = '%s'",
    "select j, k, l, m, n, c, r from types where `key` = '%s'",
    "select o, p, q, l from types where `key` = '%s'",
    "select value from ids where id = '%s'",
]
ODD_QUERIES = [
    "set @x = '%s'", "call two('%s')", "call maybe('%s')",
    "call nothing('%s')", "select 1; select '%s'",
    "select value from ids where id = %s", "select date '%s'",
    "select 1; selec", "select '%s' into @y",
    "select value from ids where '%s' = (select id from ids)",
    "do sleep(0)", "insert into ids select 3, '%s' from dual where 1 = 0",
]


def escaped(value):
    return literal(value and value.replace("\\", "\\\\"))


end_on_signals()
print("# SEED", SEED)
server = Server()
family = Family(
    "mysql", server.options, key="`key`", literal=escaped, rows=ROWS,
    down={"hosts": f"inet:127.0.0.1:{free_port()}"}, queries=QUERIES,
    choices={"hosts": (0.3, [f"unix:{server.socket}"]),
             "require_result_set": (0.2, ["yes", "no", "NO"])},
    odd_queries=ODD_QUERIES,
    odd_variants=({"require_result_set": "yes"}, {"require_result_set": "no"}),
    odd_options=[("dbname", ["nothing", ""]), ("dbpath", ["unknown"]),
                 ("require_result_set", ["maybe"]), ("user", ["nobody"])])
server.sql("set sql_mode = '';" + SCHEMA + family.inserts())
family.compare_all()


@case("mysql: a file of options, and localhost")
def _():
    options = f"{family.directory}/my.cnf"
    write(options, f"[client]\nsocket={server.socket}\n[other]\n"
          "default-character-set=latin1\n".encode())
    for name, more in (("client", {"option_group": "client"}),
                       ("default", {"option_group": None}),
                       ("none", {}), ("other", {"option_group": "other"})):
        family.named("file" + name, "some ä@x 日本", 1, hosts="inet:LocalHost",
                     option_file=options, **more,
                     query="select '%s', hex('%s'), @@character_set_client, "
                     "value from kinds where `key` = '%s'")


print_counts()
server.close()
family.close()
done()
