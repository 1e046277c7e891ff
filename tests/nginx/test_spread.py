"""The algorithms, and passive detection: nodes that fail requests are left alone for a while."""

import collections
import time

from gateway import Load, wait_for

FIXED = [{"Cookie": f"KUMA_FIXED_NODE=node{i}"} for i in range(4)]


def algorithm(gateway, name):
    gateway.more_lines = [f"algorithm {name}"]
    gateway.write_nodes()
    generation = gateway.generation
    wait_for(lambda: all(gateway.status()["table"]["generation"] == generation for _ in range(8)),
             "the new table")


def counted(gateway, requests):
    return collections.Counter(gateway.request("/x").to for _ in range(requests))


def test_weighted_gives_requests_in_proportion(gateway):
    for node, weight in zip(gateway.nodes, (100, 200, 300)):
        node.more, node.monitors = f"weight={weight}", 5 * weight
    algorithm(gateway, "weighted")
    seen = counted(gateway, 120)
    # Two workers, each exact on its own.
    assert abs(seen["node1"] - 20) <= 4 and abs(seen["node3"] - 60) <= 4, seen


def test_least_connections_goes_where_least_is_under_way(gateway):
    gateway.nodes[0].monitors, gateway.nodes[1].monitors = 1, 900  # do not count
    algorithm(gateway, "least_connections")
    seen = counted(gateway, 30)
    assert set(seen) == {"node1", "node2", "node3"}, seen
    with Load(gateway, "/pause", threads=6) as load:
        load.wait_for_more(60)
        in_flight = [node["in_flight"] for node in gateway.status()["nodes"].values()]
        assert max(in_flight) <= 4, in_flight


def test_a_node_that_says_it_is_full_gets_less(gateway):
    gateway.nodes[0].more = "load=900"
    algorithm(gateway, "weighted")
    seen = counted(gateway, 84)
    assert 1 <= seen["node1"] <= 8 and seen["node2"] > 30, seen


def test_slow_start_holds_for_the_other_algorithms(gateway):
    gateway.nodes[0].more = "ramp=100"
    algorithm(gateway, "weighted")
    seen = counted(gateway, 84)
    assert 1 <= seen["node1"] <= 8, seen


def ejected(gateway):
    return {name for name, node in gateway.status()["nodes"].items() if node["ejected"]}


def test_5xx_answers_in_a_row_eject_a_node(gateway):
    for _ in range(4):
        gateway.request("/broken/node1", headers=FIXED[1])
    gateway.request("/x", headers=FIXED[1])  # an answer in between: not in a row
    for _ in range(4):
        gateway.request("/broken/node1", headers=FIXED[1])
    assert ejected(gateway) == set()
    gateway.request("/broken/node1", headers=FIXED[1])
    assert ejected(gateway) == {"node1"}
    answer = gateway.request("/x", headers=FIXED[1])
    assert answer.to != "node1", "left alone"
    assert answer.headers.get("Set-Cookie") is None, "but the cookie stays: the node is online"
    gateway.wait_until("/x", lambda answer: answer.to == "node1", "its return", headers=FIXED[1])
    node = gateway.status()["nodes"]["node1"]
    assert node["failures_in_row"] == 0 and node["responses_5xx"] == 9


def test_never_more_than_half_and_never_the_last(gateway):
    for _ in range(40):
        assert gateway.request("/broken/any").status == 500
    assert len(ejected(gateway)) <= 1
    gateway.write_nodes(node1="offline", node2="offline")
    gateway.wait_until("/x", lambda answer: answer.to == "node3", "the table")
    for _ in range(20):
        assert gateway.request("/broken/any").to == "node3"
    assert "node3" not in ejected(gateway)
    assert gateway.request("/x").status == 200


def test_an_ejection_counts_no_more_when_the_others_go(gateway):
    for _ in range(5):
        gateway.request("/broken/node1", headers=FIXED[1])
    assert ejected(gateway) == {"node1"}
    gateway.write_nodes(node2="offline")
    gateway.wait_until("/x", lambda answer: answer.to == "node1", "all known nodes to be tried",
                       headers=FIXED[1])


def test_when_no_node_is_online_the_others_are_tried(gateway):
    gateway.write_nodes(node1="offline", node2="recovering", node3="unknown")
    gateway.wait_until("/x", lambda answer: answer.to == "node2", "the one that recovers")
    gateway.nodes[1].kill()
    assert gateway.request("/x").status == 200


def test_fault_15_a_frozen_last_resort_costs_a_second(gateway):
    gateway.nodes[1].kill()
    gateway.nodes[2].kill()
    gateway.nodes[0].freeze()
    gateway.write_nodes(node1="offline", node2="offline", node3="offline")
    gateway.wait_until("/x", lambda answer: answer.status == 503, "the table")
    began = time.monotonic()
    assert gateway.request("/x").status == 503
    assert time.monotonic() - began < 5
