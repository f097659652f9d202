# SPDX-License-Identifier: MIT
"""socketmap doctor ($SOCKETMAP), on a Postfix configuration of the test's own.

    with Patient(OURS) as patient:
        patient.postfix("virtual_alias_maps = ...")
        patient.well()
        patient.ill("what is wrong", "the line that helps")

In every text @DIR@ stands for the patient's directory, @QUEUE@ for Postfix's
queue directory in it. OURS is served if it shall be. Nothing of Postfix runs
but postconf(1).
"""
import os
import shutil
import subprocess
import tempfile
import time

from daemon import Daemon, write_config

PATIENCE = 60

MAIN = """\
compatibility_level = 3.6
myhostname = mail.example.net
mydestination = mail.example.net
queue_directory = @QUEUE@
mail_owner = postfix
"""

# smtpd is in a jail, trivial-rewrite and cleanup are not.
MASTER = """\
smtp      inet  n - y - -   smtpd
cleanup   unix  n - n - 0   cleanup
rewrite   unix  - - n - -   trivial-rewrite
local     unix  - n n - -   local
virtual   unix  - n n - -   virtual
lmtp      unix  - - n - -   lmtp
proxymap  unix  - - n - -   proxymap
"""

OURS = """\
[listen postfix]
endpoint = unix:@QUEUE@/socketmap/s.sock
mode = 0666
[map virtual]
table = inline:{a@example.org=b@example.org}
search = virtual
mydomains = mail.example.net
[map users]
table = static:yes
"""


class Patient:
    def __init__(self, ours=OURS, serve=True, master=MASTER):
        self.directory = tempfile.mkdtemp(prefix="doctor-")
        os.chmod(self.directory, 0o755)
        self.queue = f"{self.directory}/queue"
        os.makedirs(f"{self.queue}/socketmap")
        os.mkdir(f"{self.directory}/etc")
        self.file = write_config(self.directory, self._fill(ours))
        self._write("etc/master.cf", master)
        self.postfix("")
        self._daemon = None
        try:
            if serve:
                self._daemon = Daemon(self._fill(ours), self.directory)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._daemon is not None:
            self._daemon.close()
        shutil.rmtree(self.directory)

    def postfix(self, lines):
        """Sets main.cf to the lines, and those of MAIN that these leave."""
        always = [line for line in MAIN.splitlines()
                  if "\n" + line.split("=")[0] not in "\n" + lines]
        self._write("etc/main.cf", "\n".join([*always, lines, ""]))

    def file_named(self, name, text=""):
        """Makes a file for a table, returns its path."""
        self._write(name, text)
        return f"{self.directory}/{name}"

    def ours(self, text):
        """Changes the configuration that the doctor reads, not the daemon."""
        self.file = write_config(self.directory, self._fill(text))

    def examine(self, *arguments):
        """Returns exit status and standard output."""
        done = subprocess.run(
            [os.environ["SOCKETMAP"], "doctor", "-c", self.file, "--postfix",
             f"{self.directory}/etc", *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
            timeout=PATIENCE, check=False)
        assert done.stderr == "", done.stderr
        return done.returncode, done.stdout

    def well(self):
        assert self.examine() == (0, ""), self.examine()

    def ill(self, *wanted):
        """There are exactly these findings: pairs of a part of what is wrong,
        and the whole fix."""
        status, out = self.examine()
        lines = out.splitlines()
        assert status == 1, (status, out)
        assert len(lines) == len(wanted), out
        for number, part in enumerate(map(self._fill, wanted)):
            if number % 2 == 0:
                assert part in lines[number], out
            else:
                assert lines[number] == f"  fix: {part}", (part, out)

    def _fill(self, text):
        return text.replace("@QUEUE@", self.queue).replace(
            "@FILE@", f"{self.directory}/socketmapd.conf").replace(
            "@DIR@", self.directory)

    def _write(self, name, text):
        """As if some time ago: Postfix waits until a file has been left alone
        for two seconds."""
        path = f"{self.directory}/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._fill(text))
        past = time.time() - 60
        os.utime(path, (past, past))
