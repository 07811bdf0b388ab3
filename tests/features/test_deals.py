"""Features of deals, worked out by hand on small tables, and compared with plain SQL."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys
from hypothesis import given
from hypothesis import strategies as st
from oracle import HOUR, KEYS, LATE, LAWFUL, WAIT, assert_same, columns, held, in_sql, instants, later

from cs_ml.features.deals import DealsBuilder

DEALS = """
    deal_id account_id kind       opened_at  amount closed_at  won
    1       a          new        2024-01-01 100    2024-02-01 true
    2       a          upsell     2025-05-01 200    2025-06-01 true
    3       a          cross_sell 2025-07-01 300    2025-08-01 false
    4       a          upsell     2026-05-01 400    -          -
    5       a          cross_sell 2026-05-11 -      2026-06-10 true
    6       a          renewal    2026-05-21 500    -          -
    7       a          downsell   2026-05-31 -50    -          -
    8       b          upsell     2026-05-01 -      -          -"""
CONTRACTS = """
    account_id start_at
    a          2020-01-01
    b          2020-01-01
    z          2020-01-01"""


def built(text: str, *pairs: tuple[str, str], zone: str = "UTC") -> pd.DataFrame:
    tables = book(deals=text, contracts=CONTRACTS, zone=zone, data_end="2027-01-01")
    X = DealsBuilder().build(bucket_of(tables), keys(*pairs))
    return X.rename(columns=lambda name: name.removeprefix("deals_"))


def of(as_of: str, account: str = "a", text: str = DEALS, **options: str) -> dict[str, float]:
    return built(text, (account, as_of), **options).iloc[0].to_dict()


def same(found: dict[str, float], expected: dict[str, float]) -> None:
    assert list(found) == list(expected)
    np.testing.assert_array_equal(list(found.values()), list(expected.values()))


def test_every_feature_of_seven_deals():
    """On 1 June the upsell of last year was closed 365 days ago; the cross-sell that will be won is still open."""
    same(of("2026-06-01"), {
        "open_count": 4, "open_age_max": 31, "downsell_open_count": 1, "opened_recency": 1,
        "expansion_opened_count_365d": 3, "expansion_open_count": 2, "expansion_open_age_max": 31,
        "expansion_pipeline_amount": 400, "expansion_won_count_365d": 1, "expansion_lost_count_365d": 1,
        "expansion_win_rate_365d": 1 / 2,
        "renewal_opened_count_365d": 1, "renewal_open_count": 1, "renewal_open_age_max": 11,
        "renewal_pipeline_amount": 500, "renewal_won_count_365d": 0, "renewal_lost_count_365d": 0,
        "renewal_win_rate_365d": math.nan,
    })  # fmt: skip


def test_a_deal_is_open_until_the_day_after_it_was_closed():
    found = built(DEALS, *[("a", f"2026-06-{day:02d}") for day in (2, 10, 11)])
    assert found["expansion_open_count"].tolist() == [2, 2, 1]
    assert found["expansion_won_count_365d"].tolist() == [0, 0, 1]
    np.testing.assert_array_equal(found["expansion_win_rate_365d"], [0, 0, 1 / 2])


def test_a_deal_counts_from_the_day_after_it_was_opened():
    assert built(DEALS, ("a", "2026-05-21"), ("a", "2026-05-22"))["renewal_open_count"].tolist() == [0, 1]


def test_open_deals_without_any_amount_have_no_pipeline():
    found = of("2026-06-01", "b")
    assert found["expansion_open_count"] == 1
    assert math.isnan(found["expansion_pipeline_amount"])
    assert found["renewal_pipeline_amount"] == 0


def test_a_closed_deal_that_does_not_say_how_counts_as_neither():
    text = """
        deal_id account_id kind   opened_at  closed_at  won
        1       a          upsell 2026-01-01 2026-02-01 -"""
    found = of("2026-03-01", text=text)
    assert [found[f"expansion_{name}_count_365d"] for name in ("won", "lost")] == [0, 0]
    assert (found["expansion_open_count"], math.isnan(found["expansion_win_rate_365d"])) == (0, True)


def test_an_account_without_deals():
    found = of("2026-06-01", "z")
    assert {name for name, value in found.items() if math.isnan(value)} == {
        "open_age_max", "opened_recency", "expansion_open_age_max", "expansion_win_rate_365d", "renewal_open_age_max",
        "renewal_win_rate_365d",
    }  # fmt: skip
    assert {value for value in found.values() if not math.isnan(value)} == {0}


def test_a_deal_known_late_is_not_used_early():
    text = """
        deal_id account_id kind   opened_at  closed_at  won  known_at
        1       a          upsell 2026-01-01 2026-01-05 true 2026-02-15"""
    assert [of(date, text=text)["expansion_won_count_365d"] for date in ("2026-02-15", "2026-02-16")] == [0, 1]


def test_the_zone_decides_on_the_day():
    text = """
        deal_id account_id kind   opened_at  closed_at           won
        1       a          upsell 2026-01-01 2026-01-31T15:00:00 true"""
    found = [of("2026-02-01", text=text, zone=zone)["expansion_open_count"] for zone in ("UTC", "Asia/Tokyo")]
    assert found == [0, 1]


@pytest.mark.parametrize(("column", "left"), [
    ("closed_at", {"opened_recency", "expansion_opened_count_365d", "renewal_opened_count_365d"}),
    ("won", None), ("amount", None),
])  # fmt: skip
def test_columns_that_are_absent_make_no_features(column, left):
    rows = book(deals=DEALS, contracts=CONTRACTS).frame("deals").drop(columns=column)
    X = DealsBuilder().build(held(deals=rows), keys(("a", "2026-06-01")))
    assert list(X) == [feature.name for feature in DealsBuilder().features(rows.columns)]
    words = {"won": ("_won_", "_lost_", "_win_"), "amount": ("_pipeline_",)}.get(column, ())
    whole = {name for name in of("2026-06-01") if not any(word in f"_{name}" for word in words)}
    assert {name.removeprefix("deals_") for name in X} == (left or whole)


def test_a_bucket_without_rows():
    X = DealsBuilder().build(bucket_of(book(deals=DEALS, contracts=CONTRACTS), ["z"]), keys(("z", "2026-06-01")))
    assert X["deals_open_count"].tolist() == [0]


DEAL = st.tuples(
    st.sampled_from("ab"), st.sampled_from(["new", "renewal", "upsell", "cross_sell", "downsell"]), HOUR, LATE,
    st.none() | WAIT, st.sampled_from([None, True, False]), st.none() | st.integers(0, 9),
)  # fmt: skip
GROUP = """
    count(*) FILTER (WHERE {kinds} AND age <= 365) AS deals_{group}_opened_count_365d,
    count(*) FILTER (WHERE {kinds} AND NOT closed) AS deals_{group}_open_count,
    max(age) FILTER (WHERE {kinds} AND NOT closed) AS deals_{group}_open_age_max,
    CASE WHEN count(*) FILTER (WHERE {kinds} AND NOT closed) = 0 THEN 0
        ELSE sum(amount) FILTER (WHERE {kinds} AND NOT closed) END AS deals_{group}_pipeline_amount,
    count(*) FILTER (WHERE {kinds} AND recent AND won) AS deals_{group}_won_count_365d,
    count(*) FILTER (WHERE {kinds} AND recent AND NOT won) AS deals_{group}_lost_count_365d,
    avg(won) FILTER (WHERE {kinds} AND recent) AS deals_{group}_win_rate_365d,"""
SQL = f"""
    WITH seen AS (
        SELECT at, as_of, deals.*, julianday(as_of) - julianday(date(opened_at)) AS age,
               coalesce(closed_at < as_of, 0) AS closed
        FROM keys JOIN deals USING (account_id) WHERE opened_at < as_of AND known_at < as_of),
    dated AS (SELECT *, closed AND closed_at >= datetime(as_of, '-365 days') AS recent FROM seen)
    SELECT keys.at AS at, {GROUP.format(group="expansion", kinds="kind IN ('upsell', 'cross_sell')")}
        {GROUP.format(group="renewal", kinds="kind = 'renewal'")}
        count(*) FILTER (WHERE NOT closed) AS deals_open_count,
        max(age) FILTER (WHERE NOT closed) AS deals_open_age_max,
        count(*) FILTER (WHERE NOT closed AND kind = 'downsell') AS deals_downsell_open_count,
        min(age) AS deals_opened_recency
    FROM keys LEFT JOIN dated ON dated.at = keys.at GROUP BY keys.at"""


@LAWFUL
@given(st.lists(DEAL, max_size=14))
def test_oracle_deals_equal_plain_sql(drawn):
    account, kind, opened, late, wait, won, amount = columns(drawn, 7)
    rows = pd.DataFrame({"account_id": account, "kind": kind, "won": won}, dtype=object).assign(
        opened_at=instants(opened), known_at=instants(later(opened, late)), closed_at=instants(later(opened, wait)),
        amount=np.array(amount, dtype=float),
    )  # fmt: skip
    assert_same(DealsBuilder().build(held(deals=rows), KEYS), in_sql(SQL, deals=rows))
