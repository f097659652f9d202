#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Sendmail makes of libsocketmap's answers, in its address test mode."""
import sendmail
from ending import end_on_signals
from statuses import Statuses
from tap import case, done

# Sendmail's name of a map is the one that it sends.
MAPS = """\
Kstatus socket {endpoint}
Kecho socket {endpoint}
Slookup
R$+\t$: $(status $1 $: nothing $)
Sfold
R$+\t$: $(echo $1 $: nothing $)
"""

# Key, value or None, exit status of a lookup, of a ruleset that looks up.
ANSWERS = [
    ("ok", "value", 0, 0),
    ("notfound", None, 68, 0),
    ("temp", None, 75, 75),
    ("timeout", None, 75, 75),
    ("perm", None, 69, 0),
    ("no-such-key", None, 68, 0),
]


def ask(server, kind, *commands, maps=MAPS):
    """kind: "inet" or "unix". Sendmail wants no directory that all can write
    to above a unix socket, so it is told a relative path."""
    endpoint = {"inet": f"inet:{server.port}@127.0.0.1",
                "unix": "unix:socket"}[kind]
    return sendmail.ask(server.directory,
                        maps.format(endpoint=endpoint).splitlines(), commands)


def expected_of_map(key, value, status):
    found = "no match" if value is None else f"returns {value}"
    return f"map_lookup: status ({key}) {found} ({status})\n"


def cases_of(kind):
    for key, value, status, ruleset_status in ANSWERS:
        @case(f"{kind}: /map with {key}: status {status}")
        def _(key=key, value=value, status=status):
            with Statuses() as server:
                output, = ask(server, kind, f"/map status {key}")
            assert output == expected_of_map(key, value, status), output

        @case(f"{kind}: a ruleset with {key}: status {ruleset_status}")
        def _(key=key, value=value, status=ruleset_status):
            with Statuses() as server:
                output, = ask(server, kind, f"lookup {key}")
            returned = f"returns: {value or 'nothing'}\n"
            assert returned in output, output
            if status:
                assert output.endswith(f" status {status}\n"), output
            else:
                assert " status " not in output, output

    @case(f"{kind}: 500 lookups in two maps on one connection")
    def _():
        with Statuses() as server:
            commands = [command for i in range(100) for command in (
                "/map status ok", "/map status notfound", "/map status temp",
                f"/map echo key-{i}", f"lookup key-{i}")]
            outputs = ask(server, kind, *commands)
            counters = server.counters()
        for i, output in enumerate(outputs[3::5]):
            assert f"returns [key-{i}] (0)" in output, output
        assert counters["accepted"] == 1, counters
        assert counters["requests"] == 500, counters


def cases_of_keys():
    @case("a map folds the case of its keys")
    def _():
        with Statuses() as server:
            output, = ask(server, "inet", "/map echo Info@Example.ORG")
        assert "returns [info@example.org] (0)" in output, output

    @case("with -f it keeps the case")
    def _():
        with Statuses() as server:
            output, = ask(server, "inet", "/map echo Info@Example.ORG",
                          maps=MAPS.replace("Kecho socket", "Kecho socket -f"))
        assert "returns [Info@Example.ORG] (0)" in output, output

    @case("a ruleset folds too, and tokenises the value")
    def _():
        with Statuses() as server:
            output, = ask(server, "inet", "fold ABC")
        assert "returns: [ abc ]" in output, output

    @case("a map that the server does not have: status 75")
    def _():
        with Statuses() as server:
            output, = ask(server, "inet", "/map missing ok",
                          maps="Kmissing socket {endpoint}")
        assert output.endswith("no match (75)\n"), output

    @case("a value of 99,997 bytes arrives whole")
    def _():
        with Statuses() as server:
            output, = ask(server, "inet", "/map size 99997",
                          maps="Ksize socket {endpoint}")
        assert output.count("x") == 99997, output.count("x")


end_on_signals()
cases_of("inet")
cases_of("unix")
cases_of_keys()
done()
