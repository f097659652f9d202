#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""memcache tables: the same server and the same .cf file asked by Postfix and
by us."""
import tempfile

from differential import Round, compare, print_counts, write
from ending import end_on_signals
from hostile import SEED, keys, plain_address, rng_of
from memcached import Server
from ports import free_port
from tap import case, done

PEOPLE = 300
VARIANTS = 40
KEYS = 150
LEAST = 5000
KEY_MAX = 250
# What is stored of one key must be no other's, whoever comes first.
BACKED_FORMATS = ["%s", "aliases:%s", "x%%%s", "p:%S"]
FORMATS = ["%s", "aliases:%s", "%u", "%d", "x%%%s", "%u+%d", "%2.%1", "%U@%D",
           "p:%S", "%9"]
ODD_FORMATS = ["%", "%x", "%0", "a b%s"]
DOMAINS = ["example.org", "example.org, example.com", "!example.org, .example",
           "EXAMPLE.org exämple.net", "mx.example.org,other.example", "",
           "inline:{example.org=x}", ".org", "@DIR@/domains"]
EMPTY_FORMAT = ("memcache, an empty key_format: Postfix finds nothing by it, "
                "ours is refused")
TOO_LONG = ("memcache, a key that is too long for the server: Postfix asks and "
            "fails, here it is not found")


def fill():
    """Some in the server, by several formats, some behind it, some in both."""
    rng = rng_of("server")
    lines = []
    for number in range(PEOPLE):
        # As they are asked for, folded.
        key = plain_address(rng, PEOPLE).decode().casefold()
        addresses.append(key.encode())
        local, _, domain = key.rpartition("@")
        if number % 3 and " " not in key:
            for name in (key, "aliases:" + key, f"{local}+{domain}", local,
                         "1:" + key, "3:aliases:" + key):
                server.set(name.encode(), b"box%d@other.example" % number)
        if number % 3 != 1 and " " not in key:
            lines.append(f"{key} behind{number}\n")
    for name, value in (("example.org", "domain"), ("some", " a  b "),
                        ("x%some", "percent"), ("'", "quote"),
                        ("end", "END"), ("long", "x" * 5000),
                        ("ä@x", "ü@ö"), ("back\\slash", "\\")):
        server.set(name.encode(), value.encode())
    server.set(b"k" * KEY_MAX, b"longest")
    write(directory.name + "/behind", "".join(lines).encode())


def table(name, asked, **options):
    """A .cf file with a line for each option."""
    options = {"memcache": f"inet:127.0.0.1:{server.port}", **options}
    text = "".join(f"{key} = {value}\n" for key, value in options.items()
                   if value is not None)
    text = text.replace("@DIR@", directory.name)
    path = write(f"{directory.name}/{name}.cf", text.encode())
    return Round(b"memcache:" + path, asked)


def stored():
    return addresses + [b"some", b"'", b"end", b"long", "ä@x".encode(),
                        b"back\\slash", b"example.org", b"@example.org", b"@"]


def random_round(number):
    rng = rng_of("memcache", number, oddness=[0, 0.02, 0.1])
    options = {"key_format": FORMATS[number % len(FORMATS)]}
    if number % 2:
        options["key_format"] = f"{number}:" + rng.choice(BACKED_FORMATS)
        options["backup"] = rng.choice(["texthash:@DIR@/behind",
                                        "static:all"])
        options["read_only"] = rng.choice([None, "yes"])
    if rng.random() < 0.3:
        options["domain"] = rng.choice(DOMAINS)
    if rng.is_odd():
        name, values = rng.choice([
            ("key_format", ODD_FORMATS), ("ttl", ["", "x", "10s", "007"]),
            ("max_try", ["0", "3"]), ("line_size_limit", ["0", "2000"]),
            ("domain", ["nope:x", "/nonexistent", "fail:x"]),
            ("backup", ["nope:x", "texthash:/nonexistent"]),
            ("hosts", ["unknown"])])
        options[name] = rng.choice(values)
    asked = keys(rng, stored(), KEYS) + [b"example.org", b"@example.org", b""]
    asked = [key for key in asked if len(key) < KEY_MAX - 20]
    return table(f"random{number}", list(dict.fromkeys(asked)), **options)


end_on_signals()
print("# SEED", SEED)
directory = tempfile.TemporaryDirectory(prefix="differential-")
server = Server()
addresses = []
write(directory.name + "/domains", b"example.org\n# no\nother.example\n")
fill()


@case("memcache: random options")
def _():
    compare("memcache", [random_round(number) for number in range(VARIANTS)],
            1000, LEAST)


@case("memcache: a server that is down, with a backup and without")
def _():
    down = f"inet:127.0.0.1:{free_port()}"
    compare("memcache", [
        table("down", [b"a@b.c", b"a b", b"@example.org", b"a"], memcache=down,
              domain="b.c"),
        table("behind", addresses[:50] + [b"nobody", b"a b"], memcache=down,
              backup="texthash:@DIR@/behind")], 1, 50)


@case("memcache: keys as long as the server has them, and longer")
def _():
    longest, longer = b"k" * KEY_MAX, b"k" * (KEY_MAX + 1)
    compare("memcache", [
        table("longest", [longest, longest[1:]]),
        table("long-backup", [longest, longer], backup="static:all"),
        Round(table("longer", []).spec, [longer], {longer: TOO_LONG})], 1, 1)


@case("memcache: values of the largest size, and larger")
def _():
    for limit in ("4999", "5000"):
        compare("memcache", [table("limit" + limit, [b"long", b"some"],
                                   data_size_limit=limit)], 1, 1)


@case("memcache: what is behind it is in the server afterwards")
def _():
    server.flush()
    asked = [key for key in addresses if b" " not in key][:40]
    compare("memcache", [table("first", asked, key_format="f:%s",
                               backup="texthash:@DIR@/behind")], 1, 1)
    compare("memcache", [table("second", asked, key_format="f:%s")], 1, 1)


@case("memcache: a .cf file that is not there")
def _():
    compare("memcache", [Round(b"memcache:/nonexistent.cf", [b"a"])], 0, 0)


@case("memcache: a mistake that we tell of, and Postfix does not")
def _():
    compare("memcache", [Round(table("empty", [], key_format="").spec, [b"a"],
                               wanted_refusal=EMPTY_FORMAT)], 0, 0)


print_counts()
server.close()
directory.cleanup()
done()
