# SPDX-License-Identifier: MIT
"""An orderly end for a test that starts programs."""
import signal
import sys


def end_on_signals():
    """Lets SIGTERM and SIGHUP end the test by an exception, so that what it
    has started is stopped."""
    def end(number, _):
        sys.exit(f"ended by signal {number}")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
