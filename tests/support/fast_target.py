"""A web server that costs little, for benchmarks: nginx with HTTP and HTTPS, the latter with a
certificate of an authority of its own, which `trusted()` makes the machine's for one process."""

import os
import pathlib
import subprocess
import time
import urllib.request

from higuma_cluster import free_ports

SYSTEM_STORE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
IN_NAMESPACE = "HIGUMA_BENCH_TRUSTED"

CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  ssl_certificate {folder}/server.crt; ssl_certificate_key {folder}/server.key;
  ssl_session_cache shared:tls:16m; ssl_session_tickets on;
  server {{
    listen 127.0.0.1:{port} backlog=8192; listen 127.0.0.1:{tls_port} ssl backlog=8192;
    return 200 "the target is well\\n";
  }}
}}
"""


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_certificates(folder):
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
            "/CN=bench authority", "-keyout", "ca.key", "-out", "ca.crt")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout",
            "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-days", "30", "-extfile", "names", "-out", "server.crt")


def run_trusted(folder, command):
    """Runs the command where the system's trust store holds our authority too, as if it was installed:
    with a mount of its own that nobody else sees. Returns its exit code."""
    folder = pathlib.Path(folder)
    make_certificates(folder)
    store = folder / "store.crt"
    store.write_text(SYSTEM_STORE.read_text() + (folder / "ca.crt").read_text())
    mount = f'mount --bind "{store}" "{SYSTEM_STORE}" && exec "$@"'
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return subprocess.call(["unshare", "--mount", "--propagation", "private", *user, "sh", "-c", mount,
                            "sh", *command], env={**os.environ, IN_NAMESPACE: str(folder)})


class FastTarget:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.port = free_ports(2)
        self.tls_port = self.port + 1
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    @property
    def tls_url(self):
        return f"https://127.0.0.1:{self.tls_port}/"

    def __enter__(self):
        user = "user root;" if os.geteuid() == 0 else ""
        conf = self.folder / "nginx.conf"
        conf.write_text(CONFIGURATION.format(folder=self.folder, port=self.port,
                                             tls_port=self.tls_port, user=user))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(conf), "-e",
                                         str(self.folder / "error.log")])
        for _ in range(200):
            try:
                urllib.request.urlopen(self.url, timeout=1).read()
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the target did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
