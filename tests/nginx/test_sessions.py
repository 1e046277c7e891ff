"""Rules 3 and 4: forced routing, and Socket.IO sessions that stay at their node."""

import socket

from gateway import wait_for

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


def with_cookie(node):
    return {"Cookie": f"x=y; HIGUMA_NODE={node}"}


def forced(gateway, node, **states):
    gateway.more_lines = [f"forced {node}"]
    gateway.write_nodes(**states)


def test_all_goes_to_the_forced_node_while_it_is_online(gateway):
    gateway.write_owners(["monitor 7 node3"])
    gateway.wait_until("/api/v1/monitors/7", lambda answer: answer.to == "node3", "the owners")
    forced(gateway, "node2")
    gateway.wait_until("/x", lambda answer: answer.via == "forced", "the new table")
    for path in ["/dashboard", "/api/v1/monitors/7", HANDSHAKE + "&sid=a.node1"]:
        answer = gateway.request(path)
        assert (answer.via, answer.to) == ("forced", "node2"), path
    answer = gateway.request("/x", headers={"Cookie": "KUMA_FIXED_NODE=node1"})
    assert (answer.via, answer.to) == ("fixed-node", "node1"), "the cookie comes before"
    gateway.write_nodes(node2="offline")
    gateway.wait_until("/x", lambda answer: answer.via == "load-balancer", "node2 to be offline")
    assert gateway.request("/api/v1/monitors/7").to == "node3"
    forced(gateway, "node9", node2="online")
    gateway.wait_until("/x", lambda answer: answer.via == "load-balancer", "an unknown node")


def test_a_session_stays_at_the_node_that_its_id_names(gateway):
    for node in ("node1", "node2", "node3"):
        for _ in range(5):
            answer = gateway.request(f"{HANDSHAKE}&sid=aB_-9.{node}")
            assert (answer.via, answer.to) == ("session", node)
            assert answer.headers.get("Set-Cookie") is None
    # Its own name counts more than the cookie of another tab.
    answer = gateway.request(f"{HANDSHAKE}&sid=x.node1", headers=with_cookie("node2"))
    assert (answer.via, answer.to) == ("session", "node1")


def test_a_session_without_a_name_stays_by_its_cookie(gateway):
    answer = gateway.request(HANDSHAKE)
    assert answer.via == "load-balancer"
    cookie = answer.headers.get_all("Set-Cookie")
    assert cookie == [f"HIGUMA_NODE={answer.to}; Path=/socket.io/; HttpOnly; SameSite=Lax"]
    for _ in range(10):
        later = gateway.request(HANDSHAKE + "&sid=stockId", headers=with_cookie(answer.to))
        assert (later.via, later.to) == ("session", answer.to)
        assert later.headers.get("Set-Cookie") is None
    # Another tab of the same browser begins where the first is, or it would take its cookie away.
    again = gateway.request(HANDSHAKE, headers=with_cookie(answer.to))
    assert (again.via, again.to) == ("session", answer.to)
    assert again.headers.get("Set-Cookie") is None
    assert gateway.request("/dashboard", headers=with_cookie(answer.to)).via == "load-balancer"
    assert "Set-Cookie" not in gateway.request("/dashboard").headers


def upgrade(gateway, query, headers=""):
    client = socket.create_connection(("127.0.0.1", gateway.port), timeout=30)
    client.sendall(f"GET /socket.io/?{query} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                   f"Upgrade: websocket\r\n{headers}\r\n".encode())
    return client, client.recv(4096).decode()


def test_the_upgrade_goes_where_the_polling_was(gateway):
    for node in ("node1", "node2", "node3"):
        client, head = upgrade(gateway, f"transport=websocket&sid=abc.{node}")
        client.close()
        assert " 101 " in head and f"X-Routed-To: {node}\r\n" in head
        client, head = upgrade(gateway, "transport=websocket&sid=abc",
                               f"Cookie: HIGUMA_NODE={node}\r\n")
        client.close()
        assert f"X-Routed-To: {node}\r\n" in head and "Set-Cookie" not in head


def test_a_websocket_without_polling_sets_the_cookie_too(gateway):
    client, head = upgrade(gateway, "transport=websocket")
    client.close()
    assert head.count("Set-Cookie: HIGUMA_NODE=node") == 1


def test_a_session_whose_node_is_gone_goes_on_elsewhere(gateway):
    gateway.write_nodes(node1="offline")
    gateway.wait_until(HANDSHAKE + "&sid=a.node1", lambda answer: answer.to != "node1", "offline")
    answer = gateway.request(HANDSHAKE, headers=with_cookie("node1"))
    assert answer.via == "load-balancer" and answer.to != "node1"
    assert answer.headers["Set-Cookie"].startswith(f"HIGUMA_NODE={answer.to};")
    for strange in ("node9", "", "node1'--", "%6eode1"):
        assert gateway.request(f"{HANDSHAKE}&sid=a.{strange}").via == "load-balancer", strange


def test_draining_keeps_sessions_and_begins_none(gateway):
    gateway.write_nodes(node1="draining")
    gateway.wait_until(HANDSHAKE, lambda answer: answer.to != "node1", "the table",
                       headers=with_cookie("node1"))
    answer = gateway.request(HANDSHAKE + "&sid=a.node1")
    assert (answer.via, answer.to) == ("session", "node1")
    assert all(gateway.request("/x").to != "node1" for _ in range(20))


def test_the_cookie_names_the_node_that_answered(gateway):
    """Not the one that was tried before it."""
    gateway.nodes[0].monitors, gateway.nodes[1].monitors = 1, 500
    gateway.nodes[2].monitors = 900
    gateway.write_nodes()
    gateway.wait_until("/x", lambda answer: answer.to == "node1", "the table")
    gateway.nodes[0].kill()
    answer = gateway.request(HANDSHAKE)
    assert answer.to != "node1"
    assert answer.headers.get_all("Set-Cookie")[0].startswith(f"HIGUMA_NODE={answer.to};")


def test_counters(gateway):
    for _ in range(3):
        gateway.request("/x")
    gateway.request("/fail/any")
    gateway.request("/x", headers={"Cookie": "KUMA_FIXED_NODE=node2"})
    client, _ = upgrade(gateway, "transport=websocket&sid=a.node3")
    with client:
        wait_for(lambda: gateway.status()["nodes"]["node3"]["sessions"] == 1, "the session")
        status = gateway.status()
    assert status["requests_by_rule"] == {
        "load-balancer": 4, "fixed-node": 1, "monitor-owner": 0, "session": 1, "setup": 0,
        "forced": 0, "hash": 0}
    assert set(status["nodes"]) == {"node1", "node2", "node3"}
    # Three that were answered, one that each node failed, one fixed, one session.
    assert sum(node["requests"] for node in status["nodes"].values()) == 8
    for node in status["nodes"].values():
        assert node["responses_5xx"] == 1 and node["ejected"] is False
    assert status["table"] == {"generation": 1, "stale": False}
    wait_for(lambda: gateway.status()["nodes"]["node3"]["in_flight"] == 0, "the session to end")
    assert gateway.status()["nodes"]["node3"]["sessions"] == 0
    gateway.write_nodes()
    wait_for(lambda: gateway.status()["table"]["generation"] == gateway.generation, "the table")
