"""Faults of the balancer that Higuma replaces, shown to be absent in a running cluster."""

import os
import signal
import time

import pytest

from conftest import INTERVAL, add_monitors
from higuma_cluster import Cluster, wait_until
from rules import assert_all_up, assert_none_doubled, now
from steady_load import SteadyLoad

MONITORS = 30
PATIENCE = 30


@pytest.fixture(scope="module")
def small(target):
    with Cluster(nodes=3, environment={"HEALTH_CHECK_INTERVAL": "2"}) as running:
        add_monitors(running, target, count=MONITORS)
        wait_until(lambda: running.value("SELECT COUNT(DISTINCT monitor_id) FROM heartbeat")
                   == MONITORS, 60, "each monitor has a beat")
        yield running


def health(cluster):
    return cluster.get("/api/system-status").json()["health"]


def test_fault_4_the_interval_that_is_set_is_kept(small):
    before, began = health(small)["cycles"], time.monotonic()
    # At the default interval three cycles take at least a minute.
    wait_until(lambda: health(small)["cycles"] >= before + 3, PATIENCE, "three cycles have run")
    cycles = health(small)["cycles"] - before
    assert cycles <= (time.monotonic() - began) / 2 + 1, "and none was run too early"


def test_faults_12_and_13_a_frozen_database_costs_requests_nothing(small):
    """Requests are routed as before; what needs the database says that it is away."""
    start = now(small)
    database = small.pid_of("mariadb")
    os.kill(database, signal.SIGSTOP)
    try:
        with SteadyLoad(small.port, paths=("/api/v1/health", "/lb/ping"), rate=100) as load:
            time.sleep(6)
            answer = small.get("/lb/health")
            assert answer.status == 503 and answer.headers["Retry-After"]
            assert answer.json()["ok"] is False and answer.json()["msg"]
    finally:
        os.kill(database, signal.SIGCONT)
    routed = {node for _, node in load.routed_to if node}
    # A node says 503 of itself while its database is away; the gateway is to answer at once anyway.
    odd = [text for _, text in load.failures if "status 503" not in text]
    assert not odd, odd[:3]
    assert routed >= {"node1", "node2", "node3"}, "requests go to every node, not to the first"
    slow = sorted(load.latencies)[-5:]
    assert slow[0] < 1, f"requests took {slow}"
    small.wait_online()
    assert small.rows("SELECT 1 FROM cluster_event WHERE kind='failover' AND time >= %s", start) == ()
    wait_until(lambda: small.get("/lb/health").status == 200, PATIENCE, "it answers again")
    assert_none_doubled(small, start, INTERVAL)
    assert_all_up(small, start)


def test_fault_8_all_nodes_fail_and_some_return(small):
    """Whoever returns first takes the monitors of those that stay away."""
    start = now(small)
    pids = {node: small.pid_of(node) for node in ("node1", "node2", "node3")}
    for pid in pids.values():
        os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: small.value("SELECT COUNT(*) FROM node WHERE status='offline'") == 3,
                   PATIENCE, "all are offline")
        os.kill(pids["node3"], signal.SIGCONT)
        wait_until(lambda: small.effective_counts() == {"node3": MONITORS}, PATIENCE,
                   "node3 has them all")
    finally:
        for pid in pids.values():
            os.kill(pid, signal.SIGCONT)
    small.wait_online()
    small.wait_home()
    assert_none_doubled(small, start, INTERVAL)
    assert_all_up(small, start)
