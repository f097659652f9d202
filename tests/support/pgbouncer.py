# SPDX-License-Identifier: MIT
"""A PgBouncer in front of a server of PostgreSQL, with few connections to it.

    with PgBouncer(server, "transaction") as pooler:
        ... server.options(hosts=f"inet:127.0.0.1:{pooler.port}") ...
"""
import os
import signal
import socket
import subprocess
import tempfile
import time

from postgres import USER
from ports import free_port
from server_process import PATIENCE
from sql_server import as_user

CONFIG = """\
[databases]
postgres = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 200
"""
# auth_type = any takes the user from the database's line.
ANY_USER = " user=mail"


class PgBouncer:
    def __init__(self, server, mode, size=2):
        self.folder = tempfile.TemporaryDirectory(prefix="pgbouncer-")
        os.chmod(self.folder.name, 0o755)
        self.port = free_port()
        path = self.folder.name + "/ini"
        text = CONFIG.format(server=str(server.port) + ANY_USER,
                             port=self.port, mode=mode, size=size)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        self.process = subprocess.Popen(
            ["/usr/sbin/pgbouncer", "-q", path], stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **as_user(USER))
        end = time.monotonic() + PATIENCE
        while not self._accepts():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("pgbouncer does not start")
            time.sleep(0.02)

    def _accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.folder.cleanup()
