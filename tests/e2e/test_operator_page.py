"""The operators' page in a real browser: what it shows, that each button does what its dialog says, and
that it asks for the token, tells of refusals, and says when it lost contact."""

import pytest

from fake_cluster import iso, now
from fake_operator import OperatorCluster, busy_cluster
from legibility import low_contrast, unnamed_controls
from webdriver import wait_for

HOSTILE = ["<img src=x onerror=\"document.title='owned'\">", "\"><svg onload=document.title='owned'>", "x" * 150]


@pytest.fixture
def cluster():
    return OperatorCluster(monitors=30)


@pytest.fixture
def page(show, cluster):
    return open_page(show, cluster)


def open_page(show, cluster):
    browser = show(cluster, "/lb/")
    browser.run("sessionStorage.clear()")
    wait_for(lambda: browser.count(".node") == len(cluster.nodes), "the nodes")
    return browser


def node(name, part):
    return f".node[data-node={name}] {part}"


def confirm(page):
    page.click("#dialog-confirm")


def wait_notice(page, words):
    wait_for(lambda: page.shown("#notice") and words in page.text("#notice-text"),
             f"the notice to say {words!r}; it says {page.text('#notice-text')!r}")


def asked(cluster):
    return [(path, body) for path, body, _ in cluster.asked]


def test_shows_nodes_traffic_gateways_history_and_log(show):
    cluster = busy_cluster()
    page = open_page(show, cluster)
    wait_for(lambda: page.count(".log-row") == 6, "the audit log")
    assert page.texts(".node-status") == ["online", "draining", "online", "recovering", "offline"]
    marks = " · ".join(page.texts(".mark"))
    for words in ("all requests go here", "12 pinned", "drained: empty", "ejected", "slow start: 40 %", "weight 200 %",
                  "held back for"):
        assert words in marks, marks
    assert page.text(node("node3", ".node-facts")).startswith("in flight6sessions24")
    assert "All requests go to node1." in page.text(".banner[data-kind=forced]")
    assert page.text("#balance-state") == "running"
    assert page.run("return document.querySelector('#balance-bar').ariaValueNow") == "27"
    assert "26 of 40 monitors moved, 1 left where they were" in page.text("#balance-line")
    assert "1.80 → 1.06" in page.text("#balance-facts")
    assert page.texts(".gateway strong") == ["nginx-node", "nginx-node-2"]
    assert page.shown(".gateway .leads")
    assert "48 monitors of node5 moved in 412 ms" in page.texts(".event-title")
    assert "“new disk”" in page.text("#log")
    assert page.problems() == []


def test_draining_by_its_button_asks_first_and_shows_what_came_of_it(page, cluster):
    page.click(node("node2", ".do-drain"))
    assert page.text("#dialog-title") == "Drain node2?"
    assert "10 monitors of node2 will move" in page.text("#dialog-says")
    assert page.run("return document.activeElement.id") == "dialog-cancel", "a dangerous one is not confirmed by Enter"
    page.click("#dialog-cancel")
    assert cluster.asked == []
    page.click(node("node2", ".do-drain"))
    page.choose("[name=targetStrategy]", "single")
    page.choose("[name=targetNodeId]", "node3")
    assert "will move to node3." in page.text("#dialog-says")
    page.type("[name=reason]", "new disk")
    confirm(page)
    wait_notice(page, "node2 is draining: 10 monitors to move to node3 (10).")
    assert asked(cluster) == [("/api/nodes/node2/drain",
                               {"targetStrategy": "single", "targetNodeId": "node3", "reason": "new disk"})]
    wait_for(lambda: page.text(node("node2", ".node-status")) == "draining", "the state")
    wait_for(lambda: "drained: empty" in page.texts(".mark"), "the mark")
    wait_for(lambda: page.count(".log-row") == 1 and "“new disk”" in page.text("#log"), "the line in the log")
    page.click(node("node2", ".do-drain"))
    assert page.text("#dialog-title") == "Undrain node2?"
    confirm(page)
    wait_notice(page, "node2 works again: 10 monitors to come home.")
    wait_for(lambda: page.text(node("node2", ".node-status")) == "online", "the state")


def test_a_forced_route_has_a_banner_that_restores(page, cluster):
    page.click(node("node3", ".do-force"))
    assert page.text("#dialog-confirm") == "Send all to node3"
    confirm(page)
    wait_for(lambda: "All requests go to node3." in (page.text(".banner[data-kind=forced]") or ""), "the banner")
    assert page.text(node("node3", ".do-force")) == "Restore…"
    cluster.set_node("node3", "offline")
    wait_for(lambda: "not online: they go as usual" in page.text(".banner[data-kind=forced]"), "what is so now")
    page.click(".banner .button")
    confirm(page)
    wait_for(lambda: page.count(".banner") == 0, "the banner to go")
    assert [path for path, _ in asked(cluster)] == ["/api/lb/force-route-to/node3", "/api/lb/restore-ltm"]


def test_rebalancing_shows_its_progress(page, cluster):
    assert "Nobody has asked" in page.text("#balance-line")
    page.click("#do-redistribute")
    assert "Every one of 30 monitors" in page.text("#dialog-says")
    page.click("#dialog-cancel")
    page.click("#do-rebalance")
    confirm(page)
    wait_notice(page, "Started: 40 monitors to move.")
    wait_for(lambda: page.text("#balance-state") == "running", "that it runs")
    assert page.run("return document.querySelector('#do-rebalance').disabled")
    cluster.balance["done"] = 30
    wait_for(lambda: page.run("return document.querySelector('#balance-bar span').style.width") == "75%", "progress")
    cluster.balance.update(done=40, state="done", running=False, finished=iso(now()))
    wait_for(lambda: page.text("#balance-state") == "done", "the end")
    assert not page.run("return document.querySelector('#do-rebalance').disabled")


def test_moves_pins_and_unpins_by_number(page, cluster):
    page.click("#do-move")
    page.type("[name=ids]", "7, x")
    confirm(page)
    wait_for(lambda: "“x” is no monitor's number." in page.text("#dialog-error"), "what is wrong")
    page.clear("[name=ids]")
    page.type("[name=ids]", "1 4-6")
    page.choose("[name=node]", "node3")
    page.choose("[name=stay]", "false")
    confirm(page)
    wait_notice(page, "4 monitors moved to node3.")
    assert asked(cluster) == [("/api/monitors/batch-switch",
                               {"monitorIds": [1, 4, 5, 6], "targetNodeId": "node3", "manualOverride": False})]
    page.click("#do-move")
    page.type("[name=ids]", "2,999")
    confirm(page)
    wait_for(lambda: "1 monitor moved, 1 not: There is no monitor 999." in page.text("#dialog-error"), "half of it")
    page.click("#dialog-cancel")
    page.click("#do-pin")
    page.type("[name=id]", "7")
    page.choose("[name=node]", "node2")
    confirm(page)
    wait_notice(page, "Monitor 7 is pinned to node2.")
    page.click("#do-unpin")
    page.type("[name=id]", "7")
    confirm(page)
    wait_notice(page, "Monitor 7 is pinned no longer.")


def test_a_health_check_now_tells_who_is_not_well(page, cluster):
    page.click("#do-check")
    wait_notice(page, "3 nodes checked in 12 ms: all are well.")
    cluster.set_node("node2", "offline", "connect ECONNREFUSED")
    page.click("#do-check")
    wait_notice(page, "Not well: node2 (connect ECONNREFUSED)")


def test_this_browser_may_stay_on_a_node(page, cluster):
    page.click(node("node2", ".do-stay"))
    wait_notice(page, "This browser's requests go to node2")
    wait_for(lambda: "this browser stays here" in page.texts(".mark"), "the mark")
    page.click("#do-let-go")
    wait_notice(page, "The balancer chooses a node")
    wait_for(lambda: not page.shown("#do-let-go"), "the button to go")


def test_asks_for_the_token_and_keeps_it_in_this_tab_only(page, cluster):
    cluster.token = "right"
    page.click("#do-check")
    wait_for(lambda: page.shown("#token"), "the question")
    page.type("#token", "wrong\n")
    wait_for(lambda: page.text("#token-error") == "This token is not accepted.", "the refusal")
    assert page.run("return sessionStorage.length") == 0
    page.type("#token", "right\n")
    wait_notice(page, "all are well")
    page.click(node("node1", ".do-drain"))
    confirm(page)
    wait_notice(page, "node1 is draining")
    assert [token for _, _, token in cluster.asked] == [None, "Bearer wrong", "Bearer right", "Bearer right"]
    assert page.run("return [sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]
    assert not page.shown("#token-dialog")


def test_without_the_token_nothing_is_done(page, cluster):
    cluster.token = "right"
    page.click(node("node1", ".do-drain"))
    confirm(page)
    wait_for(lambda: page.shown("#token"), "the question")
    page.click("#token-cancel")
    wait_for(lambda: "the admin token is missing" in page.text("#dialog-error"), "that nothing was done")
    assert not cluster.extra["node1"]["draining"]


def test_a_refusal_stays_in_its_dialog_in_the_servers_words(page, cluster):
    cluster.refuse = (409, "node3 has no room for 10 monitors.")
    page.click(node("node1", ".do-drain"))
    confirm(page)
    wait_for(lambda: page.text("#dialog-error") == "node3 has no room for 10 monitors.", "the server's words")
    assert page.shown("#dialog") and not page.run("return document.querySelector('#dialog-confirm').disabled")
    page.press("\ue00c")
    wait_for(lambda: not page.shown("#dialog"), "the dialog to go by Escape")
    page.click("#do-check")
    wait_notice(page, "node3 has no room")
    assert page.run("return document.querySelector('#notice').dataset.tone") == "bad"


def test_says_when_it_lost_contact_and_greys_what_is_old(page, cluster):
    cluster.broken = True
    wait_for(lambda: page.text("#state-title") == "Connection lost", "that it says so")
    assert "Last data from" in page.text("#state-detail") and "again in" in page.text("#state-detail")
    assert page.run("return document.querySelector('#page').dataset.stale") == "yes"
    assert page.count(".node") == 3
    cluster.broken = False
    wait_for(lambda: page.text("#state-title") == "All is well", "that it is back")
    assert page.run("return document.querySelector('#page').dataset.stale") == "no"


def test_a_part_that_cannot_be_read_is_told_and_the_rest_goes_on(page, cluster):
    cluster.away.add("/lb/operations")
    wait_for(lambda: "The audit log could not be read: The database does not answer" in (page.text(".banner") or ""),
             "the banner")
    cluster.set_node("node2", "offline")
    wait_for(lambda: page.texts(".node-status")[1] == "offline", "the rest to go on")
    cluster.away.clear()
    wait_for(lambda: page.count(".banner") == 0, "the banner to go")
    cluster.nginx_error = "connect ENOENT status.sock"
    wait_for(lambda: "ENOENT" in page.text("#traffic-line"), "why there are no counters")


def test_tells_of_monitors_without_a_node(page, cluster):
    cluster.unplaced = 3
    wait_for(lambda: "3 monitors have no node" in (page.text(".banner[data-kind=unplaced]") or ""), "the banner")


def test_the_log_has_pages(show, cluster):
    for number in range(45):
        cluster.write_down("drain", f"node{number}")
    page = open_page(show, cluster)
    wait_for(lambda: page.count(".log-row") == 20, "a page")
    assert page.text(".log-row .log-action span") == "node44"
    page.click("#log-older")
    wait_for(lambda: page.text(".log-row .log-action span") == "node24", "the second page")
    cluster.write_down("drain", "a new one")
    page.click("#log-older")
    wait_for(lambda: page.count(".log-row") == 5, "the last page")
    assert page.run("return document.querySelector('#log-older').disabled")
    page.click("#log-newest")
    wait_for(lambda: page.text(".log-row .log-action span") == "a new one", "the newest page")


def test_history_can_be_filtered(page, cluster):
    cluster.fail("node2")
    cluster.recover("node2")
    cluster.event("rebalancing", None, 12, 900)
    wait_for(lambda: "Rebalanced: 12 monitors moved in 900 ms" in page.texts(".event-title"), "the events")
    page.click("#history-filter button:nth-child(4)")
    wait_for(lambda: page.count(".event") == 1, "the moves")
    page.click("#history-filter button:nth-child(2)")
    wait_for(lambda: page.texts(".event-title") == ["10 monitors of node2 moved in 412 ms", "node2 is offline"], "failovers")


def test_no_value_becomes_markup(show, cluster):
    cluster.nodes[0].update(name=HOSTILE[0], host=HOSTILE[1], last_error=HOSTILE[2], consecutive_failures=2)
    cluster.event(HOSTILE[0], HOSTILE[1], detail=HOSTILE[2])
    cluster.write_down(HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[0], HOSTILE[1], HOSTILE[2])
    cluster.gateways[0].update(id=HOSTILE[0], address=HOSTILE[2])
    cluster.balance.update(state="failed", error=HOSTILE[1], actor=HOSTILE[0])
    cluster.rules[HOSTILE[0]] = 3
    cluster.refuse = (409, HOSTILE[0])
    page = open_page(show, cluster)
    wait_for(lambda: page.count(".log-row") == 1, "the log")
    page.click("#do-check")
    wait_notice(page, HOSTILE[0])
    assert page.count("main img, main script, main svg, .notice img") == 0
    assert "owned" not in page.run("return document.title")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth"), "no long name widens the page"
    assert page.problems() == [f"{page.run('return location.origin')}/api/trigger-health-check - Failed to load "
                               "resource: the server responded with a status of 409 (Conflict)"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1000, 400])
def test_fits_and_is_legible(show, scheme, width):
    page = open_page(show, busy_cluster())
    page.size(width, 2200)
    page.colour_scheme(scheme)
    wait_for(lambda: page.count(".log-row") == 6, "all of it")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    wait_for(lambda: low_contrast(page) == [], f"contrast of 4.5 everywhere; below it: {low_contrast(page)}", 5)
    assert unnamed_controls(page) == []


@pytest.mark.parametrize("width", [1440, 400])
def test_its_dialogs_fit_and_are_legible(show, cluster, width):
    page = open_page(show, cluster)
    page.size(width, 800)
    page.click("#do-move")
    page.type("[name=ids]", "nonsense")
    confirm(page)
    wait_for(lambda: page.shown("#dialog-error"), "the dialog")
    box = page.run("const b = document.querySelector('#dialog').getBoundingClientRect(); return [b.left, b.right, b.top, b.bottom]")
    assert box[0] >= 0 and box[1] <= width and box[2] >= 0 and box[3] <= 800
    assert low_contrast(page) == [] and unnamed_controls(page) == []
