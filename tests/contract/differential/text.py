#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables of text in memory, as Postfix has them."""
import tempfile

from differential import Round, compare, print_counts, write
from ending import end_on_signals
from hostile import SEED, keys, rng_of, word
from sources import (address_file, duplicates, folding_source, keys_for,
                     random_file)
from tap import case, done

FILES = 30
TABLES = 64
TOO_LONG = "a value that no socketmap reply to Postfix may hold fails"


def texthash(name, data, asked):
    path = write(f"{directory.name}/{name}", data)
    return Round(b"texthash:" + path, asked)


def random_texthash(number):
    rng = rng_of("texthash", number, oddness=[0.01, 0.1, 0.4])
    data = random_file(rng, number)
    return texthash(f"random{number}", data, keys_for(rng, data, 300))


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


def random_inline(number):
    rng = rng_of("inline", number, oddness=[0, 0.005, 0.05])
    separators = [b",", b" ", b", ", b"\n", b" ,\t"]
    if rng.random() < 0.7:
        separators.remove(b"\n")
    text = b""
    for _ in range(rng.choice([1, 2, 5, 50])):
        text += inline_entry(rng) + rng.choice(separators)
    spec = b"inline:{" + rng.choice([b"", b" "]) + text + b"}"
    return Round(spec, keys_for(rng, text, 300))


def inline(data, asked):
    entries = [b"{%s = %s}" % tuple(line.rsplit(maxsplit=1))
               for line in data.splitlines()]
    return Round(b"inline:{ " + b" ".join(entries) + b" }", asked)


end_on_signals()
print("# SEED", SEED)
directory = tempfile.TemporaryDirectory(prefix="differential-")


@case("texthash: random files")
def _():
    compare("texthash", [random_texthash(n) for n in range(FILES)], 500)


@case("texthash: addresses")
def _():
    rng = rng_of("addresses")
    data = address_file(rng)
    compare("texthash",
            [texthash("addresses", data, keys_for(rng, data, 10000))])


@case("texthash: a quoted local part with an extension is a key as it stands")
def _():
    data = b'"a b+c d"@D one\n"a b"@d two\na\\ b@d three\n"a\\"b"@d four\n'
    asked = [b'"a b+c d"@D', b'"A B+C D"@d', b"a b+c d@D", b'"a b"@d', b"a b@d",
             b"a\\ b@d", b'"a\\"b"@d', b'a"b@d']
    compare("texthash", [texthash("quoted", data, asked)], 5, len(asked))


@case("texthash: case is folded as Unicode has it")
def _():
    data, asked = folding_source()
    compare("texthash", [texthash("folding", data, asked)], 20, len(asked))


@case("texthash: of duplicate keys the first counts")
def _():
    data, asked = duplicates(rng_of("duplicates"))
    compare("texthash", [texthash("duplicates", data, asked)], 8, len(asked))


@case("texthash: values as long as a reply may be, and longer")
def _():
    fits, long = b"v" * 99997, b"v" * 99998
    one = texthash("long", b"fits " + fits + b"\nlong " + long + b"\n",
                   [b"fits", b"Fits", b"long", b"Long"])
    one.wanted = {key: TOO_LONG for key in (b"long", b"Long")}
    compare("texthash", [one], 2, 4)


@case("texthash: a file that is not there")
def _():
    compare("texthash", [Round(b"texthash:/nonexistent/file", [b"a"])], 0, 0)


@case("inline: random tables")
def _():
    compare("inline", [random_inline(n) for n in range(TABLES)], 100)


@case("inline: addresses")
def _():
    rng = rng_of("addresses")
    data = address_file(rng)
    compare("inline", [inline(data, keys_for(rng, data, 10000))])


@case("inline: case is folded as Unicode has it")
def _():
    data, asked = folding_source()
    compare("inline", [inline(data, asked)], 20, len(asked))


@case("inline: of duplicate keys the last counts")
def _():
    data, asked = duplicates(rng_of("duplicates"))
    compare("inline", [inline(data, asked)], 8, len(asked))


@case("inline: an empty value is no value that counts")
def _():
    compare("inline", [Round(b"inline:{a=,{b = },c=1}", [b"a", b"b", b"c"])],
            1, 3)


@case("static: values with and without braces")
def _():
    values = [b"x", b" x", b"x ", b"a b, c", b"{ text }", b"{}", b"{{ a } b}",
              b"{a", b"{a}b", b"{a} ", b"a}", b"", "ß".encode(), b"\xff",
              b"{a, b}", b"x" * 2048]
    compare("static",
            [Round(b"static:" + value,
                   keys(rng_of("static", value), [b"x", b"user@example.org"],
                        1000))
             for value in values])


@case("fail: every key fails")
def _():
    specs = [b"fail:x", b"fail:{a b}", b"fail:", b"fail:{}", b"fail:a b"]
    compare("fail", [Round(spec, keys(rng_of("fail", spec), [b"x"], 4000))
                     for spec in specs], least_found=0)


print_counts()
directory.cleanup()
done()
