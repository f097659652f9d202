#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables made of tables, and the system's own: Postfix's answers and ours."""
import grp
import os
import pwd
import tempfile

from differential import Round, compare, print_counts, write
from ending import end_on_signals
from hostile import SEED, keys, rng_of
from tap import case, done

TABLES = 60
DEPTH = 3
# Keys are values and values keys, so that pipes go on.
WORDS = ["a", "B", "c", "ß", "SS", "d@e", "D@E", "1", "10.0.0.1"]
ENVIRONMENT = {
    b"lower": b"value", b"Upper": b"never found", b"upper": b"found",
    b"empty": b"", b"blank value": b" a  b ", "ß".encode(): b"folded away",
    b"ss": "ß".encode(), "ä".encode(): b"umlaut", b"bytes": b"\xff",
    b"a.b-c": b"odd name", b"dollar": b"$lower", b"long": b"x" * 5000,
    b"x" * 2048: b"long name"}


def leaf(rng):
    if rng.random() < 0.02:
        return "fail:no"
    if rng.is_odd():
        return rng.choice(["static:{a b}", "inline:{a=}",
                           "texthash:/nonexistent/file", "nope:x", "static:",
                           "", "{static:x}", "static:{a", "a", "inline:{}"])
    return rng.choice([
        lambda: "inline:{" + ", ".join(
            f"{rng.choice(WORDS)}={rng.choice(WORDS)}" for _ in range(6)) + "}",
        lambda: "texthash:" + rng.choice(texts),
        lambda: "regexp:" + rng.choice(patterns["regexp"]),
        lambda: "pcre:" + rng.choice(patterns["pcre"]),
        lambda: "cidr:{{10.0.0.0/8 a}, {!::/0 B}}",
        lambda: "static:" + rng.choice(WORDS),
        lambda: "randmap:{a}",
    ])()


def composition(rng, kind, depth=1):
    separators = [", ", ",", " ", " , "]
    text = ""
    for _ in range(rng.choice([1, 2, 2, 3])):
        if depth < DEPTH and rng.random() < 0.3:
            text += composition(rng, rng.choice(["unionmap", "pipemap"]),
                                depth + 1)
        else:
            text += leaf(rng)
        text += rng.choice(separators)
    end = "} x" if rng.is_odd() and rng.is_odd() else "}"
    return f"{kind}:{{{rng.choice(['', ' '])}{text.rstrip(', ')}{end}"


def random_round(kind, number):
    rng = rng_of(kind, number, oddness=[0, 0, 0.02, 0.05])
    asked = keys(rng, [word.encode() for word in WORDS], 300)
    return Round(composition(rng, kind).encode(), asked)


def named(kind, spec, asked, least_found=1):
    asked = [key.encode() for key in asked.split()]
    compare(kind, [Round(spec.encode(), asked)], least_found, len(asked))


def cases_of_composition(kind):
    @case(f"{kind}: random compositions")
    def _():
        compare(kind, [random_round(kind, number) for number in range(TABLES)],
                300)

    for name, first, second in (("a pattern table", "regexp", "texthash"),
                                ("texthash", "texthash", "regexp")):
        @case(f"{kind}: {name} comes first")
        def _(first=first, second=second):
            # Each finds what the other one gives.
            write(directory.name + "/text", b"a b\nb d@e\nd@e a\nss 1\n")
            write(directory.name + "/rules", b"/^a$/ b\n/(.)@(.)/ $1\n")
            members = {"regexp": f"regexp:{directory.name}/rules",
                       "texthash": f"texthash:{directory.name}/text"}
            named(kind, f"{kind}:{{{members[first]}, {members[second]}}}",
                  "a A b B c C ß SS ss d@e D@E D@e 1 nobody")


def cases_of_randmap():
    @case("randmap: each of the values, and no other")
    def _():
        specs = [b"{a,b,c}", b"{a b}", b"{ a, b , c }", b"{{a b} c}", b"{a}",
                 b"a", b"{}", b"{,}", b"{a} b", b"{a", b"", "{ß, Ä}".encode(),
                 b"{" + b",".join(b"%d" % n for n in range(100)) + b"}"]
        rounds = [Round(b"randmap:" + spec,
                        keys(rng_of(spec), [b"a", b"d@e"], 2000))
                  for spec in specs]
        compare("randmap", rounds, is_same=same_values)


def same_values(theirs, ours):
    """Whether the same keys have values, and the values are the same set."""
    def split(printed):
        pairs = [line.rpartition(b"\t") for line in printed.split(b"\n")]
        return [pair[0] for pair in pairs], {pair[2] for pair in pairs}
    return split(theirs) == split(ours)


def cases_of_the_system():
    @case("unix: users and groups, spelled in several ways")
    def _():
        users = [entry.pw_name.encode() for entry in pwd.getpwall()]
        groups = [entry.gr_name.encode() for entry in grp.getgrall()]
        rng = rng_of("unix")
        compare("unix", [Round(b"unix:" + name, keys(rng, users + groups,
                                                     6000))
                         for name in (b"passwd.byname", b"group.byname")] +
                [Round(b"unix:" + name, [b"root"])
                 for name in (b"x", b"passwd", b"", b"passwd.byuid")], 100)

    @case("environ: variables")
    def _():
        os.environb.update(ENVIRONMENT)
        stored = list(ENVIRONMENT)
        asked = stored + keys(rng_of("environ"), stored, 10000)
        compare("environ", [Round(b"environ:x", list(dict.fromkeys(asked))),
                            Round(b"environ:{x}", [b"lower", b"empty"]),
                            Round(b"environ:", [b"lower"])], 500)
        for name in ENVIRONMENT:
            del os.environb[name]


def write_members():
    """Returns the names of files for texthash, and of those for patterns."""
    for number in range(5):
        rng = rng_of("members", number)
        lines = [f"{rng.choice(WORDS)} {rng.choice(WORDS)}\n"
                 for _ in range(6)]
        name = f"{directory.name}/text{number}"
        write(name, "".join(lines).encode())
        texts.append(name)
        for kind, found in patterns.items():
            rules = ["/%s/ %s\n" % (rng.choice(["^a$", "b", "(.)@(.)", "[a-d]",
                                                "^ss$", "ß", "!/a/"]),
                                    rng.choice(WORDS + ["$1"]))
                     for _ in range(3)]
            name = f"{directory.name}/{kind}{number}"
            write(name, "".join(rules).encode())
            found.append(name)


end_on_signals()
print("# SEED", SEED)
directory = tempfile.TemporaryDirectory(prefix="differential-")
texts = []
patterns = {"regexp": [], "pcre": []}
write_members()
cases_of_composition("unionmap")
cases_of_composition("pipemap")
cases_of_randmap()
cases_of_the_system()
print_counts()
directory.cleanup()
done()
