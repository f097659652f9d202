# SPDX-License-Identifier: MIT
"""Sendmail in its address test mode (-bt).

    outputs = sendmail.ask(directory, ["Kname socket inet:PORT@127.0.0.1"],
                           ["/map name key", "ruleset address"])

Debian's package conflicts with Postfix's, so the program is one that
tools/fetch-sendmail has unpacked, in $SOCKETMAP_SENDMAIL; it is called when it
has not been yet ($SOCKETMAP_FETCH_SENDMAIL). $SOCKETMAP_HOSTNAME is preloaded.
"""
import glob
import os
import re
import subprocess

PATIENCE = 300

CONFIG = """\
V10/Berkeley
DnMAILER-DAEMON
Dmexample.net
Djmail.example.net
O LogLevel=0
O QueueDirectory={directory}
O DontProbeInterfaces=True
Mlocal, P=/bin/true, F=l, S=0, R=0, A=true
Mprog, P=/bin/true, F=l, S=0, R=0, A=true
"""


def _unpacked():
    directory = os.environ["SOCKETMAP_SENDMAIL"]
    if not os.path.exists(directory):
        subprocess.run([os.environ["SOCKETMAP_FETCH_SENDMAIL"], directory],
                       stdout=subprocess.DEVNULL, check=True,
                       timeout=PATIENCE)
    return directory


def ask(directory, config, commands):
    """Runs sendmail -bt with more lines for its configuration file, and
    commands for its stdin; `directory` becomes its working directory, where
    it may find unix sockets. Returns the output of each command."""
    root = _unpacked()
    path = os.path.join(directory, "sendmail.cf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(directory=directory)
                   + "\n".join(config) + "\n")
    libraries = glob.glob(f"{root}/lib/*/") + glob.glob(f"{root}/usr/lib/*/")
    done = subprocess.run(
        [f"{root}/usr/libexec/sendmail/sendmail", "-bt", "-C", path],
        input="".join(f"{command}\n" for command in commands),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=directory,
        env={**os.environ, "LD_LIBRARY_PATH": ":".join(libraries),
             "LD_PRELOAD": os.environ["SOCKETMAP_HOSTNAME"]},
        encoding="utf-8", errors="surrogateescape", timeout=PATIENCE,
        check=False)
    # It prompts for each command, and once more for the end of them.
    outputs = re.split(r"(?m)^> ", done.stdout)[1:-1]
    if done.returncode != 0 or len(outputs) != len(commands):
        raise AssertionError(f"sendmail -bt: {done.returncode}\n{done.stdout}")
    return outputs
