"""Changes of the future leave the past as it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cs_ml.tables import SCHEMAS
from cs_ml.timeline.future import CHANGES

ROWS = pd.DataFrame({
    "account_id": ["a", "b", "c"],
    "contract_line_id": ["1", "2", "3"],
    "start_at": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"]).as_unit("us"),
    "cancelled_at": pd.to_datetime([None, "2026-02-20", "2026-06-01"]).as_unit("us"),
    "cancel_reason": pd.Series([None, "price", "gone"], dtype=object),
    "mrr": [10.0, 20.0, 30.0],
    "known_at": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"]).as_unit("us"),
})  # fmt: skip


def changed(kind, date):
    return CHANGES[kind](ROWS, SCHEMAS["contracts"], pd.Timestamp(date), np.random.default_rng(0))


@pytest.mark.parametrize("kind", list(CHANGES))
def test_with_no_future_there_is_nothing_to_change(kind):
    found = changed(kind, "2027-01-01")
    assert found.rows["mrr"].sum() >= ROWS["mrr"].sum()
    assert found.touched == (0 if kind != "filled" else 3)


def test_deleting_takes_rows_and_values_that_were_not_known_yet():
    found = changed("deleted", "2026-02-15")
    assert found.rows["account_id"].tolist() == ["a", "b"]
    assert found.rows["cancelled_at"].isna().all()
    assert found.touched == 3  # one row, and two values of another


def test_altering_leaves_what_was_known():
    found = changed("altered", "2026-02-15").rows
    pd.testing.assert_frame_equal(found.iloc[:1], ROWS.iloc[:1])
    assert found["mrr"].tolist() == [10.0, 20.0, 91.0]
    assert found["cancelled_at"].iloc[1] > ROWS["cancelled_at"].iloc[1]
