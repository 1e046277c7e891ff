"""Rule 8 and everything that goes wrong: nodes that die, freeze or are all away, and bad tables."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from gateway import Load, Node, accepts, wait_for

FIXED_1 = {"Cookie": "KUMA_FIXED_NODE=node1"}


def tries_of(gateway, node, since=0):
    return [line for line in gateway.access_log()[since:] if node.address in line]


def in_background(action):
    box = []
    thread = threading.Thread(target=lambda: box.append(action()))
    thread.start()
    return thread, box


def test_a_killed_node_fails_no_safe_request_and_is_left_alone(gateway):
    with Load(gateway) as load:
        load.wait_for_more(50)
        gateway.nodes[0].kill()
        began = time.monotonic()
        load.wait_for_more(50)  # no controller has said anything yet
        gateway.write_nodes(node1="offline")
        load.wait_for_more(50)
        holds = 1 + int((time.monotonic() - began) / 2)  # it is tried again after each
    assert load.failed == []
    refused = [line for line in tries_of(gateway, gateway.nodes[0]) if 'node="node1"' not in line]
    assert 1 <= len(refused) <= len(load.threads) * holds, "a failed connect is known to all workers"


def test_a_failure_is_forgotten_when_the_node_is_back(gateway):
    gateway.nodes[0].kill()
    for _ in range(10):
        assert gateway.request("/x").status == 200
    gateway.nodes[0].start()
    # Once by time, with a controller that noticed nothing,
    gateway.wait_until("/x", lambda answer: answer.to == "node1", "node1 again", headers=FIXED_1)
    # and once because the controller saw it go and come: at once, although the hold has grown.
    gateway.nodes[0].kill()
    for _ in range(10):
        assert gateway.request("/x").status == 200
    gateway.write_nodes(node1="offline")
    gateway.wait_until("/x", lambda answer: answer.via != "fixed-node", "offline", headers=FIXED_1)
    gateway.nodes[0].start()
    gateway.write_nodes(node1="online")
    gateway.wait_until("/x", lambda answer: answer.to == "node1", "node1 again", headers=FIXED_1)


def test_the_last_node_is_tried_although_it_failed(gateway):
    for node in gateway.nodes[1:]:
        node.kill()
    gateway.write_nodes(node2="offline", node3="offline")
    gateway.wait_until("/x", lambda answer: answer.to == "node1", "the table")
    gateway.nodes[0].kill()
    assert gateway.request("/x").status == 503
    gateway.nodes[0].start()
    assert gateway.request("/x").status == 200


def test_all_nodes_gone(gateway):
    for node in gateway.nodes:
        node.kill()
    for method in ("GET", "POST"):
        answer = gateway.request("/x", method)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.json == {"ok": False, "msg": "No node can take the request now."}
    gateway.write_nodes(node1="offline", node2="offline", node3="recovering")
    before = len(gateway.access_log())
    gateway.wait_until("/x", lambda answer: answer.status == 503, "the table")
    assert gateway.request("/x").headers["Retry-After"] == "5"
    assert gateway.request("/x", "HEAD").status == 503
    assert len(gateway.access_log()) > before
    gateway.nodes[1].start()
    gateway.write_nodes(node2="online")
    gateway.wait_until("/x", lambda answer: answer.to == "node2", "node2's return")


def test_no_nodes_in_the_table(idle_gateway):
    idle_gateway.nodes = []
    idle_gateway.start()
    assert idle_gateway.request("/x").status == 503


def test_a_node_that_cannot_serve_is_passed_over(gateway):
    assert gateway.request("/fail/node1", headers=FIXED_1).to != "node1"
    assert gateway.request("/close/node1", headers=FIXED_1).to != "node1"
    assert gateway.request("/x", headers=FIXED_1).to == "node1", "one request says nothing of it"
    answer = gateway.request("/fail/any")
    assert answer.status == 503 and answer.json["node"], "the node's own answer"


def test_a_post_that_reached_a_node_is_not_repeated(gateway):
    answer = gateway.request("/close/any", "POST", body="x")
    assert answer.status == 502 and "Retry-After" not in answer.headers
    assert "may have been carried out" in answer.json["msg"]
    begun = [line for node in gateway.nodes for line in node.requests()]
    assert begun.count("POST /close/any") == 1
    assert gateway.request("/fail/any", "POST", body="x").status == 503
    begun = [line for node in gateway.nodes for line in node.requests()]
    assert begun.count("POST /fail/any") == 1


def test_a_post_that_reached_no_node_is_repeated(gateway):
    gateway.nodes[0].kill()
    answer = gateway.request("/x", "POST", headers=FIXED_1, body="x" * 100_000)
    assert answer.status == 200 and answer.to != "node1"


def test_fault_15_a_frozen_nodes_requests_are_given_to_others(gateway):
    gateway.write_owners(["monitor 7 node1"])
    gateway.wait_until("/api/v1/monitors/7", lambda answer: answer.to == "node1", "the owners")
    path = "/api/v1/monitors/7/slow/node1"
    begun, box = in_background(lambda: gateway.request(path))
    wait_for(lambda: f"GET {path}" in gateway.nodes[0].requests(), "the request to arrive")
    gateway.nodes[0].freeze()
    late, late_box = in_background(lambda: gateway.request(path))
    posted, post_box = in_background(lambda: gateway.request(path, "POST", body="x"))
    while begun.is_alive() or late.is_alive() or posted.is_alive():
        gateway.write_nodes(node1="offline")
        posted.join(0.2)
    for answer in (box[0], late_box[0]):
        assert answer.status == 200 and answer.to in ("node2", "node3")
    # The late ones may have come when it was offline already; what was sent is not repeated.
    assert post_box[0].status in (200, 504)
    assert gateway.request("/x", headers=FIXED_1).to != "node1"


def test_a_frozen_only_node_means_no_node(gateway):
    for node in gateway.nodes[1:]:
        node.kill()
    gateway.write_nodes(node2="offline", node3="offline")
    gateway.wait_until("/x", lambda answer: answer.to == "node1", "the table")
    thread, box = in_background(lambda: gateway.request("/slow/any"))
    wait_for(lambda: "GET /slow/any" in gateway.nodes[0].requests(), "the request to arrive")
    gateway.nodes[0].freeze()
    gateway.write_nodes(node1="offline")
    thread.join()
    assert box[0].status == 503 and box[0].headers["Retry-After"] == "5"


def upgraded(gateway, **more):
    client = socket.create_connection(("127.0.0.1", gateway.port), timeout=30)
    client.sendall(b"GET /socket.io/ HTTP/1.1\r\nHost: x\r\nCookie: KUMA_FIXED_NODE=node1\r\n"
                   b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert b"X-Routed-To: node1" in client.recv(4096)
    return client


def test_an_upgraded_connection_to_a_frozen_node_is_closed(gateway):
    with upgraded(gateway) as client:
        gateway.write_nodes(node2="draining")  # something else changed: it stays
        gateway.wait_until("/x", lambda answer: answer.to != "node2", "the table")
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
        gateway.nodes[0].freeze()
        gateway.write_nodes(node1="offline")
        assert client.recv(100) == b"", "it would hang otherwise"


def test_fault_3_after_a_reload_old_workers_go_and_no_request_fails(gateway):
    with Load(gateway) as load, upgraded(gateway):
        for _ in range(3):
            old = gateway.workers()
            load.wait_for_more(20)
            gateway.process.send_signal(signal.SIGHUP)
            wait_for(lambda: not set(old) & set(gateway.workers()), "the old workers to go")
            load.wait_for_more(20)
    assert load.failed == []
    wait_for(lambda: len(gateway.workers()) == 2, "two workers")


def ask_until_closed(gateway):
    with contextlib.suppress(OSError, http.client.HTTPException):
        gateway.request("/slow/node1", headers=FIXED_1)


def test_a_worker_that_crashes_takes_its_counts_with_it(idle_gateway):
    gateway = idle_gateway
    gateway.start()
    threads = [in_background(lambda: ask_until_closed(gateway)) for _ in range(20)]
    wait_for(lambda: gateway.nodes[0].requests().count("GET /slow/node1") == 20, "20 requests")
    victims = gateway.workers()
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    for thread, _ in threads:
        thread.join()
    wait_for(lambda: len(set(gateway.workers()) - set(victims)) == 2, "new workers")
    wait_for(lambda: accepts(gateway.port), "nginx to listen")
    # Counts that stayed would keep every further request away from node1.
    assert "node1" in {gateway.request("/x").to for _ in range(12)}
    # The crash was ours: it is not what the check of the log is after.
    log = gateway.folder / "log" / "nginx-error.log"
    log.write_text("\n".join(line for line in log.read_text().splitlines()
                             if "exited on signal 9" not in line))


DAMAGES = {
    "flipped": lambda good: good[:-1] + bytes([good[-1] ^ 1]),
    "truncated": lambda good: good[:len(good) // 2],
    "empty": lambda good: b"",
    "foreign": lambda good: b"<html>" * 1000,
    "longer": lambda good: good + b"\0",
}


@pytest.mark.parametrize("which", ["nodes_file", "owners_file"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_table_is_refused_and_the_last_good_one_stays(gateway, which, damage):
    gateway.write_owners(["monitor 7 node3"])
    gateway.wait_until("/api/v1/monitors/7", lambda answer: answer.to == "node3", "the owners")
    path = getattr(gateway, which)
    refused = lambda: gateway.error_log().count("is refused, the last good one stays") >= 2
    with Load(gateway, "/api/v1/monitors/7/pause", threads=2) as load:
        path.write_bytes(DAMAGES[damage](path.read_bytes()))  # in place, under the readers
        wait_for(refused, "both workers to refuse it")
        load.wait_for_more(20)
        answer = gateway.request("/api/v1/monitors/7")
        assert (answer.via, answer.to) == ("monitor-owner", "node3")
    assert load.failed == []
    gateway.write_nodes()
    gateway.write_owners(["monitor 7 node2"])
    gateway.wait_until("/api/v1/monitors/7", lambda answer: answer.to == "node2", "a good one")


def test_missing_tables(idle_gateway):
    gateway = idle_gateway
    gateway.start(tables=False)
    answer = gateway.request("/x")
    assert answer.status == 503 and answer.headers["Retry-After"] == "5"
    gateway.write_nodes()
    gateway.write_owners(["monitor 7 node3"])
    gateway.wait_until("/api/v1/monitors/7", lambda answer: answer.to == "node3", "the tables")
    gateway.nodes_file.unlink()
    gateway.owners_file.unlink()
    wait_for(lambda: gateway.error_log().count("No such file") >= 6, "the workers to see it")
    assert gateway.request("/api/v1/monitors/7").to == "node3"
    assert gateway.error_log().count("No such file") < 12, "said once for each, not at every look"


def test_a_node_whose_address_changed_is_reached_there(gateway):
    gateway.nodes[0].kill()
    gateway.write_nodes()
    gateway.request("/x", headers=FIXED_1)
    gateway.nodes[0] = Node("node1", gateway.folder)
    gateway.nodes[0].start()
    gateway.write_nodes()
    gateway.wait_until("/x", lambda answer: answer.to == "node1", "the new address",
                       headers=FIXED_1)


def test_nodes_come_and_go(gateway):
    with Load(gateway, threads=2) as load:
        for _ in range(5):
            away = gateway.nodes.pop()
            gateway.write_nodes()
            load.wait_for_more(10)
            gateway.nodes.append(away)
            gateway.write_nodes()
            load.wait_for_more(10)
    assert load.failed == []


def test_bad_configurations_are_refused(idle_gateway):
    gateway = idle_gateway

    def complaint(change):
        gateway.configure(change)
        done = subprocess.run(["nginx", "-t", "-p", str(gateway.folder), "-c",
                               str(gateway.folder / "nginx" / "nginx.conf")],
                              capture_output=True, text=True)
        return done.returncode, done.stderr

    code, text = complaint(lambda conf: conf.replace("higuma_route_directory", "# "))
    assert code != 0 and 'needs "higuma_route_directory"' in text
    code, text = complaint(lambda conf: conf.replace("        higuma;\n", "").replace(
        "keepalive 64;", "keepalive 64; higuma;"))
    assert code != 0 and 'comes before "keepalive"' in text
