"""Few marks laid out by counting are those that sorting finds: any order, codes without a place, names given later."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.engine import usage_scatter
from cs_ml.engine.usage_day_lists import DayLists, counting
from cs_ml.engine.usage_pile import Pile
from cs_ml.engine.usage_rows import LaidOut, Marks, Rows
from cs_ml.timeline import loops

pytest.importorskip("numba")
NEVER, STRAY = 1 << 60, 1 << 30
codes = st.one_of(st.integers(-1, 60), st.sampled_from([STRAY, STRAY + 7]))
rows = st.lists(st.tuples(codes, st.integers(-1, 70), st.integers(0, 40), st.integers(-9, 9)), max_size=60)


def renamed(key: np.ndarray) -> np.ndarray:
    """Turn the codes below 1,000 round."""
    code = key >> 16
    return np.where(code < 1000, 999 - code, code) << 16 | key & 65535


def minor_renamed(key: np.ndarray) -> np.ndarray:
    minor = key >> 16 & (1 << 20) - 1
    return key + (127 - minor - minor << 16)


def piled(batches, minor_bits: int, count: str | None, name) -> Rows | LaidOut:
    pile = Pile(minor_bits)
    for batch in batches:
        code, minor, day, value = np.array(batch, np.int64).reshape(-1, 4).T
        values = {"sum": value} if count else {}
        pile.add(Marks(code, day + 20_000, minor if minor_bits else None, values, count))
    return pile.merged(name)


def told(rows: Rows | LaidOut) -> tuple:
    values = {name: column.tolist() for name, column in rows.values.items() if len(column)}
    return rows.key.tolist(), values, rows.days().tolist(), [part.tolist() for part in rows.runs()]


@pytest.mark.parametrize(("minor_bits", "name"), [(0, renamed), (20, minor_renamed), (0, None), (20, None)])
@pytest.mark.parametrize("count", [None, "rows"])
@settings(max_examples=60, deadline=None)
@given(batches=st.lists(rows, min_size=1, max_size=6), in_order=st.booleans(), tabled_at=st.integers(0, 200))
def test_counting_equals_sorting(minor_bits, name, count, batches, in_order, tabled_at):
    if in_order:
        whole = sorted((row for batch in batches for row in batch), key=lambda row: row[2])
        batches = [whole[start : start + 9] for start in range(0, len(whole) or 1, 9)]
    found = []
    for compiled_at, tables in ((NEVER, NEVER), (-1, NEVER), (-1, tabled_at)):
        with pytest.MonkeyPatch.context() as patch:
            for at in ("PAYS", "PAYS_LOADED", "PAYS_MADE"):
                patch.setattr(loops, at, compiled_at)
            patch.setattr(usage_scatter, "TABLED_AT", tables)
            found.append(told(piled(batches, minor_bits, count, name)))
    assert found[0] == found[1] == found[2]


def test_features_beyond_two_bytes_are_given_back():
    lists = DayLists(counting(1 << 20), minor_bits=20)
    left = lists.add(Marks(np.array([3, 3, 3]), np.array([8, 9, 9]), np.array([1, 1 << 16, 2])))
    assert left.minor.tolist() == [1 << 16]
    assert (lists.rows().code & 1023).tolist() == [1, 2]


def test_what_is_taken_is_not_kept():
    lists = DayLists(counting(1 << 20))
    lists.add(Marks(np.array([3, 4]), np.array([8, 9])))
    assert (sum(map(len, lists.taken())), lists.n_rows) == (2, 0)
