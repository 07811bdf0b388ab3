"""A source whose columns need no change gives the rows that one with changes gives."""

from __future__ import annotations

import pandas as pd
from builders import rows

from cs_ml.tables import Column, open_tables, own_table

GRADED = own_table(
    "trainings",
    time="held_at",
    columns={"passed": Column("passed", "flag", reveals=("graded_at",)), "graded_at": "instant"},
)
BOOK = {"accounts": rows("account_id\na"), "usage": rows("account_id event_at\na 2026-01-01")}


def test_moments_of_values_revealed_later_come_with_typed_columns_as_with_text():
    text = rows("account_id held_at passed graded_at\na 2026-01-05 true 2026-01-09\na 2026-01-06 false -")
    typed = text.assign(
        held_at=pd.to_datetime(text["held_at"]), graded_at=pd.to_datetime(text["graded_at"]), passed=[True, False]
    )
    told, found = (
        open_tables({**BOOK, "trainings": frame}, own=[GRADED], data_end="2026-04-01").frame("trainings")
        for frame in (text, typed)
    )
    pd.testing.assert_frame_equal(found, told)
    assert found["graded_at"].notna().tolist() == [True, False]
