# SPDX-License-Identifier: MIT
"""A MariaDB server of the test's own, on a unix socket and a free port.

    with Server() as server:
        server.sql("create table t (k text)")
        ... server.options(user="mail", query="...") ...

The user "mail" needs no password; "guarded" has PASSWORD. Both may read the
database "test", which sql() uses as the user that the server is started by.
As root it is run as the system's user "mysql".
"""
import atexit
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time

from ending import end_on_signals
from server_process import free_port
from stopping import stop_process

PATIENCE = 60
PASSWORD = "a'b\\c d\"e"
USER = "mysql"
DATABASE = "test"

SETTINGS = ["--no-defaults", "--skip-log-bin", "--innodb-buffer-pool-size=8M",
            "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-fast-shutdown=2", "--aria-pagecache-buffer-size=8M",
            "--key-buffer-size=1M", "--performance-schema=OFF",
            "--max-connections=100", "--skip-name-resolve", "--log-warnings=0",
            "--max-connect-errors=1000000", "--character-set-server=utf8mb4"]

USERS = """
create database test;
create user mail@'%', mail@localhost;
create user guarded@'%' identified by '{0}';
create user guarded@localhost identified by '{0}';
grant select, insert, execute on test.* to mail@'%', mail@localhost,
    guarded@'%', guarded@localhost;
"""


def _as_user():
    """How a program is started: the server won't run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(USER)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Server:
    """Running when the constructor returns, unless started=False."""

    def __init__(self, started=True):
        self._own = tempfile.TemporaryDirectory(prefix="mariadb-")
        self.directory = self._own.name
        self.socket = self.directory + "/s"
        self.port = free_port()
        self.settings = ()
        self.process = None
        atexit.register(self.close)
        if os.geteuid() == 0:
            os.chown(self.directory, pwd.getpwnam(USER).pw_uid, -1)
        os.chmod(self.directory, 0o755)
        subprocess.run(
            ["mariadb-install-db", *SETTINGS, "--skip-test-db",
             "--auth-root-authentication-method=normal",
             f"--datadir={self.directory}/data"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=PATIENCE, cwd=self.directory, **_as_user())
        if started:
            self.start()
            self.create_users()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def create_users(self):
        password = PASSWORD.replace("\\", "\\\\").replace("'", "''")
        self.sql(USERS.format(password), database="mysql")

    def start(self):
        self.process = subprocess.Popen(
            ["/usr/sbin/mariadbd", *SETTINGS, *self.settings,
             f"--datadir={self.directory}/data", f"--socket={self.socket}",
             f"--pid-file={self.directory}/pid", "--bind-address=127.0.0.1",
             f"--port={self.port}", f"--tmpdir={self.directory}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.directory,
            start_new_session=True, **_as_user())
        end = time.monotonic() + PATIENCE
        while not self._accepts():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("mariadbd does not start")
            time.sleep(0.02)

    def _accepts(self):
        """A server sends its greeting when it is ready."""
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(self.socket)
                return bool(probe.recv(1))
        except OSError:
            return False

    def stop(self, number=signal.SIGKILL):
        """At once; SIGTERM: cleanly."""
        self.go_on()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)

    def restart(self, *settings):
        """With these settings and no others."""
        self.stop()
        self.settings = settings
        self.start()

    def hang(self):
        """Stops it, until go_on."""
        stop_process(self.process.pid)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.stop()
        self._own.cleanup()

    def sql(self, text, database=DATABASE, charset="utf8mb4"):
        """Runs statements (str or bytes); returns what they print."""
        data = text.encode() if isinstance(text, str) else text
        done = subprocess.run(
            ["mariadb", "--no-defaults", "--batch", "--skip-column-names",
             "--raw", f"--socket={self.socket}", "--user=root",
             f"--default-character-set={charset}", database],
            input=data, capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode("utf-8", "replace").strip()

    def options(self, **options):
        """The lines of a .cf file for this server; None leaves one out. No
        other file with options is read."""
        options = {"hosts": f"inet:127.0.0.1:{self.port}", "user": "mail",
                   "dbname": DATABASE, "option_group": "", **options}
        return "".join(f"{name} = {value}\n"
                       for name, value in options.items() if value is not None)


def main():
    """For tests in C: serves until the input ends."""
    end_on_signals()
    with Server() as server:
        print(server.socket, server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
