"""A whole cluster as a user starts it (`higuma up`), for black-box tests and benchmarks."""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import pymysql

BUILD = pathlib.Path(os.environ.get("HIGUMA_BUILD", "build/release")).resolve()
BINARY = BUILD / "bin" / "higuma"


def is_free(port):
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_ports(count=1):
    """The first of so many free ones in a row, below the ports of outgoing connections, one of which
    could take it before it is used."""
    while True:
        port = random.randrange(10000, 20000)
        if all(is_free(port + next_one) for next_one in range(count)):
            return port


def wait_until(condition, seconds, what):
    """Polls until the condition holds; its truthy value is returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def processes_of(data):
    """Pids of every process that works in this data folder, by its command line or environment."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            program = os.readlink(entry / "exe")
        except OSError:
            continue
        ours = pathlib.Path(program).name.startswith(("higuma", "nginx", "mariadbd"))
        if ours and str(data).encode() in text:
            found.append(int(entry.name))
    return found


def next_change(cursor):
    """Takes a change number; every write to `monitor` does so in its own transaction."""
    cursor.execute("UPDATE cluster_counter SET value=LAST_INSERT_ID(value+1) WHERE name='monitor'")
    cursor.execute("SELECT LAST_INSERT_ID()")
    return cursor.fetchone()[0]


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


def request(url, method="GET", body=None, headers=None, timeout=15):
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    call = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(call, timeout=timeout) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


class Cluster:
    """`higuma up` in a folder of its own; use as a context manager."""

    def __init__(self, nodes=3, data=None, environment=None, options=(), gateways=1):
        self._temporary = None if data else tempfile.TemporaryDirectory(prefix="higuma-")
        self.data = pathlib.Path(data or self._temporary.name).resolve()
        self.nodes = nodes
        self.gateways = gateways
        self.port = free_ports(gateways)
        self.options = list(options)
        self.environment = {
            **os.environ,
            "HIGUMA_ADMIN_USER": "admin",
            "HIGUMA_ADMIN_PASSWORD": "correct horse",
            # Tests lose the same node again and again; it is not to be held back for it.
            "HIGUMA_FLAP_LIMIT": "0",
            **(environment or {}),
        }
        self.process = None
        self.key = None
        self.output = self.data.parent / (self.data.name + ".out")

    @property
    def url(self):
        return self.url_of(1)

    def url_of(self, gateway):
        return f"http://127.0.0.1:{self.port + gateway - 1}"

    def start(self, seconds=120):
        command = [BINARY, "up", "--nodes", str(self.nodes), "--port", str(self.port),
                   "--gateways", str(self.gateways), "--data", str(self.data), *self.options]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(command, env=self.environment, stdout=output,
                                            stderr=subprocess.STDOUT, start_new_session=True)

        def ready():
            assert self.process.poll() is None, f"`higuma up` ended: {self.said()}"
            return "The cluster is ready." in self.said()

        wait_until(ready, seconds, "the cluster is ready")
        return self

    def said(self):
        return self.output.read_text(errors="replace")

    def stop(self, seconds=30):
        """Ctrl-C; returns how long it took."""
        began = time.monotonic()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(seconds)
        return time.monotonic() - began

    def kill_everything(self):
        pids = [self.process.pid, *[p for p in processes_of(self.data) if p != self.process.pid]]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)
        wait_until(lambda: not processes_of(self.data), 10, "all processes are gone")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            for pid in processes_of(self.data):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if self._temporary:
                self._temporary.cleanup()
            self.output.unlink(missing_ok=True)

    # What a user has: the CLI, the API, the database's client.

    def command(self, *arguments, check=True, **options):
        return subprocess.run([BINARY, *arguments], check=check, capture_output=True, text=True,
                              timeout=60, **options)

    def api_key(self):
        if self.key is None:
            made = self.command("api-key", "create", "tests", "--data", str(self.data))
            self.key = made.stdout.strip()
        return self.key

    def api(self, path, method="GET", body=None, headers=None, timeout=15):
        all_headers = {"Authorization": f"Bearer {self.api_key()}",
                       "Content-Type": "application/json", **(headers or {})}
        return request(self.url + path, method, body, all_headers, timeout)

    def get(self, path, timeout=15):
        return request(self.url + path, timeout=timeout)

    def settings(self):
        lines = (self.data / "database.toml").read_text().splitlines()
        pairs = (line.split(" = ", 1) for line in lines if " = " in line)
        return {name: value.strip('"') for name, value in pairs}

    def database(self):
        settings = self.settings()
        return pymysql.connect(unix_socket=settings["higuma_db_socket"], user=settings["db_user"],
                               password=settings["db_password"], database=settings["db_name"],
                               autocommit=True)

    def rows(self, sql, *values):
        connection = self.database()
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()
        finally:
            connection.close()

    def value(self, sql, *values):
        return self.rows(sql, *values)[0][0]

    def pid_of(self, name):
        """The running process of a part, such as "node2" or "controller", from the kernel's own
        list."""
        controller = name.startswith("controller")
        node_id = name.replace("controller", "nginx-node")
        wanted = f"UPTIME_KUMA_NODE_ID={node_id}".encode()
        for pid in processes_of(self.data):
            try:
                entries = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                program = pathlib.Path(os.readlink(f"/proc/{pid}/exe")).name
            except OSError:
                continue
            if controller and wanted in entries and b"--controller-only" in arguments:
                return pid
            if name == "mariadb" and program == "mariadbd":
                return pid
            if name == "nginx" and arguments and arguments[0].startswith(b"nginx: master"):
                return pid
            if not controller and wanted in entries and b"node" in arguments:
                return pid
        return None

    def status_of(self, node):
        return self.value("SELECT status FROM node WHERE node_id=%s", node)

    def effective_counts(self):
        return dict(self.rows("SELECT COALESCE(assigned_node, node_id), COUNT(*) FROM monitor "
                              "WHERE active=1 GROUP BY 1"))

    def wait_online(self, seconds=60):
        query = "SELECT COUNT(*) FROM node WHERE status='online'"
        wait_until(lambda: self.value(query) == self.nodes, seconds, "all nodes are online")

    def wait_home(self, seconds=60):
        query = "SELECT COUNT(*) FROM monitor WHERE assigned_node IS NOT NULL"
        wait_until(lambda: self.value(query) == 0, seconds, "all monitors are home")
