#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The units for systemd are right, and lock the daemon up."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tap import case, done

SOURCE = Path(os.environ["SOURCE_ROOT"]) / "dist" / "systemd"
BUILD = Path(os.environ["BUILD_ROOT"]) / "dist" / "systemd"

# The most that "systemd-analyze security" may find, times ten.
EXPOSURE = 15


def analyze(*arguments):
    """Runs systemd-analyze on copies of the units, with a program that is
    there. Returns its exit status and all that it says."""
    with tempfile.TemporaryDirectory() as directory:
        service = (BUILD / "socketmapd.service").read_text("utf-8")
        service = re.sub(r"(?m)^(ExecStart=)\S+", r"\1/bin/true", service)
        Path(directory, "socketmapd.service").write_text(service, "utf-8")
        shutil.copy(SOURCE / "socketmapd.socket", directory)
        ran = subprocess.run(
            ["systemd-analyze", "--man=no", *arguments], cwd=directory,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", check=False)
        return ran.returncode, ran.stdout


@case("systemd takes the units as they are")
def _():
    status, said = analyze("verify", "./socketmapd.service",
                           "./socketmapd.socket")
    ours = [line for line in said.splitlines() if "socketmapd" in line]
    assert status == 0 and not ours, said


@case(f"the service's exposure is at most {EXPOSURE / 10}")
def _():
    status, said = analyze("security", "--offline=true",
                           f"--threshold={EXPOSURE}", "./socketmapd.service")
    assert status == 0, said


@case("the service starts the program where it is installed")
def _():
    service = (BUILD / "socketmapd.service").read_text("utf-8")
    assert re.search(r"(?m)^ExecStart=/\S*/sbin/socketmapd$", service), service
    assert "@" not in re.sub(r"SystemCallFilter=.*", "", service), service


done()
