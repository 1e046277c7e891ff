"""The live page in a real browser: what people see, that it moves without flicker, and that no value from
outside becomes markup."""

import pytest

from fake_cluster import Cluster
from legibility import low_contrast, unnamed_controls
from webdriver import wait_for

HOSTILE = ["<img src=x onerror=\"document.title='owned'\">", "<script>document.title='owned'</script>",
           "\"><svg onload=document.title='owned'>", "&lt;b&gt;bold", "\u202eright to left", "x" * 150]


def title(page):
    return page.text("#state-title")


def wait_title(page, text):
    wait_for(lambda: text in (title(page) or ""), f"the headline to say {text!r}; it says {title(page)!r}")


def test_shows_nodes_monitors_and_that_all_is_well(show, cluster):
    page = show(cluster)
    wait_title(page, "All is well")
    assert page.texts(".node-name") == ["node1", "node2", "node3"]
    assert page.count(".row") == 12
    assert page.count(".beat") == 12 * 30
    assert page.text("#where").startswith("gateway-1 leads")
    assert page.problems() == []


def test_a_node_that_dies_and_comes_home_is_told_as_it_happens(show, cluster):
    page = show(cluster)
    wait_title(page, "All is well")
    cluster.fail("node2")
    wait_title(page, "node2 is down")
    assert "4 monitors run elsewhere" in page.text("#state-detail")
    assert page.texts(".node-status")[1] == "offline"
    assert page.count(".row[data-away=yes]") == 4
    assert "home node2" in page.texts(".away")
    assert page.text(".event-title") in ("4 monitors of node2 moved in 412 ms", "node2 is offline")
    assert page.count(".event.new") == 2, "new events slide in"
    cluster.recover("node2")
    wait_title(page, "All is well")
    assert page.count(".row[data-away=yes]") == 0


def test_the_first_beat_of_the_new_node_is_marked(show, cluster):
    page = show(cluster)
    wait_title(page, "All is well")
    moved = next(m for m in cluster.monitors if m["node_id"] == "node2")
    cluster.fail("node2")
    cluster.beat(moved, 1)
    wait_for(lambda: page.count(".beat[data-moved=yes]") == 1, "the bar of the first beat after the move")
    page.hover(".beat[data-moved=yes]")
    wait_for(lambda: page.shown("#tip"), "the tooltip")
    assert f"checked by {moved['node_id']}, its first after a move" in page.text("#tip")


def test_problems_come_first_and_down_is_in_the_headline(show, cluster):
    page = show(cluster)
    wait_title(page, "All is well")
    cluster.beat(cluster.monitors[7], 0, "connect ECONNREFUSED 127.0.0.1:80")
    wait_title(page, "1 monitor is down")
    assert page.text(".row .name") == cluster.monitors[7]["name"]
    assert f"{cluster.monitors[7]['name']} is down" in page.texts(".event-title")
    assert page.run("return document.title").startswith("△ 1 monitor is down")


def test_updates_keep_rows_focus_and_scroll(show):
    cluster = Cluster(monitors=60)
    page = show(cluster)
    wait_for(lambda: page.count(".row") == 60, "the rows")
    page.run("window.kept = [...document.querySelectorAll('.row')]; window.scrollTo(0, 700);"
             "document.querySelectorAll('.row .bars')[20].focus({preventScroll: true});"
             "window.focused = document.activeElement; window.at = scrollY;"
             "window.added = 0; new MutationObserver(l => l.forEach(m => m.addedNodes.forEach("
             "n => { if (n.classList?.contains('row')) window.added += 1; })))"
             ".observe(document.getElementById('rows'), {childList: true});")
    beats = page.count(".beat")
    for monitor in cluster.monitors:
        cluster.beat(monitor, 1)
    last = str(cluster.next_beat - 1)
    wait_for(lambda: page.run("return [...document.querySelectorAll('.beat')].some(b => b.beat.id == arguments[0])",
                              last), "the newest beat")
    assert page.count(".beat") == beats, "each bar that came pushed one out"
    assert page.run("return window.kept.every(row => row.isConnected)")
    assert page.run("return document.activeElement === window.focused")
    assert page.run("return Math.abs(scrollY - window.at) < 2")
    assert page.run("return window.added") == 0, "no row was drawn anew"


def test_asks_only_for_beats_that_it_does_not_have(show, cluster):
    page = show(cluster)
    wait_title(page, "All is well")
    wait_for(lambda: any("beats_after" in q for q in cluster.queries), "a request for new beats only")
    cluster.beat(cluster.monitors[0], 1)
    newest = cluster.next_beat - 1
    wait_for(lambda: cluster.queries[-1].get("beats_after") == str(newest), "the newest beat to be known")
    assert page.count(".beat") == 12 * 30


def test_a_monitor_that_comes_onto_the_page_brings_all_its_beats(show):
    cluster = Cluster(monitors=80)
    page = show(cluster)
    wait_for(lambda: page.count(".row") == 60, "the first page")
    shown = page.texts(".row .name")
    hidden = next(m for m in cluster.monitors if m["name"] not in shown)
    cluster.beat(hidden, 0)
    wait_for(lambda: page.text(".row .name") == hidden["name"], "the broken monitor on top")
    wait_for(lambda: page.run("return document.querySelector('.row').querySelectorAll('.beat').length") == 30,
             "all its bars")


@pytest.mark.parametrize("count", [3000, 100_000])
def test_fetches_only_a_page_of_many(show, count):
    cluster = Cluster(monitors=0)
    base = Cluster(monitors=1).monitors[0]
    cluster.monitors = [{**base, "id": i, "name": f"monitor {i:06}", "status": "up"} for i in range(1, count + 1)]
    page = show(cluster)
    wait_for(lambda: page.count(".row") == 60, "the first page", 90)
    assert f"of {count:,}" in page.text("#monitors-hint")
    page.click("#next")
    wait_for(lambda: page.text(".row .name") == "monitor 000061", "the second page", 90)
    page.click("#last")
    wait_for(lambda: page.texts(".row .name")[-1] == f"monitor {count:06}", "the last page", 90)
    assert page.count(".row") == (count % 60 or 60)
    assert max(int(q["limit"]) for q in cluster.queries) == 60


def test_searches_and_filters_and_keeps_them_in_the_address(show):
    cluster = Cluster(monitors=60)
    for monitor in cluster.monitors[:5]:
        cluster.beat(monitor, 0)
    page = show(cluster)
    wait_for(lambda: page.count(".row") == 60, "all")
    page.press("/")
    page.type("#search", "mail relay")
    wait_for(lambda: page.count(".row") == 10, "the found ones")
    assert all("Mail relay" in name for name in page.texts(".row .name"))
    page.click(".filter[data-status=down]")
    wait_for(lambda: page.count(".row") == 1, "the found ones that are down")
    assert "status=down" in page.run("return location.search")
    page.run("location.reload()")
    wait_for(lambda: page.count(".row") == 1, "the same after a reload")
    page.type("#search", " that is not there")
    wait_for(lambda: page.shown("#none-match"), "the word that nothing matches")
    page.click("#clear-filters")
    wait_for(lambda: page.count(".row") == 60, "all again")
    page.click(".node[data-node=node3] .node-show")
    wait_for(lambda: page.count(".row") == 20, "the monitors of node3")
    assert set(page.texts(".row .chip")) == {"node3"}


def test_no_value_becomes_markup(show, cluster):
    for monitor, text in zip(cluster.monitors, HOSTILE):
        monitor.update(name=text, target=text, type=text, node_id=text, home_node_id=text[::-1])
        cluster.beat(monitor, 0, text)
    cluster.nodes[0].update(name=HOSTILE[0], host=HOSTILE[1], last_error=HOSTILE[2], consecutive_failures=2)
    cluster.database_error = HOSTILE[1]
    cluster.event(HOSTILE[0], HOSTILE[1], detail=HOSTILE[2])
    cluster.event("failover", HOSTILE[0], 3, 5, HOSTILE[1])
    page = show(cluster)
    wait_for(lambda: page.count(".row") == 12, "the rows")
    names = page.texts(".row .name")
    assert all(text in names for text in HOSTILE)
    page.hover(".row .beat:last-child")
    wait_for(lambda: page.shown("#tip"), "the tooltip")
    cluster.database = False
    wait_title(page, "The database is away")
    assert HOSTILE[1] in page.text("#state-detail")
    assert page.count("main img, main script, main b, main svg, .tip script") == 0
    assert "owned" not in page.run("return document.title")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth"), "no long name widens the page"
    assert page.problems() == []


def test_a_wrong_address_asks_for_nothing_strange(show, cluster):
    page = show(cluster, "/?status=%3Cb%3E&offset=-7&search=" + "%3Cb%3E" * 100)
    wait_for(lambda: cluster.queries, "a request")
    assert "status" not in cluster.queries[0] and "offset" not in cluster.queries[0]
    assert len(cluster.queries[0]["search"]) == 100
    wait_for(lambda: page.shown("#none-match"), "the word that nothing matches")


def test_says_that_the_database_is_away_and_keeps_what_it_knows(show, cluster):
    page = show(cluster)
    wait_title(page, "All is well")
    cluster.database, cluster.database_error = False, "Can't connect to server"
    wait_title(page, "The database is away")
    assert page.count(".row") == 12
    cluster.database = True
    wait_title(page, "All is well")


def test_backs_off_when_nobody_answers_and_says_since_when(show, cluster):
    page = show(cluster)
    wait_title(page, "All is well")
    cluster.broken = True
    wait_title(page, "Connection lost")
    assert "Last data from " in page.text("#state-detail")
    wait_for(lambda: "again in 4 s" in page.text("#state-detail"), "longer pauses")
    assert page.count(".row") == 12
    cluster.broken = False
    wait_title(page, "All is well")


def test_rests_while_the_tab_is_hidden(show, cluster):
    page = show(cluster)
    wait_title(page, "All is well")
    page.run("Object.defineProperty(document, 'hidden', {get: () => window.away ?? false, configurable: true});"
             "window.away = true; document.dispatchEvent(new Event('visibilitychange'));")
    page.run("window.asked = 0; const f = window.fetch; window.fetch = (...a) => { window.asked += 1; return f(...a); };"
             "window.ticks = 0; setInterval(() => window.ticks += 1, 100);")
    wait_for(lambda: page.run("return window.ticks") > 25, "some time")
    assert page.run("return window.asked") == 0
    page.run("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    wait_for(lambda: page.run("return window.asked") > 0, "it to go on")


def test_teaches_the_first_steps(show):
    cluster = Cluster(monitors=0)
    cluster.setup_complete = False
    page = show(cluster)
    wait_for(lambda: page.shown("#teach-user") and page.shown("#teach-monitor"), "the first steps")
    assert "higuma user create" in page.text("#code-user")
    assert "/api/v1/monitors" in page.text("#code-monitor")
    assert not page.shown("#tools") and not page.shown("#pager")
    cluster.setup_complete = True
    wait_for(lambda: not page.shown("#teach-user"), "the hint to go once there is a user")


def test_teaches_how_a_node_joins(show):
    page = show(Cluster(monitors=0, nodes=0))
    wait_title(page, "Waiting for the first node")
    assert page.shown("#nodes-empty")


def test_bars_are_read_by_keyboard(show, cluster):
    cluster.beat(cluster.monitors[0], 0, "refused")
    page = show(cluster)
    wait_title(page, "1 monitor is down")
    page.run("document.querySelector('.bars').focus()")
    wait_for(lambda: "refused" in (page.text("#tip") or ""), "the newest beat's words")
    page.press("\ue012")
    wait_for(lambda: "200 - OK" in page.text("#tip"), "the beat before")
    assert "200 - OK" in page.run("return document.querySelector('.bars').getAttribute('aria-label')")
    page.press("\ue00c")
    wait_for(lambda: not page.shown("#tip"), "the tooltip to go")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1000, 390])
def test_fits_and_is_legible(show, cluster, scheme, width):
    for monitor, status in zip(cluster.monitors, (0, 2, 3)):
        cluster.beat(monitor, status)
    cluster.fail("node2")
    page = show(cluster)
    page.size(width, 900)
    page.colour_scheme(scheme)
    wait_title(page, "node2 is down")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    wait_for(lambda: low_contrast(page) == [], f"contrast of 4.5 everywhere; below it: {low_contrast(page)}", 5)
    assert unnamed_controls(page) == []
