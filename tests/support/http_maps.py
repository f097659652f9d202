# SPDX-License-Identifier: MIT
"""A socketmapd whose maps are HTTP tables, written as lines of their files.

    with Maps(a="url = http://...") as maps:
        assert maps.lookup("a", "key") == ("OK", b"value")
"""
import os
import subprocess
import tempfile

from daemon import Daemon, PATIENCE
from socketmap_client import Client


def socketmap(*arguments, **options):
    """Runs the command line."""
    return subprocess.run(
        [os.environ["SOCKETMAP"], *arguments], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
        encoding="utf-8", errors="replace", check=False, **options)


class Maps:
    """types: of the maps that are not http:. files: to be written besides.
    @DIR@ in all of them is the directory."""

    def __init__(self, deadline="4s", kind="http", files=None, env=None,
                 more="", **maps):
        self.folder = tempfile.TemporaryDirectory(prefix="http-")
        self.path = self.folder.name
        config = f"[server]\ndeadline = {deadline}\nreply_size = 1MiB\n"
        for name, lines in maps.items():
            self.write(f"{name}.cf", lines + "\n")
            config += (f"[map {name}]\ntable = {kind}:@DIR@/{name}.cf\n" +
                       more)
        for name, text in (files or {}).items():
            self.write(name, text)
        self.env = {**os.environ, **(env or {})}
        self.config = config
        self.daemon = self.client = None

    def write(self, name, text):
        with open(f"{self.path}/{name}", "w", encoding="utf-8") as file:
            file.write(text.replace("@DIR@", self.path))

    def __enter__(self):
        self.daemon = Daemon(self.config, self.path, env=self.env)
        self.client = Client(self.daemon.endpoint)
        return self

    def __exit__(self, *_):
        if self.client is not None:
            self.client.close()
        self.daemon.close()
        self.folder.cleanup()

    def lookup(self, name, key):
        return self.client.lookup(name, key)

    def explain(self, name, key):
        """What `socketmap explain` shows, which waits for its answer."""
        return socketmap("explain", "-c", f"{self.path}/socketmapd.conf", name,
                         key, env=self.env).stdout
