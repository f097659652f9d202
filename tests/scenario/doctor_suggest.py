#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap doctor --suggest: sections for the tables that Postfix opens
itself, which socketmapd serves as they are."""
import re
import subprocess

from daemon import PATIENCE, Daemon, program
from doctor import OURS, Patient
from socketmap_client import Client
from tap import case, done


def suggest(patient, lines, ours=OURS):
    """Returns the output, which is a valid configuration behind ours."""
    patient.postfix(lines)
    patient.ours(ours)
    status, out = patient.examine("--suggest")
    assert status == 0, out
    patient.ours(ours + out)
    checked = subprocess.run(
        [program(), "--check", "-c", patient.file], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        timeout=PATIENCE, check=False)
    assert (checked.returncode, checked.stdout) == (0, ""), (checked, out)
    return out


def sections(out):
    """Returns {name: lines} of what is no comment and of what is one."""
    found = {}
    for block in out.split("\n\n"):
        name = re.search(r"^(?:# )?\[map (.*)\]$", block, re.M)
        if name:
            found[name[1]] = block.splitlines()
    return found


def section(out, name):
    return sections(out)[name]


def has(out, name, *lines):
    for line in lines:
        assert line in section(out, name), (line, out)


def is_exactly(out, name, *lines):
    """What is no comment there."""
    assert tuple(line for line in section(out, name)
                 if not line.startswith("#")) == (f"[map {name}]", *lines), out


@case("each table parameter has a section with its search order")
def _():
    tables = {
        "virtual_alias_maps": "virtual", "canonical_maps": "canonical",
        "smtp_generic_maps": "generic", "relay_recipient_maps": "address",
        "transport_maps": "transport", "virtual_alias_domains": "exact",
        "relay_domains": "relay-domains", "mynetworks": "network",
        "smtp_tls_policy_maps": "exact", "header_checks": "exact",
        "smtpd_sender_login_maps": "address",
    }
    with Patient() as patient:
        out = suggest(patient, "".join(
            f"{name} = inline:{{a=b}}\n" for name in tables))
        assert sections(out).keys() == tables.keys(), out
        for name, search in tables.items():
            has(out, name, f"[map {name}]", "table = inline:{a=b}",
                "#     inline:{a=b}",
                f"#     socketmap:unix:socketmap/s.sock:{name}")
            wanted = [] if search == "exact" else [f"search = {search}"]
            assert [line for line in section(out, name)
                    if line.startswith("search")] == wanted, out


@case("restrictions: the order is that of the check")
def _():
    with Patient() as patient:
        out = suggest(
            patient, "smtpd_restriction_classes = mine\n"
            "mine = check_helo_access inline:{h=OK}\n"
            "smtpd_sender_restrictions = mine, permit_mynetworks,\n"
            "  check_sender_access inline:{a=OK}\n"
            "  check_sender_access { inline:{ {b = OK} } }\n"
            "  check_policy_service inet:127.0.0.1:12345\n"
            "  { check_client_access inline:{c=OK} }\n")
        has(out, "check_helo_access", "search = access-helo")
        has(out, "check_sender_access", "table = inline:{a=OK}",
            "search = access-mail")
        has(out, "check_sender_access-2", "table = inline:{ {b = OK} }")
        has(out, "check_client_access", "search = access-client")
        assert len(sections(out)) == 4, out


@case("the parameters that a search goes by")
def _():
    with Patient() as patient:
        out = suggest(
            patient, "recipient_delimiter = +-\nmyorigin = example.org\n"
            "propagate_unmatched_extensions = include, canonical\n"
            "owner_request_special = no\n"
            "parent_domain_matches_subdomains = relay_domains\n"
            "virtual_alias_maps = inline:{a=b}\n"
            "sender_bcc_maps = inline:{a=b}\n"
            "transport_maps = inline:{a=b}\n"
            "relay_domains = inline:{a=b}\n"
            "mynetworks = inline:{a=b}\n")
        cut = ("recipient_delimiter = +-", "owner_request_special = no")
        mine = "mydomains = example.org, mail.example.net"
        table = "table = inline:{a=b}"
        is_exactly(out, "virtual_alias_maps", table, "search = virtual", *cut,
                   "propagate_unmatched_extensions = include, canonical",
                   mine)
        is_exactly(out, "sender_bcc_maps", table, "search = address", *cut,
                   mine)
        is_exactly(out, "transport_maps", table, "search = transport", *cut)
        is_exactly(out, "relay_domains", table, "search = relay-domains",
                   "empty_value = ok")
        is_exactly(out, "mynetworks", table, "search = network",
                   "parent_domain_matches = .domain", "empty_value = ok")


@case("options that are what we have anyhow are left out")
def _():
    with Patient() as patient:
        lines = ("virtual_alias_maps = inline:{a=b}\n"
                 "transport_maps = inline:{a=b}\n"
                 "mydestination = localhost inline:{a=b}\n")
        out = suggest(patient, lines)
        table = "table = inline:{a=b}"
        mine = "mydomains = mail.example.net, localhost"
        is_exactly(out, "virtual_alias_maps", table, "search = virtual", mine)
        is_exactly(out, "transport_maps", table, "search = transport")
        is_exactly(out, "mydestination", table, "empty_value = ok")
        defaults = ("[defaults]\nsearch = virtual\nrecipient_delimiter = +\n"
                    "mydomains = localhost, mail.example.net\n"
                    "empty_value = ok\n")
        out = suggest(patient, lines, OURS + "recipient_delimiter =\n" +
                      "search = exact\n" + defaults)
        is_exactly(out, "virtual_alias_maps", table, "recipient_delimiter =")
        is_exactly(out, "transport_maps", table, "search = transport",
                   "recipient_delimiter =")
        is_exactly(out, "mydestination", table, "search = exact")


@case("tables for which no search matters have its name alone")
def _():
    with Patient() as patient:
        out = suggest(patient, "recipient_delimiter = +\n"
                      "virtual_alias_maps = static:x\n")
        is_exactly(out, "virtual_alias_maps", "table = static:x",
                   "search = virtual")


@case("passwords are secret")
def _():
    with Patient() as patient:
        out = suggest(patient, "smtp_sasl_password_maps = inline:{a=b:c}\n")
        is_exactly(out, "smtp_sasl_password_maps", "table = inline:{a=b:c}",
                   "search = address", "mydomains = mail.example.net",
                   "secret = yes")


@case("what is a socketmap already, or must not be one, has none")
def _():
    with Patient() as patient:
        out = suggest(
            patient, "alias_maps = hash:/etc/aliases\n"
            "virtual_transport = lmtp:unix:private/lmtp\n"
            "sender_bcc_maps = socketmap:unix:socketmap/s.sock:users\n")
        assert not sections(out), out
        assert "# alias_maps: local(8) takes no socketmap here" in out


@case("what a delivery agent refuses is for others to look up")
def _():
    with Patient() as patient:
        for transport, count in ("virtual", 0), ("lmtp:unix:private/lmtp", 1):
            out = suggest(patient, "virtual_mailbox_maps = inline:{a=b}\n"
                          f"virtual_transport = {transport}\n")
            assert len(sections(out)) == count, out


@case("mynetworks and the like: names and addresses are no tables")
def _():
    with Patient() as patient:
        out = suggest(patient, "mynetworks = 127.0.0.0/8 [::1]/128 "
                      "!inline:{10.0.0.1=x} /etc/networks\n")
        assert sections(out).keys() == {"mynetworks"}, out
        has(out, "mynetworks", "table = inline:{10.0.0.1=x}")


@case("a table built of a text file: the text file")
def _():
    with Patient() as patient:
        path = patient.file_named("virtual")
        out = suggest(patient, f"virtual_alias_maps = proxy:sdbm:{path}\n"
                      f"sender_bcc_maps = sdbm:{path}-not\n")
        has(out, "virtual_alias_maps", "[map virtual_alias_maps]",
            f"table = texthash:{path}")
        has(out, "sender_bcc_maps", "# which socketmapd can't serve: "
            f"{path}-not: No such file or directory")


@case("a list is one map, with proxy: dropped, and with our maps' own tables")
def _():
    with Patient() as patient:
        path = patient.file_named("more")
        out = suggest(patient, "virtual_alias_maps = inline:{a=b} "
                      f"proxy:texthash:{path}, static:{{a, b}}\n"
                      "mydestination = inline:{a=b} inline:{c=d}\n")
        has(out, "virtual_alias_maps", "table = inline:{a=b}, "
            f"texthash:{path}, static:{{a, b}}")
        has(out, "mydestination", "table = inline:{a=b}")
        has(out, "mydestination-2", "table = inline:{c=d}")
        patient.postfix(
            "sender_bcc_maps = inline:{c=d} "
            "socketmap:unix:socketmap/s.sock:users inline:{e=f}\n")
        out = patient.examine("--suggest")[1]
        has(out, "sender_bcc_maps",
            "table = inline:{c=d}, static:yes, inline:{e=f}")


@case("the data of a secret map of ours is not printed")
def _():
    ours = OURS + "secret = yes\n"
    with Patient(ours) as patient:
        out = suggest(patient, "relay_recipient_maps = inline:{c=d} "
                      "socketmap:unix:socketmap/s.sock:users\n", ours)
        has(out, "relay_recipient_maps",
            "# which socketmapd can't serve: map users is secret")
        assert "static" not in out, out


@case("what can't be served stays a comment, with the reason")
def _():
    with Patient() as patient:
        out = suggest(patient, "virtual_alias_maps = "
                      "inline:{a=b} nisplus:x texthash:/etc/postfix/more\n"
                      "recipient_delimiter = +\n"
                      "sender_bcc_maps = texthash:relative\n")
        has(out, "virtual_alias_maps", "# [map virtual_alias_maps]",
            "# table = inline:{a=b}, nisplus:x, texthash:/etc/postfix/more",
            "# recipient_delimiter = +", "# search = virtual")
        has(out, "sender_bcc_maps", "# [map sender_bcc_maps]",
            "# table = texthash:relative")
        for name in "virtual_alias_maps", "sender_bcc_maps":
            assert "can't serve: " in "".join(section(out, name))


@case("the source of an alias file is no texthash")
def _():
    with Patient() as patient:
        path = patient.file_named("more")
        out = suggest(patient, "alias_maps = sdbm:/etc/aliases\n"
                      "local_recipient_maps = proxy:$alias_maps "
                      f"sdbm:{path}\n")
        has(out, "local_recipient_maps", "# which socketmapd can't serve: "
            "/etc/aliases: postalias(1) has made it of a text that is no "
            "texthash:",
            f"# table = proxy:sdbm:/etc/aliases, texthash:{path}")


@case("certificates of tls_server_sni_maps: the source has their files' names")
def _():
    with Patient() as patient:
        out = suggest(patient, "tls_server_sni_maps = "
                      "texthash:/etc/postfix/sni\n")
        has(out, "tls_server_sni_maps", "# which socketmapd can't serve: "
            "texthash:/etc/postfix/sni: its values are the names of files",
            "# table = texthash:/etc/postfix/sni")


@case("the output goes into our file, and is served")
def _():
    with Patient() as patient:
        path = patient.file_named("virtual", "abuse@example.org alice\n"
                                  "@example.com bob\n")
        out = suggest(patient, "virtual_alias_maps = "
                      f"sdbm:{path}\n"
                      "alias_maps = hash:/etc/aliases\n"
                      "sender_bcc_maps = nisplus:x\n"
                      "relay_domains = static:{yes, of course}\n")
        config = OURS.replace("@QUEUE@/socketmap/s.sock",
                              f"{patient.directory}/2.sock") + out
        with Daemon(config, patient.directory) as daemon, \
                Client(daemon.endpoint) as client:
            assert client.lookup("virtual_alias_maps", "abuse@example.org") \
                == ("OK", b"alice")
            assert client.lookup("virtual_alias_maps", "abuse+x@example.com") \
                == ("OK", b"bob")
            assert client.lookup("relay_domains", "x") == (
                "OK", b"yes, of course")


@case("a name that we have is taken: another one")
def _():
    ours = OURS.replace("[map users]", "[map sender_bcc_maps]")
    with Patient(ours) as patient:
        out = suggest(patient, "sender_bcc_maps = inline:{a=b}\n", ours)
        has(out, "sender_bcc_maps-2", "table = inline:{a=b}")


done()
