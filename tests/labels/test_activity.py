from __future__ import annotations

import pandas as pd
import pytest
from builders import book, keys

from cs_ml.errors import FrameError
from cs_ml.labels import FunctionLabeler, GrowthLabeler, InactivityLabeler, TableLabeler

USAGE = """
    account_id event_at            quantity
    silent     2026-01-15T12:00:00 10
    busy       2026-01-15T12:00:00 10
    busy       2026-03-31T12:00:00 13
    edge       2026-01-15T12:00:00 10
    edge       2026-05-02T00:00:00 99
"""


def spine(*accounts: str, as_of: str = "2026-02-01") -> pd.DataFrame:
    return pd.DataFrame(index=keys(*[(account, as_of) for account in accounts]))


def test_inactivity_is_no_usage_at_all_in_the_horizon():
    tables = book(data_end="2026-06-01", usage=USAGE)
    assert InactivityLabeler(90).label(tables, spine("silent", "busy", "edge"))["state"].tolist() == ["1", "0", "1"]
    assert InactivityLabeler(91).label(tables, spine("edge"))["state"].tolist() == ["0"]


def test_growth_compares_with_the_same_time_before():
    tables = book(data_end="2026-06-01", usage=USAGE)
    assert GrowthLabeler(90, min_increase=0.25).label(tables, spine("silent", "busy"))["label"].tolist() == [0.0, 1.0]
    assert GrowthLabeler(90, min_increase=0.3).label(tables, spine("busy"))["label"].tolist() == [0.0]


def test_growth_needs_something_to_grow_from():
    tables = book(data_end="2026-09-01", usage=USAGE)
    assert GrowthLabeler(30).label(tables, spine("silent", as_of="2026-05-01"))["state"].tolist() == ["censored"]


def test_growth_is_told_where_usage_was_known_to_grow_from():
    usage = """
        account_id event_at            known_at
        used       2026-01-15T12:00:00 2026-01-16
        late       2026-01-15T12:00:00 2026-02-01
    """
    tables = book(data_end="2026-06-01", usage=usage)
    asked = spine("used", "late", "never")
    assert GrowthLabeler(17).eligible(tables, asked).tolist() == [True, False, False]
    assert GrowthLabeler(16).eligible(tables, asked).tolist() == [False, False, False]


@pytest.mark.parametrize(("zone", "told"), [("UTC", False), ("Asia/Tokyo", True), ("America/New_York", False)])
def test_the_time_before_is_one_of_days_of_the_book(zone, told):
    tables = book(data_end="2026-06-01", zone=zone, usage="account_id event_at\nlate 2026-01-21T15:00:00\n")
    assert GrowthLabeler(10).eligible(tables, spine("late")).tolist() == [told]


def test_the_horizon_must_have_passed():
    tables = book(data_end="2026-05-03", usage=USAGE)
    assert InactivityLabeler(92).label(tables, spine("busy"))["state"].tolist() == ["immature"]


def test_own_labels_from_a_table():
    table = pd.DataFrame({"account_id": ["a", "b"], "as_of": ["2026-02-01", "2026-02-01"], "label": [1, 0]})
    labelled = TableLabeler(table).label(None, spine("a", "b", "c"))
    assert labelled["state"].tolist() == ["1", "0", "immature"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": [2, 0]}, "expected 1, 0 or missing, found 2"),
        ({"account_id": ["a", "a"]}, "one row an account and date"),
    ],
)
def test_own_labels_are_checked(change, message):
    table = pd.DataFrame({"account_id": ["a", "b"], "as_of": ["2026-02-01"] * 2, "label": [1, 0]} | change)
    with pytest.raises(FrameError, match=message):
        TableLabeler(table).label(None, spine("a", "b"))


def test_own_labels_from_a_function_are_immature_until_their_horizon_has_passed():
    tables = book(data_end="2026-05-03", usage=USAGE)
    labeler = FunctionLabeler(lambda _, spine: pd.Series(1.0, index=spine.index), horizon_days=30)
    assert labeler.label(tables, spine("a"))["state"].tolist() == ["1"]
    assert labeler.label(tables, spine("a", as_of="2026-04-04"))["state"].tolist() == ["immature"]
