"""Features of marketing, worked out by hand on small tables, and compared with plain SQL."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys
from hypothesis import given
from hypothesis import strategies as st
from oracle import HOUR, KEYS, LATE, LAWFUL, assert_same, columns, held, in_sql, instants, later

from cs_ml.engine.bucket import Bucket
from cs_ml.features.marketing import MarketingBuilder
from cs_ml.tables import Tables

EVENTS = """
    account_id happened_at         kind        product
    a          2025-06-01          webinar     extra
    a          2026-03-01          white_paper core
    a          2026-03-03          page_view   extra
    a          2026-05-20          page_view   extra
    a          2026-05-25          fair        -
    b          2026-05-25          page_view   core"""
CONTRACTS = """
    account_id start_at   end_at     product
    a          2020-01-01 -          core
    a          2026-05-30 -          extra
    b          2020-01-01 2026-06-01 core
    z          2020-01-01 -          core"""


def tables_of(text: str = EVENTS, contracts: str = CONTRACTS, zone: str = "UTC") -> Tables:
    return book(marketing=text, contracts=contracts, zone=zone, data_end="2027-01-01")


def built(*pairs: tuple[str, str], text: str = EVENTS, zone: str = "UTC", **options) -> pd.DataFrame:
    X = MarketingBuilder(**options).build(bucket_of(tables_of(text, zone=zone)), keys(*pairs))
    return X.rename(columns=lambda name: name.removeprefix("marketing_"))


def of(as_of: str, account: str = "a", **options) -> dict[str, float]:
    return built((account, as_of), **options).iloc[0].to_dict()


def test_every_feature_of_five_reactions():
    """On 30 May the extra product is not yet owned; 1 March lies 90 days back, 1 June last year 363."""
    assert of("2026-05-30") == {
        "events_count_30d": 2, "events_count_90d": 4, "events_count_365d": 5,
        "page_view_count_30d": 1, "page_view_count_90d": 2, "page_view_count_365d": 2,
        "white_paper_count_30d": 0, "white_paper_count_90d": 1, "white_paper_count_365d": 1,
        "webinar_count_30d": 0, "webinar_count_90d": 0, "webinar_count_365d": 1,
        "mail_open_count_30d": 0, "mail_open_count_90d": 0, "mail_open_count_365d": 0,
        "events_recency": 5, "other_products_count_30d": 1, "other_products_count_90d": 2,
        "other_products_count_365d": 3, "other_products_recency": 10,
    }  # fmt: skip


def test_windows_count_their_first_day_and_not_the_date_itself():
    dates = ["2026-05-20", "2026-05-21", "2026-06-01", "2026-06-02", "2026-06-19", "2026-06-20"]
    found = built(*[("a", date) for date in dates])
    assert found["page_view_count_30d"].tolist() == [0, 1, 1, 1, 1, 0]
    assert found["webinar_count_365d"].tolist() == [1, 1, 1, 0, 0, 0]
    assert found["events_recency"].tolist() == [78, 1, 7, 8, 25, 26]


def test_a_product_that_was_bought_is_of_no_further_interest():
    found = built(("a", "2026-05-30"), ("a", "2026-05-31"))
    assert found["other_products_count_365d"].tolist() == [3, 0]
    np.testing.assert_array_equal(found["other_products_recency"], [10, np.nan])


def test_a_product_whose_contract_ended_is_owned_no_longer():
    assert built(("b", "2026-06-01"), ("b", "2026-06-02"))["other_products_count_30d"].tolist() == [0, 1]


def test_an_account_without_reactions_counts_zero():
    found = of("2026-05-30", "z")
    assert {name for name, value in found.items() if math.isnan(value)} == {"events_recency", "other_products_recency"}
    assert {value for value in found.values() if not math.isnan(value)} == {0}


def test_a_reaction_known_late_is_not_used_early():
    text = """
        account_id happened_at kind    known_at
        a          2026-01-01  webinar 2026-01-20"""
    assert [of(date, text=text)["webinar_count_30d"] for date in ("2026-01-20", "2026-01-21")] == [0, 1]


def test_the_zone_decides_on_the_day():
    text = """
        account_id happened_at         kind
        a          2026-01-31T15:00:00 webinar"""
    assert [of("2026-02-01", text=text, zone=zone)["webinar_count_30d"] for zone in ("UTC", "Asia/Tokyo")] == [1, 0]


def test_kinds_and_windows_are_fixed_beforehand():
    names = list(built(("a", "2026-05-30"), kinds=("fair", "phone call"), windows=(14,)))
    assert names[:4] == ["events_count_14d", "fair_count_14d", "phone call_count_14d", "events_recency"]
    assert of("2026-05-30", kinds=("fair",), windows=(14,))["fair_count_14d"] == 1


@pytest.mark.parametrize(("contracts", "told"), [
    (CONTRACTS, True), (CONTRACTS.replace("product", "plan   "), False),
])  # fmt: skip
def test_interest_needs_a_table_that_tells_what_is_owned(contracts, told):
    tables = tables_of(contracts=contracts)
    builder = MarketingBuilder().suited(tables)
    X = builder.build(bucket_of(tables), keys(("a", "2026-05-30")))
    assert ("marketing_other_products_recency" in X) == told
    assert list(X) == [feature.name for feature in builder.features(tables.columns("marketing"))]


def test_without_products_there_is_no_interest():
    rows = tables_of().frame("marketing").drop(columns="product")
    X = MarketingBuilder().build(Bucket(np.array(["a"]), {"marketing": rows}), keys(("a", "2026-05-30")))
    assert not [name for name in X if "other" in name]


def test_a_bucket_without_rows():
    X = MarketingBuilder().build(bucket_of(tables_of(), ["z"]), keys(("z", "2026-06-01")))
    assert X["marketing_events_count_365d"].tolist() == [0]
    assert X["marketing_other_products_count_365d"].tolist() == [0]


REACTION = st.tuples(
    st.sampled_from("ab"), HOUR, LATE, st.sampled_from(["page_view", "webinar", "fair"]),
    st.sampled_from([None, "core", "extra", "more"]),
)  # fmt: skip
LINE = st.tuples(st.sampled_from("ab"), HOUR, st.none() | HOUR, LATE, st.sampled_from([None, "core", "extra"]))
SQL = """
    WITH owned AS (
        SELECT at, product FROM keys JOIN contracts USING (account_id)
        WHERE start_at < as_of AND known_at < as_of AND (end_at IS NULL OR date(end_at) >= date(as_of))),
    seen AS (
        SELECT at, julianday(as_of) - julianday(date(happened_at)) AS age, kind,
               product IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM owned WHERE owned.at = keys.at AND owned.product = marketing.product) AS other
        FROM keys JOIN marketing USING (account_id) WHERE happened_at < as_of AND known_at < as_of)
    SELECT keys.at AS at, count(*) FILTER (WHERE age <= 30) AS marketing_events_count_30d,
        count(*) FILTER (WHERE age <= 365) AS marketing_events_count_365d,
        count(*) FILTER (WHERE age <= 30 AND kind = 'webinar') AS marketing_webinar_count_30d,
        count(*) FILTER (WHERE age <= 365 AND kind = 'webinar') AS marketing_webinar_count_365d,
        min(age) AS marketing_events_recency,
        count(*) FILTER (WHERE age <= 30 AND other) AS marketing_other_products_count_30d,
        count(*) FILTER (WHERE age <= 365 AND other) AS marketing_other_products_count_365d,
        min(age) FILTER (WHERE other) AS marketing_other_products_recency
    FROM keys LEFT JOIN seen ON seen.at = keys.at GROUP BY keys.at"""


@LAWFUL
@given(st.lists(REACTION, max_size=14), st.lists(LINE, max_size=5))
def test_oracle_marketing_equals_plain_sql(drawn, lines):
    account, happened, late, kind, product = columns(drawn, 5)
    rows = pd.DataFrame({"account_id": account, "kind": kind, "product": product}, dtype=object).assign(
        happened_at=instants(happened), known_at=instants(later(happened, late))
    )
    holder, start, length, slow, sold = columns(lines, 5)
    contracts = pd.DataFrame({"account_id": holder, "product": sold}, dtype=object).assign(
        start_at=instants(start), end_at=instants(later(start, length)), known_at=instants(later(start, slow))
    )
    X = MarketingBuilder(("webinar",), (30, 365)).build(held(marketing=rows, contracts=contracts), KEYS)
    assert_same(X, in_sql(SQL, marketing=rows, contracts=contracts))
