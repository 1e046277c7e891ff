"""How fast beats reach MariaDB and what they cost it: writers as three nodes have them, against one private
mariadbd on this machine. Beats of 60-second monitors, each with a row of its own in stat_minutely."""

import argparse
import json
import pathlib
import subprocess


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="build folder with bin/bench_beats")
    parser.add_argument("--seconds", type=int, default=12, help="of each measurement")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measure(args):
    program = pathlib.Path(args.build) / "bin" / "bench_beats"
    done = subprocess.run([program, str(args.seconds)], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def print_case(case):
    delay = f"{case['delay_p50_ms']:>6} /{case['delay_p99_ms']:>5}" if "delay_p50_ms" in case else f"{'-':>13}"
    print(f"{case['case']:<13}{case['nodes']:>6}{case['monitors']:>10,}{case['beats_per_second']:>10,.0f}"
          f"{case['statements_per_beat'] * 100:>13.2f}{case['database_us_per_beat']:>12.1f}"
          f"{case['writer_us_per_beat']:>11.1f}{delay}")


def main():
    args = parse()
    cases = measure(args)
    print(f"{'':<13}{'nodes':>6}{'monitors':>10}{'beats/s':>10}{'statements':>13}{'database':>12}{'writers':>11}"
          f"{'delay ms':>13}")
    print(f"{'':<39}{'per 100':>13}{'µs/beat':>12}{'µs/beat':>11}{'p50 / p99':>13}")
    for case in cases:
        print_case(case)
    if args.json:
        print(json.dumps({"benchmark": "beats", "cases": cases}))


if __name__ == "__main__":
    main()
