"""A private mariadbd for pytest: its own folder, a free loopback port, stopped by its process id."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

USER = "higuma"
PASSWORD = "test-password"
START_LIMIT_S = 60
STOP_LIMIT_S = 10


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MariaDb:
    """A running server. `folder` (made and removed here when not given) holds all that it writes."""

    def __init__(self, folder: str | None = None):
        self._own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="higuma-test-")
        self.socket = os.path.join(self.folder, "socket")
        self.port = free_port()
        self._process: subprocess.Popen | None = None
        self._databases = 0
        self._install()
        self.start()

    def _as_root(self) -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}

    def _install(self) -> None:
        done = subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data",
             "--auth-root-authentication-method=normal", "--skip-test-db",
             "--skip-name-resolve", *self._as_root()],
            capture_output=True, text=True, env=self._environment())
        if done.returncode != 0:
            raise RuntimeError("mariadb-install-db failed:\n" + done.stdout + done.stderr)
        with open(os.path.join(self.folder, "init.sql"), "w", encoding="utf-8") as file:
            file.write(f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
                       f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n")

    def start(self) -> None:
        """Starts the server (again), on the same port and data."""
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self._process = subprocess.Popen(
                ["mariadbd", "--no-defaults", f"--datadir={self.folder}/data",
                 f"--socket={self.socket}", f"--pid-file={self.folder}/pid",
                 f"--init-file={self.folder}/init.sql", f"--port={self.port}",
                 "--skip-networking=0", "--bind-address=127.0.0.1", "--skip-name-resolve",
                 "--skip-log-bin", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=64M",
                 "--key-buffer-size=1M", "--aria-pagecache-buffer-size=8M",
                 "--performance-schema=OFF", *self._as_root()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment())
        limit = time.monotonic() + START_LIMIT_S
        while time.monotonic() < limit and self._process.poll() is None:
            if self._client("SELECT 1").returncode == 0:
                return
            time.sleep(0.05)
        self._process.kill()
        self._process.wait()
        raise RuntimeError("mariadbd did not start:\n" + self.log_tail())

    def log_tail(self) -> str:
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]

    @property
    def pid(self) -> int:
        return self._process.pid

    def _client(self, sql: str, database: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.socket}", f"--user={USER}",
             f"--password={PASSWORD}", "--default-character-set=utf8mb4", "--batch", "--raw",
             "--skip-column-names", "--init-command=SET time_zone='+00:00'", database],
            input=sql, capture_output=True, text=True)

    def query(self, sql: str, database: str = "") -> list[list[str]]:
        """Rows as lists of text; NULL is the text NULL."""
        done = self._client(sql, database)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, sql: str, database: str = "") -> str:
        """The first column of the first row."""
        return self.query(sql, database)[0][0]

    def fresh_database(self) -> str:
        """CREATE DATABASE test_<n>; returns its name."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.query(f"CREATE DATABASE {name}")
        return name

    def environment(self, database: str) -> dict[str, str]:
        """The variables by which our programs reach a database on it."""
        return {"DB_HOST": "127.0.0.1", "DB_PORT": str(self.port), "DB_USER": USER,
                "DB_PASSWORD": PASSWORD, "DB_NAME": database}

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends the server in order; one that takes too long is killed."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        self.stop()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "MariaDb":
        return self

    def __exit__(self, *_exception) -> None:
        self.close()
