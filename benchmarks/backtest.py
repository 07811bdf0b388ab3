"""What a backtest and a search for settings cost: bins shared by folds against a fresh fit every time.

``python benchmarks/backtest.py [--quick]``. One table of monthly snapshots; six rolling origins with three months
between training and test. Every figure of a comparison comes from processes of their own in one run, in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from statistics import median

import numpy as np
import pandas as pd
from fresh import run, spending
from goals import Goal, judge
from sklearn.metrics import average_precision_score

from cs_ml.models.encode import View
from cs_ml.models.fold_trees import FoldTrees
from cs_ml.models.tree import TreeLearner
from cs_ml.models.tuning import LIGHTGBM, SPACE, Budget, tune_trees
from cs_ml.timeline import TimeSplit

MONTHS, COLUMNS, ORIGINS, PURGE = 18, 60, 6, 90
ACCOUNTS = {False: 20_000, True: 2_000}
TREES = {False: 60, True: 30}
TRIALS, SEARCHED = {False: 8, True: 6}, {False: 120, True: 60}
PARAMS = {"num_leaves": 31, "learning_rate": 0.1, "min_data_in_leaf": 100, "seed": 0}
JOBS = 2
Folds = list[tuple[np.ndarray, np.ndarray]]


def book(quick: bool) -> tuple[View, np.ndarray, Folds]:
    """Return columns, labels (about 6 % positive) and purged folds, earliest first."""
    rng, n = np.random.default_rng(7), ACCOUNTS[quick]
    level = rng.normal(size=(n, 1, COLUMNS)) + np.cumsum(rng.normal(0, 0.2, (n, MONTHS, COLUMNS)), axis=1)
    values = np.round(level.reshape(-1, COLUMNS), 3)
    values[:, ::4] = np.round(np.exp(values[:, ::4]))  # counts with many ties
    values[rng.random(values.shape) < 0.05] = np.nan
    told = np.nan_to_num(values)
    margin = -2.6 + 0.6 * told[:, 1] - 0.5 * told[:, 2] + 0.4 * told[:, 3] * told[:, 5] - 0.6 * np.log1p(told[:, 4])
    y = (rng.random(len(margin)) < 1 / (1 + np.exp(-margin))).astype(float)
    dates = pd.date_range("2024-01-01", periods=MONTHS, freq="MS")
    index = pd.MultiIndex.from_product([range(n), dates], names=["account_id", "as_of"])
    split = TimeSplit(purge_days=PURGE, n_origins=ORIGINS)
    folds = [(train, test) for train, test in split.split(pd.Series(0, index=index))]
    return View(values, tuple(f"x{at}" for at in range(COLUMNS))), y, folds


def fresh_margins(view: View, y: np.ndarray, folds: Folds, quick: bool) -> tuple[list[np.ndarray], float]:
    """Fit each fold from a Dataset of its own, on all threads; say what of the cpu went into growing trees.

    Nothing else is set: whether trees read columns or rows is LightGBM's own choice.
    """
    import lightgbm as lgb

    params, found, growing = {**PARAMS, "objective": "binary", "verbosity": -1, "num_threads": JOBS}, [], 0.0
    for train, test in folds:
        rows = lgb.Dataset(view.matrix[train], y[train], params=params).construct()
        with spending() as spent:
            booster = lgb.train(params, rows, TREES[quick])
        growing += spent["cpu"]
        found.append(booster.predict(view.matrix[test], raw_score=True, num_threads=JOBS))
    return found, growing


def shared_margins(view: View, y: np.ndarray, folds: Folds, quick: bool) -> tuple[list[np.ndarray], float]:
    """Fit all folds on bins that they share, two at once."""
    return FoldTrees(view, y, None, folds, JOBS).margins(PARAMS, TREES[quick]), np.nan


def mean_precision(margins: list[np.ndarray], y: np.ndarray, folds: Folds) -> float:
    """Return the average precision, the mean of the folds."""
    return float(np.mean([average_precision_score(y[test], p) for (_, test), p in zip(folds, margins, strict=True)]))


def searched(view: View, y: np.ndarray, folds: Folds, quick: bool) -> tuple[float, int]:
    """Search with our own tuning; return the best average precision and the number of folds fitted."""
    budget = Budget(TRIALS[quick], trees=SEARCHED[quick], metric="average_precision")
    found = tune_trees(FoldTrees(view, y, None, folds, JOBS), TreeLearner().options, budget, seed=0)
    return found.value, sum(trial.folds for trial in found.trials)


def searched_whole(view: View, y: np.ndarray, folds: Folds, quick: bool) -> tuple[float, int]:
    """Search the same space as people do: scikit-learn's estimator, fitted afresh for each fold of each trial."""
    import optuna
    from lightgbm import LGBMClassifier

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    start = TreeLearner().options

    def objective(trial: optuna.Trial) -> float:
        params = {}
        for name, (low, high, kind) in SPACE.items():
            given = trial.suggest_int(name, low, high, log=True) if kind == "whole" else None
            value = given or trial.suggest_float(name, low, high, log=kind != "even")
            params[LIGHTGBM[name]] = value * (start[name] if kind == "times" else 1)
        params["min_data_in_leaf"] = int(params["min_data_in_leaf"])
        margins = []
        for train, test in folds:
            model = LGBMClassifier(
                n_estimators=SEARCHED[quick], max_depth=5, random_state=0, n_jobs=JOBS, verbose=-1, **params
            )
            model.fit(pd.DataFrame(view.matrix[train]), y[train])
            margins.append(model.predict_proba(pd.DataFrame(view.matrix[test]))[:, 1])
        return mean_precision(margins, y, folds)

    sampler = optuna.samplers.TPESampler(seed=0, n_startup_trials=max(min(10, TRIALS[quick] // 2), 2))
    study = optuna.create_study(direction="maximize", sampler=sampler)
    first = {name: 1.0 if kind == "times" else start[name] for name, (_, _, kind) in SPACE.items()}
    study.enqueue_trial(first)
    study.optimize(objective, n_trials=TRIALS[quick])
    return study.best_value, TRIALS[quick] * len(folds)


METHODS = {"fresh": fresh_margins, "shared": shared_margins, "search": searched, "search_whole": searched_whole}


def one(method: str, quick: bool) -> dict[str, float]:
    """Measure one method in this process; making the table is not counted."""
    given = book(quick)
    with spending() as spent:
        found = METHODS[method](*given, quick)
    if method in ("fresh", "shared"):
        margins, growing = found
        return {
            **spent, "growing": growing, "ap": mean_precision(margins, *given[1:]), "first": float(margins[0].sum())
        }  # fmt: skip
    return {**spent, "ap": found[0], "fits": found[1]}


def measured(methods: tuple[str, ...], rounds: int, quick: bool) -> pd.DataFrame:
    """Run the methods in turns, each in a process of its own, and print the medians."""
    options = ["--quick"] if quick else []
    rows = [{"method": name, **run(__file__, "--one", name, *options)} for _ in range(rounds) for name in methods]
    table = pd.DataFrame(rows).groupby("method", sort=False).agg(median)
    print(table.round(4).to_string(), f"\nload {os.getloadavg()[0]:.1f}\n", flush=True)
    return table


def main() -> int:
    """Print all figures and goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the accounts, fewer trees")
    parser.add_argument("--one", choices=tuple(METHODS))
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one, options.quick)))
        return 0
    quick = options.quick
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that wait for each other shall not count as work
    print(f"{ACCOUNTS[quick] * MONTHS:,} rows x {COLUMNS} columns, {ORIGINS} origins\n")
    fits = measured(("fresh", "shared"), 3, quick)
    if quick:  # with more rows the edges come from a share of them; the goal on precision then stands for equality
        assert np.isclose(fits.loc["fresh", "first"], fits.loc["shared", "first"], rtol=1e-9), "first fold, same bins"
    search = measured(("search_whole", "search"), 1, quick)
    bounds = (
        (1.0, 0.01, 1.5, 0.02) if quick else (0.65, 0.001, 3.0, 0.002)
    )  # a tenth of the rows shows the direction only
    least = fits.loc["fresh", "growing"] / fits.loc["fresh", "cpu"]
    print(f"growing the trees takes {least:.2f} of fresh fits; no way to bin the rows makes the ratio smaller\n")
    ratio, lost = _against(fits, "fresh", "shared")
    dearer, missed = _against(search, "search_whole", "search")
    return judge(
        [
            Goal("backtest, cpu of shared bins over fresh fits", 1 / ratio, bounds[0]),
            Goal("backtest, average precision lost", lost, bounds[1]),
            Goal("search, times cheaper than whole", dearer, bounds[2], at_most=False),
            Goal("search, average precision lost", missed, bounds[3]),
        ]
    )


def _against(table: pd.DataFrame, plain: str, ours: str) -> tuple[float, float]:
    """Return how many times the cpu of ours the plain way takes, and the average precision that ours lacks."""
    cpu, precision = table["cpu"], table["ap"]
    return float(cpu[plain] / cpu[ours]), float(precision[plain] - precision[ours])


if __name__ == "__main__":
    sys.exit(main())
