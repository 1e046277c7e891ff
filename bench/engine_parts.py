"""What bench/engine.py measures with: a cluster of one node, and the peers beside it."""

import json
import os
import pathlib
import re
import subprocess
import time

from higuma_cluster import Cluster, free_ports, next_change, request, wait_until

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

PUSH_SCRIPT = """
local monitors, next = %d, 0
function request()
    next = (next + 7919) %% monitors
    return wrk.format(nil, string.format("/api/push/push%%016d?status=up&msg=OK&ping=3", next))
end
function done(summary, latency)
    local e = summary.errors
    io.write(string.format("FIGURES %%f %%f %%d\\n", summary.requests / summary.duration * 1e6,
        latency:percentile(99) / 1000, e.status + e.connect + e.read + e.write + e.timeout))
end
"""

BLACKBOX_CONFIGURATION = """
modules:
  http: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}
"""


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def memory_of(pid):
    sizes = dict(re.findall(r"^(\w+): +(\d+) kB", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(),
                            re.M))
    peak = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)
    return {"pss": int(sizes["Pss"]) * 1024, "rss": int(sizes["Rss"]) * 1024, "peak": int(peak) * 1024}


def bare_loop(build, url, seconds, concurrent=64):
    """Microseconds of processor time that one request costs at the least."""
    done = subprocess.run([pathlib.Path(build) / "bin" / "bench_curl_loop", url, str(seconds),
                           str(concurrent)], check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout)
    assert figures["failed"] == 0 and figures["requests"] > 0, figures
    return figures["processor_seconds"] / figures["requests"] * 1e6


class Blackbox:
    """prometheus-blackbox-exporter, asked for one probe after the other over kept connections."""

    def __init__(self, folder, target):
        self.folder, self.target = pathlib.Path(folder), target
        self.port = free_ports()

    def __enter__(self):
        configuration = self.folder / "blackbox.yml"
        configuration.write_text(BLACKBOX_CONFIGURATION)
        self.log = open(self.folder / "blackbox.log", "wb")
        self.process = subprocess.Popen(
            ["prometheus-blackbox-exporter", f"--config.file={configuration}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"],
            stdout=self.log, stderr=self.log)
        wait_until(lambda: self.probe(self.target.url), 10, "the blackbox exporter answers")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()

    def path(self, url):
        return f"http://127.0.0.1:{self.port}/probe?module=http&target={url}"

    def probe(self, url):
        try:
            return b"probe_success 1" in request(self.path(url)).body
        except OSError:
            return False

    def measure(self, url, seconds, tls):
        assert self.probe(url), f"the blackbox exporter does not find {url} well"
        before = processor_seconds(self.process.pid)
        done = subprocess.run(["wrk", "-t1", "-c8", f"-d{max(1, round(seconds))}", self.path(url)],
                              check=True, capture_output=True, text=True)
        spent = processor_seconds(self.process.pid) - before
        count = int(re.search(r"(\d+) requests in", done.stdout).group(1))
        assert "Non-2xx" not in done.stdout and count > 0, done.stdout
        return spent / count * 1e6


class Bench:
    def __init__(self, folder, perf=None):
        self.folder, self.perf = pathlib.Path(folder), perf
        self.cluster = Cluster(nodes=1, environment={"MONITOR_LIMIT_PER_NODE": "1000000"})

    def __enter__(self):
        self.cluster.__enter__()
        self.connection = self.cluster.database()
        self.pid = self.cluster.pid_of("node1")
        self.database_pid = self.cluster.pid_of("mariadb")
        self.address = self.cluster.value("SELECT host FROM node WHERE node_id='node1'")
        return self

    def __exit__(self, *failure):
        self.connection.close()
        self.cluster.__exit__(*failure)

    def value(self, sql, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchone()[0]

    def engine(self):
        return request(f"http://{self.address}/api/v1/health").json()["engine"]

    def replace_monitors(self, kind, count, interval, url=""):
        """All monitors become so many of one type; a change number tells the node in the same
        transaction."""
        self.connection.begin()
        with self.connection.cursor() as cursor:
            sequence = next_change(cursor)
            cursor.execute("UPDATE monitor SET active=0, change_seq=%s, "
                           "assignment_epoch=assignment_epoch+1 WHERE active=1", (sequence,))
            cursor.execute(
                "INSERT INTO monitor (name, type, url, push_token, change_seq, node_id, `interval`, "
                "retry_interval, accepted_statuscodes_json, conditions) "
                "SELECT CONCAT('site ', seq, ' of the bench'), %s, "
                "IF(%s = '', '', CONCAT(%s, 'site/', seq, '/index.html')), "
                "IF(%s = 'push', CONCAT('push', LPAD(seq - 1, 16, '0')), NULL), %s, 'node1', %s, %s, "
                "'[\"200-299\"]', '[]' FROM seq_1_to_%s",
                (kind, url, url, kind, sequence, interval, interval, count))
            self.first_monitor = cursor.lastrowid
        self.connection.commit()
        wait_until(lambda: self.engine()["monitors"] == count, 60, f"the node runs {count} monitors")

    def wait_for_first_beats(self, count):
        before = self.engine()["beats_stored"]
        wait_until(lambda: self.engine()["beats_stored"] >= before + 2 * count, 60, "first beats")
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT h.msg, COUNT(*) FROM heartbeat h JOIN monitor m ON m.id = h.monitor_id "
                           "WHERE m.active = 1 AND h.status <> 1 GROUP BY 1 LIMIT 5")
            wrong = cursor.fetchall()
        assert not wrong, f"beats that are not up: {wrong}"

    def counters(self):
        engine = self.engine()
        with self.connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Questions'")
            questions = int(cursor.fetchone()[1])
        return {"checks": engine["checks"], "beats": engine["beats_stored"], "questions": questions,
                "node": processor_seconds(self.pid), "database": processor_seconds(self.database_pid),
                "time": time.monotonic()}

    def steady(self, seconds):
        """What the node does in so many seconds, and what it costs."""
        profiler = self.profile(seconds)
        before = self.counters()
        time.sleep(seconds)
        after = self.counters()
        if profiler:
            profiler.wait()
        spent = {name: after[name] - before[name] for name in before}
        assert spent["beats"] > 0, "no beats were stored"
        return {"rate": spent["beats"] / spent["time"], "ours_us": spent["node"] / spent["beats"] * 1e6,
                "database_us": spent["database"] / spent["beats"] * 1e6,
                "statements_per_beat": spent["questions"] / spent["beats"]}

    def profile(self, seconds):
        if not self.perf:
            return None
        return subprocess.Popen(["perf", "record", "-q", "-g", "-F", "499", "-o", self.perf, "-p",
                                 str(self.pid), "--", "sleep", str(seconds)])

    # While the peers are measured, the node's monitors rest: they would take the processor from them.

    def set_active(self, active):
        self.connection.begin()
        with self.connection.cursor() as cursor:
            sequence = next_change(cursor)
            cursor.execute("UPDATE monitor SET active=%s, change_seq=%s, "
                           "assignment_epoch=assignment_epoch+1 WHERE id >= %s",
                           (int(active), sequence, self.first_monitor))
            count = cursor.rowcount
        self.connection.commit()
        wait_until(lambda: self.engine()["monitors"] == (count if active else 0), 60, "a change")
        return count

    def pause(self):
        self.set_active(False)
        wait_until(lambda: self.engine()["beat_queue"]["length"] == 0, 60, "all beats are stored")

    def go_on(self):
        self.wait_for_first_beats(self.set_active(True))

    # A hundred thousand of them.

    def idle_memory(self):
        self.engine()
        return memory_of(self.pid)

    def start_many(self, count, interval, url):
        before = self.engine()["beats_stored"]
        began = time.monotonic()
        self.replace_monitors("http", count, interval, url=url)
        loaded = time.monotonic()
        wait_until(lambda: self.engine()["beats_stored"] >= before + count, 3 * interval, "first beats")
        return {"all_checked_seconds": time.monotonic() - began, "loaded_seconds": loaded - began}

    def soak(self, seconds):
        first = memory_of(self.pid)
        # What came late while they all started is no steady state; figures are of the last minute.
        figures = self.steady(max(seconds, 61))
        engine = self.engine()
        last = memory_of(self.pid)
        return {**figures, **last, "growth": last["rss"] - first["rss"],
                "lateness_p99_ms": engine["lateness_p99_ms"],
                "worst_lateness_ms": engine["worst_lateness_ms"]}

    def push(self, count, rate, seconds):
        self.replace_monitors("push", count, 3600)
        script = self.folder / "push.lua"
        script.write_text(PUSH_SCRIPT % count)
        before = self.counters()
        done = subprocess.run(["wrk", "-t1", "-c64", f"-d{round(seconds)}", "-s", str(script),
                               f"http://{self.address}/"], check=True, capture_output=True, text=True)
        after = self.counters()
        wait_until(lambda: self.engine()["beat_queue"]["length"] == 0, 60, "all beats are stored")
        end = self.counters()
        found = re.search(r"FIGURES (\S+) (\S+) (\d+)", done.stdout)
        answered, p99, failed = float(found[1]), float(found[2]), int(found[3])
        spent = {name: after[name] - before[name] for name in before}
        total = {name: end[name] - before[name] for name in before}
        return {"pushes_per_second": answered, "p99_ms": p99, "failed": failed,
                "us": spent["node"] / (answered * spent["time"]) * 1e6,
                "beats_per_second": spent["beats"] / spent["time"],
                "statements_per_beat": total["questions"] / max(total["beats"], 1)}
