#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tcp tables: the same server asked by Postfix and by us."""
import contextlib

from differential import Round, compare, print_counts
from ending import end_on_signals
from hostile import SEED, address, is_line, keys, rng_of, word
from tap import case, done
from tcp_table import Server, encode, reply

TABLES = 4
KEYS = 1300
LEAST = 5000
LONGEST = 4091  # of a value, its reply with "200 " and newline


def value(rng):
    """Values that are text on one line, as postmap's output needs."""
    text = b" ".join(rng.choice([word, address])(rng)
                     for _ in range(rng.choice([1, 1, 2, 3])))
    if rng.random() < 0.02:
        text = (text * LONGEST)[:LONGEST // 3]
    text = text.decode("utf-8", "replace").encode()
    return text if is_line(text) else b"x"


def loosely(rng, text):
    """The text in another of the forms that a server may give it."""
    return b"".join(
        b"%%%02x" % byte if byte in b"%\n\0" or rng.random() < 0.3
        else bytes([byte]) for byte in text)


def line(rng, text):
    coded = rng.choice([encode, lambda text: loosely(rng, text)])(text)
    blank = rng.choice([b" ", b" ", b" ", b"\t", b"\r", b"\v"])
    status = rng.choice([b"200", b"200", b"200", b"201", b"250", b"299"])
    return status + blank + coded + b"\n"


def make_table(rng):
    """What the server replies to each key that it knows."""
    table = {}
    for number in range(KEYS // 2):
        key = rng.choice([word, address])(rng) + b"%d" % (number % 9)
        table[key] = line(rng, value(rng))
    for number in range(KEYS // 10):
        absent = rng.choice([500, 501, 550, 599])
        table[word(rng) + b"absent%d" % number] = reply(absent, word(rng))
    return table


@contextlib.contextmanager
def serving(tables):
    """Servers of tables, with the rounds that ask them."""
    with contextlib.ExitStack() as stack:
        yield [Round(b"tcp:127.0.0.1:%d" % stack.enter_context(Server(
            lambda key, table=table: table.get(key, reply(500, b"no")))).port,
            asked) for table, asked in tables]


end_on_signals()
print("# SEED", SEED)


@case("tcp: random keys and values, in the forms that they may have")
def _():
    tables = []
    for number in range(TABLES):
        rng = rng_of("tcp", number, oddness=[0, 0.02, 0.1])
        table = make_table(rng)
        tables.append((table, keys(rng, filter(is_line, table), KEYS)))
    with serving(tables) as rounds:
        compare("tcp", rounds, 1000, LEAST)


# Those that are too long are not here: Postfix asks again for them, and sleeps.
ODD = [b"400 later\n", b"401 x\n", b"450 %41\n", b"499 \n", b"500 \n", b"200 \n",
       b"200\n", b"500\n", b"\n", b" 200 x\n", b"20 x\n", b"2000 x\n",
       b"2xx x\n", b"300 x\n", b"100 x\n", b"600 x\n", b"000 x\n", b"-20 x\n",
       b"OK x\n", b"200 %\n", b"200 a%4\n", b"200 %zz\n", b"500 %zz\n",
       b"400 %zz\n", b"%32%30%30 x\n", b"200x\n", b"200:x\n", b"200  a  b \n",
       b"200 " + b"x" * LONGEST + b"\n", b"500 " + b"x" * LONGEST + b"\n",
       b"200 " + b"%41" * (LONGEST // 3) + b"\n", b"200 %C3%A4\xc3\xa4\n",
       b"200 a\x7fb\x01\n", b"200 200 x\n"]


@case("tcp: each odd reply")
def _():
    table = {b"%d" % number: text for number, text in enumerate(ODD)}
    with serving([(table, list(table))]) as rounds:
        compare("tcp", rounds, 5, len(ODD))


@case("tcp: what is no HOST:PORT")
def _():
    compare("tcp", [Round(b"tcp:" + text, [b"a"]) for text in (
        b"127.0.0.1:70000", b"127.0.0.1:", b"127.0.0.1:no such service",
        b"[127.0.0.1:25")], 0, 0)


print_counts()
done()
