"""Features of surveys, worked out by hand on small tables."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys

from cs_ml.engine.bucket import Bucket
from cs_ml.features.snapshot import SnapshotBuilder
from cs_ml.features.surveys import SurveysBuilder
from cs_ml.timeline import make_spine

NPS = """
    response_id account_id kind sent_at    answered_at score
    1           a          nps  2025-06-01 2025-06-02  3
    2           a          nps  2025-12-01 2025-12-05  8
    3           a          nps  2026-03-01 2026-03-03  6
    4           a          nps  2026-05-01 -           -
    5           a          csat 2026-05-01 2026-05-01  5
    6           b          nps  2026-05-01 -           -"""
CONTRACTS = """
    account_id start_at
    a          2020-01-01
    b          2020-01-01
    z          2020-01-01"""

SURVEYS = SnapshotBuilder((SurveysBuilder("nps"), SurveysBuilder("csat")))


def built(text: str, *pairs: tuple[str, str], kind: str = "nps", zone: str = "UTC") -> pd.DataFrame:
    tables = book(surveys=text, contracts=CONTRACTS, zone=zone)
    X = SurveysBuilder(kind).build(bucket_of(tables), keys(*pairs))
    return X.rename(columns=lambda name: name.removeprefix(f"{kind}_"))


def of(text: str, as_of: str, **options: str) -> dict[str, float]:
    return built(text, ("a", as_of), **options).iloc[0].to_dict()


def test_every_feature_of_three_answers():
    """The first answer is 365 days old on 2 June, so it still counts; the fourth survey was not answered."""
    assert of(NPS, "2026-06-02") == {
        "score_latest": 6, "score_change": 6 - (3 + 8) / 2, "score_mean_365d": (3 + 8 + 6) / 3,
        "response_recency": 91, "response_rate_365d": 2 / 3, "unanswered_count_365d": 1,
    }  # fmt: skip
    assert of(NPS, "2026-06-03")["score_change"] == 6 - 8


def test_an_answer_counts_from_the_day_after_it_came():
    assert of(NPS, "2026-03-03")["score_latest"] == 8
    assert of(NPS, "2026-03-04")["score_latest"] == 6
    assert [of(NPS, date)["response_rate_365d"] for date in ("2026-03-03", "2026-03-04")] == [2 / 3, 1]
    assert [of(NPS, date)["unanswered_count_365d"] for date in ("2026-03-03", "2026-03-04")] == [1, 0]


def test_a_survey_counts_as_asked_from_the_day_after_it_was_sent():
    found = built(NPS, ("b", "2026-05-01"), ("b", "2026-05-02"), ("b", "2027-05-01"), ("b", "2027-05-02"))
    np.testing.assert_array_equal(found["response_rate_365d"], [np.nan, 0, 0, np.nan])
    assert found["unanswered_count_365d"].tolist() == [0, 1, 1, 0]
    assert found[["score_latest", "score_change", "score_mean_365d", "response_recency"]].isna().all(axis=None)


def test_an_old_answer_stays_the_latest_and_has_no_change():
    found = of(NPS, "2028-01-01")
    assert (found["score_latest"], found["response_recency"]) == (6, 669)
    assert math.isnan(found["score_change"])
    assert math.isnan(found["score_mean_365d"])


def test_the_only_answer_of_a_year_has_no_change():
    assert math.isnan(of(NPS, "2025-07-01")["score_change"])
    assert of(NPS, "2025-07-01")["score_mean_365d"] == 3


def test_two_answers_at_one_instant_are_taken_in_the_order_of_their_ids():
    text = """
        response_id account_id kind sent_at    answered_at score
        1           a          nps  2026-01-01 2026-01-02  9
        2           a          nps  2026-01-01 2026-01-02  2"""
    assert of(text, "2026-02-01")["score_latest"] == 2
    assert of(text, "2026-02-01")["score_change"] == 2 - 9


def test_a_change_within_the_year_counts_its_first_day():
    text = """
        response_id account_id kind sent_at    answered_at         score
        1           a          nps  2025-01-10 2025-01-10T09:00:00 9
        2           a          nps  2025-01-10 2025-01-10T10:00:00 2"""
    assert of(text, "2026-01-10")["score_change"] == 2 - 9
    assert math.isnan(of(text, "2026-01-11")["score_change"])


def test_a_row_known_late_is_not_used_early():
    text = """
        response_id account_id kind sent_at    answered_at score known_at
        1           a          nps  2026-01-01 2026-01-02  9     2026-01-01
        2           a          nps  2026-01-10 2026-01-11  2     2026-02-15"""
    assert [of(text, date)["score_latest"] for date in ("2026-02-15", "2026-02-16")] == [9, 2]
    assert [of(text, date)["unanswered_count_365d"] for date in ("2026-01-02", "2026-02-15")] == [1, 0]


def test_csat_is_brought_to_the_unit_interval():
    text = """
        response_id account_id kind sent_at    answered_at score scale_max
        1           a          csat 2026-01-01 2026-01-01  1     5
        2           a          csat 2026-01-02 2026-01-02  4     -
        3           a          csat 2026-01-03 2026-01-03  10    10
        4           a          csat 2026-01-04 2026-01-04  0     7
        5           a          csat 2026-01-05 2026-01-05  1     1"""
    days = [("a", f"2026-01-0{day}") for day in range(2, 7)]
    assert built(text, *days, kind="csat")["score_latest"].tolist() == [0, 0.75, 1, 0, 1]
    assert of(text, "2026-01-03", kind="csat")["score_change"] == 0.75
    assert "unanswered_count_365d" not in of(text, "2026-01-03", kind="csat")


def test_each_kind_sees_its_own_answers():
    assert of(NPS, "2026-06-02", kind="csat")["score_latest"] == 1
    assert of(NPS, "2026-06-02", kind="csat")["response_rate_365d"] == 1
    assert set(built(NPS, ("z", "2026-06-02"), kind="csat").iloc[0].isna()) == {True}


def test_an_answer_without_score_is_no_answer():
    text = """
        response_id account_id kind sent_at    answered_at score
        1           a          nps  2026-01-01 2026-01-02  -
        2           a          nps  2026-01-01 -           7"""
    found = of(text, "2026-02-01")
    assert (found["response_rate_365d"], found["unanswered_count_365d"]) == (0, 2)
    assert math.isnan(found["score_latest"])


def test_the_zone_decides_on_the_day_of_an_answer():
    text = """
        response_id account_id kind sent_at             answered_at         score
        1           a          nps  2026-01-31T10:00:00 2026-01-31T15:00:00 7"""
    assert of(text, "2026-02-01", zone="UTC")["score_latest"] == 7
    assert math.isnan(of(text, "2026-02-01", zone="Asia/Tokyo")["score_latest"])
    assert of(text, "2026-02-02", zone="Asia/Tokyo")["response_recency"] == 1


def test_a_bucket_without_rows():
    X = SurveysBuilder().build(bucket_of(book(surveys=NPS, contracts=CONTRACTS), ["z"]), keys(("z", "2026-06-01")))
    assert X.pop("nps_unanswered_count_365d").tolist() == [0]
    assert X.isna().all(axis=None)


CSAT = """
    response_id account_id kind sent_at    answered_at score
    1           a          csat 2026-05-01 2026-05-01  5"""


def test_a_kind_of_which_there_is_no_survey_makes_no_features():
    only = book(surveys=CSAT, contracts=CONTRACTS)
    assert SurveysBuilder("csat").suited(only) == SurveysBuilder("csat")
    assert SurveysBuilder("nps").suited(only) is None
    assert {name.split("_")[0] for name in SURVEYS.catalog(only).index} == {"csat"}
    assert {name.split("_")[0] for name in SURVEYS.catalog(book(surveys=NPS, contracts=CONTRACTS)).index} == {
        "nps",
        "csat",
    }


def test_columns_do_not_hang_on_what_is_known_at_a_date():
    """Rows that are deleted, as the audit does, leave the kinds of the whole table."""
    tables = book(surveys=NPS, contracts=CONTRACTS)
    emptied = tables.replaced({name: tables.frame(name).iloc[:1] for name in tables.names})
    assert list(SURVEYS.catalog(emptied).index) == list(SURVEYS.catalog(tables).index)


def test_what_a_model_was_trained_on_is_made_even_where_no_row_is_of_its_kind():
    spine = make_spine(book(surveys=CSAT, contracts=CONTRACTS, data_end="2026-06-01"), start="2026-06-01")
    trained = replace(SURVEYS, trained=frozenset(SURVEYS.catalog(book(surveys=NPS, contracts=CONTRACTS)).index))
    X = trained.build(book(surveys=CSAT, contracts=CONTRACTS), spine)
    assert set(X) == trained.trained
    assert X["nps_score_latest"].isna().all()
    assert X["csat_score_latest"].tolist()[0] == 1


@pytest.mark.parametrize(("columns", "count"), [
    (["kind", "score"], 0), (["kind", "answered_at", "sent_at"], 0), (["kind", "score", "answered_at"], 4),
    (["kind", "score", "answered_at", "sent_at"], 6),
])  # fmt: skip
def test_columns_that_are_absent_make_no_features(columns, count):
    tables = book(surveys=NPS, contracts=CONTRACTS)
    rows = tables.frame("surveys")[["account_id", "known_at", *columns]]
    X = SurveysBuilder().build(Bucket(tables.accounts(), {"surveys": rows}), keys(("a", "2026-06-01")))
    assert list(X) == [feature.name for feature in SurveysBuilder().features(columns)]
    assert X.shape == (1, count)
