"""What one check of each type costs its node in processor time, beside an HTTP check: the figures of
src/policy/check_cost.cpp, by which the load of a monitor is weighed."""

import argparse
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))

TYPES = ("http", "keyword", "port", "push")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="build folder with bin/higuma")
    parser.add_argument("--monitors", type=int, default=300, help="of each type, checked every second")
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def token_of(number):
    return f"push{number:016d}"


def add_monitors(cluster, target, kind, count):
    """Replaces all monitors by so many of one type; a change number in the same transaction tells the
    node."""
    from higuma_cluster import next_change

    connection = cluster.database()
    connection.begin()
    with connection.cursor() as cursor:
        sequence = next_change(cursor)
        cursor.execute("UPDATE monitor SET active=0, change_seq=%s, assignment_epoch=assignment_epoch+1",
                       (sequence,))
        rows = [(f"{kind} {number}", kind, target.url, "the target is well", "127.0.0.1", target.port,
                 token_of(number) if kind == "push" else None, sequence) for number in range(count)]
        cursor.executemany(
            "INSERT INTO monitor (name, type, url, keyword, hostname, port, push_token, change_seq, "
            "node_id, `interval`, retry_interval, accepted_statuscodes_json, conditions) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'node1', 1, 1, '[\"200-299\"]', '[]')", rows)
    connection.commit()
    connection.close()


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def wait_for_beats(cluster, kind, count):
    from higuma_cluster import wait_until

    query = ("SELECT COUNT(DISTINCT h.monitor_id) FROM heartbeat h JOIN monitor m ON m.id=h.monitor_id "
             "WHERE m.type=%s AND m.active=1 AND h.status=1")
    wait_until(lambda: cluster.value(query, kind) == count, 60, f"each {kind} monitor has a beat")


def measure(cluster, kind, args):
    """Microseconds of the node's processor time for one beat of this type."""
    from steady_load import SteadyLoad

    def beats():
        return cluster.value("SELECT COUNT(*) FROM heartbeat")

    def span():
        pid = cluster.pid_of("node1")
        count, spent = beats(), processor_seconds(pid)
        time.sleep(args.seconds)
        return (processor_seconds(pid) - spent) / (beats() - count) * 1e6

    if kind != "push":
        wait_for_beats(cluster, kind, args.monitors)
        return span()
    paths = [f"/api/push/{token_of(number)}?status=up&msg=OK" for number in range(args.monitors)]
    node = int(cluster.value("SELECT host FROM node WHERE node_id='node1'").rsplit(":", 1)[1])
    with SteadyLoad(node, paths, rate=args.monitors):
        wait_for_beats(cluster, kind, args.monitors)
        return span()


def main():
    args = parse()
    os.environ["HIGUMA_BUILD"] = args.build
    from higuma_cluster import Cluster
    from web_target import WebTarget

    costs = {}
    with WebTarget() as target, Cluster(nodes=1) as cluster:
        for kind in TYPES:
            add_monitors(cluster, target, kind, args.monitors)
            costs[kind] = measure(cluster, kind, args)
            print(f"{kind:<10}{costs[kind]:>8.0f} µs{costs[kind] / costs['http']:>8.2f} of http",
                  flush=True)
    if args.json:
        figures = {f"{kind}_relative": round(cost / costs["http"], 3) for kind, cost in costs.items()}
        figures["http_microseconds"] = round(costs["http"], 1)
        figures["measured_against"] = "an http check of the same node"
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
