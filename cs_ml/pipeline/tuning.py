"""Searching for settings before learning: on the dates before the first that the backtest stands on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.config import Config
from cs_ml.errors import NotEnoughData
from cs_ml.models.fold_trees import FoldTrees
from cs_ml.models.folds import training_folds
from cs_ml.models.learners import TrainingRows
from cs_ml.models.roster import candidates
from cs_ml.models.target import Target
from cs_ml.models.text_columns import TextColumns
from cs_ml.models.tuning import Budget, Tuned, tune_trees
from cs_ml.pipeline.rows import training_rows
from cs_ml.pipeline.snapshot import Snapshot
from cs_ml.store import make_folder, read_json, write_json
from cs_ml.timeline import TimeSplit

__all__ = ["describe_tuning", "last_best", "tree_options", "tune_target", "tuned_options"]

COUNTS, REMEMBERED = (0.25, 0.5, 1.0, 1.5), 5


def tune_target(config: Config, snapshot: Snapshot, target: str, *, n_jobs: int = 1) -> Tuned:
    """Search for the options of the learner called ``tree``.

    ``free_tree`` stays what the number of events gives. Its options lie within what is searched and are tried as well,
    so that tuning both would end with one model twice; and where the search was lucky on early dates, the blend still
    has trees that nobody searched for to turn to.

    Only rows that the first origin of the backtest could have learned from are looked at, so that what the backtest
    says of later dates stays true of tuned models too. The search is remembered in ``tuning/<target>.json`` of the
    output folder.

    Parameters
    ----------
    config
        Checked config; its section ``tuning`` says how long.
    snapshot
        Features and labels.
    target
        Name of the target.
    n_jobs
        Folds at once.

    Raises
    ------
    MissingExtra
        If Optuna is not installed.
    NotEnoughData
        If those rows hold too little history for folds through time, or too few events for trees.
    """
    rows, folds, (start, *beside) = _rows(config, snapshot, target)
    told = config.tuning
    budget = Budget(told.trials, told.seconds, told.trees, told.metric)
    view = rows.tree
    fold_trees = FoldTrees(view, rows.y, rows.weights, folds, n_jobs)
    before = last_best(_place(config, target)) if told.warm_start else []
    found = tune_trees(fold_trees, start, budget, seed=config.model.random_state, beside=beside, before=before)
    _remember(found, config, target)
    return found


def tuned_options(config: Config, snapshot: Snapshot, target: str, notes: list[str]) -> dict[str, Any] | None:
    """Return the options that a search found, and note what it gained; None without a search or a gain.

    Parameters
    ----------
    config, snapshot, target
        As in ``tune_target``.
    notes
        Is told what was found, or why nothing was searched.
    """
    if not config.model.tune:
        return None
    try:
        found = tune_target(config, snapshot, target, n_jobs=config.model.n_jobs or 1)
    except NotEnoughData as error:
        notes.append(f"{target} was not tuned: {error}")
        return None
    notes.append(describe_tuning(target, found, config.tuning.metric))
    return tree_options(found) if found.gains else None


def tree_options(found: Tuned, few: tuple[int, ...] = (4, 12)) -> dict[str, Any]:
    """Return what ``PropensityClassifier(tree_options=...)`` takes; the number of trees stays a choice around the best.

    Examples
    --------
    >>> tree_options(Tuned({"leaves": 5, "trees": 40}, 0.2, 0.3))
    {'leaves': 5, 'grid': [[4, 12], [10, 20, 40, 60]]}
    """
    options = {name: value for name, value in found.options.items() if name != "trees"}
    counts = sorted({max(round(share * found.options["trees"]), 1) for share in COUNTS})
    return {**options, "grid": [list(few), counts]}


def last_best(path: Path) -> list[dict[str, float]]:
    """Return the best choices of an earlier search, best first; none where there was none."""
    if not path.is_file():
        return []
    told = read_json(path)
    whole = [trial for trial in told["trials"] if not trial["pruned"]]
    best = sorted(whole, key=lambda trial: trial["value"], reverse=told["metric"] == "average_precision")
    return [trial["params"] for trial in best[:REMEMBERED]]


def describe_tuning(target: str, found: Tuned, metric: str) -> str:
    """Return in a line of text what a search found.

    Examples
    --------
    >>> from cs_ml.models.tuning import Trial
    >>> trials = [Trial({}, 10, 0.3, 3, False), Trial({}, 9, 0.4, 1, True)]
    >>> describe_tuning("churn", Tuned({}, 0.25, 0.3, trials), "log_loss")
    'churn was tuned on early dates: log_loss 0.2500 instead of 0.3000; 2 choices tried, 1 of them cut short'
    """
    cut = sum(trial.pruned for trial in found.trials)
    return (
        f"{target} was tuned on early dates: {metric} {found.value:.4f} instead of {found.first:.4f}; "
        f"{len(found.trials)} choices tried, {cut} of them cut short"
    )


def _rows(config: Config, snapshot: Snapshot, target: str) -> tuple[TrainingRows, list[Any], list[dict[str, Any]]]:
    X, y = training_rows(config, snapshot, target)
    purge, seed = snapshot.purge_days[target], config.model.random_state
    X, y = _early(config, X, y, purge)
    read = Target.read(X.index, y)
    labelled = X.iloc[read.rows]
    _, encoded = TextColumns.learn(
        labelled, read.y, snapshot.text, purge_days=purge, seed=seed, encoder=config.model.text_encoder
    )
    folds = training_folds(
        read.dates, read.y, read.clusters, purge_days=purge, n_origins=config.model.n_origins, seed=seed
    )
    if folds.kind != "time":
        raise NotEnoughData(
            f"{target}: expected three origins {purge} days apart before the backtest begins, found fewer; "
            "start the snapshots earlier or set model.tune: false"
        )
    rows = TrainingRows(encoded, read.y, read.weights(None), read.clusters)
    return rows, list(folds.pairs), _options(config, read, list(encoded.columns), target)


def _options(config: Config, read: Target, columns: list[str], target: str) -> list[dict[str, Any]]:
    """Return the options that the number of events gives to ``tree``, and those of ``free_tree`` where it competes."""
    seed = config.model.random_state
    learners: Any = candidates(config.model.learners, read, columns, monotone=None, seed=seed, n_jobs=1, notes=[])
    found = {one.name: one.options for one in learners if one.name in ("tree", "free_tree")}
    if "tree" not in found:
        raise NotEnoughData(
            f"{target}: expected a learner called tree to compete on the {read.n_events} events before the backtest "
            "begins, found none; name it in model.learners or set model.tune: false"
        )
    return [found.pop("tree"), *found.values()]


def _early(config: Config, X: pd.DataFrame, y: pd.DataFrame, purge: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that the first origin of the backtest may learn from; all where its dates are declared."""
    if config.model.test_dates:
        return X, y
    labelled = y[y["label"].notna()]
    folds = list(TimeSplit(purge_days=purge, n_origins=config.model.n_origins, min_train_dates=1).split(labelled))
    if not folds:
        raise NotEnoughData("no date is left to tune on before those of the backtest")
    past = labelled.index[folds[0][0]]
    return X.loc[past], y.loc[past]


def _place(config: Config, target: str) -> Path:
    return config.output.folder / "tuning" / f"{target}.json"


def _remember(found: Tuned, config: Config, target: str) -> None:
    place = _place(config, target)
    make_folder(place.parent)
    told = {"metric": config.tuning.metric, "config_hash": config.hash, **asdict(found)}
    write_json(place, told)
