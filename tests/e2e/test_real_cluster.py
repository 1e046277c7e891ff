"""The operators' page on a real cluster: what a button does is done."""

import pytest

from conftest import keep_picture
from higuma_cluster import Cluster
from web_target import WebTarget
from webdriver import wait_for

MONITORS = 60
TOKEN = "the-token-of-the-browser-test"


@pytest.fixture(scope="module")
def cluster():
    with WebTarget() as target, Cluster(nodes=3, environment={"ADMIN_API_TOKEN": TOKEN}) as running:
        running.wait_online()
        for number in range(MONITORS):
            monitor = {"name": f"monitor {number}", "type": "http", "url": target.url, "interval": 5}
            assert running.api("/api/v1/monitors", "POST", monitor).status == 201
        yield running


@pytest.fixture
def page(browser, cluster, request):
    browser.size(1440, 1500)
    browser.colour_scheme("light")
    browser.go(cluster.url + "/lb/")
    browser.run("sessionStorage.clear()")
    browser.problems()
    wait_for(lambda: browser.texts(".node-status") == ["online"] * 3, "three nodes")
    yield browser
    keep_picture(browser, request.node.name)
    browser.go("about:blank")


def load(page, node):
    return int(page.text(f".node[data-node={node}] .node-load strong").replace(",", ""))


def act(page, button):
    page.click(button)
    page.click("#dialog-confirm")


def test_a_node_drained_by_its_button_empties_and_fills_again(page, cluster):
    wait_for(lambda: sum(load(page, f"node{n}") for n in (1, 2, 3)) == MONITORS, "all monitors on the page")
    before = load(page, "node2")
    assert before > 0
    page.click(".node[data-node=node2] .do-drain")
    page.choose("[name=targetStrategy]", "distribute")
    page.type("[name=reason]", "seen by the browser test")
    page.click("#dialog-confirm")
    wait_for(lambda: page.shown("#token"), "the question for the token")
    page.type("#token", TOKEN + "\n")
    wait_for(lambda: f"node2 is draining: {before} monitors to move" in page.text("#notice-text"), "the notice")
    wait_for(lambda: load(page, "node2") == 0, "the node to empty on the page")
    wait_for(lambda: page.text(".node[data-node=node2] .node-status") == "draining", "its state")
    wait_for(lambda: "drained: empty" in page.texts(".mark"), "the mark")
    assert "node2" not in cluster.effective_counts()
    wait_for(lambda: any("left node2" in title for title in page.texts(".event-title")), "the event")
    wait_for(lambda: "“seen by the browser test”" in page.text("#log"), "the line in the log")
    keep_picture(page, "real_cluster_drained")

    act(page, ".node[data-node=node2] .do-drain")
    wait_for(lambda: load(page, "node2") == before, "its monitors to come home")
    wait_for(lambda: page.texts(".node-status") == ["online"] * 3, "its state")
    assert page.problems() == [f"{cluster.url}/api/nodes/node2/drain - Failed to load resource: "
                               "the server responded with a status of 401 (Unauthorized)"]


def test_the_page_knows_its_gateway_and_its_counters(page, cluster):
    wait_for(lambda: page.texts(".gateway strong") == ["nginx-node"], "the gateway")
    assert page.shown(".gateway .leads") and page.shown(".gateway .here")
    for _ in range(5):
        cluster.api("/api/v1/status")
    wait_for(lambda: "by load" in page.texts(".rule-name"), "requests by rule")
    wait_for(lambda: page.text(".node[data-node=node1] .fact dd") == "0", "requests in flight")
