#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the libraries export, and what they ask of the system."""
import os
import re
import subprocess
from pathlib import Path

from tap import case, done

SOURCE = Path(os.environ["SOURCE_ROOT"])
LIB = Path(os.environ["BUILD_ROOT"], "src", "lib")
SHARED = LIB / "libsocketmap.so"
STATIC = LIB / "install" / "libsocketmap.a"
INTERNAL = LIB / "libsocketmap-internal.a"
SANITIZED = os.environ["SANITIZE"] != "none"

# What a library has no business doing: ending the program, printing, or
# changing what belongs to the whole process.
FORBIDDEN = """
    exit _exit _Exit quick_exit abort atexit
    printf fprintf vprintf vfprintf puts fputs putchar putc fputc fwrite perror
    __printf_chk __fprintf_chk __vprintf_chk __vfprintf_chk stdout stderr
    syslog openlog vsyslog __syslog_chk
    signal sigaction sigprocmask
    setenv putenv unsetenv clearenv setlocale chdir umask
    fork vfork system popen
""".split()


def nm(path, *options):
    """Yields (type, name) of the symbols of a file."""
    out = subprocess.run(["nm", "-P", *options, path], check=True,
                         stdout=subprocess.PIPE, encoding="ascii").stdout
    for line in out.splitlines():
        fields = line.split()
        if len(fields) >= 2:  # else: the name of an archive's member
            yield fields[1], fields[0].split("@")[0]


def wanted():
    return (SOURCE / "tests/api/symbols.txt").read_text().split()


def compiler_made(name):
    """Whether the symbol is the compiler's or a sanitizer's own."""
    return name.startswith(("_", ".", "completed.")) or (
        SANITIZED and re.match(r"(L?[au]san|\*)", name, re.I))


def same(found, expected):
    found, expected = sorted(found), sorted(expected)
    assert found == expected, (
        f"only exported: {sorted(set(found) - set(expected))}, "
        f"only listed: {sorted(set(expected) - set(found))}")


@case("the list is sorted, without doubles")
def _():
    assert wanted() == sorted(set(wanted()))


@case("the shared library exports what is listed, and nothing else")
def _():
    names = [name for _, name in nm(SHARED, "-D", "--defined-only")]
    same([n for n in names if not (SANITIZED and compiler_made(n))], wanted())


@case("the static library exports the same")
def _():
    names = [name for _, name in nm(STATIC, "-g", "--defined-only")]
    same([n for n in names if not (SANITIZED and compiler_made(n))], wanted())


@case("the headers declare what is listed, and nothing else")
def _():
    declared = []
    for path in (SOURCE / "include").rglob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for declaration in re.findall(r"^SOCKETMAP_API\b[^;]*;", text, re.M):
            declared.append(re.search(r"(socketmap_\w+)\(", declaration)[1])
    same(declared, wanted())


@case("the library has a soname with its ABI version")
def _():
    out = subprocess.run(["readelf", "-d", SHARED], check=True,
                         stdout=subprocess.PIPE, encoding="utf-8").stdout
    assert "Library soname: [libsocketmap.so.0]" in out, out


@case("no global that can change")
def _():
    # .data.rel.ro is constant once the loader has placed the library.
    out = subprocess.run(["objdump", "-t", SHARED], check=True,
                         stdout=subprocess.PIPE, encoding="utf-8").stdout
    found = [line for line in out.splitlines()
             if re.search(r"\sO\s+(\.t?data|\.t?bss|\*COM\*)\s", line)
             and not compiler_made(line.split()[-1])]
    assert " O " in out and not found, found


@case("it never ends the program, prints, or touches what is the process's")
def _():
    found = {name for kind, name in nm(INTERNAL, "-u")} & set(FORBIDDEN)
    assert not found, sorted(found)


done()
