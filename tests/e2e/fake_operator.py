"""A scripted cluster with operators' controls: what the page at /lb/ reads, and actions that do a little
of what the real ones do. Runs on its own too: python3 fake_operator.py [port]."""

import re
import sys
from datetime import timedelta

from fake_cluster import Cluster, Server, iso, keep_moving, now

CHALLENGE = {"WWW-Authenticate": 'Basic realm="higuma", charset="UTF-8"'}
READS = {}
ACTIONS = []


def reads(*paths):
    def add(method):
        READS.update({path: method for path in paths})
        return method
    return add


def acts(pattern, name):
    def add(method):
        ACTIONS.append((re.compile(pattern + r"\Z"), name, method))
        return method
    return add


def refusal(status, message):
    return status, {"ok": False, "msg": message}


class OperatorCluster(Cluster):
    def __init__(self, monitors=30, nodes=3):
        super().__init__(monitors, nodes)
        self.token = ""                # actions need it
        self.refuse = None             # (status, words) that every action answers
        self.away = set()              # paths that answer 503
        self.forced, self.fixed, self.unplaced = "", "", 0
        self.nginx_error = None
        self.extra = {n["node_id"]: {"draining": False, "drain_target": None, "pinned": 0, "slow_start_percent": 100,
                                     "weight": 100, "announced_load": 0.07 * i + 0.1, "ejected": False}
                      for i, n in enumerate(self.nodes)}
        self.rules = {"load-balancer": 5120, "session": 1873, "monitor-owner": 611, "fixed-node": 12, "forced": 0,
                      "setup": 0, "hash": 0}
        self.balance = {"state": "idle", "running": False, "kind": None, "planned": 0, "done": 0, "failed": 0,
                        "requested": None, "started": None, "finished": None, "actor": None, "error": None,
                        "figures": {"mean_load": 0, "max_over_mean_before": 0, "max_over_mean_after": 0, "movable": 0}}
        self.gateways = [self._gateway("nginx-node", "0.0.0.0:8084", True), self._gateway("nginx-node-2", "0.0.0.0:8085", False)]
        self.operations, self.asked = [], []

    def _gateway(self, name, address, first):
        return {"id": name, "address": address, "version": "0.1.0", "started": iso(now() - timedelta(hours=30)),
                "last_seen": iso(now()), "seen_lately": True, "leads": first, "self": first}

    def write_down(self, action, target, result="done", detail="", reason="", actor="anonymous"):
        with self.lock:
            self.operations.insert(0, {"id": len(self.operations) + 1, "time": iso(now()), "actor": actor,
                                       "address": "127.0.0.1", "action": action, "target": target, "reason": reason,
                                       "result": result, "detail": detail})

    def respond(self, method, path, query, headers, body):
        with self.lock:
            if self.broken or path in self.away:
                return refusal(502 if self.broken else 503, "The database does not answer: timeout")
            if method == "GET":
                read = READS.get(path)
                return (200, read(self, query)) if read else super().respond(method, path, query, headers, body)
            self.asked.append((path, body, headers.get("Authorization")))
            return self.act(path, headers, body)

    def act(self, path, headers, body):
        for pattern, name, action in ACTIONS:
            found = pattern.match(path)
            if not found:
                continue
            if name and self.token and headers.get("Authorization") != f"Bearer {self.token}":
                return 401, {"ok": False, "msg": "This needs the admin token."}, CHALLENGE
            if self.refuse:
                answer = refusal(*self.refuse)
            else:
                answer = action(self, body, *found.groups())
            if name:
                self.write_down(name, "/".join(found.groups()), "done" if answer[0] < 300 else "refused",
                                answer[1].get("msg", ""), body.get("reason", ""))
            return answer
        return None

    @reads("/api/system-status")
    def system(self, query):
        rows = []
        for node in self._nodes():
            more = self.extra[node["node_id"]]
            rows.append({**node, **more, "version": "0.1.0", "load": node["checks_per_second"] * 0.9})
        return {"cluster": {"monitors_unplaced": self.unplaced}, "health": {"nodes": rows}, "gateways": self.gateways,
                "leader": {"self": "nginx-node", "holder": "nginx-node-x7Kd02Qa", "is_leader": True, "term": 7}}

    @reads("/api/load-balancer-status")
    def balancer(self, query):
        online = {n["node_id"] for n in self.nodes if n["status"] == "online"}
        rows = []
        for i, node in enumerate(self.nodes):
            more = self.extra[node["node_id"]]
            traffic = {"requests": 2500 + i, "in_flight": 3 * i, "sessions": 14 + 5 * i, "ejected": more["ejected"],
                       "failures_in_row": 0, "responses_5xx": 0}
            rows.append({"node_id": node["node_id"], "weight": more["weight"],
                         "traffic": None if self.nginx_error else traffic})
        self.rules["load-balancer"] += 24
        self.rules["session"] += 9
        return {"algorithm": "least_monitors", "nodes": rows,
                "routing": {"forced_node": self.forced or None, "forced_node_online": self.forced in online},
                "requests_by_rule": None if self.nginx_error else dict(self.rules),
                "table": {"generation": 5, "stale": False}, "nginx_error": self.nginx_error}

    @reads("/api/rebalancing-status")
    def rebalancing(self, query):
        return dict(self.balance)

    @reads("/lb/events")
    def list_events(self, query):
        fresh = [e for e in self.events if e["id"] > int(query.get("after", 0))]
        return {"events": fresh[:int(query.get("limit", 100))][::-1]}

    @reads("/lb/operations")
    def list_operations(self, query):
        before, limit = int(query.get("before", 1 << 40)), int(query["limit"])
        found = [o for o in self.operations if o["id"] < before]
        return {"operations": found[:limit], "next_before": found[limit - 1]["id"] if len(found) > limit else None}

    @reads("/lb/fixed-node-status")
    def fixed_node(self, query):
        return {"has_fixed_node": bool(self.fixed), "current_node": self.fixed or None, "is_valid": True}

    @acts("/api/nodes/([^/]+)/drain", "drain")
    def drain(self, body, node):
        mine = [m for m in self.monitors if m["node_id"] == node]
        others = [n["node_id"] for n in self.nodes if n["node_id"] != node and n["status"] == "online"]
        if body.get("targetNodeId"):
            others = [body["targetNodeId"]]
        if not others:
            return refusal(409, "No other node is online.")
        self.extra[node].update(draining=True, drain_target=body.get("targetNodeId"))
        self.set_node(node, "draining")
        for i, monitor in enumerate(mine):
            monitor["node_id"] = others[i % len(others)]
        counts = [{"node_id": o, "monitors": sum(m["node_id"] == o for m in mine)} for o in others]
        self.event("drain", node, len(mine), 310)
        return 200, {"ok": True, "monitors": len(mine), "remaining": 0, "targets": counts}

    @acts("/api/nodes/([^/]+)/undrain", "undrain")
    def undrain(self, body, node):
        back = sum(m["home_node_id"] == node != m["node_id"] for m in self.monitors)
        self.extra[node].update(draining=False, drain_target=None)
        self.recover(node)
        return 200, {"ok": True, "monitors": back, "remaining": 0, "sources": []}

    @acts("/api/lb/force-route-to/([^/]+)", "force-route-to")
    def force(self, body, node):
        self.forced = node
        return 200, {"ok": True, "msg": f"All requests go to {node}."}

    @acts("/api/lb/restore-ltm", "restore-ltm")
    def restore(self, body):
        before, self.forced = self.forced, ""
        return 200, {"ok": True, "msg": f"Requests go no longer to {before} alone."}

    @acts("/api/(trigger-rebalancing|force-rebalance-all)", "rebalance")
    def start_balancing(self, body, kind):
        self.balance.update(state="running", running=True, kind="all" if "all" in kind else "balance", planned=40,
                            done=0, started=iso(now()), requested=iso(now()), finished=None, actor="anonymous",
                            figures={"mean_load": 5.0, "max_over_mean_before": 1.8, "max_over_mean_after": 1.06,
                                     "movable": 300})
        return 200, {"ok": True, "started": True, "planned": 40}

    @acts("/api/trigger-health-check", "trigger-health-check")
    def check(self, body):
        nodes = [{"node_id": n["node_id"], "ok": n["status"] != "offline", "error": n["last_error"] or None}
                 for n in self.nodes]
        return 200, {"ok": True, "took_ms": 12, "nodes": nodes}

    @acts("/api/monitors/batch-switch", "batch-switch")
    def switch(self, body):
        results = []
        for number in body["monitorIds"]:
            monitor = next((m for m in self.monitors if m["id"] == number), None)
            if monitor:
                monitor["node_id"] = body["targetNodeId"]
            results.append({"ok": bool(monitor), "monitor_id": number,
                            "msg": "moved" if monitor else f"There is no monitor {number}."})
        good = sum(r["ok"] for r in results)
        return 200, {"ok": good == len(results), "moved": good, "failed": len(results) - good, "results": results}

    @acts("/api/monitors/([^/]+)/(pin-to-node|unpin)", "pin")
    def pin(self, body, number, what):
        words = f"to {body.get('targetNodeId', 'its node')}" if what == "pin-to-node" else "no longer"
        return 200, {"ok": True, "msg": f"Monitor {number} is pinned {words}."}

    @acts("/lb/set-fixed-node", "")
    def set_fixed(self, body):
        self.fixed = body["node"]
        return 200, {"ok": True, "has_fixed_node": True}

    @acts("/lb/clear-fixed-node", "")
    def clear_fixed(self, body):
        self.fixed = ""
        return 200, {"ok": True, "has_fixed_node": False}


def busy_cluster():
    """Something of everything, for pictures and for looking at the page by hand."""
    cluster = OperatorCluster(monitors=240, nodes=5)
    cluster.event("leader", "nginx-node", detail="nginx-node-x7Kd02Qa leads the cluster (term 7)")
    cluster.fail("node5")
    cluster.set_node("node4", "recovering")
    cluster.nodes[3]["held_until"] = iso(now() + timedelta(minutes=4))
    cluster.extra["node1"].update(pinned=12)
    cluster.extra["node3"].update(slow_start_percent=40, weight=200, ejected=True)
    cluster.act("/api/nodes/node2/drain", {}, {"reason": "new disk"})
    cluster.act("/api/trigger-rebalancing", {}, {"reason": "after the new node joined"})
    cluster.balance.update(done=26, failed=1)
    cluster.write_down("switch-node", "monitor 7 to node9", "refused", "There is no node node9.", actor="token")
    cluster.write_down("force-rebalance-all", "", "failed", "The database does not answer: timeout", actor="anna")
    cluster.write_down("pin-to-node", "monitor 3 to node1", "done", "Monitor 3 is pinned to node1.", "close to the switch", "anna")
    cluster.act("/api/lb/force-route-to/node1", {}, {"reason": "look at its log"})
    return cluster


if __name__ == "__main__":
    shown = busy_cluster()
    print(Server(shown, int(sys.argv[1]) if len(sys.argv) > 1 else 8091).url + "/lb/", flush=True)
    keep_moving(shown)
