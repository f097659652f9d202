#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables that postmap(1) and postalias(1) have compiled: the same file asked
by Postfix and by us."""
import subprocess
import tempfile

from differential import Round, compare, print_counts, write
from ending import end_on_signals
from hostile import SEED, rng_of
from postfix import SBIN, postmap
from sources import (address_file, duplicates, folding_source, keys_for,
                     random_file)
from tap import case, done

KINDS = ["cdb", "lmdb", "hash", "btree"]
FILES = 12
# postmap itself gives up on longer keys for lmdb; one byte may be a NUL.
LONGEST = 510
EMPTY_KEY = ("lmdb, the empty key: an error for Postfix, until it has found a "
             "key that ends in NUL; nothing can be stored under it")
ALIASES = b"""\
# two of them on more than one line
root: admin,
  other
Postmaster: root
"quoted name": |"/bin/true"
"UP Per": a@b
stra\xc3\x9fe: x
no colon
: empty
root: twice
"""
# As postalias stores them: folded, without colon and quotes.
ALIASED = [b"root", b"postmaster", b"quoted name", b"up per",
           "straße".encode()]


def compiled(kind, name, data, asked, *options):
    path = write(f"{directory.name}/{kind}-{name}", data)
    spec = kind.encode() + b":" + path
    status, _, stderr = postmap([*options, spec])
    assert status == 0, stderr
    return of_kind(kind, spec, asked)


def of_kind(kind, spec, asked):
    return Round(spec, asked, {b"": EMPTY_KEY} if kind == "lmdb" else {})


def random_round(kind, number):
    rng = rng_of(kind, number, oddness=[0.01, 0.1, 0.4])
    data = random_file(rng, number)
    if kind == "lmdb":
        # Folding may make three bytes of one.
        data = b"\n".join(line[:LONGEST // 3] for line in data.split(b"\n"))
    return compiled(kind, f"random{number}", data, keys_for(rng, data, 400))


def address_round(kind, *options):
    rng = rng_of(kind, *options)
    data = address_file(rng, LONGEST if kind == "lmdb" else 2048)
    return compiled(kind, "-".join(("addresses", *options)), data,
                    keys_for(rng, data, 2500), *options)


def cases_of(kind):
    @case(f"{kind}: random files")
    def _():
        compare(kind, [random_round(kind, number) for number in range(FILES)],
                200, 5000)

    @case(f"{kind}: addresses")
    def _():
        compare(kind, [address_round(kind, "-w"), address_round(kind, "-N"),
                       address_round(kind, "-n")])

    @case(f"{kind}: keys that were stored with their upper case are not found")
    def _():
        compare(kind, [address_round(kind, "-f")], 200, 2500)

    @case(f"{kind}: case is folded as Unicode has it")
    def _():
        data, asked = folding_source()
        compare(kind, [compiled(kind, "folding", data, asked)], 20, len(asked))

    @case(f"{kind}: of duplicate keys the first counts")
    def _():
        data, asked = duplicates(rng_of("duplicates"))
        compare(kind, [compiled(kind, "duplicates", data, asked)], 8,
                len(asked))

    @case(f"{kind}: an empty table")
    def _():
        compare(kind, [compiled(kind, "empty", b"# nothing\n", [b"a", b""])],
                0, 2)

    @case(f"{kind}: a file that is not there")
    def _():
        compare(kind, [Round(kind.encode() + b":/nonexistent/file", [b"a"])],
                0, 0)

    @case(f"{kind}: a file of aliases")
    def _():
        path = write(f"{directory.name}/{kind}-aliases", ALIASES)
        spec = kind.encode() + b":" + path
        subprocess.run([f"{SBIN}/postalias", "-c", directory.name, spec],
                       stderr=subprocess.DEVNULL, check=True)
        asked = [*ALIASED, b"@", b"YP_LAST_MODIFIED", b"yp_last_modified",
                 b"YP_MASTER_NAME", *keys_for(rng_of("aliases"), ALIASES, 500)]
        asked = list(dict.fromkeys(asked))
        compare(kind, [of_kind(kind, spec, asked)], len(ALIASED), 500)


end_on_signals()
print("# SEED", SEED)
directory = tempfile.TemporaryDirectory(prefix="differential-")
write(directory.name + "/main.cf", b"compatibility_level = 3.6\n")
for one in KINDS:
    cases_of(one)
print_counts()
directory.cleanup()
done()
