"""The rules of ARCHITECTURE.md, checked from the heartbeat table alone."""

GAPS = """
SELECT monitor_id, previous, scheduled_at,
       TIMESTAMPDIFF(MICROSECOND, previous, scheduled_at) / 1e6 AS seconds
FROM (SELECT monitor_id, scheduled_at,
             LAG(scheduled_at) OVER (PARTITION BY monitor_id ORDER BY scheduled_at) AS previous
      FROM heartbeat WHERE scheduled_at >= %s) AS beats
WHERE previous IS NOT NULL
"""

# A check that starts up to this late keeps its place on the grid, so two may be this much closer.
TOLERANCE = 0.3


def now(cluster):
    return cluster.value("SELECT UTC_TIMESTAMP(3)")


def gaps_since(cluster, start):
    return [(monitor, float(seconds)) for monitor, _, _, seconds in cluster.rows(GAPS, start)]


def assert_none_doubled(cluster, start, interval):
    close = [gap for gap in gaps_since(cluster, start) if gap[1] < interval - TOLERANCE]
    assert not close, f"{len(close)} checks came twice: {close[:5]}"


def assert_no_gap_over(cluster, start, seconds):
    wide = [gap for gap in gaps_since(cluster, start) if gap[1] > seconds]
    assert not wide, f"{len(wide)} gaps over {seconds:.2f} s: {sorted(wide, key=lambda g: -g[1])[:5]}"


def assert_all_up(cluster, start):
    bad = cluster.rows("SELECT monitor_id, status, msg, time FROM heartbeat "
                       "WHERE status<>1 AND scheduled_at >= %s LIMIT 5", start)
    assert not bad, f"false alarms: {bad}"


def assert_each_beats(cluster, count, since):
    beating = cluster.value(
        "SELECT COUNT(DISTINCT monitor_id) FROM heartbeat WHERE scheduled_at >= %s", since)
    assert beating == count
