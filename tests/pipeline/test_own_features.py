"""Own tables and features through the command: named in a config, checked, built, audited."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from cs_ml.config import load_config
from cs_ml.pipeline.snapshot import take_snapshot

CONFIG = """
book: {data_end: 2026-07-01}
tables:
  folder: tables
  own:
    trainings:
      time: held_at
      columns: {hours: number, passed: {kind: flag, reveals: [graded_at]}, graded_at: instant}
  map: {trainings: {columns: {held_at: on}, known_lag_days: 2}}
features: {builders: [mine.py]}
snapshots: {start: 2026-03-01, end: 2026-06-01}
"""
MINE = """
import cs_ml as cs

ABOUT = {"table": "trainings", "time": "held_at", "theme": "onboarding", "unit": "count"}

@cs.feature(**ABOUT, en="Training hours", ja="研修時間")
def trainings_hours_sum(seen):
    return seen.sum("hours")

@cs.feature(**ABOUT, en="Trainings passed", ja="合格した研修")
def trainings_passed_count(seen):
    return seen.where(seen["passed"] == 1).count()
"""
ROWS = """account_id,on,hours,passed,graded_at
a00,2026-02-27,2,yes,2026-03-30
a00,2026-02-28,3,no,2026-03-02
a01,2026-02-26,7,yes,2026-02-26
a02,2026-06-10,1,,
"""


@pytest.fixture
def own(tiny, tmp_path, command):
    (tiny.folder / "trainings.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    (tmp_path / "cs_ml.yaml").write_text(CONFIG, encoding="utf-8")
    return command


def test_they_are_built_beside_the_others(own, tmp_path):
    assert own("check").code == own("snapshot").code == 0
    X = pd.read_parquet(tmp_path / "out" / "snapshots.parquet").set_index(["account_id", "as_of"])
    hours = X["trainings_hours_sum"].reset_index().pivot_table("trainings_hours_sum", "account_id", "as_of")
    assert hours.loc["a00"].tolist() == [0, 5, 5, 5], "two days late"
    assert hours.loc[["a01", "a02"]].to_numpy().tolist() == [[7] * 4, [0] * 4]
    assert X["trainings_passed_count"].xs("a00").tolist() == [0, 0, 1, 1]
    about = pd.read_parquet(tmp_path / "out" / "features.parquet").set_index("name")
    assert about.loc["trainings_hours_sum", "label_ja"] == "研修時間"


def test_the_audit_covers_them(own):
    answer = own("audit", "--dates", "1", "--accounts", "12")
    assert (answer.code, answer.err) == (0, "")
    (line,) = [line for line in answer.out.splitlines() if line.startswith("trainings_passed_count")]
    assert line.split()[1:] == ["identical"] * 5


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ("seen.sum('hours') - seen.sum('hours').mean()", 1, "1 feature depends on other accounts of the batch: "),
        (
            "np.random.default_rng().random(seen.n_keys)",
            1,
            "1 feature is not repeatable: two builds of the same tables",
        ),
    ],
)
def test_the_audit_says_what_moved_and_why(own, tmp_path, body, code, told):
    text = MINE.replace('seen.sum("hours")', body).replace("import cs_ml", "import numpy as np, cs_ml")
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    answer = own("audit", "--dates", "1", "--accounts", "12")
    assert answer.code == code
    assert told in answer.out.splitlines()[-1]
    assert "saw the future" not in answer.out


def test_what_is_wrong_is_said_in_one_message(own, tmp_path):
    (tmp_path / "mine.py").write_text(MINE.replace('"trainings"', '"training"'), encoding="utf-8")
    answer = own("snapshot")
    assert answer.code == 2
    assert "table training: expected a table of the catalog or of your own, found no such table; did you" in answer.err
    (tmp_path / "mine.py").unlink()
    assert "mine.py: expected a Python file, found no such file" in own("snapshot").err
    (tmp_path / "tables" / "trainings.csv").unlink()
    assert "trainings: expected the table that was declared, found no such table" in own("check").err


def test_the_check_loads_builders_and_names_the_line_of_the_config(own, tmp_path):
    (tmp_path / "mine.py").write_text(MINE.replace('"held_at"', '"held"'), encoding="utf-8")
    answer = own("check")
    assert answer.code == 2
    assert "feature trainings_hours_sum: time: expected a column of trainings, found 'held'" in answer.err
    assert "did you mean held_at?" in answer.err
    (tmp_path / "mine.py").unlink()
    answer = own("check")
    assert answer.code == 2
    assert re.search(r"cs_ml\.yaml:10:23: features\.builders: \S*mine\.py: expected a Python file", answer.err)
    assert re.search(r"cs_ml\.yaml:10:23: features\.builders: ", own("snapshot").err)


def test_what_is_absent_is_said_by_the_check(own, tmp_path):
    more = MINE.replace('time": "held_at"', 'time": "opened_at"').replace('"trainings"', '"tickets"')
    (tmp_path / "other.py").write_text(more.replace("trainings_", "own_tickets_"), encoding="utf-8")
    config = CONFIG.replace("[mine.py]", "[mine.py, other.py]").replace(
        "hours: number", "hours: number, room: category"
    )
    (tmp_path / "cs_ml.yaml").write_text(config, encoding="utf-8")
    (tmp_path / "tables" / "tickets.csv").unlink(missing_ok=True)
    answer = own("check")
    assert answer.code == 0, answer.err
    assert "absent: own_tickets_hours_sum (no table tickets), own_tickets_passed_count (no table t" in answer.out
    assert "declared columns that the data lack: trainings.room; map them" in answer.out


def test_a_moment_that_reveals_is_there_or_nothing_is_built(own, tmp_path):
    (tmp_path / "tables" / "trainings.csv").write_text(ROWS.replace("graded_at", "graded"), encoding="utf-8")
    for command in ("check", "snapshot"):
        answer = own(command)
        assert answer.code == 2
        assert "trainings.passed: expected graded_at, which `reveals` it, in" in answer.err


def test_notes_of_a_snapshot_say_what_is_absent(own, tmp_path):
    config = CONFIG.replace("hours: number", "hours: number, room: category")
    (tmp_path / "cs_ml.yaml").write_text(config, encoding="utf-8")
    assert own("check").code == 0
    notes = take_snapshot(load_config(tmp_path / "cs_ml.yaml")).notes
    assert [note for note in notes if note.startswith("declared columns that the data lack: trainings.room")]
