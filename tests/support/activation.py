# SPDX-License-Identifier: MIT
"""A service manager for one daemon, as systemd is one: it holds the listening
sockets, hears what the daemon says (sd_notify), keeps what it stores, and
starts it again.

    with Manager(command, {"name": listening_socket}, directory) as manager:
        manager.restart()
        manager.kill()
"""
import array
import fcntl
import os
import resource
import select
import signal
import socket
import threading
import time

PATIENCE = 60
FIRST = 3
HIGH = 500

# The process id is known only in the child.
SHELL = 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0" "$@"'


def raise_limit():
    """Lets this process, and what it starts, have many descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))


class Manager:
    """The daemon runs, and has said that it is ready, when the constructor
    and start, restart or kill return."""

    def __init__(self, command, listeners, directory, store=0, watchdog=None):
        """command: what starts the daemon. store: how many descriptors are
        kept for it. watchdog: how often it has to say something, in
        microseconds."""
        raise_limit()
        self._command = command
        self._listeners = listeners
        self._log = open(f"{directory}/stderr", "ab")
        self._store = []  # of (name, descriptor)
        self._store_max = store
        self._watchdog = watchdog
        self._said = []
        self._change = threading.Condition()
        self._address = f"{directory}/notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._address)
        os.chmod(self._address, 0o666)
        self.pid = None
        self._closing = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()
        self._closing = True
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._address)
        self._listener.join(PATIENCE)
        self._socket.close()
        self._log.close()
        for _, fd in self._store:
            os.close(fd)
        self._store = []

    def stderr(self):
        with open(self._log.name, encoding="utf-8", errors="replace") as log:
            return log.read()

    def stored(self):
        """The names of what is kept."""
        with self._change:
            return [name for name, _ in self._store]

    def said(self, part=""):
        """What the daemon has said, whole messages, since it started."""
        with self._change:
            return [text for text in self._said if part in text]

    def wait_said(self, part, count=1):
        """Waits until `count` messages hold `part`; returns them."""
        def found():
            return [text for text in self._said if part in text]

        with self._change:
            if not self._change.wait_for(
                    lambda: len(found()) >= count, PATIENCE):
                raise AssertionError(
                    f"no {part!r} in {self._said}\n{self.stderr()}")
            return found()

    def start(self):
        self.launch()
        self.wait_said("READY=1")

    def launch(self):
        """Starts the daemon without waiting for it."""
        with self._change:
            self._drop_closed()
            self._said = []
            passed = [(name, kept.fileno())
                      for name, kept in self._listeners.items()] + self._store
            # Out of the way of the numbers that they will have.
            copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FIRST + HIGH)
                      for _, fd in passed]
        names = [name for name, _ in passed]
        actions = [(os.POSIX_SPAWN_DUP2, self._log.fileno(), 2)]
        actions += [(os.POSIX_SPAWN_DUP2, fd, FIRST + n)
                    for n, fd in enumerate(copies)]
        assert len(copies) < HIGH
        self.pid = os.posix_spawn(
            "/bin/sh", ["sh", "-c", SHELL, *self._command],
            self._environment(names), file_actions=actions,
            setsigdef=[signal.SIGPIPE])
        for fd in copies:
            os.close(fd)

    def stop(self, number=signal.SIGTERM):
        """Ends the daemon, returns its exit status, -N for signal N."""
        os.kill(self.pid, number)
        return self._reap()

    def restart(self):
        status = self.stop()
        assert status == 0, f"{status}\n{self.stderr()}"
        self.start()

    def kill(self):
        self.stop(signal.SIGKILL)
        self.start()

    def _environment(self, names):
        environment = dict(os.environ)
        environment.update(LISTEN_FDS=str(len(names)),
                           LISTEN_FDNAMES=":".join(names),
                           NOTIFY_SOCKET=self._address)
        if self._store_max:
            environment["FDSTORE"] = str(self._store_max)
        if self._watchdog:
            environment["WATCHDOG_USEC"] = str(self._watchdog)
        return environment

    def _reap(self):
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = None
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        raise AssertionError(f"the daemon doesn't end:\n{self.stderr()}")

    def _drop_closed(self):
        """Forgets connections whose client is gone, as systemd does."""
        poll = select.poll()
        for _, fd in self._store:
            poll.register(fd, 0)
        gone = {fd for fd, events in poll.poll(0)
                if events & (select.POLLHUP | select.POLLERR)}
        for fd in gone:
            os.close(fd)
        self._store = [kept for kept in self._store if kept[1] not in gone]

    def _listen(self):
        room = socket.CMSG_SPACE(8 * array.array("i").itemsize)
        while not self._closing:
            data, control, _, _ = self._socket.recvmsg(
                65536, room, socket.MSG_CMSG_CLOEXEC)
            fds = array.array("i")
            for level, kind, content in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds.frombytes(content)
            with self._change:
                self._hear(data.decode(), list(fds))
                self._change.notify_all()

    def _hear(self, text, fds):
        lines = text.split("\n")
        name = next((line[7:] for line in lines
                     if line.startswith("FDNAME=")), "stored")
        if "FDSTORE=1" in lines:
            while fds and len(self._store) < self._store_max:
                self._store.append((name, fds.pop(0)))
        if "FDSTOREREMOVE=1" in lines:
            for kept in [kept for kept in self._store if kept[0] == name]:
                os.close(kept[1])
                self._store.remove(kept)
        for fd in fds:  # BARRIER=1, or no room
            os.close(fd)
        if text:
            self._said.append(text)
