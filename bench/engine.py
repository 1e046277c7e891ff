"""How fast and how cheap a node checks: HTTP and HTTPS checks beside a bare libcurl loop and the
blackbox exporter, a hundred thousand monitors on one node, and as many push monitors.

Everything runs in one cluster of one node (`higuma up`) on this machine; what is counted is the
processor time of the node's process, with scheduler, check, beat and SQL, without the database's and
the target's. Prints tables, and with --json one object of figures on the last line.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "bench"))

PARTS = ("http", "https", "monitors", "push")


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="build folder with bin/higuma")
    parser.add_argument("--only", action="append", choices=PARTS, help="may be given several times")
    parser.add_argument("--runs", type=int, default=3, help="of http and https; medians are printed")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--rate", type=int, default=4000, help="HTTP checks a second")
    parser.add_argument("--tls-rate", type=int, default=300, help="HTTPS checks a second")
    parser.add_argument("--monitors", type=int, default=100_000, help="of the parts monitors and push")
    parser.add_argument("--interval", type=int, default=60, help="seconds, of those monitors")
    parser.add_argument("--push-rate", type=int, default=10_000, help="pushes a second that are tried")
    parser.add_argument("--minutes", type=float, default=0.5, help="of the steady state of `monitors`")
    parser.add_argument("--perf", help="writes what `perf record` sees of the node to this file")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def medians(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def print_checks(title, figures):
    print(f"\n{title}: {figures['rate']:.0f} checks/s, medians")
    ours, bare, blackbox = figures["ours_us"], figures["bare_us"], figures["blackbox_us"]
    for name, cost in (("bare libcurl, epoll", bare), ("a node, everything", ours),
                       ("blackbox exporter", blackbox)):
        print(f"  {name:<22}{cost:>8.1f} µs a check{1e6 / cost:>10.0f} a second and core"
              f"{cost / bare:>8.2f} of bare")
    print(f"  database: {figures['statements_per_beat']:.4f} statements a beat, "
          f"{figures['database_us']:.1f} µs a beat")


def measure_checks(bench, target, args, tls):
    import engine_parts as parts

    url = target.tls_url if tls else target.url
    rate = args.tls_rate if tls else args.rate
    bench.replace_monitors("http", rate, 1, url=url)
    bench.wait_for_first_beats(rate)
    runs = []
    with parts.Blackbox(bench.folder, target) as blackbox:
        for _ in range(args.runs):
            run = bench.steady(args.seconds)
            bench.pause()  # the peers are measured alone, as the node is but for its database
            run["bare_us"] = parts.bare_loop(args.build, url, args.seconds / 2)
            run["blackbox_us"] = blackbox.measure(url, args.seconds / 2, tls)
            bench.go_on()
            runs.append(run)
    figures = medians(runs)
    print_checks("HTTPS checks" if tls else "HTTP checks", figures)
    return figures


def measure_monitors(bench, target, args):
    empty = bench.idle_memory()
    load = bench.start_many(args.monitors, args.interval, target.url)
    steady = bench.soak(args.minutes * 60)
    size = steady["pss"] - empty["pss"]
    figures = {"bytes_per_monitor": size / args.monitors, "lateness_p99_ms": steady["lateness_p99_ms"],
               "all_checked_seconds": load["all_checked_seconds"], "node_mib": steady["rss"] / 2**20,
               "node_peak_mib": steady["peak"] / 2**20, "growth_mib": steady["growth"] / 2**20,
               "monitors_statements_per_beat": steady["statements_per_beat"],
               "monitors_us": steady["ours_us"]}
    print(f"\n{args.monitors} HTTP monitors, every {args.interval} s, on one node\n"
          f"  each one checked after {load['all_checked_seconds']:.1f} s\n"
          f"  lateness, 99th percentile: {steady['lateness_p99_ms']} ms, "
          f"worst {steady['worst_lateness_ms']} ms of the last minute\n"
          f"  memory: {figures['bytes_per_monitor']:.0f} bytes a monitor, node {figures['node_mib']:.0f} "
          f"MiB (peak {figures['node_peak_mib']:.0f}), in {args.minutes} min {figures['growth_mib']:+.1f}"
          f" MiB\n  {steady['ours_us']:.1f} µs a check, {steady['rate']:.0f} checks/s, "
          f"{steady['statements_per_beat']:.4f} statements a beat")
    return figures


def measure_pushes(bench, args):
    result = bench.push(args.monitors, args.push_rate, args.seconds * 2)
    print(f"\n{args.monitors} push monitors: {result['pushes_per_second']:.0f} pushes/s answered, "
          f"{result['failed']} failed, p99 {result['p99_ms']:.1f} ms, {result['us']:.1f} µs a push of the "
          f"node\n  {result['beats_per_second']:.0f} beats/s stored, "
          f"{result['statements_per_beat']:.4f} statements a beat")
    return {"pushes_per_second": result["pushes_per_second"], "push_failed": result["failed"],
            "push_p99_ms": result["p99_ms"], "push_us": result["us"]}


def summary(measured):
    figures = {}
    for name, part in (("http", measured.get("http")), ("https", measured.get("https"))):
        if not part:
            continue
        figures[f"{name}_checks_per_core_second"] = 1e6 / part["ours_us"]
        figures[f"{name}_bare_libcurl_per_core_second"] = 1e6 / part["bare_us"]
        prefix = "" if name == "http" else "https_"
        figures[f"{prefix}cpu_ratio_to_blackbox"] = part["ours_us"] / part["blackbox_us"]
        figures[f"{prefix}statements_per_beat"] = part["statements_per_beat"]
    for name in ("monitors", "push"):
        figures.update(measured.get(name, {}))
    figures = {name: round(value, 4) for name, value in figures.items()}
    figures["measured_against"] = ("a bare libcurl multi loop with epoll and "
                                   "prometheus-blackbox-exporter, on the same target in the same run")
    return figures


def run(args, folder):
    import engine_parts as parts
    from fast_target import FastTarget

    wanted = args.only or PARTS
    measured = {}
    with FastTarget(folder) as target, parts.Bench(folder, args.perf) as bench:
        if "monitors" in wanted:
            measured["monitors"] = measure_monitors(bench, target, args)
        if "http" in wanted:
            measured["http"] = measure_checks(bench, target, args, tls=False)
        if "https" in wanted:
            measured["https"] = measure_checks(bench, target, args, tls=True)
        if "push" in wanted:
            measured["push"] = measure_pushes(bench, args)
    if args.json:
        print(json.dumps(summary(measured)))


def main():
    args = parse()
    os.environ["HIGUMA_BUILD"] = args.build
    from fast_target import IN_NAMESPACE, run_trusted

    folder = os.environ.get(IN_NAMESPACE)
    if folder:
        run(args, folder)
        return 0
    with tempfile.TemporaryDirectory(prefix="higuma-engine-") as folder:
        return run_trusted(folder, [sys.executable, *sys.argv])


if __name__ == "__main__":
    sys.exit(main())
