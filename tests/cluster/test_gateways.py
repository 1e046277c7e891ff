"""Two gateways serve at once and one of them leads: it is killed, frozen, and comes back."""

import os
import signal

import pytest

from conftest import INTERVAL, add_monitors
from higuma_cluster import Cluster, request, wait_until
from rules import assert_all_up, assert_none_doubled, now
from steady_load import SteadyLoad

MONITORS = 60
PATIENCE = 30


@pytest.fixture(scope="module")
def pair(target):
    with Cluster(nodes=3, gateways=2) as running:
        add_monitors(running, target, count=MONITORS)
        wait_until(lambda: running.value("SELECT COUNT(DISTINCT monitor_id) FROM heartbeat")
                   == MONITORS, 60, "each monitor has a beat")
        yield running


def leader_of(cluster):
    """The number of the gateway that says it leads, when exactly one does."""
    leading = []
    for gateway in (1, 2):
        try:
            answer = request(cluster.url_of(gateway) + "/api/system-status", timeout=3)
        except OSError:
            continue
        if answer.status == 200 and answer.json()["leader"]["is_leader"]:
            leading.append(gateway)
    return leading[0] if len(leading) == 1 else None


def controller(gateway):
    return "controller" if gateway == 1 else f"controller{gateway}"


def whole(cluster):
    cluster.wait_online()
    cluster.wait_home()
    return wait_until(lambda: leader_of(cluster), PATIENCE, "one gateway leads")


def epochs(cluster):
    return dict(cluster.rows("SELECT id, assignment_epoch FROM monitor"))


def test_both_serve_and_name_the_same_leader(pair):
    whole(pair)
    holders = set()
    for gateway in (1, 2):
        answer = request(pair.url_of(gateway) + "/api/v1/health")
        assert answer.status == 200 and answer.headers["X-Routed-To"].startswith("node")
        holders.add(request(pair.url_of(gateway) + "/api/system-status").json()["leader"]["holder"])
    assert len(holders) == 1


def test_another_leads_when_the_leader_is_killed(pair):
    before = whole(pair)
    other = 3 - before
    with SteadyLoad(pair.port + other - 1, rate=50) as load:
        os.kill(pair.pid_of(controller(before)), signal.SIGKILL)
        wait_until(lambda: leader_of(pair) is not None
                   and pair.value("SELECT COUNT(*) FROM cluster_event WHERE kind='leader'") >= 2,
                   PATIENCE, "a gateway leads again")
    assert not load.failures, load.failures[:3]


def test_a_failover_under_way_is_finished_and_not_repeated(pair):
    """The leader is frozen while a node is lost; when it wakes up it changes nothing any more."""
    before = whole(pair)
    start, epochs_before = now(pair), epochs(pair)
    lost = {row[0] for row in pair.rows("SELECT id FROM monitor WHERE node_id='node2'")}
    frozen = pair.pid_of(controller(before))
    node = pair.pid_of("node2")
    os.kill(node, signal.SIGSTOP)
    wait_until(lambda: pair.status_of("node2") == "offline", PATIENCE, "node2 is offline")
    os.kill(frozen, signal.SIGSTOP)
    try:
        query = "SELECT COUNT(*) FROM monitor WHERE COALESCE(assigned_node, node_id)='node2'"
        wait_until(lambda: pair.value(query) == 0, PATIENCE, "its monitors are moved")
        wait_until(lambda: leader_of(pair) == 3 - before, PATIENCE, "the other gateway leads")
    finally:
        os.kill(frozen, signal.SIGCONT)
    moved = epochs(pair)
    for monitor, epoch in moved.items():
        expected = epochs_before[monitor] + (1 if monitor in lost else 0)
        assert epoch == expected, "each monitor of the lost node moved once, and no other"
    os.kill(node, signal.SIGCONT)
    whole(pair)
    back = epochs(pair)
    assert all(back[monitor] == moved[monitor] + 1 for monitor in lost), "home once"
    assert_none_doubled(pair, start, INTERVAL)
    assert_all_up(pair, start)


def test_a_gateway_that_returns_follows(pair):
    leader = whole(pair)
    follower = 3 - leader
    pid = pair.pid_of(controller(follower))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pair.pid_of(controller(follower)) not in (None, pid), PATIENCE, "restarted")

    def follows():
        try:
            answer = request(pair.url_of(follower) + "/api/system-status", timeout=3)
        except OSError:
            return False
        return answer.status == 200 and answer.json()["leader"]["holder"]

    wait_until(follows, PATIENCE, "it answers and knows the leader")
    assert leader_of(pair) == leader
