#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap doctor --suggest: sections for the tables that Postfix opens
itself, which socketmapd serves as they are."""
import re

from daemon import Daemon
from doctor import OURS, Patient
from socketmap_client import Client
from tap import case, done


def suggest(patient, lines):
    patient.postfix(lines)
    status, out = patient.examine("--suggest")
    assert status == 0, out
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
                f"# search = {search}", "#     inline:{a=b}",
                f"#     socketmap:unix:socketmap/s.sock:{name}")


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
        has(out, "check_helo_access", "# search = access-helo")
        has(out, "check_sender_access", "table = inline:{a=OK}",
            "# search = access-mail")
        has(out, "check_sender_access-2", "table = inline:{ {b = OK} }")
        has(out, "check_client_access", "# search = access-client")
        assert len(sections(out)) == 4, out


@case("the parameters that an order goes by")
def _():
    with Patient() as patient:
        out = suggest(
            patient, "recipient_delimiter = +-\nmyorigin = example.org\n"
            "propagate_unmatched_extensions = virtual\n"
            "parent_domain_matches_subdomains = relay_domains\n"
            "virtual_alias_maps = inline:{a=b}\n"
            "canonical_maps = inline:{a=b}\n"
            "transport_maps = inline:{a=b}\n"
            "relay_domains = inline:{a=b}\n")
        has(out, "virtual_alias_maps", "# recipient_delimiter = +-",
            "# owner_request_special = yes",
            "# propagate_unmatched_extensions = yes",
            "# mydomains = example.org, mail.example.net")
        has(out, "canonical_maps", "# propagate_unmatched_extensions = no")
        has(out, "transport_maps", "# recipient_delimiter = +-",
            "# parent_domain_matches = .domain")
        has(out, "relay_domains", "# parent_domain_matches = yes")


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
        out = suggest(patient, "virtual_alias_maps = "
                      "proxy:hash:/etc/postfix/virtual\n")
        has(out, "virtual_alias_maps", "[map virtual_alias_maps]",
            "table = texthash:/etc/postfix/virtual")


@case("what can't be served stays a comment, with the reason")
def _():
    with Patient() as patient:
        out = suggest(patient, "virtual_alias_maps = "
                      "inline:{a=b} texthash:/etc/postfix/more\n"
                      "sender_bcc_maps = tcp:127.0.0.1:9\n")
        has(out, "virtual_alias_maps", "# [map virtual_alias_maps]",
            "# table = inline:{a=b}, texthash:/etc/postfix/more",
            "# which socketmapd can't serve: a map has one table")
        has(out, "sender_bcc_maps", "# [map sender_bcc_maps]",
            "# table = tcp:127.0.0.1:9")
        assert "can't serve: " in "".join(section(out, "sender_bcc_maps"))


@case("the output goes into our file, and is served")
def _():
    with Patient() as patient:
        with open(f"{patient.directory}/virtual", "w",
                  encoding="ascii") as file:
            file.write("abuse@example.org alice\n")
        out = suggest(patient, "virtual_alias_maps = "
                      f"hash:{patient.directory}/virtual\n"
                      "alias_maps = hash:/etc/aliases\n"
                      "sender_bcc_maps = tcp:127.0.0.1:9\n"
                      "relay_domains = static:{yes, of course}\n")
        config = OURS.replace("@QUEUE@/socketmap/s.sock",
                              f"{patient.directory}/2.sock") + out
        with Daemon(config, patient.directory) as daemon, \
                Client(daemon.endpoint) as client:
            assert client.lookup("virtual_alias_maps", "abuse@example.org") \
                == ("OK", b"alice")
            assert client.lookup("relay_domains", "x") == (
                "OK", b"yes, of course")


@case("a name that we have is taken: another one")
def _():
    with Patient(OURS.replace("[map users]", "[map sender_bcc_maps]")
                 ) as patient:
        out = suggest(patient, "sender_bcc_maps = inline:{a=b}\n")
        has(out, "sender_bcc_maps-2", "table = inline:{a=b}")


done()
