import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from higuma_cluster import Cluster, wait_until  # noqa: E402
from web_target import WebTarget  # noqa: E402

MONITORS = 300
INTERVAL = 5


@pytest.fixture(scope="session")
def target():
    with WebTarget() as web:
        yield web


def add_monitors(cluster, target, count=MONITORS, interval=INTERVAL):
    """Over REST, as a user's script would; every tenth is a port monitor, every tenth a keyword one."""
    for number in range(count):
        monitor = {"name": f"monitor {number}", "type": "http", "url": target.url,
                   "interval": interval}
        if number % 10 == 1:
            monitor = {"name": f"monitor {number}", "type": "port", "hostname": "127.0.0.1",
                       "port": target.port, "interval": interval}
        if number % 10 == 2:
            monitor.update(type="keyword", keyword="the target is well")
        answer = cluster.api("/api/v1/monitors", "POST", monitor)
        assert answer.status == 201, answer.body


@pytest.fixture(scope="module")
def cluster(target):
    with Cluster(nodes=3) as running:
        add_monitors(running, target)
        wait_until(lambda: running.value("SELECT COUNT(DISTINCT monitor_id) FROM heartbeat")
                   == MONITORS, 60, "each monitor has a beat")
        yield running


@pytest.fixture(autouse=True)
def healthy(request):
    """Each test finds and leaves the shared cluster whole."""
    if "cluster" not in request.fixturenames:
        yield
        return
    running = request.getfixturevalue("cluster")
    running.wait_online()
    running.wait_home()
    yield
    running.wait_online()
    running.wait_home()
