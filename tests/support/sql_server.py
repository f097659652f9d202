# SPDX-License-Identifier: MIT
"""Servers of SQL of a test's own, with users and a database for tables.

    with Server() as server:
        server.sql("create table t (k text)")
        ... server.options(user="mail", query="...") ...
"""
import atexit
import os
import pwd
import subprocess
import sys

from ending import end_on_signals
from server_process import PATIENCE, Process


def as_user(name):
    """How a program is started that won't run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(name)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class SqlServer(Process):
    """In a session of its own, as the system's user `user` in place of root."""
    user = None
    values = {}  # of a .cf file, besides hosts

    def __init__(self, started):
        super().__init__(False)
        atexit.register(self.close)
        self.own(self.directory)
        os.chmod(self.directory, 0o755)
        self.install()
        if started:
            self.start()
            self.create_users()

    def own(self, path):
        """Gives a file to the server's user."""
        if os.geteuid() == 0:
            os.chown(path, pwd.getpwnam(self.user).pw_uid, -1)

    def environment(self):
        return {"start_new_session": True, **as_user(self.user)}

    def install(self):
        raise NotImplementedError

    def create_users(self):
        raise NotImplementedError

    def run(self, *command):
        """Runs a program as the server's user, in its directory."""
        done = subprocess.run(command, check=False, capture_output=True,
                              timeout=PATIENCE, cwd=self.directory,
                              **as_user(self.user))
        assert done.returncode == 0, done.stderr

    def options(self, **options):
        """The lines of a .cf file for this server; None leaves one out."""
        options = {"hosts": f"inet:127.0.0.1:{self.port}", **self.values,
                   **options}
        return "".join(f"{name} = {value}\n"
                       for name, value in options.items() if value is not None)


def ask(command, text, **environment):
    """Has a client run statements (str or bytes); returns what it prints."""
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run(command, input=data, capture_output=True,
                          timeout=PATIENCE, check=False,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "replace").strip()


def serve(kind, *names):
    """For tests in C: prints these attributes of a server, and serves until the
    input ends."""
    end_on_signals()
    with kind() as server:
        print(*(getattr(server, name) for name in names), flush=True)
        sys.stdin.read()
