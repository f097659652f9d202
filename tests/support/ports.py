# SPDX-License-Identifier: MIT
"""Ports for servers of tests: no two get the same one."""
import random
import socket

_claims = []  # each ends with the test


def free_port(address="127.0.0.1"):
    """A port that is the test's own until it ends, whether or not a server
    listens there. None of those that connecting sockets get, which could take
    it while the server is away."""
    while True:
        port = random.randrange(20000, 32000)
        # Other tests may run at the same time: one name is one's alone.
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0socketmap-test:{address}:{port}")
            with socket.socket() as probe:
                probe.bind((address, port))
        except OSError:
            claim.close()  # it is taken
            continue
        _claims.append(claim)
        return port
