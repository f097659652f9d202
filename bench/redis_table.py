# SPDX-License-Identifier: MIT
"""redis: tables next to redis-benchmark, the server's own tool.

One asks the server directly, 16 requests ahead, or one at a time as mail
servers do; the other asks a socketmapd that asks the server.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys

import fixtures
from measure import Failure, in_turn, verdict

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../tests/support"))
import redis_server  # noqa: E402

CLIENTS = 100
KEYS = 100000
RATE = re.compile(r"([\d.]+) requests per second")


def is_there(types):
    return "redis" in types and all(map(shutil.which, (
        "redis-server", "redis-benchmark", "redis-cli")))


class Redis:
    name = f"table redis, {KEYS} keys, {CLIENTS} connections"
    needs = ["redis"]

    def run(self, tables):
        machine = tables.machine
        with redis_server.Server() as server:
            self._fill(server)
            place = os.path.join(machine.directory, "redis")
            os.mkdir(place)
            path = os.path.join(place, "redis.cf")
            with open(path, "w", encoding="ascii") as file:
                file.write(f"hosts = unix:{server.path}\ncommand = GET %s\n")
            with fixtures.Daemon(machine, os.path.join(place, "daemon"), {
                    "m": f"redis:{path}"}) as daemon:
                return self._show(self._measure(tables, server, daemon))

    @staticmethod
    def _fill(server):
        commands = b"".join(
            redis_server.encode("SET", f"user{n}@example.com", f"value{n}")
            for n in range(KEYS))
        subprocess.run(["redis-cli", "-s", server.path, "--pipe"], check=True,
                       input=commands, stdout=subprocess.DEVNULL)

    def _measure(self, tables, server, daemon):
        """Returns {what: rates}, a round each."""
        machine = tables.machine
        inline = tables.ours
        load = ("-e", "value%d", "-c", str(CLIENTS), "-K", str(KEYS),
                *machine.timing())
        ways = {
            "table": lambda: machine.load(
                daemon.process, f"{daemon.endpoint}:m", *load)["rate"],
            "inline": lambda: machine.load(
                inline.process, f"{inline.endpoints['unix']}:inline",
                *load)["rate"],
            "16": lambda: self._ask_directly(machine, server, 16),
            "1": lambda: self._ask_directly(machine, server, 1)}
        rounds = {name: [] for name in ways}
        for name in in_turn(list(ways), machine.options.rounds):
            rounds[name].append(ways[name]())
        return rounds

    @staticmethod
    def _ask_directly(machine, server, ahead):
        count = int(100000 * ahead ** 0.5 * machine.options.seconds)
        done = subprocess.run(
            ["redis-benchmark", "-s", server.path, "-c", str(CLIENTS), "-P",
             str(ahead), "-n", str(count), "-q", "GET", "user1@example.com"],
            stdout=subprocess.PIPE, text=True, check=True,
            preexec_fn=machine.pin_generator)
        found = RATE.findall(done.stdout)
        if not found:
            raise Failure("redis-benchmark has printed no rate")
        return float(found[-1])

    @staticmethod
    def _show(rounds):
        kept = []
        for name, title, goal in (
                ("16", "redis-benchmark -P 16", 0.8),
                ("1", "redis-benchmark -P 1", None),
                ("inline", "inline", None)):
            ratio = statistics.median(
                a / b for a, b in zip(rounds["table"], rounds[name]))
            medians = [statistics.median(rounds[one])
                       for one in ("table", name)]
            print("  {:<24}{:<34}{}".format(
                "requests/s", "{:.3f} {} ({:.4g} / {:.4g}) ".format(
                    ratio, title, *medians),
                verdict(ratio, goal, True)).rstrip(), flush=True)
            kept.append({"figure": f"requests/s, {title}", "ratio": ratio,
                         "goal": goal})
        return kept
