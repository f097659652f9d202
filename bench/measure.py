# SPDX-License-Identifier: MIT
"""What all parts of the benchmark use: processors, the load generator, goals."""
import json
import os
import subprocess


class Failure(Exception):
    """A wrong reply, or something that does not run: never slowness."""


class Machine:
    """Where things run. The server has one CPU for itself, if there are two;
    whoever asks it has another one."""

    def __init__(self, options, directory):
        self.build = os.path.abspath(options.build)
        self.options = options
        self.directory = directory
        cpus = sorted(os.sched_getaffinity(0))
        self.cpus = None if options.no_pin or len(cpus) < 2 else cpus[:2]

    def pin_server(self):
        if self.cpus:
            os.sched_setaffinity(0, self.cpus[:1])

    def pin_generator(self):
        if self.cpus:
            os.sched_setaffinity(0, self.cpus[1:])

    def program(self, path):
        return os.path.join(self.build, path)

    def load(self, process, target, *arguments):
        """Runs the generator once and returns its figures.

        process: the server. target: ENDPOINT:NAME."""
        done = subprocess.run(
            [self.program("src/cli/socketmap"), "bench", "-j",
             "-P", str(process.pid), *arguments, target],
            stdout=subprocess.PIPE, text=True, preexec_fn=self.pin_generator)
        if process.poll() is not None:
            raise Failure(f"{process.args[0]} died: {process.returncode}")
        if done.returncode != 0:
            raise Failure(f"{target} failed under load")
        figures = json.loads(done.stdout)
        if figures["server_cpu_us"] is None:
            raise Failure("no CPU time in /proc: needs CONFIG_SCHED_INFO")
        return figures

    def timing(self):
        """How long the generator has to load a server in a round."""
        return ("-d", str(self.options.seconds),
                "-w", str(self.options.seconds / 5))


def in_turn(names, rounds):
    """Yields each name once a round, another one first each time."""
    for number in range(rounds):
        shift = number % len(names)
        yield from names[shift:] + names[:shift]


def verdict(value, goal, at_least=False):
    """What stands behind a figure: its goal, and whether that is met."""
    if goal is None:
        return ""
    met = value >= goal if at_least else value <= goal
    sign = ">=" if at_least else "<="
    return f"goal {sign} {goal:<5} {'met' if met else 'NOT MET'}"
