"""Own tables and features through the command: named in a config, checked, built, audited."""

from __future__ import annotations

import pandas as pd
import pytest

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
