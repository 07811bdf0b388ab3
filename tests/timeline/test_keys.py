"""Accounts and days are read as they are written, or refused with an example."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from cs_ml.errors import FrameError
from cs_ml.timeline.keys import read_accounts, read_days

DAY = pd.Timestamp("2026-01-31")
WRITTEN = [
    "2026-01-31",
    "2026/1/31",
    "20260131",
    " 2026-01-31 ",
    "2026-01-31T23:59:59Z",
    "2026-01-31 00:30:00+09:00",
    20260131,
    20260131.0,
    dt.date(2026, 1, 31),
    pd.Timestamp("2026-01-31 23:00"),
    pd.Timestamp("2026-01-31 01:00", tz="Asia/Tokyo"),
]
WRONG = ["31/01/2026", "2026-13-01", "2026-02-30", "2026111", "soon", "", None, 20.5, 3, "1999/01-02", pd.NaT]


@pytest.mark.parametrize("written", WRITTEN, ids=str)
def test_days(written):
    assert read_days(pd.Series([written]), "x").tolist() == [DAY]


@pytest.mark.parametrize("written", WRONG, ids=str)
def test_what_is_no_day_is_named_and_counted(written):
    with pytest.raises(FrameError, match=r"t\.as_of: expected a day such as 2026-01-31, found .* \(1 row\)"):
        read_days(pd.Series([written]), "t.as_of")


def test_days_with_offsets_that_differ():
    written = pd.Series(["2026-01-31T00:00:00+09:00", "2026-01-31T00:00:00-05:00"])
    assert read_days(written, "x").tolist() == [DAY, DAY]


@pytest.mark.parametrize(("written", "read"), [("007", "007"), (7, "7"), (7.0, "7"), ("あ", "あ")])
def test_accounts(written, read):
    assert read_accounts(pd.Series([written]), "x").tolist() == [read]


def test_a_missing_account_is_refused():
    with pytest.raises(FrameError, match=r"x: expected an account id, found nothing \(1 row\)"):
        read_accounts(pd.Series(["a", None]), "x")
