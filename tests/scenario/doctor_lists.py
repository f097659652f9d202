#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap doctor: a map with a search beside other tables in a list, where
its entry of a domain would win over theirs of a user; each thing wrong and
right."""
from doctor import OURS, Patient
from tap import case, done

SOCK = "socketmap:unix:socketmap/s.sock"
OURS_TOO = OURS + """\
[map more]
table = inline:{c=d}, inline:{e=f}
search = virtual
mydomains = mail.example.net
[map exact]
table = inline:{g=h}
search = exact
[map ruled]
table = inline:{k=l}
search = virtual
mydomains = mail.example.net
[map secret]
table = inline:{i=secret}
search = virtual
mydomains = mail.example.net
secret = yes
"""
TABLE = "inline:{a@example.org=b@example.org}"


def check(patient, maps, *wanted):
    """maps: SOCK:NAME as @NAME. wanted: the other table and the whole list."""
    patient.postfix("virtual_alias_maps = " + maps.replace("@", SOCK + ":"))
    if not wanted:
        patient.well()
        return
    name, table, tables = wanted
    patient.ill(f"virtual_alias_maps: map {name} has search = virtual, so that "
                "its entries of a domain win over those of a user in "
                f"{table.replace('@', SOCK + ':')}: let it",
                f"@FILE@: [map {name}] table = {tables}")


@case("a table before or behind")
def _():
    with Patient(OURS_TOO) as patient:
        check(patient, "@virtual")
        check(patient, "@virtual, inline:{x=y}", "virtual", "inline:{x=y}",
              f"{TABLE}, inline:{{x=y}}")
        check(patient, "inline:{x=y} @virtual", "virtual", "inline:{x=y}",
              f"inline:{{x=y}}, {TABLE}")
        check(patient, "@exact, inline:{x=y}")


@case("tables that are built: what we would have")
def _():
    with Patient(OURS_TOO) as patient:
        path = patient.file_named("x")
        check(patient, f"@virtual, proxy:sdbm:{path}", "virtual",
              f"proxy:sdbm:{path}", f"{TABLE}, texthash:{path}")


@case("static: and fail: take any key; patterns take whole ones, before others")
def _():
    with Patient(OURS_TOO) as patient:
        check(patient, "@virtual, static:x")
        check(patient, "static:x, @virtual")
        check(patient, "fail:x, @virtual")
        check(patient, "regexp:/no/file, @virtual")
        check(patient, "@exact, @virtual")
        check(patient, "@virtual, @exact", "virtual", "@exact",
              f"{TABLE}, inline:{{g=h}}")


@case("two maps of ours")
def _():
    with Patient(OURS_TOO) as patient:
        check(patient, "@more, @virtual", "more", "@virtual",
              f"inline:{{c=d}}, inline:{{e=f}}, {TABLE}")


@case("what can't be served is said")
def _():
    with Patient(OURS_TOO) as patient:
        patient.postfix(f"virtual_alias_maps = {SOCK}:virtual, nisplus:x")
        patient.ill("let it stand there alone; but nisplus: a table type "
                    "of Postfix that is not served here",
                    f"@FILE@: [map virtual] table = {TABLE}")
        patient.ours(OURS_TOO.replace("[map secret]",
                                      "result_format = %s\n[map secret]"))
        patient.postfix(f"virtual_alias_maps = {SOCK}:ruled, inline:{{x=y}}")
        patient.ill("let it stand there alone; but map ruled has a query, "
                    "domain, result_format or expansion_limit of its own",
                    "@FILE@: [map ruled] table = inline:{k=l}, inline:{x=y}")


@case("the data of a secret map is not printed")
def _():
    with Patient(OURS_TOO) as patient:
        check(patient, "@secret, inline:{x=y}", "secret", "inline:{x=y}",
              "..., inline:{x=y}")


@case("lists of domains or recipients have no order")
def _():
    with Patient(OURS_TOO) as patient:
        for name in "virtual_alias_domains", "relay_recipient_maps":
            patient.postfix(f"{name} = {SOCK}:virtual, inline:{{x=y}}")
            patient.well()


done()
