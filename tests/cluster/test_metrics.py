"""/lb/metrics of a running gateway, and that deploy/ names nothing that is not there."""

import json
import pathlib
import re
import subprocess

import pytest

from higuma_cluster import Cluster, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = re.compile(r"\b(?:higuma|process)_[a-z0-9_]+")


@pytest.fixture(scope="module")
def scraped():
    with Cluster(nodes=1) as running:
        wait_until(lambda: b"higuma_requests_total{" in running.get("/lb/metrics").body, 20, "nginx's counters")
        answer = running.get("/lb/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        yield answer.body.decode()


def names_in(scraped):
    """Of the samples: a metric whose samples are missing cannot be drawn."""
    return {re.match(r"[a-z0-9_]+", line).group() for line in scraped.splitlines() if line[0] != "#"}


def types_in(scraped):
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", scraped, re.MULTILINE))


def test_every_metric_has_help_type_and_a_sample(scraped):
    helps = set(re.findall(r"^# HELP (\S+) \S", scraped, re.MULTILINE))
    types = types_in(scraped)
    assert helps == set(types) and len(types) > 50
    for name, kind in types.items():
        samples = {f"{name}_sum", f"{name}_count"} if kind == "summary" else {name}
        assert samples <= names_in(scraped), name


def queries():
    board = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']}", target["expr"]
    for note in board["annotations"]["list"]:
        yield f"annotation {note['name']}", note["expr"]
    rules = (ROOT / "deploy" / "prometheus-alerts.yml").read_text()
    for alert in rules.split("- alert: ")[1:]:
        expression = re.search(r"expr: (?:>-\n)?(.*?)\n +(?:for|labels):", alert, re.DOTALL).group(1)
        yield f"alert {alert.split()[0]}", expression


def test_dashboard_and_alerts_name_only_metrics_that_exist(scraped):
    names, seen = names_in(scraped), set()
    for where, expression in queries():
        used = set(NAME.findall(expression))
        assert used, f"{where} asks for nothing: {expression}"
        assert used <= names, f"{where}: {used - names}"
        assert expression.count("(") == expression.count(")"), where
        seen |= used
    unseen = {n for n in names if n.startswith("higuma_")} - seen
    assert unseen <= {"higuma_build_info", "higuma_leader_known", "higuma_moving", "higuma_node_state",
                      "higuma_route_table_generation", "higuma_nginx_table_generation",
                      "higuma_node_failed_requests_in_row"}, unseen


def test_rates_are_taken_of_counters_only(scraped):
    types = types_in(scraped)
    for where, expression in queries():
        for name in re.findall(r"(?:rate|increase)\((\w+)", expression):
            base = re.sub(r"_(sum|count)$", "", name)
            assert "counter" in (types.get(name), types.get(base)) or types.get(base) == "summary", f"{where}: {name}"


def test_labels_that_queries_choose_by_are_there(scraped):
    for where, expression in queries():
        for name, label, value in re.findall(r'(higuma_\w+)\{(\w+)="([\w-]+)"\}', expression):
            assert re.search(rf'^{name}\{{[^}}]*{label}="{value}"', scraped, re.MULTILINE), f"{where}: {name}"


def test_prometheus_itself_takes_metrics_and_alerts(scraped):
    rules = ROOT / "deploy" / "prometheus-alerts.yml"
    for command, text in ((["check", "rules", str(rules)], ""), (["check", "metrics"], scraped)):
        done = subprocess.run(["promtool", *command], input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_one_that_grafana_takes():
    board = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells
