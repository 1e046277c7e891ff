#!/usr/bin/python3
"""What choosing a node costs: plain nginx, nginx with our module, and haproxy before the same backend.

Each proxy runs with one worker on loopback; plain nginx has our template's configuration without
the module. Every rule takes its turn: a request about one random monitor, one with a fixed node's
cookie, one of a Socket.IO session, and one that the algorithm decides. Prints a table, and with
--json one object of figures on the last line.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
CONNECTIONS = 16
NODES = 3
BODY = '{"ok":true,"msg":"a small answer of a node"}'

WRK_SCRIPT = """
local monitors = %d
local turn = 0
local others = {}
init = function()
    others[1] = wrk.format(nil, "/dashboard", {Cookie = "a=b; KUMA_FIXED_NODE=node2"})
    others[2] = wrk.format(nil, "/socket.io/?EIO=4&transport=polling&sid=aBcDeF.node3")
    others[3] = wrk.format(nil, "/dashboard")
end
request = function()
    turn = (turn + 1) %% 4
    return others[turn] or wrk.format(nil, "/api/v1/monitors/" .. math.random(monitors))
end
done = function(summary, latency)
    local failed = summary.errors.status + summary.errors.connect + summary.errors.read
        + summary.errors.write + summary.errors.timeout
    io.write(string.format("FIGURES %%f %%f %%f %%d %%d\\n",
        summary.requests / summary.duration * 1e6,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, failed,
        summary.requests))
end
"""

BACKEND_CONF = """
worker_processes 1;
pid "{folder}/nginx.pid";
error_log "{folder}/error.log";
{user}
events {{ worker_connections 2048; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path "{folder}/1"; proxy_temp_path "{folder}/2";
    fastcgi_temp_path "{folder}/3"; uwsgi_temp_path "{folder}/4"; scgi_temp_path "{folder}/5";
    server {{
        {listens}
        default_type application/json;
        location / {{ return 200 '{body}'; }}
    }}
}}
"""

HAPROXY_CONF = """
global
    nbthread 1
    maxconn 4096
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 75s
    http-reuse always
    option forwardfor
frontend clients
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    balance roundrobin
{servers}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port, process):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise SystemExit(f"{process.args[0]} does not listen on port {port}")


class Bench:
    def __init__(self, build, folder, stack):
        self.build, self.folder, self.stack = build, folder, stack
        self.user = "user root;" if os.geteuid() == 0 else ""
        self.backends = [free_port() for _ in range(NODES)]
        self.fresh_tables = []
        self.pids = {}  # by port

    def spawn(self, command, port):
        log = self.stack.enter_context((self.folder / "output.log").open("a"))
        process = subprocess.Popen(command, stdout=log, stderr=log)
        self.stack.callback(process.wait)
        self.stack.callback(process.terminate)
        wait_for_port(port, process)
        self.pids[port] = process.pid
        return port

    def spawn_nginx(self, folder, text, port):
        conf = folder / "nginx.conf"
        conf.write_text(text)
        return self.spawn(["nginx", "-p", str(folder), "-c", str(conf), "-g", "daemon off;"], port)

    def start_backend(self):
        folder = self.folder / "backend"
        folder.mkdir()
        listens = " ".join(f"listen 127.0.0.1:{port} backlog=1024;" for port in self.backends)
        text = BACKEND_CONF.format(folder=folder, user=self.user, listens=listens, body=BODY)
        return self.spawn_nginx(folder, text, self.backends[0])

    def render(self, folder, port):
        for name in ("nginx", "log", "route"):
            (folder / name).mkdir(parents=True)
        text = (ROOT / "nginx" / "nginx.conf.in").read_text()
        values = {"LISTEN": f"127.0.0.1:{port}", "DATA": str(folder), "WORKERS": "1",
                  "MODULE": str(self.build / "lib" / "ngx_http_higuma_module.so"),
                  "LOG_LEVEL": "error", "USER_DIRECTIVE": self.user, "OPEN_FILES": "8192",
                  "CONNECTIONS": "4096", "EJECT_AFTER": "5", "TLS": "", "TRUSTED": "",
                  "REAL_IP": ""}
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        return text

    def write_table(self, kind, path, lines):
        tool = self.build / "bin" / "route_table_tool"
        subprocess.run([str(tool), kind, str(path)], input="\n".join([*lines, ""]).encode(),
                       check=True)

    def start_ours(self, monitors):
        folder, port = self.folder / f"ours-{monitors}", free_port()
        text = self.render(folder, port)
        names = [f"node{i + 1}" for i in range(NODES)]
        self.write_table("nodes", folder / "route" / "nodes.route",
                         [f"node {name} 127.0.0.1:{backend} online {monitors // NODES}"
                          for name, backend in zip(names, self.backends)])
        self.write_table("owners", folder / "route" / "owners.route",
                         ["owners " + " ".join(names), f"monitors {monitors}"])
        self.fresh_tables.append(folder / "route" / "nodes.route")
        return self.spawn_nginx(folder, text, port)

    def start_plain(self):
        """Our configuration with all that is ours taken out; the nodes are in the upstream."""
        folder, port = self.folder / "plain", free_port()
        text = self.render(folder, port)
        text = text.replace("higuma_failure_page;", "return 503;")
        text = re.sub(r"^ *(load_module|higuma\w*)\b.*;.*\n", "", text, flags=re.M)
        text = text.replace('node="$higuma_node" via="$higuma_via" ', "")
        servers = " ".join(f"server 127.0.0.1:{backend};" for backend in self.backends)
        text = re.sub(r"server 0\.0\.0\.0:1;.*", servers, text)
        assert "$higuma" not in text
        return self.spawn_nginx(folder, text, port)

    def start_haproxy(self):
        port, conf = free_port(), self.folder / "haproxy.cfg"
        servers = "\n".join(f"    server node{i} 127.0.0.1:{backend}"
                            for i, backend in enumerate(self.backends))
        conf.write_text(HAPROXY_CONF.format(port=port, servers=servers))
        return self.spawn(["haproxy", "-db", "-f", str(conf)], port)

    def keep_fresh(self):
        """As the controller does, so that the tables are not stale."""
        over = threading.Event()
        self.stack.callback(over.set)

        def touch():
            while not over.wait(1):
                for path in self.fresh_tables:
                    os.utime(path)
        threading.Thread(target=touch, daemon=True).start()

    def measure(self, port, monitors, seconds):
        script = self.folder / f"wrk-{monitors}.lua"
        script.write_text(WRK_SCRIPT % monitors)
        before = processor_seconds(self.pids[port])
        done = subprocess.run(["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s",
                               "-s", str(script), f"http://127.0.0.1:{port}/"],
                              capture_output=True, text=True, check=True)
        spent = processor_seconds(self.pids[port]) - before
        rate, p50, p99, failed, count = re.search(
            r"FIGURES (\S+) (\S+) (\S+) (\d+) (\d+)", done.stdout).groups()
        if int(failed) > 0:
            raise SystemExit(f"{failed} requests failed at port {port}:\n{done.stdout}")
        return {"rate": float(rate), "p50_ms": float(p50), "p99_ms": float(p99),
                "cpu_us": spent / int(count) * 1e6}


def processor_seconds(pid):
    """Of a process and its children: what a shared machine's other work does not change."""
    total = 0.0
    for each in [pid, *pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]:
        fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def version_of(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    return lines[0].strip() if lines else "unknown"


def run(options):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="higuma-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        bench = Bench(options.build.resolve(), folder, stack)
        backend = bench.start_backend()
        subjects = {"backend directly": (backend, 1_000_000),
                    "nginx": (bench.start_plain(), 1_000_000),
                    "higuma, 3,000 monitors": (bench.start_ours(3_000), 3_000),
                    "higuma, 1,000,000 monitors": (bench.start_ours(1_000_000), 1_000_000),
                    "haproxy": (bench.start_haproxy(), 1_000_000)}
        bench.keep_fresh()
        for port, monitors in subjects.values():
            bench.measure(port, monitors, 1)
        return [one_run(bench, subjects, options.seconds) for _ in range(options.runs)]


def one_run(bench, subjects, seconds):
    """Each subject for a second in turn, so that what else the machine does falls on all alike."""
    slices = {name: [] for name in subjects}
    names = list(subjects)
    for _ in range(seconds):
        for name in names:
            slices[name].append(bench.measure(*subjects[name], 1))
        names.append(names.pop(0))
    figures = {name: {key: statistics.mean(each[key] for each in parts) for key in parts[0]}
               for name, parts in slices.items()}
    for name, each in figures.items():
        each["ratio"] = statistics.median(
            ours["rate"] / plain["rate"] for ours, plain in zip(slices[name], slices["nginx"]))
    return figures


def medians_of(runs):
    return {name: {key: statistics.median(each[name][key] for each in runs)
                   for key in runs[0][name]} for name in runs[0]}


def report(medians, options):
    print(f"{'':28}{'requests/s':>12}{'p50':>10}{'p99':>10}{'processor':>12}{'to nginx':>10}")
    for name, figures in medians.items():
        print(f"{name:28}{figures['rate']:12,.0f}{figures['p50_ms']:7.2f} ms"
              f"{figures['p99_ms']:7.2f} ms{figures['cpu_us']:9.1f} µs{figures['ratio']:10.3f}")
    versions = {"nginx": version_of("nginx", "-v"), "haproxy": version_of("haproxy", "-v"),
                "wrk": version_of("wrk", "-v")}
    print(f"medians of {options.runs} runs of {options.seconds} s each, a second in turn; "
          f"{CONNECTIONS} connections, one worker each, {os.cpu_count()} cores")
    print("; ".join(versions.values()))
    if not options.json:
        return
    figures = {"runs": options.runs, "seconds": options.seconds, "connections": CONNECTIONS,
               "versions": versions}
    for key, name in [("backend", "backend directly"), ("nginx", "nginx"), ("haproxy", "haproxy"),
                      ("higuma_3000", "higuma, 3,000 monitors"),
                      ("higuma_1000000", "higuma, 1,000,000 monitors")]:
        figures[f"{key}_requests_per_second"] = round(medians[name]["rate"], 1)
        figures[f"{key}_p50_ms"] = round(medians[name]["p50_ms"], 3)
        figures[f"{key}_p99_ms"] = round(medians[name]["p99_ms"], 3)
        figures[f"{key}_processor_us_per_request"] = round(medians[name]["cpu_us"], 2)
        figures[f"{key}_ratio_to_nginx"] = round(medians[name]["ratio"], 4)
    figures["ratio_to_nginx"] = min(figures["higuma_3000_ratio_to_nginx"],
                                    figures["higuma_1000000_ratio_to_nginx"])
    print(json.dumps(figures))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    missing = [name for name in ("nginx", "haproxy", "wrk") if shutil.which(name) is None]
    if missing:
        sys.exit("not installed: " + ", ".join(missing))
    report(medians_of(run(options)), options)


if __name__ == "__main__":
    main()
