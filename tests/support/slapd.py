# SPDX-License-Identifier: MIT
"""A slapd of the test's own, on a unix socket and free ports of the loopback.

    with Server() as server:
        server.add(entry("cn=x", objectClass="mailEntry", mail=["a", "b"]))
        ... server.options(query_filter="(key=%s)", ...) ...

Everybody may read what is there, but for what is below GUARDED, which is for
READER with PASSWORD; by SASL, that is the user "reader", and whoever runs the
tests. The user "proxy", with the same password, may act as READER. As root it
is run as the system's user "openldap".
"""
import base64
import os
import pwd
import signal
import socket
import subprocess
import sys
import urllib.parse

from ports import free_port
from server_process import PATIENCE, Process

PASSWORD = "a'b\\c d"
USER = "openldap"
SUFFIX = "dc=example,dc=org"
ADMIN = "cn=admin," + SUFFIX
GUARDED = "ou=guarded," + SUFFIX
READER = "cn=reader," + SUFFIX
SLAPD = "/usr/sbin/slapd"
MODULES = "/usr/lib/ldap"

# Of its own, so that keys are compared byte by byte: all other syntaxes forget
# about blanks, and refuse what is not in them.
SCHEMA = """\
attributetype ( 1.3.6.1.4.1.4203.666.1.101 NAME 'key'
    EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.3.6.1.4.1.4203.666.1.102 NAME 'bytes'
    EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.3.6.1.4.1.4203.666.1.103 NAME 'maildrop'
    EQUALITY caseExactMatch SUBSTR caseExactSubstringsMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.104 NAME 'forward' SUP maildrop )
attributetype ( 1.3.6.1.4.1.4203.666.1.105 NAME 'mailacceptinggeneralid'
    EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.106 NAME 'terminal'
    EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.107 NAME 'leaf'
    EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.108 NAME 'link'
    EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.109 NAME 'memberdn'
    EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
objectclass ( 1.3.6.1.4.1.4203.666.3.101 NAME 'mailEntry' SUP top STRUCTURAL
    MUST cn MAY ( key $ bytes $ maildrop $ forward $ mailacceptinggeneralid $
    terminal $ leaf $ link $ memberdn $ mail $ userPassword $ description ) )
"""

CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include @DIR@/own.schema
modulepath {modules}
moduleload back_mdb
pidfile @DIR@/slapd.pid
argsfile @DIR@/slapd.args
sizelimit unlimited
threads 4
sockbuf_max_incoming 4194303
sasl-host localhost
sasl-auxprops slapd
authz-policy to
authz-regexp "^uid=([^,]+),.+,cn=auth$" "cn=$1,{suffix}"
authz-regexp "^gidNumber=[0-9]+.uidNumber={user},cn=peercred,.+$" "{reader}"
authz-regexp "^cn=client$" "{reader}"
{tls}
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw secret
directory @DIR@/data
maxsize 67108864
envflags nosync nometasync
index key,mailacceptinggeneralid,objectClass eq
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="{guarded}" by dn.exact="{reader}" read by * none
access to * by * read
"""

TLS = """\
TLSCACertificateFile @DIR@/ca.pem
TLSCertificateFile @DIR@/cert.pem
TLSCertificateKeyFile @DIR@/key.pem
TLSVerifyClient try
"""


def entry(name, **attributes):
    """An entry in LDIF, below SUFFIX unless it is that; values are texts,
    bytes or lists of these."""
    name = name if name.endswith(SUFFIX) else f"{name},{SUFFIX}"
    lines = ["dn:: " + base64.b64encode(name.encode()).decode()]
    for attribute, values in attributes.items():
        for value in values if isinstance(values, list) else [values]:
            data = value.encode() if isinstance(value, str) else value
            name = attribute.replace("__", ";").replace("_", "-")
            coded = base64.b64encode(data).decode()
            lines.append(f"{name}:: {coded}" if coded else f"{name}:")
    return "\n".join(lines) + "\n\n"


def _user():
    """How a program is started: as root, slapd becomes another user."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam(USER)


class Server(Process):
    stop_signal = signal.SIGTERM  # or it would lose what nobody has synced

    def __init__(self, started=True, tls=False):
        super().__init__(False)
        self.tls_port = free_port() if tls else None
        self.socket = self.directory + "/ldapi"
        self.unix = "ldapi://" + urllib.parse.quote(self.socket, safe="")
        self.url = f"ldap://127.0.0.1:{self.port}"
        self.tls_url = f"ldaps://127.0.0.1:{self.tls_port}"
        self.authority = self.directory + "/ca.pem"
        # A certificate for READER, by SASL's mechanism EXTERNAL.
        self.client = {"tls_cert": self.directory + "/client-cert.pem",
                       "tls_key": self.directory + "/client-key.pem"}
        self._write(tls)
        if started:
            self.start()
            self.fill()

    def _write(self, tls):
        os.mkdir(self.directory + "/data")
        config = CONFIG.format(
            modules=MODULES, suffix=SUFFIX, admin=ADMIN, guarded=GUARDED,
            reader=READER, user=os.geteuid(), tls=TLS if tls else "")
        for name, text in (("slapd.conf", config), ("own.schema", SCHEMA)):
            with open(f"{self.directory}/{name}", "w",
                      encoding="ascii") as file:
                file.write(text.replace("@DIR@", self.directory))
        if tls:
            self._make_certificates()
        user = _user()
        if user is not None:
            for name in ("", "/data", "/key.pem" if tls else ""):
                os.chown(self.directory + name, user.pw_uid, user.pw_gid)
        os.chmod(self.directory, 0o755)

    def _make_certificates(self):
        """An authority, and what it says of an address, and of a client."""
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], check=True,
                           capture_output=True, cwd=self.directory)
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes"]
        with open(self.directory + "/names", "w", encoding="ascii") as file:
            file.write("subjectAltName=IP:127.0.0.1\n")
        openssl("req", "-x509", *new, "-days", "2", "-subj", "/CN=authority",
                "-keyout", "ca-key.pem", "-out", "ca.pem")
        for name, prefix in (("slapd", ""), ("client", "client-")):
            openssl("req", *new, "-subj", "/CN=" + name, "-keyout",
                    prefix + "key.pem", "-out", "request.pem")
            openssl("x509", "-req", "-in", "request.pem", "-days", "2", "-CA",
                    "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial",
                    "-extfile", "names", "-out", prefix + "cert.pem")

    def fill(self):
        """What every test may use: names, and who may log in."""
        self.add(entry(SUFFIX, objectClass=["dcObject", "organization"],
                       dc="example", o="Example"),
                 entry("ou=guarded", objectClass="organizationalUnit",
                       ou="guarded"),
                 entry("cn=reader", objectClass="mailEntry", cn="reader",
                       userPassword=PASSWORD),
                 entry("cn=proxy", objectClass="mailEntry", cn="proxy",
                       userPassword=PASSWORD, authzTo="dn.exact:" + READER))

    def command(self):
        urls = [self.unix, self.url]
        if self.tls_port is not None:
            urls.append(f"ldaps://127.0.0.1:{self.tls_port}")
        user = [] if _user() is None else ["-u", USER, "-g", USER]
        return [SLAPD, "-d", "0", "-h", " ".join(urls), "-f",
                self.directory + "/slapd.conf", *user]

    def environment(self):
        return {"start_new_session": True}

    def is_up(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self.stop(signal.SIGKILL)
        super().close()

    def run(self, program, *arguments, text=""):
        """Runs a program of ldap-utils as the administrator."""
        done = subprocess.run(
            [program, "-x", "-H", self.unix, "-D", ADMIN, "-w", "secret",
             *arguments], input=text.encode(), capture_output=True,
            timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def add(self, *entries):
        self.run("ldapadd", text="".join(entries))

    def delete(self, *names):
        self.run("ldapdelete", "-r", *(f"{name},{SUFFIX}" for name in names))

    def options(self, **options):
        """The lines of a .cf file for this server; None leaves one out."""
        options = {"server_host": self.url, "search_base": SUFFIX,
                   "query_filter": "(key=%s)", "version": "3", **options}
        return "".join(f"{name} = {value}\n"
                       for name, value in options.items() if value is not None)


def main():
    """For tests in C: serves until the input ends."""
    with Server() as server:
        print(server.unix, server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
