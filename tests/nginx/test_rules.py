"""Selection rules 1, 2, 5, 6 and 7, and what clients and nodes are told."""

import os
import socket
import threading

import pytest

from gateway import wait_for


def fixed(value):
    return {"Cookie": f"a=b; KUMA_FIXED_NODE={value}; c=d"}


def test_an_ordinary_request_goes_to_the_fewest_monitors(gateway):
    gateway.nodes[0].monitors = 500
    gateway.nodes[2].monitors = 900
    gateway.write_nodes()
    gateway.wait_until("/dashboard", lambda answer: answer.to == "node2", "the new table")
    answer = gateway.request("/dashboard")
    assert answer.status == 200
    assert (answer.via, answer.to, answer.json["node"]) == ("load-balancer", "node2", "node2")
    assert answer.headers.get_all("X-Routed-To") == ["node2"]


def test_fault_5_a_burst_is_spread(gateway):
    gateway.nodes[1].monitors = 20
    gateway.nodes[2].monitors = 30
    gateway.write_nodes()
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(gateway.request("/pause").to))
               for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {"node1", "node2", "node3"}


def test_equal_nodes_take_turns(gateway):
    seen = [gateway.request("/x").to for _ in range(30)]
    assert set(seen) == {"node1", "node2", "node3"}


def test_setup_goes_to_the_primary(gateway):
    gateway.setup = "no"
    gateway.nodes[2].more = "primary"
    gateway.write_nodes()
    gateway.wait_until("/setup", lambda answer: answer.via == "setup", "the new table")
    answer = gateway.request("/setup", headers=fixed("node1"))
    assert (answer.via, answer.to) == ("setup", "node3")


def test_fixed_node(gateway):
    answer = gateway.request("/x", headers=fixed("node3"))
    assert (answer.via, answer.to) == ("fixed-node", "node3")
    assert answer.headers.get("Set-Cookie") is None


@pytest.mark.parametrize("value", [
    "node9", "", "node1'; DROP TABLE monitor; --", "1' OR '1'='1", "node1%27", "x" * 3000,
    "NODE1", "node1\x7f"])
def test_fault_10_a_strange_fixed_node_is_cleared_and_means_nothing(gateway, value):
    answer = gateway.request("/x", headers=fixed(value))
    assert answer.status == 200
    assert answer.via == "load-balancer"
    cookie = answer.headers.get("Set-Cookie")
    assert cookie.startswith("KUMA_FIXED_NODE=;") and "Max-Age=0" in cookie


def test_fixed_node_that_is_offline_is_cleared(gateway):
    gateway.write_nodes(node3="offline")
    gateway.wait_until("/x", lambda answer: answer.via == "load-balancer", "the new table",
                       headers=fixed("node3"))
    answer = gateway.request("/x", headers=fixed("node3"))
    assert answer.to != "node3"
    assert len(answer.headers.get_all("Set-Cookie")) == 1


def test_a_monitors_requests_go_to_its_owner(gateway):
    gateway.write_owners(["monitor 7 node3", "monitor 8 node2", "token seCRet01 node2"])
    gateway.wait_until("/api/v1/monitors/7", lambda answer: answer.to == "node3", "the owners")
    for path, node in [("/api/v1/monitors/7", "node3"), ("/api/v1/monitors/7/heartbeats", "node3"),
                       ("/api/badge/8/status", "node2"), ("/api/push/seCRet01?status=up", "node2")]:
        answer = gateway.request(path)
        assert (answer.via, answer.to) == ("monitor-owner", node), path
    for path in ["/api/v1/monitors/99", "/api/v1/monitors/7x", "/api/push/seCRet02"]:
        assert gateway.request(path).via == "load-balancer", path
    # The owner changes, and goes away.
    gateway.write_owners(["monitor 7 node1"])
    gateway.wait_until("/api/v1/monitors/7", lambda answer: answer.to == "node1", "new owners")
    gateway.write_nodes(node1="offline")
    gateway.wait_until("/api/v1/monitors/7", lambda answer: answer.to != "node1", "any other")


def test_a_push_token_is_not_logged(gateway):
    gateway.request("/api/push/seCRet01?status=up&msg=seCRet02")
    wait_for(lambda: len(gateway.access_log()) == 1, "the log line")
    assert "seCRet" not in gateway.access_log()[0]


def test_a_million_monitors(gateway):
    gateway.write_owners(["monitors 1000000"])
    # Monitor i belongs to the node at i mod 3.
    gateway.wait_until("/api/v1/monitors/1000000", lambda answer: answer.to == "node2", "owners")
    assert gateway.request("/api/v1/monitors/999999").to == "node1"
    assert gateway.request("/api/v1/monitors/1000001").via == "load-balancer"


def test_controller_gone_the_last_table_goes_on_and_unknown_monitors_are_hashed(gateway):
    gateway.write_owners(["monitor 7 node3"])
    gateway.wait_until("/api/v1/monitors/7", lambda answer: answer.to == "node3", "the owners")
    gateway.controller_alive = False
    os.utime(gateway.nodes_file, (1_000_000_000, 1_000_000_000))
    gateway.wait_until("/api/v1/monitors/8", lambda answer: answer.via == "hash", "staleness")
    for monitor in range(100, 106):
        answer = gateway.request(f"/api/v1/monitors/{monitor}")
        assert (answer.via, answer.to) == ("hash", f"node{monitor % 3 + 1}")
    answer = gateway.request("/api/v1/monitors/7")
    assert (answer.via, answer.to) == ("monitor-owner", "node3")
    assert gateway.request("/x").status == 200
    gateway.controller_alive = True
    gateway.wait_until("/api/v1/monitors/8", lambda answer: answer.via == "load-balancer",
                       "the controller's return")


def test_without_an_owner_table_monitors_are_hashed(idle_gateway):
    idle_gateway.write_nodes()
    idle_gateway.start(tables=False)
    answer = idle_gateway.request("/api/v1/monitors/4")
    assert (answer.via, answer.to) == ("hash", "node2")


def test_what_a_client_says_of_itself_is_not_passed_on(gateway):
    told = gateway.request("/x", headers={
        "X-Real-IP": "6.6.6.6", "X-Forwarded-For": "6.6.6.6"}).json["headers"]
    assert told["x-real-ip"] == told["x-forwarded-for"] == "127.0.0.1"


def test_upgraded_connections_carry_both_ways(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as client:
        client.sendall(b"GET /socket.io/?transport=websocket HTTP/1.1\r\nHost: x\r\n"
                       b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        head = client.recv(4096)
        assert b" 101 " in head and b"X-Routed-To: node" in head
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"


def test_connections_to_nodes_are_kept(gateway):
    for _ in range(50):
        assert gateway.request("/x").status == 200
    for node in gateway.nodes:
        # Each of two workers keeps one; each node also counts the probe when it started.
        answer = gateway.request("/x", headers=fixed(node.name))
        assert answer.json["connections"] <= 4, "a new connection for each request (fault 6)"


def test_the_controllers_paths_and_no_others(gateway):
    for path in [
            "/", "/health", "/lb/ping", "/lb/health", "/lb/healthXYZ", "/lb/anything",
            "/api/system-status", "/api/node-status", "/api/load-balancer-status",
            "/api/health-check-status", "/api/health-status", "/api/fault-detection-status",
            "/api/trigger-health-check", "/api/update-loads", "/api/trigger-rebalancing",
            "/api/force-rebalance-all", "/api/rebalancing-status", "/api/debug-config",
            "/api/debug-logs", "/api/monitors/7/switch-node", "/api/monitors/7/pin-to-node",
            "/api/monitors/7/unpin", "/api/monitors/batch-switch", "/api/nodes/node1/drain",
            "/api/nodes/node1/undrain", "/api/lb/force-route-to/node1", "/api/lb/restore-ltm",
            "/api/lb/routing-mode"]:
        answer = gateway.request(path)
        assert answer.status == 503 and answer.to is None, path
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.json["ok"] is False
    for path in [
            "/healthXYZ", "/health/", "/api/system-statusX", "/health%0A", "/lb", "/x/lb/x",
            "/api/monitors/7", "/api/monitors/7/unpinX", "/api/monitors/7/x/unpin",
            "/api/monitors/batch-switch/x", "/api/nodes/node1", "/api/nodes/node1/drain/x",
            "/api/nodes//drainX", "/api/lb/force-route-to/", "/api/lb/restore-ltmX",
            "/api/debug-logsX", "/x/api/debug-logs"]:
        assert gateway.request(path).to is not None, path
