#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A real Postfix notices nothing when socketmapd is restarted, replaced,
reloaded or killed."""
import contextlib
import os
import signal
import socket
import tempfile
import threading
import time
import uuid

import postfix
from activation import Manager
from daemon import Daemon, program, write_config
from ending import end_on_signals
from lmtp_sink import Sink
from tap import case, done

PATIENCE = 60

# Two daemons: one whose socket the manager of the test has, and one that has
# its own and is replaced by takeovers.
CONFIG = """\
[server]
{server}
[listen postfix]
endpoint = {unix}

[listen tcp]
endpoint = {inet}

[map alias]
table = inline:{{ {{info@example.org = alice@example.org}} }}

[map mailbox]
table = inline:{{ {{alice@example.org = alice}} }}

[map policy]
table = static:none
"""

MAIN = """\
virtual_alias_domains =
virtual_mailbox_domains = example.org
virtual_transport = lmtp:{sink}
virtual_alias_maps = socketmap:{unix}:alias
virtual_mailbox_maps = socketmap:{unix}:mailbox
relayhost = {dead}, {alive}
smtpd_relay_restrictions = permit_mynetworks, reject
mynetworks = 127.0.0.0/8
smtp_connect_timeout = 2s
smtp_tls_policy_maps = socketmap:{inet}:policy
smtp_bind_address = {address}
"""

# smtp(8) asks for a TLS policy before each host that it connects to.
SERVICES = """\
smtp unix - - n - - smtp
tlsmgr unix - - n 1000 1 tlsmgr
"""


class DeadEnd:
    """A port where nobody accepts, with a full queue: to connect takes until
    the client gives up."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self._socket.getsockname()[1]
        self._queued = []
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self.port))
            self._queued.append(client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in (*self._queued, self._socket):
            client.close()

    def wait_client(self, address):
        """Waits until somebody from that address waits here."""
        local = "".join(f"{int(part):02X}"
                        for part in reversed(address.split(".")))
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            with open("/proc/net/tcp", encoding="ascii") as table:
                for line in table:
                    fields = line.split()
                    # SYN_SENT: the first word is the line's number.
                    if fields[1].startswith(local) and fields[3] == "02" \
                            and fields[2].endswith(f":{self.port:04X}"):
                        return
            time.sleep(0.01)
        raise AssertionError("nobody tries the dead end")


class Replaced:
    """A daemon with its own socket, replaced by --takeover."""

    def __init__(self, directory):
        self._directory = directory
        config = CONFIG.format(
            server=f"control = {directory}/control",
            unix=f"unix:{directory}/socketmap.sock\nmode = 0666",
            inet="inet:127.0.0.1:0")
        self._path = write_config(directory, config)
        self.daemon = self._start()

    def _start(self, *options):
        return Daemon(None, self._directory,
                      [program(), *options, "-c", self._path])

    def takeover(self):
        old, self.daemon = self.daemon, self._start("--takeover")
        status = old.wait()
        said = old.stderr()
        old.close()
        assert status == 0, f"{status}\n{said}"

    def close(self):
        self.daemon.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Loop(threading.Thread):
    """Asks for a known recipient again and again, and counts the codes."""

    def __init__(self, mail):
        super().__init__()
        self.codes = {}
        self.count = 0
        self.fault = None
        self.ending = threading.Event()
        self._mail = mail

    def run(self):
        try:
            while not self.ending.is_set():
                self._session()
        except Exception as fault:  # for the test to see
            self.fault = fault

    def _session(self):
        """Sessions end now and then: others' processes get new clients."""
        with self._mail.smtp("smtp") as client:
            for _ in range(50):
                if self.ending.is_set():
                    return
                client.docmd("RSET")
                client.docmd("MAIL FROM:<sender@example.com>")
                code, text = client.docmd("RCPT TO:<info@example.org>")
                self.codes[code] = self.codes.get(code, 0) + 1
                self.count += 1
                assert code == 250, text


class Load:
    """SMTP clients that run throughout; none may be told anything but 250."""

    def __init__(self, mail, clients=4):
        self._loops = [Loop(mail) for _ in range(clients)]

    def __enter__(self):
        for loop in self._loops:
            loop.start()
        self.wait_progress()
        return self

    def __exit__(self, *_):
        for loop in self._loops:
            loop.ending.set()
        for loop in self._loops:
            loop.join(PATIENCE)
        print("#", *(loop.codes for loop in self._loops))
        for loop in self._loops:
            assert loop.fault is None, loop.fault
            assert set(loop.codes) == {250}, loop.codes

    def wait_progress(self, more=4):
        """Waits until each client has some answers more, or has failed."""
        wanted = [loop.count + more for loop in self._loops]
        give_up = time.monotonic() + PATIENCE
        while any(loop.count < count and loop.fault is None
                  for loop, count in zip(self._loops, wanted)):
            assert time.monotonic() < give_up, wanted
            time.sleep(0.001)


def relay(mail):
    """Gives Postfix a mail that goes out by its relayhosts."""
    marker = uuid.uuid4().hex
    with mail.smtp("smtp") as client:
        client.sendmail("sender@example.com", ["someone@example.com"],
                        f"Subject: {marker}\r\n\r\nHello\r\n")
    return marker


def asleep(mail, dead, act, arrives=True):
    """While smtp(8) sleeps through a connect timeout, between two lookups
    on one TCP connection, something happens."""
    deferred = mail.log().count("status=deferred")
    marker = relay(mail)
    dead.wait_client(mail.sends_from)
    act()
    if arrives:
        assert sink.wait(marker) == ["someone@example.com"]
        assert mail.log().count("status=deferred") == deferred, mail.log()
    else:
        give_up = time.monotonic() + PATIENCE
        while mail.log().count("status=deferred") == deferred:
            assert time.monotonic() < give_up, mail.log()
            time.sleep(0.05)


def start_mail(stack, unix, inet, dead):
    address = postfix.own_address()
    mail = postfix.Instance(
        MAIN.format(sink=sink.endpoint, unix=unix, inet=inet,
                    address=address, dead=f"[127.0.0.1]:{dead.port}",
                    alive=sink.endpoint.replace("inet:127.0.0.1:",
                                                "[127.0.0.1]:")),
        {"smtp": {}}, SERVICES)
    mail.sends_from = address
    return stack.enter_context(mail)


def systemd_cases(mail, manager, dead):
    @case("50 restarts under a service manager: every RCPT gets 250")
    def _():
        with Load(mail) as load:
            for _ in range(50):
                manager.restart()
                load.wait_progress()

    @case("killed 100 times under a service manager: every RCPT gets 250")
    def _():
        with Load(mail) as load:
            for _ in range(100):
                manager.kill()
                load.wait_progress()

    @case("a reload is not seen by an smtp(8) that sleeps in connect")
    def _():
        asleep(mail, dead, lambda: os.kill(manager.pid, signal.SIGHUP))

    @case("a restart is not seen by an smtp(8) that sleeps in connect")
    def _():
        asleep(mail, dead, manager.restart)

    @case("where a connection is closed meanwhile, that mail is deferred")
    def _():
        # So the others would have noticed.
        asleep(mail, dead, manager.kill, arrives=False)


def takeover_cases(mail, replaced, dead):
    @case("50 takeovers: every RCPT gets 250")
    def _():
        with Load(mail) as load:
            for _ in range(50):
                replaced.takeover()
                load.wait_progress()

    @case("a takeover is not seen by an smtp(8) that sleeps in connect")
    def _():
        asleep(mail, dead, replaced.takeover)

    @case("an smtp(8) that slept in connect is answered")
    def _():
        asleep(mail, dead, lambda: None)


def under_manager():
    with contextlib.ExitStack() as stack:
        directory = new_directory(stack)
        path = write_config(directory, CONFIG.format(
            server="", unix="systemd:unix", inet="systemd:tcp"))
        unix = stack.enter_context(
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        unix.bind(f"{directory}/socketmap.sock")
        os.chmod(f"{directory}/socketmap.sock", 0o666)
        unix.listen(4096)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        dead = stack.enter_context(DeadEnd())
        manager = stack.enter_context(Manager(
            [program(), "-c", path], {"unix": unix, "tcp": tcp}, directory,
            store=400))
        mail = start_mail(stack, f"unix:{directory}/socketmap.sock",
                          "inet:127.0.0.1:{}".format(tcp.getsockname()[1]),
                          dead)
        systemd_cases(mail, manager, dead)


def under_takeovers():
    with contextlib.ExitStack() as stack:
        directory = new_directory(stack)
        dead = stack.enter_context(DeadEnd())
        replaced = stack.enter_context(Replaced(directory))
        mail = start_mail(stack, *replaced.daemon.endpoints, dead)
        takeover_cases(mail, replaced, dead)


def new_directory(stack):
    directory = stack.enter_context(
        tempfile.TemporaryDirectory(prefix="smap-"))
    os.chmod(directory, 0o755)
    return directory


postfix.become_root()
end_on_signals()
with Sink() as sink:
    under_manager()
    under_takeovers()
done()
