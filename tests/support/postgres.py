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
import shutil
import signal
import subprocess

from certificates import make_certificates
from sql_server import SqlServer, ask, serve

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


class Server(SqlServer):
    """Running when the constructor returns, unless started=False. With tls it
    has a certificate, and takes connections with TLS and without."""
    user = USER
    values = {"user": "mail", "dbname": "postgres"}
    stop_signal = signal.SIGQUIT  # SIGINT: cleanly

    def __init__(self, started=True, tls=False):
        self.settings = dict(SETTINGS)
        self._has_tls = tls
        super().__init__(started)

    @property
    def data(self):
        return self.directory + "/data"

    def install(self):
        self.run(program("initdb"), "-D", self.data, "-A", "trust", "-N", "-U",
                 USER, "-E", "UTF8", "--locale=C.UTF-8")
        with open(self.data + "/pg_hba.conf", "w", encoding="ascii") as file:
            file.write(HBA)
        if self._has_tls:
            self._make_certificate()

    def _make_certificate(self):
        make_certificates(self.data)
        for name in ("server.pem", "server.key"):
            os.chmod(f"{self.data}/{name}", 0o600)
            self.own(f"{self.data}/{name}")
        self.settings.update(ssl="on", ssl_cert_file="server.pem",
                             ssl_key_file="server.key")

    def create_users(self):
        password = PASSWORD.replace("'", "''")
        self.sql("create user mail; create user guarded password "
                 f"'{password}'; alter default privileges grant select on "
                 "tables to mail, guarded")

    def command(self):
        settings = [word for name, value in self.settings.items()
                    for word in ("-c", f"{name}={value}")]
        return [program("postgres"), "-D", self.data, "-k", self.directory,
                "-h", "127.0.0.1", "-p", str(self.port), *settings]

    def is_up(self):
        return subprocess.run(
            [program("pg_isready"), "-q", "-h", self.directory, "-p",
             str(self.port)], check=False).returncode == 0

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

    def sql(self, text, database="postgres", encoding="UTF8"):
        """Runs statements (str or bytes); returns what they print."""
        return ask([program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h",
                    self.directory, "-p", str(self.port), "-U", USER, database],
                   text, PGCLIENTENCODING=encoding)


if __name__ == "__main__":
    serve(Server, "directory", "port")
