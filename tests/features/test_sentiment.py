"""Features of the customer success manager's own view, worked out by hand on small tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys
from hypothesis import given
from hypothesis import strategies as st
from oracle import HOUR, KEYS, LAWFUL, assert_some, in_sql, instants

from cs_ml.engine.bucket import Bucket
from cs_ml.features.sentiment import SentimentBuilder

VIEWS = """
    account_id set_at     csm  level   expires_at
    a          2026-01-10 Aoki neutral 2026-03-01
    a          2026-02-10 Aoki GOOD    2026-05-01
    a          2026-06-01 Aoki poor    -"""
CONTRACTS = """
    account_id start_at
    a          2020-01-01
    z          2020-01-01"""


def built(text: str, *days: str, builder: SentimentBuilder | None = None, zone: str = "UTC") -> pd.DataFrame:
    tables = book(sentiment=text, contracts=CONTRACTS, zone=zone)
    X = (builder or SentimentBuilder()).build(bucket_of(tables), keys(*[("a", day) for day in days]))
    return X.rename(columns=lambda name: name.removeprefix("sentiment_"))


def test_the_newest_view_counts_until_it_expires():
    """A view holds up to the last instant before it expires, so it still does on the day itself."""
    found = built(VIEWS, "2026-01-10", "2026-01-11", "2026-02-11", "2026-05-01", "2026-05-02", "2026-06-02")
    np.testing.assert_array_equal(found["level_latest"], [np.nan, 0, 1, 1, np.nan, -1])
    np.testing.assert_array_equal(found["level_change"], [np.nan, np.nan, 1, 1, np.nan, -2])
    np.testing.assert_array_equal(found["level_recency"], [np.nan, 1, 1, 80, 81, 1])
    np.testing.assert_array_equal(found["expired_current"], [np.nan, 0, 0, 0, 1, 0])


def test_a_new_view_that_has_expired_is_not_replaced_by_an_old_one_that_has_not():
    text = """
        account_id set_at     csm  level expires_at
        a          2026-01-10 Aoki good  -
        a          2026-02-10 Aoki poor  2026-02-20"""
    found = built(text, "2026-02-20", "2026-02-21")
    np.testing.assert_array_equal(found["level_latest"], [-1, np.nan])


def test_a_view_known_late_is_not_used_early():
    text = """
        account_id set_at     csm  level known_at
        a          2026-01-10 Aoki good  2026-01-10
        a          2026-01-20 Aoki poor  2026-02-10"""
    found = built(text, "2026-02-10", "2026-02-11")
    assert found["level_latest"].tolist() == [1, -1]
    assert found["level_recency"].tolist() == [31, 22]


def test_two_views_at_one_instant_are_taken_in_one_order():
    text = """
        account_id set_at     csm  level
        a          2026-01-10 Mori good
        a          2026-01-10 Aoki poor"""
    found = built(text, "2026-02-01")
    assert (found["level_latest"].item(), found["level_change"].item()) == (1, 2)


def test_the_zone_decides_on_the_day():
    text = "account_id set_at csm level expires_at\na 2026-01-31T15:00:00 Aoki good 2026-02-09T15:00:00"
    assert built(text, "2026-02-02", zone="Asia/Tokyo")["level_recency"].tolist() == [1]
    assert built(text, "2026-02-02")["level_recency"].tolist() == [2]
    assert built(text, "2026-02-10", zone="Asia/Tokyo")["expired_current"].tolist() == [0]
    assert built(text, "2026-02-10")["expired_current"].tolist() == [1]


@pytest.mark.parametrize(("word", "number"), [
    ("red", -1), ("Yellow", 0), ("green", 1), ("low", -1), ("medium", 0), ("High", 1), ("very_bad", -1), ("bad", -1),
    ("緑", 1), ("普通", 0), ("at-risk", -1), ("Very High", 1), ("splendid", np.nan),
])  # fmt: skip
def test_words_of_the_usual_scales_have_numbers(word, number):
    text = f"account_id set_at csm level\na 2026-01-10 Aoki {word.replace(' ', '-')}"
    np.testing.assert_array_equal(built(text, "2026-02-01")["level_latest"], [number])
    assert built(text, "2026-02-01")["level_recency"].tolist() == [22]


def test_levels_of_ones_own():
    own = SentimentBuilder(levels=(("a", 3.0), ("b", 2.0)))
    text = "account_id set_at csm level\na 2026-01-10 Aoki B\na 2026-01-11 Aoki a\na 2026-01-12 Aoki good"
    found = built(text, "2026-01-11", "2026-01-12", "2026-01-13", builder=own)
    np.testing.assert_array_equal(found["level_latest"], [2, 3, np.nan])


def test_without_expiry_a_view_holds_and_no_flag_is_made():
    text = "account_id set_at csm level\na 2024-01-10 Aoki good"
    assert list(built(text, "2026-01-11")) == ["level_latest", "level_change", "level_recency"]
    assert built(text, "2026-01-11")["level_latest"].tolist() == [1]


def test_a_bucket_without_rows():
    tables = book(sentiment=VIEWS, contracts=CONTRACTS)
    X = SentimentBuilder().build(bucket_of(tables, ["z"]), keys(("z", "2026-04-01")))
    assert list(X) == [feature.name for feature in SentimentBuilder().features(tables.columns("sentiment"))]
    assert X.isna().all(axis=None)


VIEW = st.tuples(
    st.sampled_from("ab"), HOUR, st.sampled_from([0, 0, 30, 900]), st.sampled_from(["good", "neutral", "poor", "odd"]),
    st.none() | st.integers(0, 4000),
)  # fmt: skip


@LAWFUL
@given(st.lists(VIEW, max_size=12))
def test_views_equal_plain_sql(drawn):
    account, set_at, late, level, holds = zip(*drawn, strict=True) if drawn else [()] * 5
    rows = pd.DataFrame({"account_id": account, "level": level}, dtype=object).assign(set_at=instants(set_at))
    rows = rows.assign(known_at=instants([at + slow for at, slow in zip(set_at, late, strict=True)]))
    ends = [None if days is None else at + days for at, days in zip(set_at, holds, strict=True)]
    bucket = Bucket(np.array(["a", "b", "z"]), {"sentiment": rows.assign(expires_at=instants(ends))})
    sql = """
        WITH numbers(level, number) AS (VALUES ('good', 1.0), ('neutral', 0.0), ('poor', -1.0)),
        seen AS (
            SELECT at, julianday(as_of) - julianday(date(set_at)) AS age, number,
                coalesce(expires_at < as_of, 0) AS expired,
                row_number() OVER (PARTITION BY at ORDER BY set_at DESC, row DESC) AS place
            FROM keys JOIN sentiment USING (account_id) LEFT JOIN numbers USING (level)
            WHERE set_at < as_of AND known_at < as_of)
        SELECT keys.at AS at, one.age AS sentiment_level_recency, one.expired AS sentiment_expired_current,
            CASE WHEN NOT one.expired THEN one.number END AS sentiment_level_latest,
            CASE WHEN NOT one.expired THEN one.number - two.number END AS sentiment_level_change
        FROM keys LEFT JOIN seen AS one ON one.at = keys.at AND one.place = 1
            LEFT JOIN seen AS two ON two.at = keys.at AND two.place = 2"""
    assert_some(SentimentBuilder().build(bucket, KEYS), in_sql(sql, **bucket.frames))
