# SPDX-License-Identifier: MIT
"""Certificates of the tests' own."""
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def make_certificates(folder):
    """A CA, and what it has signed: a server's certificate, a client's."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=test CA", "-keyout", f"{folder}/ca.key", "-out",
            f"{folder}/ca.pem")
    for name in "server", "client":
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-subj", f"/CN={name}", "-addext",
                "subjectAltName=DNS:localhost", "-keyout",
                f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr")
        with open(f"{folder}/ext", "w", encoding="ascii") as file:
            file.write("subjectAltName=DNS:localhost\n")
        openssl("x509", "-req", "-days", "2", "-in", f"{folder}/{name}.csr",
                "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key",
                "-CAcreateserial", "-extfile", f"{folder}/ext", "-out",
                f"{folder}/{name}.pem")
