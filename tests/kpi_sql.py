"""KPIs in plain SQL, written from the definitions and independently of the package: one statement a KPI.

Every statement returns account_id, p, num and den by account and period; `edges` says which accounts were active and
what they paid at both ends of each period, by looking up the nearest lines around each end.
"""

from __future__ import annotations

import pandas as pd

FAR = "TIMESTAMP '2262-01-01'"


def setup(periods: pd.DataFrame, known: pd.Timestamp, grace: int) -> str:
    spans = ", ".join(
        f"({place}, TIMESTAMP '{row.period_start}', TIMESTAMP '{row.period_end}')"
        for place, row in enumerate(periods.itertuples())
    )
    return f"""
periods AS (SELECT * FROM (VALUES {spans}) AS v(p, a, b)),
lines AS MATERIALIZED (
    SELECT *, least(coalesce(end_at, {FAR}), coalesce(cancelled_at, {FAR})) AS stop,
           coalesce(end_at, {FAR}) AS term_end
    FROM {{contracts}}),
moments AS (SELECT DISTINCT t FROM (SELECT a AS t FROM periods UNION ALL SELECT b FROM periods)),
around AS MATERIALIZED (
    SELECT l.account_id, m.t, max(stop) FILTER (start_at <= m.t) AS reached,
           min(start_at) FILTER (start_at > m.t) AS following,
           count(*) FILTER (start_at <= m.t AND m.t < stop) AS n,
           coalesce(sum(mrr) FILTER (start_at <= m.t AND m.t < stop), 0) AS strict
    FROM lines l, moments m WHERE stop > start_at GROUP BY ALL),
bridge AS MATERIALIZED (
    SELECT r.account_id, r.t, sum(l.mrr) AS mrr
    FROM around r JOIN lines l ON l.account_id = r.account_id AND l.stop = r.reached
    WHERE r.n = 0 AND r.following <= r.reached + INTERVAL {grace} DAY AND l.stop > l.start_at GROUP BY ALL),
state AS MATERIALIZED (
    SELECT r.account_id, r.t, (n > 0 OR b.mrr IS NOT NULL) AS on_t,
           CASE WHEN n > 0 THEN strict ELSE coalesce(b.mrr, 0) END AS mrr, strict
    FROM around r LEFT JOIN bridge b USING (account_id, t)),
firsts AS MATERIALIZED (SELECT account_id, min(start_at) AS first FROM lines WHERE stop > start_at GROUP BY ALL),
edges AS MATERIALIZED (
    SELECT x.account_id, p, a, b, x.on_t AS on_a, y.on_t AS on_b, x.mrr AS mrr_a, y.mrr AS mrr_b, y.strict, first
    FROM periods JOIN state x ON x.t = a JOIN state y ON y.t = b AND y.account_id = x.account_id
    JOIN firsts f ON f.account_id = x.account_id),
known AS (SELECT TIMESTAMP '{known}' AS known)
"""


def edge(num: str, den: str = "0", where: str = "TRUE") -> str:
    return f"SELECT account_id, p, CAST({num} AS DOUBLE) AS num, CAST({den} AS DOUBLE) AS den FROM edges WHERE {where}"


KEPT, LOST = "(on_a AND on_b)", "(on_a AND NOT on_b)"
NEW, BACK = "(NOT on_a AND on_b AND first >= a)", "(NOT on_a AND on_b AND first < a)"

CONTRACTS = {
    "active_accounts/standard": edge("on_b"),
    "new_accounts/standard": edge(NEW),
    "lost_accounts/standard": edge(LOST),
    "reactivated_accounts/standard": edge(BACK),
    "churn_rate/standard": edge(LOST, "on_a"),
    "churn_rate/added": edge(LOST, f"{NEW} OR {BACK}"),
    "retention_rate/standard": edge(KEPT, "on_a"),
    "mrr/standard": edge("mrr_b"),
    "mrr/lines": edge("strict"),
    "arr/standard": edge("12 * mrr_b"),
    "opening_mrr/standard": edge("mrr_a"),
    "net_new_mrr/standard": edge("mrr_b - mrr_a"),
    "new_mrr/standard": edge("mrr_b", where=NEW),
    "reactivated_mrr/standard": edge("mrr_b", where=BACK),
    "churned_mrr/standard": edge("mrr_a", where=LOST),
    "expansion_mrr/standard": edge("mrr_b - mrr_a", where=f"{KEPT} AND mrr_b > mrr_a"),
    "contraction_mrr/standard": edge("mrr_a - mrr_b", where=f"{KEPT} AND mrr_b < mrr_a"),
    "nrr/standard": edge("CASE WHEN on_b THEN mrr_b ELSE 0 END", "mrr_a", "on_a"),
    "grr/standard": edge("CASE WHEN on_b THEN least(mrr_a, mrr_b) ELSE 0 END", "mrr_a", "on_a"),
    "revenue_churn_rate/standard": edge("mrr_a - CASE WHEN on_b THEN least(mrr_a, mrr_b) ELSE 0 END", "mrr_a", "on_a"),
    "net_revenue_churn_rate/standard": edge("mrr_a - CASE WHEN on_b THEN mrr_b ELSE 0 END", "mrr_a", "on_a"),
    "renewal_rate/terms": """
        SELECT l.account_id, p, CAST(bool_or(n.account_id IS NOT NULL) AS DOUBLE) AS num, 1.0 AS den
        FROM lines l JOIN periods ON l.term_end > a AND l.term_end <= b
        LEFT JOIN lines n ON n.account_id = l.account_id AND n.product IS NOT DISTINCT FROM l.product
            AND n.start_at > l.start_at AND n.start_at >= l.term_end - INTERVAL 90 DAY
            AND n.start_at <= l.term_end + INTERVAL {grace} DAY AND n.stop > l.term_end AND n.stop > n.start_at
        WHERE l.stop = l.term_end GROUP BY l.contract_line_id, l.account_id, p""",
}  # fmt: skip

DEALS = {
    "new_deals/standard": """
        SELECT account_id, p, 1.0 AS num, 0.0 AS den FROM {deals} JOIN periods ON closed_at >= a AND closed_at < b
        WHERE won AND kind = 'new'""",
    "sales/standard": """
        SELECT account_id, p, coalesce(amount, 0) AS num, 0.0 AS den
        FROM {deals} JOIN periods ON closed_at >= a AND closed_at < b WHERE won""",
}

SURVEYS = {
    "nps/standard": """
        SELECT account_id, p, arg_max(CASE WHEN score >= 9 THEN 1 WHEN score <= 6 THEN -1 ELSE 0 END,
               (answered_at, response_id)) AS num, 1.0 AS den
        FROM {surveys} JOIN periods ON answered_at >= a AND answered_at < b
        WHERE kind = 'nps' AND score IS NOT NULL GROUP BY account_id, p, user_id""",
    "nps_response_rate/standard": """
        SELECT account_id, p, CAST(score IS NOT NULL AND answered_at IS NOT NULL AS DOUBLE) AS num, 1.0 AS den
        FROM {surveys} JOIN periods ON sent_at >= a AND sent_at < b WHERE kind = 'nps'""",
    "csat/standard": """
        SELECT account_id, p, CAST(score >= 4 AS DOUBLE) AS num, 1.0 AS den
        FROM {surveys} JOIN periods ON answered_at >= a AND answered_at < b
        WHERE kind = 'csat' AND score IS NOT NULL""",
}

FIRST = """CAST(contacts <= 1 AND resolved_at IS NOT NULL AND
           NOT coalesce(CAST(reopened_at AS DATE) - CAST(resolved_at AS DATE) <= 7, FALSE) AS DOUBLE)"""
RIPE = "(resolved_at IS NULL OR CAST(resolved_at AS DATE) + 7 <= CAST((SELECT known FROM known) AS DATE))"
TICKETS = {
    "first_contact_resolution/standard": f"""
        SELECT account_id, p, {FIRST} AS num, 1.0 AS den FROM {{tickets}}
        JOIN periods ON resolved_at >= a AND resolved_at < b WHERE {RIPE}""",
    "first_contact_resolution/received": f"""
        SELECT account_id, p, coalesce({FIRST}, 0) AS num, 1.0 AS den FROM {{tickets}}
        JOIN periods ON opened_at >= a AND opened_at < b WHERE {RIPE}""",
    "ticket_backlog/standard": """
        SELECT account_id, p, 1.0 AS num, 0.0 AS den FROM {tickets}
        JOIN periods ON opened_at <= b AND (resolved_at IS NULL OR resolved_at > b)""",
}

SEATS = """(SELECT account_id, p, sum(coalesce(seats, 0)) AS seats FROM periods
           JOIN lines ON start_at <= b AND b < stop AND stop > start_at GROUP BY ALL)"""
LOGINS = "(SELECT * FROM {usage} WHERE event = 'login')"
USAGE = {
    "login_count/standard": f"""
        SELECT account_id, p, 1.0 AS num, 0.0 AS den FROM {LOGINS} JOIN periods ON event_at >= a AND event_at < b""",
    "usage_count/standard": """
        SELECT account_id, p, 1.0 AS num, 0.0 AS den FROM {usage} JOIN periods ON event_at >= a AND event_at < b""",
    "usage_quantity/standard": """
        SELECT account_id, p, quantity AS num, 0.0 AS den FROM {usage}
        JOIN periods ON event_at >= a AND event_at < b""",
    "active_users/standard": """
        SELECT account_id, p, count(DISTINCT user_id) AS num, 0.0 AS den FROM {usage}
        JOIN periods ON event_at >= a AND event_at < b GROUP BY ALL""",
    "login_days/standard": f"""
        SELECT e.account_id, e.p, coalesce(num, 0) AS num, 1.0 AS den FROM edges e LEFT JOIN (
            SELECT account_id, p, count(DISTINCT CAST(event_at AS DATE)) AS num FROM {LOGINS}
            JOIN periods ON event_at >= a AND event_at < b GROUP BY ALL) u ON u.account_id = e.account_id AND u.p = e.p
        WHERE on_b""",
    "login_rate/standard": f"""
        SELECT e.account_id, e.p, coalesce(num, 0) AS num, seats AS den FROM edges e JOIN {SEATS} s
        ON s.account_id = e.account_id AND s.p = e.p LEFT JOIN (
            SELECT account_id, p, count(DISTINCT user_id) AS num FROM {LOGINS}
            JOIN periods ON event_at >= a AND event_at < b GROUP BY ALL) u ON u.account_id = e.account_id AND u.p = e.p
        WHERE on_b AND seats > 0""",
    "seat_utilisation/standard": f"""
        SELECT e.account_id, e.p, coalesce(num, 0) AS num, seats AS den FROM edges e JOIN {SEATS} s
        ON s.account_id = e.account_id AND s.p = e.p LEFT JOIN (
            SELECT account_id, p, count(DISTINCT user_id) AS num FROM {{usage}}
            JOIN periods ON event_at >= a AND event_at < b GROUP BY ALL) u ON u.account_id = e.account_id AND u.p = e.p
        WHERE on_b AND seats > 0""",
    "features_used/standard": """
        SELECT e.account_id, e.p, coalesce(num, 0) AS num, 1.0 AS den FROM edges e LEFT JOIN (
            SELECT account_id, p, count(DISTINCT feature) AS num FROM {usage}
            JOIN periods ON event_at >= a AND event_at < b GROUP BY ALL) u ON u.account_id = e.account_id AND u.p = e.p
        WHERE on_b""",
}
ENTITLED = {
    "feature_utilisation/standard": """
        SELECT account_id, p, max(CAST(used AS DOUBLE)) AS num, 1.0 AS den FROM (
            SELECT e.account_id, e.p, f.feature, bool_or(u.feature IS NOT NULL) AS used
            FROM edges e JOIN {entitlements} f ON f.account_id = e.account_id
                AND coalesce(f.valid_from, TIMESTAMP '1900-01-01') <= e.b AND coalesce(f.valid_to, {far}) > e.b
            LEFT JOIN (SELECT DISTINCT account_id, p, feature FROM {usage}
                       JOIN periods ON event_at >= a AND event_at < b) u
                ON u.account_id = e.account_id AND u.p = e.p AND u.feature = f.feature
            WHERE on_b GROUP BY ALL) GROUP BY account_id, p, feature""",
}
ONBOARDING = {
    "onboarding_completion_rate/standard": """
        SELECT f.account_id, p, CAST(bool_and(coalesce(CAST(completed_at AS DATE) <= CAST(first AS DATE) + 90, FALSE))
               AS DOUBLE) AS num, 1.0 AS den
        FROM firsts f JOIN periods ON first >= a AND first < b JOIN {onboarding} o ON o.account_id = f.account_id
        WHERE first + INTERVAL 90 DAY <= (SELECT known FROM known) GROUP BY ALL""",
}
NEEDS = {
    "contracts": CONTRACTS, "deals": DEALS, "surveys": SURVEYS, "tickets": TICKETS, "usage": USAGE,
    "entitlements": ENTITLED, "onboarding": ONBOARDING,
}  # fmt: skip
VERSION = """
segments AS (
    SELECT account_id, p, coalesce(coalesce(max_by({by}, {since}) FILTER ({since} <= a), min_by({by}, {since})), 'none')
           AS grp FROM {{accounts}}, periods GROUP BY ALL)"""


def sql_kpis(tables, periods: pd.DataFrame, *, grace: int = 30, by: str | None = None) -> pd.DataFrame:
    """Return numerator and denominator by kpi, period and group; the whole book is group ``all``."""
    begin = "WITH " + setup(periods, tables.data_end, grace)
    if by is not None:
        since = "coalesce(valid_from, TIMESTAMP '1900-01-01')" if "valid_from" in tables.columns("accounts") else "a"
        begin += "," + VERSION.format(by=by, since=since)
    grouped = "'all'" if by is None else "grp"
    join = "" if by is None else "JOIN segments USING (account_id, p)"
    selects = [
        f"SELECT '{kpi}' AS kpi, p, {grouped} AS grp, sum(num) AS numerator, sum(den) AS denominator FROM "
        f"({statement.replace('{grace}', str(grace)).replace('{far}', FAR)}) {join} "
        "GROUP BY ALL HAVING sum(abs(num)) + sum(den) > 0"
        for table, statements in NEEDS.items()
        if table in tables
        for kpi, statement in statements.items()
    ]
    return tables.query(begin + " UNION ALL ".join(selects))


def assert_same(table, expected: pd.DataFrame, periods: pd.DataFrame, by: str | None = None) -> int:
    """Hold a KPI table against SQL; return how many figures were compared."""
    ours = table.frame[table.frame["by"] == (by or "all")]
    place = pd.Series(range(len(periods)), index=periods["period_start"])
    ours = ours.assign(key=ours["kpi"] + "/" + ours["definition"], p=ours["period_start"].map(place))
    ours = ours[ours["key"].isin({kpi for part in NEEDS.values() for kpi in part})].fillna({"denominator": 0.0})
    ours = ours[(ours["numerator"] != 0) | (ours["denominator"] != 0)]
    left = ours.set_index(["key", "p", "group"])[["numerator", "denominator"]].sort_index()
    right = expected.set_index(["kpi", "p", "grp"])[["numerator", "denominator"]].astype(float).sort_index()
    right = right[(right.abs() > 1e-9).any(axis=1)]
    left = left[(left.abs() > 1e-9).any(axis=1)]
    assert left.index.tolist() == right.index.tolist(), left.index.symmetric_difference(right.index)[:5]
    assert abs(left.to_numpy() - right.to_numpy()).max(initial=0) < 1e-6
    return len(left)
