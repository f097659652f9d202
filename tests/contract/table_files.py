#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is wrong in a FILE.cf, of every type that has one: told at its place, by
the option's name, without passwords, and without waiting for files that never
end. No server is asked."""
import os
import subprocess
import tempfile

import daemon
from tap import Skip, case, done

SECRET = "S3CRET"
LETTERS = ("there are %s %u %d %S %U %D %1 to %9, and %% for a '%'")
ADDRESS = ("expected unix:/PATH, inet:HOST:PORT, inet:PORT or "
           "inet:[ADDRESS]:PORT")
NO_LOGIN = "no names and passwords here: there are options for them"

# The lines of a FILE.cf, and what is told behind its name and a colon.
REFUSED = {
    "exec": {
        "command = /bin/true\nenvironment = {A=S3CRET}x\n":
            "2:15: environment: word 1: text after '}'",
        "command = /bin/true\nenvironment = A=b {PASSWORD=S3CRET\n":
            "2:15: environment: word 2: expected {...}, balanced",
        "command = /bin/true\nenvironment = A=b =S3CRET\n":
            "2:15: environment: word 2: expected NAME=VALUE or NAME",
        "command = /bin/true {x S3CRET\n":
            "1:11: command: word 2: expected {...}, balanced",
        "command = /bin/true {S3CRET}x\n":
            "1:11: command: word 2: text after '}'",
        "processes = 2\n": " command is missing",
        "command = /bin/true\ndirectory = @DIR@/none\n":
            "2:13: directory: @DIR@/none: No such file or directory",
        "command = /bin/true\ndirectory = @DIR@/der\n":
            "2:13: directory: @DIR@/der: Not a directory",
        "command = /bin/true\nmap = a b\n": "2:7: map: a name has no blanks",
        "command = /bin/true\nuser = nobody\n": '2:1: unknown key "user"',
        "comand = /bin/true\n":
            '1:1: unknown key "comand"; did you mean "command"?',
    },
    "http": {
        "url = http://h/%s\nheaders = {X-Api-Key S3CRET}\n":
            "2:11: headers: word 1: expected {NAME: VALUE}",
        "url = http://h/%s\nheaders = {A: b} X-Api-Key: S3CRET\n":
            "2:11: headers: word 2: expected {NAME: VALUE}",
        "url = http://h/%s\nheaders = {Authorization Bearer S3CRET: x}\n":
            "2:11: headers: word 1: no name of a header stands before the "
            "colon",
        "url = http://h/%s\nproxy = http://u:S3CRET@127.0.0.1:99999\n":
            "2:9: proxy: Port number was not a decimal number between 0 and "
            "65535",
        "url = http://h/%s\nproxy = ftp://u:S3CRET@h\n":
            "2:9: proxy: no kind of proxy that this libcurl knows",
        "url = http://h/%s\nproxy = http://u:S3CRET%00@h\n":
            "2:9: proxy: URL decode error, most likely because of rubbish in "
            "the input",
        "url = http://h/%s\nproxy = environment\n":
            "2:9: proxy: all_proxy in the environment: Port number was not a "
            "decimal number between 0 and 65535",
        "url = http://h/%q\n": f'1:7: url: unknown "%q": {LETTERS}',
        "method = PUT\n": " url is missing",
        "url = http://h/%s\nverifi = no\n":
            '2:1: unknown key "verifi"; did you mean "verify"?',
        "url = https://h/%s\nca_file = @DIR@/der\n":
            "2:11: ca_file: @DIR@/der: no PEM file",
        "url = https://h/%s\ncert_file = @DIR@/pipe\n":
            "2:13: cert_file: @DIR@/pipe: not a regular file",
        "url = https://h/%s\nkey_file = x\n":
            "2:12: key_file: write an absolute path",
        "url = http://h/%s\ntoken_file = S3CRET\n":
            "2:14: token_file: no credentials were passed "
            "(CREDENTIALS_DIRECTORY)",
        "url = http://h/%s\ntoken_file = @DIR@/pipe\n":
            "2:14: token_file: @DIR@/pipe: not a regular file",
        "url = http://h/%s\nuser = u\npassword_file = S3CRET/\n":
            "3:17: password_file: expected an absolute path, or the name of a "
            "credential",
        "url = http://h/%s\nuser = u\n": "2:8: user: without a password",
    },
    "ldap": {
        "server_host = ldap://cn=admin:S3CRET@[h/\n":
            "1:15: server_host: there is none",
        "server_host = h ldap://cn=admin:S3C,RET@[h/\nquery_filter = %q\n":
            f'2:16: query_filter: unknown "%q": {LETTERS}',
        "result_filter = %q\n": f'1:17: result_filter: unknown "%q": {LETTERS}',
        "search_base = %q\n": f'1:15: search_base: unknown "%q": {LETTERS}',
        "bind = perhaps\n":
            "1:8: bind: expected yes or simple, no or none, or sasl",
        "bind_pw_file = /dev/zero\n":
            "1:16: bind_pw_file: /dev/zero: not a regular file",
    },
    "lua": {
        "scirpt = /x\n": '1:1: unknown key "scirpt"; did you mean "script"?',
    },
    "memcache": {
        "memcache = inet:user:S3CRET@h:11211\n":
            f'1:12: memcache: {ADDRESS}, not "h:11211"',
        "memcache = inet:S3CRET@h:11211\n":
            f'1:12: memcache: {ADDRESS}, not "h:11211"',
        "memcache = inet:u:S3CRET@h\n": f'1:12: memcache: {ADDRESS}, not "h"',
        "key_format = %q\n": f'1:14: key_format: unknown "%q": {LETTERS}',
        "key_digest = sha256\n":
            "1:14: key_digest: not supported: other keys would be asked for "
            "than by Postfix",
        "backup = memcache:@FILE@\n":
            "1:10: backup: memcache:@FILE@ is inside of itself",
        "ttl = 1\nbackup = unionmap:{static:x, proxy:memcache:@FILE@}\n":
            "2:10: backup: memcache:@FILE@ is inside of itself",
        "domain = @DIR@/pipe\n": "1:10: domain: @DIR@/pipe: not a regular file",
        "domain = /dev/zero\n": "1:10: domain: /dev/zero: not a regular file",
    },
    "mysql": {
        "hosts = u:S3CRET@h:3306\ndbname = d\nquery = SELECT '%s'\n":
            f"1:9: hosts: word 1: {NO_LOGIN}",
        "hosts = x://u:S3CRET@h\ndbname = d\nquery = SELECT '%s'\n":
            '1:9: hosts: "x://h": expected no URI',
        "hosts = h\nquery = SELECT '%s'\n": " dbname is missing",
        "dbname = d\n": " query is missing",
        "dbname = d\nquery = SELECT '%q'\n":
            f'2:9: query: unknown "%q": {LETTERS}',
    },
    "pgsql": {
        "hosts = h\n  inet:u:S3CRET@h:5432\ndbname = d\nquery = SELECT '%s'\n":
            f"1:9: hosts: word 2: {NO_LOGIN}",
        "hosts = u:5S3C,RET@h\ndbname = d\nquery = SELECT '%s'\n":
            "1:9: hosts: word 1: expected a port up to 65535, or its name",
        "hosts = h\ndbname = d\nquery = SELECT '%q'\n":
            f'3:9: query: unknown "%q": {LETTERS}',
        "hosts = h\nquery = SELECT '%s'\n": " dbname is missing",
    },
    "redis": {
        "hosts = h u:S3CRET@h:6379\ncommand = GET %s\n":
            f"1:9: hosts: word 2: {NO_LOGIN}",
        "sentinels = u:S3CRET@h\nmaster_name = m\ncommand = GET %s\n":
            f"1:13: sentinels: word 1: {NO_LOGIN}",
        "hosts = redis://u:S3CRET@h\ncommand = GET %s\n":
            "1:9: hosts: expected HOST:PORT or unix:PATH, not \"redis://h\"",
        "hosts = h:70000\ncommand = GET %s\n":
            '1:9: hosts: "h:70000": expected a port up to 65535, or its name',
        "command = GET %q\n": f'1:11: command: unknown "%q": {LETTERS}',
        "hosts = h\n": " command is missing",
        "command = GET %s\nuser = x\n": "2:8: user: without a password",
        "hosts = h\nsentinels = s\ncommand = GET %s\n":
            "2:13: sentinels: not together with hosts",
        "command = GET %s\npasword = S3CRET\n":
            '2:1: unknown key "pasword"; did you mean "password"?',
        "command = GET %s\npassword_fil = /x\n":
            '2:1: unknown key "password_fil"; did you mean "password_file"?',
    },
    "sqlite": {
        "dbpath = x\nquery = SELECT '%s'\n":
            "1:10: dbpath: write the absolute path of the database",
        "query = SELECT '%s'\n": " dbpath is missing",
    },
}

# The same, of what is warned of.
WARNED = {
    "ldap": {
        "server_host = h ldap://cn=admin:S3CRET@[h/\n":
            ['1:15: server_host: "[h/" is left out: no URL of LDAP'],
        "server_host = h ldap://S3CRET@h/\n":
            ['1:15: server_host: "h/" is left out: expected ldap://HOST, '
             "ldaps://HOST or ldapi://PATH with each / of the path as %2F"],
        "server_host = h [S3C,RET@h\n":
            ["1:15: server_host: word 2 is left out: no URL of LDAP",
             '1:15: server_host: "h" is left out: expected ldap://HOST, '
             "ldaps://HOST or ldapi://PATH with each / of the path as %2F"],
        "tls_ca_cert_file = @DIR@/none\ntls_ca_cert_dir = @DIR@/der\n"
        "tls_cert = @DIR@/der\ntls_key = @DIR@/pipe\nscope = all\n":
            ['5:9: scope: "all" is taken for sub',
             "1:20: tls_ca_cert_file: @DIR@/none: No such file or directory",
             "2:19: tls_ca_cert_dir: @DIR@/der: Not a directory",
             "3:12: tls_cert: @DIR@/der: no PEM file",
             "4:11: tls_key: @DIR@/pipe: not a regular file"],
        "tls_ca_cert_file = @DIR@/pem\ntls_ca_cert_dir = @DIR@\n": [],
    },
    "memcache": {
        "key_digest =\nbakcup = static:x\n":
            ['2:1: unknown key "bakcup" is ignored; did you mean "backup"?'],
    },
    "mysql": {
        "dbname = d\nquery = SELECT '%s'\noption_file = @DIR@/none\n"
        "tls_CAfile = @DIR@/none\ntls_CApath = @DIR@/none\n":
            ["3:15: option_file: @DIR@/none: No such file or directory",
             "4:14: tls_CAfile: @DIR@/none: No such file or directory",
             "5:14: tls_CApath: @DIR@/none: No such file or directory"],
        "dbname = d\nquery = SELECT '%s'\noption_file = @DIR@/der\n"
        "tls_CAfile = @DIR@/pem\ntls_CApath = @DIR@\n": [],
    },
    "pgsql": {
        "dbname = d\nquery = SELECT %s\npasword = S3CRET\n":
            ['3:1: unknown key "pasword" is ignored; did you mean "password"?',
             "2:9: query: a part of the key stands outside of '...': its text "
             "is made anew for each key"],
    },
}

FILES = ("btree", "cidr", "exec", "hash", "http", "ldap", "lua", "memcache",
         "mysql", "pcre", "pgsql", "redis", "regexp", "sqlite", "texthash")


def write(name, text):
    with open(f"{directory.name}/{name}", "w", encoding="utf-8") as file:
        file.write(text)


def check(table):
    """What `socketmap check --open` tells of a map with this table, without the
    lines that show where."""
    write("socketmapd.conf", f"[listen l]\nendpoint = unix:{directory.name}/s\n"
                             f"[map m]\ntable = {table}\n")
    result = subprocess.run(
        [os.environ["SOCKETMAP"], "check", "--open", "-c",
         f"{directory.name}/socketmapd.conf"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, encoding="utf-8", timeout=daemon.PATIENCE,
        env={**environment, "all_proxy": f"http://u:{SECRET}@h:99999"},
        check=False)
    lines = [line for line in result.stderr.splitlines()
             if not line.startswith("    ")]
    if any("this build has no" in line for line in lines):
        raise Skip(lines[0])
    return lines


def fill_in(text, file):
    return text.replace("@DIR@", directory.name).replace("@FILE@", file)


def told_of(kind, text):
    """What is told of a FILE.cf with this text."""
    file = f"{directory.name}/table.cf"
    write("table.cf", fill_in(text, file))
    lines = check(f"{kind}:{file}")
    assert not any(SECRET in line for line in lines), lines
    return file, lines


def refused(kind):
    @case(f"{kind}: mistakes are told at their place, and no password is")
    def _():
        for text, told in REFUSED[kind].items():
            file, lines = told_of(kind, text)
            expected = fill_in(f"{directory.name}/socketmapd.conf:4:9: table: "
                               f"{file}:{told}", file)
            assert lines[-1:] == [expected], (text, lines, expected)


def warned(kind):
    @case(f"{kind}: so is what is warned of")
    def _():
        for text, told in WARNED[kind].items():
            file, lines = told_of(kind, text)
            expected = [fill_in(f"warning: {file}:{line}", file)
                        for line in told]
            assert lines == expected, (text, lines, expected)


def endless(kind):
    @case(f"{kind}: a file that is none is refused at once")
    def _():
        suffix = ".db" if kind in ("btree", "hash") else ""
        for name in f"{directory.name}/pipe", f"{directory.name}/zero":
            lines = check(f"{kind}:{name}")
            assert len(lines) == 1 and name + suffix in lines[0], lines


environment = {name: value for name, value in os.environ.items()
               if name != "CREDENTIALS_DIRECTORY"
               and not name.lower().endswith("_proxy")}
directory = tempfile.TemporaryDirectory(prefix="table-files-")
write("pem", "A comment\n-----BEGIN CERTIFICATE-----\n")
with open(f"{directory.name}/der", "wb") as der:
    der.write(b"\x30\x82\x01\n\x00\n")
for end in "", ".db":
    os.mkfifo(f"{directory.name}/pipe{end}")
    os.symlink("/dev/zero", f"{directory.name}/zero{end}")

for table_type in REFUSED:
    refused(table_type)
for table_type in WARNED:
    warned(table_type)
for table_type in FILES:
    endless(table_type)


@case("the null device is an empty file")
def _():
    for name in "cidr:/dev/null", "texthash:/dev/null", "regexp:/dev/null":
        assert check(name) == [], name


@case("a FILE.cf that is too large for one")
def _():
    write("huge.cf", "")
    os.truncate(f"{directory.name}/huge.cf", 1 << 40)
    lines = check(f"memcache:{directory.name}/huge.cf")
    assert lines == [f"{directory.name}/socketmapd.conf:4:9: table: "
                     f"{directory.name}/huge.cf: too large for a list of "
                     "options"], lines


@case("two memcache tables that are behind each other")
def _():
    for one, other in ("a", "b"), ("b", "a"):
        write(f"{one}.cf", f"backup = memcache:{directory.name}/{other}.cf\n")
    lines = check(f"memcache:{directory.name}/a.cf")
    assert lines == [
        f"{directory.name}/socketmapd.conf:4:9: table: "
        f"{directory.name}/a.cf:1:10: backup: {directory.name}/b.cf:1:10: "
        f"backup: memcache:{directory.name}/a.cf is inside of itself"], lines


directory.cleanup()
done()
