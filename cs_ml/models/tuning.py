"""A search for better options of the tree learner: Optuna over folds through time, stopped early where it is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from cs_ml.errors import InputError, MissingExtra
from cs_ml.models.fold_trees import FoldTrees

__all__ = ["SPACE", "Budget", "Trial", "Tuned", "tune_trees"]

Floats = npt.NDArray[np.float64]
METRICS = {"log_loss": "binary_logloss", "average_precision": "average_precision"}
SPACE: dict[str, tuple[float, float, str]] = {
    "leaves": (2, 32, "whole"),
    "leaf_rows": (0.25, 4.0, "times"),
    "leaf_weight": (0.25, 4.0, "times"),
    "learning_rate": (0.02, 0.3, "log"),
    "l2": (0.1, 100.0, "log"),
    "column_share": (0.3, 1.0, "even"),
}
LIGHTGBM = {
    "leaves": "num_leaves", "leaf_rows": "min_data_in_leaf", "leaf_weight": "min_sum_hessian_in_leaf",
    "learning_rate": "learning_rate", "l2": "lambda_l2", "column_share": "feature_fraction",
}  # fmt: skip
PATIENCE = 15
KEPT = 0.25  # a trial goes on while it is among the best quarter of those that have seen as many folds


@dataclass(frozen=True)
class Budget:
    """How long to search.

    Parameters
    ----------
    trials
        Trials at most.
    seconds
        Seconds after which no further trial begins, but for the first; None for no limit. With it a result depends on
        the machine.
    trees
        Trees a trial at most.
    metric
        ``log_loss`` or ``average_precision``.
    """

    trials: int = 30
    seconds: float | None = None
    trees: int = 150
    metric: str = "log_loss"


@dataclass(frozen=True)
class Trial:
    """One choice of options and how it did.

    Parameters
    ----------
    params
        Value of each name of ``SPACE``.
    trees
        Number of trees that was best over the folds seen.
    value
        Mean over the folds seen.
    folds
        How many folds were seen; a trial that was pruned has seen fewer than all.
    pruned
        Whether it was stopped because it was lost.
    """

    params: dict[str, float]
    trees: int
    value: float
    folds: int
    pruned: bool


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Parameters
    ----------
    options
        Options of ``TreeLearner`` that did best.
    value, first
        Mean metric of the best trial, and of the best options that the number of events gives.
    trials
        Every trial, in order.
    """

    options: dict[str, Any]
    value: float
    first: float
    trials: list[Trial] = field(default_factory=list)

    @property
    def gains(self) -> bool:
        """Whether anything better was found than what there was without a search."""
        return self.value != self.first


def tune_trees(
    rows: FoldTrees,
    start: dict[str, Any],
    budget: Budget,
    *,
    seed: int = 0,
    beside: Sequence[dict[str, Any]] = (),
    before: Iterable[dict[str, float]] = (),
) -> Tuned:
    """Search for the options of a tree learner that predict later dates best.

    The newest fold is asked first; after each fold a trial that is not among the best quarter so far is stopped
    (Jamieson and Talwalkar 2016 halve likewise). The number of trees costs nothing: it is read off the curves.

    Parameters
    ----------
    rows
        Rows and folds, binned once for all trials.
    start
        Options that ``TreeLearner`` has without a search; they are the first trial, and leaf sizes are searched as
        multiples of theirs.
    budget
        How long to search.
    seed
        Seed of the search and of the trees.
    beside
        Options that other learners have without a search; they are tried next, for what they reach is no gain.
    before
        Choices to try next, as ``Trial.params`` of an earlier search: a warm start.

    Returns
    -------
    Tuned
        Never worse on these folds than ``start``.

    Raises
    ------
    MissingExtra
        If Optuna is not installed.
    InputError
        If the metric is not known.
    """
    if budget.metric not in METRICS:
        raise InputError(f"tuning.metric: expected one of {', '.join(METRICS)}, found {budget.metric!r}")
    optuna = _optuna()
    sign = "maximize" if budget.metric == "average_precision" else "minimize"
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(min(10, budget.trials // 2), 2))
    study = optuna.create_study(direction=sign, sampler=sampler, pruner=optuna.pruners.NopPruner())
    given = [_as_params(start), *(_as_params(one, start) for one in beside)]
    for params in (*given, *before):
        study.enqueue_trial({name: params[name] for name in SPACE if name in params}, skip_if_exists=True)
    trials: list[Trial] = []
    seen: list[list[float]] = [[] for _ in rows.folds]

    def objective(trial: Any) -> float:
        found = _tried(trial, rows, start, budget, seed, seen)
        trials.append(found)
        if found.pruned:
            raise optuna.TrialPruned
        return found.value

    begun = monotonic()
    study.optimize(objective, n_trials=1)
    if budget.trials > 1:
        left = None if budget.seconds is None else max(budget.seconds - (monotonic() - begun), 0.0)
        study.optimize(objective, n_trials=budget.trials - 1, timeout=left)
    whole = [one for one in trials if not one.pruned]
    better = max if sign == "maximize" else min
    best = better(whole, key=lambda one: one.value)
    first = better(one.value for one in whole if one.params in given)
    return Tuned({**_options(best.params, start), "trees": best.trees}, best.value, first, trials)


def _tried(
    trial: Any, rows: FoldTrees, start: dict[str, Any], budget: Budget, seed: int, seen: list[list[float]]
) -> Trial:
    params = {name: _suggest(trial, name, *bounds) for name, bounds in SPACE.items()}
    named = {LIGHTGBM[name]: value for name, value in _options(params, start).items()} | {"max_depth": 5, "seed": seed}
    curves: list[Floats] = []
    for step, curve in enumerate(rows.curves(named, budget.trees, METRICS[budget.metric], PATIENCE)):
        curves.append(curve)
        trees, value = _best(curves, budget)
        trial.report(value, step)
        lost = step + 1 < len(rows.folds) and _lost(value, seen[step], budget)
        seen[step].append(value)
        if lost:
            return Trial(params, trees, value, step + 1, pruned=True)
    return Trial(params, trees, value, len(curves), pruned=False)


def _lost(value: float, others: list[float], budget: Budget) -> bool:
    """Say whether a trial is not among the best quarter of those that have seen the same folds."""
    if len(others) < 2:
        return False
    if budget.metric == "average_precision":
        return bool(value < np.quantile(others, 1 - KEPT))
    return bool(value > np.quantile(others, KEPT))


def _best(curves: Sequence[Floats], budget: Budget) -> tuple[int, float]:
    """Return the best number of trees and its mean metric; where a fold had stopped, its last value stands."""
    longest = max(map(len, curves))
    mean = np.mean([np.pad(curve, (0, longest - len(curve)), mode="edge") for curve in curves], axis=0)
    at = int(mean.argmax() if budget.metric == "average_precision" else mean.argmin())
    return at + 1, float(mean[at])


def _suggest(trial: Any, name: str, low: float, high: float, kind: str) -> float:
    if kind == "whole":
        return int(trial.suggest_int(name, int(low), int(high), log=True))
    return float(trial.suggest_float(name, low, high, log=kind != "even"))


def _as_params(given: dict[str, Any], start: dict[str, Any] | None = None) -> dict[str, float]:
    """Return the choice that stands for given options, within the space."""
    unit = start or given
    bare = {name: given[name] / (unit[name] if kind == "times" else 1) for name, (_, _, kind) in SPACE.items()}
    within = {name: float(np.clip(bare[name], low, high)) for name, (low, high, _) in SPACE.items()}
    return {name: int(value) if SPACE[name][2] == "whole" else value for name, value in within.items()}


def _options(params: dict[str, float], start: dict[str, Any]) -> dict[str, Any]:
    scaled = {name: params[name] * (start[name] if SPACE[name][2] == "times" else 1) for name in SPACE}
    return {**scaled, "leaves": int(scaled["leaves"]), "leaf_rows": max(round(scaled["leaf_rows"]), 1)}


def _optuna() -> Any:
    try:
        import optuna  # noqa: PLC0415  an extra
    except ModuleNotFoundError as error:
        raise MissingExtra("tune", "to search for settings (model.tune: true)") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
