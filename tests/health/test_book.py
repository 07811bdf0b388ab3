import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import FrameError
from cs_ml.health.book import Book
from cs_ml.health.inputs import aligned, segment_of

DATES = pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"])
INDEX = pd.MultiIndex.from_product([["a", "b"], DATES], names=["account_id", "as_of"])
X = pd.DataFrame({"f": range(6)}, index=INDEX, dtype=float)


def make(labels, **more):
    y = pd.DataFrame({"label": labels, **more}, index=INDEX)
    return Book.make(X, y, segment_of(X, None), None)


def test_one_churn_seen_on_three_dates_is_one_event():
    assert make([1, 1, 1, 0, 0, 0]).n_events == 1


def test_two_effective_dates_are_two_events():
    gone = pd.to_datetime(["2026-02-15", "2026-02-15", "2026-05-01", None, None, None])
    book = make([1, 1, 1, 0, 0, 0], effective_at=gone)
    assert book.n_events == 2
    assert book.lead[:3].tolist() == [45, 14, 61]
    assert np.isnan(book.lead[3:]).all()


def test_rows_without_label_are_dropped_and_order_of_labels_does_not_matter():
    book = make([1, np.nan, 0, 0, np.nan, 0])
    assert book.stayed.tolist() == [0, 1, 1, 1]
    shuffled = pd.Series([1, np.nan, 0, 0, np.nan, 0], index=INDEX, name="label").sample(frac=1, random_state=1)
    assert Book.make(X, shuffled, segment_of(X, None), None).stayed.tolist() == [0, 1, 1, 1]


def test_small_segments_share_the_book():
    accounts = [f"a{k}" for k in range(25)]
    index = pd.MultiIndex.from_product([accounts, DATES], names=["account_id", "as_of"])
    features = pd.DataFrame({"f": 0.0, "s": ["big"] * 60 + ["small"] * 15}, index=index)
    y = pd.Series(np.arange(75) % 2, index=index, dtype=float)
    book = Book.make(features, y, segment_of(features, "s"), None)
    assert book.segment.tolist() == ["big"] * 60 + ["*"] * 15


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (X.reset_index(drop=True), "rows indexed by"),
        (pd.concat([X, X]), r"once, found twice \(6 rows\)"),
    ],
)
def test_an_index_of_another_kind_is_refused(frame, said):
    y = pd.Series(0.0, index=INDEX)
    with pytest.raises(FrameError, match=said):
        Book.make(frame, y, segment_of(frame, None), None)


def test_odd_labels_are_counted():
    with pytest.raises(FrameError, match=r"labels 1, 0 or NaN, found 2 \(2 rows\)"):
        make([2, 2, 1, 0, 0, 0])


def test_a_margin_is_lined_up_by_index_or_by_length():
    series = pd.Series(range(6), index=INDEX, dtype=float)
    assert aligned(series.iloc[::-1], X, "margin").tolist() == [0, 1, 2, 3, 4, 5]
    assert aligned(np.arange(6), X, "margin").tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(FrameError, match="margin: expected 6 numbers"):
        aligned(np.arange(5), X, "margin")
    with pytest.raises(FrameError, match="none that match"):
        aligned(series.reset_index(drop=True), X, "margin")


def test_a_segment_column_must_exist():
    with pytest.raises(FrameError, match="a column of the features"):
        segment_of(X, "size")
