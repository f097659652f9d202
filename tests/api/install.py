#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is installed can be found and used, by pkg-config and by CMake."""
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from tap import case, done

SOURCE = Path(os.environ["SOURCE_ROOT"])
BUILD = Path(os.environ["BUILD_ROOT"])
# A build may go through ccache; CMake wants the compiler alone.
CC = [word for word in shlex.split(os.environ["CC"])
      if os.path.basename(word) != "ccache"]
SANITIZE = os.environ["SANITIZE"]
if SANITIZE != "none":
    CC.append(f"-fsanitize={SANITIZE}")

# It asks a server that isn't there: enough to see that it runs.
EXAMPLE = SOURCE / "examples" / "client.c"
CMAKE_LISTS = """\
cmake_minimum_required(VERSION 3.16)
project(try C)
find_package(socketmap {version} REQUIRED)
add_executable(client {example})
target_link_libraries(client socketmap::socketmap)
"""

folder = tempfile.TemporaryDirectory()
ROOT = Path(folder.name)


def run(*command, cwd=None, **environment):
    done_ = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        check=False)
    return done_.returncode, done_.stdout


def must(*command, **options):
    status, out = run(*command, **options)
    assert status == 0, f"{command}\n{out}"
    return out


def only(pattern):
    found = list(ROOT.glob(pattern))
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


def libdir():
    return only("stage/**/libsocketmap.a").parent


def pkg_config(*arguments):
    # The tree is staged away from its prefix: let pkg-config find it there.
    return shlex.split(must(
        "pkg-config", f"--define-variable=prefix={prefix()}", *arguments,
        "socketmap",
        PKG_CONFIG_PATH=str(libdir() / "pkgconfig")))


def prefix():
    return only("stage/**/include/socketmap.h").parent.parent


def answers(program, **environment):
    status, out = run(program, f"unix:{ROOT}/nobody", "map", "key",
                      **environment)
    assert status == 1 and out.startswith("client: "), (status, out)


def needed(program):
    return must("readelf", "-d", program)


@case("installing puts the tree below DESTDIR")
def _():
    must("meson", "install", "-C", str(BUILD), "--no-rebuild",
         "--destdir", str(ROOT / "stage"))
    names = {str(path.relative_to(SOURCE))
             for path in (SOURCE / "include").rglob("*.h")}
    installed = {str(path.relative_to(prefix()))
                 for path in (prefix() / "include").rglob("*.h")}
    assert names == installed, names ^ installed
    for name in "libsocketmap.so", "libsocketmap.so.0", "libsocketmap.a":
        assert (libdir() / name).exists(), name


@case("an example by pkg-config, with the shared library")
def _():
    program = ROOT / "shared"
    must(*CC, str(EXAMPLE), "-o", str(program), *pkg_config("--cflags"),
         *pkg_config("--libs"))
    assert "[libsocketmap.so.0]" in needed(program)
    answers(program, LD_LIBRARY_PATH=str(libdir()))


@case("an example by pkg-config, with the static library")
def _():
    # The linker takes the archive where no shared library lies beside it.
    alone = ROOT / "static-lib"
    alone.mkdir()
    shutil.copy(libdir() / "libsocketmap.a", alone)
    program = ROOT / "static"
    flags = [flag for flag in pkg_config("--static", "--libs")
             if flag != f"-L{libdir()}"]
    must(*CC, str(EXAMPLE), "-o", str(program), *pkg_config("--cflags"),
         f"-L{alone}", *flags)
    assert "libsocketmap" not in needed(program)
    answers(program)


def cmake(name, version):
    tree = ROOT / name
    tree.mkdir()
    (tree / "CMakeLists.txt").write_text(
        CMAKE_LISTS.format(version=version, example=EXAMPLE))
    flags = f"-fsanitize={SANITIZE}" if SANITIZE != "none" else ""
    return run("cmake", f"-DCMAKE_PREFIX_PATH={prefix()}", f"-B{tree}/build",
               f"-DCMAKE_C_FLAGS={flags}", str(tree), CC=CC[0])


@case("an example by CMake")
def _():
    for name, version in ("cmake", "0.1"), ("cmake-any", ""):
        status, out = cmake(name, version)
        assert status == 0, out
    must("cmake", "--build", str(ROOT / "cmake" / "build"))
    answers(ROOT / "cmake" / "build" / "client")


@case("CMake refuses a version that may have another API")
def _():
    for version in "0.2", "1.0", "0.0.9":
        status, out = cmake(f"cmake-{version}", version)
        assert status != 0 and "socketmap" in out, (version, out)


folder.cleanup()
done()
