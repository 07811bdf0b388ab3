"""Which learners compete, by how many events there are to learn from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from cs_ml.errors import InputError
from cs_ml.models.average import Average
from cs_ml.models.further import further_from_state, further_learner, split_names
from cs_ml.models.learners import BaseRate, Learner
from cs_ml.models.logistic import PENALTIES, VIEWS, LogisticLearner
from cs_ml.models.target import Target
from cs_ml.models.tree import AdditiveLearner, FreeTreeLearner, TreeLearner

__all__ = ["candidates", "learner_from_state"]

NAMES = ("base_rate", "logistic", "additive", "tree", "free_tree")
ADDITIVE_TREES, TREES = (20, 40, 70, 120, 200), (10, 20, 35, 60, 100)
EVENTS_FOR_LOGISTIC = 5
EVENTS_FOR_CHOICE = 15
EVENTS_FOR_TREE = 30
MANY_EVENTS = 60
FREE = 0.3


def candidates(
    learners: str | tuple[str, ...],
    target: Target,
    columns: list[str],
    *,
    monotone: dict[str, int] | None,
    seed: int,
    n_jobs: int,
    notes: list[str],
) -> list[Learner]:
    """Return unfitted learners, simplest first.

    Parameters
    ----------
    learners
        ``auto`` or names; names that are not of this package are entry points of ``cs_ml.learners``.
    target
        Labelled rows.
    columns
        Their features.
    monotone
        Feature name to +1 or -1, for the trees.
    seed, n_jobs
        Seed and threads.
    notes
        Is told why a learner was left out.

    Returns
    -------
    list of Learner
        At least one.

    Raises
    ------
    InputError
        If a name is not known.
    """
    given, further = split_names(learners, NAMES)
    names = _by_events(target.n_events, notes) if given == "auto" else _checked(given, further)
    signs = _known(monotone, columns, notes)
    trees = {"monotone": signs, "random_state": seed, "n_jobs": n_jobs}
    small, free = ({**trees, **_tree_size(target, share)} for share in (1.0, FREE))
    make: dict[str, Callable[[], Learner]] = {
        "base_rate": BaseRate,
        "logistic": lambda: (
            LogisticLearner(grid=(_few(columns), PENALTIES[:3]))
            if target.n_events < EVENTS_FOR_CHOICE
            else LogisticLearner(grid=(_few(columns), PENALTIES), views=VIEWS)
        ),
        "additive": lambda: AdditiveLearner(**small, leaves=2, grid=(_few(columns), ADDITIVE_TREES)),
        "tree": lambda: TreeLearner(
            **small, leaves=4 if target.n_events < MANY_EVENTS else 8, grid=(_few(columns), TREES)
        ),
        "free_tree": lambda: FreeTreeLearner(**free, leaves=8, grid=(_few(columns), TREES)),
    }
    own = [make[name]() for name in names]
    return [*own, *(further_learner(name, NAMES, seed=seed, n_jobs=n_jobs) for name in further)]


def learner_from_state(name: str, state: dict[str, Any]) -> Average:
    """Return the averaged learner of that name which ``to_state`` described."""
    kinds: dict[str, Callable[[dict[str, Any]], Learner]] = {
        "base_rate": BaseRate.from_state,
        "logistic": LogisticLearner.from_state,
        "additive": AdditiveLearner.from_state,
        "tree": TreeLearner.from_state,
        "free_tree": FreeTreeLearner.from_state,
    }
    return Average.from_state(state, kinds.get(name, partial(further_from_state, name)))


def _by_events(n_events: int, notes: list[str]) -> tuple[str, ...]:
    if n_events < EVENTS_FOR_LOGISTIC:
        notes.append(f"{n_events} events: the base rate only; a logistic is tried from {EVENTS_FOR_LOGISTIC} on")
        return ("base_rate",)
    if n_events < EVENTS_FOR_CHOICE:
        notes.append(f"{n_events} events: a strongly shrunk logistic; a freer one is tried from {EVENTS_FOR_CHOICE} on")
    elif n_events < EVENTS_FOR_TREE:
        notes.append(f"{n_events} events: no trees; they are tried from {EVENTS_FOR_TREE} on")
    if n_events < EVENTS_FOR_TREE:
        return ("logistic",)
    return ("logistic", "additive", "tree") if n_events < MANY_EVENTS else NAMES[1:]


def _checked(names: str | tuple[str, ...], further: list[str]) -> tuple[str, ...]:
    if not names and not further:
        raise InputError(f"learners: expected 'auto' or names among {NAMES}, found none")
    return tuple(name for name in NAMES if name in names)


def _known(monotone: dict[str, int] | None, columns: list[str], notes: list[str]) -> dict[str, int]:
    unknown = sorted(set(monotone or {}) - set(columns))
    if unknown:
        notes.append(f"monotone: no such columns {unknown}")
    return {name: sign for name, sign in (monotone or {}).items() if name in columns}


def _tree_size(target: Target, share: float) -> dict[str, Any]:
    """Size trees by events and accounts: many snapshots of one account are hardly more than one.

    ``share`` is how much of the usual rows and weight a leaf needs, and of the usual shrinkage.
    """
    n, events = len(target.y), target.n_events
    snapshots = n / len(np.unique(target.clusters))
    rows_an_event = max(target.y.sum() / events, 1.0)
    return {
        "leaf_rows": int(np.clip(share * 10 * snapshots, 10, max(n // 10, 10))),
        "leaf_weight": float(np.clip(share * 2.0 * rows_an_event, 0.5, max(n / 100, 1.0))),
        "l2": share * 10.0,
    }


def _few(columns: list[str]) -> tuple[int, ...]:
    return tuple(few for few in (4, 12) if few < len(columns))
