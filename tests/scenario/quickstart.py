#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The quick start as people meet it: quickstart.py TOOLS/RUN BUILD

What tools/run prints is run as printed.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile

from daemon import PATIENCE, Daemon
from ports import free_port
from socketmap_client import Client
from tap import case, done

RUN, BUILD = sys.argv[1:]


def shell(line, **environment):
    return subprocess.run(
        line, shell=True, capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, **environment}, check=False)


@case("three lines to paste, each of them works, and Ctrl-C ends it cleanly")
def _():
    with tempfile.TemporaryDirectory(prefix="quick start-") as directory:
        port = str(free_port())
        with Daemon(None, directory, [RUN, BUILD, directory, port],
                    stdout=subprocess.PIPE, text=False) as daemon:
            printed = [daemon.process.stdout.readline().decode()
                       for _ in range(3)]
            query, postmap, main_cf = (line.strip() for line in printed)

            answer = shell(query)
            assert answer.returncode == 0, (query, answer)
            assert answer.stdout == "hello, world\n", (query, answer)

            with open(f"{directory}/main.cf", "w", encoding="ascii"):
                pass
            answer = shell(postmap, MAIL_CONFIG=directory)
            assert answer.returncode == 0, (postmap, answer)
            assert answer.stdout == "root\n", (postmap, answer)

            match = re.fullmatch(
                r"virtual_alias_maps = socketmap:(inet:127\.0\.0\.1:\d+):"
                r"(virtual)", main_cf)
            assert match, main_cf
            with Client(match[1]) as client:
                assert client.lookup(match[2], "postmaster@example.org") == \
                    ("OK", b"root")
                assert client.lookup("down", "x")[0] == "TEMP"

            assert daemon.stop(signal.SIGINT) == 0
            assert daemon.process.stdout.read() == b""
            daemon.process.stdout.close()
            assert not os.path.exists(f"{directory}/socketmap.sock")


done()
