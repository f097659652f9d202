#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap doctor: what main.cf says of maps, and which parameters take
them; each thing wrong and right."""
import os
import subprocess

from doctor import OURS, Patient
from tap import case, done

SOCK = "socketmap:unix:socketmap/s.sock"


@case("no name of a map")
def _():
    with Patient() as patient:
        for wrong, right in (
                ("socketmap:unix:/run/s.sock", "unix:/run/s.sock:virtual"),
                ("socketmap:inet:127.0.0.1:10700",
                 "inet:127.0.0.1:10700:virtual"),
                ("socketmap:unix:socketmap/s.sock:",
                 "unix:socketmap/s.sock:virtual")):
            patient.postfix(f"sender_bcc_maps = {wrong}")
            patient.ill(f"sender_bcc_maps: {wrong}: the name of the map is",
                        f"main.cf: sender_bcc_maps = socketmap:{right}")


@case("an endpoint that is none")
def _():
    with Patient() as patient:
        for wrong, right in (
                ("/run/s.sock", "unix:/run/s.sock"),
                ("127.0.0.1:10700", "inet:127.0.0.1:10700"),
                ("tcp:127.0.0.1:10700", "inet:127.0.0.1:10700"),
                ("inet:127.0.0.1:99999", "unix:socketmap/s.sock"),
                ("", "unix:socketmap/s.sock"),
                ("unix:/" + "x" * 120, "unix:socketmap/s.sock")):
            patient.postfix(f"sender_bcc_maps = socketmap:{wrong}:users")
            patient.ill(f"sender_bcc_maps: socketmap:{wrong}:users: ",
                        f"main.cf: sender_bcc_maps = socketmap:{right}:users")


@case("a map that isn't there: the one that was meant, or a section")
def _():
    with Patient() as patient:
        patient.postfix(f"sender_bcc_maps = {SOCK}:user, {SOCK}:users")
        patient.ill("sender_bcc_maps: there is no map user in @FILE@",
                    f"main.cf: sender_bcc_maps = {SOCK}:users, {SOCK}:users")
        patient.postfix(f"sender_bcc_maps = {SOCK}:bcc")
        patient.ill("sender_bcc_maps: there is no map bcc in @FILE@",
                    "@FILE@: [map bcc]")
    with Patient(OURS + "[map *]\ntable = static:x\n") as patient:
        patient.postfix(f"sender_bcc_maps = {SOCK}:bcc")
        patient.well()


@case("map_allow")
def _():
    ours = OURS.replace("mode =", "map_allow = virtual\nmode =")
    with Patient(ours) as patient:
        patient.postfix(f"sender_bcc_maps = {SOCK}:users")
        patient.ill("map users can't be asked at the listener postfix: it "
                    "isn't in its map_allow",
                    "@FILE@: [listen postfix] map_allow = virtual, users")
        patient.postfix(f"virtual_alias_maps = {SOCK}:virtual")
        patient.well()


@case("a map that fails")
def _():
    with Patient(OURS.replace("static:yes", "fail:broken")) as patient:
        patient.postfix(f"sender_bcc_maps = {SOCK}:users")
        patient.ill("cleanup(8) gets TEMP from map users: ",
                    "run: socketmap check --open -c @FILE@")


@case("another's server is asked, and is no business of our configuration")
def _():
    with Patient() as other, Patient() as patient:
        endpoint = f"unix:{other.queue}/socketmap/s.sock"
        patient.postfix(f"sender_bcc_maps = socketmap:{endpoint}:users")
        patient.well()
        patient.postfix(f"sender_bcc_maps = socketmap:{endpoint}:nothing")
        patient.ill("cleanup(8) gets TEMP from map nothing: ",
                    f"run: socketmap query {endpoint}:nothing postmaster")


@case("another's server that isn't there; ours, if it has such a map")
def _():
    with Patient() as patient:
        patient.postfix("sender_bcc_maps = socketmap:inet:127.0.0.1:1:policy")
        patient.ill("cleanup(8) gets no answer: inet:127.0.0.1:1: ",
                    "run: socketmap query inet:127.0.0.1:1:policy postmaster")
        patient.postfix("sender_bcc_maps = socketmap:inet:127.0.0.1:1:users")
        patient.ill("cleanup(8) gets no answer: inet:127.0.0.1:1: ",
                    f"main.cf: sender_bcc_maps = {SOCK}:users")


@case("found wherever a value may have it, told once for a $name")
def _():
    wrong = "socketmap:unix:nowhere:users"
    with Patient() as patient:
        for value in (wrong, f"inline:{{a=b}} proxy:{wrong}",
                      f"unionmap:{{{wrong}, static:x}}",
                      f"pipemap:{{static:x {wrong}}}"):
            patient.postfix(f"sender_bcc_maps = {value}\n"
                            "proxy_read_maps = $sender_bcc_maps")
            patient.ill("looks for @QUEUE@/nowhere", "main.cf: sender_bcc_maps"
                        f" = {value.replace('nowhere', 'socketmap/s.sock')}")
        patient.postfix(f"ours = {wrong}\nsender_bcc_maps = $ours")
        patient.ill("sender_bcc_maps: cleanup(8) looks for",
                    f"main.cf: ours = {SOCK}:users")
        patient.postfix(
            "smtpd_restriction_classes = mine\n"
            f"mine = check_sender_access {wrong}\n"
            "smtpd_sender_restrictions = "
            f"check_client_access {{ {SOCK}:users }}, mine")
        patient.ill("mine: smtpd(8) looks for",
                    f"main.cf: mine = check_sender_access {SOCK}:users")
        patient.postfix(f"mydestination = example.net, !{wrong}")
        patient.ill("mydestination: smtpd(8) looks for",
                    f"main.cf: mydestination = example.net, !{SOCK}:users")


@case("local(8) takes none")
def _():
    with Patient() as patient:
        for name, cure in (("alias_maps", "alias_maps = hash:/etc/aliases"),
                           ("mailbox_command_maps", "mailbox_command_maps =")):
            patient.postfix(f"{name} = {SOCK}:users")
            patient.ill(f"{name}: local(8) takes no socketmap here",
                        f"main.cf: {cure}")
        patient.postfix(f"alias_maps = {SOCK}:users\n"
                        "local_transport = lmtp:unix:private/lmtp")
        patient.well()


@case("virtual(8) takes none")
def _():
    with Patient() as patient:
        for name, cure in (
                ("virtual_mailbox_maps",
                 "virtual_transport = lmtp:unix:private/dovecot-lmtp"),
                ("virtual_uid_maps", "virtual_uid_maps = static:5000"),
                ("virtual_gid_maps", "virtual_gid_maps = static:5000")):
            patient.postfix(f"{name} = {SOCK}:users")
            patient.ill(f"{name}: virtual(8) takes no socketmap here",
                        f"main.cf: {cure}")
        patient.postfix(f"virtual_mailbox_maps = {SOCK}:users\n"
                        "virtual_transport = lmtp:unix:private/lmtp")
        patient.well()


@case("proxy_read_maps")
def _():
    with Patient() as patient:
        patient.postfix(f"sender_bcc_maps = proxy:{SOCK}:users")
        patient.well()
        patient.postfix(f"sender_bcc_maps = proxy:{SOCK}:users\n"
                        "proxy_read_maps = $virtual_alias_maps inline:{a=b}")
        patient.ill("sender_bcc_maps: proxymap(8) refuses proxy:",
                    "main.cf: proxy_read_maps = inline:{a=b} "
                    f"proxy:{SOCK}:users")


@case("smtputf8_enable")
def _():
    with Patient() as patient:
        patient.postfix(f"virtual_alias_maps = {SOCK}:virtual\n"
                        "smtputf8_enable = no")
        patient.ill("smtputf8_enable = no: Postfix compares keys as ASCII, map "
                    "virtual as UTF-8", "main.cf: smtputf8_enable = yes")
        patient.postfix(f"virtual_alias_maps = {SOCK}:virtual\n"
                        "smtputf8_enable = yes")
        patient.well()


@case("our own file: what is wrong there is told first")
def _():
    with Patient() as patient:
        patient.ours(OURS.replace("mode", "mood"))
        status, out = patient.examine()
        assert status == 1 and f"{patient.file}:3:1: " in out, (status, out)


@case("usage, and a Postfix that isn't there: exit 2")
def _():
    with Patient() as patient:
        for arguments in (["--nonsense"], ["word"]):
            done_ = subprocess.run(
                [os.environ["SOCKETMAP"], "doctor", *arguments], check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            assert done_.returncode == 2 and b"usage:" in done_.stderr
        done_ = subprocess.run(
            [os.environ["SOCKETMAP"], "doctor", "-c", patient.file,
             "--postfix", f"{patient.directory}/no"], check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert done_.returncode == 2 and b"postconf" in done_.stderr


done()
