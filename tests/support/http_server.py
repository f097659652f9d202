# SPDX-License-Identifier: MIT
"""HTTP servers for tests: a real one, and one that does as it is told.

    with Nginx("location /a { return 200 x; }") as nginx:
        ... nginx.port, nginx.socket

    with Scripted(lambda request: reply(b"value")) as server:
        ... server.url, server.requests, server.connections
"""
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from urllib.parse import unquote_to_bytes

from ports import free_port
from scripted_server import Threaded

PATIENCE = 60

CONFIG = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type application/json;
    client_body_temp_path {folder}/client;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    large_client_header_buffers 8 1m;
    client_header_buffer_size 1m;
    keepalive_requests 1000000;
    server {{
        listen unix:{folder}/http.sock;
        listen 127.0.0.1:{port};
        {server}
    }}
    {more}
}}
"""


def wait_for_port(port, process):
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < until, "the server does not listen"
            time.sleep(0.01)


class Nginx:
    """nginx with these lines in its server block, and more servers; @DIR@ is
    its folder. It can be stopped and started again."""

    def __init__(self, server, more="", port=None):
        self.folder = tempfile.TemporaryDirectory(prefix="nginx-")
        self.path = self.folder.name
        self.port = port or free_port()
        self.socket = f"{self.path}/http.sock"
        self.url = f"http://127.0.0.1:{self.port}"
        text = CONFIG.format(folder=self.path, port=self.port, server=server,
                             more=more).replace("@DIR@", self.path)
        with open(f"{self.path}/conf", "w", encoding="ascii") as file:
            file.write(text)
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()

    def start(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = subprocess.Popen(
            ["/usr/sbin/nginx", "-e", "stderr", "-p", self.path, "-c",
             f"{self.path}/conf"], stdin=subprocess.DEVNULL)
        try:
            wait_for_port(self.port, self.process)
        except BaseException:
            self.stop()
            raise

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        self.process.kill()
        self.process.send_signal(signal.SIGCONT)
        self.process.wait(PATIENCE)


def reply(body=b"", status="200 OK", *headers, length=None):
    """A reply; length: what it says of it, False for nothing."""
    if length is None:
        length = len(body)
    lines = [f"HTTP/1.1 {status}", *headers]
    if length is not False:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Request:
    def __init__(self, stream):
        line = stream.readline()
        if not line:
            raise EOFError
        self.method, self.target, self.version = line.decode().split()
        self.headers = {}
        self.header_names = []
        while (line := stream.readline().strip()):
            name, _, value = line.partition(b":")
            self.header_names.append(name.decode())
            self.headers[name.decode().lower()] = value.strip().decode()
        self.body = stream.read(int(self.headers.get("content-length", 0)))

    @property
    def key(self):
        """What stands behind the first "=" of the target, decoded."""
        return unquote_to_bytes(self.target.partition("=")[2])


class Scripted(Threaded):
    """Answers each request by what `script` returns: bytes to send as they
    are, None to close the connection, or a list of these, and of seconds to
    wait in between, and of what to call with the connection."""

    LEFT = (OSError, EOFError, ValueError)

    def __init__(self, script, path=None):
        super().__init__(script)
        self.is_stopping = threading.Event()
        if path is None:
            self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
            self.port = self.listener.getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            self.listener.listen(512)
            self.url = "http://localhost"
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_stopping.set()
        self.stop()
        self.listener.close()

    def answer(self, connection, stream):
        request = Request(stream)
        self.requests.append(request)
        answer = self.script(request)
        for part in answer if isinstance(answer, list) else [answer]:
            if not part:
                return False
            if isinstance(part, bytes):
                connection.sendall(part)
            elif callable(part):
                part(connection)
            elif self.is_stopping.wait(part):
                return False
        return True
