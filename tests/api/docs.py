#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The documents: their code runs, and what they name is there."""
import importlib
import json
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

from tap import case, done

ROOT = Path(os.environ["SOURCE_ROOT"])
DOCUMENTS = sorted(ROOT.glob("*.md"))
SHELL_WORDS = re.compile(r"`((?:tools|\.ci|bench|src|tests|examples|doc|"
                         r"include)/[^`\s]*|[A-Z]+\.md|[\w.]+\.build)`")


def blocks(document):
    """Yields (language, text) of the fenced blocks."""
    return re.findall(r"^```(.*)\n((?:.*\n)*?)```$", document.read_text(),
                      re.M)


def run(*command, **options):
    done_ = subprocess.run(command, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, encoding="utf-8",
                           check=False, **options)
    assert done_.returncode == 0, f"{command}\n{done_.stdout}"
    return done_.stdout


# How each kind of block is proved right, by the word behind its fence.

def is_c(text):
    """A program that is, as it stands, one of the examples."""
    examples = [path.read_text() for path in ROOT.glob("examples/*.c")]
    assert any(text in example for example in examples), text


def is_shell(text):
    """Commands, each of a kind that is known here."""
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[0] == "make":
            run("make", "-n", "-C", str(ROOT), *words[1:])
        elif words[0] == "tools/run-tests":
            assert (ROOT / words[0]).exists() and words[1] == "build/debug"
            assert words[-1] in names_of_tests(), words[-1]
        elif words[0] == "cc":
            compile_installed(words)
        else:
            raise AssertionError(f"no way to try this: {line}")


def names_of_tests():
    out = run("meson", "introspect", "--tests", os.environ["BUILD_ROOT"])
    return [test["name"] for test in json.loads(out)]


def compile_installed(words):
    """A line that uses the installed library: tests/api/install.py installs
    it and uses the same flags."""
    assert words[:4] == ["cc", "-o", "first", "first.c"], words
    assert words[4:] == ["$(pkg-config", "--cflags", "--libs", "socketmap)"]


def is_quickstart(text):
    """What `make run` prints, but for the path of the source tree. That these
    lines work is shown by tests/scenario/quickstart.py."""
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder, "build")
        daemon = build / "src/daemon/socketmapd"
        daemon.parent.mkdir(parents=True)
        daemon.write_text("#!/bin/sh\n")
        daemon.chmod(0o755)
        out = run(str(ROOT / "tools/run"), str(build), f"{folder}/run")
        out = out.replace(str(build), "build/debug")
        out = out.replace(f"{folder}/run", "build/run")
    assert text == out, out


def is_code_map(text):
    """Every folder, and every module of src, and nothing that isn't there.

    A line that isn't indented is a folder or file of the tree; below a folder
    of src each indented line begins with the name of one of its modules.
    """
    named, modules, folder = set(), {}, None
    for line in text.splitlines():
        word = line.split()[0]
        if not line.startswith(" "):
            folder = word.rstrip("/")
            named.add(folder)
            assert (ROOT / folder).exists(), f"no {folder}"
            assert (ROOT / folder).is_dir() == word.endswith("/"), word
        else:
            modules.setdefault(folder, set()).add(word)
    assert named >= folders(), folders() - named
    for folder in folders():
        if folder.startswith("src/"):
            listed, there = modules.get(folder, set()), modules_of(folder)
            assert listed == there, (folder, listed ^ there)


def modules_of(folder):
    return {path.stem for path in (ROOT / folder).glob("*.[ch]")}


def folders():
    """Folders with something in them: of src all with code, of tests the
    second level, else the first."""
    found = set()
    for path in ROOT.glob("*/"):
        if path.name in (".git", "build") or not path.is_dir():
            continue
        below = [child for child in path.iterdir()
                 if child.is_dir() and any(child.iterdir())
                 and child.name != "__pycache__"]
        if path.name == "src":
            found |= {str(child.parent.relative_to(ROOT))
                      for child in path.rglob("*.[ch]")}
        elif path.name == "tests":
            found |= {f"{path.name}/{child.name}" for child in below}
        else:
            found.add(path.name)
    return found


# What the servers of the tests need for the examples to be right there.
DATABASES = {
    "pgsql": ("postgres", """
create table alias (address text, goto text, active boolean);
insert into alias values ('postmaster@example.org', 'alice@example.net', true),
    ('old@example.org', 'bob@example.net', false);
grant select on alias to mail;
"""),
    "mysql": ("mariadb", """
create table alias (address text, goto text, active boolean);
insert into alias values ('postmaster@example.org', 'alice@example.net', true),
    ('old@example.org', 'bob@example.net', false);
alter user mail@'%' identified by 'secret';
alter user mail@localhost identified by 'secret';
grant select on mail.* to mail@'%', mail@localhost;
"""),
}


def is_built(kind):
    """Whether this build has such tables."""
    program = Path(os.environ["BUILD_ROOT"], "src/cli/socketmap")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "c")
        config.write_text(f"[listen x]\nendpoint = unix:{folder}/s\n"
                          f"[map m]\ntable = {kind}:{folder}/x.cf\n")
        Path(folder, "x.cf").touch()
        out = subprocess.run([program, "check", "-c", config], check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             encoding="utf-8").stdout
    return "this build has no" not in out and "not served here" not in out


def ask(command, key):
    """What `socketmap query` or `postmap -q` say."""
    done_ = subprocess.run([*command[:-1], key, command[-1]] if
                           command[0].endswith("postmap") else [*command, key],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           encoding="utf-8", check=False)
    assert done_.returncode in (0, 1), (command, done_)
    return done_.stdout


def is_table(kind, text):
    """A .cf file that Postfix and socketmapd answer alike from, on a server of
    the test's own: where that is, is all that is changed in it."""
    if not is_built(kind):
        print(f"# no {kind} tables in this build")
        return
    module, schema = DATABASES[kind]
    with importlib.import_module(module).Server() as server, \
            tempfile.TemporaryDirectory() as folder:
        server.sql("create database mail")
        server.sql(schema, database="mail")
        os.chmod(folder, 0o755)
        Path(folder, "main.cf").touch()
        table = Path(folder, "virtual.cf")
        table.write_text(text.replace(
            "127.0.0.1", f"inet:127.0.0.1:{server.port}"))
        config = Path(folder, "socketmapd.conf")
        config.write_text(one_block("socketmapd.conf").replace(
            "/etc/postfix", folder).replace("pgsql:", kind + ":"))
        ours = [os.environ["BUILD_ROOT"] + "/src/cli/socketmap", "query", "-c",
                config, "virtual"]
        theirs = ["/usr/sbin/postmap", "-c", folder, "-q", f"{kind}:{table}"]
        for key, value in (("postmaster@example.org", "alice@example.net\n"),
                           ("old@example.org", ""), ("it's@example.org", "")):
            assert ask(ours, key) == ask(theirs, key) == value, key


def one_block(wanted):
    found = [text for kind, text in blocks(ROOT / "README.md")
             if kind == wanted]
    assert len(found) == 1, found
    return found[0]


def is_pgsql(text):
    is_table("pgsql", text)


def is_mysql(text):
    is_table("mysql", text)


def is_config(text):
    """That it works is shown with the tables that it names."""
    assert "table = pgsql:/etc/postfix/virtual.cf" in text


def is_picture(_):
    """Nothing to run."""


KINDS = {
    "c": is_c,
    "sh": is_shell,
    "quickstart": is_quickstart,
    "codemap": is_code_map,
    "picture": is_picture,
    "pgsql": is_pgsql,
    "mysql": is_mysql,
    "socketmapd.conf": is_config,
}

for document in DOCUMENTS:
    for number, (kind, text) in enumerate(blocks(document), 1):
        @case(f"{document.name}: block {number} ({kind})")
        def _():
            assert kind in KINDS, f"unknown kind of block: {kind!r}"
            KINDS[kind](text)

    @case(f"{document.name}: what it names is there")
    def _():
        text = document.read_text()
        for name in SHELL_WORDS.findall(text):
            if "NAME" not in name:
                assert (ROOT / name).exists(), name
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (ROOT / target).exists(), target
        for target in re.findall(r"`make ([a-z]+)", text):
            run("make", "-n", "-C", str(ROOT), target)
        for page, section in re.findall(r"\b(socketmap[\w.]*)\((\d)\)", text):
            there = [ROOT / "doc" / f"{page}.{section}{suffix}"
                     for suffix in ("", ".in")]
            assert page == "socketmap_table" or any(
                path.exists() for path in there), (page, section)


@case("CONTRIBUTING has 40 lines at most")
def _():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert len(text.splitlines()) <= 40


@case("README has a code map, a program and the quick start")
def _():
    kinds = {kind for kind, _ in blocks(ROOT / "README.md")}
    assert kinds >= {"codemap", "c", "quickstart"}, kinds


@case("one version everywhere")
def _():
    version = re.search(r"version: '([\d.]+)'",
                        (ROOT / "meson.build").read_text())[1]
    header = (ROOT / "include/socketmap/base.h").read_text()
    parts = [re.search(rf"SOCKETMAP_VERSION_{part} (\d+)", header)[1]
             for part in ("MAJOR", "MINOR", "PATCH")]
    assert ".".join(parts) == version
    assert f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text()


done()
