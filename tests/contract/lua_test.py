#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""lua tables in a daemon: scripts that change, print, hang, and are wrong."""
import os
import signal
import subprocess
import tempfile
import threading
import time

from daemon import PATIENCE, Daemon, program
from socketmap_client import Client, netstring
from tap import case, done

DEADLINE = 1.0
LATER = 0.1  # how long after its deadline an answer may come
FAILED = ("TEMP", "TIMEOUT")
SERVER = f"[server]\ndeadline = {DEADLINE:g}s\n"

VALUE = "function lookup(key, map) return '{}' end\n"
BROKEN = "function lookup(key, map)\n\n\n    x x\nend\n"


class Scripts:
    """A daemon with a map for each script, and a map `plain`."""

    def __init__(self, settings="", **scripts):
        self.folder = tempfile.TemporaryDirectory(prefix="lua-")
        config = SERVER + "[map plain]\ntable = static:x\n"
        for name, text in scripts.items():
            self.write(name, text)
            config += (f"[map {name}]\ntable = lua:{self.path(name)}\n" +
                       settings)
        self.daemon = Daemon(config, self.folder.name)
        self.config = f"{self.folder.name}/socketmapd.conf"

    def path(self, name):
        return f"{self.folder.name}/{name}.lua"

    def write(self, name, text):
        """Replaces a script at once."""
        with open(self.path(name) + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.path(name) + ".new", self.path(name))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and self.daemon.process.poll() is None:
            assert self.daemon.stop() == 0, self.daemon.stderr()
        elif kind is None:
            assert self.daemon.wait() == 0, self.daemon.stderr()
        else:
            print("#", self.daemon.stderr().replace("\n", "\n# "))
        self.daemon.close()
        self.folder.cleanup()

    def ask(self, name, key="k"):
        with Client(self.daemon.endpoint) as client:
            return client.lookup(name, key)

    def wait_for(self, name, answer):
        """Asks until the answer is this; it is never "not found"."""
        end = time.monotonic() + PATIENCE
        while True:
            got = self.ask(name)
            if got == answer:
                return
            assert got[0] == "OK" or got[0] in FAILED, got
            assert time.monotonic() < end, got
            time.sleep(0.05)

    def socketmap(self, *arguments):
        return subprocess.run(
            [os.environ["SOCKETMAP"], *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=PATIENCE, encoding="utf-8", check=False)


@case("the function is told the key, folded, and the map's name")
def _():
    script = "function lookup(key, map) return key .. ' in ' .. map end\n"
    with Scripts(one=script, two=script) as maps:
        assert maps.ask("one", "Key") == ("OK", b"key in one")
        assert maps.ask("two", "Key") == ("OK", b"key in two")


@case("a changed script is noticed; a broken one changes nothing, and is told")
def _():
    with Scripts(m=VALUE.format("one")) as maps:
        assert maps.ask("m") == ("OK", b"one")
        maps.write("m", VALUE.format("two"))
        maps.wait_for("m", ("OK", b"two"))
        maps.write("m", BROKEN)
        line = maps.daemon.wait_line("map m keeps what it has: ")
        assert f"{maps.path('m')}:4: syntax error near 'x'" in line, line
        assert maps.ask("m") == ("OK", b"two")
        maps.write("m", "x = 1\n")
        line = maps.daemon.wait_line("map m keeps what it has: ", 2)
        assert "it defines no function lookup(key, map)" in line, line
        assert maps.ask("m") == ("OK", b"two")
        maps.write("m", VALUE.format("three"))
        maps.wait_for("m", ("OK", b"three"))
        assert maps.daemon.stderr().count("keeps what it has") == 2


@case("a script that is broken at the start: TEMP with its line, until mended")
def _():
    with Scripts(m=BROKEN) as maps:
        status, why = maps.ask("m")
        assert status == "TEMP" and b".lua:4: syntax error" in why, why
        assert maps.ask("plain") == ("OK", b"x")
        maps.write("m", VALUE.format("mended"))
        maps.wait_for("m", ("OK", b"mended"))


@case("lookups under way while the script changes are answered by the old one")
def _():
    slow = ("function lookup(key)\n"
            "    for i = 1, 5e6 do local x = i end\n"
            "    return 'old'\nend\n")
    answers = []

    def ask():
        answers.append(maps.ask("m"))

    with Scripts(m=slow) as maps:
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        maps.write("m", VALUE.format("new"))
        maps.wait_for("m", ("OK", b"new"))
        for thread in threads:
            thread.join()
        assert {status for status, _ in answers} <= {"OK", *FAILED}, answers
        assert {text for status, text in answers if status == "OK"} <= {
            b"old", b"new"}, answers


@case("print goes to the log, cleaned and bounded")
def _():
    with Scripts(m="print('ready')\n"
                   "function lookup(key)\n"
                   "    for i = 1, 1000 do print(i, '\\27[2J') end\n"
                   "    return key\nend\n") as maps:
        maps.daemon.wait_line("map m: ready")
        assert maps.ask("m") == ("OK", b"k")
        line = maps.daemon.wait_line("map m: 1 ")
        assert line.endswith("map m: 1 ?[2J"), line
        time.sleep(1.1)
        assert maps.ask("m") == ("OK", b"k")
        maps.daemon.wait_line("more lines left out")
        assert maps.daemon.stderr().count("[2J") < 50


@case("keys that make it run on: TEMP in time, and no other map waits")
def _():
    endless = ("function lookup(key)\n"
               "    if key == 'loop' then while true do end end\n"
               "    if key == 'find' then\n"
               "        return (('a'):rep(1e5)):find('.-.-.-.-.-b')\n"
               "    end\n"
               "    return key\nend\n")
    with Scripts(m=endless) as maps:
        path = f"{maps.folder.name}/m.cf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"script = {maps.path('m')}\n"
                       "instruction_limit = 1000000000000\n")
        with Daemon(SERVER + "[map plain]\ntable = static:x\n"
                    f"[map m]\ntable = lua:{path}\nworkers = 2\n") as daemon:
            clients = [Client(daemon.endpoint) for _ in range(8)]
            start = time.monotonic()
            for number, client in enumerate(clients):
                client.ask("m", ("loop", "find")[number % 2])
            with Client(daemon.endpoint) as client:
                for _ in range(100):
                    assert client.lookup("plain", "k") == ("OK", b"x")
            assert time.monotonic() - start < DEADLINE, "they waited"
            for client in clients:
                status, why = client.reply()
                assert status in FAILED, (status, why)
                assert time.monotonic() - start < DEADLINE + LATER
                client.close()
            end = time.monotonic() + PATIENCE
            with Client(daemon.endpoint) as client:
                while client.lookup("m", "k") != ("OK", b"k"):
                    assert time.monotonic() < end, "no thread came back"
            assert daemon.stop() == 0


ENDLESS = {
    "loop": "while true do end\n",
    "length": "table.insert(setmetatable({}, {__len = function() return "
              "1 << 62 end}), 1, nil)\n",
    "close": "coroutine.wrap(function()\n"
             "    local x <close> = setmetatable({}, {__close = function()\n"
             "        while true do end end})\n"
             "    while true do end\nend)()\n",
    "sort": "local t = {}\nfor i = 1, 1e5 do t[i] = i end\n"
            "for i = 1, 1e9 do table.sort(t) end\n",
}


@case("scripts without end at their top level: the daemon starts all the same")
def _():
    scripts = {name: text + VALUE.format("v") for name, text in
               ENDLESS.items()}
    with Scripts(**scripts) as maps:
        for name in ENDLESS:
            status, why = maps.ask(name)
            assert status == "TEMP" and b"took too long" in why, (name, why)
        assert maps.ask("plain") == ("OK", b"x")
        for name in ENDLESS:
            maps.write(name, VALUE.format("mended"))
        for name in ENDLESS:
            maps.wait_for(name, ("OK", b"mended"))


@case("scripts without end at their top level hold up no reload and no stop")
def _():
    texts = {name: VALUE.format("v") for name in ENDLESS}
    with Scripts("workers = 1\n", **texts) as maps:
        for name, text in ENDLESS.items():
            maps.write(name, text + VALUE.format("new"))
        maps.daemon.send_signal(signal.SIGHUP)
        maps.daemon.wait_line("reloaded")
        for name in ENDLESS:
            assert maps.ask(name) == ("OK", b"v"), name
        maps.daemon.send_signal(signal.SIGHUP)
        for name, text in ENDLESS.items():
            maps.write(name, text + VALUE.format("newer"))
        time.sleep(0.5)  # they are being run
        start = time.monotonic()
        assert maps.daemon.stop() == 0
        assert time.monotonic() - start < 1, "it waited for a script"


@case("limits end lookups with their reason, each time, and the next is fine")
def _():
    script = ("function lookup(key)\n"
              "    if key == 'loop' then while true do pcall(error) end end\n"
              "    if key == 'large' then return ('x'):rep(1e6):rep(1e3) end\n"
              "    return key\nend\n")
    with Scripts(m=script) as maps:
        for _ in range(3):
            status, why = maps.ask("m", "loop")
            assert status in FAILED, why
            status, why = maps.ask("m", "large")
            assert status == "TEMP" and b"out of memory" in why, why
            assert maps.ask("m") == ("OK", b"k")


@case("check tells the script's line, explain what is called and printed")
def _():
    with Scripts(m=VALUE.format("v"), broken=BROKEN) as maps:
        out = maps.socketmap("check", "-o", "-c", maps.config)
        assert out.returncode != 0, out
        assert f"table: {maps.path('broken')}:4: syntax error near 'x'" in \
            out.stdout, out.stdout
        out = maps.socketmap("explain", "-c", maps.config, "m", "K\"ey")
        assert out.returncode == 0, out
        assert f'{maps.path("m")}: lookup("k"ey", "m")' in out.stdout, out
        maps.write("m", "print('hello')\n" + VALUE.format("v"))
        out = maps.socketmap("query", "-c", maps.config, "m", "key")
        assert out.stdout == "socketmap: map m: hello\nv\n", out


@case("a script that may write files does not write to the client")
def _():
    with tempfile.TemporaryDirectory(prefix="lua-") as folder:
        for name, text in {
                "m.lua": "function lookup(key)\n"
                         "    io.write('written ') print('printed')\n"
                         "    return tostring(io.read(1))\nend\n",
                "m.cf": f"script = {folder}/m.lua\nallow = io\n",
                "c": f"[map m]\ntable = lua:{folder}/m.cf\n"
                     f"[listen x]\nendpoint = unix:{folder}/s\n"}.items():
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        out = subprocess.run([program(), "--stdio", "-c", f"{folder}/c"],
                             input=netstring(b"m key"), timeout=PATIENCE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             check=False)
        assert out.stdout == netstring(b"OK nil"), out


done()
