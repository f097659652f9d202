#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap doctor: what Postfix's daemons, chrooted or not, see of a socket;
each thing wrong and right."""
import os
import socket

from doctor import OURS, Patient
from tap import case, done

RIGHT = "virtual_alias_maps = socketmap:unix:socketmap/s.sock:virtual"


@case("a path from the queue directory is right with chroot and without")
def _():
    with Patient() as patient:
        patient.postfix(RIGHT)
        patient.well()


@case("nothing of ours in Postfix: the listeners alone are looked at")
def _():
    with Patient() as patient:
        patient.well()
    with Patient(serve=False) as patient:
        patient.ill("[listen postfix]: no answer: unix:@QUEUE@/",
                    "run: systemctl start socketmapd")


@case("an absolute path is another one for the chrooted")
def _():
    with Patient() as patient:
        patient.postfix("smtpd_sender_login_maps = "
                        "socketmap:unix:@QUEUE@/socketmap/s.sock:users")
        patient.ill("smtpd_sender_login_maps: smtpd(8), chrooted, looks for "
                    "@QUEUE@@QUEUE@/socketmap/s.sock, and @QUEUE@/",
                    "main.cf: smtpd_sender_login_maps = "
                    "socketmap:unix:socketmap/s.sock:users")
        patient.postfix("sender_bcc_maps = "
                        "socketmap:unix:@QUEUE@/socketmap/s.sock:users")
        patient.well()


@case("told once for a parameter that both kinds of daemons look up")
def _():
    with Patient() as patient:
        patient.postfix("virtual_alias_maps = socketmap:unix:no:virtual")
        patient.ill("virtual_alias_maps: smtpd(8) looks for @QUEUE@/no, and",
                    f"main.cf: {RIGHT}")
        patient.postfix("virtual_alias_maps = socketmap:unix:/no:virtual")
        patient.ill("smtpd(8), chrooted, looks for @QUEUE@/no, and",
                    f"main.cf: {RIGHT}", "cleanup(8) looks for /no, and",
                    f"main.cf: {RIGHT}")


@case("a socket outside of the jail: the line is for our file")
def _():
    ours = OURS.replace("@QUEUE@/socketmap/", "@DIR@/")
    with Patient(ours) as patient:
        patient.postfix("smtpd_sender_login_maps = "
                        "socketmap:unix:@DIR@/s.sock:users")
        patient.ill("smtpd(8), chrooted, looks for @QUEUE@@DIR@/s.sock",
                    "@FILE@: [listen postfix] endpoint = "
                    "unix:@QUEUE@@DIR@/s.sock")
        patient.postfix("sender_bcc_maps = socketmap:unix:socketmap/a:users")
        patient.ill("cleanup(8) looks for @QUEUE@/socketmap/a, and",
                    "@FILE@: [listen postfix] endpoint = "
                    "unix:@QUEUE@/socketmap/a")
        patient.postfix("sender_bcc_maps = "
                        "socketmap:unix:@DIR@/s.sock:users")
        patient.well()


@case("another path: the line is for main.cf")
def _():
    with Patient() as patient:
        patient.postfix("sender_bcc_maps = "
                        "socketmap:unix:private/s.sock:users, inline:{a=b}")
        patient.ill("sender_bcc_maps: cleanup(8) looks for "
                    "@QUEUE@/private/s.sock, and @QUEUE@/private isn't there",
                    "main.cf: sender_bcc_maps = "
                    "socketmap:unix:socketmap/s.sock:users, inline:{a=b}")


@case("a path, and no unix socket of ours")
def _():
    for endpoint, fix in (
            ("inet:127.0.0.1:0",
             "@FILE@: [listen postfix] endpoint = unix:@QUEUE@/s.sock"),
            ("systemd:socketmap",
             "socketmapd.socket: ListenStream=@QUEUE@/s.sock")):
        ours = f"[listen a]\nendpoint = {endpoint}\n" \
            "[map users]\ntable = static:yes\n"
        with Patient(ours, serve=False) as patient:
            patient.postfix("sender_bcc_maps = socketmap:unix:s.sock:users")
            status, out = patient.examine()
            fix = fix.replace("@FILE@", patient.file).replace(
                "@QUEUE@", patient.queue)
            assert status == 1 and f"  fix: {fix}\n" in out, out


@case("no daemon behind the path")
def _():
    with Patient(serve=False) as patient:
        patient.postfix(RIGHT)
        patient.ill("virtual_alias_maps: smtpd(8) looks for "
                    "@QUEUE@/socketmap/s.sock, and socketmapd doesn't listen",
                    "run: systemctl start socketmapd")


@case("the socket's directory isn't there, and nobody makes it")
def _():
    ours = OURS.replace("/socketmap/", "/other/")
    with Patient(ours, serve=False) as patient:
        patient.postfix("sender_bcc_maps = socketmap:unix:other/s.sock:users")
        patient.ill("and the directory @QUEUE@/other isn't there",
                    "@FILE@: [listen postfix] directory_mode = 0755")
        patient.ours(ours.replace("mode =", "directory_mode = 0755\nmode ="))
        patient.ill("socketmapd doesn't listen there",
                    "run: systemctl start socketmapd")


@case("a socket that nobody listens to")
def _():
    with Patient(serve=False) as patient:
        path = f"{patient.queue}/socketmap/s.sock"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(path)
        os.chmod(path, 0o666)
        patient.postfix("sender_bcc_maps = "
                        "socketmap:unix:socketmap/s.sock:users")
        patient.ill("cleanup(8) gets no answer: unix:socketmap/s.sock: ",
                    "run: systemctl restart socketmapd")


@case("a file that is no socket")
def _():
    with Patient() as patient:
        with open(f"{patient.queue}/plain", "w", encoding="ascii"):
            pass
        patient.postfix("sender_bcc_maps = socketmap:unix:plain:users")
        patient.ill("cleanup(8) looks for @QUEUE@/plain, which is no socket",
                    "main.cf: sender_bcc_maps = "
                    "socketmap:unix:socketmap/s.sock:users")


@case("inet: nobody there, another host's text, and the right one")
def _():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        ours = OURS + f"[listen tcp]\nendpoint = inet:127.0.0.1:{port}\n"
        with Patient(ours, serve=False) as patient:
            patient.ours(ours.split("[listen tcp]", maxsplit=1)[0].replace(
                "unix:@QUEUE@/socketmap/s.sock\nmode = 0666",
                f"inet:127.0.0.1:{port}"))
            patient.postfix("sender_bcc_maps = "
                            f"socketmap:inet:localhost:{port}:users")
            patient.ill("cleanup(8) gets no answer: "
                        f"inet:localhost:{port}: ",
                        "run: systemctl restart socketmapd")
    with Patient(ours) as patient:
        patient.postfix("sender_bcc_maps = "
                        f"socketmap:inet:localhost:{port}:users\n"
                        "recipient_bcc_maps = "
                        "socketmap:unix:socketmap/s.sock:users")
        patient.well()


@case("a service of master.cf has settings, and a chroot, of its own")
def _():
    master = ("submission inet n - y - - smtpd\n"
              "  -o smtpd_sender_login_maps=socketmap:unix:@DIR@/s.sock:users\n"
              "smtps inet n - n - - smtpd\n")
    with Patient(OURS.replace("@QUEUE@/socketmap/", "@DIR@/"),
                 master=master) as patient:
        patient.ill("smtpd_sender_login_maps: smtpd(8), chrooted, looks for",
                    "@FILE@: [listen postfix] endpoint = "
                    "unix:@QUEUE@@DIR@/s.sock")
    with Patient(master=master) as patient:
        patient.ill("smtpd_sender_login_maps: smtpd(8), chrooted, looks for",
                    "run: postconf -c @DIR@/etc -P "
                    "'submission/inet/smtpd_sender_login_maps="
                    "socketmap:unix:socketmap/s.sock:users'")


done()
