"""Distinct counts by spans and sums over late rows: equal to plain loops for any sightings, rows and windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.timeline import loops
from cs_ml.timeline.day_index import DayIndex
from cs_ml.timeline.spans import Sightings, distinct_counts, in_order_known, late_sums, newest_day

GROUPS, LAST = 3, 40
sightings = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20), st.integers(0, 12)), max_size=25)
dates = st.lists(st.tuples(st.integers(0, GROUPS - 1), st.integers(-3, LAST + 5)), max_size=10).map(sorted)


def index_of(pairs, low: int = 0, high: int = LAST + 40) -> DayIndex:
    group, day = np.array([*pairs], dtype=np.int64).reshape(-1, 2).T
    return DayIndex(np.searchsorted(group, np.arange(GROUPS + 1)), day, low, high)


def arrays(seen):
    """Members 2g and 2g + 1 belong to group g."""
    member, day, lag = np.array(seen, dtype=np.int64).reshape(-1, 3).T
    return member, member // 2, day, day + lag


@given(dates, st.lists(st.tuples(st.integers(0, GROUPS - 1), st.integers(0, LAST)), min_size=1))
def test_index_equals_a_search(pairs, asked):
    found = index_of(pairs).find(*np.array(asked).T)
    assert found.tolist() == [sum(pair < key for pair in pairs) for key in asked]


@given(st.lists(st.integers(-3, LAST + 5), min_size=1, max_size=5).map(sorted), st.integers(0, LAST))
def test_shared_days_find_the_same(days, asked):
    pairs = [(group, day) for group in range(GROUPS) for day in days]
    index = index_of(pairs)
    assert index.shared
    found = index.find(np.arange(GROUPS), np.full(GROUPS, asked))
    assert found.tolist() == [sum(pair < (group, asked) for pair in pairs) for group in range(GROUPS)]


@pytest.fixture(params=["plain", "compiled"], scope="module")
def way(request):
    """Count without compiled loops, and with them."""
    if request.param == "compiled":
        pytest.importorskip("numba")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PAYS", "PAYS_LOADED", "PAYS_MADE"):
            patch.setattr(loops, name, -1 if request.param == "compiled" else 1 << 60)
        yield request.param


@given(sightings, dates, st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_distinct_counts_equal_plain_loops(way, seen, rows, windows):
    member, group, day, known = arrays(seen)
    counts = distinct_counts(index_of(rows), in_order_known(np.arange(6) // 2, member, day, known), windows)
    for row, (of, as_of) in enumerate(rows):
        for position, window in enumerate(windows):
            inside = (group == of) & (day >= as_of - window) & (day < as_of) & (known < as_of)
            assert counts[position, row] == len(set(member[inside]))


@given(sightings, dates, st.integers(1, 30))
def test_on_time_needs_no_known_day(way, seen, rows, window):
    unique = sorted({(member, day, 0) for member, day, _ in seen})
    member, _, day, known = arrays(unique)
    counts = distinct_counts(
        index_of(rows), Sightings(np.arange(6) // 2, np.bincount(member, minlength=6), day), [window]
    )
    general = distinct_counts(index_of(rows), in_order_known(np.arange(6) // 2, member, day, known), [window])
    np.testing.assert_array_equal(counts, general)


@given(sightings, dates, st.one_of(st.none(), st.integers(1, 30)))
def test_late_sums_equal_plain_loops(seen, rows, window):
    value, group, day, known = arrays(seen)
    sums = late_sums(index_of(rows), group, day, known, value, window)
    for row, (of, as_of) in enumerate(rows):
        inside = (group == of) & (known < as_of) & (day < as_of)
        inside &= day >= (-np.inf if window is None else as_of - window)
        assert sums[row] == value[inside].sum()


@given(sightings, dates)
def test_newest_day_equals_plain_loops(seen, rows):
    _, group, day, known = arrays(seen)
    newest = newest_day(index_of(rows), group, day, known)
    for row, (of, as_of) in enumerate(rows):
        assert newest[row] == day[(group == of) & (known < as_of)].max(initial=-1)


@pytest.mark.parametrize(("as_of", "count"), [(10, 0), (11, 1), (17, 1), (18, 0)])
def test_a_window_has_its_first_day_and_not_its_end(as_of, count):
    rows = DayIndex(np.array([0, 1]), np.array([as_of]), low=0, high=40)
    seen = Sightings(np.array([0]), np.array([1]), np.array([10]))
    assert distinct_counts(rows, seen, [7]).tolist() == [[count]]
