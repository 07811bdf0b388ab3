"""What training does when the data can bear only a part of it."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from cs_ml.bundle import Bundle
from cs_ml.pipeline.health import expert_base_rate
from cs_ml.pipeline.score import restore
from cs_ml.store import read_partition

CONFIG = "tables: {folder: tables}\nsnapshots: {windows: [30]}\nmodel: {n_origins: 1, learners: [logistic]}\n"
CHURN = CONFIG + "labels: {churn: {}}\n"


@pytest.fixture
def book(make_tiny, tmp_path, empty_store):
    """Return a function that writes a book and its config."""
    (tmp_path / "out" / "tracking").mkdir(parents=True)
    shutil.copy(empty_store, tmp_path / "out" / "tracking" / "mlflow.db")

    def make(config, **size):
        (tmp_path / "cs_ml.yaml").write_text(config, encoding="utf-8")
        return make_tiny(**size)

    return make


def grow(tiny):
    """Let every third account pay twice as much after a year, so that there is something to foresee."""
    for number, line in list(enumerate(tiny.contracts))[::3]:
        later = {**line, "contract_line_id": f"d{number}", "start_at": f"2025-{7 + number % 6:02d}-10"}
        tiny.contracts.append(later)
    tiny.write()


def test_without_churn_health_is_the_experts_and_says_so(book, command, tmp_path):
    book(CHURN, accounts=30)
    answer = command("train")
    assert (answer.code, answer.err) == (0, "")
    assert "churn was not learned: expected labelled rows of both classes" in answer.out
    assert re.search(r"nothing happened in 120 periods .* assumed churn rate of 0.41%", answer.out)
    fitted = restore(Bundle.load(tmp_path / "out" / "bundle"))
    assert fitted.models == {}
    assert fitted.health.eta_ref_ == pytest.approx(np.log(120.5 / 0.5))


def test_without_churn_every_later_command_works_and_no_probability_is_shown(book, command, tmp_path):
    book(CHURN, accounts=30)
    command("train")
    for words in ("evaluate", "score", "explain a00 --lang ja", "report"):
        answer = command(*words.split())
        assert (answer.code, answer.err) == (0, ""), words
        assert "churn probability" not in answer.out
    scores = read_partition(tmp_path / "out" / "scores", "2026-06-01")
    assert "p_churn" not in scores
    assert scores["health"].notna().all()
    assert "no weight can be learned" in command("evaluate").out


def test_without_churn_the_other_targets_are_learned(book, command, tmp_path):
    grow(book(CONFIG, accounts=30))
    answer = command("train")
    assert answer.code == 0, answer.err
    assert "note: churn was not learned" in answer.out
    assert re.search(r"^upsell: 10 events", answer.out)
    assert set(restore(Bundle.load(tmp_path / "out" / "bundle")).models) == {"upsell"}
    assert "upsell: " in command("score").out


@pytest.mark.parametrize("accounts", [1, 5])
def test_where_nothing_can_be_known_it_says_what_and_leaves_nothing(book, command, tmp_path, accounts):
    book(CONFIG, accounts=accounts)
    answer = command("train")
    assert answer.code == 2
    told = answer.err.splitlines()
    assert told[0] == "error: nothing can be learned"
    assert [line.split()[0] for line in told[1:]] == ["churn", "upsell", "health"]
    assert not (tmp_path / "out" / "bundle").exists()


def test_a_target_that_cannot_be_tested_is_learned_with_a_note(book, command, tmp_path):
    book(CHURN + "health: {enabled: false}\n", accounts=30, leavers=12)
    text = (tmp_path / "cs_ml.yaml").read_text(encoding="utf-8")
    late = text.replace("windows: [30]", "windows: [30], start: 2025-09-01, end: 2025-12-01, every: quarter")
    (tmp_path / "cs_ml.yaml").write_text(late, encoding="utf-8")
    answer = command("train")
    assert answer.code == 0, answer.err
    assert "churn was learned, but not tested on later dates" in answer.out
    assert "not tested on later dates" in command("evaluate").out
    assert command("score", "--as-of", "2026-01-01").code == 0
    assert command("report").code == 0


def labels(values, dates):
    index = pd.MultiIndex.from_product([[f"a{n}" for n in range(len(values))], pd.to_datetime(dates)])
    index.names = ["account_id", "as_of"]
    return pd.DataFrame({"label": np.repeat(values, len(dates))}, index=index)


@pytest.mark.parametrize(
    ("values", "dates", "stated"),
    [
        ([0.0] * 60, ["2026-01-01"], (0.5 / 61, 60)),
        ([0.0] * 60, ["2026-01-01", "2026-02-01", "2026-03-01"], (0.5 / 61, 60)),  # three looks at the same days
        ([0.0] * 30, ["2025-10-01", "2026-01-01"], (0.5 / 61, 60)),
        ([0.0] * 49, ["2026-01-01"], None),
        ([0.0] * 60 + [1.0], ["2026-01-01"], None),
        ([np.nan] * 60, ["2026-01-01"], None),
    ],
)
def test_a_rate_is_stated_only_from_periods_that_do_not_overlap(values, dates, stated):
    assert expert_base_rate(labels(values, dates), purge_days=90) == (stated and pytest.approx(stated))
