# SPDX-License-Identifier: MIT
"""Postfix: its lookups by postmap(1), and a whole instance of the test's own.

    with Instance("virtual_alias_maps = ...", {"mx": {}}) as postfix:
        with postfix.smtp("mx") as client:
            client.docmd(...)

An instance has its own configuration, queue and data directories in one
temporary directory, and its own address in 127.0.0.0/8. It needs root: call
become_root() first. It is stopped with the test, however that ends.
"""
import grp
import os
import pwd
import random
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time

from ports import free_port

PATIENCE = 60
SBIN = "/usr/sbin"

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
          "incoming", "private", "saved", "trace")

MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/log/mail.log
maillog_file_prefixes = {directory}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.net
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:none
relayhost =
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
smtpd_junk_command_limit = 100000
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
fast_flush_domains =
disable_dns_lookups = yes
biff = no
"""

MASTER = """\
cleanup   unix      n - n -    0 cleanup
qmgr      unix      n - n 300  1 qmgr
rewrite   unix      - - n -    - trivial-rewrite
bounce    unix      - - n -    0 bounce
defer     unix      - - n -    0 bounce
trace     unix      - - n -    0 bounce
lmtp      unix      - - n -    - lmtp
error     unix      - - n -    - error
retry     unix      - - n -    - error
anvil     unix      - - n -    1 anvil
scache    unix      - - n -    1 scache
postlog   unix-dgram n - n -   1 postlogd
"""


def become_root():
    """Runs this test once more as root, by sudo, when it is not root."""
    if os.geteuid() == 0:
        return
    kept = [f"{name}={value}" for name, value in os.environ.items()
            if name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")
            or name.startswith(("SOCKETMAP", "ASAN_", "TSAN_", "UBSAN_",
                                "LSAN_"))]
    try:
        os.execvp("sudo", ["sudo", "-n", "env", "PYTHONDONTWRITEBYTECODE=1",
                           *kept, sys.executable, *sys.argv])
    except OSError as why:
        sys.exit(f"a Postfix instance needs root, and sudo: {why}")


def _write_settled(path, text):
    """Writes a file as if some time ago: Postfix waits until one has been
    left alone for two seconds."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    past = time.time() - 60
    os.utime(path, (past, past))


def start_postmap(directory, arguments, **options):
    """Starts postmap(1), with pipes for stdin, stdout and stderr unless
    `options` for subprocess.Popen say otherwise, on a minimal configuration
    written to `directory`."""
    _write_settled(f"{directory}/main.cf",
                   "compatibility_level = 3.6\nmyhostname = mail.example.net\n")
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([f"{SBIN}/postmap", "-c", directory, *arguments],
                            **{**pipes, **options})


def postmap(arguments, stdin=b""):
    """Runs postmap(1); returns its exit status, and stdout and stderr as
    bytes."""
    with tempfile.TemporaryDirectory(prefix="postmap-") as own, \
            start_postmap(own, arguments) as process:
        try:
            stdout, stderr = process.communicate(stdin, 5 * PATIENCE)
        finally:
            process.kill()
        return process.returncode, stdout, stderr


def own_address():
    """An address that nothing else on this machine is likely to use."""
    octets = [random.randrange(1, 255) for _ in range(3)]
    return "127.{}.{}.{}".format(*octets)


# Ends an instance when the test closes the pipe or is gone without a word:
# no process of Postfix outlives it.
GUARD = 'cat >/dev/null; kill -9 "-$1"; rm -rf -- "$2"'


class Instance:
    """A running Postfix; when the constructor returns, it accepts mail."""

    def __init__(self, main, listeners, services=""):
        """main: lines for main.cf. listeners: for each smtpd(8) a name and
        its parameters that differ from main.cf. services: more lines for
        master.cf."""
        self.directory = tempfile.mkdtemp(prefix="postfix-")
        self._guard = None
        try:
            self.address = own_address()
            self.ports = {name: free_port(self.address) for name in listeners}
            self._make_directories()
            self._write_config(main, listeners, services)
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def smtp(self, listener):
        """Returns a connected smtplib.SMTP that has said EHLO."""
        client = smtplib.SMTP(self.address, self.ports[listener],
                              local_hostname="client.example.net",
                              timeout=2 * PATIENCE)
        client.ehlo()
        return client

    def log(self):
        try:
            with open(f"{self.directory}/log/mail.log", encoding="utf-8",
                      errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, part):
        """Waits until the log holds `part`: it is written with a delay."""
        give_up = time.monotonic() + PATIENCE
        while part not in self.log():
            assert time.monotonic() < give_up, f"no {part!r} in the log"
            time.sleep(0.05)

    def close(self):
        """Stops every process of the instance, removes its directory."""
        if self._guard is None:
            shutil.rmtree(self.directory, ignore_errors=True)
            return
        self._guard.communicate(timeout=PATIENCE)
        self._master.wait(PATIENCE)

    def _make_directories(self):
        mail = pwd.getpwnam("postfix")
        drop = grp.getgrnam("postdrop").gr_gid
        wanted = [("", 0, 0, 0o755), ("etc", 0, 0, 0o755),
                  ("log", 0, 0, 0o755), ("queue", 0, 0, 0o755),
                  ("queue/pid", 0, 0, 0o755),
                  ("data", mail.pw_uid, mail.pw_gid, 0o700),
                  ("queue/public", mail.pw_uid, drop, 0o710),
                  ("queue/maildrop", mail.pw_uid, drop, 0o730)]
        wanted += [(f"queue/{name}", mail.pw_uid, 0, 0o700)
                   for name in QUEUES]
        for name, uid, gid, mode in wanted:
            path = os.path.join(self.directory, name)
            os.makedirs(path, exist_ok=True)
            os.chown(path, uid, gid)
            os.chmod(path, mode)

    def _write_config(self, main, listeners, services):
        master = MASTER + services
        for name, parameters in listeners.items():
            master += (f"{self.address}:{self.ports[name]} inet n - n - - "
                       f"smtpd\n  -o syslog_name=postfix/{name}\n")
            for key, value in parameters.items():
                master += f"  -o {{{key} = {value}}}\n"
        # What the test says takes the place of what is said here.
        own = {line.split("=")[0].strip() for line in main.splitlines()}
        main = "".join(
            line for line in MAIN.format(
                directory=self.directory).splitlines(keepends=True)
            if line.split("=")[0].strip() not in own) + main
        for name, text in (("main.cf", main), ("master.cf", master)):
            _write_settled(f"{self.directory}/etc/{name}", text)

    def _start(self):
        etc = f"{self.directory}/etc"
        sbin = subprocess.run(
            [f"{SBIN}/postconf", "-c", etc, "-hx", "daemon_directory"],
            stdout=subprocess.PIPE, check=True, encoding="ascii",
            timeout=PATIENCE).stdout.strip()
        # A session of its own: all that master starts can be signalled.
        with open(f"{self.directory}/log/master", "wb") as output:
            self._master = subprocess.Popen(
                [f"{sbin}/master", "-c", etc, "-s"], stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True)
        self._guard = subprocess.Popen(
            ["sh", "-c", GUARD, "guard", str(self._master.pid),
             self.directory], stdin=subprocess.PIPE, start_new_session=True)
        self._wait_until_open()

    def _wait_until_open(self):
        give_up = time.monotonic() + PATIENCE
        for port in self.ports.values():
            while not self._answers(port):
                if self._master.poll() is not None \
                        or time.monotonic() > give_up:
                    raise AssertionError(
                        f"Postfix doesn't start ({self._master.returncode}):"
                        f"\n{self._said()}{self.log()}")
                time.sleep(0.05)

    def _answers(self, port):
        try:
            with socket.create_connection((self.address, port), PATIENCE):
                return True
        except ConnectionRefusedError:
            return False

    def _said(self):
        with open(f"{self.directory}/log/master", encoding="utf-8",
                  errors="replace") as file:
            return file.read()
