"""A few days put into many: worked out by hand; that pieces equal the whole is held in test_usage_store.py."""

from __future__ import annotations

import numpy as np

from cs_ml.engine.usage_state import Days
from cs_ml.engine.usage_store_insert import inserted


def days(code, counts, day, rows, late=()) -> Days:
    member, late_day, known, value = np.array(late, np.int64).reshape(-1, 4).T
    return Days(
        np.concatenate([[0], np.cumsum(np.bincount(code, minlength=4))]), np.concatenate([[0], np.cumsum(counts)]),
        np.array(day, np.uint16), {"rows": np.array(rows)}, member, late_day.astype(np.uint16),
        known.astype(np.uint16), {"rows": value}, np.array(code),
    )  # fmt: skip


def test_new_days_new_members_and_days_that_both_have():
    much = days([0, 2], [3, 1], [5, 8, 9, 4], [1, 1, 1, 1])
    few = days([0, 1, 2, 3], [2, 1, 1, 1], [6, 8, 7, 9, 1], [10, 20, 30, 40, 50])
    found = inserted(much, few, 0)
    assert found.code.tolist() == [0, 1, 2, 3]
    assert found.starts.tolist() == [0, 4, 5, 7, 8]
    assert found.day.tolist() == [5, 6, 8, 9, 7, 4, 9, 1]
    assert found.values["rows"].tolist() == [1, 10, 21, 1, 30, 1, 40, 50]


def test_late_rows_of_both_add_up_where_all_agrees():
    much = days([0, 2], [1, 0], [5], [1], late=[(0, 4, 6, 1), (1, 4, 6, 1)])
    few = days([1, 2], [0, 0], [], [], late=[(0, 4, 6, 7), (1, 4, 6, 2), (1, 4, 7, 3)])
    found = inserted(much, few, 0)
    assert found.late_member.tolist() == [0, 1, 2, 2]
    assert found.late_known.tolist() == [6, 6, 6, 7]
    assert found.late_values["rows"].tolist() == [1, 7, 3, 3]


def test_what_was_there_is_left_as_it_is():
    much, few = days([0], [1], [5], [1]), days([0], [1], [5], [2])
    assert inserted(much, few, 0).values["rows"].tolist() == [3]
    assert much.values["rows"].tolist() == [1]
