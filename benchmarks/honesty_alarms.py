"""What the report card and the leak alarms say about worlds of pure noise, clean worlds and worlds with a leak."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from honesty_worlds import PURGE, World, world

from cs_ml.models import PropensityClassifier
from cs_ml.models.alarms import leak_alarms
from cs_ml.models.backtest import Backtest, backtest
from cs_ml.models.report_card import report_card
from cs_ml.timeline import TimeSplit

ACCOUNTS = (65, 150)  # about 20 and 50 events
Leak = Callable[[np.ndarray, np.random.Generator], pd.Series]


def reason(y: np.ndarray, rng: np.random.Generator) -> pd.Series:
    """Return days since a cancellation, written for 60 % of those who leave and for nobody else."""
    return pd.Series(np.where((y == 1) & (rng.uniform(size=len(y)) < 0.6), rng.uniform(0, 90, len(y)), np.nan))


def status(y: np.ndarray, rng: np.random.Generator) -> pd.Series:
    """Return a status that 80 % of those who leave have got since, and 1 % of the others."""
    closing = rng.uniform(size=len(y)) < np.where(y == 1, 0.8, 0.01)
    other = rng.choice(["active", "trial"], len(y), p=[0.8, 0.2])
    return pd.Series(pd.Categorical(np.where(closing, "closing", other)))


def countdown(y: np.ndarray, rng: np.random.Generator) -> pd.Series:
    """Return days to the end of the last contract line, as it is known today."""
    return pd.Series(np.where(y == 1, rng.uniform(0, 90, len(y)), rng.uniform(60, 720, len(y))))


def afterwards(y: np.ndarray, rng: np.random.Generator) -> pd.Series:
    """Return usage counted past the date: lower by two standard deviations for those who leave."""
    return pd.Series(rng.normal(size=len(y)) - 2.0 * y)


LEAKS: dict[str, Leak] = {leak.__name__: leak for leak in (reason, status, countdown, afterwards)}


def tested(made: World, replicates: int) -> Backtest:
    """Return a backtest over three origins beside the usual baselines."""
    split = TimeSplit(purge_days=PURGE, n_origins=3)
    return backtest(PropensityClassifier(), made.X, made.y, split=split, n_boot=replicates)


def silent(seed: int, worlds: int) -> pd.DataFrame:
    """Return what the report card says about worlds whose labels are pure noise."""
    rows = []
    for number in range(worlds):
        card = report_card(tested(world(seed + number, ACCOUNTS[number % 2], signal=False), 500))
        rows.append({"events": card.events, "verdict": card.verdict})
    return pd.DataFrame(rows)


def dressed(made: World, rng: np.random.Generator) -> World:
    """Add honest columns that look odd: owners, a field that three accounts fill, and a level an account or so."""
    account = pd.factorize(made.X.index.get_level_values("account_id"))[0]
    n = int(account.max()) + 1
    few = np.where(np.isin(np.arange(n), rng.choice(n, 3, replace=False)), rng.uniform(size=n), np.nan)
    owner, city = (pd.Categorical(rng.integers(0, size, n).astype(str)[account]) for size in (8, n))
    return World(made.X.assign(rare=few[account], owner=owner, city=city), made.y, made.p)


def alarmed(seed: int, worlds: int) -> pd.DataFrame:
    """Return for each world and kind of leak whether its column is named, and which honest columns are."""
    rows = []
    for number in range(worlds):
        rng = np.random.default_rng(seed + number)
        made = dressed(world(seed + number, ACCOUNTS[number % 2]), rng)
        kind = list(LEAKS)[number // 2 % len(LEAKS)]
        leak = LEAKS[kind](made.y.to_numpy(), rng).set_axis(made.X.index)
        names, honest = (_named(World(X, made.y, made.p)) for X in (made.X.assign(leak=leak), made.X))
        rows.append({"kind": kind, "events": made.events, "named": "leak" in names, "false": ", ".join(sorted(honest))})
    return pd.DataFrame(rows)


def _named(made: World) -> set[str]:
    split = TimeSplit(purge_days=PURGE, n_origins=1)
    found = backtest(PropensityClassifier(), made.X, made.y, split=split, baselines={}, n_boot=2)
    area = found.metrics.set_index("metric").loc["roc_auc", "value"]
    return set(leak_alarms(made.X, made.y, model_auc=float(area))["column"])
