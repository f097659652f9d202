#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs behind exec: tables, right ones and wrong ones: never "not found"
for a failure, never another key's value, and none left behind."""
import ast
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

from ending import end_on_signals
from http_maps import Maps as AnyMaps
from http_maps import socketmap
from socketmap_client import Client, PATIENCE
from tap import case, done

PROGRAM = str(Path(__file__).parent.parent / "support/program.py")
ECHO = os.environ["ECHO_PROGRAM"]
SOCKETMAPD = os.environ["SOCKETMAPD"]

FAILED = ("TEMP", "TIMEOUT")
# Postfix takes its own time: this is what a busy machine may need.
LATER = 2.0
BACK = 2.0


class Maps(AnyMaps):
    def __init__(self, **maps):
        super().__init__(kind="exec", **maps)
        for path in Path(self.path).glob("*.cf"):  # not just written
            os.utime(path, (time.time() - 60,) * 2)

    def starts(self):
        """The process ids and times of the programs that have begun."""
        path = Path(f"{self.path}/starts")
        lines = path.read_text("ascii").split("\n") if path.exists() else []
        return [(int(line.split()[0]), float(line.split()[1]))
                for line in lines if line]

    def children(self):
        return children_of(self.daemon.pid)

    def value(self, name, key):
        status, text = self.lookup(name, key)
        return text.decode() if status == "OK" else status

    def failure(self, name, key, deadline=1.0):
        """The reason of a lookup that has to fail in time."""
        start = time.monotonic()
        status, text = self.lookup(name, key)
        took = time.monotonic() - start
        assert status in FAILED, (key, status, text)
        assert took < deadline + LATER, (key, took)
        return text.decode()

    def wait_fine(self, name, key="fine"):
        """Asks until it is answered right; until then it only fails."""
        end = time.monotonic() + BACK + LATER
        while True:
            status, text = self.lookup(name, key)
            if status == "OK":
                assert text == b"of " + key.encode(), (key, text)
                return
            assert status in FAILED, (status, text)
            assert time.monotonic() < end, (status, text)
            time.sleep(0.02)


def program(*words, **options):
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    return (f"command = {' '.join([PROGRAM, *words])}\n{lines}"
            f"environment = STARTS=@DIR@/starts\n")


def children_of(pid):
    """Direct children of all threads, with their states."""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
        except FileNotFoundError:
            continue
        for child in map(int, text.split()):
            state = state_of(child)
            if state is not None:
                found[child] = state
    return found


def state_of(pid):
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()[0]


def wait_until(what, why=""):
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.02)


def check_gone(pids):
    """Waits for the end of processes; a zombie is one still."""
    for pid in pids:
        wait_until(lambda pid=pid: state_of(pid) is None,
                   f"{pid} is {state_of(pid)}")


SHELL = r"""
number() {
    digits=
    while c=$(dd bs=1 count=1 2>/dev/null; echo x); c=${c%x}; [ -n "$c" ]; do
        [ "$c" = : ] && return 0
        digits=$digits$c
    done
    return 1
}
while number; do
    payload=$(dd bs=1 count="$digits" 2>/dev/null)
    dd bs=1 count=1 2>/dev/null >&2
    value="OK ${payload#* } of sh"
    printf '%d:%s,' "${#value}" "$value"
done
"""

end_on_signals()


@case("programs in Python, C and sh, and socketmapd itself")
def _():
    nested = ("[listen x]\nendpoint = unix:@DIR@/x\n"
              "[map m]\ntable = inline:{a@b=x@y}\n"
              "[map bad]\ntable = fail:x\n")
    with Maps(python=program(), c=f"command = {ECHO}",
              sh="command = sh @DIR@/program.sh",
              words="command = sh -c {exec '%s' a \"b  c\"}" % PROGRAM,
              itself=f"command = {SOCKETMAPD} --stdio -c @DIR@/n.conf\n"
                     "map = m",
              fails=f"command = {SOCKETMAPD} --stdio -c @DIR@/n.conf\n"
                    "map = bad\n",
              unknown=f"command = {SOCKETMAPD} --stdio -c @DIR@/n.conf\n",
              files={"program.sh": SHELL, "n.conf": nested}) as maps:
        for turn in range(3):
            key = f"k{turn}@example.org"
            assert maps.value("python", key) == "of " + key
            assert maps.value("c", key) == key
            assert maps.value("sh", key) == key + " of sh"
            assert maps.value("words", key) == "of " + key
            assert maps.value("itself", "a@b") == "x@y"
            assert maps.value("itself", key) == "NOTFOUND"
            assert maps.failure("fails", key)
            assert maps.failure("unknown", key)
        about = ast.literal_eval(maps.value("words", "about"))
        assert about["argv"] == ["a", "b  c"], about
        assert maps.value("c", "x" * 50_000) == "x" * 50_000
        assert maps.value("python", "absent") == "NOTFOUND"
        for key in "temp", "perm", "timeout":
            assert key.upper() in maps.failure("python", key)
        assert "for a while" in maps.failure("python", "temp")
        assert maps.failure("python", "empty")
        assert maps.value("python", "in two") == "of in two"
        shown = maps.explain("python", "a")
        assert PROGRAM in shown and "python a" in shown, shown
        assert maps.daemon.stop() == 0, maps.daemon.stderr()


@case("what a program has of the daemon")
def _():
    os.environ["FROM_OUTSIDE"] = "taken over"
    with Maps(env={"NOTIFY_SOCKET": "/nonexistent", "TZ": "UTC",
                   "LANG": "C.UTF-8"},
              plain="command = %s" % PROGRAM,
              full=f"command = {PROGRAM} {{}} {{a {{b}}}} c,d\n"
                   "directory = @DIR@\nmap = other\n"
                   "environment = A=1 {B= 2  3} FROM_OUTSIDE NO_SUCH A=4\n"
                   " PATH=/bin\n") as maps:
        del os.environ["FROM_OUTSIDE"]
        plain = ast.literal_eval(maps.value("plain", "about"))
        path = plain["env"].pop("PATH")
        assert path.startswith("/usr/local/sbin:"), path
        plain["env"].pop("LC_CTYPE", None)  # Python's own
        assert plain["env"] == {"TZ": "UTC", "LANG": "C.UTF-8"}, plain
        assert plain["cwd"] == "/" and plain["argv"] == [], plain
        assert plain["fds"] == [0, 1, 2] and plain["leads"], plain
        assert int(plain["SigBlk"], 16) == 0, plain
        # Python ignores SIGPIPE (13) and SIGXFSZ (25) by itself, and the C
        # library has 32 and 33 for itself.
        ignored = int(plain["SigIgn"], 16)
        assert ignored & ~sum(1 << n - 1 for n in (13, 25, 32, 33)) == 0, plain
        more = ast.literal_eval(maps.value("full", "about"))
        more["env"].pop("LC_CTYPE", None)
        assert more["env"] == {
            "A": "4", "B": "2  3" if more["env"]["B"][0] == "2" else " 2  3",
            "FROM_OUTSIDE": "taken over", "PATH": "/bin",
            "TZ": "UTC", "LANG": "C.UTF-8"}, more
        assert more["cwd"] == maps.path, more
        assert more["argv"] == ["", "a {b}", "c,d"], more
        assert "full x" not in maps.explain("full", "x")
        assert "other x" in maps.explain("full", "x")


@case("what is wrong in a FILE.cf is said, and the map answers TEMP")
def _():
    wrong = {
        "": "command is missing",
        "command =": "command",
        "command = {}": "names no program",
        "command = {": "{",
        "command = {/bin/true}x": "text after",
        "command = bin/true": "absolute path",
        "command = no.such.program x": "No such file",
        "command = /no/such/program": "No such file",
        "command = /etc/passwd": "Permission denied",
        "command = true\nprocesses = 0": "processes",
        "command = true\nprocesses = 101": "processes",
        "command = true\ndirectory = here": "directory",
        "command = true\nmap = a b": "map",
        "command = true\nenvironment = =x": "environment",
        "command = true\nenvironment = {a=b": "{",
    }
    texts = {f"m{number}": text for number, text in enumerate(wrong)}
    with Maps(**texts, unknown="command = %s\nuser = nobody" % PROGRAM) as maps:
        for name, text in texts.items():
            reason = maps.failure(name, "x")
            assert wrong[text] in reason, (text, reason)
            assert f"{name}.cf" in reason, (text, reason)
        assert "user" in maps.daemon.stderr()
        assert maps.value("unknown", "x") == "of x"


@case("what cannot be started: TEMP with the reason, and found when it can be")
def _():
    with Maps(m=f"command = @DIR@/program x\ndirectory = @DIR@/there\n"
                "environment = STARTS=@DIR@/starts\n") as maps:
        assert "program" in maps.failure("m", "x")
        maps.write("program", "#!/no/such/interpreter\n")
        os.chmod(f"{maps.path}/program", 0o755)
        wait_until(lambda: "there" not in maps.failure("m", "x") and False
                   or "/program: No such" in maps.failure("m", "x"))
        os.unlink(f"{maps.path}/program")
        os.symlink(PROGRAM, f"{maps.path}/program")
        assert maps.failure("m", "x")  # the directory is not there
        os.mkdir(f"{maps.path}/there")
        wait_until(lambda: maps.lookup("m", "x") == ("OK", b"of x"))
        assert maps.daemon.stop() == 0


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


@case("programs that fail in every way: TEMP in time; then the next is fine")
def _():
    with Maps(m=program(processes=2), deadline="1s") as maps:
        for key, part in KEYS.items():
            maps.wait_fine("m")
            reason = maps.failure("m", key)
            assert part in reason, (key, reason)
            maps.wait_fine("m", "fine too")
            assert "Z" not in maps.children().values() or \
                time.sleep(0.2) or "Z" not in maps.children().values(), key
            assert len(maps.children()) <= 2, (key, maps.children())
        pids = [pid for pid, _ in maps.starts()]
        assert maps.daemon.stop() == 0, maps.daemon.stderr()
        check_gone(pids)
        said = maps.daemon.stderr()
    for part in ("exited with status 3",
                 "had to be killed: no answer in time",
                 "had to be killed: a wrong reply",
                 "had to be killed: its stdin or stdout is closed"):
        assert part in said, (part, said)


@case("the same, of one who waits for the answer")
def _():
    with Maps(m=program(), deadline="1s") as maps:
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
                    else rng.choice(["absent", f"fine {turn} {n}", "slow",
                                     "last", f"k{turn}-{n}"])
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


@case("a program that ends after its answer was no failure")
def _():
    with Maps(m=program(processes=2), deadline="4s") as maps:
        for turn in range(5):
            assert maps.value("m", "last") == "of last", turn
            assert maps.value("m", "fine") == "of fine", turn
        assert "exited" not in maps.daemon.stderr(), maps.daemon.stderr()


@case("clients that leave: their program answers to the end, and goes on")
def _():
    with Maps(m=program(processes=1), deadline="3s") as maps:
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


@case("what is written to stderr is logged, but not all of it")
def _():
    with Maps(m=program(processes=1), other=program(), deadline="20s") as maps:
        begin = time.monotonic()
        assert maps.value("m", "flood") == "of flood"
        assert maps.value("other", "x") == "of x"
        took = time.monotonic() - begin
        assert maps.value("m", "fine") == "of fine"
        assert maps.daemon.stop() == 0
        lines = maps.daemon.stderr().split("\n")
        said = [line for line in lines if "of the flood" in line]
        print(f"# {len(said)} of 20,000 lines in {took:.1f} s")
        assert 1 <= len(said) <= 50 * (took / 10 + 1), len(said)
        assert any("lines left out" in line for line in lines), lines[-5:]
        assert max(map(len, lines)) < 1100
        assert "\0" not in maps.daemon.stderr()
        assert "\033" not in maps.daemon.stderr()


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
    with Maps(m=program(processes=2), deadline="3s") as maps:
        for _ in range(4):
            maps.wait_fine("m")
            pid = int(maps.value("m", "pid"))
            os.kill(pid, signal.SIGKILL)
            check_gone([pid])
            assert maps.lookup("m", "fine") == ("OK", b"of fine")
        pid = int(maps.value("m", "pid"))
        os.kill(pid, signal.SIGSTOP)
        maps.failure("m", "x", 3)
        maps.wait_fine("m")
        check_gone([pid])


@case("a reload ends them when their lookups are done; what stays, stays")
def _():
    with Maps(m=program(processes=2), same=program(), deadline="4s") as maps:
        first, same = maps.value("m", "pid"), maps.value("same", "pid")
        with Client(maps.daemon.endpoint) as other:
            other.ask("m", "slow")
            maps.write("m.cf", program("again", processes=1))
            maps.daemon.send_signal(signal.SIGHUP)
            assert other.reply() == ("OK", b"of slow")
        check_gone([int(first)])
        assert maps.value("same", "pid") == same
        about = ast.literal_eval(maps.value("m", "about"))
        assert about["argv"] == ["again"], about
        maps.write("m.cf", "command = true\n")
        assert maps.daemon.stop() == 0
        check_gone([pid for pid, _ in maps.starts()])


@case("a program that was replaced is started anew")
def _():
    script = f"#!/bin/sh\nexec {PROGRAM} %s\n"
    with Maps(m="command = @DIR@/script", deadline="4s") as maps:
        assert maps.failure("m", "x")
        for word in "first", "second":
            Path(f"{maps.path}/new").write_text(script % word)
            os.chmod(f"{maps.path}/new", 0o755)
            os.rename(f"{maps.path}/new", f"{maps.path}/script")

            def is_new(word=word):
                status, text = maps.lookup("m", "about")
                return status == "OK" and word in text.decode()
            wait_until(is_new)
        assert maps.daemon.stop() == 0


@case("a daemon that ends, or is killed, leaves none behind")
def _():
    for number in signal.SIGTERM, signal.SIGKILL:
        with Maps(m=program(processes=4), deadline="2s") as maps:
            clients = [Client(maps.daemon.endpoint) for _ in range(3)]
            for client in clients:
                client.ask("m", "slow")
            for client in clients:
                assert client.reply()[0] == "OK"
                client.ask("m", "slow" if number == signal.SIGKILL else "hang")
            time.sleep(0.05)
            pids = [pid for pid, _ in maps.starts()]
            assert len(pids) == 3, pids
            maps.daemon.stop(number)
            check_gone(pids)
            for client in clients:
                client.close()


@case("a canary is asked of a program of its own")
def _():
    with Maps(m=program(), deadline="2s", more="canary = a@b\n") as maps:
        assert maps.value("m", "x") == "of x"
        (first, _), _ = maps.starts()
        check_gone([first])
    with Maps(m=program(), deadline="2s", more="canary = exit\n") as maps:
        assert "canary" in maps.failure("m", "x")
        check_gone([pid for pid, _ in maps.starts()])


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


done()
