import numpy as np
import pytest

from cs_ml.health.book import Book
from cs_ml.health.inputs import segment_of
from cs_ml.health.missingness import missingness_table
from cs_ml.health.typical import Typical


def table_of(X, y, card):
    book = Book.make(X, y, segment_of(X, None), None)
    return missingness_table(book, Typical.learn(card, X, book.segment, None))


def test_rates_are_those_counted_by_hand(world, card):
    X, y = world
    gone = X["f_nps"].isna()
    row = table_of(X, y, card).loc["nps"]
    expected = [gone.mean(), y["label"][~gone].mean(), y["label"][gone].mean()]
    assert row[["missing", "churn_present", "churn_missing"]].tolist() == pytest.approx(expected)
    assert row["low"] < row["difference"] < row["high"]


def test_missingness_that_goes_with_churn_is_found_and_chance_is_not(world, card):
    X, y = world
    table = table_of(X.assign(f_nps=X["f_nps"].mask(y["label"] == 1)), y, card)
    assert table["differs"].tolist() == [False, False, True, False]


def test_always_and_never_missing_cannot_be_compared(world, card):
    X, y = world
    table = table_of(X.assign(f_days=np.nan, f_seats=1.0), y, card)
    assert table.loc[["days", "seats"], "difference"].isna().all()
    assert table.loc[["days", "seats"], "missing"].tolist() == [1.0, 0.0]
