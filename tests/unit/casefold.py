#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The folding table: what its tool writes, and what Python itself folds to."""
import os
import subprocess
import sys
import unicodedata

from tap import Skip, case, done

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")


def need_unicode_14():
    if unicodedata.unidata_version != "14.0.0":
        raise Skip(f"this Python has Unicode {unicodedata.unidata_version}")


@case("the table in the tree is what the tool writes")
def _():
    need_unicode_14()
    tool = os.path.join(ROOT, "tools", "casefold-table")
    with open(os.path.join(ROOT, "src", "base", "casefold_data.h")) as file:
        in_tree = file.read()
    written = subprocess.run([sys.executable, tool], check=True,
                             capture_output=True, text=True).stdout
    assert in_tree == written


@case("every character is folded as Python folds it")
def _():
    need_unicode_14()
    output = subprocess.run([os.environ["FOLD_ALL"]], check=True,
                            stdout=subprocess.PIPE).stdout
    codes = [c for c in range(0x110000) if not 0xd800 <= c <= 0xdfff]
    expected = "".join(chr(c).casefold() + "\n" for c in codes).encode()
    assert output == expected


done()
