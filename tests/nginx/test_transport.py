"""What nginx itself does for the nodes: TLS, compression, headers, sizes, streams and logs."""

import gzip
import http.client
import os
import signal
import socket
import ssl
import subprocess
import time

import pytest

from gateway import BUILD, accepts, free_port, wait_for

FIXED_1 = {"Cookie": "KUMA_FIXED_NODE=node1"}


def test_security_headers_are_added(gateway):
    for path in ["/x", "/status/main", "/health"]:
        headers = gateway.request(path).headers
        assert headers.get_all("X-Content-Type-Options") == ["nosniff"], path
    headers = gateway.request("/x").headers
    assert headers.get_all("Referrer-Policy") == ["same-origin"]
    assert headers.get_all("X-Frame-Options") == ["SAMEORIGIN"]
    assert headers.get("Server") == "nginx", "without a version"


def test_a_nodes_own_headers_pass_unchanged(gateway):
    headers = gateway.request("/headers").headers
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert headers.get_all("X-Frame-Options") == ["DENY"]
    assert headers.get_all("Vary") == ["Origin"]
    assert headers.get_all("ETag") == ['"own"']
    assert gateway.request("/cookie").headers.get_all("Set-Cookie") == ["secret=1"]


def test_answers_are_compressed_for_those_who_ask(gateway):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
    for path in ["/large", "/status/large", "/status/large"]:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        body = response.read()
        assert response.headers["Content-Encoding"] == "gzip", path
        assert "Accept-Encoding" in response.headers["Vary"]
        assert len(body) < 10_000 and len(gzip.decompress(body)) > 100_000
    connection.close()
    assert gateway.request("/large").headers.get("Content-Encoding") is None
    assert gateway.request("/status/large").headers.get("Content-Encoding") is None


def test_large_bodies(gateway):
    answer = gateway.request("/x", "POST", body=b"x" * 20_000_000)
    assert answer.json["body_size"] == 20_000_000
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as client:
        client.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 104857601\r\n\r\n")
        assert b" 413 " in client.recv(4096)


def test_events_come_at_once_and_end_when_the_node_goes_offline(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as client:
        client.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\nCookie: KUMA_FIXED_NODE=node1\r\n\r\n")
        seen = b""
        while b"data: hello" not in seen:
            seen += client.recv(4096)
        assert b"X-Routed-To: node1" in seen
        gateway.nodes[0].freeze()
        began = time.monotonic()
        gateway.write_nodes(node1="offline")
        while client.recv(4096):
            pass
        assert time.monotonic() - began < 2


def test_a_push_token_is_in_no_log_although_its_node_is_gone(gateway):
    gateway.nodes[0].kill()
    for node in gateway.nodes[1:]:
        node.kill()
    assert gateway.request("/api/push/seCRet01?status=up&msg=seCRet02").status == 503
    assert gateway.request("/x").status == 503
    wait_for(lambda: "/x" in gateway.error_log(), "the error log")
    assert "seCRet" not in gateway.error_log()
    assert "seCRet" not in "".join(gateway.access_log())


def test_a_trusted_proxy_is_believed(idle_gateway):
    gateway = idle_gateway
    gateway.settings = {"TRUSTED": "127.0.0.1/32 1;", "REAL_IP": "set_real_ip_from 127.0.0.1/32;"}
    gateway.start()
    told = gateway.request("/x", headers={
        "X-Forwarded-For": "6.6.6.6, 192.0.2.9", "X-Forwarded-Proto": "https"}).json["headers"]
    assert told["x-real-ip"] == told["x-forwarded-for"] == "192.0.2.9"
    assert told["x-forwarded-proto"] == "https"


def test_after_a_kill_nginx_starts_again(idle_gateway):
    """What it leaves: the files of its sockets, and processes that no master watches."""
    gateway = idle_gateway
    gateway.start()
    gateway.process.send_signal(signal.SIGKILL)
    gateway.process.wait()
    wait_for(lambda: not accepts(gateway.port), "the workers to go")
    gateway.spawn()
    assert gateway.request("/x").status == 200
    assert gateway.status()["nodes"]["node1"]["ejected"] is False


@pytest.fixture
def certificate(tmp_path):
    files = tmp_path / "own.crt", tmp_path / "own.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-out", str(files[0]), "-keyout", str(files[1])], check=True,
                   capture_output=True)
    return files


def run_gateway(folder, **settings):
    """`higuma gateway` itself: nginx serves although there is no database."""
    environment = {"PATH": os.environ["PATH"], "HIGUMA_DATA": str(folder), "DB_HOST": "127.0.0.1",
                   "DB_PORT": str(free_port()), "HIGUMA_NGINX_WORKERS": "1",
                   **{key: str(value) for key, value in settings.items()}}
    return subprocess.Popen([str(BUILD / "bin" / "higuma"), "gateway"], env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def talk_tls(port, certificate, protocols=()):
    context = ssl.create_default_context(cafile=str(certificate))
    if protocols:
        context.set_alpn_protocols(list(protocols))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as client:
            if protocols:
                return client.selected_alpn_protocol()
            client.sendall(b"GET /x HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return client.recv(4096).decode()


needs_higuma = pytest.mark.skipif(not (BUILD / "bin" / "higuma").exists(),
                                  reason="higuma is not built")


@needs_higuma
@pytest.mark.parametrize("separate", [True, False])
def test_tls_and_http2_by_configuration(tmp_path, certificate, separate):
    listen, tls = free_port(), free_port()
    settings = {"HIGUMA_LISTEN": f"127.0.0.1:{listen}", "HIGUMA_TLS_CERTIFICATE": certificate[0],
                "HIGUMA_TLS_KEY": certificate[1], "HIGUMA_TRUSTED_PROXIES": "10.0.0.0/8,::1"}
    if separate:
        settings["HIGUMA_TLS_LISTEN"] = f"127.0.0.1:{tls}"
    process = run_gateway(tmp_path / "data", **settings)
    try:
        port = tls if separate else listen
        wait_for(lambda: accepts(port), "nginx to listen")
        assert " 503 " in talk_tls(port, certificate[0]), "no node, but TLS"
        assert talk_tls(port, certificate[0], ["h2", "http/1.1"]) == "h2"
        plain = http.client.HTTPConnection("127.0.0.1", listen, timeout=30)
        plain.request("GET", "/x")
        assert plain.getresponse().status == (503 if separate else 400)
        plain.close()
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
    log = (tmp_path / "data" / "log" / "nginx-error.log").read_text()
    assert "[alert]" not in log and "[emerg]" not in log, log


@needs_higuma
@pytest.mark.parametrize("settings, complaint", [
    ({"HIGUMA_TLS_KEY": "/none"}, "HIGUMA_TLS_CERTIFICATE and HIGUMA_TLS_KEY"),
    ({"HIGUMA_TLS_KEY": "/none", "HIGUMA_TLS_CERTIFICATE": "/none"}, "HIGUMA_TLS_CERTIFICATE: file"),
    ({"HIGUMA_TRUSTED_PROXIES": "everybody"}, "HIGUMA_TRUSTED_PROXIES"),
])
def test_a_bad_setting_is_named(tmp_path, settings, complaint):
    process = run_gateway(tmp_path / "data", **settings)
    output, _ = process.communicate(timeout=30)
    assert process.returncode != 0 and complaint in output, output
