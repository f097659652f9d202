# SPDX-License-Identifier: MIT
"""Keys and words with everything in them that people and programs get wrong.

SEED=N repeats a run; a test prints its seed. Text is bytes.
"""
import os
import random

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))

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

LOCAL_PARTS = ["user", "User", "a", "a.b", "first.last", "postmaster",
               "owner-x", "x-request", "\"a b\"", "\"a@b\"", "\"\\\"\"", "'",
               "o'brien", "%", "100%", "*", "jörg", "STRASSE", "straße", "日本",
               "", ".a", "a..b"]
EXTENSIONS = ["", "", "+x", "+X", "+x+y", "-x", "+", "=x", "+\"", "+ x"]
DOMAINS = ["example.org", "Example.ORG", "mx.example.org", "a.b.example.org",
           ".example.org", "example.org.", "exämple.org", "EXÄMPLE.ORG",
           "xn--exmple-cua.org", "org", "", "[127.0.0.1]", "[IPv6:::1]",
           "a..b", "localhost", "other.example"]
ADDRESSES = ["127.0.0.1", "127.0.0", "10.0.0.255", "192.0.2.1", "010.1.1.1",
             "1.2.3", "0x7f.1", "256.1.1.1", "::1", "::", "2001:db8::25",
             "2001:DB8:0:0:0:0:0:25", "2001:db8:1:", "fe80::1%eth0",
             "::ffff:1.2.3.4", "[::1]", "[192.0.2.1]", "1.2.3.4/32"]
LONG = 2048


class Oddly(random.Random):
    """Random data, of which a part is odd."""
    oddness = 0.1

    def is_odd(self):
        return self.random() < self.oddness


def rng_of(*name, oddness=(0.1,)):
    """Random data of its own for each part of a test, so that one more part
    changes no other."""
    rng = Oddly(f"{SEED} {name}")
    rng.oddness = rng.choice(oddness)
    return rng


def word(rng):
    text = "".join(rng.choice(ODD if rng.is_odd() else PLAIN)
                   for _ in range(rng.choice([1, 2, 2, 3, 3, 4])))
    bad = rng.choice(BAD_BYTES) if rng.is_odd() and rng.is_odd() else b""
    return text.encode() + bad


def blanks(rng):
    return rng.choice(BLANKS).encode()


def address(rng):
    return (rng.choice(LOCAL_PARTS) + rng.choice(EXTENSIONS) + "@"
            + rng.choice(DOMAINS)).encode()


def plain_address(rng, people=1000):
    """An address as it stands in a table: one of a number of people, each of
    them spelled in one way, some of them beyond ASCII."""
    number = rng.randrange(people)
    local = ("user{}", "First.Last{}", "straße{}", "o'brien{}",
             "\"a b{}\"")[number % 5].format(number)
    domain = ("example.org", "Example.COM", "mx.example.org",
              "exämple.net")[number // 5 % 4]
    return f"{local}@{domain}".encode()


def is_line(key):
    """Whether postmap can be asked for it."""
    return b"\n" not in key and b"\0" not in key


def _mix_case(rng, text):
    return "".join(rng.choice((letter.upper(), letter.lower()))
                   for letter in text)


def _respell(rng, key):
    """Another key that a careless table takes for this one, or misses."""
    text = key.decode("utf-8", "surrogateescape")
    if rng.random() < 0.5:
        return _mix_case(rng, text).encode("utf-8", "surrogateescape")
    local, at, domain = text.rpartition("@")
    text = rng.choice([
        text.upper, text.lower, text.casefold, text.swapcase, text.title,
        lambda: text.strip("{}\"\\ ,"),
        lambda: local + rng.choice(EXTENSIONS) + at + domain,
        lambda: local + at + "sub." + domain,
        lambda: local + at + domain.partition(".")[2],
        lambda: at + domain, lambda: domain, lambda: local, lambda: local + at,
        lambda: f"\"{local}\"{at}{domain}",
        lambda: text + rng.choice(BLANKS), lambda: rng.choice(BLANKS) + text,
        lambda: text + ".", lambda: "." + text, lambda: f"<{text}>",
        lambda: text[:-1], lambda: text + "x",
        lambda: text.replace("a", "\\a"), lambda: text + ":",
        lambda: text.replace("s", "ſ"), lambda: text.replace("k", "\u212a"),
    ])()
    return text.encode("utf-8", "surrogateescape")


def _stranger(rng):
    return rng.choice([
        lambda: word(rng), lambda: address(rng), lambda: address(rng),
        lambda: rng.choice(DOMAINS).encode(),
        lambda: rng.choice(ADDRESSES).encode(),
        lambda: plain_address(rng), lambda: rng.choice(BAD_BYTES),
    ])()


def _lengthen(rng, key):
    """About 2 kB, or just what some table has as its limit."""
    size = rng.choice([LONG, LONG, 255, 256, 511, 512, 1024, 10001])
    return (key * (size // max(len(key), 1) + 1))[:size]


def keys(rng, stored, count):
    """Keys to ask for, none of them twice: those stored, what is near to them,
    and others."""
    stored = list(stored) or [b"a"]
    result = {}
    while len(result) < count:
        key = rng.choice(stored) if rng.random() < 0.8 else _stranger(rng)
        if rng.random() < 0.7:
            key = _respell(rng, key)
        if rng.random() < 0.01:
            key = _lengthen(rng, key or b"k")
        if is_line(key):
            result[key] = True
    return list(result)
