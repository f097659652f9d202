#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables of patterns: the same rules asked by Postfix and by us."""
import tempfile

from differential import Round, compare, compare_singly, print_counts, write
from ending import end_on_signals
from hostile import SEED, keys, rng_of
from rules import (cidr_file, cidr_keys, inline_rules, pattern_file,
                   short_keys)
from tap import case, done

FILES = 50
INLINE = 24
MATCH_LIMIT = ("a pattern that takes too long: Postfix goes on with the next "
               "rule, which may let in what the rule was to keep out")


def ruled(kind, name, data, asked):
    path = write(f"{directory.name}/{kind}-{name}", data)
    return Round(kind.encode() + b":" + path, asked)


def named(kind, name, rules, asked, least_found=1):
    """A case of its own: rules as a text, keys as words."""
    data = "".join(line.strip() + "\n" for line in rules.splitlines()).encode()
    asked = [key.encode() for key in asked.split()]
    compare(kind, [ruled(kind, name, data, asked),
                   Round(inline_rules(kind, data), asked)],
            least_found, len(asked))


def random_round(kind, number):
    rng = rng_of(kind, number, oddness=[0, 0.02, 0.1, 0.3])
    if number % 2 == 0:
        asked = keys(rng, short_keys(rng, 50), 100) + short_keys(rng, 300)
        return ruled(kind, f"random{number}", pattern_file(rng, kind),
                     list(dict.fromkeys(asked)))
    return ruled(kind, f"random{number}", pattern_file(rng, kind, budget=3),
                 short_keys(rng, 300))


def random_inline(kind, number):
    rng = rng_of(kind, "inline", number, oddness=[0, 0.01, 0.02])
    data = pattern_file(rng, kind, count=rng.choice([0, 1, 3, 6]))
    return Round(inline_rules(kind, data), short_keys(rng, 200))


def cases_of_expressions(kind):
    @case(f"{kind}: random files")
    def _():
        compare(kind, [random_round(kind, number) for number in range(FILES)])

    @case(f"{kind}: random tables inline")
    def _():
        compare(kind, [random_inline(kind, number)
                       for number in range(INLINE)], 100, 2000)

    @case(f"{kind}: what may stand after a dollar")
    def _():
        named(kind, "dollars", """\
            /^a(.)1$/ $1x
            /^a(.)1$/ one
            /^a(.)2$/ $
            /^a(.)2$/ two
            /^a(.)3$/ $$ ${1} $(1) $1 $$1
            /^a(.)4$/ $0
            /^a(.)5$/ $2
            /^a(.)6$/ $(1
            /^a(.)7(x)?$/ [$2]
            /^a(.)8(x?)$/ $2
            !/^a/ $1
            !/^a/ not
            """, "ab1 ab2 ab3 ab4 ab5 ab6 ab7 ab7x ab8 b")

    @case(f"{kind}: flags change what stands for the default")
    def _():
        named(kind, "flags", """\
            /^Aa$/i exactly Aa
            /^aA$/ii twice
            /^aa$/ any
            /^b.$/m b
            /^c d$/x c
            /^e$/z none
            /^e$/ e
            """, "Aa aA aa AA bb c cd e E")

    @case(f"{kind}: an if without an endif takes the rest of the file")
    def _():
        named(kind, "if", """\
            endif
            /^0/ first
            if /^a/
            if !/b$/
            /c/ a and not b, c
            endif
            /c/ a, c
            if /d/
            /e/ a, d, e
            """, "0 a ac acb ade de e ad cb")

    @case(f"{kind}: an empty value is no value that counts")
    def _():
        named(kind, "empty", "/^a/\n/^b(x?)/ $1\n/./ other\n", "a b bx c")

    @case(f"{kind}: headers of several lines")
    def _():
        data = (b"/^To: a.*b$/ dot and end\n/^from: x$/m a whole line\n"
                b"/^Cc:(.*)d/m [$1]\n/^Bcc:([^a]*)a/ {$1}\n"
                b"/^x.y$/s dot, other\n/^z\\s+(.*)$/ $1 end\n")
        one = ruled(kind, "lines", data, [
            b"To: a\n\tb", b"To: a\n\tb\n", b"to: a b\nc", b"A: b\nfrom: x",
            b"From: x\n y", b"Cc: c\n d", b"Cc: cd\n d", b"Bcc: b\n\ta\n a",
            b"x\ny", b"x y", b"z\n a\n b", b"\n", b"a\n"])
        compare_singly(kind, one.spec, one.keys)

    @case(f"{kind}: a character that a group cuts in two")
    def _():
        named(kind, "cut", "/^(.).$/ $1\n/^(..)$/ $1\n/./ other\n",
              "é aé ab ß")


def cases_of_pcre():
    @case("pcre: the match limit")
    def _():
        data = b"/^(a+)+$/ slow\n/^a/ next\n/./ other\n"
        slow = b"a" * 40 + b"!"
        one = ruled("pcre", "limit", data, [b"aaa", b"b", slow])
        one.wanted = {slow: MATCH_LIMIT}
        compare("pcre", [one], 2, 3)


def cases_of_cidr():
    @case("cidr: random files")
    def _():
        rounds = []
        for number in range(FILES):
            rng = rng_of("cidr", number, oddness=[0, 0.02, 0.1, 0.3])
            asked = cidr_keys(rng, 250) + keys(rng, cidr_keys(rng, 50), 100)
            rounds.append(ruled("cidr", f"random{number}", cidr_file(rng),
                                list(dict.fromkeys(asked))))
        compare("cidr", rounds)

    @case("cidr: random tables inline")
    def _():
        rounds = []
        for number in range(INLINE):
            rng = rng_of("cidr", "inline", number, oddness=[0, 0.01, 0.05])
            data = cidr_file(rng, rng.choice([0, 1, 5, 20]))
            rounds.append(Round(inline_rules("cidr", data),
                                cidr_keys(rng, 200)))
        compare("cidr", rounds, 100, 2000)

    @case("cidr: host bits, families and spellings")
    def _():
        named("cidr", "bits", """\
            192.0.2.1/24 host bits
            192.0.2.0/24 net
            10 short
            10.0.0.0/8 ten
            !::/1 not in the lower half
            !0.0.0.0/1 not in the lower half, either
            1.2.3.4 one
            ::ffff:1.2.3.4 mapped
            [2001:db8::]/32 v6
            [2001:db9::/32] v6, too
            ::/0 any
            """, "192.0.2.1 192.0.2.0 10.0.0.1 010.0.0.1 10 1.2.3.4 "
              "::ffff:1.2.3.4 2001:db8::1 2001:DB9::1 fe80::1%eth0 fe80::1 :: "
              "127.0.0.1 128.0.0.1 8000:: host.example [::1]")

    @case("cidr: an if without an endif takes the rest of the file")
    def _():
        named("cidr", "if", """\
            endif
            if 10.0.0.0/8
            if !10.1.0.0/16
            10.2.0.0/16 two
            endif x
            10.0.0.0/8 other
            """, "10.1.0.1 10.2.0.1 10.3.0.1 11.0.0.1")

    @case("cidr: an empty value is no value that counts")
    def _():
        named("cidr", "empty", "10.0.0.0/8\n0.0.0.0/0 any\n",
              "10.0.0.1 11.0.0.1")


end_on_signals()
print("# SEED", SEED)
directory = tempfile.TemporaryDirectory(prefix="differential-")
cases_of_expressions("regexp")
cases_of_expressions("pcre")
cases_of_pcre()
cases_of_cidr()
print_counts()
directory.cleanup()
done()
