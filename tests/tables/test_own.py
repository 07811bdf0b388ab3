"""Tables that a user declares are mapped and checked like the others."""

from __future__ import annotations

import pandas as pd
import pytest
from builders import rows

from cs_ml.errors import TableError
from cs_ml.tables import Column, ColumnSpec, TableMapping, check, find_source, open_tables, own_table
from cs_ml.tables.own import lacking

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


GRADED = {"passed": Column("passed", "flag", reveals=("graded_at",)), "graded_at": "instant", "room": "category"}


def test_a_value_without_the_moment_that_reveals_it_is_refused():
    own = own_table("t", time="at", columns=GRADED)
    frame = rows("account_id at passed grade_at\na 2026-01-05 yes 2026-01-07")
    with pytest.raises(TableError, match=r"t\.passed: expected graded_at, which `reveals` it, .*such as grade_at"):
        open_tables(FRAMES | {"t": frame}, own=[own])
    mapped = {"t": TableMapping(columns={"graded_at": ColumnSpec("grade_at")})}
    found = open_tables(FRAMES | {"t": frame}, mapped, own=[own]).frame("t")
    assert found["passed_known_at"].tolist() == [pd.Timestamp("2026-01-07")]


def test_declared_columns_that_are_not_there_are_named():
    own = own_table("t", time="at", columns=GRADED)
    tables = open_tables(FRAMES | {"t": rows("account_id at\na 2026-01-05")}, own=[own])
    assert lacking(tables.loaded["t"].schema, tables.columns("t")) == ["t.passed", "t.graded_at", "t.room"]
    whole = rows("account_id at passed graded_at room\na 2026-01-05 yes 2026-01-07 x")
    tables = open_tables(FRAMES | {"t": whole}, own=[own])
    assert lacking(tables.loaded["t"].schema, tables.columns("t")) == []


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (lambda: own_table("t", time="at", columns=["n"]), r"t: columns: expected the kind of each .* found \['n'\]"),
        (lambda: own_table("t", time="at", columns={"n": 5}), r"t\.n: expected a kind or a cs_ml.Column, found 5"),
        (
            lambda: own_table("t", time="at", columns={"n": Column("n", "flag", reveals="at")}),
            r"t\.n\.reveals: expected a tuple of names, found 'at'; reveals=\('at',\)",
        ),
        (lambda: open_tables(FRAMES, own=TRAININGS), r"own: expected a list of tables .*, found Schema; own=\["),
        (lambda: open_tables(FRAMES | {"usage": {}}), "usage: expected a pandas DataFrame, found dict"),
        (lambda: open_tables(FRAMES, own=["trainings"]), "own: expected tables made by cs_ml.own_table, found 'trai"),
    ],
)
def test_what_is_no_declaration_is_told(own, message):
    with pytest.raises(TableError, match=message):
        own()


def test_a_file_with_two_columns_of_one_name_is_refused(tmp_path):
    for name in ("accounts", "usage"):
        FRAMES[name].to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "t.csv").write_text("account_id,at,hours,hours\na,2026-01-05,1,2\n")
    own = own_table("t", time="at", columns={"hours": "number"})
    with pytest.raises(TableError, match=r"t\.csv: expected each column name once, found hours again; rename"):
        open_tables(tmp_path, own=[own])
    (tmp_path / "t.csv").write_text("account_id,at,hours,hours_1\na,2026-01-05,1,2\n")
    assert open_tables(tmp_path, own=[own]).frame("t")["hours"].tolist() == [1]
