#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Search orders, end to end: the same tables give the same mail.

Two Postfix instances with the same configuration, one with texthash: tables of
its own, one with socketmaps of ours over the same files, are sent the same
random addresses: the replies and the deliveries have to be the same. SEED=N
repeats a run; the seed is printed.
"""
import contextlib
import os
import random
import re
import tempfile
import time
import uuid

import postfix
from daemon import Daemon
from dovecot_auth import DovecotAuth
from ending import end_on_signals
from lmtp_sink import Sink
from tap import case, done

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
COUNT = int(os.environ.get("COUNT", 1000))
SINKS = 8

# Few, so that they meet; each is what somebody has tripped over.
LOCALS = ["user", "User", "a.b", "x", "owner-x", "x-request", "postmaster",
          "Postmaster", "mailer-daemon", "double-bounce", "u-v", "+", "-",
          '"a b"', '"a b+c d"', '"a+b"', '"a@b"', '"x\\"y"', "very.long.name"]
EXTENSIONS = ["", "", "+ext", "+Ext", "-ext", "+a+b", "-a+b", "+a-b", "+"]
DOMAINS = ["example.org", "sub.example.org", "a.b.c.example.org", "EXAMPLE.net",
           "mine.example", "my-dom.example", "[127.0.0.1]", "xn--x.example"]
CLIENTS = ["mail.example.org", "Mail.Sub.example.org", "unknown",
           "example.net", "x.y.z.example", "org"]
NETWORKS = ["192.0.2.1", "192.0.2.77", "198.51.100.7", "10.1.2.3",
            "2001:db8:1::25", "2001:db8::1"]

MAIN = """\
inet_protocols = all
mydestination = mine.example, my-dom.example
myorigin = mine.example
local_transport = lmtp:{sink}
local_recipient_maps =
virtual_mailbox_domains =
virtual_alias_domains =
relay_domains = {domains}, {relay}
relay_transport = lmtp:{sink}
default_transport = lmtp:{sink}
relay_recipient_maps =
recipient_delimiter = {delimiter}
propagate_unmatched_extensions = {propagate}
smtpd_authorized_xclient_hosts = static:all
smtpd_recipient_limit = 2000
smtpd_delay_reject = yes
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
mynetworks = 127.0.0.0/8
enable_original_recipient = yes
strict_rfc821_envelopes = no
smtputf8_enable = yes
lmtp_destination_recipient_limit = 2000
lmtp_destination_concurrency_limit = 20
transport_maps = {transport}, texthash:{directory}/next-hops
smtp_tls_policy_maps = {tls}
virtual_alias_expansion_limit = 100000
virtual_alias_recursion_limit = 20
queue_run_delay = 1000
minimal_backoff_time = 1000
"""

MAPS = {
    "virtual": "virtual",
    "canonical": "canonical",
    "transport": "transport",
    "access-recipient": "access-mail",
    "access-sender": "access-mail",
    "access-client": "access-client",
    "access-helo": "access-helo",
    "relay": "relay-domains",
    "login": "sender-login",
    "tls": "exact",
}


def addresses(rng, count):
    return [rng.choice(LOCALS) + (rng.choice(EXTENSIONS)) + "@" +
            rng.choice(DOMAINS) if rng.random() < 0.7 else
            quoted(rng) for _ in range(count)]


def quoted(rng):
    """The extension inside of the quotes, where there are any."""
    local, extension = rng.choice(LOCALS), rng.choice(EXTENSIONS)
    if local.endswith('"'):
        local = local[:-1] + extension + '"'
    else:
        local += extension
    return local + "@" + rng.choice(DOMAINS)


def is_sendable(address):
    """Whether smtplib and smtpd(8) leave the address as it is."""
    local = address[:address.rindex("@")]
    return not re.search(r'"[^@]+$', local) or local.endswith('"')


def keys(rng, count):
    """Keys for tables of addresses, each once, as texthash wants it."""
    made = {}
    for address in addresses(rng, count * 3):
        local, domain = address.rsplit("@", 1)
        bare = re.split(r"[+-]", local)[0] or local
        if bare.startswith('"') and not bare.endswith('"'):
            bare += '"'
        key = rng.choice([address, f"{bare}@{domain}", f"{bare}@{domain}",
                          f"@{domain}", domain, bare, f"{bare}@", local,
                          "." + domain, address.replace('"', "")])
        if " " in key and not key.startswith('"') or key.count('"') % 2:
            continue
        made.setdefault(key.casefold(), key)
        if len(made) == count:
            break
    return list(made.values())


def entry(key, value):
    return f"{key} {value}\n"


class Tables:
    """Writes the same tables for both."""

    def __init__(self, directory, rng):
        self._directory = directory
        self._rng = rng

    def write(self, name, entries):
        path = os.path.join(self._directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(entry(key, value) for key, value in entries)
        past = time.time() - 60
        os.utime(path, (past, past))

    def addresses(self, name, values):
        self.write(name, [(key, values(self._rng, n))
                          for n, key in enumerate(keys(self._rng, 60))])


def final(rng, n):
    """Addresses that lead on to no other entry, mostly."""
    return rng.choice([f"to{n}@final.example", f"to{n}@final.example",
                       f"to{n}@final.example, also{n}@final.example",
                       "@other.example", f'"to {n}"@final.example',
                       f"to{n}", f"To.{n}@Final.example"])


def one_final(rng, n):
    return rng.choice([f"to{n}@final.example", "@other.example",
                       f'"to {n}"@final.example'])


def reject(_, n):
    return f"REJECT entry {n}"


def config(directory, sections, options):
    text = f"[listen test]\nendpoint = unix:{directory}/socketmap.sock\n" \
           f"mode = 0666\n[defaults]\n{options}\n"
    for name, search in sections.items():
        text += f"[map {name}]\ntable = texthash:{directory}/{name}\n" \
                f"search = {search}\n"
    return text


class World:
    """A pair of Postfix instances, told apart by how they name a table."""

    def __init__(self, stack, delimiter, propagate):
        rng = random.Random(f"{SEED} {delimiter} {propagate}")
        self.rng = rng
        self.directory = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="smap-"))
        os.chmod(self.directory, 0o755)
        self.sinks = {kind: [stack.enter_context(Sink())
                             for _ in range(SINKS)]
                      for kind in ("native", "ours")}
        self._write_tables(rng)
        self.auth = stack.enter_context(
            DovecotAuth(f"{self.directory}/auth"))
        os.chmod(self.auth.path, 0o666)
        options = "mydomains = mine.example, my-dom.example, [127.0.0.1]\n" \
            f"propagate_unmatched_extensions = {propagate or 'none'}\n"
        if delimiter:
            options += f"recipient_delimiter = {delimiter}\n"
        self.daemon = stack.enter_context(
            Daemon(config(self.directory, MAPS, options), self.directory))
        self.postfix = {
            kind: stack.enter_context(self._instance(kind, delimiter,
                                                     propagate))
            for kind in ("native", "ours")}

    def _write_tables(self, rng):
        tables = Tables(self.directory, rng)
        tables.addresses("virtual", final)
        tables.addresses("canonical", one_final)
        for name in ("access-recipient", "access-sender"):
            tables.addresses(name, reject)
        tables.addresses("login", lambda _, n: f"login{n}")
        names = {key.casefold(): key for client in CLIENTS
                 for key in parents(client)}
        tables.write("access-client", [
            (key, f"REJECT client {n}") for n, key in enumerate(
                rng.sample(list(names.values()), 10) +
                rng.sample(sorted(set(prefixes())), 9))])
        tables.write("access-helo", [
            (key, f"REJECT helo {n}") for n, key in enumerate(
                rng.sample(list(names.values()), 12) + ["192.0.2"])])
        tables.write("relay", [(key, "x") for key in rng.sample(
            ["example.com", "relay.example", ".dot.example", "deep.b.example",
             "b.example", "Upper.example".lower()], 4)])
        hops = [(f"[127.1.{n // 250}.{n % 250 + 1}]:1", n)
                for n in range(COUNT)]
        tables.write("next-hops", [(f"d{n}.tls.example", f"smtp:{hop}")
                                   for hop, n in hops])
        tables.write("tls", [(hop, "no-such-level")
                             for hop, _ in hops if rng.random() < 0.5])
        # Both name the sinks by number; only their ports are different.
        transport = [(key, rng.randrange(SINKS)) for key in keys(rng, 40)]
        for name, kind in ("transport", "ours"), ("transport-native", "native"):
            tables.write(name, [(key, "lmtp:" + self.sinks[kind][n].endpoint)
                                for key, n in transport])

    def _table(self, kind, name):
        if kind == "native":
            return f"texthash:{self.directory}/{name}"
        return f"socketmap:unix:{self.directory}/socketmap.sock:{name}"

    def _instance(self, kind, delimiter, propagate):
        table = {name: self._table(kind, name) for name in MAPS}
        if kind == "native":
            table["transport"] = self._table(kind, "transport-native")
        main = MAIN.format(
            sink=self.sinks[kind][0].endpoint, delimiter=delimiter, propagate=propagate,
            domains="final.example, other.example, sub.example.org, "
                    "example.org, example.net, c.example.org, xn--x.example",
            relay=table["relay"], transport=table["transport"],
            directory=self.directory, tls=table["tls"])
        return postfix.Instance(main, listeners(table, self.auth.path),
                                services(table))


def listeners(table, auth):
    """An smtpd(8) for each kind of table, so that none hides another."""
    def check(what):
        return f"check_{what}_access {table['access-' + what]}"

    return {
        "virtual": {"virtual_alias_maps": table["virtual"],
                    "cleanup_service_name": "cleanup-virtual"},
        "canonical": {"cleanup_service_name": "cleanup-canonical"},
        "transport": {"cleanup_service_name": "cleanup-transport"},
        "recipient": {"smtpd_recipient_restrictions": check("recipient")},
        "sender": {"smtpd_sender_restrictions": check("sender")},
        "client": {"smtpd_client_restrictions": check("client")},
        "helo": {"smtpd_helo_restrictions": check("helo")},
        "relay": {"mynetworks": ""},
        "login": {"smtpd_sender_login_maps": table["login"],
                  "smtpd_sasl_auth_enable": "yes",
                  "smtpd_sasl_type": "dovecot",
                  "smtpd_sasl_path": auth,
                  "smtpd_sender_restrictions":
                      "reject_unauthenticated_sender_login_mismatch"},
    }


def services(table):
    return f"""\
cleanup-virtual unix n - n - 0 cleanup
  -o {{virtual_alias_maps = {table["virtual"]}}}
cleanup-canonical unix n - n - 0 cleanup
  -o {{canonical_maps = {table["canonical"]}}}
cleanup-transport unix n - n - 0 cleanup
smtp unix - - n - 50 smtp
"""


def parents(name):
    labels = name.split(".")
    for n in range(len(labels)):
        rest = ".".join(labels[n:])
        yield rest
        yield "." + rest


def prefixes():
    for address in NETWORKS:
        separator = ":" if ":" in address else "."
        while address:
            yield address
            address = address.rpartition(separator)[0]


def say(client, command):
    code, text = client.docmd(command)
    return code, text.decode("utf-8", "replace")


def same(world, ask, what):
    """Both instances answer alike; returns how many kinds of answers."""
    theirs, ours = (ask(world.postfix[kind]) for kind in ("native", "ours"))
    assert len(theirs) == len(ours)
    wrong = [pair for pair in zip(what, theirs, ours) if pair[1] != pair[2]]
    assert not wrong, f"{len(wrong)} differ: {wrong[:5]}"
    return len(set(theirs))


def mask(reply):
    """Without what is an instance's own."""
    return reply[0], re.sub(r"127\.\d+\.\d+\.\d+|\[[0-9.]+\]", "ADDRESS",
                            reply[1])


def recipients_case(world, title, listener):
    @logged(world, f"{title}: {listener}: replies to {COUNT} recipients")
    def _():
        rng = random.Random(f"{SEED} {listener}")
        tried = [a for a in addresses(rng, COUNT * 2) if is_sendable(a)][:COUNT]

        def ask(instance):
            with instance.smtp(listener) as client:
                say(client, "MAIL FROM:<sender@example.com>")
                return [mask(say(client, f"RCPT TO:<{address}>"))
                        for address in tried]

        kinds = same(world, ask, tried)
        print("#", kinds, "different replies")
        assert kinds > 3


def senders_case(world, title, listener):
    @logged(world, f"{title}: {listener}: replies to {COUNT} senders")
    def _():
        rng = random.Random(f"{SEED} {listener}")
        tried = [a for a in addresses(rng, COUNT * 2) if is_sendable(a)][:COUNT]
        tried[:1] = [""]

        def ask(instance):
            replies = []
            with instance.smtp(listener) as client:
                for address in tried:
                    say(client, "RSET")
                    say(client, f"MAIL FROM:<{address}>")
                    replies.append(mask(say(client, "RCPT TO:<x@b.example>")))
            return replies

        kinds = same(world, ask, tried)
        print("#", kinds, "different replies")
        assert kinds > (1 if listener == "login" else 3)


def clients_case(world, title):
    @logged(world, f"{title}: client: replies to {COUNT} clients, by XCLIENT")
    def _():
        rng = random.Random(f"{SEED} client")
        tried = [(rng.choice(CLIENTS + ["a." + name for name in CLIENTS]),
                  rng.choice(NETWORKS + ["192.0.2.9", "203.0.113.5",
                                         "2001:db8:1::26"]))
                 for _ in range(COUNT)]

        def ask(instance):
            replies = []
            with instance.smtp("client") as client:
                for name, address in tried:
                    kind = "IPV6:" if ":" in address else ""
                    name = "[UNAVAILABLE]" if name == "unknown" else name
                    say(client, "RSET")
                    code, text = say(
                        client, f"XCLIENT NAME={name} ADDR={kind}{address}")
                    assert code == 220, text
                    say(client, "EHLO client.example.net")
                    say(client, "MAIL FROM:<sender@example.com>")
                    replies.append(say(client, "RCPT TO:<x@b.example>"))
            return replies

        kinds = same(world, ask, tried)
        print("#", kinds, "different replies")
        assert kinds > 3


def helo_case(world, title):
    @logged(world, f"{title}: helo: replies to {COUNT} names")
    def _():
        rng = random.Random(f"{SEED} helo")
        tried = [rng.choice(["", "a.", "x.y."]) + rng.choice(
            CLIENTS + ["[192.0.2.1]", "192.0.2.1", "x.y.", "[1.2.3.4]"])
            for _ in range(COUNT)]

        def ask(instance):
            replies = []
            with instance.smtp("helo") as client:
                for name in tried:
                    say(client, f"HELO {name}")
                    say(client, "MAIL FROM:<sender@example.com>")
                    replies.append(mask(say(client, "RCPT TO:<x@b.example>")))
            return replies

        kinds = same(world, ask, tried)
        print("#", kinds, "different replies")
        assert kinds > 3


def relay_case(world, title):
    @logged(world, f"{title}: relay: replies to {COUNT} domains")
    def _():
        rng = random.Random(f"{SEED} relay")
        bases = ["example.com", "relay.example", "dot.example",
                 "deep.b.example", "b.example", "Upper.example", "example"]
        tried = [rng.choice(["", "a.", "x.y.", "Sub."]) + rng.choice(bases)
                 for _ in range(COUNT)]

        def ask(instance):
            with instance.smtp("relay") as client:
                say(client, "MAIL FROM:<sender@example.com>")
                return [mask(say(client, f"RCPT TO:<x@{domain}>"))
                        for domain in tried]

        kinds = same(world, ask, tried)
        assert kinds > 1


def takes(client, address):
    """On a busy machine Postfix may be late, and says so: once more then."""
    for _ in range(20):
        code, text = say(client, f"RCPT TO:<{address}>")
        if code < 400 or code >= 500:
            break
        time.sleep(0.5)
    assert code < 400 or code >= 500, text
    return code == 250


def sent(instance, listener, tried):
    """Sends one mail to all; returns the word that finds it, and the
    addresses that were accepted."""
    marker = uuid.uuid4().hex
    accepted = []
    with instance.smtp(listener) as client:
        say(client, "MAIL FROM:<sender@example.com>")
        for address in tried:
            if takes(client, address):
                accepted.append(address)
        code, text = client.data(f"Subject: {marker}\r\n\r\nx\r\n")
        assert code == 250, text
    queue_id = re.search(r"queued as (\w+)", text.decode())[1]
    return marker, queue_id, accepted


def deliveries(world, kind, listener, tried):
    """Returns {(original, final, sink)} of one mail to all of them."""
    instance = world.postfix[kind]
    marker, queue_id, _ = sent(instance, listener, tried)
    instance.wait_log(f"{queue_id}: removed")
    found = set()
    for n, sink in enumerate(world.sinks[kind]):
        for mail in sink.mails(marker):
            found |= {(was, now, n) for was, now in
                      zip(mail.originals, mail.recipients)}
    return found


def logged(world, name):
    """A case that shows the last lines of Postfix's logs when it fails."""
    def run(function):
        def wrapped():
            try:
                function()
            except Exception:
                for kind, instance in world.postfix.items():
                    for line in instance.log().splitlines()[-15:]:
                        print("#", kind, line)
                raise
        return case(name)(wrapped)
    return run


def deliveries_case(world, title, listener):
    @logged(world, f"{title}: {listener}: deliveries for {COUNT} recipients")
    def _():
        rng = random.Random(f"{SEED} deliveries {listener}")
        tried = [a for a in addresses(rng, COUNT * 2) if is_sendable(a)][:COUNT]
        theirs = deliveries(world, "native", listener, tried)
        ours = deliveries(world, "ours", listener, tried)
        print("#", len(theirs), "deliveries,",
              len({final for _, final, _ in theirs}), "addresses")
        assert len(theirs) > 20
        assert theirs == ours, (
            f"only Postfix: {sorted(theirs - ours, key=str)[:5]}, "
            f"only ours: {sorted(ours - theirs, key=str)[:5]}")


def outcomes(instance, tried):
    """Returns {recipient: how its delivery failed}, from smtp(8)'s log."""
    _, queue_id, accepted = sent(instance, "virtual", tried)
    assert accepted == tried
    give_up = time.monotonic() + postfix.PATIENCE
    while True:
        found = dict(re.findall(
            rf"{queue_id}: to=<([^>]*)>,.* dsn=([0-9.]+), ", instance.log()))
        if len(found) == len(tried):
            return found
        assert time.monotonic() < give_up, f"{len(found)} of {len(tried)}"
        time.sleep(0.1)


def tls_case(world, title):
    @logged(world, f"{title}: TLS policies of {COUNT} next hops, by the log")
    def _():
        tried = [f"x@d{n}.tls.example" for n in range(COUNT)]
        theirs, ours = (outcomes(world.postfix[kind], tried)
                        for kind in ("native", "ours"))
        assert theirs == ours
        assert sorted(set(theirs.values())) == ["4.4.1", "4.7.5"]


def cases_of(delimiter, propagate):
    title = f"delimiter {delimiter or 'none'!r}, propagate {propagate or 'none'}"
    with contextlib.ExitStack() as stack:
        world = World(stack, delimiter, propagate)
        for listener in ("virtual", "canonical", "transport"):
            deliveries_case(world, title, listener)
        recipients_case(world, title, "recipient")
        senders_case(world, title, "sender")
        senders_case(world, title, "login")
        clients_case(world, title)
        helo_case(world, title)
        relay_case(world, title)
        if delimiter == "+":
            tls_case(world, title)


postfix.become_root()
end_on_signals()
print("# SEED", SEED)
cases_of("+", "canonical, virtual")
cases_of("-", "")
cases_of("+-", "canonical, virtual")
cases_of("", "canonical, virtual")
done()
