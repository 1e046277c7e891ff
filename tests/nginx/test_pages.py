"""Public pages are cached for a few seconds and served stale when no node can answer."""

import threading
import time

import pytest

from gateway import wait_for

PAGES = ["/status/main", "/status", "/status-page", "/api/status-page/main",
         "/api/status-page/heartbeat/main", "/api/badge/7/status", "/assets/index.js",
         "/favicon.ico"]
OTHERS = ["/statusX", "/api/status-pageX/main", "/dashboard", "/api/badge", "/api/v1/icon.png"]


def begun(gateway, path):
    return sum(node.requests().count(f"GET {path}") for node in gateway.nodes)


def cache_status(answer):
    return answer.headers.get("X-Cache-Status")


def test_pages_are_cached_and_others_are_not(gateway):
    for path in PAGES:
        first = gateway.request(path)
        assert cache_status(first) == "MISS" and first.to.startswith("node"), path
        again = gateway.request(path, headers={"Cookie": "a=b"})
        assert cache_status(again) == "HIT" and again.to is None, path
        assert again.body == first.body
        assert begun(gateway, path) == 1, path
    for path in OTHERS:
        assert gateway.request(path).to and gateway.request(path).to, path
        assert cache_status(gateway.request(path)) is None


def test_the_query_and_the_host_are_part_of_the_page(gateway):
    gateway.request("/api/badge/7/status?label=a")
    assert cache_status(gateway.request("/api/badge/7/status?label=b")) == "MISS"
    assert cache_status(gateway.request("/api/badge/7/status?label=b",
                                        headers={"Host": "other"})) == "MISS"


def test_a_head_request_is_answered_from_the_page(gateway):
    gateway.request("/status/main")
    answer = gateway.request("/status/main", "HEAD")
    assert cache_status(answer) == "HIT" and answer.body == ""
    assert gateway.request("/status/main", "POST", body="x").json["body_size"] == 1


@pytest.mark.parametrize("headers", [{"Cookie": "KUMA_FIXED_NODE=node3"},
                                     {"Authorization": "Basic eDp5"}])
def test_who_is_somebody_gets_a_page_of_their_own(gateway, headers):
    gateway.request("/status/main")
    for _ in range(2):
        answer = gateway.request("/status/main", headers=headers)
        assert cache_status(answer) == "BYPASS" and answer.to
    assert gateway.request("/status/other", headers=headers).to
    assert cache_status(gateway.request("/status/other")) == "MISS", "theirs was not kept"


def test_a_cookie_of_the_node_is_neither_kept_nor_told(gateway):
    assert gateway.request("/status/cookie").headers.get("Set-Cookie") is None
    answer = gateway.request("/status/cookie")
    assert cache_status(answer) == "HIT" and answer.headers.get("Set-Cookie") is None
    gateway.request("/status/private")
    assert cache_status(gateway.request("/status/private")) == "MISS"


def test_one_request_fetches_a_page_for_all(gateway):
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(gateway.request("/status/pause")))
               for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in seen} == {200}
    assert begun(gateway, "/status/pause") == 1


def test_pages_outlive_the_nodes_and_the_database(idle_gateway):
    gateway = idle_gateway
    gateway.cached_for = "1s"
    gateway.start()
    path = "/api/status-page/main"
    first = gateway.request(path)
    time.sleep(2.1)  # times are kept in whole seconds
    assert cache_status(gateway.request(path)) == "STALE", "answered at once, renewed behind it"
    wait_for(lambda: cache_status(gateway.request(path)) == "HIT", "the renewal")
    for node in gateway.nodes:
        node.kill()
    time.sleep(2.1)  # times are kept in whole seconds
    for _ in range(3):
        answer = gateway.request(path)
        assert answer.status == 200 and cache_status(answer) in ("STALE", "UPDATING")
        assert answer.json["path"] == first.json["path"]
    gateway.write_nodes(node1="offline", node2="offline", node3="offline")
    gateway.wait_until("/dashboard", lambda answer: answer.status == 503, "the table")
    assert gateway.request(path).status == 200
    assert gateway.request("/api/status-page/never-seen").status == 503
    gateway.nodes[0].start()
    gateway.write_nodes(node1="online")
    wait_for(lambda: cache_status(gateway.request(path)) == "HIT", "a new page")


def test_a_page_is_served_when_nodes_answer_that_the_database_is_away(idle_gateway):
    gateway = idle_gateway
    gateway.cached_for = "1s"
    gateway.start()
    path = "/status/main"
    gateway.request(path)
    for node in gateway.nodes:
        (gateway.folder / f"{node.name}.away").touch()
    time.sleep(2.1)  # times are kept in whole seconds
    for _ in range(4):
        assert gateway.request(path).status == 200
        time.sleep(0.1)
    assert gateway.request("/dashboard").status == 503
