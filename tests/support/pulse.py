# SPDX-License-Identifier: MIT
"""How much a busy machine keeps a test from running, and the daemon likely as
well: what is as late as that is not the daemon's fault.

    took - stalled(took)
"""
import collections
import threading
import time

BEAT = 0.01

_late = collections.deque(maxlen=10000)  # (when, how much later than a beat)


def _beat():
    while True:
        before = time.monotonic()
        time.sleep(BEAT)
        after = time.monotonic()
        _late.append((after, after - before - BEAT))


def stalled(seconds):
    """How many of the last seconds nothing of this process was run in, about
    that: of each beat a little is lost always."""
    since = time.monotonic() - seconds
    return sum(late for when, late in list(_late) if when > since)


threading.Thread(target=_beat, daemon=True).start()
