"""Strange requests: cookies, queries and paths that a seed makes up reach a node, or nginx refuses
them; nothing of them is believed. The fixture looks for crashes and alarms afterwards."""

import os
import random
import socket

SEED = int(os.environ.get("HIGUMA_FUZZ_SEED", "1"))
ROUNDS = int(os.environ.get("HIGUMA_FUZZ_ROUNDS", "600"))

COOKIES = ["KUMA_FIXED_NODE=node1", "HIGUMA_NODE=node2", "KUMA_FIXED_NODE=", "a=b; c", "=;;=",
           "KUMA_FIXED_NODE=node1; KUMA_FIXED_NODE=node2", 'HIGUMA_NODE="node1"']
PATHS = ["/socket.io/", "/api/v1/monitors/7", "/api/push/token", "/api/badge/7/status", "/x",
         "/status/main", "/api/monitors/7/unpin", "/socket.io/../lb/x", "/%2e%2e/%00"]
QUERIES = ["", "EIO=4&transport=polling", "sid=abc.node1", "sid=abc", "sid=", "a=b&&sid=.node1"]
BYTES = "abcnode0123456789.;=&%/?\"' \t\\-_~[]{}\x7f\xff"


def mutated(text, rand):
    text = list(text)
    for _ in range(rand.randrange(4)):
        at = rand.randrange(len(text) + 1)
        text[at:at + rand.randrange(3)] = rand.choices(BYTES, k=rand.randrange(4))
    return "".join(text) * (50 if rand.random() < 0.02 else 1)


def status_of(port, request):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(request)
        reply = b""
        while b"\r\n" not in reply:
            part = client.recv(65536)
            if not part:
                break
            reply += part
    return int(reply.split()[1]) if reply.startswith(b"HTTP/") else None


def test_made_up_requests(gateway):
    rand = random.Random(SEED)
    for number in range(ROUNDS):
        target = mutated(rand.choice(PATHS), rand)
        query = mutated(rand.choice(QUERIES), rand)
        cookie = mutated(rand.choice(COOKIES), rand)
        request = (f"GET {target}?{query} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n"
                   "Connection: close\r\n\r\n").encode("latin-1")
        status = status_of(gateway.port, request)
        # 503: the controller's paths; there is no controller.
        assert status in (None, 200, 400, 404, 414, 501, 503, 505), (SEED, number, request)
    assert gateway.request("/x").status == 200
