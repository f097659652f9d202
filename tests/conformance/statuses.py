# SPDX-License-Identifier: MIT
"""Starts and stops the server of statuses.c ($SOCKETMAP_STATUSES).

    with Statuses() as server:
        ... server.unix, server.inet: its endpoints ...
        assert server.counters()["accepted"] == 1
"""
import os
import subprocess
import tempfile

PATIENCE = 60


class Statuses:
    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="statuses-")
        self.directory = self._directory.name
        self._process = subprocess.Popen(
            [os.environ["SOCKETMAP_STATUSES"],
             f"unix:{self.directory}/socket", "inet:127.0.0.1:0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii")
        endpoints = []
        for line in self._process.stdout:
            if line == "ready\n":
                break
            endpoints.append(line.strip())
        else:
            self.close()
            raise AssertionError("the server of statuses does not start")
        self.unix, self.inet = endpoints

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def port(self):
        return self.inet.rpartition(":")[2]

    def counters(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        words = self._process.stdout.readline().split()
        return {name: int(value) for name, _, value in
                (word.partition("=") for word in words)}

    def close(self):
        """Ends the server, which must end well."""
        try:
            self._process.communicate(timeout=PATIENCE)
        finally:
            self._process.kill()
            self._process.wait()
            self._directory.cleanup()
        assert self._process.returncode == 0, self._process.returncode
