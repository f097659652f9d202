# SPDX-License-Identifier: MIT
"""A socketmapd whose maps are pgsql tables, written as lines of their files.

    with Maps({"m": server.options(query="select '%s'")}) as maps:
        assert maps.value("m", "key") == "key"
"""
import time
from statistics import median

import table_maps
from postgres import PASSWORD
from pulse import stalled
from table_maps import BACK, DEADLINE, LATER, LATEST


class Maps(table_maps.Maps):
    """Failures may come late one by one, but not on the whole."""

    def __init__(self, tables, **settings):
        super().__init__("pgsql", tables, secret=PASSWORD, **settings)
        self.times = []  # of failures

    def check_end(self):
        super().check_end()
        assert (not self.times or self.is_sanitized or
                median(self.times) < DEADLINE + LATER), self.times

    def failure(self, name, key):
        """It may never take longer, whatever the daemon's deadline is."""
        start = time.monotonic()
        text = super().failure(name, key, DEADLINE + LATEST - self.deadline)
        took = time.monotonic() - start
        self.times.append(took - stalled(took))
        return text

    def peak_kb(self):
        with open(f"/proc/{self.daemon.pid}/status", encoding="utf-8") as file:
            return int(file.read().partition("VmHWM:")[2].split()[0])


def wait_until(is_so, patience=BACK):
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)
