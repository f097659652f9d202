# SPDX-License-Identifier: MIT
"""A PostgreSQL server of the test's own, on a unix socket and a free port.

    with Server() as server:
        server.sql("create table t (k text)")
        ... server.options(user="mail", query="...") ...

The user "postgres" needs no password, nor does "mail"; "guarded" has PASSWORD.
As root it is run as the system's user "postgres".
"""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from certificates import make_certificates
from ending import end_on_signals
from server_process import free_port

PATIENCE = 60
PASSWORD = "a'b\\c d"
USER = "postgres"

HBA = """\
local all guarded scram-sha-256
host all guarded 127.0.0.1/32 scram-sha-256
local all all trust
host all all 127.0.0.1/32 trust
"""

SETTINGS = {"fsync": "off", "logging_collector": "off",
            "max_connections": "60", "shared_buffers": "16MB",
            "autovacuum": "off", "log_min_messages": "panic"}


def program(name):
    """PostgreSQL's own directory is in nobody's PATH."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    path = found[-1] if found else shutil.which(name)
    if path is None:
        raise FileNotFoundError(name)
    return path


def as_user():
    """How a program is started that won't run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(USER)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Server:
    """Running when the constructor returns, unless started=False. With tls it
    has a certificate, and takes connections with TLS and without."""

    def __init__(self, started=True, tls=False):
        self._own = tempfile.TemporaryDirectory(prefix="postgres-")
        self.directory = self._own.name
        self.data = self.directory + "/data"
        self.port = free_port()
        self.process = None
        if os.geteuid() == 0:
            os.chown(self.directory, pwd.getpwnam(USER).pw_uid, -1)
        os.chmod(self.directory, 0o755)
        self._run("initdb", "-D", self.data, "-A", "trust", "-N", "-U", USER,
                  "-E", "UTF8", "--locale=C.UTF-8")
        with open(self.data + "/pg_hba.conf", "w", encoding="ascii") as file:
            file.write(HBA)
        self.settings = dict(SETTINGS)
        if tls:
            self._make_certificate()
        if started:
            self.start()
            self.create_users()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self, name, *arguments):
        subprocess.run([program(name), *arguments], check=True,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE,
                       cwd=self.directory, **as_user())

    def _make_certificate(self):
        make_certificates(self.data)
        for name in ("server.pem", "server.key"):
            os.chmod(f"{self.data}/{name}", 0o600)
            if os.geteuid() == 0:
                os.chown(f"{self.data}/{name}", pwd.getpwnam(USER).pw_uid, -1)
        self.settings.update(ssl="on", ssl_cert_file="server.pem",
                             ssl_key_file="server.key")

    def create_users(self):
        password = PASSWORD.replace("'", "''")
        self.sql("create user mail; create user guarded password "
                 f"'{password}'; alter default privileges grant select on "
                 "tables to mail, guarded")

    def start(self):
        settings = [word for name, value in self.settings.items()
                    for word in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [program("postgres"), "-D", self.data, "-k", self.directory,
             "-h", "127.0.0.1", "-p", str(self.port), *settings],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.directory, start_new_session=True, **as_user())
        end = time.monotonic() + PATIENCE
        while not self._accepts():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("postgres does not start")
            time.sleep(0.02)

    def _accepts(self):
        return subprocess.run(
            [program("pg_isready"), "-q", "-h", self.directory, "-p",
             str(self.port)], check=False).returncode == 0

    def stop(self, number=signal.SIGQUIT):
        """At once; SIGINT: cleanly."""
        self.go_on()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)

    def restart(self):
        self.stop()
        self.start()

    def _signal_all(self, number):
        own = self.process.pid
        with open(f"/proc/{own}/task/{own}/children", encoding="ascii") as file:
            children = file.read().split()
        for pid in [own, *map(int, children)]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # it has ended by itself

    def hang(self):
        """Stops every process of it, until go_on."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self):
        self._signal_all(signal.SIGCONT)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.stop()
        self._own.cleanup()

    def sql(self, text, database="postgres", encoding="UTF8"):
        """Runs statements (str or bytes); returns what they print."""
        data = text.encode() if isinstance(text, str) else text
        done = subprocess.run(
            [program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h",
             self.directory, "-p", str(self.port), "-U", USER, database],
            input=data, capture_output=True, timeout=PATIENCE, check=False,
            env={**os.environ, "PGCLIENTENCODING": encoding})
        assert done.returncode == 0, done.stderr
        return done.stdout.decode("utf-8", "replace").strip()

    def options(self, **options):
        """The lines of a .cf file for this server; None leaves one out."""
        options = {"hosts": f"inet:127.0.0.1:{self.port}", "user": "mail",
                   "dbname": "postgres", **options}
        return "".join(f"{name} = {value}\n"
                       for name, value in options.items() if value is not None)


def main():
    """For tests in C: serves until the input ends."""
    end_on_signals()
    with Server() as server:
        print(server.directory, server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
