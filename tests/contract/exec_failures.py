#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs behind exec: tables that fail: never "not found", and never another
key's value."""
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from ending import end_on_signals
from exec_maps import (FAILED, LATER, PROGRAM, Maps, check_gone, children_of,
                       program, state_of, wait_until)
from held_start import HeldStart
from http_maps import socketmap
from socketmap_client import Client, PATIENCE
from tap import case, done

# What the reason says, where that is sure.
KEYS = {
    "exit": "without an answer", "killed": "without an answer",
    "forks, exits": "without an answer", "hang": "", "deaf": "without an",
    "stop": "", "drip:" + "x" * 30: "", "late": "",
    "half, exit": "without an answer", "half, hang": "",
    "garbage": "no netstring", "line": "no netstring",
    "empty reply": "status", "no status": "status", "lower": "status",
    "zeros": "no netstring", "no comma": "no netstring", "nul": "",
    "bytes": "", "large": "too large", "huge": "too large", "endless": "",
    "twice": "more than one reply", "more": "more than one reply",
    "other, too": "more than one reply",
}


end_on_signals()


def check_failures(keys, deadline):
    """With a deadline in seconds. Returns what the daemon has said."""
    with Maps(m=program(processes=8), deadline=f"{deadline}s") as maps:
        for key, part in keys.items():
            maps.wait_fine("m")
            reason = maps.failure("m", key, deadline)
            assert part in reason, (key, reason)
            maps.wait_fine("m", "fine too")
            wait_until(lambda: "Z" not in maps.children().values(), key)
            assert len(maps.children()) <= 8, (key, maps.children())
        pids = [pid for pid, _ in maps.starts()]
        assert maps.daemon.stop() == 0, maps.daemon.stderr()
        check_gone(pids)
        return maps.daemon.stderr()


@case("programs that fail in every way: TEMP in time; then the next is fine")
def _():
    # To end, too, takes its time on a busy machine.
    said = check_failures({key: part for key, part in KEYS.items() if part}, 9)
    for part in ("exited with status 3",
                 "had to be killed: a wrong reply",
                 "had to be killed: its stdin or stdout is closed"):
        assert part in said, (part, said)


@case("programs without an answer in time, or a bad one: the same")
def _():
    said = check_failures(
        {key: part for key, part in KEYS.items() if not part}, 1)
    assert "had to be killed: no answer in time" in said, said


@case("the same, of one who waits for the answer")
def _():
    with Maps(m=program(), deadline="500ms") as maps:
        config = f"{maps.path}/socketmapd.conf"
        keys = ["fine", *KEYS, "fine too"]
        for key in keys:
            out = socketmap("query", "-c", config, "m", key)
            if key.startswith("fine"):
                assert (out.returncode, out.stdout) == (0, f"of {key}\n"), out
            else:
                assert out.returncode == 75, (key, out)
        check_gone([pid for pid, _ in maps.starts()])
        # Programs are kept while they answer.
        before = len(maps.starts())
        text = "a\nexit\nb\nc\npid\n"
        Path(f"{maps.path}/keys").write_text(text)
        with open(f"{maps.path}/keys", encoding="ascii") as keys:
            out = subprocess.run(
                [os.environ["SOCKETMAP"], "query", "-c", config, "m", "-"],
                stdin=keys, capture_output=True, text=True, timeout=PATIENCE)
        assert "a\tof a\nb\tof b\nc\tof c\n" in out.stdout, out
        assert len(maps.starts()) == before + 3, maps.starts()
        check_gone([pid for pid, _ in maps.starts()])


@case("what a program writes unasked ends it, and is nobody's")
def _():
    noisy = ("import os, sys, time\n"
             "sys.path.insert(0, os.path.dirname('%s'))\n"
             "import program\n"
             "while True:\n"
             "    key = program.read_request().partition(b' ')[2]\n"
             "    program.write(program.netstring(b'OK of ' + key))\n"
             "    time.sleep(0.05)\n"
             "    program.write(program.OTHER)\n") % PROGRAM
    eager = "while true; do printf '8:OK value,'; done"
    with Maps(m="command = python3 @DIR@/noisy.py\nprocesses = 1",
              eager="command = sh -c {%s}\nprocesses = 1" % eager,
              deadline="2s", files={"noisy.py": noisy}) as maps:
        maps.wait_fine("m", "a")
        maps.daemon.wait_line("had to be killed: it wrote what it was not "
                              "asked for")
        for turn in range(3):
            maps.wait_fine("m", f"b{turn}")
        for turn in range(10):
            reason = maps.failure("eager", f"x{turn}")
            assert reason
        assert maps.daemon.stop() == 0


@case("a program that starts and fails is started once a second, told of once")
def _():
    with Maps(m=f"command = sh -c {{echo $$ >>@DIR@/begun; echo no >&2; "
                "exit 5}\nprocesses = 4", deadline="1s") as maps:
        begin = time.monotonic()
        count = 0
        while time.monotonic() - begin < 3.5:
            maps.failure("m", f"x{count}")
            count += 1
            time.sleep(0.01)
        begun = Path(f"{maps.path}/begun").read_text().split()
        print(f"# {count} lookups, {len(begun)} starts")
        assert 2 <= len(begun) <= 5, begun
        assert maps.daemon.stop() == 0
        said = maps.daemon.stderr()
        assert said.count("exited with status 5") == 1, said
        assert said.count("failed before its first answer") == 1, said
        check_gone(map(int, begun))


@case("keys that kill their programs: others are answered, starts are few")
def _():
    with Maps(m=program(processes=2), deadline="4s") as maps:
        maps.wait_fine("m")
        stop = threading.Event()

        def poison():
            with Client(maps.daemon.endpoint) as client:
                while not stop.is_set():
                    assert client.lookup("m", "exit")[0] in FAILED

        thread = threading.Thread(target=poison, daemon=True)
        thread.start()
        begin = time.monotonic()
        seen = {}
        while time.monotonic() - begin < 3:
            status, text = maps.lookup("m", "fine")
            assert (status, text) == ("OK", b"of fine") or status in FAILED
            seen[status] = seen.get(status, 0) + 1
        stop.set()
        thread.join(PATIENCE)
        lasted = time.monotonic() - begin
        print(f"# {seen}, {len(maps.starts())} starts in {lasted:.1f} s")
        assert seen.get("OK", 0) > 0, seen
        assert len(maps.starts()) <= 2 * (lasted + 2), maps.starts()
        maps.wait_fine("m")


@case("many clients, good and bad keys: each has its own value, or fails")
def _():
    rng = random.Random(5)
    bad = ["exit", "half, exit", "garbage", "twice", "killed", "other, too"]
    with Maps(m=program(processes=4), deadline="3s",
              more="queue = 1000\n") as maps:
        clients = [Client(maps.daemon.endpoint) for _ in range(40)]
        seen = {}
        for turn in range(25):
            keys = [rng.choice(bad) if rng.random() < 0.01
                    else "last" if rng.random() < 0.02
                    else rng.choice(["absent", f"fine {turn} {n}", "in two",
                                     f"k{turn}-{n}"])
                    for n in range(len(clients))]
            for client, key in zip(clients, keys):
                client.ask("m", key)
            for client, key in zip(clients, keys):
                status, text = client.reply()
                seen[status] = seen.get(status, 0) + 1
                if status == "OK":
                    assert text == b"of " + key.encode(), (key, text)
                    assert key not in bad, key
                elif status == "NOTFOUND":
                    assert key == "absent", key
                else:
                    assert status in FAILED, (key, status, text)
        for client in clients:
            client.close()
        print(f"# {seen}, {len(maps.starts())} starts")
        assert seen["OK"] > 300, seen
        assert maps.daemon.stop() == 0, maps.daemon.stderr()
        check_gone([pid for pid, _ in maps.starts()])


@case("clients that leave: their program answers to the end, and goes on")
def _():
    with Maps(m=program(processes=1), deadline="1s") as maps:
        pid = maps.value("m", "pid")
        for _ in range(5):
            with Client(maps.daemon.endpoint) as other:
                other.ask("m", "slow")
                time.sleep(0.02)
            assert maps.value("m", "fine") == "of fine"
        assert maps.value("m", "pid") == pid
        with Client(maps.daemon.endpoint) as other:
            other.ask("m", "hang")
            time.sleep(0.05)
        wait_until(lambda: state_of(int(pid)) is None)
        maps.wait_fine("m")
        # With one on its way whose client has left.
        with Client(maps.daemon.endpoint) as other:
            other.ask("m", "hang")
            time.sleep(0.05)
        assert maps.daemon.stop() == 0
        check_gone([pid for pid, _ in maps.starts()])


@case("children of a program end with it")
def _():
    with Maps(m=program(processes=1), deadline="1s") as maps:
        assert maps.value("m", "children") == "of children"
        pid = int(maps.value("m", "pid"))
        inner = list(children_of(pid))
        assert len(inner) == 1, inner
        maps.failure("m", "hang")
        check_gone([pid, *inner])
        maps.wait_fine("m", "children")
        pid = int(maps.value("m", "pid"))
        inner = list(children_of(pid))
        os.kill(pid, signal.SIGKILL)  # they have its two ends still
        check_gone([pid, *inner])
        maps.wait_fine("m", "left")
        pid = int(maps.value("m", "pid"))
        left = list(children_of(pid))
        maps.failure("m", "exit")
        maps.wait_fine("m")
        check_gone([pid])
        for one in left:  # in a session of its own: not ours any more
            os.kill(one, signal.SIGKILL)
        assert maps.daemon.stop() == 0
        check_gone([pid for pid, _ in maps.starts()])


@case("programs that are killed from outside, again and again")
def _():
    with Maps(m=program(processes=2), deadline="1s") as maps:
        for _ in range(4):
            maps.wait_fine("m")
            pid = int(maps.value("m", "pid"))
            os.kill(pid, signal.SIGKILL)
            check_gone([pid])
            maps.wait_fine("m")
        pid = int(maps.value("m", "pid"))
        os.kill(pid, signal.SIGSTOP)
        maps.failure("m", "x")
        maps.wait_fine("m")
        check_gone([pid])


@case("one that hangs or floods delays no other map")
def _():
    with Maps(m=program(processes=1), other=program(processes=1),
              deadline="3s") as maps:
        maps.wait_fine("other")
        with Client(maps.daemon.endpoint) as busy:
            for key in "hang", "flood", "endless":
                busy.ask("m", key)
                longest = 0
                for turn in range(100):
                    start = time.monotonic()
                    assert maps.value("other", f"{turn}") == f"of {turn}"
                    longest = max(longest, time.monotonic() - start)
                print(f"# {key}: others {longest * 1000:.1f} ms")
                status, text = busy.reply()
                assert status in (*FAILED, "OK"), (key, status, text)
                maps.wait_fine("m")


@case("one whose start takes long delays no other map")
def _():
    with tempfile.TemporaryDirectory(prefix="exec-") as folder:
        os.chmod(folder, 0o755)
        slow = shutil.copy(PROGRAM, folder)
        try:
            held = HeldStart(slow)
        except OSError as error:
            print(f"# not tried: {error}")
            return
        with Maps(m=f"command = {slow}\nprocesses = 1",
                  other=program(processes=1), deadline="500ms") as maps:
            maps.wait_fine("other")
            with held, Client(maps.daemon.endpoint) as client:
                start = time.monotonic()
                client.ask("m", "fine")
                held.wait()
                assert maps.value("other", "x") == "of x"
                assert client.reply()[0] in FAILED
                assert time.monotonic() - start < 0.5 + LATER
            maps.wait_fine("m")


done()
