#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ldap tables, through a daemon, whatever the server does: each answer is of
its own key, and what cannot be known is never "not found"."""
import contextlib
import os
import signal
import threading
import time

import table_maps
from ending import end_on_signals
from ldap_messages import (BIND_DONE, Impostor, attributes, challenge, done,
                           entry_message, message)
from ports import free_port
from slapd import (GUARDED, PASSWORD, PATIENCE, READER, SUFFIX, Server,
                   entry)
from table_maps import DEADLINE, FAILED, check_neighbour, in_threads
from tap import case
from tap import done as all_done


class Maps(table_maps.Maps):
    def __init__(self, tables, deadline=DEADLINE, **settings):
        super().__init__("ldap", tables, deadline, secret=PASSWORD, **settings)


@contextlib.contextmanager
def leaks_forgiven():
    """For what makes libldap leak: it alone may."""
    path = os.path.dirname(table_maps.__file__) + "/libldap.supp"
    os.environ["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + path
    try:
        yield
    finally:
        del os.environ["LSAN_OPTIONS"]


def mail_entry(name, **attributes):
    return entry("cn=" + name, objectClass="mailEntry", cn=name, **attributes)


def people():
    """What most of the cases ask for."""
    down, top = "cn=down," + SUFFIX, "cn=top," + SUFFIX
    return [
        mail_entry("a", key="a@b.c", maildrop="x@y", mail="a@mail"),
        mail_entry("many", key="many@b.c", maildrop=["1", "2", "3"]),
        mail_entry("two1", key="two@b.c", maildrop="one"),
        mail_entry("two2", key="two@b.c", maildrop="two", mail="m@two"),
        mail_entry("none", key="none@b.c", description="no value"),
        mail_entry("empty", key="empty@b.c", bytes=b""),
        mail_entry("first", key="first@b.c", bytes=[b"", b"x"]),
        mail_entry("big", key="big@b.c", maildrop="x" * 99997),
        mail_entry("bigger", key="bigger@b.c", maildrop="x" * 99998),
        mail_entry("folded", key="strasse@b.c", maildrop="folded"),
        mail_entry("nul", key="nul", bytes=b"v\0w"),
        mail_entry("text", key="bytes@b.c", maildrop="ä", bytes=b"\xff"),
        mail_entry("domain", key="b.c", maildrop="domain"),
        mail_entry("lang", key="lang@b.c", mail="plain", mail__lang_en="english"),
        mail_entry("sub", key="sub@b.c", forward="supertype's"),
        # Entries that lead to others.
        mail_entry("top", key="top", maildrop="top", link=down, leaf="top leaf"),
        mail_entry("down", key="down", maildrop="down", leaf="down leaf"),
        mail_entry("gone", key="gone", maildrop="here",
                   link=["cn=nobody," + SUFFIX, down]),
        mail_entry("loop", key="loop", maildrop="loop", link="cn=loop," + SUFFIX),
        mail_entry("tree", key="tree", link=[top, down, "cn=a," + SUFFIX]),
        mail_entry("url", key="url", link=[
            f"ldap:///{SUFFIX}?maildrop?sub?(key=two@b.c)",
            f"ldap://nowhere.example/cn=a,{SUFFIX}"]),
        mail_entry("url-other", key="url-other", maildrop="itself",
                   link=f"ldap:///{SUFFIX}?description?sub?(key=two@b.c)"),
        mail_entry("url-bad", key="url-bad", link="ldap://[x/"),
        mail_entry("dn-bad", key="dn-bad", link="no name"),
        mail_entry("terminal", key="terminal", terminal="only this",
                   maildrop="not this", link=down),
        mail_entry("member", key="member", memberdn=[down, top]),
        entry("cn=secret," + GUARDED, objectClass="mailEntry", cn="secret",
              key="secret@b.c", maildrop="guarded")]


def options(**given):
    return server.options(**given)


end_on_signals()
server = Server(tls=True)
server.add(*people())


@case("values: found, absent, empty, several values and entries, large")
def _():
    with Maps({
            "m": options(), "mail": options(result_attribute="mail"),
            "both": options(result_attribute="mail, maildrop",
                            result_format="<%s>"),
            "bytes": options(result_attribute="bytes"),
            "limit": options(expansion_limit=2),
            "entries": options(size_limit=1),
            "lang": options(result_attribute="mail;lang-en"),
            "super": options(result_attribute="maildrop"),
            "all": options(query_filter="(objectClass=mailEntry)",
                           size_limit=2)}) as maps:
        assert maps.value("m", "a@b.c") == "x@y"
        assert maps.value("m", "A@B.C") == "x@y"
        assert maps.value("m", "Straße@b.c") == "folded"
        assert maps.value("m", "many@b.c") == "1,2,3"
        assert maps.value("m", "two@b.c") == "one,two"
        for key in ("none@b.c", "nobody@b.c", "empty@b.c", "", "*", "a*",
                    "a@b.c)(key=*", "\\61@b.c", b"\xff"):
            assert maps.value("m", key) == "NOTFOUND", key
        assert maps.value("m", "big@b.c") == "x" * 99997
        assert maps.failure("m", "bigger@b.c")
        assert maps.value("m", "bytes@b.c") == "ä"
        assert maps.failure("bytes", "bytes@b.c")
        assert maps.failure("bytes", "nul")
        assert maps.value("bytes", "empty@b.c") == "NOTFOUND"
        assert maps.value("bytes", "first@b.c") == "x"
        assert maps.value("mail", "two@b.c") == "m@two"
        assert maps.value("both", "a@b.c") == "<x@y>,<a@mail>"
        assert maps.value("mail", "lang@b.c") == "plain,english"
        assert maps.value("lang", "lang@b.c") == "english"
        # Asked for the supertype the server gives others, by their own names.
        assert maps.value("super", "sub@b.c") == "NOTFOUND"
        assert maps.value("limit", "two@b.c") == "one,two"
        assert "expansion_limit" in maps.failure("limit", "many@b.c")
        assert maps.value("entries", "many@b.c") == "1,2,3"
        assert "limit" in maps.failure("entries", "two@b.c")
        assert "limit" in maps.failure("all", "a")
        assert maps.value("limit", "a@b.c") == "x@y"


@case("search_base: of the key, escaped; missing; scopes")
def _():
    server.add(
        *(entry(f"ou={name}", objectClass="organizationalUnit", ou=ou)
          for name, ou in (("b.c", "b.c"), ("d\\2Ce\\2Cou\\3Df", "d,e,ou=f"),
                           ("\\20\\23x", " #x"))),
        *(entry(f"cn=x,ou={name}", objectClass="mailEntry", cn="x",
                key="in@" + key, maildrop="below " + key)
          for name, key in (("b.c", "b.c"), ("d\\2Ce\\2Cou\\3Df", "d,e,ou=f"),
                            ("\\20\\23x", " #x"))))
    by_domain = "ou=%d," + SUFFIX
    with Maps({
            "m": options(search_base=by_domain),
            "one": options(search_base=by_domain, scope="one"),
            "base": options(search_base="cn=x," + by_domain, scope="BASE"),
            "base-only": options(search_base=by_domain, scope="base"),
            "fixed": options(search_base="ou=nothing," + SUFFIX),
            "percent": options(search_base="ou=%%d," + SUFFIX),
            "wrong": options(search_base="no name"),
            "none": options(search_base=None)}) as maps:
        for name in ("m", "one", "base"):
            for key in ("b.c", "d,e,ou=f", " #x"):
                assert maps.value(name, "in@" + key) == "below " + key, key
        for key in ("in@nothing", "in@b.c,ou=x", "in", "in@", "other@b.c"):
            assert maps.value("m", key) == "NOTFOUND", key
        assert maps.value("base-only", "in@b.c") == "NOTFOUND"
        for name in ("fixed", "percent", "none"):
            assert "No such object" in maps.failure(name, "a@b.c"), name
        assert "Invalid DN syntax" in maps.failure("wrong", "a@b.c")
        assert maps.value("m", "in@b.c") == "below b.c"


@case("entries that lead to others, by their names and by URLs, with limits")
def _():
    special = {"special_result_attribute": "link memberdn"}
    leaves = {"result_attribute": "maildrop",
              "leaf_result_attribute": "leaf",
              "terminal_result_attribute": "terminal", **special}
    with Maps({
            "m": options(**special), "leaves": options(**leaves),
            "none": options(),
            "one": options(recursion_limit=1, **special),
            "two": options(recursion_limit=2, **special),
            "deep": options(recursion_limit=50, **special),
            "values": options(expansion_limit=3, **special),
            "entries": options(size_limit=1, **special)}, deadline=3) as maps:
        assert maps.value("m", "top") == "top,down"
        assert maps.value("m", "member") in ("down,top,down", "top,down,down")
        assert maps.value("m", "tree") == "top,down,down,x@y"
        assert maps.value("m", "gone") == "here,down"
        assert maps.value("m", "url") == "one,two,x@y"
        assert maps.value("m", "url-other") == "itself"
        assert "malformed" in maps.failure("m", "url-bad")
        assert maps.failure("m", "dn-bad")
        assert maps.value("leaves", "top") == "top,down,down leaf"
        assert maps.value("leaves", "terminal") == "only this"
        assert maps.value("none", "top") == "top"
        assert maps.value("one", "down") == "down"
        assert "recursion_limit" in maps.failure("one", "top")
        assert maps.value("two", "top") == "top,down"
        assert "recursion_limit" in maps.failure("two", "tree")
        assert "recursion_limit" in maps.failure("deep", "loop")
        assert maps.failure("m", "loop")
        assert "expansion_limit" in maps.failure("values", "tree")
        assert maps.value("entries", "tree") == "top,down,down,x@y"
        assert "limit" in maps.failure("entries", "url")
        assert maps.value("m", "a@b.c") == "x@y"


@case("1,000 hostile keys: found where they are stored, and nowhere else")
def _():
    words = ["'", "\"", "\\", "\\2a", "*", "**", "(", ")", ")(", "(|", "&",
             "|", "!", "%", "%s", "=", "~=", ">=", ":=", ",", "+", ";", "<",
             ">", "#", "\x01", "\r\n", "\t", "ä", "日", "\u2028", "@", "a@b",
             "*)(key=*", "x)(|(key=*", "", " ", "  "]
    keys = sorted({f"{a}{b}{c}" for a in words for b in words
                   for c in ("", "x")} - {""})[:1300]
    stored = keys[::2]
    server.add(entry("ou=hostile", objectClass="organizationalUnit",
                     ou="hostile"),
               *(entry(f"cn={number},ou=hostile", objectClass="mailEntry",
                       cn=str(number), key=key, maildrop=f"v{number}")
                 for number, key in enumerate(stored)))
    values = {key: f"v{number}" for number, key in enumerate(stored)}
    base = "ou=hostile," + SUFFIX
    with Maps({"h": options(search_base=base),
               "b": options(search_base="cn=%s," + base,
                            result_attribute="key")},
              deadline=20) as maps, maps.client() as client:
        for key in keys:
            status, text = client.lookup("h", key)
            expected = values.get(key)
            assert status == ("OK" if expected else "NOTFOUND"), (key, status)
            assert expected is None or text.decode() == expected, (key, text)
            # A name can't have every byte, but none may lead elsewhere.
            status, text = client.lookup("b", key)
            assert status in ("NOTFOUND", "TEMP"), (key, status, text)
        assert len(keys) >= 1000 and len(values) >= 500
        for key in (b"*\0", b"a\0b", b"\0"):
            assert client.lookup("h", key)[0] == "TEMP", key
        for key in (b"\xff", b"a\xc3", b"\xed\xa0\x80"):
            assert client.lookup("h", key)[0] == "NOTFOUND", key


@case("keys without a search are not found, though the server is down")
def _():
    down = {"server_host": f"127.0.0.1:{free_port()}"}
    with Maps({
            "domain": options(domain="b.c", **down),
            "d": options(query_filter="(key=%d)", **down),
            "base": options(search_base="ou=%d," + SUFFIX, **down),
            "user": options(query_filter="(key=%u)", **down),
            "label": options(query_filter="(key=%3)", **down),
            "format": options(result_format="%D", **down),
            "all": options(**down)}) as maps:
        for name, key in (("domain", "a"), ("domain", "@b.c"),
                          ("domain", "b.c"), ("domain", "a@other"), ("d", "a"),
                          ("base", "a"), ("user", "@b.c"), ("label", "a@b.c"),
                          ("format", "a"), ("all", b"\xff"), ("all", "")):
            assert maps.value(name, key) == "NOTFOUND", (name, key)
        for name in ("domain", "d", "base", "user", "format", "all"):
            assert "Connection refused" in maps.failure(name, "a@b.c"), name


@case("the log has one line when a server fails, and one when it works again")
def _():
    with Server() as other:
        other.add(mail_entry("a", key="a", maildrop="x"))
        with leaks_forgiven(), Maps({"m": other.options()}) as maps:
            assert maps.value("m", "a") == "x"
            other.stop()
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                in_threads(4, lambda _: maps.failure("m", "a"))
            other.start()
            maps.wait_found("m", "a")
            maps.daemon.wait_line("works again")
            log = maps.daemon.stderr()
            assert log.count(other.url + ": connect: Connection refused") == 1
            assert log.count(other.url) == 2, log


@case("how servers are named, and that those which are there are asked")
def _():
    port = free_port()
    with Maps({
            "unix": options(server_host=server.unix),
            "host": options(server_host="127.0.0.1", server_port=server.port),
            "port": options(server_host=f"localhost:{server.port}"),
            "second": options(server_host=f"127.0.0.1:{port}, "
                              f"ldapi://%2Fnonexistent {server.url}"),
            "malformed": options(server_host=f"ldap://[x {server.url}"),
            "unknown": options(server_host="nowhere.invalid"),
            "default": options(server_host=f"ldap://127.0.0.1:{port}/o=x")
    }, deadline=5) as maps:
        for name in ("unix", "host", "port", "second", "malformed"):
            for _ in range(3):
                assert maps.value(name, "a@b.c") == "x@y", name
        maps.daemon.wait_line("\"ldap://[x\" is left out")
        assert maps.failure("unknown", "a@b.c")
        assert "Connection refused" in maps.failure("default", "a@b.c")


@case("who logs in, and who may not")
def _():
    who = {"bind_dn": READER, "bind_pw": PASSWORD}
    path = server.directory + "/password"
    with open(path, "w", encoding="utf-8") as file:
        file.write(PASSWORD + "\n")
    with Maps({
            "reader": options(**who), "anonymous": options(),
            "simple": options(bind="SIMPLE", **who),
            "no": options(bind="no", **who), "none": options(bind="none"),
            "file": options(bind_dn=READER, bind_pw_file=path),
            "wrong": options(bind_dn=READER, bind_pw="geheim"),
            "missing": options(bind_dn=READER),
            "nobody": options(bind_dn="cn=x," + SUFFIX, bind_pw="geheim"),
            "base": options(search_base=GUARDED, **who),
            "hidden": options(search_base=GUARDED)}) as maps:
        for name in ("reader", "simple", "file", "base"):
            assert maps.value(name, "secret@b.c") == "guarded", name
        for name in ("anonymous", "no", "none"):
            assert maps.value(name, "secret@b.c") == "NOTFOUND", name
            assert maps.value(name, "a@b.c") == "x@y", name
        assert "No such object" in maps.failure("hidden", "secret@b.c")
        for name in ("wrong", "nobody"):
            assert "Invalid credentials" in maps.failure(name, "a@b.c"), name
        assert maps.failure("missing", "a@b.c")
        assert "geheim" not in maps.daemon.stderr()


def sasl_user(mechanisms=None, name="reader", **given):
    given = {"bind": "sasl", "bind_dn": name, "bind_pw": PASSWORD, **given}
    return options(sasl_mechs=mechanisms, **given)


@case("SASL: who logs in, by passwords, sockets and certificates")
def _():
    path = server.directory + "/password"
    with open(path, "w", encoding="utf-8") as file:
        file.write(PASSWORD + "\n")
    nobody = {"bind": "SASL", "bind_dn": None, "bind_pw": None}
    tls = {"server_host": server.tls_url, "tls_require_cert": "yes",
           "tls_ca_cert_file": server.authority}
    with leaks_forgiven(), Maps({
            "offered": sasl_user(), "digest": sasl_user("DIGEST-MD5"),
            "scram": sasl_user("SCRAM-SHA-256"), "cram": sasl_user("CRAM-MD5"),
            "one-of": sasl_user("NOTHING, GSSAPI scram-sha-1"),
            "file": sasl_user(bind_pw=None, bind_pw_file=path),
            "layer": sasl_user("DIGEST-MD5", sasl_minssf=128),
            "unix": sasl_user("PLAIN", server_host=server.unix),
            "tls": sasl_user("PLAIN", **tls),
            "strong": sasl_user("SCRAM-SHA-1", sasl_minssf=128, **tls),
            "start": sasl_user("PLAIN", start_tls="yes"),
            "socket": options(server_host=server.unix, sasl_mechs="EXTERNAL",
                              **nobody),
            "certificate": options(**nobody, **tls, **server.client,
                                   sasl_mechs="EXTERNAL"),
            "proxy": sasl_user(name="proxy", sasl_authz_id="dn:" + READER),
            "proxy-user": sasl_user("DIGEST-MD5", "proxy",
                                    sasl_authz_id="u:reader")
    }, deadline=20) as maps:
        for name in ("offered", "digest", "scram", "cram", "one-of", "file",
                     "layer", "unix", "tls", "strong", "start", "socket",
                     "certificate", "proxy", "proxy-user"):
            for _ in range(2):
                assert maps.value(name, "secret@b.c") == "guarded", name
            assert maps.value(name, "nobody@b.c") == "NOTFOUND", name
        # More than fits into one packet of the layer.
        assert maps.value("layer", "big@b.c") == "x" * 99997
        server.restart()
        for name in ("offered", "layer", "socket"):
            assert maps.value(name, "secret@b.c") == "guarded", name


@case("SASL: who may not log in, and why")
def _():
    reasons = {
        "wrong": "Invalid credentials", "nobody": "SASL bind as \"x\": ",
        "other": "not authorized", "unknown": "no mechanism available",
        "plain": "no mechanism available", "weak": "no mechanism available",
        "weaker": "no mechanism available", "tcp": "no mechanism available",
        "no-name": "SASL bind: "}
    with leaks_forgiven(), Maps({
            "wrong": sasl_user("DIGEST-MD5", bind_pw="geheim"),
            "nobody": sasl_user("SCRAM-SHA-256", "x"),
            "other": sasl_user(sasl_authz_id="u:proxy"),
            "unknown": sasl_user("NOTHING"), "plain": sasl_user("PLAIN"),
            "weak": sasl_user("SCRAM-SHA-256", sasl_minssf=1),
            "weaker": sasl_user("DIGEST-MD5", sasl_minssf=200),
            "tcp": sasl_user("EXTERNAL"),
            "no-name": sasl_user("DIGEST-MD5", bind_dn=None, bind_pw=None)
    }, deadline=20) as maps:
        for name, reason in reasons.items():
            text = maps.failure(name, "a@b.c")
            assert reason in text and "SASL" in text, (name, text)
        assert "SASL bind as \"reader\"" in maps.failure("plain", "a@b.c")
        assert "geheim" not in maps.daemon.stderr()


@case("SASL: a server that hangs: TEMP in time, and found when it goes on")
def _():
    who = {"bind": "sasl", "bind_dn": "reader", "bind_pw": PASSWORD}
    with Server() as other:
        other.add(mail_entry("a", key="a", maildrop="x"))
        with leaks_forgiven(), Maps({
                "offered": other.options(**who),
                "plain": other.options(sasl_mechs="CRAM-MD5", **who),
                "layer": other.options(sasl_mechs="DIGEST-MD5", **who),
                "new": other.options(sasl_mechs="DIGEST-MD5", **who)
        }, deadline=2) as maps:
            for name in ("plain", "layer"):
                maps.wait_found(name, "a", PATIENCE)
            other.hang()
            names = ["offered", "plain", "layer", "new"] * 3
            try:
                in_threads(len(names), lambda n: maps.failure(
                    names[n], "a"))
            finally:
                other.go_on()
            for name in ("plain", "layer", "new"):
                maps.wait_found(name, "a", PATIENCE)


@case("SASL: half an answer, garbage, no proof: TEMP, in time")
def _():
    digest = challenge(b'realm="one",realm="two",nonce="abc",qop="auth",'
                       b'charset=utf-8,algorithm=md5-sess')
    found = entry_message(attributes(supportedSASLMechanisms=[
        b"x" * 5000, b"NOTHING", b"DIGEST-MD5"]), 1) + done(number=1)
    success = done(tag=b"\x61")
    replies = {
        "silent": (b"", b""), "half": (digest[:20], b""),
        "mute": (digest, b""), "unproved": (digest, success),
        "at-once": (BIND_DONE, b""), "garbage": (challenge(b"\xff\0"), b""),
        "no-text": (challenge(b""), b""), "http": (b"HTTP/1.1 400 Bad", b""),
        "other": (done(number=1), b""), "falsely": (digest, challenge(
            b"rspauth=00000000000000000000000000000000", 2)),
        "offers": (found, b"")}
    for closes in (False, True):
        impostors = {name: Impostor(answer, closes, login)
                     for name, (login, answer) in replies.items()}
        none = {"none": Impostor(b"", closes, done(number=1)),
                "nothing": Impostor(b"", closes, entry_message(
                    attributes(cn=[b"x"]), 1) + done(number=1)),
                "later": Impostor(b"", closes, found[:-3])}
        tables = {name: f"server_host = {one.url}\nbind = sasl\n"
                  f"bind_dn = reader\nbind_pw = {PASSWORD}\n"
                  "sasl_realm = two\n" + (
                      "" if name in none or name == "offers" else
                      "sasl_mechs = DIGEST-MD5\n")
                  for name, one in {**impostors, **none}.items()}
        with leaks_forgiven(), Maps(tables) as maps:
            names = list(tables)
            while names:
                some, names = names[:5], names[5:]
                in_threads(len(some), lambda n: maps.failure(
                    some[n], "a"))
            for name in ("none", "nothing"):
                assert "names no mechanism" in maps.failure(name, "a"), name
        asked = b"".join(impostors["mute"].asked)
        assert b'realm="two"' in asked and b'username="reader"' in asked, asked
        assert b"DIGEST-MD5" in b"".join(impostors["offers"].asked)
        for one in (*impostors.values(), *none.values()):
            one.close()


@case("SASL: many log in at once")
def _():
    with leaks_forgiven(), Maps(
            {f"m{number}": sasl_user(mechanism) for number, mechanism in
             enumerate(("DIGEST-MD5", "SCRAM-SHA-1", "CRAM-MD5"))},
            deadline=20) as maps:
        for _ in range(2):
            in_threads(24, lambda n: [
                maps.wait_found(f"m{n % 3}", "secret@b.c", PATIENCE)
                for _ in range(5)])
            server.restart()


@case("TLS: from the start, and by start_tls; certificates")
def _():
    trusted = {"tls_require_cert": "yes",
               "tls_ca_cert_file": server.authority}
    by_name = f"ldap://localhost:{server.port}"
    with Server() as plain, leaks_forgiven(), Maps({
            "ldaps": options(server_host=server.tls_url),
            "verified": options(server_host=server.tls_url, **trusted),
            "both": options(server_host=server.tls_url, start_tls="yes"),
            "start": options(start_tls="yes"),
            "start-verified": options(start_tls="yes", **trusted),
            "bound": options(server_host=server.tls_url, bind_dn=READER,
                             bind_pw=PASSWORD, **trusted),
            "unknown": options(server_host=server.tls_url,
                               tls_require_cert="yes"),
            "name": options(server_host=f"ldaps://localhost:{server.tls_port}",
                            **trusted),
            "start-name": options(server_host=by_name, start_tls="yes",
                                  **trusted),
            "no-file": options(server_host=server.tls_url,
                               tls_require_cert="yes",
                               tls_ca_cert_file="/nonexistent"),
            "no-cert": options(server_host=server.tls_url,
                               tls_cert="/nonexistent", tls_key="/nonexistent"),
            "cipher": options(server_host=server.tls_url,
                              tls_cipher_suite="nothing"),
            "plain": plain.options(start_tls="yes"),
            "not-tls": options(server_host=f"ldaps://127.0.0.1:{server.port}")
    }, deadline=2) as maps:
        for _ in range(2):
            for name in ("ldaps", "verified", "both", "start",
                         "start-verified"):
                assert maps.value(name, "a@b.c") == "x@y", name
        assert maps.value("bound", "secret@b.c") == "guarded"
        for name in ("unknown", "name", "start-name", "no-file", "no-cert",
                     "cipher", "plain", "not-tls"):
            assert maps.failure(name, "a@b.c"), name
        for name, part in (("plain", "start_tls"), ("name", "certificate"),
                           ("unknown", "certificate"),
                           ("no-file", "/nonexistent: No such file"),
                           ("cipher", "ciphers")):
            assert part in maps.failure(name, "a@b.c"), name


@case("referrals are followed only if that is wanted")
def _():
    with Server() as other:
        other.add(entry("ou=there", objectClass="organizationalUnit",
                        ou="there"),
                  entry("cn=x,ou=there", objectClass="mailEntry", cn="x",
                        key="there@b.c", maildrop="referred"))
        for name, url in (("there", f"{other.url}/ou=there,{SUFFIX}"),
                          ("round", f"{server.url}/ou=round,{SUFFIX}"),
                          ("unix", f"{server.unix}/ou=unix,{SUFFIX}"),
                          ("nowhere", "http://x/")):
            server.run("ldapadd", "-M", text=entry(
                "ou=" + name, objectClass=["referral", "extensibleObject"],
                ou=name, ref=url))
        there = {"search_base": "ou=there," + SUFFIX}
        with Maps({"m": options(), "base": options(**there),
                   "chase": options(chase_referrals="yes", **there),
                   **{name: options(chase_referrals="yes",
                                    search_base=f"ou={name},{SUFFIX}")
                      for name in ("round", "unix", "nowhere")},
                   "all": options(chase_referrals="yes")}) as maps:
            assert maps.value("m", "there@b.c") == "NOTFOUND"
            assert "Referral" in maps.failure("base", "there@b.c")
            assert maps.value("chase", "there@b.c") == "referred"
            assert "more than 5 referrals" in maps.failure("round", "a@b.c")
            for name in ("unix", "nowhere", "all"):
                assert "referral" in maps.failure(name, "a@b.c"), name
            server.run("ldapdelete", "-M", *(
                f"ou={name},{SUFFIX}" for name in ("round", "unix", "nowhere")))
            for _ in range(3):
                assert maps.value("all", "there@b.c") == "referred"
                assert maps.value("all", "a@b.c") == "x@y"
                assert maps.value("all", "nobody@b.c") == "NOTFOUND"
            other.hang()
            assert maps.failure("chase", "there@b.c")
            other.go_on()
            maps.wait_found("chase", "there@b.c")
            other.stop()
            for key in ("there@b.c", "nobody@b.c"):
                assert maps.failure("chase", key), key
            other.start()
            maps.wait_found("chase", "there@b.c")
            assert maps.value("chase", "nobody@b.c") == "NOTFOUND"
        server.run("ldapdelete", "-M", "ou=there," + SUFFIX)


@case("a server that comes later, restarts, is killed, goes for good")
def _():
    with Server() as other:
        other.add(mail_entry("a", key="a", maildrop="x"))
        other.stop()
        with leaks_forgiven(), Maps({"m": other.options()}) as maps:
            assert "Connection refused" in maps.failure("m", "a")
            other.start()
            maps.wait_found("m", "a")
            for _ in range(2):
                other.restart()
                maps.wait_found("m", "a")
            in_threads(8, lambda _: maps.wait_found("m", "a"))
            other.stop(signal.SIGKILL)
            for _ in range(3):
                assert maps.failure("m", "a")
            other.start()
            maps.wait_found("m", "a")
            assert maps.value("m", "b") == "NOTFOUND"


@case("a server that comes and goes: TEMP or the value, never another answer")
def _():
    with Server() as other:
        other.add(*(mail_entry(str(number), key=f"k{number}",
                               maildrop=f"v{number}") for number in range(8)))
        with leaks_forgiven(), Maps({"m": other.options()}) as maps:
            is_over = threading.Event()

            def ask(number):
                with maps.client() as client:
                    while not is_over.is_set():
                        start = time.monotonic()
                        status, text = client.lookup("m", f"k{number}")
                        took = time.monotonic() - start
                        maps.in_time(took)
                        assert status in FAILED or (
                            status == "OK" and text == b"v%d" % number), text

            def flap():
                try:
                    for turn in range(4):
                        time.sleep(0.5)
                        other.stop(signal.SIGKILL if turn % 2 else
                                   signal.SIGTERM)
                        time.sleep(0.3)
                        other.start()
                finally:
                    is_over.set()

            in_threads(9, lambda n: flap() if n == 8 else ask(n))
            maps.wait_found("m", "k1")


@case("a server that hangs: TEMP in time, and found when it goes on")
def _():
    with Server(tls=True) as other:
        other.add(mail_entry("a", key="a", maildrop="x"))
        tls = {"server_host": other.tls_url}
        with Maps({"m": other.options(), "new": other.options(),
                   "tls": other.options(**tls), "new-tls": other.options(**tls),
                   "start": other.options(start_tls="yes"),
                   "unix": other.options(server_host=other.unix),
                   "short": other.options(timeout=1)}) as maps:
            for name in ("m", "tls"):
                assert maps.value(name, "a") == "x"
            other.hang()
            names = ["m"] * 6 + ["new", "tls", "new-tls", "start", "unix",
                                 "short"]
            try:
                for _ in range(2):
                    in_threads(len(names),
                               lambda n: maps.failure(names[n], "a"))
            finally:
                other.go_on()
            for name in set(names):
                maps.wait_found(name, "a")


@case("of two servers one that hangs costs a part of the time, once")
def _():
    with Server() as other:
        other.hang()
        urls = {"server_host": f"{other.url} {server.url}"}
        with Maps({"m": options(**urls), "no": options(bind="no", **urls)},
                  deadline=2) as maps:
            for name in ("m", "no"):
                start = time.monotonic()
                assert maps.value(name, "a@b.c") == "x@y", name
                assert time.monotonic() - start > 0.5, name
                for _ in range(20):
                    assert maps.value(name, "a@b.c") == "x@y", name
                assert maps.value(name, "nobody") == "NOTFOUND", name
        other.go_on()


@case("a server that hangs where nobody logs in is told of, and once")
def _():
    with Server() as other:
        other.add(mail_entry("a", key="a", maildrop="x"))
        with Maps({"m": other.options(bind="no")}) as maps:
            assert maps.value("m", "a") == "x"
            other.hang()
            try:
                for _ in range(4):
                    maps.failure("m", "a")
            finally:
                other.go_on()
            maps.wait_found("m", "a")
            maps.daemon.wait_line("works again")
            log = maps.daemon.stderr()
            assert log.count("no answer in time") == 1, log
            assert log.count("works again") == 1, log


@case("a map whose server hangs delays no other")
def _():
    with Server() as other:
        other.add(mail_entry("a", key="a", maildrop="x"))
        with Maps({"hanging": other.options(), "good": options()}) as maps:
            assert maps.value("hanging", "a") == "x"
            other.hang()
            check_neighbour(maps)
            other.go_on()


@case("a connection that the server has closed meanwhile is made anew")
def _():
    with Maps({"m": options()}) as maps:
        assert maps.value("m", "a@b.c") == "x@y"
        server.restart()
        for _ in range(5):
            assert maps.value("m", "a@b.c") == "x@y"


@case("a daemon that ends while searches are under way")
def _():
    with Server() as other:
        with Maps({"m": other.options()}, deadline=30,
                  drain_timeout="100ms") as maps:
            other.hang()
            clients = [maps.client() for _ in range(3)]
            for client in clients:
                client.ask("m", "a")
            time.sleep(0.2)
            assert maps.daemon.stop() == 0, maps.daemon.stderr()
            for client in clients:
                client.close()


@case("each of many at once gets its own answer")
def _():
    server.add(*(mail_entry(f"n{number}", key=f"n{number}",
                            maildrop=f"value{number}")
                 for number in range(0, 200, 2)))
    with Maps({"m": options()}, deadline=20) as maps:
        def ask(number):
            with maps.client() as client:
                for turn in range(20):
                    wanted = (number * 7 + turn * 13) % 200
                    status, text = client.lookup("m", f"n{wanted}")
                    if wanted % 2 == 0:
                        assert (status, text.decode()) == (
                            "OK", f"value{wanted}")
                    else:
                        assert status == "NOTFOUND", status
        in_threads(30, ask)


@case("half an answer, garbage, one too many: TEMP, in time")
def _():
    value = entry_message(attributes(maildrop=[b"x"]))
    answer = value + done()
    replies = {
        "empty": b"", "garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "bytes": bytes(range(256)), "zeros": bytes(5000),
        "length": b"0\x84\x7f\xff\xff\xff\x02\x01\x02" + b"x" * 100000,
        "lengths": b"0\x88\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01\x02",
        "entry": value, "bind": message(b"\x61", b"\x0a\x01\0\x04\0\x04\0"),
        "unasked": message(b"\x65", b"\x0a\x01\0\x04\0\x04\0", 77),
        "error": done(b"\x01"), "busy": done(b"\x33"), "limit": value + done(b"\x04"),
        "no-code": message(b"\x65", b""),
        "damaged": message(b"\x64", b"\x04\x01x\x30\x7f\x30") + done(),
        "attribute": message(b"\x64", b"\x04\x01x\x30\x04\x30\x02\x04\x7f")
        + done(),
        "value": message(b"\x64", b"\x04\x01x\x30\x0e\x30\x0c\x04\x08maildrop"
                         b"\x31\x7f") + done(),
        "utf8": entry_message(attributes(maildrop=[b"\xff"])) + done(),
        "nul": entry_message(attributes(maildrop=[b"a\0b"])) + done(),
        "huge": entry_message(attributes(maildrop=[b"x" * 20000000])) + done(),
        "notice": message(b"\x78", b"\x0a\x01\x34\x04\0\x04\0\x8a\x16"
                          b"1.3.6.1.4.1.1466.20036", 0)}
    for size in (1, 2, 5, 10, len(value) - 1, len(value), len(answer) - 1):
        replies[f"half{size}"] = answer[:size]
    for closes in (False, True):
        with Impostor(answer, closes) as good, \
                Impostor(answer, closes, login=b"") as silent, \
                Impostor(answer, closes, login=BIND_DONE[:5]) as half:
            impostors = {name: Impostor(reply, closes, BIND_DONE)
                         for name, reply in replies.items()}
            tables = {name: f"server_host = {one.url}\n"
                      for name, one in {**impostors, "good": good,
                                        "silent": silent, "half": half}.items()}
            with leaks_forgiven(), Maps(tables) as maps:
                assert maps.value("good", "a") == "x"
                names = list(replies) + ["silent", "half"]
                while names:
                    some, names = names[:12], names[12:]
                    in_threads(len(some), lambda n: maps.failure(some[n], "a"))
            for one in impostors.values():
                one.close()


@case("an answer of many pieces is one; slow ones fail at the deadline")
def _():
    answer = entry_message(attributes(maildrop=[b"x"])) + done()
    with Impostor(answer, False, pause=0.003) as slow, \
            Impostor(answer, False, pause=0.2) as slower:
        with Maps({"slow": f"server_host = {slow.url}\n",
                   "slower": f"server_host = {slower.url}\n"}) as maps:
            assert maps.value("slow", "a") == "x"
            in_threads(5, lambda _: maps.failure("slower", "a"))


@case("wrong files are told of, and the passwords in them not shown")
def _():
    wrong = {
        "bind": ("bind = maybe", "expected yes"),
        "minssf": ("bind = sasl\nsasl_minssf = x", "sasl_minssf"),
        "letter": ("query_filter = (x=%x)", "%x"),
        "base": ("search_base = ou=%", "search_base"),
        "host": ("server_host = ldap://[x", "server_host"),
        "number": ("recursion_limit = 0", "recursion_limit"),
        "size": ("size_limit = 1x", "size_limit"),
        "version": ("version = 1", "version"),
        "bool": ("start_tls = maybe\nbind_pw = geheim", "start_tls")}
    told = {
        "version2": ("version = 2", "version"),
        "cache": ("cache = yes\ncache_size = 1\ncache_expiry = 3", "cache_size"),
        "random": ("tls_random_file = /dev/x", "tls_random_file"),
        "debug": ("debuglevel = 1", "debuglevel"),
        "sasl": ("sasl_mechs = PLAIN", "bind is not sasl"),
        "fixed": ("query_filter = (key=a@b.c)", "nothing in it"),
        "scope": ("scope = all", "scope"),
        "dereference": ("dereference = 4", "dereference")}
    tables = {name: text + "\n" for name, (text, _) in wrong.items()}
    for name, (text, _) in told.items():
        given = "query_filter" in text and {"query_filter": None} or {}
        tables[name] = options(version=None, **given) + text + "\n"
    with Maps(tables) as maps:
        for name, (_, part) in wrong.items():
            maps.failure(name, "a@b.c")
            maps.daemon.wait_line(part)
        for name, (_, part) in told.items():
            assert maps.value(name, "a@b.c") == "x@y", name
            maps.daemon.wait_line(part)
        assert "geheim" not in maps.daemon.stderr(), maps.daemon.stderr()


@case("explain shows server, base, filter and the answer")
def _():
    with Maps({"m": options(search_base="ou=%d," + SUFFIX)}) as maps:
        text = maps.explain("m", "a*b@c,d")
        for part in (server.url, f"ou=c\\2Cd,{SUFFIX}", "(key=a\\2Ab@c,d)",
                     "no such base"):
            assert part in text, text


server.close()
all_done()
