"""The trees of a whole blend explained together by tables, where tables can hold them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cs_ml.models.average import Average
from cs_ml.models.encode import View
from cs_ml.models.learners import Member
from cs_ml.models.tree import TreeLearner
from cs_ml.models.tree_patterns import LARGEST, Forest, PatternTables
from cs_ml.models.tree_text import NoTables

__all__ = ["TreeSum", "tree_sum"]

Floats = npt.NDArray[np.float64]
CHECKED_ROWS, TOLERANCE = 16, 1e-9


@dataclass(frozen=True)
class TreeSum:
    """What explains the trees of a blend.

    Parameters
    ----------
    tables
        Tables of all of them; none where each learner must ask LightGBM.
    held
        Positions of the learners that the tables hold.
    reason
        Why there are no tables.
    """

    tables: PatternTables | None
    held: frozenset[int] = frozenset()
    reason: str = ""


def tree_sum(learners: Sequence[Member], weights: Floats, sources: tuple[str, ...]) -> TreeSum:
    """Make tables for the trees of a blend, and hold them against LightGBM's own contributions.

    Parameters
    ----------
    learners, weights
        Fitted learners and their weights.
    sources
        Feature behind each column of the tree view.

    Returns
    -------
    TreeSum
        Without tables where a model is of another kind, where they would take more than 512 MiB, or where a row
        differs by more than 1e-9, which is also warned of.
    """
    found = [_forests(learner, float(weight)) for learner, weight in zip(learners, weights, strict=True)]
    held = [at for at, forests in enumerate(found) if forests]
    try:
        tables = PatternTables.build([forest for at in held for forest in found[at]], largest=LARGEST)
    except NoTables as error:
        return TreeSum(None, reason=str(error))
    view = View(_rows(tables, len(sources)), sources)
    expected = sum((weights[at] * learners[at].contributions(view)[0] for at in held), np.zeros(view.matrix.shape))
    off = float(np.abs(tables.contributions(view.matrix) - expected).max(initial=0.0))
    if off <= TOLERANCE:
        return TreeSum(tables, frozenset(held))
    reason = f"tables and LightGBM differ by {off:.2g}"
    warnings.warn(f"contributions come from LightGBM: {reason}", stacklevel=2)
    return TreeSum(None, reason=reason)


def _forests(learner: Member, scale: float) -> list[Forest]:
    """Return the LightGBM models of a learner; none where it is of another kind."""
    if isinstance(learner, Average):
        share = scale / len(learner.members)
        parts = [_forests(member, share) for member in learner.members]
        return [forest for part in parts for forest in part] if all(parts) else []
    if not isinstance(learner, TreeLearner):
        return []
    share = scale / max(len(learner.boosters_), 1)
    return [Forest(booster.model_to_string(), learner.kept_, share) for booster in learner.boosters_]


def _rows(tables: PatternTables, n_columns: int) -> Floats:
    """Return rows that fall into cells at random, the same each time."""
    rng, rows = np.random.default_rng(0), np.zeros((CHECKED_ROWS, n_columns))
    for column, ends in tables.ends.items():
        cells = np.append(ends[np.isfinite(ends)], [ends[0], np.nan])
        cells[-2] = ends[-2] + 1.0 if len(ends) > 1 else 0.0
        rows[:, column] = rng.choice(cells, CHECKED_ROWS)
    return rows
