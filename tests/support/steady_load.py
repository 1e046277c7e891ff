"""A steady stream of safe requests over kept-alive connections, as many clients make it together."""

import asyncio
import collections
import threading
import time


class SteadyLoad:
    """`rate` requests a second to the paths in turn; each answer that is not 200, and each error, is a
    failure."""

    def __init__(self, port, paths=("/api/v1/health",), rate=200, timeout=30, headers=()):
        self.port, self.paths, self.rate, self.timeout = port, list(paths), rate, timeout
        self.headers = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self.sent = 0
        self.failures = []
        self.latencies = []
        self.routed_to = []  # (time of the answer, node)
        self._idle = collections.deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    async def _run(self):
        tasks = set()
        began = time.monotonic()
        while not self._stop.is_set():
            due = int((time.monotonic() - began) * self.rate)
            while self.sent < due:
                self.sent += 1
                task = asyncio.create_task(self._one(self.paths[self.sent % len(self.paths)]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(0.005)
        if tasks:
            await asyncio.wait(tasks, timeout=self.timeout)

    async def _one(self, path):
        began = time.monotonic()
        try:
            status, node = await asyncio.wait_for(self._exchange(path), self.timeout)
            if status != 200:
                self.failures.append((time.monotonic(), f"status {status} from {node}"))
            self.routed_to.append((time.monotonic(), node))
        except Exception as error:  # every way to fail is a failed request
            self.failures.append((time.monotonic(), repr(error)))
        self.latencies.append(time.monotonic() - began)

    async def _exchange(self, path):
        reader, writer = self._idle.popleft() if self._idle else (
            await asyncio.open_connection("127.0.0.1", self.port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n{self.headers}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        status = int(head[0].split()[1])
        headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        if headers.get("transfer-encoding") == "chunked":
            while True:
                size = int((await reader.readuntil(b"\r\n")).strip(), 16)
                await reader.readexactly(size + 2)
                if size == 0:
                    break
        else:
            await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return status, headers.get("x-routed-to", "")
