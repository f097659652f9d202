# SPDX-License-Identifier: MIT
"""What tables cost: a lookup, loading, and the whole way from Postfix.

The tables of a socketmapd are compared with the server "ours", whose lookup
function asks the same data in memory, and with Postfix's own tables. As in
bench/run a figure is the median over the rounds of a ratio within a round.
"""
import os
import statistics
import subprocess
import time

import fixtures
import redis_table
from measure import Failure, in_turn, verdict

LOAD_KEYS = 10000000
LOAD_LINE = "user%d@example.com dest%d@example.net\n"


def say(title, text, judged=""):
    print(f"  {title:<24}{text:<34}{judged}".rstrip(), flush=True)


def show_ratio(title, values, goal=None, at_least=False, note=""):
    """Prints the median of ratios; returns what --json keeps of it."""
    ratio = statistics.median(values)
    say(title, f"{ratio:.3f}{note} ", verdict(ratio, goal, at_least))
    return {"figure": title, "ratio": ratio, "goal": goal}


def show_value(title, value, unit, goal=None):
    say(title, f"{value:.4g} {unit}", verdict(value, goal))
    return {"figure": title, "value": value, "goal": goal}


class Lookups:
    """One map of socketmapd next to the inline lookup function."""

    def __init__(self, kind, ratios):
        self.kind = kind
        self.ratios = ratios  # of (metric, title, goal, at least)
        self.name = f"table {kind}, {fixtures.KEYS} keys, 16 connections"
        self.needs = [kind]

    def run(self, tables):
        targets = {"table": (tables.daemon.process,
                             f"{tables.daemon.endpoint}:{self.kind}"),
                   "inline": (tables.ours.process,
                              f"{tables.ours.endpoints['unix']}:inline")}
        rounds = {name: [] for name in targets}
        for name in in_turn(list(targets), tables.machine.options.rounds):
            rounds[name].append(tables.machine.load(
                *targets[name], "-e", "value%d", "-c", "16",
                *tables.machine.timing()))
        return [self._show(rounds, *ratio) for ratio in self.ratios]

    @staticmethod
    def _show(rounds, metric, title, goal, at_least):
        medians = [statistics.median(f[metric] for f in rounds[name])
                   for name in ("table", "inline")]
        return show_ratio(
            title, [a[metric] / b[metric]
                    for a, b in zip(rounds["table"], rounds["inline"])],
            goal, at_least, " inline ({:.4g} / {:.4g})".format(*medians))


class Loading:
    """How long a big text file takes to load, and the memory that it takes."""

    name = f"table texthash, {LOAD_KEYS} keys, loading"
    needs = ["texthash"]

    def run(self, tables):
        place = os.path.join(tables.machine.directory, "loading")
        os.mkdir(place)
        path = os.path.join(place, "text")
        fixtures.write_numbered(path, LOAD_LINE, LOAD_KEYS)
        config = fixtures.write_config(place, {"big": f"texthash:{path}"})
        runs = [self._load(tables.machine, config)
                for _ in range(min(3, tables.machine.options.rounds))]
        size = os.path.getsize(path)
        os.unlink(path)
        memory = statistics.median(usage.ru_maxrss for _, usage in runs) * 1024
        return [
            show_value("time", statistics.median(t for t, _ in runs), "s", 10),
            show_value("CPU time", statistics.median(
                usage.ru_utime + usage.ru_stime for _, usage in runs), "s"),
            show_value("memory over the text",
                       (memory - size) / LOAD_KEYS, "bytes a key", 120)]

    @staticmethod
    def _load(machine, config):
        """Asks the configuration for one key, without a daemon."""
        return timed([machine.program("src/cli/socketmap"), "query", "-c",
                      config, "big", f"user{LOAD_KEYS - 1}@example.com"])[:2]


def timed(command, stdin=None, preexec_fn=None):
    """Runs a command; returns its seconds, its rusage and its output."""
    start = time.monotonic()
    with subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE,
                          preexec_fn=preexec_fn) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failure(f"{' '.join(command)}: {process.returncode}")
    return time.monotonic() - start, usage, output


def cpu_of(pid):
    """The CPU seconds that all threads of a process have used."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat",
                  encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


class Postmap:
    """postmap -q -, with Postfix's own table and with ours behind the socket.

    It runs on the server's CPU: with one request in flight either of them
    waits for the other, and waking up another CPU would be most of the time."""

    def __init__(self, kind, title, keys, goal=None):
        self.kind = kind
        self.name = f"table {kind}, {title}"
        self.keys = keys
        self.goal = goal  # of the server's CPU time over Postfix's own
        self.needs = [kind, "postmap"]

    def run(self, tables):
        specs = {"own": tables.fixtures.specs[self.kind],
                 "ours": f"socketmap:{tables.daemon.endpoint}:{self.kind}"}
        rounds = {name: [] for name in specs}
        answers = set()
        for name in in_turn(list(specs), tables.machine.options.rounds):
            figures, output = self._ask(tables, specs[name])
            rounds[name].append(figures)
            answers.add(output)
        if len(answers) != 1 or b"" in answers:
            raise Failure(f"{self.name}: other answers than Postfix's own")
        return self._show(rounds)

    def _ask(self, tables, spec):
        pid = tables.daemon.pid
        before = cpu_of(pid)
        with open(getattr(tables.fixtures, self.keys), "rb") as keys:
            wall, usage, output = timed(
                ["postmap", "-c", tables.fixtures.config, "-q", "-", spec],
                keys, tables.machine.pin_server)
        return {"wall": wall, "postmap": usage.ru_utime + usage.ru_stime,
                "server": cpu_of(pid) - before}, output

    def _show(self, rounds):
        medians = {name: {what: statistics.median(f[what] for f in figures)
                          for what in figures[0]}
                   for name, figures in rounds.items()}
        for name, title in (("own", self.kind), ("ours", "socketmap")):
            figures = medians[name]
            say(f"postmap -q - {title}:",
                f"wall {figures['wall']:.2f} s  CPU {figures['postmap']:.2f} s"
                + (f" + server {figures['server']:.2f} s"
                   if name == "ours" else ""))
        pairs = list(zip(rounds["ours"], rounds["own"]))
        return [
            show_ratio("wall", [a["wall"] / b["wall"] for a, b in pairs]),
            show_ratio("server / Postfix CPU",
                       [a["server"] / b["postmap"] for a, b in pairs],
                       self.goal),
            {"figure": "medians", **medians}]


CPU = ("server_cpu_us", "server CPU us/request", 1.3, False)
RATE = ("rate", "requests/s", None, True)

CASES = [
    Lookups("texthash", [CPU, RATE]),
    Lookups("cdb", [CPU, RATE]),
    Lookups("lmdb", [CPU, RATE]),
    Lookups("sqlite", [("rate", "requests/s", 0.25, True)]),
    redis_table.Redis(),
    Loading(),
    Postmap("pcre", f"{fixtures.PATTERNS} patterns", "pattern_keys"),
    Postmap("lmdb", "the whole way, 200000 keys", "keys"),
    Postmap("cdb", "the whole way, 200000 keys", "keys"),
]


class Tables:
    def __init__(self, machine, ours):
        self.machine = machine
        self.ours = ours
        self.fixtures = fixtures.Fixtures(machine)
        self.daemon = fixtures.Daemon(
            machine, os.path.join(machine.directory, "socketmapd"),
            self.fixtures.specs)

    def lack(self, case):
        return [need for need in case.needs
                if need not in self.fixtures.specs
                and not (need == "postmap" and fixtures.has_postmap())
                and not (need == "redis"
                         and redis_table.is_there(self.fixtures.types))]


def run(machine, ours):
    """Runs the cases that --only names; returns what --json keeps."""
    cases = [case for case in CASES if machine.options.only in case.name]
    kept = []
    if not cases:
        return kept
    tables = Tables(machine, ours)
    with tables.daemon:
        for case in cases:
            print(f"\n{case.name}", flush=True)
            lack = tables.lack(case)
            if lack:
                print(f"  not measured: no {' and no '.join(lack)} here")
                continue
            kept.append({"case": case.name, "figures": case.run(tables)})
    return kept
