"""`higuma up` as a person meets it: start, stop, start again, and what it refuses."""

import json
import os
import pathlib
import resource
import signal
import socket
import subprocess

import pytest

from conftest import add_monitors
from higuma_cluster import BINARY, Cluster, free_ports, processes_of, wait_until
from rules import assert_none_doubled, now


def run_up(*options, environment=None):
    return subprocess.run([BINARY, "up", *options], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(environment or {})})


def assert_refused(result, *words):
    assert result.returncode == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    for word in words:
        assert word in lines[0]


def test_a_node_raises_its_limit_of_open_files(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))  # as shells start programs
    try:
        with Cluster(nodes=1, data=tmp_path / "data") as cluster:
            limits = pathlib.Path(f"/proc/{cluster.pid_of('node1')}/limits").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(line.split()[3]) == min(before[1], 65536)


def test_start_look_and_stop(tmp_path):
    with Cluster(nodes=2, data=tmp_path / "data", options=["--demo"]) as cluster:
        assert cluster.url in cluster.said()
        table = cluster.command("status", "--url", cluster.url).stdout
        assert "node1" in table and "node2" in table and "online" in table
        status = json.loads(cluster.command("status", "--json", "--url", cluster.url).stdout)
        assert {"cluster", "capacity", "health", "fault_detection", "leader"} <= status.keys()
        page = cluster.get("/")
        assert page.status == 200 and "text/html" in page.headers["Content-Type"]
        wait_until(lambda: cluster.value("SELECT COUNT(*) FROM monitor WHERE name LIKE 'Demo:%%'")
                   >= 7, 30, "the demo's monitors are there")
        pushed = ("SELECT COUNT(*) FROM heartbeat h JOIN monitor m ON m.id=h.monitor_id "
                  "WHERE m.type='push' AND h.status=1")
        wait_until(lambda: cluster.value(pushed) >= 1, 30, "the push monitor is fed")
        assert cluster.stop() < 15
        assert cluster.process.returncode == 0
        assert processes_of(cluster.data) == []


def test_goes_on_after_a_kill_of_everything(tmp_path, target):
    with Cluster(nodes=2, data=tmp_path / "data") as cluster:
        add_monitors(cluster, target, count=20, interval=2)
        wait_until(lambda: cluster.value("SELECT COUNT(DISTINCT monitor_id) FROM heartbeat") == 20,
                   30, "each monitor has a beat")
        began = now(cluster)
        cluster.kill_everything()
        cluster.start()
        again = now(cluster)
        wait_until(lambda: cluster.value("SELECT COUNT(DISTINCT monitor_id) FROM heartbeat "
                                         "WHERE scheduled_at > %s", again) == 20, 30, "beats go on")
        assert_none_doubled(cluster, began, 2)
        assert cluster.api("/api/v1/monitors").json()["total"] == 20


def test_children_do_not_outlive_a_killed_up(tmp_path):
    with Cluster(nodes=1, data=tmp_path / "data") as cluster:
        os.kill(cluster.process.pid, signal.SIGKILL)
        cluster.process.wait(10)
        cluster.start()
        assert cluster.get("/health").status == 200


def test_port_in_use_starts_nothing(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run_up("--port", str(port), "--data", str(tmp_path / "data"))
    assert_refused(result, f"port {port}", "in use")
    assert processes_of(tmp_path) == []
    assert not (tmp_path / "data" / "mariadb").exists()


def test_data_folder_in_use(tmp_path):
    with Cluster(nodes=1, data=tmp_path / "data"):
        assert_refused(run_up("--data", str(tmp_path / "data")), "--data", "in use")


def test_data_folder_not_writable(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    assert_refused(run_up("--data", str(tmp_path / "file" / "data")), "--data")


def test_missing_module(tmp_path):
    result = run_up("--data", str(tmp_path / "data"), environment={"HIGUMA_MODULE": "/none.so"})
    assert_refused(result, "HIGUMA_MODULE", "/none.so")


@pytest.mark.parametrize("bind", ["nonsense", "203.0.113.77"])
def test_bad_bind_address(tmp_path, bind):
    assert_refused(run_up("--data", str(tmp_path / "data"), "--bind", bind), "--bind", bind)


def test_parts_on_their_own_say_what_is_missing():
    result = subprocess.run([BINARY, "node"], capture_output=True, text=True, timeout=60,
                            env={"PATH": os.environ["PATH"]})
    assert_refused(result, "UPTIME_KUMA_NODE_ID")


def test_wrong_database_password_stops_and_says_so(tmp_path):
    with Cluster(nodes=1, data=tmp_path / "data") as cluster:
        settings = cluster.settings()
        environment = {**os.environ, "DB_HOST": "127.0.0.1", "DB_PORT": settings["db_port"]
                       if "db_port" in settings else "", "DB_USER": "higuma",
                       "DB_PASSWORD": "wrong", "DB_NAME": "kuma",
                       "UPTIME_KUMA_NODE_ID": "node9", "UPTIME_KUMA_NODE_HOST": "127.0.0.1:1"}
        result = subprocess.run([BINARY, "node"], capture_output=True, text=True, timeout=60,
                                env=environment)
        assert result.returncode == 1
        assert "wrong" not in result.stderr.replace("wrong password", "")
        assert "higuma" in result.stderr


def test_waits_for_a_database_that_is_down_and_says_so(tmp_path):
    environment = {**os.environ, "DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_USER": "higuma",
                   "DB_PASSWORD": "x", "UPTIME_KUMA_NODE_ID": "node9",
                   "UPTIME_KUMA_NODE_HOST": "127.0.0.1:1"}
    log = tmp_path / "log"
    with open(log, "wb") as output:
        node = subprocess.Popen([BINARY, "node"], stderr=output, env=environment)
    try:
        wait_until(lambda: "waiting for the database" in log.read_text(), 30, "it says so")
        assert node.poll() is None
    finally:
        node.terminate()
        assert node.wait(20) == 0


def talk_to_gdbserver(port, packet):
    """One packet of gdb's remote protocol, after which gdbserver has what it needs."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        checksum = sum(packet.encode()) % 256
        connection.sendall(f"+${packet}#{checksum:02x}".encode())
        return connection.recv(100)


def test_a_debugger_is_waited_for(tmp_path):
    port = free_ports()
    environment = {**os.environ, "DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_PASSWORD": "x",
                   "UPTIME_KUMA_NODE_ID": "node9", "UPTIME_KUMA_NODE_HOST": "127.0.0.1:1",
                   "DEBUG_ENABLED": "true", "DEBUG_PORT": str(port)}
    log = tmp_path / "log"
    with open(log, "wb") as output:
        node = subprocess.Popen([BINARY, "node"], stderr=output, env=environment)
    try:
        wait_until(lambda: "Listening on port" in log.read_text(), 30, "gdbserver listens")
        assert "waits for a debugger" in log.read_text()
        assert "waiting for the database" not in log.read_text()
        talk_to_gdbserver(port, "D")
        wait_until(lambda: "waiting for the database" in log.read_text(), 30, "it goes on")
    finally:
        node.terminate()
        assert node.wait(20) == 0
