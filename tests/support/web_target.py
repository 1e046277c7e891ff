"""A real web server for monitors to watch: nginx that answers 200 with a small body."""

import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request

from higuma_cluster import free_ports

CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port} backlog=4096; return 200 "the target is well\\n"; }}
}}
"""


class WebTarget:
    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="higuma-target-")
        self.port = free_ports()
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self):
        folder = pathlib.Path(self._folder.name)
        conf = folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        conf.write_text(CONFIGURATION.format(folder=folder, port=self.port, user=user))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(conf), "-e",
                                         str(folder / "error.log")])
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
        self._folder.cleanup()
