# SPDX-License-Identifier: MIT
"""The same tables asked by Postfix and by us, key by key.

    compare("texthash", [Round(b"texthash:/file", keys), ...])
    print_counts()

Our answers come from a socketmapd that serves the tables, asked by a client of
the tests' own, which sees failures key by key. Then what `postmap -q - TYPE:..`
prints, and what `postmap -q - socketmap:...` prints, has to be just that. As
postmap stops at the first key that fails, those that fail here are left out,
and asked for one by one: each has to fail there, too.

A table that cannot stand in a configuration as it is (a newline, a comma
outside of braces) is asked through the library alone, by table_query.
"""
import collections
import concurrent.futures
import dataclasses
import os
import subprocess
import threading
import time

from daemon import Daemon
from hostile import rng_of
from postfix import postmap
from socketmap_client import Client, netstring

LEAST_KEYS = 10_000
# postmap sleeps for a second after a key that fails.
FAILURES_ASKED = 50
AT_ONCE = 25
WINDOW = 4  # processes on both sides that use a processor
PATIENCE = 300
EMPTY = b"empty value in the table"
COLUMNS = ("tables", "refused", "asked", "found", "not found", "empty",
           "failed", "wanted")

_counts = {}
_wanted = collections.Counter()


@dataclasses.dataclass
class Round:
    """A table and the keys to ask for."""
    spec: bytes
    keys: list
    # Keys with another answer than Postfix's, and why that is wanted.
    wanted: dict = dataclasses.field(default_factory=dict)
    wanted_refusal: str = ""  # why only we refuse the table


@dataclasses.dataclass
class Result:
    counts: collections.Counter = dataclasses.field(
        default_factory=collections.Counter)
    wanted: collections.Counter = dataclasses.field(
        default_factory=collections.Counter)
    failing: list = dataclasses.field(default_factory=list)  # (spec, key)


def write(path, data):
    """Writes a file that nobody has been writing for long, as postmap waits
    while one is younger than two seconds. Returns its name as bytes."""
    with open(path, "wb") as file:
        file.write(data)
    os.utime(path, (time.time() - 60,) * 2)
    return os.fsencode(path)


def is_utf8(text):
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def compare(kind, rounds, least_found=1000, least_keys=LEAST_KEYS,
            is_same=None):
    """Asks both sides for all keys of all rounds. least_found: with fewer,
    nothing would have been shown. is_same: whether two outputs of postmap,
    theirs and ours, agree when they need not be equal."""
    counts = _counts.setdefault(kind, collections.Counter())
    before = counts.copy()
    with concurrent.futures.ThreadPoolExecutor(WINDOW) as pool:
        opened = list(pool.map(_opens, rounds))
        served = [number for number, one in enumerate(rounds)
                  if opened[number] and _can_be_served(one.spec)]
        with _serve(rounds, served) as daemon:
            def run(number):
                if not opened[number]:
                    return _compare_refused(rounds[number])
                endpoint = daemon.endpoint if number in served else None
                return _compare_round(rounds[number], endpoint, f"m{number}",
                                      is_same)
            results = list(pool.map(run, range(len(rounds))))
            _compare_failing([one for result in results
                              for one in result.failing])
            assert daemon.stop() == 0, daemon.stderr()
    for result in results:
        counts.update(result.counts)
        _wanted.update(result.wanted)
    new = counts - before
    assert new["asked"] >= least_keys, dict(new)
    assert new["found"] >= least_found, dict(new)


def compare_singly(kind, spec, keys):
    """The same for keys that cannot be lines of postmap's input."""
    counts = _counts.setdefault(kind, collections.Counter())
    with _serve([Round(spec, keys)], [0]) as daemon:
        answers = _ask_daemon(daemon.endpoint, "m0", keys)
        for key, (status, text) in zip(keys, answers):
            assert status in ("OK", "NOTFOUND"), (spec, key, status, text)
            expected = text + b"\n" if status == "OK" else b""
            for asked in (spec, f"socketmap:{daemon.endpoint}:m0".encode()):
                _, printed, stderr = postmap(["-q", key, asked])
                assert printed == expected and b": fatal: " not in stderr, \
                    (asked, key, printed, stderr, status, text)
            counts["found" if status == "OK" else "not found"] += 1
    counts.update(tables=1, asked=len(keys))


def print_counts():
    """Prints the table of types and counts, which run-tests shows."""
    rows = [("type", *COLUMNS)]
    for kind, counts in _counts.items():
        rows.append((kind, *(f"{counts[column]:,}" for column in COLUMNS)))
    for row in rows:
        print("# |", row[0].ljust(10),
              *(cell.rjust(9) for cell in row[1:]))
    for why, count in sorted(_wanted.items()):
        print(f"# | {count:,} wanted differences: {why}")


def _query(spec, keys):
    return subprocess.run(
        [os.environ["TABLE_QUERY"], spec], capture_output=True, check=False,
        input=b"".join(key + b"\n" for key in keys), timeout=PATIENCE)


def _opens(one):
    return _query(one.spec, []).returncode == 0


def _can_be_served(spec):
    """Whether a line of a configuration may hold it, as one table."""
    if not is_utf8(spec) or b"\n" in spec or spec != spec.strip():
        return False
    is_word = not any(byte in spec for byte in b", \t\r\v\f")
    return is_word or spec.endswith(b"}") and b":{" in spec


def _serve(rounds, numbers):
    maps = [f"[map m{number}]\ntable = {rounds[number].spec.decode()}\n"
            for number in numbers]
    return Daemon("".join(maps) or "[map none]\ntable = static:x\n")


def _ask_daemon(endpoint, name, keys):
    """Returns (status, text) for each key."""
    with Client(endpoint) as client:
        requests = b"".join(netstring(name.encode() + b" " + key)
                            for key in keys)
        sender = threading.Thread(target=client.send, args=(requests,),
                                  daemon=True)
        sender.start()
        answers = [client.reply() for _ in keys]
        sender.join()
    return answers


def _ask_library(spec, keys):
    done = _query(spec, keys)
    if done.returncode != 0:
        raise AssertionError(f"{spec!r}: {done}")
    answers, rest = [], memoryview(done.stdout)
    for _ in keys:
        digits = bytes(rest[:20]).partition(b":")[0]
        begin = len(digits) + 1
        size = int(digits)
        status, _, text = bytes(rest[begin:begin + size]).partition(b" ")
        # The map around the table would send no other values.
        status = status if is_utf8(text) else b"TEMP"
        answers.append((status.decode(), text))
        rest = rest[begin + size + 1:]
    return answers


def _ask_postmap(spec, keys):
    """Returns what it prints, or None when it ends with an error."""
    _, stdout, stderr = postmap(["-q", "-", spec],
                                b"".join(key + b"\n" for key in keys))
    return None if b": fatal: " in stderr else stdout


def _compare_refused(one):
    printed = _ask_postmap(one.spec, [b"key"])
    assert (printed is None) == (not one.wanted_refusal), \
        f"{one.spec!r}: only we refuse it: {_query(one.spec, []).stderr!r}"
    result = Result(collections.Counter(tables=1, refused=1))
    if one.wanted_refusal:
        result.wanted[one.wanted_refusal] += 1
        result.counts["wanted"] += 1
    return result


def _sort_answers(one, answers):
    """Sets apart what fails; returns the result and a list of (key, text) of
    all others, with None for not found."""
    result = Result(collections.Counter(tables=1, asked=len(answers)))
    entries = []
    for key, (status, text) in zip(one.keys, answers):
        if not is_utf8(key):
            # Not sent by Postfix, so what we would have said does not matter.
            status = "NOTFOUND"
        if status == "TEMP" and text == EMPTY:
            status, text = "OK", b""
        if key in one.wanted:
            result.wanted[one.wanted[key]] += 1
            _check_differs(one.spec, key, status, text)
        elif status not in ("OK", "NOTFOUND"):
            result.failing.append((one.spec, key))
        else:
            entries.append((key, text if status == "OK" else None))
    result.counts["failed"] = len(result.failing)
    result.counts["wanted"] = result.wanted.total()
    for _, text in entries:
        what = "not found" if text is None else "found" if text else "empty"
        result.counts[what] += 1
    return result, entries


def _compare_round(one, endpoint, name, is_same):
    if endpoint is None:
        answers = _ask_library(one.spec, one.keys)
    else:
        answers = _ask_daemon(endpoint, name, one.keys)
    result, entries = _sort_answers(one, answers)
    _compare_entries(one.spec, entries, is_same)
    if endpoint is not None:
        # As an empty value is not sent, postmap would fail with it.
        _compare_entries(f"socketmap:{endpoint}:{name}".encode(),
                         [entry for entry in entries if entry[1] != b""],
                         is_same)
    return result


def _check_differs(spec, key, status, text):
    """What no longer differs is not to be left out."""
    ours = {"OK": key + b"\t" + text + b"\n", "NOTFOUND": b""}.get(status)
    assert _ask_postmap(spec, [key]) != ours, (spec, key, ours)


def _compare_entries(spec, entries, is_same):
    """Has postmap print the entries that are found, and nothing else."""
    keys = [key for key, _ in entries]
    expected = b"".join(key + b"\t" + text + b"\n"
                        for key, text in entries if text is not None)
    printed = _ask_postmap(spec, keys)
    if printed is None:
        raise AssertionError(f"{spec!r}: not here, but there fails: "
                             f"{_first_failing(spec, keys)!r}")
    if printed != expected and not (is_same and is_same(printed, expected)):
        raise AssertionError(
            f"{spec!r}: postmap prints: {_lines_only_in(printed, expected)}, "
            f"expected was: {_lines_only_in(expected, printed)}")


def _first_failing(spec, keys):
    """Finds the key at which postmap has stopped."""
    fine, tried = 0, len(keys)
    while tried - fine > 1:
        middle = (fine + tried) // 2
        if _ask_postmap(spec, keys[:middle]) is None:
            tried = middle
        else:
            fine = middle
    return keys[tried - 1]


def _lines_only_in(one, other):
    return sorted(set(one.split(b"\n")) - set(other.split(b"\n")))[:5]


def _compare_failing(failing):
    """Some of the keys that fail here have to fail there."""
    asked = rng_of("failing").sample(failing, min(len(failing),
                                                  FAILURES_ASKED))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        printed = pool.map(lambda one: _ask_postmap(one[0], [one[1]]), asked)
        for (spec, key), text in zip(asked, printed):
            assert text is None, \
                f"{spec!r}: only here fails {key!r}, postmap prints {text!r}"
