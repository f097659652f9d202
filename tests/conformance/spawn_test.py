#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Postfix's spawn(8) runs socketmapd --stdio for each of its clients."""
import contextlib
import glob
import os
import shutil
import tempfile

import postfix
from daemon import program, write_config
from ending import end_on_signals
from tap import case, done

CONFIG = """\
[listen none]
endpoint = unix:@DIR@/socketmap.sock

[map mailbox]
table = inline:{ {alice@example.org = alice} }
"""

# Relative to its queue. Nothing is delivered.
MAIN = """\
virtual_mailbox_domains = example.org
virtual_transport = lmtp:inet:127.0.0.1:1
virtual_alias_maps =
virtual_mailbox_maps = socketmap:unix:private/socketmap:mailbox
"""

SERVICE = """\
socketmap unix - n n - - spawn
  user=nobody argv=/usr/bin/env LD_LIBRARY_PATH={directory}
  {directory}/socketmapd --stdio -c {config}
"""


def install(directory):
    """Copies the program to where nobody may start it."""
    os.chmod(directory, 0o755)
    shutil.copy(program(), f"{directory}/socketmapd")
    libraries = os.path.join(os.path.dirname(program()), "../lib")
    for library in glob.glob(f"{libraries}/libsocketmap.so*"):
        if os.path.isfile(library):
            shutil.copy(library, directory)


def rcpt(client, recipient):
    client.docmd("RSET")
    client.docmd("MAIL FROM:<sender@example.com>")
    code, text = client.docmd(f"RCPT TO:<{recipient}>")
    return code, text.decode()


postfix.become_root()
end_on_signals()
with contextlib.ExitStack() as stack:
    directory = stack.enter_context(
        tempfile.TemporaryDirectory(prefix="smap-"))
    install(directory)
    config = write_config(directory, CONFIG)
    mail = stack.enter_context(postfix.Instance(
        MAIN, {"smtp": {}},
        SERVICE.format(directory=directory, config=config)))

    @case("known users are taken, others get 550, in several sessions")
    def _():
        for _ in range(3):
            with mail.smtp("smtp") as client:
                for _ in range(3):
                    assert rcpt(client, "alice@example.org")[0] == 250
                    code, text = rcpt(client, "nobody@example.org")
                    assert code == 550, (code, text, mail.log())

    @case("it opens no listener, and Postfix sees no word but replies")
    def _():
        assert not os.path.exists(f"{directory}/socketmap.sock")
        for line in mail.log().splitlines():
            assert "netstring" not in line and "unexpected" not in line, line
done()
