#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ldap tables: the same server and the same .cf file asked by Postfix and by
us."""
import tempfile

from differential import Round, compare, print_counts, write
from ending import end_on_signals
from hostile import SEED, keys, plain_address, rng_of
from ports import free_port
from slapd import GUARDED, PASSWORD, READER, SUFFIX, Server, entry
from tap import case, done

PEOPLE = 200
VARIANTS = 40
KEYS = 150
LEAST = 5000
DOMAINS_THERE = ["example.org", "example.com", "mx.example.org", "org",
                 "exämple.net"]

# Entries that a careless reader takes for another answer.
ODD = {
    "none": {}, "one": {"maildrop": "1"}, "number": {"maildrop": "7"},
    "many": {"maildrop": [f"value{number}" for number in range(20)]},
    "empty": {"bytes": [b"", b"x"]}, "all-empty": {"bytes": b""},
    "blank": {"maildrop": " a  b "}, "lines": {"bytes": b"a\nb"},
    "local": {"maildrop": ["@d", "a@", "b"]}, "comma": {"maildrop": "a, b"},
    "percent": {"maildrop": "%s%u%%"}, "quote'": {"maildrop": "it's"},
    '"a b"@x': {"maildrop": "quoted"}, "ä@x": {"maildrop": "ü@ö"},
    "back\\slash": {"maildrop": "\\"}, "*": {"maildrop": "star"},
    "a)(b": {"maildrop": "parentheses"}, "(": {"maildrop": "one of them"},
    "a@b.c.d.e.f.g.h.i.j.k": {"maildrop": "deep@x.y"},
    "long": {"maildrop": "x" * 5000}, "case": {"maildrop": "Upper@Case"},
    "mail": {"mail": ["a@b", "c@d"], "maildrop": "e@f"},
    "lang": {"mail": "plain", "mail__lang_en": "english",
             "mail__lang_de": "deutsch"},
    "sub": {"forward": "forwarded", "maildrop": "dropped"},
}
SERVERLESS = ("ldap, a server_host that names no server: every key fails for "
              "Postfix, ours is refused")
LINKS = {
    "leads": {"maildrop": "first", "link": "cn=one," + SUFFIX},
    "leads2": {"maildrop": "second", "link": [
        "cn=leads," + SUFFIX, "cn=many," + SUFFIX, "cn=one," + SUFFIX],
        "leaf": "inner"},
    "leads3": {"link": ["cn=leads2," + SUFFIX, "cn=leaf," + SUFFIX]},
    "leaf": {"leaf": "a leaf"},
    "end": {"terminal": "end", "maildrop": "no", "link": "cn=one," + SUFFIX},
    "gone": {"maildrop": "left", "link": "cn=nobody," + SUFFIX},
    "broken": {"link": "no name"}, "malformed": {"link": "ldap://[x"},
    "loop": {"maildrop": "x", "link": "cn=loop," + SUFFIX},
    "url": {"link": f"ldap:///{SUFFIX}?maildrop?sub?(key=one)"},
    "url-all": {"link": f"ldap:///cn=leads,{SUFFIX}"},
    "url-many": {"link": f"ldap://x.example/{SUFFIX}??sub?(key=m*)"},
    "url-none": {"link": f"ldap:///{SUFFIX}?cn?sub?(key=one)"},
    "url-lang": {"link": f"ldap:///cn=lang,{SUFFIX}?mail;lang-en,cn"},
    "url-bad": {"link": f"ldap:///{SUFFIX}?maildrop?sub?(key=one"},
    "url-gone": {"link": f"ldap:///cn=nobody,{SUFFIX}"},
    "mixed1": {"terminal": "t", "maildrop": "m", "leaf": "l", "mail": "mixed"},
    "mixed2": {"maildrop": "m2", "leaf": "l2", "mail": "mixed"},
    "mixed3": {"link": "cn=one," + SUFFIX, "leaf": "l3", "mail": "mixed"},
    "mixed4": {"leaf": "l4", "mail": "mixed"},
    "mixed5": {"terminal": "t5", "leaf": "l5", "mail": "mixed"},
    "member": {"memberdn": ["cn=one," + SUFFIX, "cn=leads2," + SUFFIX]},
}

FILTERS = [
    "(key=%s)", "key=%s", "(|(key=%s)(key=@%d))", "(&(objectClass=*)(key=%S))",
    "(key=%u@%d)", "(key=%U@%D)", "(mailacceptinggeneralid=%s)", "(key=%s)",
    "(mailacceptinggeneralid=%u*)", "(mailacceptinggeneralid=*%d)",
    "(|(cn=%u)(key=%2.%1))", "(key=%u)", "(key=%9)", "(&(key=%s)(maildrop=*))",
    "(&(key=%s)(!(maildrop=%s)))", "(mail=%s)", "(key~=%s)", "(key:=%s)",
    "(nothing=%s)", "(key=one)", "(key=%s%%)", "(maildrop>=%s)", None,
]
ODD_FILTERS = ["", "(key=%s", "key=%s)", "(key=%x)", "(key=%", "%s", "()",
               "(&)", "(key=\\2)", "(objectClass=*)"]
FORMATS = ["%s", "%u", "%d", "%s@example.org", "[%s]", "%%%s", "%U:%s", "%D",
           "%1.%s", "smtp:[%d]:25", "x", "%s %s", "%S", "%2", ""]
ODD_FORMATS = ["%", "%x", "%%%", "%0"]
BASES = [SUFFIX] * 3 + ["ou=people," + SUFFIX, "ou=%d,ou=people," + SUFFIX,
                        "cn=%u," + SUFFIX, "cn=%s," + SUFFIX, "dc=%1",
                        "ou=%d,ou=%d,ou=people," + SUFFIX, "dc = example, "
                        "dc = org", "dc=%%", "ou=nothing," + SUFFIX, "dc=%x",
                        "", GUARDED]
DOMAINS = ["example.org", "example.org, example.com", "!example.org, .example",
           "EXAMPLE.org exämple.net", "mx.example.org,other.example", "",
           "inline:{example.org=x}", ".org", "@DIR@/domains"]
ATTRIBUTES = ["maildrop", "maildrop, mail", "mail", "bytes maildrop", "MailDrop",
              "mail;lang-en", "forward", "", "*", "cn"]


def person(name, place, **attributes):
    return entry(f"cn={name}" + (f",ou={place},ou=people" if place else ""),
                 objectClass="mailEntry", cn=name, **attributes)


def unit(name):
    return entry(f"ou={name}", objectClass="organizationalUnit",
                 ou=name.partition(",")[0])


def fill():
    rng = rng_of("directory")
    entries = [unit("people")]
    entries += [unit(f"{name},ou=people") for name in DOMAINS_THERE]
    for number in range(PEOPLE):
        # As they are asked for, folded.
        address = plain_address(rng, PEOPLE).decode().casefold()
        addresses.append(address.encode())
        entries.append(person(
            str(number), address.rpartition("@")[2], key=address,
            mailacceptinggeneralid=address,
            maildrop=f"box{number}@other.example",
            mail=f"mail{number}@other.example"))
    for name in DOMAINS_THERE:
        entries.append(person("catchall", name, key="@" + name,
                              maildrop="catchall"))
        entries.append(person("domain", name, key=name, maildrop="ok"))
    for number, (key, attributes) in enumerate({**ODD, **LINKS}.items()):
        name = key if key.replace("-", "").isalnum() else f"odd{number}"
        entries.append(person(name, "", key=key, **attributes))
    entries.append(entry("cn=secret," + GUARDED, objectClass="mailEntry",
                         cn="secret", key="secret", maildrop="guarded"))
    server.add(*entries)


def table(name, asked, wanted=None, **options):
    """A .cf file with a line for each option."""
    text = server.options(**options).replace("@DIR@", directory.name)
    path = write(f"{directory.name}/{name}.cf", text.encode())
    return Round(b"ldap:" + path, asked, wanted or {})


def stored():
    return addresses + [key.encode() for key in [*ODD, *LINKS]] + [
        b"@example.org", b"@", b"example.org", b"a@b.c.d.e.f.g.h.i.j.k"]


def random_links(rng):
    """What is given of the options for attributes."""
    options = {"special_result_attribute": "link, memberdn",
               "leaf_result_attribute": rng.choice(["leaf", "leaf mail", ""]),
               "terminal_result_attribute": rng.choice(["terminal", ""]),
               "recursion_limit": rng.choice(["1", "2", "3", "20"])}
    return {name: value for name, value in options.items()
            if rng.random() < 0.8}


def random_round(number):
    rng = rng_of("ldap", number, oddness=[0, 0.02, 0.1])
    options = {"query_filter": FILTERS[number % len(FILTERS)]}
    for name, values, often in (
            ("search_base", BASES, 0.4), ("result_format", FORMATS, 0.4),
            ("result_filter", FORMATS[:-1], 0.1), ("domain", DOMAINS, 0.2),
            ("expansion_limit", ["0", "1", "2", "20"], 0.2),
            ("size_limit", ["0", "1", "2", "20"], 0.2),
            ("scope", ["sub", "one", "base", "SUB", "all"], 0.2),
            ("result_attribute", ATTRIBUTES, 0.4),
            ("bind", ["yes", "no", "NONE", "simple"], 0.2),
            ("dereference", ["0", "1", "2", "3", "4"], 0.1)):
        if rng.random() < often:
            options[name] = rng.choice(values)
    if rng.random() < 0.5:
        options.update(random_links(rng))
    if rng.is_odd():
        name, values = rng.choice([
            ("query_filter", ODD_FILTERS), ("result_format", ODD_FORMATS),
            ("expansion_limit", ["", "x", "1x", "10s", "0x1"]),
            ("recursion_limit", ["0", "", "x"]), ("size_limit", ["x", ""]),
            ("domain", ["nope:x", "/nonexistent", "fail:x"]),
            ("bind", ["maybe", ""]), ("scope", [""]),
            ("server_host", ["", "ldap://[x"]), ("cache", ["yes"])])
        options[name] = rng.choice(values)
    if options.get("server_host") == "ldap://[x":
        # Keys of no domain are not asked for: else Postfix fails as we do.
        options["domain"] = "example.org"
    asked = keys(rng, stored(), KEYS) + [b"example.org", b"@example.org", b""]
    one = table(f"random{number}", list(dict.fromkeys(asked)), **options)
    if options.get("server_host") == "ldap://[x":
        one.wanted_refusal = SERVERLESS
    return one


def compare_named(rounds, least_found):
    """rounds: (name, keys, options) each."""
    tables = [table(name, [key.encode() for key in asked.split()], **options)
              for name, asked, options in rounds]
    compare("ldap", tables, least_found, sum(len(one.keys) for one in tables))


end_on_signals()
print("# SEED", SEED)
directory = tempfile.TemporaryDirectory(prefix="differential-")
server = Server(tls=True)
addresses = []
write(directory.name + "/domains", b"example.org\n# no\nother.example\n")
fill()
WORDS = " ".join(key for key in [*ODD, *LINKS] if " " not in key)


@case("ldap: random options")
def _():
    compare("ldap", [random_round(number) for number in range(VARIANTS)],
            300, LEAST)


@case("ldap: every odd filter")
def _():
    asked = [b"one", b"'", b"*", b"a)(b", b"nobody"]
    compare("ldap", [table(f"odd{number}", asked, query_filter=query)
                     for number, query in enumerate(ODD_FILTERS)], 0, 0)


@case("ldap: attributes of all kinds")
def _():
    special = {"special_result_attribute": "link memberdn"}
    leaves = {"leaf_result_attribute": "leaf"}
    ends = {"terminal_result_attribute": "terminal"}
    kinds = [{}, special, {**special, **leaves}, {**special, **ends},
             {**special, **leaves, **ends}, {**leaves, **ends},
             {**special, "result_attribute": "mail mail;lang-en"},
             {"result_attribute": "", **leaves, **special}]
    compare_named([(f"kinds{number}", WORDS, {"recursion_limit": 30, **options})
                   for number, options in enumerate(kinds)], 100)


@case("ldap: several entries for one key, of different kinds")
def _():
    special = {"special_result_attribute": "link",
               "terminal_result_attribute": "terminal"}
    patterns = ["(mail=*)", "(|(cn=mixed2)(cn=mixed3)(cn=mixed4))",
                "(|(cn=mixed3)(cn=mixed5))", "(|(cn=mixed1)(cn=mixed3))"]
    compare_named([(f"several{number}{leaf}", "mixed", {
        "query_filter": f"(&(mail=%s){pattern})", **special,
        "leaf_result_attribute": leaf})
        for number, pattern in enumerate(patterns) for leaf in ("leaf", "")], 6)


@case("ldap: limits")
def _():
    compare_named([one for limit in ("1", "2", "19", "20", "21") for one in (
        ("values" + limit, "many one number mail", {"expansion_limit": limit}),
        ("entries" + limit, "mixed nobody", {"size_limit": limit,
                                             "query_filter": "(mail=%s)"}),
        ("depth" + limit, "one leads leads2 leads3", {
            "recursion_limit": limit, "special_result_attribute": "link"}))],
        25)


@case("ldap: who logs in, in which way, and to whom")
def _():
    who = {"bind_dn": READER, "bind_pw": PASSWORD}
    other = free_port()
    ways = [
        who, {**who, "bind": "no"}, {**who, "bind": "simple"},
        {**who, "bind_pw": "wrong"}, {"bind_dn": READER},
        {**who, "search_base": GUARDED}, {"search_base": GUARDED},
        {"server_host": server.unix},
        {"server_host": "127.0.0.1", "server_port": server.port},
        {"server_host": f"127.0.0.1:{other} 127.0.0.1:{server.port}"},
        {"server_host": f"ldap://[x, {server.url}"},
        {"server_host": f"127.0.0.1:{other}"},
        {"server_host": "nowhere.invalid"},
        {"server_host": server.tls_url}, {"start_tls": "yes"},
        {"start_tls": "yes", "tls_require_cert": "yes"},
        {"server_host": server.tls_url, "tls_require_cert": "yes",
         "tls_ca_cert_file": server.authority},
        {"server_host": server.tls_url, "tls_ca_cert_file": "/nothing"}]
    compare_named([(f"login{number}", "secret one nobody", options)
                   for number, options in enumerate(ways)], 11)


@case("ldap: SASL")
def _():
    nobody = {"bind": "sasl"}
    who = {"bind": "sasl", "bind_dn": "reader", "bind_pw": PASSWORD}
    proxy = {**who, "bind_dn": "proxy"}
    external = {**nobody, "sasl_mechs": "EXTERNAL"}
    ways = [
        {**who, "sasl_mechs": "DIGEST-MD5"}, {**who, "sasl_mechs": "CRAM-MD5"},
        {**who, "sasl_mechs": "SCRAM-SHA-1"}, {**who, "bind": "SASL"},
        {**who, "sasl_mechs": "NOTHING, scram-sha-256"},
        {**who, "sasl_mechs": "NOTHING"}, {**who, "sasl_mechs": "PLAIN"},
        {**who, "sasl_mechs": "PLAIN", "start_tls": "yes"},
        {**who, "sasl_mechs": "PLAIN", "server_host": server.unix},
        {**who, "sasl_mechs": "DIGEST-MD5", "bind_pw": "wrong"},
        {**who, "sasl_mechs": "DIGEST-MD5", "sasl_realm": "other"},
        {**who, "bind_dn": READER}, {**who, "bind": "yes"}, nobody,
        {**proxy, "sasl_authz_id": "dn:" + READER}, proxy,
        {**proxy, "sasl_authz_id": "u:reader"},
        {**who, "sasl_authz_id": "u:proxy"},
        {**external, "server_host": server.unix}, external,
        {**external, "server_host": server.tls_url, **server.client},
        {**external, "server_host": server.tls_url}]
    compare_named([(f"sasl{number}", "secret one nobody", options)
                   for number, options in enumerate(ways)], 20)


@case("ldap: a domain list, and a server that is down")
def _():
    compare_named([("down", "@example.org example.org a@b.c user@ @ "
                    "a@other.example a@example.org", {
                        "domain": "example.org",
                        "server_host": f"127.0.0.1:{free_port()}"})], 0)


@case("ldap: where we differ, and want to")
def _():
    down = f"127.0.0.1:{free_port()}"
    why = "no search is made of the key: not found, though the server is down"
    wanted = {b"a": why, b"@example.org": why}
    compare("ldap", [
        table("domain", list(wanted), wanted, query_filter="(key=%u@%d)",
              server_host=down),
        table("strength", [b"one"], {
            b"one": "sasl_minssf counts: Postfix forgets about it"},
              bind="sasl", bind_dn="reader", bind_pw=PASSWORD,
              sasl_mechs="DIGEST-MD5", sasl_minssf="200"),
        table("version", [b"one", b"nobody"], {
            b"one": "version 3 is spoken, whatever the file says",
            b"nobody": "version 3 is spoken, whatever the file says"},
              version="2")], 0, 5)


@case("ldap: a .cf file that is not there, and one that is no file")
def _():
    compare("ldap", [Round(b"ldap:/nonexistent.cf", [b"a"])], 0, 0)


print_counts()
server.close()
directory.cleanup()
done()
