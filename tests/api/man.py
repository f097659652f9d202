#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages: complete, and their example code compiles."""
import os
import re
import shlex
import subprocess
from pathlib import Path

from tap import case, done

SOURCE = Path(os.environ["SOURCE_ROOT"])
DOC = SOURCE / "doc"
PAGES = sorted(path for path in DOC.iterdir()
               if re.fullmatch(r"\.[1-8]", path.suffix))
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


done()
