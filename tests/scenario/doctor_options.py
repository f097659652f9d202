#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap doctor: the options of a map that have to agree with Postfix's
parameters; each thing wrong and right."""
from doctor import OURS, Patient
from tap import case, done

SOCK = "socketmap:unix:socketmap/s.sock"
MAP = "[map a]\ntable = inline:{a=b}\n"
VIRTUAL = "search = virtual\nmydomains = mail.example.net\n"
MAPS = f"virtual_alias_maps = {SOCK}:a\n"


def check(patient, main, ours, *wanted):
    """With nothing wanted, nothing is wrong."""
    patient.postfix(main)
    patient.ours(OURS + MAP + ours)
    if wanted:
        patient.ill(*wanted)
    else:
        patient.well()


def fix(line):
    return f"@FILE@: [map a] {line}"


@case("recipient_delimiter")
def _():
    with Patient(OURS + MAP) as patient:
        plus = MAPS + "recipient_delimiter = +\n"
        check(patient, plus, VIRTUAL,
              "virtual_alias_maps: map a has recipient_delimiter not set, not "
              "\"+\" as main.cf's", fix("recipient_delimiter = +"))
        check(patient, plus, VIRTUAL + "recipient_delimiter = -\n",
              "recipient_delimiter = -, not \"+\"",
              fix("recipient_delimiter = +"))
        check(patient, plus, VIRTUAL + "recipient_delimiter = +\n")
        both = VIRTUAL + "recipient_delimiter = -+\n"
        check(patient, plus, both, "recipient_delimiter = -+, not \"+\"",
              fix("recipient_delimiter = +"))
        check(patient, MAPS + "recipient_delimiter = +-\n", both)
        check(patient, MAPS, both, "recipient_delimiter = -+, not \"\"",
              fix("recipient_delimiter ="))
        check(patient, MAPS, VIRTUAL + "recipient_delimiter =\n"
              "[defaults]\nrecipient_delimiter = +\n")
        check(patient, f"transport_maps = {SOCK}:a\nrecipient_delimiter = +",
              "search = transport\n", "transport_maps: map a has recipient_",
              fix("recipient_delimiter = +"))
        check(patient, f"relay_domains = {SOCK}:a\nrecipient_delimiter = +",
              "search = relay-domains\n")


@case("what goes with a search is told with it")
def _():
    with Patient(OURS + MAP) as patient:
        check(patient, MAPS + "recipient_delimiter = +", "",
              "looks for whole keys only", fix("search = virtual"),
              "map a has recipient_delimiter not set",
              fix("recipient_delimiter = +"),
              "map a has mydomains not set", fix(
                  "mydomains = mail.example.net"))


@case("owner_request_special: only with a delimiter -")
def _():
    with Patient(OURS + MAP) as patient:
        no = MAPS + "owner_request_special = no\nrecipient_delimiter = "
        check(patient, no + "-", VIRTUAL + "recipient_delimiter = -\n",
              "owner_request_special = yes, not \"no\"",
              fix("owner_request_special = no"))
        check(patient, no + "-", VIRTUAL + "recipient_delimiter = -\n"
              "owner_request_special = no\n")
        check(patient, no + "+", VIRTUAL + "recipient_delimiter = +\n")


@case("propagate_unmatched_extensions")
def _():
    with Patient(OURS + MAP) as patient:
        ours = VIRTUAL + "recipient_delimiter = +\n"
        main = (MAPS + "recipient_delimiter = +\n"
                "propagate_unmatched_extensions = ")
        check(patient, main + "canonical", ours,
              "propagate_unmatched_extensions = canonical, virtual, not "
              "\"canonical\"", fix("propagate_unmatched_extensions = canonical"))
        check(patient, main, ours, "not \"none\" as",
              fix("propagate_unmatched_extensions = none"))
        check(patient, main, ours + "propagate_unmatched_extensions = none\n")
        check(patient, main + "virtual, include", ours)
        check(patient, main + "virtual",
              ours + "propagate_unmatched_extensions = canonical\n",
              "propagate_unmatched_extensions = canonical, not \"virtual\"",
              fix("propagate_unmatched_extensions = virtual"))
        check(patient, f"relay_recipient_maps = {SOCK}:a\n"
              "recipient_delimiter = +\npropagate_unmatched_extensions =\n",
              ours.replace("= virtual", "= address"))


@case("mydomains: myorigin and mydestination")
def _():
    with Patient(OURS + MAP) as patient:
        search = "search = virtual\n"
        check(patient, MAPS, search, "map a has mydomains not set, not \"mail."
              "example.net\" as main.cf's myorigin and mydestination",
              fix("mydomains = mail.example.net"))
        other = MAPS + ("myorigin = example.org\n"
                        "mydestination = $myhostname, localhost\n")
        check(patient, other, VIRTUAL,
              "mydomains = mail.example.net, not \"example.org, mail.example.",
              fix("mydomains = example.org, mail.example.net, localhost"))
        check(patient, other, search +
              "mydomains = localhost Mail.Example.net example.org\n")
        check(patient, MAPS, VIRTUAL.replace(
            "mail.", "[192.0.2.1], old.example.net, mail."),
            "mydomains = [192.0.2.1], old.example.net, mail",
            fix("mydomains = mail.example.net, [192.0.2.1]"))
        check(patient, MAPS, VIRTUAL.replace("mail.", "[192.0.2.1], mail."))


@case("mydestination has a table: ours may have more")
def _():
    with Patient(OURS + MAP) as patient:
        main = MAPS + "mydestination = localhost, inline:{a=b}\n"
        ours = "search = virtual\nmydomains = mail.example.net, a"
        check(patient, main, ours + "\n", "not \"mail.example.net, localhost\"",
              fix("mydomains = mail.example.net, localhost"))
        check(patient, main, ours + ", localhost\n")


@case("myorigin is a file")
def _():
    with Patient(OURS + MAP) as patient:
        path = patient.file_named("mailname", "example.com\n")
        main = MAPS + f"myorigin = {path}"
        check(patient, main, VIRTUAL, "not \"example.com, mail.example.net\"",
              fix("mydomains = example.com, mail.example.net"))
        check(patient, main, VIRTUAL.replace("mail", "example.com, mail"))


@case("parent_domain_matches")
def _():
    with Patient(OURS + MAP) as patient:
        names = "parent_domain_matches_subdomains = "
        relay = f"relay_domains = {SOCK}:a\n"
        ours = "search = relay-domains\n"
        check(patient, relay, ours)
        check(patient, relay + names + "mynetworks", ours,
              "relay_domains: map a has parent_domain_matches = by-search, not "
              "\".domain\" as main.cf's parent_domain_matches_subdomains",
              fix("parent_domain_matches = .domain"))
        check(patient, relay + names + "mynetworks",
              ours + "parent_domain_matches = .domain\n")
        check(patient, relay, ours + "parent_domain_matches = .domain\n",
              "parent_domain_matches = .domain, not \"yes\"",
              fix("parent_domain_matches = yes"))
        helo = f"smtpd_helo_restrictions = check_helo_access {SOCK}:a\n"
        check(patient, helo + names + "relay_domains",
              "search = access-helo\n", "smtpd_helo_restrictions: map a has",
              fix("parent_domain_matches = .domain"))
        check(patient, helo + names + "smtpd_access_maps",
              "search = access-helo\n")
        transport = f"transport_maps = {SOCK}:a\n"
        check(patient, transport, "search = transport\n")
        check(patient, transport + names + "transport_maps",
              "search = transport\n", "transport_maps: map a has",
              fix("parent_domain_matches = yes"))


@case("one map for two parameters that need different parents")
def _():
    with Patient(OURS + MAP) as patient:
        main = (f"relay_domains = {SOCK}:a\nfast_flush_domains = {SOCK}:a\n"
                "parent_domain_matches_subdomains = relay_domains\n")
        check(patient, main, "search = relay-domains\n",
              "fast_flush_domains: map a has parent_domain_matches = by-search,"
              " not \".domain\" as main.cf's parent_domain_matches_subdomains: "
              "other entries count for subdomains; but that is right for "
              "relay_domains: give this one a map of its own",
              "@FILE@: [map fast_flush_domains] parent_domain_matches = "
              ".domain")


@case("told once for a map, and not where no search matters")
def _():
    with Patient(OURS + MAP) as patient:
        check(patient, f"sender_bcc_maps = {SOCK}:a\n"
              f"recipient_bcc_maps = {SOCK}:a\nrecipient_delimiter = +",
              VIRTUAL.replace("= virtual", "= address"),
              "recipient_delimiter not set", fix("recipient_delimiter = +"))
        check(patient, f"sender_bcc_maps = {SOCK}:users\n"
              "recipient_delimiter = +", "")


done()
