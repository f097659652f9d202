#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same data in Postfix's tables and in ours gives the same answers.

Random files and inline tables, with everything in them that people and
programs get wrong, are asked by Debian's postmap and by us. SEED=N repeats a
run; the seed is printed.
"""
import concurrent.futures
import functools
import os
import random
import subprocess
import tempfile
import time

from tap import case, done

QUERY = os.environ["TABLE_QUERY"]
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
TEXTHASH_FILES = 30
INLINE_TABLES = 64

# Short, so that keys meet each other, other spellings and duplicates.
PLAIN = ["a", "A", "b", "B", "user", "User", "USER", "x", "+x", "@x", "@X", "0",
         "1", "example.org", "ß", "ss", "SS", "ẞ", "İ", "i\u0307", "ς", "Σ",
         "ﬁ", "FI", "ΐ", "Ä", "ä", "a\u0308", "日本", "%s", "'", "/", "."]
ODD = ["x:", ":", "#", "a#b", "=", "a=b", "{", "}", "{x}", "\"", "\"a b\"",
       "\"A B\"@x", "\\", "\\\"", "a\\ b", "\\ ", "\"a", "a\"b", ",", "a,b",
       ";", "\ufeff", "\u00a0", "\u2028", "\u0085", "\ufffe", "\x7f", "\x01"]
BLANKS = [" ", "  ", "\t", " \t ", "\v", "\f", "\r"]
BAD_BYTES = [b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80",
             b"\xf4\x90\x80\x80"]


class Oddly(random.Random):
    """Random data, of which a part is odd."""
    oddness = 0.1

    def is_odd(self):
        return self.random() < self.oddness


def word(rng):
    text = "".join(rng.choice(ODD if rng.is_odd() else PLAIN)
                   for _ in range(rng.choice([1, 2, 2, 3, 3, 4])))
    bad = rng.choice(BAD_BYTES) if rng.is_odd() and rng.is_odd() else b""
    return text.encode() + bad


def blanks(rng):
    return rng.choice(BLANKS).encode()


def entry(rng):
    words = rng.choice([0, 1, 3, 4]) if rng.is_odd() else 2
    parts = [word(rng) for _ in range(words)]
    return b"".join(part + blanks(rng) for part in parts[:-1]) + \
        b"".join(parts[-1:])


def physical_line(rng):
    if not rng.is_odd():
        line = entry(rng)
    else:
        line = rng.choice([
            blanks(rng) + entry(rng),
            b"# " + entry(rng),
            blanks(rng) + b"#" + entry(rng),
            b"",
            blanks(rng),
            entry(rng) + b" " + b"x" * rng.choice([4095, 4096, 70000]),
        ])
    return line + blanks(rng) if rng.is_odd() else line


def texthash(rng):
    end = rng.choice([b"\n", b"\r\n"])
    lines = [physical_line(rng) for _ in range(rng.choice([0, 3, 40, 400]))]
    return end.join(lines) + rng.choice([b"", end])


def inline_entry(rng):
    key, value = word(rng), word(rng)
    if rng.is_odd():
        return rng.choice([key, b"", b"{" + key + b"}", b"{}", key + b"=",
                           key + b" = " + value])
    if rng.random() < 0.5:
        return key + b"=" + value
    gap = [rng.choice([b"", b" ", b"\t"]) for _ in range(4)]
    return b"{" + gap[0] + key + gap[1] + b"=" + gap[2] + value + \
        rng.choice([b"", b" " + value]) + gap[3] + b"}"


def inline(rng):
    separators = [b",", b" ", b", ", b"\n", b" ,\t"]
    text = b""
    for _ in range(rng.choice([1, 2, 5, 50])):
        text += inline_entry(rng) + rng.choice(separators)
    return b"inline:{" + rng.choice([b"", b" "]) + text + b"}"


def keys_for(rng, data, count):
    """Keys out of the data, cut in several ways, and keys of their own."""
    pieces = set(data.replace(b"\r", b" ").split())
    for line in data.split(b"\n"):
        for cut in (b" ", b"\t", b"\v", b"\f", b"=", b"\r"):
            pieces.add(line.split(cut)[0])
            pieces.add(line.partition(b'" ')[0] + b'"')
        pieces.add(line)
    for piece in list(pieces):
        text = piece.decode("utf-8", "surrogateescape")
        for other in (text.upper(), text.lower(), text.casefold(),
                      text.strip("{}\"\\ ,")):
            pieces.add(other.encode("utf-8", "surrogateescape"))
    pieces |= {word(rng) for _ in range(count)}
    return sorted(key for key in pieces if b"\n" not in key and b"\0" not in key)


def run(command, keys):
    stdin = b"".join(key + b"\n" for key in keys)
    return subprocess.run(command, input=stdin, capture_output=True)


def compare(directory, spec, keys):
    """Returns how many keys were found; the answers have to be the same."""
    theirs = run(["postmap", "-c", directory, "-q", "-", spec], keys)
    ours = run([QUERY, spec], keys)
    refused = b"fatal: " in theirs.stderr
    assert (ours.returncode == 2) == refused, \
        f"{spec!r}: {theirs.stderr!r} {ours.stderr!r}"
    if refused:
        return 0
    if theirs.stdout != ours.stdout:
        a, b = theirs.stdout.split(b"\n"), ours.stdout.split(b"\n")
        raise AssertionError(
            f"{spec!r}: only Postfix: {sorted(set(a) - set(b))[:5]}, "
            f"only ours: {sorted(set(b) - set(a))[:5]}")
    return theirs.stdout.count(b"\n")


def configure(directory):
    with open(os.path.join(directory, "main.cf"), "w") as file:
        file.write("compatibility_level = 3.6\n")


def texthash_round(directory, seed):
    rng = Oddly(seed)
    rng.oddness = rng.choice([0.01, 0.1, 0.4])
    data = texthash(rng)
    path = os.path.join(directory, f"table{seed}")
    with open(path, "wb") as file:
        file.write(data)
    # postmap waits while a file is younger than two seconds.
    os.utime(path, (time.time() - 60,) * 2)
    return compare(directory, "texthash:" + path, keys_for(rng, data, 500))


def inline_round(directory, seed):
    rng = Oddly(seed)
    rng.oddness = rng.choice([0, 0.005, 0.05])
    spec = inline(rng)
    return compare(directory, spec, keys_for(rng, spec[8:-1], 100))


def static_round(directory, value):
    rng = Oddly(SEED)
    return compare(directory, b"static:" + value, keys_for(rng, b"x y", 100))


def rounds(one, directory, inputs):
    """Some at a time: postmap sleeps a second when it refuses a table."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = sum(pool.map(functools.partial(one, directory), inputs))
    print("#", found, "found")
    assert found > 200


print("# SEED", SEED)
with tempfile.TemporaryDirectory() as directory:
    configure(directory)

    @case("texthash: random files")
    def _():
        rounds(texthash_round, directory, range(SEED, SEED + TEXTHASH_FILES))

    @case("inline: random tables")
    def _():
        rounds(inline_round, directory, range(SEED, SEED + INLINE_TABLES))

    @case("static: values with and without braces")
    def _():
        rounds(static_round, directory, [
            b"x", b" x", b"x ", b"a b, c", b"{ text }", b"{}", b"{{ a } b}",
            b"{a", b"{a}b", b"{a} ", b"a}", b"", "ß".encode()])


done()
