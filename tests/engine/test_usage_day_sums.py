"""Sums on pages by day: what is closed and opened again adds up as if it had lain open all the time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.engine import usage_day_sums, usage_scatter
from cs_ml.engine.usage_day_sums import DaySums
from cs_ml.engine.usage_rows import Rows

pytest.importorskip("numba")
batch = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 12), st.integers(-9, 9)), min_size=1, max_size=12)


def rows_of(batch) -> Rows:
    member, day, value = np.array(batch, np.int64).T
    return Rows(member << 16 | (day + 20_000), None, {"sum": value}, "rows")


@settings(max_examples=80, deadline=None)
@given(st.lists(batch, min_size=1, max_size=12), st.integers(0, 3))
def test_days_that_come_again_add_up(batches, idle):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usage_day_sums, "PLACES_A_ROW", 1 << 20)
        patch.setattr(usage_day_sums, "IDLE", idle)
        sums, counts, totals = DaySums(), Counter(), Counter()
        for batch in batches:
            assert len(sums.add(rows_of(batch))) == 0
            counts.update((member, day + 20_000) for member, day, _ in batch)
            for member, day, value in batch:
                totals[member, day + 20_000] += value
    found = sums.rows()
    assert list(zip((found.key >> 16).tolist(), found.day.tolist(), strict=True)) == sorted(counts)
    assert found.values["rows"].tolist() == [counts[key] for key in sorted(counts)]
    assert found.values["sum"].tolist() == [totals[key] for key in sorted(counts)]


def test_pages_much_wider_than_their_rows_are_refused():
    sums, narrow = DaySums(), rows_of([(2, 0, 1)])
    wide = Rows(np.array([1000 << 16 | 7]), None, {"sum": np.array([1])}, "rows")
    assert len(sums.add(narrow)) == 0
    assert sums.add(wide) is wide
    assert sums.rows().values["rows"].tolist() == [1]


def test_pages_take_no_more_memory_than_allowed(monkeypatch):
    monkeypatch.setattr(usage_scatter, "MOST_BYTES", 1 << 6)
    many = rows_of([(5, day, 1) for day in range(9)])
    assert DaySums().add(many) is many


def test_rows_of_members_beyond_a_table_are_left():
    left = DaySums().add(Rows(np.array([1 << 30 << 16 | 7, 3 << 16 | 7]), None, {"sum": np.array([4, 5])}, "rows"))
    assert (left.key >> 16).tolist() == [1 << 30]
    assert left.values["sum"].tolist() == [4]
