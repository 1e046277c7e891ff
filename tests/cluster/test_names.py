"""Nodes are named by host names: a changed address is followed, and a dead resolver costs nothing."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest

from higuma_cluster import BINARY, Cluster, free_ports, wait_until
from steady_load import SteadyLoad

PATIENCE = 30


class NameServer:
    """Debian's dnsmasq with a hosts file of the test's own."""

    def __init__(self, folder):
        self.hosts = pathlib.Path(folder) / "hosts"
        self.port = free_ports()
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def tell(self, lines):
        self.hosts.write_text("".join(line + "\n" for line in lines))
        if self.process:
            self.process.send_signal(signal.SIGHUP)

    def __enter__(self):
        program = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
        assert program, "dnsmasq is missing: install dnsmasq-base"
        self.process = subprocess.Popen(
            [program, "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
             "--local=/#/", f"--addn-hosts={self.hosts}", f"--port={self.port}",
             "--bind-interfaces", "--listen-address=127.0.0.1", "--local-ttl=1", "--user=",
             "--pid-file=", "--log-facility=-"], stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


class NamedNode:
    """A node of its own beside those of `higuma up`, known by a name."""

    def __init__(self, cluster, name, host, listen="0.0.0.0"):
        port = free_ports()
        settings = cluster.settings()
        environment = {**os.environ, "HIGUMA_DB_SOCKET": settings["higuma_db_socket"],
                       "DB_USER": settings["db_user"], "DB_PASSWORD": settings["db_password"],
                       "DB_NAME": settings["db_name"], "UPTIME_KUMA_NODE_ID": name,
                       "UPTIME_KUMA_NODE_HOST": f"{host}:{port}",
                       "HIGUMA_LISTEN": f"{listen}:{port}"}
        self.port = port
        self.process = subprocess.Popen([BINARY, "node"], env=environment,
                                        stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def row_of(cluster, node):
    rows = cluster.get("/api/node-status").json()["nodes"]
    return next((row for row in rows if row["node_id"] == node), {"status": None, "address": None})


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    server = NameServer(tmp_path_factory.mktemp("dns"))
    server.tell(["127.0.0.1 node-a.test", "::1 node-six.test"])
    with server:
        yield server


@pytest.fixture(scope="module")
def named(names):
    with Cluster(nodes=1, environment={"RESOLVER": names.address}) as running:
        yield running


@pytest.fixture(scope="module")
def node(named):
    started = NamedNode(named, "node-a", "node-a.test")
    wait_until(lambda: row_of(named, "node-a")["status"] == "online", PATIENCE, "it is online")
    yield started
    started.stop()


def fixed(load_port):
    return SteadyLoad(load_port, rate=50, headers=[("Cookie", "KUMA_FIXED_NODE=node-a")])


def test_a_node_is_reached_by_its_name(named, node):
    assert row_of(named, "node-a")["address"] == f"127.0.0.1:{node.port}"
    with fixed(named.port) as load:
        wait_until(lambda: any(to == "node-a" for _, to in load.routed_to), PATIENCE, "routed")
    assert not load.failures, load.failures[:3]


def test_a_changed_address_is_followed_without_a_reload(named, node, names):
    nginx = named.pid_of("nginx")
    with fixed(named.port) as load:
        names.tell(["127.0.0.2 node-a.test", "::1 node-six.test"])
        moved = f"127.0.0.2:{node.port}"
        wait_until(lambda: row_of(named, "node-a")["address"] == moved, PATIENCE, "it moved")
        time.sleep(1)
    assert not load.failures, load.failures[:3]
    assert row_of(named, "node-a")["status"] == "online"
    assert named.pid_of("nginx") == nginx


def test_fault_14_a_dead_resolver_costs_nothing(named, node, names):
    """Frozen, DNS answers nothing at all; the last good address goes on and nobody is offline."""
    os.kill(names.process.pid, signal.SIGSTOP)
    try:
        with fixed(named.port) as load:
            end = time.monotonic() + 8
            while time.monotonic() < end:
                assert row_of(named, "node-a")["status"] == "online"
                time.sleep(0.3)
    finally:
        os.kill(names.process.pid, signal.SIGCONT)
    assert not load.failures, load.failures[:3]
    late = max(load.latencies)
    assert late < 1, f"a request took {late:.2f} s"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_a_node_on_ipv6(named, names):
    started = NamedNode(named, "node-six", "node-six.test", listen="[::1]")
    try:
        wait_until(lambda: row_of(named, "node-six")["status"] == "online", PATIENCE, "online")
        assert row_of(named, "node-six")["address"] == f"[::1]:{started.port}"
    finally:
        started.stop()
