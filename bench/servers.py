# SPDX-License-Identifier: MIT
"""What tables add to the servers that they ask: PostgreSQL, and nginx for HTTP.

A socketmapd is asked by 100 clients with one request in flight each. It is
compared with the server's own tool, with as many connections as the table has,
and with Postfix's own client of the same table, in 8 processes. As in bench/run
a figure is the median over the rounds of a ratio within a round.

Nothing is pinned to a CPU: what asks and what is asked share them all, on both
sides of a ratio.
"""
import copy
import os
import re
import shutil
import statistics
import subprocess
import threading
import time

import fixtures
from measure import Failure, in_turn
from tables import say, show_ratio

# Of the tests, whose folder fixtures puts on the path.
from http_server import free_port, wait_for_port
from postgres import Server, program

CLIENTS = 100
PROCESSES = 8  # of postmap
KEY = "user%d@example.com"

PGSQL_TABLE = f"""
create table t as select 'user' || n || '@example.com' as key,
    'value' || n as value from generate_series(0, {fixtures.KEYS - 1}) n;
create unique index on t (key); analyze t;
"""
PGSQL_CF = "SELECT value FROM t WHERE key = '%s'"
PGSQL_CONNECTIONS = 4
PGBENCH = f"""\\set n random(0, {fixtures.KEYS - 1})
SELECT value FROM t WHERE key = 'user' || :n || '@example.com';
"""

HTTP_CONNECTIONS = 100
NGINX = """
daemon off; master_process off; error_log stderr warn; pid {place}/pid;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 100000000;
    client_body_temp_path {place}/client; proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            if ($arg_key ~ "^user([0-9]+)") {{ return 200 "value$1"; }}
            return 404;
        }}
    }}
}}
"""


class Asked:
    """What asking a server comes to: requests/s, and CPU us/request of who asks
    (a socketmapd, but not its clients) and of the server."""

    def __init__(self, rate, cpu_us, count):
        self.rate, self.cpu_us, self.count = rate, cpu_us, count
        self.server_us = 0

    @property
    def all_us(self):
        return self.cpu_us + self.server_us


def cpu_of_family(pid):
    """The CPU seconds of a process and of all children that it has had."""
    ticks = 0
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{int(name)}/stat", encoding="utf-8") as file:
                fields = file.read().rpartition(")")[2].split()
        except (ValueError, OSError):
            continue
        if int(name) == pid:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == pid:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Case:
    """One table type with its server. Subclasses start it, in `start`, and
    give the table, the askers by name, and the server's process.
    goals: of the ratio of the rates, by asker. cpu_goals: of that of all CPU."""

    cpu_goals = {}

    def run(self, machine):
        machine = copy.copy(machine)
        machine.cpus = None
        place = os.path.join(machine.directory, f"asked-{self.kind}")
        os.mkdir(place)
        os.chmod(machine.directory, 0o755)
        with self.start(machine, place) as (table, askers, pid):
            daemon = fixtures.Daemon(machine, os.path.join(place, "daemon"),
                                     {self.kind: table})
            with daemon:
                askers = {"ours": lambda: self._ask(machine, daemon),
                          **askers}
                rounds = {name: [] for name in askers}
                for name in in_turn(list(askers), machine.options.rounds):
                    rounds[name].append(self._measure(askers[name], pid))
        return self._show(rounds)

    @staticmethod
    def _measure(asker, pid):
        before = cpu_of_family(pid)
        asked = asker()
        asked.server_us = 1e6 * (cpu_of_family(pid) - before) / asked.count
        return asked

    def _ask(self, machine, daemon):
        figures = machine.load(
            daemon.process, f"{daemon.endpoint}:{self.kind}", "-e", "value%d",
            "-c", str(CLIENTS), *machine.timing())
        # It is asked, too, before it is measured.
        seconds = machine.options.seconds * 1.2
        return Asked(figures["rate"], figures["server_cpu_us"],
                     figures["rate"] * seconds)

    def _show(self, rounds):
        for name, figures in rounds.items():
            rate, cpu, server = (
                statistics.median(getattr(one, what) for one in figures)
                for what in ("rate", "cpu_us", "server_us"))
            say(name, f"{rate:.0f} requests/s  "
                f"CPU {cpu:.0f} us + server {server:.0f} us")
        pairs = {name: list(zip(rounds["ours"], rounds[name]))
                 for name in self.goals}
        return [show_ratio(f"requests/s / {name}",
                           [a.rate / b.rate for a, b in pairs[name]],
                           goal, True)
                for name, goal in self.goals.items()] + [
            show_ratio(f"all CPU / {name}",
                       [a.all_us / b.all_us for a, b in pairs[name]], goal)
            for name, goal in self.cpu_goals.items()]


def timed(count, *commands):
    """Runs commands at the same time; returns what `count` requests took."""
    start = time.monotonic()
    processes = [subprocess.Popen(command, stdin=stdin and open(stdin, "rb"),
                                  stdout=subprocess.PIPE)
                 for command, stdin in commands]
    outputs = [None] * len(processes)

    def read(number):
        outputs[number] = processes[number].stdout.read()
    threads = [threading.Thread(target=read, args=(number,))
               for number in range(len(processes))]
    for thread in threads:
        thread.start()
    cpu = 0
    for thread, process in zip(threads, processes):
        thread.join()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if process.returncode != 0:
            raise Failure(f"{process.args[0]}: {process.returncode}")
        cpu += usage.ru_utime + usage.ru_stime
    rate = count / (time.monotonic() - start)
    return Asked(rate, 1e6 * cpu / count, count), outputs


class Tool:
    """The server's own tool: its figure of requests is in its output."""

    def __init__(self, machine, command, pattern):
        self.seconds = machine.options.seconds
        self.command, self.pattern = command, pattern

    def __call__(self):
        figures, (output,) = timed(1, (self.command, None))
        found = re.search(self.pattern, output.decode())
        if found is None:
            raise Failure(f"{self.command[0]} says nothing of requests")
        rate = float(found[1])
        count = rate * self.seconds
        return Asked(rate, figures.cpu_us / count, count)


class Pgsql(Case):
    kind = "pgsql"
    name = f"server pgsql, {fixtures.KEYS} keys, {CLIENTS} connections"
    goals = {"postmap": 3, "pgbench": 0.8}
    cpu_goals = {"postmap": 0.33, "pgbench": None}
    needs = ["postmap", "initdb"]

    def start(self, machine, place):
        return PgsqlRun(machine, place)


class PgsqlRun:
    def __init__(self, machine, place):
        self.machine, self.place = machine, place
        self.server = Server()

    def __enter__(self):
        server = self.server
        server.sql(PGSQL_TABLE)
        path = self._write("table.cf", server.options(query=PGSQL_CF))
        script = self._write("script", PGBENCH)
        # postmap knows no number of connections.
        ours = self._write("ours.cf", server.options(
            query=PGSQL_CF, connections=PGSQL_CONNECTIONS))
        seconds = max(1, round(self.machine.options.seconds))
        pgbench = Tool(self.machine, [
            program("pgbench"), "-n", "-M", "prepared", "-f", script, "-c",
            str(PGSQL_CONNECTIONS), "-T", str(seconds), "-h", "127.0.0.1",
            "-p", str(server.port), "-U", "mail", "postgres"],
            r"tps = ([0-9.]+)")
        pgbench.seconds = seconds
        return f"pgsql:{ours}", {"pgbench": pgbench, "postmap": Postmaps(
            self.machine, self.place, f"pgsql:{path}")}, server.process.pid

    def __exit__(self, *_):
        self.server.close()

    def _write(self, name, text):
        path = os.path.join(self.place, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        # A file that was just written would be waited for.
        os.utime(path, (1, 1))
        return path


class Postmaps:
    """Several postmap -q -, each with the same keys."""

    COUNT = 2000  # keys for each second of a round

    def __init__(self, machine, place, spec):
        self.config = os.path.join(place, "postfix")
        os.mkdir(self.config)
        with open(f"{self.config}/main.cf", "w", encoding="ascii") as file:
            file.write(fixtures.MAIN_CF)
        self.spec = spec
        self.count = max(100, round(self.COUNT * machine.options.seconds))
        self.keys = os.path.join(place, "keys")
        with open(self.keys, "w", encoding="ascii") as file:
            file.write("".join(KEY % (n * 7919 % fixtures.KEYS) + "\n"
                               for n in range(self.count)))

    def __call__(self):
        command = ["postmap", "-c", self.config, "-q", "-", self.spec]
        figures, outputs = timed(self.count * PROCESSES,
                                 *[(command, self.keys)] * PROCESSES)
        if any(output.count(b"\n") != self.count for output in outputs):
            raise Failure("postmap: an answer is missing")
        return figures


class Http(Case):
    kind = "http"
    name = f"server http, nginx, {CLIENTS} connections"
    goals = {"wrk": 0.6}
    cpu_goals = {"wrk": None}
    needs = ["wrk", "nginx"]

    def start(self, machine, place):
        return HttpRun(machine, place)


class HttpRun:
    def __init__(self, machine, place):
        self.machine, self.place = machine, place
        self.port = free_port()
        self.process = None

    def __enter__(self):
        place = self.place
        with open(f"{place}/nginx.conf", "w", encoding="ascii") as file:
            file.write(NGINX.format(place=place, port=self.port))
        self.process = subprocess.Popen(
            [find("nginx"), "-e", "stderr", "-p", place, "-c",
             f"{place}/nginx.conf"], stdin=subprocess.DEVNULL)
        try:
            wait_for_port(self.port, self.process)
        except BaseException:
            self.__exit__()
            raise
        url = f"http://127.0.0.1:{self.port}/?key="
        with open(f"{place}/table.cf", "w", encoding="ascii") as file:
            file.write(f"url = {url}%s\nconnections = {HTTP_CONNECTIONS}\n")
        seconds = max(1, round(self.machine.options.seconds))
        wrk = Tool(self.machine, [
            find("wrk"), "-t", "1", "-c", str(HTTP_CONNECTIONS), "-d",
            f"{seconds}s", url + (KEY % 1).replace("@", "%40")],
            r"Requests/sec: *([0-9.]+)")
        wrk.seconds = seconds
        return f"http:{place}/table.cf", {"wrk": wrk}, self.process.pid

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def find(name):
    """Debian keeps servers out of a user's PATH."""
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def is_there(name):
    if name == "initdb":
        try:
            return bool(program(name))
        except FileNotFoundError:
            return False
    return find(name) is not None


def run(machine):
    """Runs the cases that --only names; returns what --json keeps."""
    kept = []
    cases = [case for case in (Pgsql(), Http())
             if machine.options.only in case.name]
    types = fixtures.types_of_build(machine) if cases else ()
    for case in cases:
        print(f"\n{case.name}", flush=True)
        lack = [need for need in case.needs if not is_there(need)]
        if case.kind not in types:
            lack.append(f"{case.kind}: in this build")
        if lack:
            print(f"  not measured: no {' and no '.join(lack)} here")
            continue
        kept.append({"case": case.name, "figures": case.run(machine)})
    return kept
