import os
import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from fake_cluster import Cluster, Server  # noqa: E402
from webdriver import Browser, available  # noqa: E402


@pytest.fixture(scope="session")
def browser():
    if not available():
        pytest.fail("chromium and chromedriver (package chromium-driver) are needed")
    with tempfile.TemporaryDirectory(prefix="higuma-e2e-") as folder:
        opened = Browser(folder)
        yield opened
        opened.close()


def keep_picture(browser, name):
    """How the page looked at the end of a test, for people to look at."""
    folder = os.environ.get("HIGUMA_E2E_PICTURES")
    if folder:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        browser.picture(pathlib.Path(folder) / f"{name}.png")


@pytest.fixture
def show(browser, request):
    """show(cluster, path) opens the page of a scripted cluster."""
    servers = []

    def open_page(cluster, path="/"):
        server = Server(cluster)
        servers.append(server)
        browser.size(1440, 1000)
        browser.go(server.url + path)
        browser.problems()
        return browser

    yield open_page
    keep_picture(browser, request.node.name)
    browser.go("about:blank")
    for server in servers:
        server.close()


@pytest.fixture
def cluster():
    return Cluster(monitors=12)
