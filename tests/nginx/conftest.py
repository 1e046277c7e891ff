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
    log = gateway.error_log() + (tmp_path / "log" / "stderr").read_text()
    bad = [line for line in log.splitlines()
           if re.search(r"\[(alert|emerg)\]|\[crit\].* higuma:|exited on signal", line)]
    assert not bad, bad


@pytest.fixture
def gateway(idle_gateway):
    idle_gateway.start()
    return idle_gateway
