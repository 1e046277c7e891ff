"""Nodes are killed, frozen and revived; afterwards the database tells whether a check was lost or
doubled, and the load whether a request failed."""

import os
import signal
import time

import pytest

from conftest import INTERVAL, MONITORS
from higuma_cluster import wait_until
from rules import (assert_all_up, assert_each_beats, assert_no_gap_over, assert_none_doubled,
                   gaps_since, now)
from steady_load import SteadyLoad

MOVED_AWAY = "SELECT COUNT(*) FROM monitor WHERE COALESCE(assigned_node, node_id)=%s"
# Machines that run these tests are slow and shared: what is asserted is that it happens, and that no
# check is lost or doubled on the way. `./dev bench failover` tells how fast.
PATIENCE = 30


def moved_away(cluster, node):
    return cluster.value(MOVED_AWAY, node) == 0


def events_of(cluster, kind, since):
    return cluster.rows("SELECT monitors, detail FROM cluster_event WHERE kind=%s AND time >= %s",
                        kind, since)


def settle(cluster, start):
    """Waits until each monitor has beaten at least twice more after `start`."""
    query = ("SELECT COUNT(*) FROM (SELECT monitor_id FROM heartbeat WHERE scheduled_at >= %s "
             "GROUP BY monitor_id HAVING COUNT(*) >= 2) AS beating")
    wait_until(lambda: cluster.value(query, start) == MONITORS, 60, "each monitor beats again")


def test_a_killed_node_loses_nothing(cluster):
    start = now(cluster)
    settle(cluster, start)
    homes = cluster.rows("SELECT id FROM monitor WHERE node_id='node2'")
    assert len(homes) > MONITORS // 6, "node2 has its share"

    with SteadyLoad(cluster.port, rate=200) as load:
        time.sleep(0.5)
        pid = cluster.pid_of("node2")
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: moved_away(cluster, "node2"), PATIENCE, "node2's monitors are moved")
        detected = time.monotonic() - killed
        cluster.wait_online()
        cluster.wait_home()
        settle(cluster, now(cluster))

    assert not load.failures, f"{len(load.failures)} of {load.sent}: {load.failures[:3]}"
    back = cluster.value(MOVED_AWAY, "node2")
    assert back == len(homes), "every monitor is home"
    assert events_of(cluster, "failover", start), "the failover is in the history"
    assert events_of(cluster, "recovery", start), "the recovery is in the history"
    assert_none_doubled(cluster, start, INTERVAL)
    # `detected` ends when the move was seen from here; the beat follows within the second.
    assert_no_gap_over(cluster, start, INTERVAL + detected + 1)
    assert_all_up(cluster, start)


def test_a_frozen_node_cannot_write_after_its_successor(cluster):
    start = now(cluster)
    pid = cluster.pid_of("node3")
    with SteadyLoad(cluster.port, rate=100) as load:
        frozen = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_until(lambda: moved_away(cluster, "node3"), PATIENCE, "node3's monitors moved")
            detected = time.monotonic() - frozen
            moved = now(cluster)
            settle(cluster, moved)
        finally:
            os.kill(pid, signal.SIGCONT)
        cluster.wait_online()
        cluster.wait_home()
        settle(cluster, now(cluster))
    assert not load.failures, f"{len(load.failures)} of {load.sent}: {load.failures[:3]}"
    assert cluster.pid_of("node3") == pid, "the node went on, it was not replaced"
    assert_none_doubled(cluster, start, INTERVAL)
    assert_no_gap_over(cluster, start, INTERVAL + detected + 1)
    assert_all_up(cluster, start)


def test_routing_avoids_a_dead_node_at_once(cluster):
    pid = cluster.pid_of("node1")
    with SteadyLoad(cluster.port, rate=100) as load:
        wait_until(lambda: any(node == "node1" for _, node in load.routed_to), PATIENCE,
                   "node1 gets requests")
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        wait_until(lambda: cluster.pid_of("node1") not in (None, pid), PATIENCE, "it is restarted")
    late = [at for at, node in load.routed_to if node == "node1" and killed + 0.5 < at < killed + 0.9]
    assert not late, "answers of a dead node"
    assert not load.failures, load.failures[:3]


def test_nodes_that_fall_together_are_all_taken_over(cluster):
    """The monitors of every lost node are moved, also when only one node comes back at first."""
    start = now(cluster)
    frozen = [cluster.pid_of("node1"), cluster.pid_of("node2")]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: cluster.effective_counts() == {"node3": MONITORS}, PATIENCE,
                   "node3 runs everything")
        settle(cluster, now(cluster))
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    cluster.wait_online()
    cluster.wait_home()
    settle(cluster, now(cluster))
    assert_none_doubled(cluster, start, INTERVAL)
    assert_all_up(cluster, start)


def test_the_controller_gone_routing_and_checks_go_on(cluster):
    start = now(cluster)
    with SteadyLoad(cluster.port, rate=100) as load:
        pid = cluster.pid_of("controller")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: cluster.pid_of("controller") not in (None, pid), PATIENCE,
                   "it is restarted")
        settle(cluster, start)
    assert not load.failures, load.failures[:3]
    assert_none_doubled(cluster, start, INTERVAL)
    wait_until(lambda: cluster.get("/lb/health").status == 200, PATIENCE, "it answers again")


def test_nginx_gone_is_restarted(cluster):
    pid = cluster.pid_of("nginx")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: cluster.pid_of("nginx") not in (None, pid), PATIENCE, "nginx is restarted")

    def answers():
        try:
            return cluster.get("/health").status == 200
        except OSError:
            return False

    wait_until(answers, PATIENCE, "the gateway answers")


def test_the_database_gone_no_beat_is_lost(cluster):
    """Beats wait for the database and are stored once; nothing is reported down meanwhile."""
    start = now(cluster)
    settle(cluster, start)
    pid = cluster.pid_of("mariadb")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: cluster.pid_of("mariadb") not in (None, pid), PATIENCE, "it is restarted")

    def answers():
        try:
            return cluster.value("SELECT 1")
        except Exception:
            return False

    wait_until(answers, PATIENCE, "MariaDB answers")
    cluster.wait_online()
    settle(cluster, now(cluster))
    assert_none_doubled(cluster, start, INTERVAL)
    assert_no_gap_over(cluster, start, INTERVAL + 1)
    assert_all_up(cluster, start)
    assert_each_beats(cluster, MONITORS, start)


@pytest.mark.parametrize("node", ["node1", "node2", "node3"])
def test_a_graceful_stop_is_a_failover_too(cluster, node):
    start = now(cluster)
    pid = cluster.pid_of(node)
    stopped = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: cluster.pid_of(node) not in (None, pid), PATIENCE, "it is restarted")
    cluster.wait_online()
    cluster.wait_home()
    away = time.monotonic() - stopped
    settle(cluster, now(cluster))
    assert_none_doubled(cluster, start, INTERVAL)
    assert max(seconds for _, seconds in gaps_since(cluster, start)) <= INTERVAL + away + 1
    assert_all_up(cluster, start)
