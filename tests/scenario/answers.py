#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What well-framed requests are answered, the odd ones too."""
from served import Server, netstring, request
from tap import case, done


def is_temp(payload):
    return payload.startswith(b"TEMP ") and len(payload) > 5


with Server(listen=("unix", "inet:127.0.0.1:0", "inet:[::1]:0")) as server:
    client = server.connect()

    @case("every status, always with its space")
    def _():
        assert client.ask("values", "hello") == b"OK world"
        assert client.ask("values", "empty") == b"OK "
        assert client.ask("values", "null") == b"OK "
        assert client.ask("values", "nobody") == b"NOTFOUND "
        assert client.ask("none", "x") == b"NOTFOUND "
        assert client.ask("temp", "x") == b"TEMP come back"
        assert client.ask("perm", "x") == b"PERM go away"
        assert client.ask("timeout", "x") == b"TIMEOUT too slow"

    @case("a request without a space is TEMP, and the connection lives")
    def _():
        for payload in (b"echo", b"", b"x" * 1000, b"\0", b"echo\tkey"):
            client.send(netstring(payload))
            assert is_temp(client.payload()), payload
        assert client.ask("echo", "x") == b"OK x"

    @case("empty name and empty key")
    def _():
        assert client.ask("", "key") == b"OK key"
        assert client.ask("", "") == b"OK "
        assert client.ask("echo", "") == b"OK "
        assert client.ask("none", "") == b"NOTFOUND "

    @case("an unknown map is TEMP")
    def _():
        for name in ("nosuch", "ECHO", "ech", "echoo", "echo\0", "\xff" * 99):
            assert is_temp(client.ask(name, "key")), name

    @case("the key is everything behind the first space")
    def _():
        for key in (b" ", b"  ", b"a b c", b" echo x", b"\t", b"\r\n", b"\n",
                    b"5:hello,", b"<>", b'""', b"*", b"\xff\xfe",
                    "Jos\u00e9@ex\u00e4mple.org".encode(), b"UPPER@Case",
                    bytes(range(1, 256)), b"k" * 70000):
            assert client.ask("echo", key) == b"OK " + key
            assert client.ask("sleep", b"0 " + key) == b"OK 0 " + key
            assert client.ask("held", b"0 " + key) == b"OK 0 " + key
            assert client.ask("wheld", b"0 " + key) == b"OK 0 " + key

    @case("a key with NUL is TEMP, unless the map takes binary keys")
    def _():
        for key in (b"\0", b"hello\0", b"hello\0x", b"\0hello", b"0\0"):
            assert is_temp(client.ask("values", key)), key
            assert is_temp(client.ask("echo", key)), key
            assert is_temp(client.ask("sleep", key)), key
            assert is_temp(client.ask("binary", key)), key
            assert is_temp(client.ask("wbinary", key)), key
        assert client.ask("binary", b"\1\xff") == b"OK \1\xff"

    @case("a value with NUL is TEMP")
    def _():
        assert is_temp(client.ask("nul", "x"))
        assert is_temp(client.ask("wnul", "x"))

    @case("a reply of 100,000 bytes goes out, one more is TEMP")
    def _():
        for name in ("big", "wbig"):
            assert client.ask(name, "99997") == b"OK " + b"v" * 99997
            assert is_temp(client.ask(name, "99998"))
            assert is_temp(client.ask(name, "500000"))

    @case("a forgotten or dropped request is TEMP")
    def _():
        for name in ("forget", "wforget", "dropped"):
            assert is_temp(client.ask(name, "0")), name

    @case("the second answer goes nowhere")
    def _():
        for name in ("twice", "wtwice"):
            assert client.ask(name, "x") == b"OK first"
        assert client.ask("echo", "after") == b"OK after"
        client.expect_silence(0.05)

    @case("IPv4 and IPv6 answer as well")
    def _():
        assert server.endpoints[1].startswith("inet:127.0.0.1:")
        assert server.endpoints[2].startswith("inet:[::1]:")
        for number in (1, 2):
            assert not server.endpoints[number].endswith(":0")
            with server.connect(number) as other:
                assert other.ask("values", "hello") == b"OK world"
                assert other.ask("big", "99997") == b"OK " + b"v" * 99997

    @case("the counters add up")
    def _():
        # The clients of the cases before may still be on their way out.
        server.wait_for(lambda: server.counters()["connections"] == 1,
                        "the others closed")
        before = server.counters()
        with server.connect() as other:
            for name, times in (("echo", 5), ("none", 4), ("temp", 3),
                                ("timeout", 2), ("perm", 1), ("nosuch", 1)):
                for _ in range(times):
                    other.ask(name, "key")
        server.wait_for(lambda: server.counters()["connections"] ==
                        before["connections"], "connection closed")
        after = server.counters()
        gained = {key: after[key] - before.get(key, 0) for key in after
                  if after[key] != before.get(key, 0)}
        assert gained == {"accepted": 1, "requests": 16, "ok": 5,
                          "notfound": 4, "temp": 4, "timeout": 2,
                          "perm": 1}, gained

    client.close()


@case("the default map gets every name that is not registered")
def _():
    with Server("--default") as server, server.connect() as client:
        assert client.ask("values", "hello") == b"OK world"
        assert client.ask("nosuch", "a b") == b"OK [nosuch] [a b]"
        assert client.ask("Values", "x") == b"OK [Values] [x]"
        client.send(netstring(b"nospace"))
        assert is_temp(client.payload())
        assert is_temp(client.ask("nosuch", b"a\0b"))


@case("the reply limit is settable, and holds for reasons too")
def _():
    with Server("--limit", "reply=64") as server:
        with server.connect() as client:
            key = b"k" * 61
            assert client.ask("echo", key) == b"OK " + key
            assert client.ask("held", b"0" + key[1:]) == b"OK 0" + key[1:]
            for name in ("echo", "held", "sleep", "nosuch" + "x" * 200):
                got = client.ask(name, b"0" * 62)
                assert got.startswith(b"TEMP ") and len(got) <= 64, got


done()
