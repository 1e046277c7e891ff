"""docs/higuma.http against a cluster: each request answers as the line above it says, and no endpoint of
the program is missing from it or from docs/api/gateway.md."""

import pathlib
import re

import pytest

from higuma_cluster import Cluster, request
from http_file import parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = (ROOT / "docs" / "higuma.http").read_text()
TOKEN = "the-token-of-the-http-file"


def gateway_paths():
    """As the table of the controller's endpoints has them."""
    source = (ROOT / "src" / "api" / "controller_api.cpp").read_text()
    table = source[source.index("std::vector<Row> read_rows()"):source.index("const std::vector<Row>& table()")]
    names = re.findall(r'(?:everywhere|once)\("([\w-]+)"', table)
    return sorted(set(re.findall(r'"(/[^"]*)"', table)) | {f"/{where}/{name}" for name in names for where in ("api", "lb")})


def node_paths():
    source = (ROOT / "src" / "api" / "node_api.cpp").read_text()
    return sorted(set(re.findall(r'\{"(\w+)", "(/[^"]*)"', source)))


def pattern(path):
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z")


def path_of(one):
    return re.sub(r"^http://[^/]+|\?.*$", "", one.url)


@pytest.mark.parametrize("path", gateway_paths())
def test_the_file_and_the_document_have_each_path_of_the_gateway(path):
    assert any(pattern(path).match(path_of(one)) for one in parse(FILE))
    text = (ROOT / "docs" / "api" / "gateway.md").read_text()
    shown = path.replace("{", "<").replace("}", ">")
    assert f"`{shown}`" in text, f"docs/api/gateway.md has no `{shown}`"


@pytest.mark.parametrize("method, path", node_paths())
def test_the_file_has_each_endpoint_of_a_node(method, path):
    assert any(one.method == method and pattern(path).match(path_of(one)) for one in parse(FILE))


@pytest.fixture(scope="module")
def cluster():
    with Cluster(nodes=3, environment={"ADMIN_API_TOKEN": TOKEN}) as running:
        running.wait_online()
        yield running


def test_every_request_answers_as_the_file_says(cluster):
    requests = parse(FILE, gateway=cluster.url, token=TOKEN, key=cluster.api_key(),
                     password=cluster.environment["HIGUMA_ADMIN_PASSWORD"])
    assert len(requests) > 80
    for one in requests:
        answer = request(one.url, one.method, one.body.encode() or None, one.headers, timeout=40)
        assert answer.status in one.expect, f"{one.title}: {one.method} {one.url}: {answer.status} {answer.body[:300]}"
        if answer.status >= 400:
            assert answer.body, f"{one.title}: an error without a word"


def test_the_audit_log_has_what_the_file_did(cluster):
    rows = cluster.get("/lb/operations?limit=200").json()["operations"]
    done = {row["action"] for row in rows if row["result"] == "done"}
    assert {"drain", "undrain", "force-route-to", "restore-ltm", "switch-node", "batch-switch", "pin-to-node",
            "unpin", "trigger-health-check", "update-loads", "debug-config"} <= done
    assert {row["actor"] for row in rows if row["result"] == "done"} == {"token"}
    assert any(row["reason"] == "new disk" for row in rows)
