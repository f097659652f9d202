#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A real Postfix takes, refuses and defers mail by socketmapd's answers."""
import contextlib
import os
import re
import signal
import tempfile
import threading
import time
import uuid

import postfix
from daemon import Daemon
from ending import end_on_signals
from lmtp_sink import Sink
from ports import free_port
from tap import case, done

CONFIG = """\
[listen unix]
endpoint = unix:{directory}/socketmap.sock
mode = 0666

[listen inet]
endpoint = inet:{address}:{port}

[map alias]
table = texthash:{directory}/alias

[map mailbox]
table = texthash:{directory}/mailbox

[map down]
table = fail:{{the table is down}}
"""

ALIASES = """\
info@example.org        alice@example.org
team@example.org        alice@example.org, bob@example.org
"""

MAILBOXES = """\
alice@example.org       alice
bob@example.org         bob
"""

MAIN = """\
virtual_alias_domains =
virtual_mailbox_domains = example.org
virtual_transport = lmtp:{sink}
virtual_alias_maps = socketmap:{unix}:alias
virtual_mailbox_maps = socketmap:{unix}:mailbox
"""

# A second cleanup(8) to go with each smtpd(8) that asks elsewhere.
CLEANUP = """\
cleanup-{name} unix n - n - 0 cleanup
  -o {{virtual_alias_maps = {maps}}}
"""


class World:
    """One socketmapd at a time, a sink, and a Postfix between them."""

    def __init__(self, stack):
        self.directory = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="smap-"))
        os.chmod(self.directory, 0o755)
        self._write("alias", ALIASES)
        self._write("mailbox", MAILBOXES)
        address = postfix.own_address()
        port = free_port(address)
        self._config = CONFIG.format(
            directory=self.directory, address=address, port=port)
        self.daemon = None
        stack.callback(self.stop_daemon)
        self.start_daemon()
        self.sink = stack.enter_context(Sink())
        unix = f"unix:{self.directory}/socketmap.sock"
        inet = f"inet:{address}:{port}"
        self.postfix = stack.enter_context(postfix.Instance(
            MAIN.format(sink=self.sink.endpoint, unix=unix),
            self._listeners(unix, inet),
            CLEANUP.format(name="inet", maps=f"socketmap:{inet}:alias")
            + CLEANUP.format(name="down", maps=f"socketmap:{unix}:down")))

    @staticmethod
    def _listeners(unix, inet):
        return {
            "unix": {},
            "inet": {"virtual_alias_maps": f"socketmap:{inet}:alias",
                     "virtual_mailbox_maps": f"socketmap:{inet}:mailbox",
                     "cleanup_service_name": "cleanup-inet"},
            "alias-down": {"virtual_alias_maps": f"socketmap:{unix}:down"},
            "mailbox-down": {"virtual_mailbox_maps":
                             f"socketmap:{unix}:down"},
            "cleanup-down": {"cleanup_service_name": "cleanup-down"},
        }

    def _write(self, name, text):
        with open(f"{self.directory}/{name}", "w", encoding="ascii") as file:
            file.write(text)

    def start_daemon(self):
        self.daemon = Daemon(self._config, self.directory)

    def stop_daemon(self, number=signal.SIGTERM):
        if self.daemon is not None:
            self.daemon.stop(number)
            self.daemon.close()
            self.daemon = None


def rcpt(client, recipient):
    """The reply to one RCPT in a transaction of its own."""
    client.docmd("RSET")
    code, text = client.docmd("MAIL FROM:<sender@example.com>")
    assert code == 250, text
    code, text = client.docmd(f"RCPT TO:<{recipient}>")
    return code, text.decode()


def ask(listener, recipient):
    with world.postfix.smtp(listener) as client:
        return rcpt(client, recipient)


def send(listener, *recipients):
    """Sends a mail; returns the word in it that finds it in the sink."""
    marker = uuid.uuid4().hex
    with world.postfix.smtp(listener) as client:
        client.sendmail("sender@example.com", recipients,
                        f"Subject: {marker}\r\n\r\nHello\r\n")
    return marker


def logged(name):
    """A case that shows the last lines of Postfix's log when it fails."""
    def run(function):
        def wrapped():
            try:
                function()
            except Exception:
                for line in world.postfix.log().splitlines()[-40:]:
                    print("#", line)
                raise
        return case(name)(wrapped)
    return run


def cases_of(listener):
    @logged(f"{listener}: mail to an alias arrives at its mailbox")
    def _():
        marker = send(listener, "info@example.org")
        assert world.sink.wait(marker) == ["alice@example.org"]

    @logged(f"{listener}: mail to an alias of two arrives at both")
    def _():
        marker = send(listener, "Team@Example.ORG")
        assert sorted(world.sink.wait(marker)) \
            == ["alice@example.org", "bob@example.org"]

    @logged(f"{listener}: a mailbox takes mail by its own name")
    def _():
        marker = send(listener, "bob@example.org")
        assert world.sink.wait(marker) == ["bob@example.org"]

    @logged(f"{listener}: an unknown user gets 550 5.1.1")
    def _():
        code, text = ask(listener, "nobody@example.org")
        assert code == 550 and text.startswith("5.1.1"), (code, text)
        assert "User unknown in virtual mailbox table" in text, text

    @logged(f"{listener}: known and unknown users in one transaction")
    def _():
        with world.postfix.smtp(listener) as client:
            client.docmd("MAIL FROM:<sender@example.com>")
            codes = [client.docmd(f"RCPT TO:<{name}@example.org>")[0]
                     for name in ("alice", "nobody", "team", "x", "bob")]
        assert codes == [250, 550, 250, 550, 250], codes


def cases_of_failing_tables():
    for listener in ("alias-down", "mailbox-down"):
        @logged(f"{listener}: unknown user gets 451, not 550")
        def _(listener=listener):
            code, text = ask(listener, "nobody@example.org")
            assert code == 451 and text.startswith("4.3.0"), (code, text)
            assert "Temporary lookup failure" in text, text

    @logged("alias-down: a known user gets 451")
    def _():
        assert ask("alias-down", "alice@example.org")[0] == 451

    @logged("mailbox-down: an alias, found without that table, gets 250")
    def _():
        assert ask("mailbox-down", "info@example.org")[0] == 250

    @logged("cleanup-down: the mail is not taken, 451 at its end")
    def _():
        with world.postfix.smtp("cleanup-down") as client:
            assert rcpt(client, "info@example.org")[0] == 250
            code, text = client.data("Subject: x\r\n\r\nx\r\n")
        assert code == 451 and b"4.3.0" in text, (code, text)

    @logged("the reason of the failure is in Postfix's log, and no other")
    def _():
        world.postfix.wait_log("socketmap server temporary error: "
                               "the table is down")
        made = re.compile("the table is down|:down lookup error"
                          "|virtual_alias_maps map lookup problem")
        faults = [line for line in world.postfix.log().splitlines()
                  if re.search("(warning|error|fatal|panic):", line)
                  and not made.search(line)]
        assert not faults, "\n".join(faults)


def cases_of_a_missing_daemon():
    for listener in ("unix", "inet"):
        @logged(f"{listener}: without socketmapd 451, with it again 250, "
                "in one SMTP session")
        def _(listener=listener):
            with world.postfix.smtp(listener) as client:
                assert rcpt(client, "info@example.org")[0] == 250
                world.stop_daemon()
                try:
                    for name in ("info", "alice", "nobody"):
                        code, _ = rcpt(client, f"{name}@example.org")
                        assert code == 451, (name, code)
                finally:
                    world.start_daemon()
                assert rcpt(client, "info@example.org")[0] == 250
                assert rcpt(client, "nobody@example.org")[0] == 550

    @logged("socketmapd restarted between two lookups goes unnoticed")
    def _():
        with world.postfix.smtp("unix") as client:
            for _ in range(5):
                assert rcpt(client, "info@example.org")[0] == 250
                world.stop_daemon()
                world.start_daemon()


class Loop(threading.Thread):
    """Asks for an alias again and again, and counts the codes."""

    def __init__(self, listener):
        super().__init__()
        self.codes = {}
        self.fault = None
        self.ending = threading.Event()
        self._listener = listener

    def run(self):
        try:
            self._ask()
        except Exception as fault:  # for the test to see
            self.fault = fault

    def _ask(self):
        with world.postfix.smtp(self._listener) as client:
            while not self.ending.is_set():
                code, _ = rcpt(client, "info@example.org")
                self.codes[code] = self.codes.get(code, 0) + 1


def restart_under_load(number):
    loops = [Loop(listener) for listener in ("unix", "unix", "inet", "inet")]
    for loop in loops:
        loop.start()
    try:
        for _ in range(10):
            time.sleep(0.2)
            world.stop_daemon(number)
            time.sleep(0.05)
            world.start_daemon()
    finally:
        for loop in loops:
            loop.ending.set()
        for loop in loops:
            loop.join()
    for loop in loops:
        assert loop.fault is None, loop.fault
        assert 250 in loop.codes and set(loop.codes) <= {250, 451}, loop.codes
    for listener in ("unix", "inet"):
        assert ask(listener, "info@example.org")[0] == 250
    print("#", *(loop.codes for loop in loops))


def cases_under_load():
    @logged("socketmapd killed and started ten times under load: no 5xx")
    def _():
        restart_under_load(signal.SIGKILL)

    @logged("socketmapd stopped and started ten times under load: no 5xx")
    def _():
        restart_under_load(signal.SIGTERM)


postfix.become_root()
end_on_signals()
with contextlib.ExitStack() as everything:
    world = World(everything)
    cases_of("unix")
    cases_of("inet")
    cases_of_failing_tables()
    cases_of_a_missing_daemon()
    cases_under_load()
done()
