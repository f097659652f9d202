#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A configuration that nobody serves: --check as the daemon's user,
--dump-config, included files."""
import os
import re
import subprocess
import tempfile

import daemon
from tap import Skip, case, done

SOCKETMAP = os.environ["SOCKETMAP"]


def run(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True,
                          timeout=daemon.PATIENCE, check=False)


def write(directory, name, text):
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text.replace("@DIR@", directory))
    return path


def listen(directory):
    return f"[listen l]\nendpoint = unix:{directory}/socket\n"


def checks(directory, config, *, opens=False):
    """Both ways to check agree; returns exit status and lines on stderr."""
    path = write(directory, "socketmapd.conf", config)
    one = run(daemon.program(), "-c", path, "--check=open" if opens
              else "--check")
    other = run(SOCKETMAP, "check", "-c", path, *(["--open"] if opens else []))
    assert one.stdout == other.stdout == "", (one, other)
    assert one.stderr == other.stderr, (one, other)
    assert one.returncode == other.returncode, (one, other)
    return one.returncode, one.stderr.splitlines()


def scenario(name):
    """A case in a directory of its own, which anybody may enter."""
    def decorate(function):
        @case(name)
        def _():
            with tempfile.TemporaryDirectory(prefix="socketmapd-") as directory:
                os.chmod(directory, 0o755)
                function(directory)
    return decorate


@scenario("nothing wrong: quiet, 0, and nothing is opened")
def _(directory):
    config = listen(directory) + "[map m]\ntable = static:x\n"
    assert checks(directory, config) == (0, [])
    assert checks(directory, config, opens=True) == (0, [])
    assert os.listdir(directory) == ["socketmapd.conf"]


@scenario("a wrong configuration: 78")
def _(directory):
    status, lines = checks(directory, "[map m]\ntable = static:x\n")
    assert status == 78 and len(lines) == 1, (status, lines)


@scenario("a file that is missing")
def _(directory):
    status, lines = checks(
        directory,
        listen(directory) + "[map m]\ntable = texthash:@DIR@/none\n")
    assert status == 78 and lines == [
        f"{directory}/socketmapd.conf:4:9: table: {directory}/none: "
        "No such file or directory"], lines


@scenario("a pipe: read where it is open already, refused where it has a name")
def _(directory):
    config = listen(directory) + "[map m]\ntable = static:x\n"
    config = config.encode()
    for command in [SOCKETMAP, "check", "-c"], [daemon.program(), "--check",
                                                "-c"]:
        for name in "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0":
            result = subprocess.run(
                [*command, name], input=config, capture_output=True,
                timeout=daemon.PATIENCE, check=False)
            assert (result.returncode, result.stderr) == (0, b""), result
    os.mkfifo(f"{directory}/pipe")
    for name in f"{directory}/pipe", "/dev/zero":
        for command in [SOCKETMAP, "check", "-c"], [daemon.program(), "-c"]:
            result = run(*command, name)
            assert result.returncode == 78, result
            assert result.stderr == f"{name}: not a regular file\n", result
        status, lines = checks(directory, f"include = {name}\n" + listen(
            directory) + "[map m]\ntable = static:x\n")
        assert status == 78 and lines[0] == (
            f"{directory}/socketmapd.conf:1:11: include: {name}: "
            "not a regular file"), lines


@scenario("--check=open tells what only opening shows")
def _(directory):
    write(directory, "table", "key value\nwrong\n")
    config = listen(directory) + \
        "[map m]\ntable = texthash:@DIR@/table\ncanary = other\n"
    assert checks(directory, config) == (0, [])
    status, lines = checks(directory, config, opens=True)
    assert status == 78 and len(lines) == 2, lines
    assert lines[0].startswith(f"warning: {directory}/table:2"), lines
    assert lines[1].startswith(f"{directory}/socketmapd.conf:4:9: table: ")
    assert "canary" in lines[1] and "other" in lines[1], lines


def as_nobody(name):
    """A scenario that needs root, to become somebody else."""
    def decorate(function):
        @scenario(name)
        def _(directory):
            if os.geteuid() != 0:
                raise Skip("needs root")
            function(directory)
    return decorate


@as_nobody("a file that the daemon's user can't read: its group is named")
def _(directory):
    path = write(directory, "table", "key value\n")
    config = "[server]\nuser = nobody\n" + listen(directory) + \
        "[map m]\ntable = texthash:@DIR@/table\n"
    assert checks(directory, config) == (0, [])
    os.chmod(path, 0o640)
    os.chown(path, 0, 1)
    status, lines = checks(directory, config)
    assert status == 78 and len(lines) == 1, lines
    assert re.search(r":6:9: table: user nobody may not read \S+/table "
                     r"\(0640 root:(\w+)\): .*SupplementaryGroups=\1 .*"
                     r"usermod -aG \1 nobody", lines[0]), lines
    os.chmod(path, 0o600)
    status, lines = checks(directory, config, opens=True)
    assert status == 78 and len(lines) == 1, lines
    assert re.search(r"\(0600 root:\w+\): .*chgrp \w+ and chmod g\+r$",
                     lines[0]), lines


@as_nobody("a directory that the daemon's user can't enter is named")
def _(directory):
    write(directory, "a/b/c/table", "key value\n")
    os.chmod(os.path.join(directory, "a/b"), 0o700)
    status, lines = checks(
        directory, "[server]\nuser = nobody\n" + listen(directory) +
        "[map m]\ntable = texthash:@DIR@/a/b/c/table\n")
    assert status == 78 and len(lines) == 1, lines
    assert f"may not enter {directory}/a/b (0700 root:" in lines[0], lines
    assert lines[0].endswith("chmod g+x"), lines


def dump(path):
    ended = run(daemon.program(), "-c", path, "--dump-config")
    assert ended.returncode == 0 and ended.stderr == "", ended
    return ended.stdout


def settings(text):
    return [line for line in text.splitlines() if not line.startswith("#")]


FULL = """\
[map second]
table = static:{a, b}
canary = x = "y" # z
[map a]b]
table = static:\xe4\xf6{}
workers = 9
[map *]
table = inline:{
   {k = v},
   {l = w} }
[defaults]
workers = 7
shrink_limit = 100
[server]
deadline = 0500ms
memory = 1GiB
[listen l]
endpoint = unix:@DIR@/socket with blank
allow_users = root, 65533
   12345
[log]
trace = second:*@example.org a]b
"""


@scenario("--dump-config is read back as the same")
def _(directory):
    path = write(directory, "socketmapd.conf", FULL)
    first = dump(path)
    second = dump(write(directory, "second.conf", first))
    assert settings(first) == settings(second)
    assert "deadline = 0500ms" in first
    assert settings(first).count("workers = 7") == 2
    assert settings(first).count("workers = 9") == 1
    assert f"endpoint = unix:{directory}/socket with blank\n" in first
    assert "[map a]b]\n" in first and "[map *]\n" in first


@scenario("--dump-config tells where everything comes from")
def _(directory):
    path = write(directory, "socketmapd.conf", FULL)
    told = dict(re.findall(r"^# ([^\n]*)\n([^\n]*)$", dump(path)
                           .split("[map second]")[1].split("[map a]b]")[0],
                           re.M))
    assert told[f"{path}:2"] == "table = static:{a, b}", told
    assert told[f"{path}:3"] == 'canary = x = "y" # z', told
    assert told[f"[defaults] {path}:12"] == "workers = 7", told
    assert told["default"], told
    told = dump(path).split("[listen l]")[1]
    assert "# not set\n# owner = USER\n" in told, told


@scenario("--dump-config shows no values of a secret map")
def _(directory):
    path = write(directory, "socketmapd.conf", listen(directory) +
                 "[map m]\ntable = inline:{k=pass}\nsecret = yes\n"
                 "[map n]\ntable = texthash:/etc/pass\nsecret = yes\n"
                 "[map o]\ntable = inline:{k=word}\n")
    told = dump(path)
    assert "k=pass" not in told and "table = inline:(secret)" in told
    assert "texthash:/etc/pass" in told and "k=word" in told


@scenario("a mistake in a secret map is told without its line")
def _(directory):
    status, lines = checks(
        directory, listen(directory) + "[map m]\nsecret = yes\n"
        "table = inline:{k=pass}, static\n[defaults]\nworkers = x\n")
    assert status == 78, status
    assert lines == [
        f"{directory}/socketmapd.conf:5:26: table: wrong; more is not told of "
        "a secret map",
        f'{directory}/socketmapd.conf:7:11: workers: "x" is no number',
        "    workers = x", "              ^"], lines


@scenario("nor are lines shown that can't be read in a secret map")
def _(directory):
    status, lines = checks(
        directory, listen(directory) + "[map m]\ntabel = inline:{k=pass}\n"
        "table = static:x\ntable = inline:{k=pass}\n"
        "[defaults]\nsecret = yes\nworker = 5\n")
    assert status == 78 and len(lines) == 5, lines
    assert "tabel" in lines[0] and "already" in lines[1], lines
    assert not [line for line in lines if "pass" in line], lines
    assert lines[3] == "    worker = 5", lines


@scenario("included files: by name, by wildcard, in each other")
def _(directory):
    path = write(directory, "socketmapd.conf",
                 "include = conf.d/[0-9]*.conf\ninclude = none.d/*.conf\n"
                 "include = none.d/?\n" + listen(directory) +
                 "include = one[1].conf\ninclude=@DIR@/a b.conf\n")
    write(directory, "conf.d/2.conf", "[map two]\ntable = static:2\n")
    write(directory, "conf.d/1.conf",
          "[map one]\ntable = static:1\ninclude = deep/three.conf\n")
    write(directory, "conf.d/x.conf", "wrong\n")
    write(directory, "conf.d/deep/three.conf", "[map three]\ntable = static:3")
    write(directory, "one1.conf", "[map four]\ntable = static:4\n")
    write(directory, "a b.conf", "[map five]\ntable = static:5\n")
    assert re.findall(r"^\[map (.*)\]", dump(path), re.M) == \
        ["one", "three", "two", "four", "five"]


def refuses(directory, config, line, column, words):
    status, lines = checks(directory, config)
    assert status == 78, lines
    assert lines[0].startswith(
        f"{directory}/socketmapd.conf:{line}:{column}: {words}"), lines
    return lines


@scenario("included files: one that isn't there")
def _(directory):
    lines = refuses(directory, "include = none.conf\n", 1, 11,
                    f"include: {directory}/none.conf: No such file")
    assert len(lines) == 3, lines
    refuses(directory, "include = @DIR@\n", 1, 11,
            f"include: {directory}: Is a directory")
    refuses(directory, "include =\n", 1, 10, "include: expected a file")


@scenario("included files: a ring, and too many in each other")
def _(directory):
    config = listen(directory) + "[map m]\ntable = static:x\n"
    os.symlink("socketmapd.conf", os.path.join(directory, "again.conf"))
    lines = refuses(directory, config + "include = again.conf\n", 5, 11,
                    f"include: {directory}/again.conf: includes itself")
    assert len(lines) == 3, lines
    for n in range(1, 9):
        write(directory, f"{n}.conf", f"include = {n + 1}.conf\n")
    write(directory, "8.conf", "")
    status, lines = checks(directory, config + "include = 2.conf\n")
    assert (status, lines) == (0, []), lines
    status, lines = checks(directory, config + "include = 1.conf\n")
    assert status == 78 and len(lines) == 3, lines
    assert lines[0].startswith(f"{directory}/7.conf:1:11: include: ") and \
        "too many" in lines[0], lines


@scenario("included files: their end is that of a section")
def _(directory):
    write(directory, "one.conf", "[map one]\ntable = static:1\n")
    refuses(directory, listen(directory) + "include = one.conf\nmode = 0600\n",
            4, 1, '"mode" stands in no section: an include ends')
    write(directory, "one.conf", "table = static:1\n")
    status, lines = checks(
        directory, "[map one]\ninclude = one.conf\n" + listen(directory))
    assert status == 78 and len(lines) == 6, lines
    assert lines[3].startswith(
        f'{directory}/one.conf:1:1: "table" stands in no section'), lines


@case("--help-options: every option, with what it may be")
def _():
    ended = run(daemon.program(), "--help-options")
    assert ended.returncode == 0 and ended.stderr == "", ended
    assert ended.stdout.count("\n[") == 4
    deadline = ended.stdout.split("\n  deadline = TIME\n")[1].split("\n  p")[0]
    assert deadline.splitlines()[1:] == [
        "      1ms to 90s", "      default: 4s"], deadline


@case("command lines that are wrong")
def _():
    for arguments in (["--check=shut"], ["--check", "x"], ["--dump-config=x"]):
        ended = run(daemon.program(), *arguments)
        assert ended.returncode == 64 and "usage" in ended.stderr, ended
    for arguments in (["-x"], ["x"], ["--open=x"]):
        ended = run(SOCKETMAP, "check", *arguments)
        assert ended.returncode == 2 and "usage" in ended.stderr, ended


done()
