"""How long lost nodes are missed: kills (SIGKILL) and freezes (SIGSTOP) nodes with thousands of monitors
under a steady load of safe requests, and reads the times from the database and the load."""

import argparse
import json
import os
import pathlib
import signal
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))

MOVED = "SELECT COUNT(*) FROM monitor WHERE COALESCE(assigned_node, node_id) IN %s AND active=1"
OFFLINE = "SELECT COUNT(*) FROM node WHERE node_id IN %s AND status IN ('offline', 'recovering')"
WORST_GAP = """
SELECT MAX(TIMESTAMPDIFF(MICROSECOND, previous, scheduled_at)), MIN(TIMESTAMPDIFF(MICROSECOND, previous, scheduled_at))
FROM (SELECT scheduled_at, LAG(scheduled_at) OVER (PARTITION BY monitor_id ORDER BY scheduled_at) AS previous
      FROM heartbeat WHERE scheduled_at >= %s) AS beats WHERE previous IS NOT NULL
"""


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="build folder with bin/higuma")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--lost", type=lambda text: [int(one) for one in text.split(",")], default=[1],
                        help="how many nodes at once, one after the other: 1,2,3")
    parser.add_argument("--monitors", type=int, default=3000, help="on each node that is lost")
    parser.add_argument("--interval", type=int, default=20, help="of each monitor, seconds")
    parser.add_argument("--rate", type=int, default=200, help="safe requests a second")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if max(args.lost) >= args.nodes or min(args.lost) < 1:
        parser.error("--lost: at least one node must be left")
    return args


def victims_of(lost):
    """node1 stays, so that a run differs from the next by the nodes lost alone."""
    return [f"node{number}" for number in range(2, 2 + lost)]


def homes_of(args):
    """The nodes that are lost in some run have all their monitors; the others a fifth of that."""
    victims = victims_of(max(args.lost))
    others = [f"node{number}" for number in range(1, args.nodes + 1) if f"node{number}" not in victims]
    few = args.monitors // 5
    return [node for node in victims for _ in range(args.monitors)] + [
        others[number % len(others)] for number in range(few)]


def add_monitors(cluster, target, homes, interval):
    """Straight into the database, as a migration of existing data would; the nodes find them by their
    change number, which is taken in the same transaction."""
    from higuma_cluster import next_change

    connection = cluster.database()
    connection.begin()
    with connection.cursor() as cursor:
        sequence = next_change(cursor)
        rows = []
        for number, home in enumerate(homes):
            rows.append((f"monitor {number}", target.url, interval, home, sequence))
        cursor.executemany(
            "INSERT INTO monitor (name, type, url, `interval`, retry_interval, node_id, change_seq, "
            "accepted_statuscodes_json, conditions) "
            "VALUES (%s, 'http', %s, %s, 20, %s, %s, '[\"200-299\"]', '[]')", rows)
    connection.commit()
    connection.close()
    return len(rows)


class Watch:
    """Asks the database every few milliseconds when the nodes were marked offline and emptied."""

    def __init__(self, cluster, victims, began):
        self.offline = self.moved = None
        self._cluster, self._victims, self._began = cluster, tuple(victims), began
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        connection = self._cluster.database()
        with connection.cursor() as cursor:
            while self._busy() and time.monotonic() < self._began + 60:
                if self.offline is None:
                    cursor.execute(OFFLINE, (self._victims,))
                    if cursor.fetchone()[0] == len(self._victims):
                        self.offline = time.monotonic() - self._began
                cursor.execute(MOVED, (self._victims,))
                if cursor.fetchone()[0] == 0:
                    self.moved = time.monotonic() - self._began
                time.sleep(0.005)
        connection.close()

    def _busy(self):
        return self.offline is None or self.moved is None

    def wait(self):
        self._thread.join()
        assert not self._busy(), "the nodes were not taken over within 60 s"
        return self


def one_run(cluster, args, lost, frozen):
    from steady_load import SteadyLoad

    start = cluster.value("SELECT UTC_TIMESTAMP(3) - INTERVAL %s SECOND", args.interval)
    victims = victims_of(lost)
    query = "SELECT id FROM monitor WHERE node_id IN %s LIMIT 500"
    owned = [row[0] for row in cluster.rows(query, tuple(victims))]
    paths = ["/api/v1/health"] + [f"/api/v1/monitors/{monitor}" for monitor in owned]
    headers = [("Authorization", f"Bearer {cluster.api_key()}")]
    with SteadyLoad(cluster.port, paths, args.rate, headers=headers) as load:
        time.sleep(1)
        pids = [cluster.pid_of(victim) for victim in victims]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP if frozen else signal.SIGKILL)
        watch = Watch(cluster, victims, time.monotonic()).wait()
        if frozen:
            time.sleep(2)
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        cluster.wait_online(120)
        cluster.wait_home(120)
        time.sleep(args.interval + 3)
    worst, least = cluster.rows(WORST_GAP, start)[0]
    return {
        "offline_seconds": watch.offline,
        "moved_seconds": watch.moved,
        "failed_requests": len(load.failures),
        "requests": load.sent,
        "slowest_request_seconds": max(load.latencies),
        "worst_gap_over_interval_seconds": float(worst) / 1e6 - args.interval,
        "closest_two_checks_seconds": float(least) / 1e6,
        "first_failures": [text for _, text in load.failures[:3]],
    }


def medians(runs):
    names = [name for name, value in runs[0].items() if isinstance(value, (int, float))]
    return {name: round(statistics.median(run[name] for run in runs), 3) for name in names}


def print_table(title, runs):
    columns = [("offline_seconds", "offline s"), ("moved_seconds", "moved s"),
               ("failed_requests", "failed"), ("requests", "requests"),
               ("slowest_request_seconds", "slowest s"),
               ("worst_gap_over_interval_seconds", "gap over interval s"),
               ("closest_two_checks_seconds", "closest checks s")]
    print(f"\n{title}")
    print("  run     " + "".join(f"{label:>21}" for _, label in columns))
    rows = [(str(number + 1), run) for number, run in enumerate(runs)] + [("median", medians(runs))]
    for label, run in rows:
        print(f"  {label:<8}" + "".join(f"{run[name]:>21.3f}" for name, _ in columns))
    for failure in [text for run in runs for text in run["first_failures"]]:
        print(f"  failed: {failure}")


def measure(cluster, args, lost):
    """Runs with so many nodes lost at once, killed and frozen in turn."""
    killed, frozen = [], []
    for number in range(args.runs):
        for results, is_frozen in ((killed, False), (frozen, True)):
            results.append(one_run(cluster, args, lost, is_frozen))
            print(f"{lost} lost, run {number + 1} {'SIGSTOP' if is_frozen else 'SIGKILL'}: offline "
                  f"{results[-1]['offline_seconds']:.2f} s, moved "
                  f"{results[-1]['moved_seconds']:.2f} s, failed "
                  f"{results[-1]['failed_requests']} {results[-1]['first_failures']}", flush=True)
    return killed, frozen


def figures_of(killed, frozen, prefix):
    figures = medians(killed)
    figures["failed_requests"] = max(run["failed_requests"] for run in killed + frozen)
    figures.update({f"frozen_{name}": value for name, value in medians(frozen).items()})
    return {prefix + name: value for name, value in figures.items()}


def main():
    args = parse()
    os.environ["HIGUMA_BUILD"] = args.build
    from higuma_cluster import Cluster, wait_until
    from web_target import WebTarget

    limit = {"MONITOR_LIMIT_PER_NODE": "100000"}
    measured = {}
    with WebTarget() as target, Cluster(nodes=args.nodes, environment=limit) as cluster:
        total = add_monitors(cluster, target, homes_of(args), args.interval)
        print(f"{args.nodes} nodes, {args.monitors} monitors on each that is lost, {total} in all, "
              f"interval {args.interval} s, {args.rate} requests/s; waiting for the first beats",
              flush=True)
        wait_until(lambda: cluster.value("SELECT COUNT(DISTINCT monitor_id) FROM heartbeat") == total,
                   180, "each monitor has a beat")
        time.sleep(args.interval)
        for lost in args.lost:
            measured[lost] = measure(cluster, args, lost)
    figures = {}
    for lost, (killed, frozen) in measured.items():
        print_table(f"SIGKILL of {lost} of {args.nodes} nodes", killed)
        print_table(f"SIGSTOP of {lost} of {args.nodes} nodes", frozen)
        figures.update(figures_of(killed, frozen, "" if lost == args.lost[0] else f"lost_{lost}_"))
    print("\nMeasured against the original balancer (checker repaired, 5 s interval): offline 0.9 to "
          "4.9 s, moved 11 to 15 s, 41 to 240 failed requests at 50 requests/s.")
    if args.json:
        figures["measured_against"] = "OpenResty/Lua balancer: moved 11 to 15 s"
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
