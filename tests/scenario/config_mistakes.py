#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Twenty mistakes in a configuration of two files: each is told, in order,
with its line and a caret under its column."""
import os
import subprocess
import tempfile

import daemon
from tap import case, done

MAIN = """\
# A comment, and below it a tab.
speed = 9
[server]
conections = 10
connections = 0
deadline = 4
deadline = 5s
request_size = 99GiB
user\t=\tnobody-of-this-name
[log]
log_format = xml
log_levels = life:info,
# A comment between the two.
    tabel:debug
trace = virtul:*@example.org
[defaults]
auto_reload = true
table = static:x
include = more/*.conf
[mpa x]
table = static:x
[listen tcp]
endpoint = inet:0.0.0.0:10700
mode = 0600
"""

MORE = """\
[listen here]
endpoint = unix:run/sock
allow_networks = 192.0.2.1/24
map_allow = virtual virtaul
[map virtual]
shrink_limit = 101
[map virtual]
table = texthash:virtual
[map last]
table = statik:x
"""

SAID = """\
@DIR@/socketmapd.conf:2:1: "speed" stands in no section
    speed = 9
    ^
@DIR@/socketmapd.conf:4:1: [server] has no option "conections"; did you mean \
"connections"?
    conections = 10
    ^
@DIR@/socketmapd.conf:5:15: connections: 0 is not from 1 to 1000000
    connections = 0
                  ^
@DIR@/socketmapd.conf:6:12: deadline: "4" is no time: expected a number with a \
unit (ms, s, m, h, d), such as 5s
    deadline = 4
               ^
@DIR@/socketmapd.conf:7:1: "deadline" has a value already, in line 6
    deadline = 5s
    ^
@DIR@/socketmapd.conf:8:16: request_size: 99GiB is not from 1B to 16MiB
    request_size = 99GiB
                   ^
@DIR@/socketmapd.conf:9:8: user: this machine has no user "nobody-of-this-name"
    user\t=\tnobody-of-this-name
        \t \t^
@DIR@/socketmapd.conf:11:14: log_format: "xml": expected text or logfmt or json
    log_format = xml
                 ^
@DIR@/socketmapd.conf:14:5: log_levels: there is no area "tabel"; did you mean \
"table"?
        tabel:debug
        ^
@DIR@/socketmapd.conf:15:9: trace: there is no [map virtul]; did you mean \
"virtual"?
    trace = virtul:*@example.org
            ^
@DIR@/socketmapd.conf:17:15: auto_reload: "true" is neither yes nor no
    auto_reload = true
                  ^
@DIR@/socketmapd.conf:18:1: [defaults] has no option "table"; it belongs to \
[map NAME]
    table = static:x
    ^
@DIR@/socketmapd.conf:20:2: unknown kind of section "mpa", expected server, \
log, listen, defaults or map; did you mean "map"?
    [mpa x]
     ^
@DIR@/socketmapd.conf:23:12: endpoint: not only this machine can connect \
there: say who may, such as allow_networks = 192.0.2.0/24
    endpoint = inet:0.0.0.0:10700
               ^
@DIR@/socketmapd.conf:24:8: mode: only a unix: endpoint has one
    mode = 0600
           ^
@DIR@/more/1.conf:2:12: endpoint: a relative path; write the whole one, such \
as unix:@DIR@/more/run/sock
    endpoint = unix:run/sock
               ^
@DIR@/more/1.conf:3:18: allow_networks: "192.0.2.1/24": the address has bits \
set behind the first 24
    allow_networks = 192.0.2.1/24
                     ^
@DIR@/more/1.conf:4:21: map_allow: there is no [map virtaul]; did you mean \
"virtual"?
    map_allow = virtual virtaul
                        ^
@DIR@/more/1.conf:5:1: [map virtual] lacks "table = TABLE..."
    [map virtual]
    ^
@DIR@/more/1.conf:6:16: shrink_limit: 101 is not from 0 to 100
    shrink_limit = 101
                   ^
@DIR@/more/1.conf:7:6: [map virtual] is there already, in line 5
    [map virtual]
         ^
@DIR@/more/1.conf:8:9: table: texthash:virtual: write the absolute path of the \
file, such as texthash:/etc/postfix/virtual
    table = texthash:virtual
            ^
"""


@case("more than twenty mistakes, as many messages, each at its place")
def _():
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
        os.mkdir(os.path.join(directory, "more"))
        path = os.path.join(directory, "socketmapd.conf")
        for name, text in (("socketmapd.conf", MAIN), ("more/1.conf", MORE)):
            with open(os.path.join(directory, name), "w",
                      encoding="utf-8") as file:
                file.write(text)
        ended = subprocess.run(
            [daemon.program(), "-c", path, "--check"], capture_output=True,
            text=True, timeout=daemon.PATIENCE, check=False)
        said = ended.stderr.replace(directory, "@DIR@").splitlines()
        # The words about an unknown type are those of the tables.
        last = said[-3:]
        assert said[:-3] == SAID.splitlines(), ended.stderr
        assert last[0].startswith("@DIR@/more/1.conf:10:9: table: "), last
        assert '"statik"' in last[0] and "static" in last[0], last
        assert last[1:] == ["    table = statik:x", "            ^"], last
        assert ended.returncode == 78 and ended.stdout == "", ended


done()
