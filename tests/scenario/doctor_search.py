#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap doctor: whether a map has the search of the parameter that uses
it; each thing wrong and right."""
from doctor import OURS, Patient
from tap import case, done

SOCK = "socketmap:unix:socketmap/s.sock"
PLAIN = "[map plain]\ntable = inline:{a=b}\n"
MINE = "mydomains = mail.example.net\n"

# What one parameter of each search needs besides.
NEEDS = {
    "virtual_alias_maps": ("virtual", MINE),
    "canonical_maps": ("canonical", MINE),
    "smtp_generic_maps": ("generic", MINE),
    "relay_recipient_maps": ("address", MINE),
    "smtpd_sender_login_maps": ("address", MINE),
    "transport_maps": ("transport", ""),
    "relay_domains": ("relay-domains", ""),
    "mynetworks": ("network", ""),
}
CHECKS = {
    "check_sender_access": "access-mail",
    "check_client_access": "access-client",
    "check_helo_access": "access-helo",
}


def plain(patient, lines=""):
    patient.ours(OURS + PLAIN + lines)


def fix(search, name="plain"):
    return f"@FILE@: [map {name}] search = {search}"


@case("none, and the one that each parameter needs")
def _():
    with Patient(OURS + PLAIN) as patient:
        for name, (search, needs) in NEEDS.items():
            patient.postfix(f"{name} = {SOCK}:plain")
            plain(patient, needs)
            patient.ill(f"{name}: map plain looks for whole keys only",
                        fix(search))
            plain(patient, f"search = {search}\n{needs}")
            patient.well()
        for name, search in CHECKS.items():
            patient.postfix("smtpd_sender_restrictions = "
                            f"{name} {SOCK}:plain")
            plain(patient)
            patient.ill("smtpd_sender_restrictions: map plain looks for whole "
                        "keys only", fix(search))
            plain(patient, f"search = {search}\n")
            patient.well()


@case("parameters of whole keys")
def _():
    with Patient(OURS + PLAIN) as patient:
        plain(patient)
        for name in ("virtual_alias_domains", "mydestination",
                     "smtp_tls_policy_maps", "header_checks"):
            patient.postfix(f"{name} = {SOCK}:plain\nrecipient_delimiter = +")
            patient.well()


@case("what is lost is said")
def _():
    with Patient(OURS + PLAIN) as patient:
        plain(patient, MINE)
        patient.postfix(f"virtual_alias_maps = {SOCK}:plain")
        patient.ill("also find user alone, and @domain", fix("virtual"))
        plain(patient, MINE + "recipient_delimiter = +\n")
        patient.postfix(f"virtual_alias_maps = {SOCK}:plain\n"
                        "recipient_delimiter = +")
        patient.ill("also find user@domain for user+ext@domain, user alone",
                    fix("virtual"))
        plain(patient)
        patient.postfix(f"transport_maps = {SOCK}:plain")
        patient.ill("also find the entries of domains", fix("transport"))


@case("exact because somebody wants it: only extensions are told of")
def _():
    with Patient(OURS + PLAIN) as patient:
        plain(patient, "search = exact\n")
        patient.postfix(f"virtual_alias_maps = {SOCK}:plain")
        patient.well()
        patient.postfix(f"relay_domains = {SOCK}:plain\n"
                        "recipient_delimiter = +")
        patient.well()
        plain(patient, "search = exact\nrecipient_delimiter = +\n" + MINE)
        patient.postfix(f"virtual_alias_maps = {SOCK}:plain\n"
                        "recipient_delimiter = +")
        patient.ill("looks for whole keys only", fix("virtual"))
        patient.ours(OURS + PLAIN + "[defaults]\nsearch = exact\n")
        patient.postfix(f"virtual_alias_maps = {SOCK}:plain")
        patient.well()


@case("tables for which no search matters")
def _():
    with Patient(OURS + PLAIN) as patient:
        patient.postfix(f"virtual_alias_maps = {SOCK}:plain\n"
                        "recipient_delimiter = +")
        for table in "static:x", "static:x, fail:y":
            patient.ours(OURS + PLAIN.replace("inline:{a=b}", table))
            patient.well()
        patient.ours(OURS + PLAIN.replace("inline:{a=b}",
                                          "static:x, inline:{a=b}"))
        assert patient.examine()[0] == 1


@case("the search of another parameter")
def _():
    with Patient(OURS + PLAIN) as patient:
        plain(patient, "search = virtual\n" + MINE)
        patient.postfix(f"smtpd_sender_login_maps = {SOCK}:plain")
        patient.ill("smtpd_sender_login_maps: map plain has search = virtual, "
                    "and Postfix looks for other keys there", fix("address"))
        plain(patient, "search = relay-domains\n")
        patient.postfix(f"mydestination = {SOCK}:plain")
        patient.ill("mydestination: map plain has search = relay-domains",
                    fix("exact"))
        plain(patient, "search = sender-login\n" + MINE)
        patient.postfix(f"smtpd_sender_login_maps = {SOCK}:plain")
        patient.well()


@case("one that is as good")
def _():
    with Patient(OURS + PLAIN) as patient:
        plain(patient, "search = virtual\n" + MINE)
        patient.postfix(f"virtual_alias_maps = {SOCK}:plain\n"
                        "virtual_alias_domains = $virtual_alias_maps\n"
                        f"relay_recipient_maps = {SOCK}:plain")
        patient.well()


@case("one map for two parameters that need different ones")
def _():
    two = (f"virtual_alias_maps = {SOCK}:plain\n"
           "smtpd_sender_login_maps = $virtual_alias_maps\n")
    with Patient(OURS + PLAIN) as patient:
        patient.postfix(two)
        plain(patient, "search = virtual\n" + MINE)
        patient.ill("virtual_alias_maps and smtpd_sender_login_maps use map "
                    "plain, but need different searches (virtual, address)",
                    fix("address", "smtpd_sender_login_maps"))
        plain(patient, "search = address\n" + MINE)
        patient.ill("smtpd_sender_login_maps and virtual_alias_maps use map "
                    "plain, but need different searches (address, virtual)",
                    fix("virtual", "virtual_alias_maps"))
        plain(patient, MINE)
        status, out = patient.examine()
        assert status == 1 and out.count("  fix: ") == 2, out
        assert "map plain looks for whole keys only" in out, out
        assert "need different searches" in out, out


@case("told once for several services")
def _():
    master = ("submission inet n - n - - smtpd\n"
              f"  -o smtpd_sender_login_maps={SOCK}:plain\n"
              "smtps inet n - n - - smtpd\n"
              f"  -o smtpd_sender_login_maps={SOCK}:plain\n")
    with Patient(OURS + PLAIN, master=master) as patient:
        plain(patient, MINE)
        patient.ill("smtpd_sender_login_maps: map plain looks for whole keys",
                    fix("address"))


@case("a socketmap inside of another table is asked for what that is")
def _():
    with Patient(OURS + PLAIN) as patient:
        plain(patient)
        patient.postfix(f"virtual_alias_maps = unionmap:{{{SOCK}:plain}}")
        patient.well()


done()
