"""Features of onboarding, worked out by hand on small tables, and compared with plain SQL."""

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
from cs_ml.features.onboarding import OnboardingBuilder

STEPS = """
    account_id step    due_at     completed_at
    a          setup   2026-01-08 2026-01-05T12:00:00
    a          import  2026-01-15 2026-01-25
    a          go_live 2026-02-01 -
    a          review  -          -
    b          setup   2026-01-08 2026-01-08
    c          setup   2026-01-08 -
    c          import  2026-01-08 -"""
CONTRACTS = """
    account_id start_at
    a          2026-01-01
    b          2026-01-01
    c          2026-01-01
    z          2026-01-01"""


def built(*pairs: tuple[str, str], text: str = STEPS, without: str = "", zone: str = "UTC") -> pd.DataFrame:
    bucket = bucket_of(book(onboarding=text, contracts=CONTRACTS, zone=zone))
    frames = {name: rows.drop(columns=without, errors="ignore") for name, rows in bucket.frames.items()}
    X = OnboardingBuilder().build(Bucket(bucket.accounts, frames, clock=bucket.clock), keys(*pairs))
    return X.rename(columns=lambda name: name.removeprefix("onboarding_"))


def of(as_of: str, account: str = "a", **options: str) -> dict[str, object]:
    return built((account, as_of), **options).iloc[0].to_dict()


def test_every_feature_of_four_steps():
    """Setup was three days early and import ten days late; going live is overdue, the review has no date."""
    assert of("2026-02-04") == {
        "completed_share": 2 / 4, "progress_recency": 10, "overdue_count": 1, "delay_days_mean": (-3 + 10) / 2,
        "step_stuck": "go_live",
    }  # fmt: skip


def test_before_anything_is_done_days_run_from_the_first_contract():
    found = of("2026-01-05")
    assert (found["completed_share"], found["progress_recency"], found["overdue_count"]) == (0, 4, 0)
    assert math.isnan(found["delay_days_mean"])
    assert found["step_stuck"] is None


def test_a_step_is_done_and_overdue_from_the_day_after():
    found = built(*[("a", f"2026-01-{day:02d}") for day in (5, 6, 15, 16, 25, 26)])
    assert found["completed_share"].tolist() == [0, 1 / 4, 1 / 4, 1 / 4, 1 / 4, 2 / 4]
    assert found["progress_recency"].tolist() == [4, 1, 10, 11, 20, 1]
    assert found["overdue_count"].tolist() == [0, 0, 0, 1, 1, 0]
    assert found["step_stuck"].fillna("").tolist() == ["", "", "", "import", "import", ""]


def test_an_onboarding_that_is_finished_stands_still_no_longer():
    assert of("2026-03-01", "b") == {
        "completed_share": 1, "progress_recency": 0, "overdue_count": 0, "delay_days_mean": 0, "step_stuck": None,
    }  # fmt: skip


def test_of_two_steps_due_on_one_day_the_first_row_is_stuck():
    found = of("2026-01-09", "c")
    assert (found["overdue_count"], found["step_stuck"]) == (2, "import")


def test_an_account_without_steps_has_nothing():
    found = of("2026-03-01", "z")
    assert found.pop("step_stuck") is None
    assert all(math.isnan(value) for value in found.values())


def test_a_step_known_late_is_not_used_early():
    text = """
        account_id step    due_at     completed_at known_at
        a          setup   2026-01-08 2026-01-09   2026-01-01
        a          again   2026-01-08 -            2026-02-10"""
    early, late = of("2026-02-10", text=text), of("2026-02-11", text=text)
    assert (early["completed_share"], early["overdue_count"]) == (1, 0)
    assert (late["completed_share"], late["overdue_count"], late["step_stuck"]) == (1 / 2, 1, "again")


def test_the_zone_decides_on_the_day():
    assert of("2026-01-06", zone="UTC")["completed_share"] == 1 / 4
    text = STEPS.replace("2026-01-05T12:00:00", "2026-01-05T15:00:00")
    assert of("2026-01-06", zone="Asia/Tokyo", text=text)["completed_share"] == 0


@pytest.mark.parametrize(("column", "left"), [
    ("due_at", ["completed_share", "progress_recency"]), ("completed_at", []),
    ("known_by_nobody", ["completed_share", "progress_recency", "overdue_count", "delay_days_mean", "step_stuck"]),
])  # fmt: skip
def test_columns_that_are_absent_make_no_features(column, left):
    assert list(built(("a", "2026-02-04"), without=column)) == left
    present = {"step", "due_at", "completed_at"} - {column}
    assert [feature.name for feature in OnboardingBuilder().features(present)] == [
        f"onboarding_{name}" for name in left
    ]


def test_without_contracts_days_run_from_the_last_step_only():
    bucket = bucket_of(book(onboarding=STEPS, contracts=CONTRACTS))
    alone = Bucket(bucket.accounts, {"onboarding": bucket.frames["onboarding"]})
    X = OnboardingBuilder().build(alone, keys(("a", "2026-01-05"), ("a", "2026-01-07")))
    np.testing.assert_array_equal(X["onboarding_progress_recency"], [np.nan, 2])


STEP = st.tuples(st.sampled_from("ab"), st.none() | HOUR, st.none() | HOUR, st.none() | LATE)
SQL = """
    WITH seen AS (
        SELECT at, as_of, onboarding.*, julianday(as_of) - julianday(date(completed_at)) AS done_ago,
               coalesce(completed_at < as_of, 0) AS done, coalesce(date(due_at) < date(as_of), 0) AS fallen_due
        FROM keys JOIN onboarding USING (account_id) WHERE known_at IS NULL OR known_at < as_of),
    begun AS (
        SELECT at, max(julianday(as_of) - julianday(date(start_at))) AS ago
        FROM keys JOIN contracts USING (account_id) WHERE start_at < as_of AND known_at < as_of GROUP BY at)
    SELECT keys.at AS at, avg(done) AS onboarding_completed_share,
        CASE WHEN min(done) = 1 THEN 0 WHEN count(done) > 0 THEN coalesce(
            min(coalesce(min(done_ago) FILTER (WHERE done), ago), coalesce(ago, min(done_ago) FILTER (WHERE done))),
            NULL) END AS onboarding_progress_recency,
        CASE WHEN count(due_at) > 0 THEN count(*) FILTER (WHERE fallen_due AND NOT done) END
            AS onboarding_overdue_count,
        avg(julianday(date(completed_at)) - julianday(date(due_at))) FILTER (WHERE done) AS onboarding_delay_days_mean,
        (SELECT step FROM seen AS late WHERE late.at = keys.at AND fallen_due AND NOT done
            ORDER BY date(due_at), row LIMIT 1) AS onboarding_step_stuck
    FROM keys LEFT JOIN seen ON seen.at = keys.at LEFT JOIN begun ON begun.at = keys.at GROUP BY keys.at"""


@LAWFUL
@given(st.lists(STEP, max_size=10), st.lists(st.tuples(st.sampled_from("ab"), HOUR), max_size=3))
def test_oracle_onboarding_equals_plain_sql(drawn, lines):
    account, due, done, late = columns(drawn, 4)
    rows = pd.DataFrame({"account_id": account, "step": [f"s{at}" for at in range(len(account))]}, dtype=object).assign(
        due_at=instants(due), completed_at=instants(done), known_at=instants(later(due, late))
    )
    holder, start = columns(lines, 2)
    contracts = pd.DataFrame({"account_id": holder}, dtype=object).assign(
        start_at=instants(start), known_at=instants(start)
    )
    X = OnboardingBuilder().build(held(onboarding=rows, contracts=contracts), KEYS)
    assert_same(X, in_sql(SQL, onboarding=rows, contracts=contracts))
