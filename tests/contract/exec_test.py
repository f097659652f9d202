#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs behind exec: tables: what they have, when they are started and
ended, and that none is left behind."""
import ast
import os
import signal
import time
from pathlib import Path

from ending import end_on_signals
from exec_maps import (PROGRAM, Maps, check_gone, program, wait_until)
from socketmap_client import Client
from tap import case, done

ECHO = os.environ["ECHO_PROGRAM"]
SOCKETMAPD = os.environ["SOCKETMAPD"]

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
        f"command = {PROGRAM}\nuser = nobody": 'unknown key "user"',
    }
    texts = {f"m{number}": text for number, text in enumerate(wrong)}
    with Maps(**texts) as maps:
        for name, text in texts.items():
            reason = maps.failure(name, "x")
            assert wrong[text] in reason, (text, reason)
            assert f"{name}.cf" in reason, (text, reason)


@case("what cannot be started: TEMP with the reason, and found when it can be")
def _():
    with Maps(m=f"command = @DIR@/program x\ndirectory = @DIR@/there\n"
                "environment = STARTS=@DIR@/starts\n") as maps:
        assert "program" in maps.failure("m", "x")
        maps.write("program", "#!/no/such/interpreter\n")
        os.chmod(f"{maps.path}/program", 0o755)
        wait_until(lambda: "/there: No such" in maps.failure("m", "x"))
        os.mkdir(f"{maps.path}/there")
        wait_until(lambda: "/program: No such" in maps.failure("m", "x"))
        os.unlink(f"{maps.path}/program")
        os.symlink(PROGRAM, f"{maps.path}/program")
        wait_until(lambda: maps.lookup("m", "x") == ("OK", b"of x"))
        assert maps.daemon.stop() == 0


@case("a program that ends after its answer was no failure")
def _():
    with Maps(m=program(processes=2), deadline="4s") as maps:
        for turn in range(5):
            assert maps.value("m", "last") == "of last", turn
            assert maps.value("m", "fine") == "of fine", turn
        assert "exited" not in maps.daemon.stderr(), maps.daemon.stderr()


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


done()
