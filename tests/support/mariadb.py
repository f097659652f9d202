# SPDX-License-Identifier: MIT
"""A MariaDB server of the test's own, on a unix socket and a free port.

    with Server() as server:
        server.sql("create table t (k text)")
        ... server.options(user="mail", query="...") ...

The user "mail" needs no password; "guarded" has PASSWORD. Both may read the
database "test", which sql() uses as the user that the server is started by.
As root it is run as the system's user "mysql".
"""
import socket

from sql_server import SqlServer, ask, serve

PASSWORD = "a'b\\c d\"e"
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


class Server(SqlServer):
    """Running when the constructor returns, unless started=False."""
    user = "mysql"
    # No other file with options is read.
    values = {"user": "mail", "dbname": DATABASE, "option_group": ""}

    def __init__(self, started=True):
        self.settings = ()
        super().__init__(started)

    @property
    def socket(self):
        return self.directory + "/s"

    def install(self):
        self.run("mariadb-install-db", *SETTINGS, "--skip-test-db",
                 "--auth-root-authentication-method=normal",
                 f"--datadir={self.directory}/data",
                 f"--tmpdir={self.directory}")

    def create_users(self):
        password = PASSWORD.replace("\\", "\\\\").replace("'", "''")
        self.sql(USERS.format(password), database="mysql")

    def command(self):
        return ["/usr/sbin/mariadbd", *SETTINGS, *self.settings,
                f"--datadir={self.directory}/data", f"--socket={self.socket}",
                f"--pid-file={self.directory}/pid", "--bind-address=127.0.0.1",
                f"--port={self.port}", f"--tmpdir={self.directory}"]

    def is_up(self):
        """It sends its greeting when it is ready."""
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(self.socket)
                return bool(probe.recv(1))
        except OSError:
            return False

    def restart(self, *settings):
        """With these settings and no others."""
        self.stop()
        self.settings = settings
        self.start()

    def sql(self, text, database=DATABASE, charset="utf8mb4"):
        """Runs statements (str or bytes); returns what they print."""
        return ask(["mariadb", "--no-defaults", "--batch",
                    "--skip-column-names", "--raw", f"--socket={self.socket}",
                    "--user=root", f"--default-character-set={charset}",
                    database], text)


if __name__ == "__main__":
    serve(Server, "socket", "port")
