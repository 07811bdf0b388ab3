"""Tables that a user declares are mapped and checked like the others."""

from __future__ import annotations

import pandas as pd
import pytest
from builders import rows

from cs_ml.errors import TableError
from cs_ml.tables import Column, ColumnSpec, TableMapping, check, find_source, open_tables, own_table

TRAININGS = own_table(
    "trainings",
    time="held_at",
    columns={
        "training_id": "id",
        "hours": Column("hours", "number", minimum=0),
        "next_at": Column("", "instant", future=True),
    },
    key=("training_id",),
)  # fmt: skip
FRAMES = {
    "accounts": rows("account_id\na\nb"),
    "usage": rows("account_id event_at\na 2026-01-01"),
    "trainings": rows("""
        account_id training_id on         hours next_at
        a          1           2026-01-05 2     2027-01-01
        b          2           2026-01-06 -3    -
        b          3           soon       1     -
        z          4           2026-01-07 1     -
        b          5           2026-01-08 1     -
        b          5           2026-01-09 1     -"""),
}
MAPPED = {"trainings": TableMapping(columns={"held_at": ColumnSpec("on")})}


def test_rows_are_checked_like_those_of_other_tables():
    found = check(find_source(FRAMES), MAPPED, own=[TRAININGS], max_rejected_share=1)
    assert found.tables.frame("trainings")["training_id"].tolist() == ["1"]
    broken = found.broken.set_index("column")["rule"].to_dict()
    assert broken == {
        "hours": "minimum", "held_at": "type", "account_id": "unknown_account", "training_id": "duplicate_key",
    }  # fmt: skip


def test_what_is_declared_must_be_there():
    frames = {name: frame for name, frame in FRAMES.items() if name != "trainings"}
    with pytest.raises(TableError, match="trainings: expected the table that was declared, found no such table"):
        open_tables(frames, own=[TRAININGS])


def test_an_instant_is_hidden_until_it_has_passed_unless_it_lies_ahead():
    own = own_table(
        "t", time="at", columns={"done_at": "instant", "due_at": Column("", "instant", future=True), "n": "number"}
    )
    assert {column.name: column.reveals for column in own.columns} == {
        "account_id": (), "at": (), "done_at": ("done_at",), "due_at": (), "n": (), "known_at": (),
    }  # fmt: skip


def test_when_each_value_was_known_stands_beside_it():
    own = own_table(
        "t", time="at", columns={"n": Column("", "number", reveals=("done_at", "at")), "done_at": "instant"}
    )
    frame = rows("account_id at n done_at\na 2026-01-05 1 2026-01-07\na 2026-01-06 2 -")
    lagged = TableMapping(known_lag_days=1)
    tables = open_tables(FRAMES | {"t": frame} | {"trainings": None}, {"t": lagged}, own=[own])
    found = tables.frame("t")
    assert found["n_known_at"].tolist() == [pd.Timestamp("2026-01-08"), pd.Timestamp("2026-01-07")]
    assert found["known_at"].tolist() == [pd.Timestamp("2026-01-06"), pd.Timestamp("2026-01-07")]


@pytest.mark.parametrize(
    ("name", "about", "message"),
    [
        ("usage", {}, "usage: expected a table that the catalog has not, found a table of the catalog; rename it"),
        ("My table", {}, "My table: expected small letters, digits and _.* found 'My table'"),
        ("t", {"columns": {"n": "float"}}, "t.n: expected one of id, text, category, number, flag, instant, found 'f"),
        ("t", {"columns": {"known_at": "instant"}}, "t.known_at: expected .* not account_id or known_at"),
        ("t", {"columns": {"n_known_at": "instant"}}, "t.n_known_at: expected .* not ending in _known_at"),
        ("t", {"columns": {"at": "number"}}, "t.at: expected an instant, because it is the time of a row, found"),
        ("t", {"key": ("no",)}, "t.key: no: expected one of account_id, at, found no such column"),
        (
            "t", {"columns": {"n": Column("", "number", reveals=("done_at",))}},
            "t.n.reveals: done_at: expected an instant of the table, found no such column",
        ),
        ("T", {"columns": {"N": "x"}}, "3 faults"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_told(name, about, message):
    with pytest.raises(TableError, match=message):
        own_table(name, time="at", **about)


def test_two_tables_of_one_name_are_refused():
    with pytest.raises(TableError, match="trainings: expected a table that is declared once, found another one"):
        open_tables(FRAMES, MAPPED, own=[TRAININGS, TRAININGS])
