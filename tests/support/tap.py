# SPDX-License-Identifier: MIT
"""Cases of a Python test, reported as TAP on stdout.

    from tap import case, done

    @case("what is shown")
    def _():
        assert 1 + 1 == 2

    done()

A case passes when it returns; AssertionError and every other exception fail
it, with the traceback as comment lines. Skip("why") skips: CI counts a skip as
a failure.
"""
import sys
import traceback

_count = 0
_failed = 0


class Skip(Exception):
    pass


def _comment(text):
    for line in text.rstrip().splitlines():
        print("#", line)


def case(name):
    def run(function):
        global _count, _failed
        _count += 1
        try:
            function()
        except Skip as why:
            print(f"ok {_count} - {name} # SKIP {why}", flush=True)
        except Exception:
            _failed += 1
            _comment(traceback.format_exc())
            print(f"not ok {_count} - {name}", flush=True)
        else:
            print(f"ok {_count} - {name}", flush=True)
        return function
    return run


def done():
    print(f"1..{_count}", flush=True)
    sys.exit(1 if _failed else 0)
