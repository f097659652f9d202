#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap explain, and query -c: a configuration asked without a daemon."""
import os
import re
import subprocess
import tempfile

from tap import case, done

PROGRAM = os.environ["SOCKETMAP"]

CONFIG = """\
[listen test]
endpoint = unix:/tmp/nobody-listens-here

[map virtual]
table = inline:{ {user@example.org = alice@example.net}, @example.org=catch@x }
search = virtual
recipient_delimiter = +

[map list]
table = inline:{a=1}, fail:broken

[map nested]
table = unionmap:{map:virtual, static:archive@example.net}

[map hidden]
table = inline:{k=very-secret-value}, static:other-secret-value
secret = yes

[map hidden-alone]
table = unionmap:{inline:{k=very-secret-value},inline:{k=other-secret-value}}
secret = yes

[map down]
table = texthash:/nonexistent/file

[map empty]
table = static:{}

[map *]
table = static:whatever
"""


def run(command, *arguments, text=CONFIG, **options):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "socketmapd.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        out = subprocess.run([PROGRAM, command, "-c", path, *arguments],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             encoding="utf-8", timeout=60, **options)
    return out.returncode, out.stdout, out.stderr


def explain(*arguments):
    status, out, _ = run("explain", *arguments)
    return status, out


@case("query -c: what is found, what is not, and what fails")
def _():
    assert run("query", "virtual", "user@example.org") == \
        (0, "alice@example.net\n", "")
    assert run("query", "virtual", "nobody@example.com")[:2] == (1, "")
    status, out, why = run("query", "list", "b")
    assert (status, out) == (75, "") and "TEMP broken" in why, why


@case("query -c: the keys of standard input")
def _():
    assert run("query", "list", "-", input="a\n")[:2] == (0, "a\t1\n")
    status, out, _ = run("query", "list", "-", input="a\nb\n")
    assert (status, out) == (75, "a\t1\n"), (status, out)


@case("query -c: a map that there is not is the one of all names")
def _():
    assert run("query", "other", "x")[:2] == (0, "whatever\n")
    without = CONFIG.replace("[map *]", "[map last]")
    status, out, why = run("query", "other", "x", text=without)
    assert status == 78 and not out and "there is no [map other]" in why, why


@case("query -c: a configuration that is wrong: 78")
def _():
    status, out, why = run("query", "m", "k", text="[map m]\nnonsense\n")
    assert status == 78 and not out and ":2:" in why, why


@case("explain: every key and every table, in their order, with times")
def _():
    status, out = explain("virtual", "User+Ext@Example.org")
    assert status == 0, out
    steps = re.findall(r"^ +[0-9.]+ ms  (.*)$", out, re.M)
    assert steps[0] == "key User+Ext@Example.org", steps
    assert "key User@Example.org" in steps, steps
    assert steps[-2].endswith("found alice@example.net"), steps
    assert "reply      24:OK alice+Ext@example.net," in out, out
    assert "Postfix    asks again for each address" in out, out


@case("explain: not found, and why Postfix might reject then")
def _():
    status, out = explain("virtual", "x@example.com")
    assert status == 1 and "reply      9:NOTFOUND ," in out, out
    assert "550 5.1.1" in out, out


@case("explain: a failure, and where it comes from")
def _():
    status, out = explain("list", "b")
    assert status == 75 and "fail:broken: failed: broken" in out, out
    assert "reply      11:TEMP broken," in out, out
    status, out = explain("down", "b")
    assert status == 75 and "/nonexistent/file: No such file" in out, out


@case("explain: a map made of another, step by step")
def _():
    status, out = explain("nested", "user+x@example.org")
    assert status == 0 and "key user@example.org" in out, out
    assert "alice+x@example.net,archive@example.net" in out, out


@case("explain: an empty value is what Postfix takes for an error")
def _():
    status, out = explain("empty", "k")
    assert status == 75 and "TEMP empty value in the table" in out, out


@case("explain: of a secret map no value is shown, whatever it is made of")
def _():
    for name in "hidden", "hidden-alone":
        status, out, why = run("explain", name, "k", "unknown")
        assert status == 0 and "OK (secret)" in out, out
        assert "secret-value" not in out + why, out + why


@case("explain: a terminal gets no control bytes, the reply its own length")
def _():
    status, out = explain("virtual", "a\x1b[31m\nb@example.org")
    assert status == 0 and "\x1b" not in out, out
    assert r"a\x1b[31m\x0ab@example.org" in out, out


@case("explain: nor the control characters above ASCII, and what is no UTF-8")
def _():
    status, out = explain("virtual", "\u00e4\u009b[31m\u00a0b@example.org")
    assert status == 0 and "\u009b" not in out, out
    assert "\u00e4" r"\xc2\x9b[31m" "\u00a0b@example.org" in out, out
    status, out = explain("virtual", b"a\xff\xc3@example.org")
    assert status == 0 and r"a\xff\xc3@example.org" in out, out
    assert "not UTF-8" in out, out


@case("explain: neither a map of a secret one shows its values")
def _():
    text = CONFIG + "[map outer]\ntable = pipemap:{map:hidden,static:x}\n"
    status, out, why = run("explain", "outer", "k", text=text)
    assert (status, "secret-value" in out + why) == (75, False), out
    assert "[map hidden] is secret: [map outer], made of it" in out, out
    status, out, why = run("explain", "outer", "k", text=text + "secret = yes")
    assert status == 0 and "OK (secret)" in out, out
    assert "secret-value" not in out + why, out


@case("explain: several keys; the worst of them is told by the exit status")
def _():
    assert explain("list", "a", "a")[0] == 0
    assert explain("list", "a", "b")[0] == 75
    assert explain("list", "b", "a")[0] == 75


@case("explain: wrong usage is told")
def _():
    out = subprocess.run([PROGRAM, "explain", "-c", "x"],
                         stderr=subprocess.PIPE, encoding="utf-8")
    assert out.returncode == 2 and "usage:" in out.stderr


done()
