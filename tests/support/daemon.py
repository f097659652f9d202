# SPDX-License-Identifier: MIT
"""Starts and stops a socketmapd, the one of the build ($SOCKETMAPD).

    with Daemon("[map m]\\ntable = static:x\\n") as daemon:
        with Client(daemon.endpoint) as client: ...
        assert daemon.stop() == 0
        assert "..." in daemon.stderr()

Without a [listen] section in the configuration the daemon gets one on
unix:DIRECTORY/socketmap.sock. In the configuration @DIR@ stands for the
directory.
"""
import os
import signal
import subprocess
import tempfile
import threading

PATIENCE = 60
READY = "socketmapd: ready: "


def program():
    return os.environ["SOCKETMAPD"]


def write_config(directory, config):
    """Writes a configuration file, returns its path."""
    path = os.path.join(directory, "socketmapd.conf")
    if "[listen" not in config:
        config += "\n[listen test]\nendpoint = unix:@DIR@/socketmap.sock\n"
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(config.replace("@DIR@", directory))
    return path


def run(config, directory=None, arguments=(), **options):
    """Runs a daemon that ends by itself; returns exit status and stderr."""
    with tempfile.TemporaryDirectory(prefix="socketmapd-") as own:
        path = write_config(directory or own, config)
        done = subprocess.run(
            [program(), "-c", path, *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
            encoding="utf-8", errors="replace", check=False, **options)
        return done.returncode, done.stderr


class Daemon:
    """A running daemon: when the constructor returns, it listens."""

    def __init__(self, config, directory=None, command=None, ready=READY,
                 **options):
        """command: run instead of [socketmapd, -c, FILE]; it ends up as a
        socketmapd in the same process. ready: in the line that says that it
        listens. options: as for subprocess.Popen."""
        self._own = None
        if directory is None:
            self._own = tempfile.TemporaryDirectory(prefix="socketmapd-")
            directory = self._own.name
        self.directory = directory
        if command is None:
            command = [program(), "-c", write_config(directory, config)]
        self._lines = []
        self._ended = False
        self._change = threading.Condition()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            **options)
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        try:
            line = self.wait_line(ready)
        except BaseException:
            self.close()
            raise
        self.endpoints = line[len(ready):].split(", ")
        self.endpoint = self.endpoints[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_sanitized(self):
        """Sanitizers take their time, and keep memory that was freed."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as file:
            text = file.read()
        return any(f"lib{name}san" in text for name in "at")

    def _collect(self):
        for raw in self.process.stderr:
            with self._change:
                line = raw.decode("utf-8", "replace").rstrip("\n")
                self._lines.append(line)
                self._change.notify_all()
        with self._change:
            self._ended = True
            self._change.notify_all()

    def stderr(self):
        """All lines so far; whole after stop() or wait()."""
        with self._change:
            return "".join(line + "\n" for line in self._lines)

    def wait_line(self, part, count=1):
        """Waits until `count` lines on stderr hold `part`; returns the last
        of these."""
        def found():
            return [line for line in self._lines if part in line]

        with self._change:
            self._change.wait_for(
                lambda: self._ended or len(found()) >= count, PATIENCE)
            if len(found()) < count:
                raise AssertionError(
                    f"no {part!r} on stderr:\n" + "\n".join(self._lines))
            return found()[count - 1]

    def send_signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Waits for the end; returns the exit status, -N for signal N."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def stop(self, number=signal.SIGTERM):
        """Sends a signal, waits for the end, returns the exit status."""
        self.send_signal(number)
        return self.wait()

    def close(self):
        """Ends it whatever its state, and removes its directory."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        self.process.stderr.close()
        if self._own is not None:
            self._own.cleanup()
