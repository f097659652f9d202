#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""socketmap doctor: whether the user of Postfix's daemons comes to a socket
and is let in; each thing wrong and right."""
import grp
import os
import pwd
import subprocess

from doctor import OURS, Patient
from tap import case, done

MAPS = "sender_bcc_maps = socketmap:unix:socketmap/s.sock:users"
POSTFIX = pwd.getpwnam("postfix")
GROUP = grp.getgrgid(POSTFIX.pw_gid).gr_name
SOCKET = "socketmap/s.sock"


def with_modes(directory, sock):
    """A patient with these modes on the way."""
    patient = Patient()
    os.chmod(f"{patient.queue}/{SOCKET}", sock)
    os.chmod(f"{patient.queue}/socketmap", directory)
    patient.postfix(MAPS)
    return patient


@case("a directory that Postfix's user can't go through")
def _():
    with with_modes(0o700, 0o666) as patient:
        patient.ill("cleanup(8) may not go through @QUEUE@/socketmap as "
                    "postfix on the way to @QUEUE@/socketmap/s.sock: mode 0700",
                    "run: chmod o+x @QUEUE@/socketmap")
        subprocess.run(["chmod", "o+x", f"{patient.queue}/socketmap"],
                       check=True)
        patient.well()


@case("those above the queue directory don't matter to who is in it")
def _():
    with with_modes(0o711, 0o666) as patient:
        os.chmod(patient.directory, 0o700)
        if os.geteuid() == 0:
            patient.well()
        patient.postfix("sender_bcc_maps = "
                        "socketmap:unix:@QUEUE@/socketmap/s.sock:users")
        patient.ill("may not go through @DIR@ as postfix",
                    "run: chmod o+x @DIR@")


@case("a socket that Postfix's user can't write to")
def _():
    with with_modes(0o755, 0o600) as patient:
        patient.ill("cleanup(8) may not connect as postfix to "
                    "@QUEUE@/socketmap/s.sock: mode 0600",
                    "@FILE@: [listen postfix] mode = 0666")


@case("its group may, but is another one")
def _():
    with with_modes(0o755, 0o660) as patient:
        patient.ill("may not connect as postfix",
                    f"@FILE@: [listen postfix] group = {GROUP}")
        if os.geteuid() == 0:
            os.chown(f"{patient.queue}/{SOCKET}", -1, POSTFIX.pw_gid)
            patient.well()
            os.chmod(f"{patient.queue}/{SOCKET}", 0o600)
            patient.ill("may not connect as postfix",
                        "@FILE@: [listen postfix] mode = 0660")


@case("a daemon that doesn't run: what its configuration says is looked at")
def _():
    ours = OURS.replace("mode = 0666",
                        "mode = 0660\nowner = root\ngroup = root")
    with Patient(ours, serve=False) as patient:
        patient.postfix(MAPS)
        patient.ill("socketmapd doesn't listen there",
                    "run: systemctl start socketmapd",
                    "may not connect as postfix",
                    f"@FILE@: [listen postfix] group = {GROUP}")
        patient.ours(ours.replace("group = root", f"group = {GROUP}"))
        patient.ill("socketmapd doesn't listen there",
                    "run: systemctl start socketmapd")


@case("allow_users")
def _():
    ours = OURS.replace("mode =", "allow_users = root\nmode =")
    with Patient(ours) as patient:
        patient.postfix(MAPS)
        patient.ill("cleanup(8) is turned away from @QUEUE@/socketmap/s.sock: "
                    "the listener doesn't allow the user postfix",
                    "@FILE@: [listen postfix] allow_users = root, postfix")
    if os.geteuid() == 0:
        with Patient(ours.replace("= root", "= root, postfix")) as patient:
            patient.postfix(MAPS)
            patient.well()


@case("allow_groups")
def _():
    ours = OURS.replace("mode =", f"allow_groups = {GROUP}\nmode =")
    if os.geteuid() == 0:
        with Patient(ours) as patient:
            patient.postfix(MAPS)
            patient.well()
    with Patient(ours.replace(f"allow_groups = {GROUP}",
                              "allow_groups = root")) as patient:
        patient.postfix(MAPS)
        patient.ill("doesn't allow the user postfix",
                    "@FILE@: [listen postfix] allow_users = postfix")


@case("a listener for others is none of Postfix's business")
def _():
    with Patient(OURS.replace("mode = 0666", "mode = 0600")) as patient:
        patient.well()


@case("mail_owner")
def _():
    with Patient() as patient:
        patient.postfix("mail_owner = nobody-here-has-this-name")
        patient.ill("mail_owner = nobody-here-has-this-name: there is no such",
                    "main.cf: mail_owner = postfix")


done()
