#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public header compiles alone, in C99 and in C++."""
import os
import shlex
import subprocess
from pathlib import Path

from tap import case, done

INCLUDE = Path(os.environ["SOURCE_ROOT"], "include")
HEADERS = sorted(str(path.relative_to(INCLUDE))
                 for path in INCLUDE.rglob("*.h"))
C = [*shlex.split(os.environ["CC"]), "-x", "c", "-std=c99",
     "-Wstrict-prototypes"]
CXX = ["g++", "-x", "c++", "-std=c++11"]
FLAGS = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
         "-I", str(INCLUDE)]

# libuv's own headers need POSIX, and their own C++ is not pedantic.
RELAXED = {"socketmap/uv.h": ["-D_POSIX_C_SOURCE=200809L"]}


def compile_text(compiler, text, extra):
    done_ = subprocess.run([*compiler, *FLAGS, *extra, "-"], input=text,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           encoding="utf-8", check=False)
    assert done_.returncode == 0, done_.stdout


for header in HEADERS:
    for language, compiler in ("C99", C), ("C++11", CXX):
        @case(f"{header} alone in {language}")
        def _():
            # Twice: the second time the guard has to hold.
            compile_text(compiler, f"#include <{header}>\n" * 2,
                         RELAXED.get(header, []))


@case("the umbrella brings every header but uv.h")
def _():
    text = (INCLUDE / "socketmap.h").read_text()
    for header in HEADERS:
        if header in ("socketmap.h", "socketmap/uv.h"):
            continue
        assert f"#include <{header}>\n" in text, header
    assert "#include <socketmap/uv.h>" not in text


@case("no header names a private one")
def _():
    for header in HEADERS:
        for line in (INCLUDE / header).read_text().splitlines():
            assert not line.startswith('#include "'), f"{header}: {line}"


done()
