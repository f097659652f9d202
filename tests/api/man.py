#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages: complete, and their example code compiles."""
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

from daemon import Daemon
from socketmap_client import Client
from tap import case, done

SOURCE = Path(os.environ["SOURCE_ROOT"])
BUILD = Path(os.environ["BUILD_ROOT"])
# Those written by hand, and those made by the build.
PAGES = sorted((path for folder in (SOURCE / "doc", BUILD / "doc")
                for path in folder.iterdir()
                if re.fullmatch(r"\.[1-8]", path.suffix)),
               key=lambda path: path.name)
EXPORTED = set((SOURCE / "tests/api/symbols.txt").read_text().split())
COMPILE = [*shlex.split(os.environ["CC"]), "-x", "c", "-std=c11",
           "-D_GNU_SOURCE", "-Wall", "-Werror", "-Wno-unused-function",
           "-fsyntax-only", "-I", str(SOURCE / "include"), "-"]

# Sections that a page must have, by the section of the manual it is in.
SECTIONS = {
    "1": ["EXIT STATUS", "EXAMPLES", "SEE ALSO"],
    "3": ["SYNOPSIS", "DESCRIPTION", "SEE ALSO"],
    "5": ["DESCRIPTION", "EXAMPLES", "SEE ALSO"],
    "8": ["EXIT STATUS", "EXAMPLES", "SEE ALSO"],
}


def sections(page):
    return re.findall(r'^\.Sh "?([^"\n]+)"?$', page.read_text(), re.M)


def listings(page):
    """Returns the code of a page's listings, without the macros' escapes."""
    found = re.findall(r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$",
                       page.read_text(), re.M)
    return [re.sub(r"^\\&", "", text.replace(r"\e", "\\"), flags=re.M)
            for text in found]


def synopsis(page):
    found = re.search(r"^\.Sh SYNOPSIS\n(.*?)^\.Sh ", page.read_text(),
                      re.M | re.S)
    return found[1] if found else ""


def prototypes(page):
    """Yields (name, [argument types and names]) as the synopsis has them."""
    for name, body in re.findall(r"^\.Fo (\w+)\n(.*?)^\.Fc$", synopsis(page),
                                 re.M | re.S):
        yield name, re.findall(r'^\.Fa "?([^"\n]+)"?$', body, re.M)


@case("every exported function has its place in a page, and no other")
def _():
    documented = []
    for page in PAGES:
        if page.suffix == ".3":
            documented += re.findall(r"^\.Fo (\w+)$|^\.Fn (\w+)",
                                     synopsis(page), re.M)
    documented = [one or other for one, other in documented]
    documented = [name for name in documented if not name.endswith("_fn")]
    doubles = {name for name in documented if documented.count(name) > 1}
    assert not doubles, f"twice: {doubles}"
    assert set(documented) == EXPORTED, set(documented) ^ EXPORTED


@case("the prototypes are the headers'")
def _():
    headers = ""
    for path in (SOURCE / "include").rglob("*.h"):
        headers += re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    headers = re.sub(r"\s+", "", headers)
    for page in PAGES:
        for name, arguments in prototypes(page):
            wanted = ",".join(arguments) or "void"
            wanted = f"{name}({wanted});"
            assert re.sub(r"\s+", "", wanted) in headers, f"{page}: {wanted}"


for page in PAGES:
    @case(f"{page.name}: has the sections of its kind")
    def _():
        for section in SECTIONS[page.suffix[1:]]:
            assert section in sections(page), section
        if page.suffix == ".3":
            assert "RETURN VALUES" in sections(page)

    @case(f"{page.name}: refers only to pages that there are")
    def _():
        ours = {path.name for path in PAGES}
        for name, number in re.findall(r"^\.Xr (\S+) (\d)", page.read_text(),
                                       re.M):
            if name.startswith("socketmap") and name != "socketmap_table":
                assert f"{name}.{number}" in ours, (name, number)

    if page.suffix == ".3":
        for n, code in enumerate(listings(page), 1):
            @case(f"{page.name}: listing {n} compiles")
            def _():
                out = subprocess.run(COMPILE, input=code, encoding="utf-8",
                                     stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, check=False)
                assert out.returncode == 0, f"{code}\n{out.stdout}"


def page_named(name):
    return next(page for page in PAGES if page.name == name)


@case("socketmapd.conf.5: the example is served")
def _():
    with tempfile.TemporaryDirectory() as folder:
        config = listings(page_named("socketmapd.conf.5"))[0]
        for there, here in (("/var/spool/postfix/private", folder),
                            ("/etc/postfix", folder), (":10700", ":0")):
            assert there in config, there
            config = config.replace(there, here)
        Path(folder, "virtual").write_text("abuse@example.org alice\n")
        with Daemon(config, folder) as daemon:
            assert len(daemon.endpoints) == 2
            for endpoint in daemon.endpoints:
                with Client(endpoint) as client:
                    assert client.lookup("virtual", "abuse@example.org") == (
                        "OK", b"alice")
                    assert client.lookup("domains", "example.net") == (
                        "OK", b"yes")


@case("socketmap.1: tells the options that the commands have")
def _():
    text = page_named("socketmap.1").read_text()
    for command in "query", "bench", "check", "doctor":
        usage = subprocess.run(
            [BUILD / "src/cli/socketmap", command, "--help"], check=True,
            stdout=subprocess.PIPE, encoding="utf-8").stdout
        section = re.search(rf"^\.Ss {command}\n(.*?)^\.S[sh] ", text,
                            re.M | re.S)[1]
        assert re.findall(r"^  (--?\w+)", usage, re.M) == [
            f"-{name}" for name in
            re.findall(r"^\.It Fl (-?\w+)", section, re.M)]


@case("socketmapd.8: tells the options that the daemon has")
def _():
    usage = subprocess.run(
        [BUILD / "src/daemon/socketmapd", "--help"], check=True,
        stdout=subprocess.PIPE, encoding="utf-8").stdout
    text = page_named("socketmapd.8").read_text()
    told = re.findall(r"^\.It Fl (-?[\w-]+)", text, re.M)
    had = re.findall(r"^ +(--?[a-zA-Z-]+)", usage, re.M)
    assert told == [name[1:] for name in dict.fromkeys(had)], (told, had)


@case("socketmapd.conf.5: tells the options that --help-options has")
def _():
    listing = subprocess.run(
        [BUILD / "src/daemon/socketmapd", "--help-options"], check=True,
        stdout=subprocess.PIPE, encoding="utf-8").stdout
    text = page_named("socketmapd.conf.5").read_text()
    told = re.findall(r"^\.It Ic (\w+) No = ", text, re.M)
    had = re.findall(r"^  (\w+) = ", re.sub(
        r"^\[defaults\]\n(?:.*\n)*?(?=\[)", "", listing, flags=re.M), re.M)
    assert told == had, (told, had)


done()
