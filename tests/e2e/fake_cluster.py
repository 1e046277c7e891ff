"""A scripted cluster behind HTTP: serves the pages with their policies, and a /lb/live whose state the
test sets by hand. Runs on its own too, with figures that move: python3 fake_cluster.py [port] [monitors]."""

import base64
import hashlib
import json
import pathlib
import random
import re
import sys
import threading
import time
import urllib.parse
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WEB = pathlib.Path(__file__).resolve().parents[2] / "web"
PAGES = {"/": "live", "/lb/": "operator"}
STATUS = ["down", "up", "pending", "maintenance"]
RANK = {"down": 0, "pending": 1, "unknown": 2, "maintenance": 3, "up": 4, "paused": 5}


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def now():
    return datetime.now(timezone.utc)


class Cluster:
    def __init__(self, monitors=12, nodes=3):
        self.lock = threading.RLock()
        self.next_beat, self.next_event = 1, 1
        self.broken = False            # /lb/live answers 502
        self.database, self.database_error = True, ""
        self.setup_complete = True
        self.events, self.changes, self.queries = [], [], []
        self.nodes = [self._node(i + 1) for i in range(nodes)]
        self.monitors = [self._monitor(i + 1) for i in range(monitors)]

    def _node(self, number):
        return {"node_id": f"node{number}", "name": f"node{number}", "host": f"127.0.0.1:{3000 + number}",
                "status": "online", "since": iso(now() - timedelta(hours=5 * number)), "last_seen": iso(now()),
                "is_primary": number == 1, "consecutive_failures": 0, "last_error": "", "held_until": None}

    def _monitor(self, number):
        kinds = [("http", "https://shop-{}.example.org/health"), ("port", "db-{}.internal:3306"),
                 ("keyword", "https://www.example.net/page/{}"), ("push", "push")]
        kind, target = kinds[number % 4]
        node = self.nodes[number % len(self.nodes)]["node_id"] if self.nodes else ""
        words = ["Shop front", "Orders database", "Landing page", "Nightly backup", "Mail relay", "Sign-in"]
        monitor = {"id": number, "name": f"{words[number % 6]} {number}", "type": kind,
                   "target": target.format(number), "active": True, "status": "unknown", "ping": None,
                   "node_id": node, "home_node_id": node, "since": iso(now() - timedelta(days=2)), "all": []}
        if number <= 400:
            start = now() - timedelta(seconds=20 * 30)
            for i in range(30):
                self.beat(monitor, 1, when=start + timedelta(seconds=20 * i), quiet=True)
        else:
            self.beat(monitor, 1, quiet=True)
        return monitor

    def beat(self, monitor, status, msg=None, when=None, quiet=False):
        with self.lock:
            ping = random.randint(4, 60) if status == 1 else None
            text = msg if msg is not None else {1: "200 - OK", 0: "connect ECONNREFUSED"}.get(status, "")
            before = monitor["status"]
            moment = iso(when or now())
            changed = before != STATUS[status] and not quiet
            beat = {"id": self.next_beat, "status": status, "ping": ping, "time": moment, "msg": text,
                    "node_id": monitor["node_id"], "important": changed}
            self.next_beat += 1
            monitor["all"] = (monitor["all"] + [beat])[-30:]
            monitor.update(status=STATUS[status], ping=ping)
            if changed:
                monitor["since"] = moment
                self.changes.insert(0, {"id": beat["id"], "time": moment, "monitor_id": monitor["id"],
                                        "name": monitor["name"], "status": STATUS[status], "msg": text,
                                        "node_id": monitor["node_id"]})
                del self.changes[50:]

    def event(self, kind, node, monitors=0, took_ms=0, detail=""):
        with self.lock:
            self.events.insert(0, {"id": self.next_event, "time": iso(now()), "kind": kind, "node_id": node,
                                   "monitors": monitors, "took_ms": took_ms, "detail": detail})
            self.next_event += 1
            del self.events[50:]

    def set_node(self, node_id, status, error="", failures=0):
        with self.lock:
            node = next(n for n in self.nodes if n["node_id"] == node_id)
            node.update(status=status, since=iso(now()), last_error=error, consecutive_failures=failures)
            self.event(status, node_id, detail=error)

    def fail(self, node_id):
        with self.lock:
            self.set_node(node_id, "offline", "connection closed by the node", 3)
            left = [n["node_id"] for n in self.nodes if n["status"] == "online"]
            mine = [m for m in self.monitors if m["node_id"] == node_id]
            for i, monitor in enumerate(mine):
                monitor["node_id"] = left[i % len(left)]
            self.event("failover", node_id, len(mine), 412, f"to {' and '.join(left)}, evenly")

    def recover(self, node_id):
        with self.lock:
            self.set_node(node_id, "online")
            back = [m for m in self.monitors if m["home_node_id"] == node_id and m["node_id"] != node_id]
            for monitor in back:
                monitor["node_id"] = node_id
            self.event("recovery", node_id, len(back), 230)

    def _nodes(self):
        answer = []
        for node in self.nodes:
            name = node["node_id"]
            own = [m for m in self.monitors if m["node_id"] == name]
            limit = 10 ** max(2, len(str(len(own))))
            answer.append({**node, "monitor_count": len(own), "limit": limit,
                           "usage_percent": 100 * len(own) / limit, "checks_per_second": len(own) / 20,
                           "moved_in": sum(m["home_node_id"] != name for m in own),
                           "moved_out": sum(m["home_node_id"] == name != m["node_id"] for m in self.monitors)})
        return answer

    def respond(self, method, path, query, headers, body):
        """The answer to anything but a page: status and JSON, or None."""
        if (method, path) != ("GET", "/lb/live"):
            return None
        return (502, {}) if self.broken else (200, self.snapshot(query))

    def snapshot(self, query):
        with self.lock:
            self.queries.append(query)
            by = {name: 0 for name in RANK}
            for m in self.monitors:
                by[m["status"]] += 1
            search, after = query.get("search", "").lower(), int(query.get("beats_after", 0))
            offset, limit = int(query.get("offset", 0)), min(200, int(query.get("limit", 60)))
            found = [m for m in self.monitors
                     if (not search or search in (m["name"] + m["target"]).lower())
                     and query.get("status") in (None, m["status"]) and query.get("node") in (None, m["node_id"])]
            found.sort(key=lambda m: (RANK[m["status"]], m["name"].lower(), m["id"]))
            items = [{**{k: v for k, v in m.items() if k != "all"},
                      "beats": [b for b in m["all"] if b["id"] > after]} for m in found[offset:offset + limit]]
            total = len(self.monitors)
            return {"timestamp": iso(now()), "self": "gateway-1", "version": "0.1.0",
                    "leader": {"holder": "gateway-1", "term": 7, "is_self": True},
                    "database": {"reachable": self.database, "error": self.database_error},
                    "setup_complete": self.setup_complete,
                    "cluster": {"nodes": len(self.nodes), "online": sum(n["status"] == "online" for n in self.nodes),
                                "monitors": total, "active": total, "up": by["up"], "down": by["down"],
                                "pending": by["pending"], "maintenance": by["maintenance"],
                                "unknown": by["unknown"], "checks_per_second": total / 20},
                    "nodes": self._nodes(), "events": list(self.events), "changes": list(self.changes),
                    "monitors": {"total": len(found), "offset": offset, "limit": limit, "items": items}}


def page_with_policy(page):
    """index.html with its parts put in, and the policy that admits exactly these parts."""
    html, hashes = (WEB / page / "index.html").read_text(), {"script": [], "style": []}

    def inline(match):
        name = match.group(1) or match.group(2)
        tag = "style" if name.endswith(".css") else "script"
        text = (WEB / page / name).read_text()
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[tag].append(f"'sha256-{digest}'")
        return f"<{tag}>{text}</{tag}>"

    html = re.sub(r'<link rel="stylesheet" href="([\w./]+)">|<script src="([\w./]+)"></script>', inline, html)
    policy = (f"default-src 'none'; script-src {' '.join(hashes['script'])}; style-src {' '.join(hashes['style'])}; "
              "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    return html.encode(), policy


class Server:
    def __init__(self, cluster, port=0):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                page = PAGES.get(urllib.parse.urlsplit(self.path).path)
                if page is None:
                    return self.respond("GET", None)
                body, policy = page_with_policy(page)
                self.answer(200, "text/html; charset=utf-8", body, {"Content-Security-Policy": policy})

            def do_POST(self):
                text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.respond("POST", json.loads(text or b"{}"))

            def respond(self, method, body):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                found = cluster.respond(method, url.path, query, self.headers, body)
                if found is None:
                    return self.answer(404, "text/plain", b"not found")
                status, value, *headers = found
                self.answer(status, "application/json", json.dumps(value).encode(), *headers)

            def answer(self, status, kind, body, headers=None):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def keep_moving(cluster):
    tick = 0
    while True:
        time.sleep(1)
        tick += 1
        for monitor in cluster.monitors:
            if (monitor["id"] + tick) % 20 == 0:
                cluster.beat(monitor, random.choices([1, 0, 2], [96, 2, 2])[0])
        if cluster.nodes and tick % 60 == 20:
            cluster.fail("node2")
        if cluster.nodes and tick % 60 == 35:
            cluster.set_node("node2", "recovering")
        if cluster.nodes and tick % 60 == 40:
            cluster.recover("node2")


if __name__ == "__main__":
    shown = Cluster(int(sys.argv[2]) if len(sys.argv) > 2 else 60)
    print(Server(shown, int(sys.argv[1]) if len(sys.argv) > 1 else 8090).url)
    keep_moving(shown)
