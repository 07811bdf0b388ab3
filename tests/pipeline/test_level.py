"""Outcomes that became known since training move the level of a model, and only those."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from cs_ml.config import LabelConfig
from cs_ml.models import PropensityClassifier
from cs_ml.pipeline.fitted import Fitted
from cs_ml.pipeline.level import describe_levels, level_of, with_levels
from cs_ml.pipeline.score import scores_of
from cs_ml.store import write_partition
from cs_ml.tables import open_tables

N, LEAVERS = 60, 24
DAY = pd.Timestamp("2026-03-01")


def keyed(names, date=DAY):
    return pd.MultiIndex.from_product([names, [date]], names=["account_id", "as_of"])


@pytest.fixture(name="model", scope="module")
def model_fixture():
    """A model of a time in which one in ten left."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"x": rng.normal(size=400)}, index=keyed([f"t{n}" for n in range(400)], pd.Timestamp("2025-01-01"))
    )
    return PropensityClassifier(learners=("logistic",)).fit(X, (rng.random(400) < 0.1).astype(float))


@pytest.fixture(name="tables", scope="module")
def tables_fixture():
    """Sixty contracts without an end, 24 of which were cancelled in April."""
    names = [f"a{n:02}" for n in range(N)]
    lines = pd.DataFrame({"contract_line_id": names, "account_id": names, "start_at": "2025-01-01", "mrr": 1.0})
    lines["cancelled_at"] = [pd.Timestamp("2026-04-10") if n < LEAVERS else None for n in range(N)]
    lines["end_at"] = [pd.Timestamp("2026-04-20") if n < LEAVERS else None for n in range(N)]
    known = {"accounts": pd.DataFrame({"account_id": names}), "contracts": lines}
    return open_tables(known, data_end="2026-12-01")


@pytest.fixture(name="book")
def book_fixture(model, tables, tmp_path):
    """Config, estimators, features of the scored date, and a function that writes what was scored."""
    config = SimpleNamespace(
        model=SimpleNamespace(update_level=True),
        labels={"churn": LabelConfig(kind="churn", horizon_days=90)},
        output=SimpleNamespace(folder=tmp_path),
    )
    until = {"churn": "2026-02-01"}
    fitted = Fitted({"churn": model}, None, "churn", None, pd.DataFrame(), "one", learned_until=until)
    X = pd.DataFrame({"x": np.linspace(-1, 1, N)}, index=keyed([f"a{n:02}" for n in range(N)]))
    return config, fitted, X


def write(config, fitted, X):
    write_partition(config.output.folder / "scores", DAY, scores_of(fitted, X).reset_index())


def test_more_leavers_than_foreseen_lift_every_probability_and_sums_still_hold(book, tables):
    config, fitted, X = book
    write(config, fitted, X)
    moved = with_levels(config, fitted, tables, pd.Timestamp("2026-09-01"))
    level, model = moved.levels["churn"], moved.models["churn"]
    assert (level.rows, level.accounts, level.observed) == (N, N, LEAVERS)
    np.testing.assert_allclose(model.margin(X) - fitted.models["churn"].margin(X), level.shift)
    assert level.foreseen + 2 < model.predict_proba(X)[:, 1].sum() < LEAVERS
    parts, bias = model.contributions(X)
    assert np.abs(parts.sum(axis=1) + bias - model.margin(X)).max() < 1e-9
    assert "24 came" in describe_levels(moved)[0]


def test_a_moved_level_is_taken_off_before_it_is_learned_again(book, tables):
    config, fitted, X = book
    write(config, fitted, X)
    first = with_levels(config, fitted, tables, pd.Timestamp("2026-09-01"))
    write(config, first, X)
    again = with_levels(config, fitted, tables, pd.Timestamp("2026-09-01"))
    assert again.levels["churn"].shift == pytest.approx(first.levels["churn"].shift)


@pytest.mark.parametrize(
    ("date", "until", "version"),
    [("2026-04-01", "2026-02-01", "one"), ("2026-09-01", "2026-03-01", "one"), ("2026-09-01", "2026-02-01", "two")],
    ids=["not yet certain", "learned from", "of another bundle"],
)
def test_what_may_not_be_used_moves_nothing(book, tables, date, until, version):
    config, fitted, X = book
    write(config, fitted, X)
    other = Fitted(fitted.models, None, "churn", None, pd.DataFrame(), version, learned_until={"churn": until})
    assert not with_levels(config, other, tables, pd.Timestamp(date)).levels


def test_nothing_is_moved_unless_asked_for(book, tables):
    config, fitted, X = book
    write(config, fitted, X)
    config.model.update_level = False
    assert with_levels(config, fitted, tables, pd.Timestamp("2026-09-01")) is fitted


def test_a_difference_that_chance_explains_moves_nothing(model):
    rng = np.random.default_rng(1)
    p = pd.Series(expit(rng.normal(logit(0.1), 1, 500)), index=keyed([f"a{n}" for n in range(500)]))
    moved = [level_of(model, p, (rng.random(500) < p).astype(float)) for _ in range(40)]
    assert sum(one is not None for one in moved) <= 5
