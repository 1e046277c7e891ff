"""A small node for tests: says who it is, and can be slow, fail, stream or be upgraded on request.

Usage: backend.py NAME PORT FOLDER. It notes each request that it begins in FOLDER/NAME.requests.
"""

import json
import pathlib
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

name, port, folder = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
noted = (folder / f"{name}.requests").open("a", buffering=1)
connections = 0
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        global connections
        with lock:
            connections += 1
        super().setup()

    def log_message(self, *_):
        pass

    def answer(self, status=200, own_headers=(), **more):
        size = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        headers = {key.lower(): value for key, value in self.headers.items()}
        body = json.dumps({"node": name, "path": self.path, "connections": connections,
                           "headers": headers, "body_size": size, **more}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for key, value in own_headers:
            self.send_header(key, value)
        self.send_header("X-Routed-To", "a node does not say this")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def echo(self):
        self.send_response(101)
        self.send_header("Connection", "upgrade")
        self.send_header("Upgrade", "websocket")
        self.end_headers()
        self.close_connection = True
        while data := self.connection.recv(4096):
            self.connection.sendall(data)

    def stream(self):
        """One event now, and then nothing more."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("X-Accel-Buffering", "no")
        self.end_headers()
        self.wfile.write(b"data: hello\n\n")
        time.sleep(600)

    def handle_any(self):
        noted.write(f"{self.command} {self.path}\n")
        parts = self.path.split("?")[0].split("/")
        here = parts[-1] in ("any", name)  # /slow/node1 is only slow on node1
        if self.headers.get("Upgrade"):
            return self.echo()
        if (folder / f"{name}.away").exists():
            return self.answer(503, own_headers=[("Retry-After", "5")])
        if "slow" in parts and here:
            time.sleep(600)
        if "close" in parts and here:
            self.close_connection = True
            return None
        if "fail" in parts and here:
            return self.answer(503)
        if "broken" in parts and here:
            return self.answer(500)
        if "events" in parts:
            return self.stream()
        if "headers" in parts:
            return self.answer(own_headers=[
                ("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"), ("Vary", "Origin"), ("ETag", '"own"')])
        if "cookie" in parts:
            return self.answer(own_headers=[("Set-Cookie", "secret=1"),
                                            ("Cache-Control", "no-store")])
        if "private" in parts:
            return self.answer(own_headers=[("Cache-Control", "private")])
        if "large" in parts:
            return self.answer(text="x" * 100_000)
        if "pause" in parts:
            time.sleep(0.05)
        return self.answer()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


Server(("127.0.0.1", port), Handler).serve_forever()
