"""How long plans for a large cluster take and how few moves they need. Next to our two planners runs the simple
one: place every monitor anew, heaviest first, on the least loaded node."""

import argparse
import json
import pathlib
import subprocess

PLANNERS = {"rebalance": "rebalance (max/mean <= 1.10)", "redistribute": "redistribute", "place_anew": "place anew"}


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="build folder with bin/bench_planner")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measure(args):
    program = pathlib.Path(args.build) / "bin" / "bench_planner"
    done = subprocess.run([program, str(args.runs)], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ratio(moves, bound):
    return "-" if bound == 0 else f"{moves / bound:.3f}"


def print_case(case):
    print(f"\n{case['scenario']}: {case['monitors']:,} monitors on {case['nodes']} nodes, max/mean "
          f"{case['max_over_mean_before']:.3f}, at least {case['lower_bound']:,} moves to 1.10")
    if "failover_moves" in case:
        print(f"  after a failover of {case['failover_moves']:,} moves, planned in {case['failover_seconds']:.3f} s")
    print(f"  {'planner':<30}{'time s':>9}{'moves':>12}{'moves/bound':>13}{'of all':>9}{'max/mean':>10}")
    for name, label in PLANNERS.items():
        plan = case[name]
        bound = ratio(plan["moves"], case["lower_bound"])
        print(f"  {label:<30}{plan['seconds']:>9.3f}{plan['moves']:>12,}{bound:>13}"
              f"{plan['moves'] / case['monitors']:>9.1%}{plan['max_over_mean_after']:>10.4f}")


def main():
    args = parse()
    cases = measure(args)
    print(f"Planning only, median of {args.runs} runs")
    for case in cases:
        print_case(case)
    if args.json:
        print(json.dumps({"benchmark": "planner", "cases": cases}))


if __name__ == "__main__":
    main()
