#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples of socketmap_tables(5): Postfix answers from the table in its
main.cf as we do from the one in socketmapd.conf."""
import os
import re
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import mariadb
import postgres
import slapd
from tap import case, done
from tcp_table import Server as TcpServer, reply

BUILD = Path(os.environ["BUILD_ROOT"])
PAGE = (BUILD / "doc/socketmap_tables.5").read_text()
POSTMAP = "/usr/sbin/postmap"

servers = {}  # by the type of table

KEYS = ["user@example.org", "User@Example.ORG", "nobody@example.com", "root",
        "example.org", "192.0.2.1", "2001:db8::1", "x", "PATH", "alice"]

# What is found is a key again, for pipemap.
TEXT = "".join(f"{key} value-{n}\nvalue-{n} other-{n}\n"
               for n, key in enumerate(KEYS[:1] + KEYS[4:]))
RULES = {
    "regexp": "/^user@(.*)$/ at-$1\n/^192/ a-network\n",
    "pcre": "/^user@(.*)$/ at-$1\n/^\\d+/ a-number\n",
    "cidr": "192.0.2.0/24 ours\n2001:db8::/32 ours, too\n",
}

SERVERS = {"mysql": mariadb, "pgsql": postgres}

# Types whose example cannot be asked here: there is no such server, the answer
# is random, or it names what only this project has.
UNASKED = {"socketmap", "randmap", "map", "http", "https", "redis", "lua", "exec"}

# Whose content an example may show, too.
FILES = {"FILE.cf", "FILE.lua"}


def sections():
    """Yields (type, {heading: listing}) of each table type."""
    for text in re.split(r"^\.Ss ", PAGE, flags=re.M)[1:]:
        name = re.match(r"(\w+):", text)
        if name is None:
            continue
        listings = re.findall(
            r"^In (main\.cf|socketmapd\.conf|FILE\.cf|FILE\.lua):\n\.Bd -literal.*\n"
            r"((?:.*\n)*?)\.Ed$", text, re.M)
        yield name[1], {where: code.replace(r"\e", "\\")
                        for where, code in listings}


def make_database(path):
    with sqlite3.connect(path) as database:
        database.execute("create table aliases (address, goto)")
        database.execute("insert into aliases values (?, ?)",
                         ("user@example.org", "alice@example.net"))
    database.close()


def start_server(kind, module):
    """Starts one for the rest of the test."""
    if kind not in servers:
        servers[kind] = module.Server()
        servers[kind].sql("create table aliases (address text, goto text);"
                          "insert into aliases values "
                          "('user@example.org', 'alice@example.net')")
    return servers[kind]


def start_slapd():
    """Starts one for the only test of it."""
    servers["ldap"] = slapd.Server()
    servers["ldap"].add(slapd.entry(
        "cn=user", objectClass="mailEntry", cn="user", key="user@example.org",
        maildrop="alice@example.net"))
    return servers["ldap"]


def settle(path):
    """postmap waits for a file that is younger than two seconds."""
    past = time.time() - 60
    os.utime(path, (past, past))


def make_file(directory, kind, path):
    """Makes what a table of this type is read from."""
    if kind == "sqlite":
        make_database(f"{directory}/aliases.db")
        Path(path).write_text(
            f"dbpath = {directory}/aliases.db\n"
            "query = select goto from aliases where address = '%s'\n")
    elif kind in SERVERS:
        Path(path).write_text(start_server(kind, SERVERS[kind]).options(
            query="select goto from aliases where address = '%s'"))
    elif kind == "ldap":
        Path(path).write_text(start_slapd().options(
            query_filter="(key=%s)", result_attribute="maildrop"))
    elif kind == "memcache":
        # The server need not be there.
        make_file(directory, "texthash", path + ".text")
        Path(path).write_text(f"memcache = unix:{directory}/nothing\n"
                              f"backup = texthash:{path}.text\n")
    elif not os.path.exists(path):
        Path(path).write_text(RULES.get(kind, TEXT))
    settle(path)
    if kind in ("cdb", "lmdb", "hash", "btree"):
        subprocess.run([POSTMAP, "-c", directory, f"{kind}:{path}"], check=True,
                       stderr=subprocess.PIPE)


def make_files(directory, text):
    for kind, path in re.findall(
            r"\b(\w+):(%s/[\w.]+)" % re.escape(directory), text):
        make_file(directory, kind, path)


def ask_postfix(directory, table, key):
    out = subprocess.run([POSTMAP, "-c", directory, "-q", key, table],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if b"fatal:" in out.stderr:
        return "failed"
    return out.stdout if out.returncode == 0 else "absent"


def ask_us(config, name, key):
    out = subprocess.run([BUILD / "src/cli/socketmap", "query", "-c", config,
                          name, key], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env={**os.environ, "x": "yes"})
    return {0: out.stdout, 1: "absent", 75: "failed"}.get(
        out.returncode, out.stderr)


def make_table_file(directory, ours, text):
    """Writes the file that an example shows, and what it names."""
    path = re.search(r"\b\w+:(%s/\S+)" % re.escape(directory), ours)[1]
    Path(path).write_text(text)
    for name in re.findall(r"^\w+_file = (\S+)", text, re.M):
        Path(name).write_text("-----BEGIN x-----\n")


def start_tcp(text):
    """Starts one in place of the one on the port of the example, until the end
    of the test."""
    server = TcpServer(lambda key: reply(200, b"alice@example.net")
                       if key == b"user@example.org" else reply(500, b"no"))
    return re.sub(r"(tcp:[\d.]+):\d+", rf"\1:{server.port}", text)


def compare(directory, kind, listings):
    main = listings["main.cf"].replace("/etc/postfix", directory)
    ours = listings["socketmapd.conf"].replace("/etc/postfix", directory)
    if kind == "tcp":
        main, ours = start_tcp(main + "\0" + ours).split("\0")
    # Postfix's programs see no other variables, for environ.
    Path(directory, "main.cf").write_text(
        "compatibility_level = 3.6\nimport_environment = x=yes\n" + main)
    settle(f"{directory}/main.cf")
    make_files(directory, main)
    for name in FILES & set(listings):
        make_table_file(directory, ours,
                        listings[name].replace("/etc/postfix", directory))
    config = Path(directory, "socketmapd.conf")
    config.write_text(f"[listen x]\nendpoint = unix:{directory}/s\n{ours}")
    subprocess.run([BUILD / "src/cli/socketmap", "check", "-c", config, "-o"],
                   check=True)
    if kind in UNASKED:
        return
    # By its whole key alone: search orders have a test of their own.
    config.write_text(re.sub(r"^search = .*\n", "", config.read_text(),
                             flags=re.M))
    table = re.sub(r"\s*\n\s*", " ", main[main.index(kind + ":"):].strip())
    name = re.search(r"^\[map (\S+)\]", ours, re.M)[1]
    found = set()
    for key in KEYS:
        theirs = ask_postfix(directory, table, key)
        assert theirs == ask_us(config, name, key), (table, key, theirs)
        found.add(theirs)
    assert found - {"absent"}, "nothing was found"


for type_name, examples in sections():
    @case(f"{type_name}: both answer alike")
    def _():
        assert set(examples) - FILES == {
            "main.cf", "socketmapd.conf"}, set(examples)
        with tempfile.TemporaryDirectory(prefix="tables-") as directory:
            os.chmod(directory, 0o755)
            compare(directory, type_name, examples)


for server in servers.values():
    server.close()
done()
