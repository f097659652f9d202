#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A REST API that knows aliases, for socketmapd to ask: api.py PORT TOKEN_FILE

    GET /aliases?address=postmaster@example.org
    Authorization: Bearer TOKEN

    200 {"address": "postmaster@example.org", "destinations": ["alice@..."]}
    404 {"error": "no such alias"}

It shows what such an API has to do: say 404 for what is not there and for
nothing else, and tell the length of each reply.
"""
import hmac
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

# Yours come from a database. Addresses arrive in lower case.
ALIASES = {
    "postmaster@example.org": ["alice@example.org"],
    "team@example.org": ["alice@example.org", "bob@example.net"],
    "nobody-reads-this@example.org": [],
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True
    token = b""

    def do_GET(self):
        url = urlsplit(self.path)
        sent = self.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(sent, b"Bearer " + self.token):
            self.reply(401, {"error": "who are you?"})
            return
        if url.path != "/aliases":
            self.reply(400, {"error": "there is nothing but /aliases"})
            return
        address = parse_qs(url.query).get("address", [""])[0]
        if address in ALIASES:
            self.reply(200, {"address": address,
                             "destinations": ALIASES[address]})
        else:
            self.reply(404, {"error": "no such alias"})

    def reply(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing; X-Request-Id would be worth a line."""


if __name__ == "__main__":
    port, token_file = sys.argv[1:]
    with open(token_file, "rb") as file:
        Handler.token = file.read().strip()
    with ThreadingHTTPServer(("127.0.0.1", int(port)), Handler) as server:
        server.serve_forever()
