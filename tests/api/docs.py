#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The documents: their code runs, and what they name is there."""
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


def is_picture(_):
    """Nothing to run."""


KINDS = {
    "c": is_c,
    "sh": is_shell,
    "quickstart": is_quickstart,
    "codemap": is_code_map,
    "picture": is_picture,
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
