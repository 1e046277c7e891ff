"""Operators' subcommands against a running cluster; afterwards the database tells that no check was
lost or doubled on the way."""

import json
import os
import signal

import pytest

from conftest import INTERVAL, add_monitors
from higuma_cluster import Cluster, wait_until
from rules import assert_all_up, assert_no_gap_over, assert_none_doubled, now

MONITORS = 60
PATIENCE = 30
TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def steered(target):
    environment = {"ADMIN_API_TOKEN": TOKEN, "HIGUMA_CHURN_PER_MINUTE": "0"}
    with Cluster(nodes=3, environment=environment) as running:
        add_monitors(running, target, count=MONITORS)
        wait_until(lambda: running.value("SELECT COUNT(DISTINCT monitor_id) FROM heartbeat")
                   == MONITORS, 60, "each monitor has a beat")
        yield running


def steer(cluster, *words, check=True, token=TOKEN):
    return cluster.command(*words, "--url", cluster.url, check=check,
                           env={**os.environ, "ADMIN_API_TOKEN": token})


def restart_controller(cluster):
    pid = cluster.pid_of("controller")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: cluster.pid_of("controller") not in (None, pid), PATIENCE, "it is back")

    def leads():
        answer = cluster.get("/api/system-status")
        return answer.status == 200 and answer.json()["leader"]["is_leader"]

    wait_until(leads, PATIENCE, "it leads")


def count_on(cluster, node):
    return cluster.effective_counts().get(node, 0)


def test_a_drain_empties_a_node_and_loses_nothing(steered):
    start = now(steered)
    before = count_on(steered, "node2")
    assert before > 0
    said = steer(steered, "drain", "node2", "--wait", "--reason", "new disks").stdout
    assert "node2" in said
    assert count_on(steered, "node2") == 0
    wait_until(lambda: steered.status_of("node2") == "draining", PATIENCE, "it says so")
    assert "draining" in steered.command("status", "--url", steered.url).stdout
    steer(steered, "undrain", "node2", "--wait")
    wait_until(lambda: count_on(steered, "node2") == before, PATIENCE, "its monitors are home")
    steered.wait_online()
    assert_none_doubled(steered, start, INTERVAL)
    assert_no_gap_over(steered, start, INTERVAL + 1)
    assert_all_up(steered, start)


def test_a_drain_outlives_a_kill_of_the_controller(steered):
    steer(steered, "drain", "node3", "--wait")
    restart_controller(steered)
    node = steered.pid_of("node3")
    os.kill(node, signal.SIGKILL)
    wait_until(lambda: steered.status_of("node3") == "offline", PATIENCE, "it is offline")
    wait_until(lambda: steered.status_of("node3") == "draining", PATIENCE, "it drains again")
    assert count_on(steered, "node3") == 0
    steer(steered, "undrain", "node3", "--wait")
    steered.wait_online()
    steered.wait_home()


def test_move_pin_and_unpin(steered):
    monitor = steered.value("SELECT id FROM monitor WHERE node_id='node1' LIMIT 1")
    row = "SELECT node_id, assigned_node, pinned, assigned_reason FROM monitor WHERE id=%s"
    steer(steered, "move", str(monitor), "--to", "node2", "--temporary")
    assert steered.rows(row, monitor) == (("node1", "node2", 0, "switch"),)
    steer(steered, "move", str(monitor), "--to", "node3")
    assert steered.rows(row, monitor) == (("node3", None, 0, None),)
    steer(steered, "pin", str(monitor))
    assert steered.rows(row, monitor)[0][2] == 1
    steer(steered, "unpin", str(monitor))
    assert steered.rows(row, monitor)[0][2] == 0
    steer(steered, "move", str(monitor), "--to", "node1")


def test_all_requests_are_sent_to_one_node_until_that_is_restored(steered):
    def routed():
        answer = steered.get("/api/v1/health")
        return answer.headers["X-Routed-Via"], answer.headers["X-Routed-To"]

    steer(steered, "route", "node3")
    wait_until(lambda: routed() == ("forced", "node3"), PATIENCE, "it is forced")
    restart_controller(steered)
    assert {routed() for _ in range(10)} == {("forced", "node3")}, "it survives a restart"
    steer(steered, "route", "--restore")
    wait_until(lambda: routed()[0] == "load-balancer", PATIENCE, "it is restored")


def test_rebalancing_evens_out_and_loses_nothing(steered):
    start = now(steered)
    heavy = [str(row[0]) for row in steered.rows("SELECT id FROM monitor WHERE node_id<>'node1'")]
    steer(steered, "move", *heavy, "--to", "node1")
    assert steered.effective_counts() == {"node1": MONITORS}
    answer = json.loads(steer(steered, "rebalance", "--wait", "--json").stdout)
    assert answer["state"] == "done" and answer["failed"] == 0
    counts = steered.effective_counts()
    assert max(counts.values()) <= MONITORS / 3 * 1.2, counts
    again = json.loads(steer(steered, "rebalance", "--json").stdout)
    assert again["planned"] == 0, "nothing is worth moving"
    steer(steered, "rebalance", "--all", "--wait")
    assert_none_doubled(steered, start, INTERVAL)
    assert_no_gap_over(steered, start, INTERVAL + 1)
    assert_all_up(steered, start)


def test_mistakes_are_told_and_change_nothing(steered):
    for words, told in ((["drain", "node9"], "node9"),
                        (["move", "999999", "--to", "node1"], "999999"),
                        (["drain", "node1", "--strategy", "sideways"], "strategy"),
                        (["route", "node9"], "node9")):
        result = steer(steered, *words, check=False)
        assert result.returncode != 0, words
        assert told in result.stderr + result.stdout, (words, result.stderr)
    refused = steer(steered, "drain", "node1", check=False, token="wrong")
    assert refused.returncode != 0 and "token" in refused.stderr
    assert TOKEN not in refused.stderr


def test_the_audit_log_tells_who_did_what(steered):
    steer(steered, "drain", "node2", "--reason", "for the record", "--wait")
    steer(steered, "undrain", "node2", "--wait")
    table = steer(steered, "operations").stdout
    assert "drain" in table and "for the record" in table
    entries = steered.get("/lb/operations").json()
    assert TOKEN not in json.dumps(entries)
