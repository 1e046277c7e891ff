"""What the tests start: nodes as child processes, and nginx with the real module and template."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HIGUMA_BUILD", ROOT / "build" / "release"))
TOOL = BUILD / "bin" / "route_table_tool"
MODULE = BUILD / "lib" / "ngx_http_higuma_module.so"
PATIENCE = 30.0  # seconds; machines are slow and shared


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def children_of(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def is_worker(pid):
    try:
        return b"worker process" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


class Node:
    def __init__(self, name, folder):
        self.name, self.folder, self.port = name, folder, free_port()
        self.process = None
        self.state, self.monitors, self.more = "online", 10, ""

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "nginx" / "backend.py"), self.name,
             str(self.port), str(self.folder)])
        wait_for(lambda: accepts(self.port), f"{self.name} to listen")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def line(self):
        return f"node {self.name} {self.address} {self.state} {self.monitors} {self.more}"

    def requests(self):
        path = self.folder / f"{self.name}.requests"
        return path.read_text().splitlines() if path.exists() else []


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read().decode()
        self.via = response.headers.get("X-Routed-Via")
        self.to = response.headers.get("X-Routed-To")

    @property
    def json(self):
        return json.loads(self.body)


class Gateway:
    def __init__(self, folder, nodes=3):
        self.folder = folder
        self.port = free_port()
        self.nodes = [Node(f"node{i + 1}", folder) for i in range(nodes)]
        self.generation = 0
        self.setup = "yes"
        self.more_lines = []  # of the node table
        self.settings = {}    # placeholders that a test fills otherwise
        self.cached_for = "5s"
        self.process = None
        self.controller_alive = True  # something touches the node table, as the controller does
        self.stopping = threading.Event()
        for name in ("nginx", "log", "route"):
            (folder / name).mkdir()

    # -- life

    def configure(self, change=lambda text: text):
        text = (ROOT / "nginx" / "nginx.conf.in").read_text()
        values = {"LISTEN": f"127.0.0.1:{self.port}", "MODULE": str(MODULE),
                  "DATA": str(self.folder), "WORKERS": "2", "LOG_LEVEL": "info",
                  "OPEN_FILES": "4096", "CONNECTIONS": "1024", "EJECT_AFTER": "5",
                  "TLS": "", "TRUSTED": "", "REAL_IP": "",
                  "USER_DIRECTIVE": "user root;" if os.geteuid() == 0 else ""}
        for key, value in {**values, **self.settings}.items():
            text = text.replace(f"@{key}@", value)
        text = text.replace("worker_shutdown_timeout 8s", "worker_shutdown_timeout 2s")
        text = text.replace("buffer=32k flush=1s", "")
        text = text.replace("proxy_cache_valid 200 5s", f"proxy_cache_valid 200 {self.cached_for}")
        assert not re.search(r"^[^#]*@[A-Z_]+@", text, re.M), "a placeholder is left"
        (self.folder / "nginx" / "nginx.conf").write_text(change(text))

    def start(self, tables=True, nodes=True):
        if nodes:
            for node in self.nodes:
                node.start()
        if tables:
            self.write_nodes()
            self.write_owners([])
        self.configure()
        self.spawn()
        threading.Thread(target=self.keep_fresh, daemon=True).start()

    def spawn(self):
        self.process = subprocess.Popen(
            ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx" / "nginx.conf"),
             "-g", "daemon off;"], stderr=(self.folder / "log" / "stderr").open("a"))
        wait_for(lambda: accepts(self.port), "nginx to listen")

    def keep_fresh(self):
        while not self.stopping.wait(1):
            if self.controller_alive and self.nodes_file.exists():
                os.utime(self.nodes_file)

    def stop(self):
        self.stopping.set()
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
        for node in self.nodes:
            node.kill()

    def workers(self):
        return [pid for pid in children_of(self.process.pid) if is_worker(pid)]

    # -- route tables

    @property
    def nodes_file(self):
        return self.folder / "route" / "nodes.route"

    @property
    def owners_file(self):
        return self.folder / "route" / "owners.route"

    def write(self, kind, path, lines):
        self.generation += 1
        text = "\n".join([f"generation {self.generation}", *lines, ""])
        subprocess.run([str(TOOL), kind, str(path)], input=text.encode(), check=True)

    def write_nodes(self, **states):
        for node in self.nodes:
            node.state = states.get(node.name, node.state)
        self.write("nodes", self.nodes_file,
                   [f"setup {self.setup}", *self.more_lines, *(node.line() for node in self.nodes)])

    def write_owners(self, lines):
        names = " ".join(node.name for node in self.nodes)
        self.write("owners", self.owners_file, [f"owners {names}", *lines])

    # -- requests

    def request(self, path, method="GET", headers=None, body=None, timeout=PATIENCE):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {"Connection": "close", **(headers or {})})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def status(self):
        """What the module counted, from its own socket."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.folder / "nginx" / "status.sock"))
            client.sendall(b"GET /status HTTP/1.0\r\n\r\n")
            reply = b"".join(iter(lambda: client.recv(65536), b""))
        head, _, body = reply.partition(b"\r\n\r\n")
        assert b" 200 " in head.splitlines()[0], head
        return json.loads(body)

    def wait_until(self, path, accept, what, **more):
        """Asks until all workers have seen a new table: each does on its own, so a few in a row."""
        def often():
            return all(accept(self.request(path, **more)) for _ in range(6))
        wait_for(often, what)

    def error_log(self):
        path = self.folder / "log" / "nginx-error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def access_log(self):
        return (self.folder / "log" / "nginx-access.log").read_text().splitlines()


class Load:
    """Threads that ask one after the other until stopped, and keep what did not succeed."""

    def __init__(self, gateway, path="/pause", threads=4):
        self.gateway, self.path = gateway, path
        self.done, self.failed = 0, []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def run(self):
        while not self.over.is_set():
            try:
                answer = self.gateway.request(self.path)
                if answer.status != 200:
                    self.failed.append((answer.status, answer.body))
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
            self.done += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def wait_for_more(self, requests):
        target = self.done + requests
        wait_for(lambda: self.done >= target, f"{requests} more requests")
