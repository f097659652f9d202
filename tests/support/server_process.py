# SPDX-License-Identifier: MIT
"""Servers of a test's own, each a program in a directory of its own with a free
port, that can be stopped, restarted and hung."""
import signal
import subprocess
import tempfile
import time

from ports import free_port
from stopping import stop_process

PATIENCE = 60


class Process:
    """A program that can be hung. Running when the constructor returns, unless
    started=False; command(): how it is started."""
    stop_signal = signal.SIGKILL  # at once

    def __init__(self, started):
        self._own = tempfile.TemporaryDirectory(prefix="server-")
        self.directory = self._own.name
        self.port = free_port()
        self.process = None
        if started:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def command(self):
        raise NotImplementedError

    def environment(self):
        """What else Popen has to know."""
        return {}

    def is_up(self):
        raise NotImplementedError

    def start(self):
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.directory, **self.environment())
        end = time.monotonic() + PATIENCE
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{self.command()[0]} does not start")
            time.sleep(0.01)

    def stop(self, number=None):
        if self.process is not None and self.process.poll() is None:
            self.go_on()
            self.process.send_signal(number or self.stop_signal)
            self.process.wait(PATIENCE)

    def restart(self):
        self.stop()
        self.start()

    def hang(self):
        """Until go_on."""
        stop_process(self.process.pid)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.stop()
        self._own.cleanup()
