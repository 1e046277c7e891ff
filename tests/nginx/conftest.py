import re

import pytest

from gateway import Gateway


@pytest.fixture
def idle_gateway(tmp_path):
    """Not started yet. Whatever a test does, no worker may crash and nginx may raise no alarm."""
    gateway = Gateway(tmp_path)
    try:
        yield gateway
    finally:
        gateway.stop()
    stderr = tmp_path / "log" / "stderr"
    log = gateway.error_log() + (stderr.read_text() if stderr.exists() else "")
    bad = [line for line in log.splitlines()
           if re.search(r"\[(alert|emerg)\]|\[crit\].* higuma:|exited on signal", line)]
    assert not bad, bad


@pytest.fixture
def gateway(idle_gateway):
    idle_gateway.start()
    return idle_gateway
