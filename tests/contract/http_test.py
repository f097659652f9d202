#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What http: and https: tables ask, and make of the replies."""
import json
import random
import re
import tempfile
import time
from urllib.parse import unquote_to_bytes

from certificates import make_certificates
from http_maps import Maps, socketmap
from http_server import Nginx, Scripted, reply
from ports import free_port
from socketmap_client import PATIENCE
from tap import case, done

NGINX = """
location = /text { return 200 "alice@example.org"; }
location = /key { return 200 "$arg_k"; }
location = /json { return 200 '{"data": [{"goto": ["a@b", "", null, 1]}]}'; }
location = /200 { return 200 x; }
location = /201 { return 201 x; }
location = /204 { return 204; }
location = /404 { return 404 "<html>no such page</html>"; }
location = /410 { return 410; }
location = /protocol { return 200 $server_protocol; }
location = /user { return 200 "$http_authorization"; }
location = /moved { return 302 /text; }
location = /loop { return 302 /loop; }
location = /out { return 302 file:///etc/passwd; }
location = /up { return 302 ftp://127.0.0.1/; }
location = /count { return 200 $connection_requests; }
"""


def ask_json(value, key="a@b.c", **options):
    """What becomes of a reply with this JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    lines = "".join(f"\n{name} = {text}" for name, text in options.items())
    with Scripted(lambda request: reply(text.encode())) as server:
        with Maps(m=f"url = {server.url}/?k=%s{lines}") as maps:
            return maps.lookup("m", key)


@case("values, and statuses that are none, of a real server")
def _():
    with Nginx(NGINX) as nginx, Maps(
            text=f"url = {nginx.url}/text?k=%s",
            unix=f"url = http://example/text?k=%s\nunix_socket = {nginx.socket}",
            json=f"url = {nginx.url}/json?k=%s\nresult = json:/data/0/goto",
            by_key=f"url = {nginx.url}/%u?%d",
            gone=f"url = {nginx.url}/%s\nnotfound_status = 404, 410\n"
                 "found_status = 200",
            head=f"url = {nginx.url}/%s\nmethod = HEAD",
            here=f"url = {nginx.url}/%s\nresult = status\nresult_format = yes",
            ) as maps:
        for name in "text", "unix":
            assert maps.lookup(name, "x") == ("OK", b"alice@example.org"), name
        assert maps.lookup("json", "x") == ("OK", b"a@b,1")
        for status, answer in (("200", "OK"), ("201", "OK"), ("410", "TEMP"),
                               ("404", "NOTFOUND"), ("204", "NOTFOUND")):
            assert maps.lookup("by_key", f"{status}@b")[0] == answer, status
        assert maps.lookup("by_key", "no-domain") == ("NOTFOUND", b"")
        for status, answer in (("200", "OK"), ("201", "TEMP"), ("204", "TEMP"),
                               ("404", "NOTFOUND"), ("410", "NOTFOUND")):
            assert maps.lookup("gone", status)[0] == answer, status
        assert maps.lookup("head", "200") == ("OK", b"200")
        assert maps.lookup("head", "404") == ("NOTFOUND", b"")
        assert maps.lookup("here", "text") == ("OK", b"yes")


@case("what is JSON, and what of it is a value")
def _():
    found = {
        '"text"': b"text", "1": b"1", "-7": b"-7", "1.10": b"1.1", "1e3": b"1000",
        "0.1": b"0.1", "true": b"true", "false": b"false",
        '"\\u00e9\\ud83d\\ude00"': "é😀".encode(), '["a", "b"]': b"a,b",
        '["a", "", null, 2, false]': b"a,2,false", '"  "': b"  ",
    }
    for text, value in found.items():
        for document, pointer in ((text, ""), ('{"a/b~c": [0, %s]}' % text,
                                               "/a~1b~0c/1")):
            answer = ask_json(document, result=f"json:{pointer}")
            assert answer == ("OK", value), (document, answer)
    nothing = {'{"x": 1}': "missing", "[]": "missing", "null": "missing",
               '{"v": null}': "null", '{"v": ""}': "empty",
               '{"v": []}': "empty", '{"v": [null, ""]}': "empty",
               '{"v": false}': "false"}
    for text, word in nothing.items():
        pointer = "json:/0" if text == "[]" else "json:/v"
        answer = ask_json(text, result=pointer)
        if word != "false":
            assert answer[0] == "TEMP", (text, answer)
            assert f"notfound_result = {word}".encode() in answer[1], answer
        answer = ask_json(text, result=pointer, notfound_result=word)
        assert answer == ("NOTFOUND", b""), (text, answer)
        others = {"missing", "null", "empty", "false"} - {word}
        answer = ask_json(text, result=pointer,
                          notfound_result=", ".join(sorted(others)))
        assert answer[0] != "NOTFOUND", (text, answer)
    everything = "missing null empty false"
    for text in ('{"v": {}}', '{"v": [[]]}', '{"v": [{}]}', '"v"', "1", "[1]",
                 "", "{", '{"v": 1', '{"v": 1} x', '{"v": 1, "v": 2}', "nul",
                 '{"v": "\xff"', '{"v": 99999999999999999999}', "<html>",
                 '{"v": 1e999}', "[" * 50000, '{"v": ["a", {}]}',
                 '\ufeff{"v": 1}'):
        answer = ask_json(text, result="json:/v", notfound_result=everything)
        assert answer[0] == "TEMP", (text[:99], answer)
    # A NUL, which no client could take.
    assert ask_json('{"v": "a\\u0000b"}', result="json:/v")[0] == "TEMP"


@case("bodies: one line, without the blanks around it")
def _():
    for text, answer in (("a\n", ("OK", b"a")), ("\r\n a b\t\r\n", ("OK", b"a b")),
                         ("é", ("OK", "é".encode()))):
        assert ask_json(text) == answer, text
    for text in ("a\nb", "", " \n"):
        assert ask_json(text)[0] == "TEMP", text
        found = ask_json(text, notfound_result="missing null false")
        assert found[0] == "TEMP", text
    assert ask_json(" \n", notfound_result="empty") == ("NOTFOUND", b"")


@case("result_format, expansion_limit and domain, as in Postfix's tables")
def _():
    values = ["a@x.org", "b@y.org", "plain"]
    assert ask_json(values, result="json:", result_format="%u of %d for %U") \
        == ("OK", b"a of x.org for a,b of y.org for a")
    assert ask_json(values, result="json:", expansion_limit="2")[0] == "TEMP"
    assert ask_json(values, result="json:", expansion_limit="3")[0] == "OK"
    for key in "a@other.org", "b.c", "@b.c":
        assert ask_json("v", key=key, domain="b.c, !d") == ("NOTFOUND", b""), key
    assert ask_json("v", key="a@B.c", domain="b.c, !d") == ("OK", b"v")


def echo(request):
    """Replies with what it was asked for, as JSON."""
    return reply(json.dumps({
        "method": request.method, "target": request.target,
        "body": request.body.decode(), "headers": request.headers}).encode())


@case("what a request has in it")
def _():
    with Scripted(echo) as server:
        url = f"url = {server.url}"
        with Maps(
                get=f"{url}/%d/%u?k=%s&l=%2&p=100%%\nresult = json:/target",
                post=url + "/p\nmethod = POST\nresult = json:/body\n"
                     'body = {"who": "%s", "\\\\": 1, "d%%": ["%d"]}',
                put=url + "/p\nmethod = PUT\nresult = json:/body\n"
                    "content_type = application/x-www-form-urlencoded; x=y\n"
                    "body = a=1&k=%s",
                bare=url + "/%s\nmethod = POST\nresult = json:/body\n"
                     "notfound_result = empty",
                plain=url + "/%s\nmethod = PUT\nresult = json:/body\n"
                      "content_type = text/plain\nbody = 100%% plain",
                head=url + "/?%s\nmethod = HEAD\nuser_agent = tester 1.0\n"
                     "headers = {X-One: 1, two} { X-Two : {a} }, {X-No:}",
                ) as maps:
            answer = maps.lookup("get", "A+b &x/y@example.org")
            assert answer == (
                "OK", b"/example.org/a%2Bb%20%26x%2Fy?k=a%2Bb%20%26x%2Fy%40"
                b"example.org&l=example&p=100%"), answer
            status, value = maps.lookup("post", 'a"\\\t\x01@b.c')
            assert status == "OK" and json.loads(value) == {
                "who": 'a"\\\t\x01@b.c', "\\": 1, "d%": ["b.c"]}, value
            request = server.requests[-1]
            assert request.method == "POST"
            assert request.headers["content-type"] == "application/json"
            assert "expect" not in request.headers, request.headers
            assert maps.lookup("put", "a&b=c@d") == ("OK", b"a=1&k=a%26b%3Dc%40d")
            request = server.requests[-1]
            assert request.method == "PUT"
            assert request.headers["content-type"] == \
                "application/x-www-form-urlencoded; x=y"
            assert maps.lookup("bare", "x") == ("NOTFOUND", b"")
            assert server.requests[-1].headers["content-length"] == "0"
            assert maps.lookup("plain", "x") == ("OK", b"100% plain")
            assert maps.lookup("head", "x") == ("OK", b"200")
            headers = server.requests[-1].headers
            assert headers["user-agent"] == "tester 1.0"
            assert headers["x-one"] == "1, two", headers
            assert headers["x-no"] == "" and "accept-encoding" not in headers
            assert server.requests[0].headers["user-agent"] == "socketmap"
            ids = [r.headers["x-request-id"] for r in server.requests]
            assert len(set(ids)) == len(ids) and all(len(i) > 16 for i in ids)
            # Keys that lack what the body needs of them are not asked for.
            asked = len(server.requests)
            assert maps.lookup("post", "a") == ("NOTFOUND", b"")
            assert len(server.requests) == asked


WORDS = ["'", '"', "\\", "%", "%s", "%00", "%2e%2e", "..", "../", "/", "?", "#",
         "&", "=", "+", " ", "\t", "\r\n", "\n", "\r\nX-Evil: 1\r\n\r\n",
         "HTTP/1.1", ")(", "--", "{", "}", '":"', '"}', "$", "`", ";", "@", "a",
         "Z", "é", "ß", "日本", "😀", "\u2028", "\ufffe", "\x7f", "\x1b[m", "null",
         "true", "admin", "x" * 300]


@case("1,000 hostile keys arrive as they are, and nothing else does")
def _():
    rng = random.Random(5)

    def decode(request):
        if request.method == "POST":
            assert list(json.loads(request.body)) == ["k"], request.body
            key = json.loads(request.body)["k"].encode()
        else:
            assert re.fullmatch(r"/q\?k=[A-Za-z0-9%._~-]*&end", request.target)
            key = unquote_to_bytes(request.target[5:-4])
        assert len(request.headers) <= 6, request.headers
        keys.append(key)
        return reply(b"", "404 Not Found")

    keys = []
    with Scripted(decode) as server, Maps(
            get=f"url = {server.url}/q?k=%s&end",
            post=f"url = {server.url}/p\nmethod = POST\nbody = "
                 '{"k": "%s"}') as maps:
        for n in range(1000):
            key = "".join(rng.choices(WORDS, k=rng.randint(1, 4)))
            name = "get" if n % 2 else "post"
            answer = maps.lookup(name, key)
            assert answer == ("NOTFOUND", b""), (key, answer)
            assert keys.pop().decode() == key.casefold(), key
        # What is not UTF-8 is in no table that folds keys.
        asked = len(server.requests)
        for key in b"\xff", b"a\xc3@b", b"\xed\xa0\x80":
            for name in "get", "post":
                answer = maps.lookup(name, key)
            assert answer == ("NOTFOUND", b""), (key, answer)
        assert len(server.requests) == asked
        assert maps.lookup("get", "k" * 100000) == ("NOTFOUND", b"")


@case("a key in the path is never that of another resource")
def _():
    with Nginx("location /secret { return 200 leaked; }\n"
               "location /keys/ { return 404; }\n"
               "location / { return 200 leaked; }") as nginx, Maps(
                   path=f"url = {nginx.url}/keys/%s",
                   deep=f"url = {nginx.url}/keys/%d/%u/x") as maps:
        for key in ("..", ".", "../secret", "a/../../secret", "../secret@b",
                    "/", "/secret", "a//b", "..\\secret", "x/..", "x/.",
                    "%2e%2e", "%2e%2e/secret", "..%2fsecret", "%", "a?b",
                    "..;/secret", "a#b", "?", "..@..", "x@..", "x@.", "..@x"):
            for name in "path", "deep":
                status, value = maps.lookup(name, key)
                assert status in ("NOTFOUND", "TEMP"), (name, key, value)
        assert maps.lookup("path", "..")[0] == "TEMP"
        assert maps.lookup("path", "a.b..c@d.e") == ("NOTFOUND", b"")


@case("redirects are followed only if that is wanted, and not to other schemes")
def _():
    with Nginx(NGINX) as nginx, Maps(
            no=f"url = {nginx.url}/%s",
            yes=f"url = {nginx.url}/%s\nredirects = yes") as maps:
        status, why = maps.lookup("no", "moved")
        assert status == "TEMP" and b"302" in why and b"redirect" in why, why
        assert maps.lookup("yes", "moved") == ("OK", b"alice@example.org")
        for key in "loop", "out", "up":
            assert maps.lookup("yes", key)[0] == "TEMP", key


@case("statuses that fail say what to look at")
def _():
    with Scripted(lambda r: reply(b"value", r.key.decode() + " x")) as server, \
            Maps(m=f"url = {server.url}/?k=%s") as maps:
        for status, part in (
                (400, b"does not take such a request"), (401, b"token_file"),
                (403, b"token_file"), (405, b"method"), (414, b"too long"),
                (429, b"patience"), (500, b"has failed"), (503, b"has failed"),
                (302, b"redirects = yes"), (299, b""), (600, b""), (999, b"")):
            answer, why = maps.lookup("m", str(status))
            if status == 299:
                assert (answer, why) == ("OK", b"value")
                continue
            assert answer == "TEMP" and part in why, (status, why)
            assert server.url.encode() in why, why


SECRET = "s3cr3t-of-nobody"


@case("a token, a name with a password: sent, never shown")
def _():
    with Nginx(NGINX) as nginx, tempfile.TemporaryDirectory() as folder:
        for name in "token", "password":
            with open(f"{folder}/{name}", "w", encoding="ascii") as file:
                file.write(SECRET + "\n")
        with Maps(token=f"url = {nginx.url}/user?%s\n"
                        f"token_file = {folder}/token",
                  basic=f"url = {nginx.url}/user?%s\nuser = me\n"
                        f"password_file = {folder}/password",
                  both=f"url = {nginx.url}/user?%s\nuser = me\n"
                       f"password = {SECRET}") as maps:
            assert maps.lookup("token", "x") == (
                "OK", b"Bearer " + SECRET.encode())
            for name in "basic", "both":
                assert maps.lookup(name, "x") == (
                    "OK", b"Basic bWU6czNjcjN0LW9mLW5vYm9keQ=="), name
            assert SECRET not in maps.daemon.stderr()
        with Scripted(lambda r: reply(b"", "401 No")) as server, Maps(
                m=f"url = {server.url}/%s\ntoken_file = {folder}/token") as maps:
            shown = maps.explain("m", "x")
            assert "/x" in shown and "X-Request-Id: " in shown, shown
            assert "status 401" in shown and SECRET not in shown, shown
            assert server.requests[0].headers["authorization"] == \
                "Bearer " + SECRET


@case("a token that is replaced is used, without a reload")
def _():
    with Nginx(NGINX) as nginx, Maps(
            files={"token": "old"},
            m=f"url = {nginx.url}/user?%s\ntoken_file = @DIR@/token") as maps:
        assert maps.lookup("m", "x") == ("OK", b"Bearer old")
        maps.write("token", "new")
        until = time.monotonic() + PATIENCE
        while maps.lookup("m", "x") != ("OK", b"Bearer new"):
            assert time.monotonic() < until, "still the old one"
            time.sleep(0.05)


TLS = """
server {
    listen 127.0.0.1:%d ssl http2;
    ssl_certificate %s/server.pem;
    ssl_certificate_key %s/server.key;
    ssl_client_certificate %s/ca.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_verify_client optional;
    location = /protocol { return 200 "$server_protocol $ssl_protocol"; }
    location = /client { return 200 "client $ssl_client_s_dn"; }
    location = /count { return 200 "$connection"; }
    location = /down { return 302 http://127.0.0.1:%d/text; }
}
"""


@case("https: who the server is, who we are, HTTP/2 on one connection")
def _():
    port, tls = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(folder)
        more = TLS % (tls, folder, folder, folder, port)
        with Nginx(NGINX, more, port):
            url = f"url = https://localhost:{tls}"
            trust = f"ca_file = {folder}/ca.pem"
            with Maps(
                    kind="https",
                    good=f"{url}/protocol?%s\n{trust}",
                    unknown=f"{url}/protocol?%s",
                    blind=f"{url}/protocol?%s\nverify = no",
                    other=f"url = https://127.0.0.1:{tls}/protocol?%s\n{trust}",
                    us=f"{url}/client?%s\n{trust}\n"
                       f"cert_file = {folder}/client.pem\n"
                       f"key_file = {folder}/client.key",
                    count=f"{url}/count?%s\n{trust}",
                    down=f"{url}/down?%s\n{trust}\nredirects = yes",
                    ) as maps:
                assert maps.lookup("good", "x") == ("OK", b"HTTP/2.0 TLSv1.3")
                assert maps.lookup("blind", "x") == ("OK", b"HTTP/2.0 TLSv1.3")
                for name in "unknown", "other":
                    status, why = maps.lookup(name, "x")
                    assert status == "TEMP" and b"certificate" in why, why
                assert maps.lookup("us", "x") == ("OK", b"client CN=client")
                assert "verify: anybody on the way" in maps.daemon.stderr()
                for n in range(200):
                    maps.client.ask("count", f"{n}")
                answers = {maps.client.reply() for n in range(200)}
                assert len(answers) == 1, answers
                assert maps.lookup("down", "x")[0] == "TEMP"
            with Maps(m=f"{url}/protocol?%s\n{trust}") as maps:
                assert maps.lookup("m", "x")[0] == "OK"


@case("connections are kept, as many as are needed and no more")
def _():
    with Scripted(lambda r: [0.01, reply(b"v" + r.key)]) as server, Maps(
            m=f"url = {server.url}/?k=%s\nconnections = 3") as maps:
        for n in range(5):
            assert maps.lookup("m", str(n)) == ("OK", b"v%d" % n)
        assert server.connections == 1, server.connections
        clients = [maps.client.__class__(maps.daemon.endpoint)
                   for _ in range(20)]
        for turn in range(5):
            for n, client in enumerate(clients):
                client.ask("m", f"{turn}-{n}")
            for n, client in enumerate(clients):
                assert client.reply() == ("OK", b"v%d-%d" % (turn, n))
        for client in clients:
            client.close()
        assert server.connections == 3, server.connections


@case("variables of the environment lead to no proxy, unless that is wanted")
def _():
    def proxied(request):
        return reply(b"by proxy " + request.target.encode())

    with Nginx(NGINX) as nginx, Scripted(proxied) as proxy, Maps(
            env={"http_proxy": proxy.url, "HTTP_PROXY": proxy.url,
                 "ALL_PROXY": proxy.url, "no_proxy": ""},
            straight=f"url = {nginx.url}/text?%s",
            wanted=f"url = {nginx.url}/text?%s\nproxy = environment",
            named=f"url = {nginx.url}/text?%s\nproxy = {proxy.url}") as maps:
        assert maps.lookup("straight", "x") == ("OK", b"alice@example.org")
        for name in "wanted", "named":
            status, value = maps.lookup(name, "x")
            assert (status, value) == (
                "OK", f"by proxy {nginx.url}/text?x".encode()), (name, value)


MISTAKES = [
    ("", "url is missing"),
    ("url = example.org/%s", "expected http://"),
    ("url = ftp://h/%s", "neither http nor https"),
    ("url = file:///etc/passwd", "url: "),
    ("url = http://%d/x", "no part of a key may tell the server"),
    ("url = http://h:%u/x", "no part of a key may tell the server"),
    ("url = http://u:p@h/%s", "write user and password_file"),
    ("url = http://h /%s", "url: "),
    ("url = http://h/%x", 'url: unknown "%x"'),
    ("url = http://h/../%s", '"." or ".." in its path'),
    ("url = http://h/a b%s", "url: "),
    ("url = http://h/%s\nmethod = get", "method: there are GET"),
    ("url = http://h/%s\nmethod = DELETE", "method: there are GET"),
    ("url = http://h/%s\nbody = x", "only POST and PUT"),
    ("url = http://h/\nmethod = POST\nbody = {\"k\": %s}", "in a string"),
    ("url = http://h/\nmethod = POST\nbody = {\"k\": \"\\%s\"}", "in a string"),
    ("url = http://h/\nmethod = POST\nbody = {\"k\": \"%s\"", "no JSON"),
    ("url = http://h/\nmethod = POST\nbody = k", "no JSON"),
    ("url = http://h/\nmethod = POST\nbody = %s\ncontent_type = text/xml",
     "how to write a key"),
    ("url = http://h/\nheaders = X-One: 1", "expected {NAME: VALUE}"),
    ("url = http://h/\nheaders = {X One: 1}", "no name of a header"),
    ("url = http://h/\nheaders = {content-length: 1}", "it follows from body"),
    ("url = http://h/\nheaders = {User-Agent: 1}", "write user_agent"),
    ("url = http://h/\nfound_status = 20", '"20" is no status'),
    ("url = http://h/\nfound_status = 100", "is no status"),
    ("url = http://h/\nfound_status = 404", "found\" already"),
    ("url = http://h/\nnotfound_status = 2xx", "found\" already"),
    ("url = http://h/\nnotfound_status = 6xx", "is no status"),
    ("url = http://h/\nresult = xml", "none of body"),
    ("url = http://h/\nresult = json:a", "no JSON pointer"),
    ("url = http://h/\nresult = json:/~2", "no JSON pointer"),
    ("url = http://h/\nmethod = HEAD\nresult = body", "nothing but a status"),
    ("url = http://h/\nnotfound_result = none", "is none of missing"),
    ("url = http://h/\nresult_format = %x", "result_format: unknown"),
    ("url = http://h/\nuser = me", "without a password"),
    ("url = http://h/\npassword = x", "without a user"),
    ("url = http://h/\nuser = a:b\npassword = x", "no such names"),
    ("url = http://h/\ntoken_file = /nonexistent/x", "No such file"),
    ("url = http://h/\nca_file = /nonexistent/x", "No such file"),
    ("url = http://h/\nca_file = ca.pem", "absolute"),
    ("url = http://h/\nunix_socket = sock", "absolute"),
    ("url = http://h/\nkey_file = /etc/hostname", "without a cert_file"),
    ("url = http://h/\ntimeout = 0", "timeout: a number out of range"),
    ("url = http://h/\nmax_size = 1k", "max_size: not a plain number"),
    ("url = http://h/\nverify = maybe", "neither yes nor no"),
]


def check(maps, spec):
    maps.write("check.conf", "[listen x]\nendpoint = unix:@DIR@/s\n"
               f"[map m]\ntable = {spec}\n")
    out = socketmap("check", "-o", "-c", f"{maps.path}/check.conf")
    return out.returncode, out.stdout + out.stderr


@case("mistakes in a file are told, and what is only odd is a warning")
def _():
    maps = Maps()
    for lines, part in MISTAKES:
        maps.write("m.cf", lines + "\n")
        status, said = check(maps, f"http:{maps.path}/m.cf")
        assert status != 0 and part in said, (lines, said)
    maps.write("m.cf", "url = http://h.example/%s\nuser = a\npassword = b\n")
    status, said = check(maps, f"https:{maps.path}/m.cf")
    assert status != 0 and "no https" in said, said
    status, said = check(maps, f"http:{maps.path}/m.cf")
    assert status == 0 and "is sent unencrypted" in said, said
    maps.write("m.cf", "url = http://127.0.0.1/%s\nuser = a\npassword = b\n")
    status, said = check(maps, f"http:{maps.path}/m.cf")
    assert status == 0 and "unencrypted" not in said, said
    status, said = check(maps, "http:name")
    assert status != 0 and "absolute path" in said, said
    maps.folder.cleanup()


done()
