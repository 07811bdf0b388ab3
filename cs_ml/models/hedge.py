"""Trees with options of one's own, and trees that may be bound to what the catalog expects if that does not lose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cs_ml.errors import Fault, InputError
from cs_ml.models.average import best_of_each
from cs_ml.models.learners import Learner, TrainingRows
from cs_ml.models.tree import TreeLearner

__all__ = ["RULES", "Hedged", "adapted"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
RULES = ("always", "no_loss")


class Hedged:
    """Two versions of one tree learner, bound and free; the free one is taken only where it did better out of time.

    Parameters
    ----------
    bound
        Learner with monotone constraints.
    free
        The same without.
    """

    def __init__(self, bound: TreeLearner, free: TreeLearner) -> None:
        self.bound, self.free = bound, free
        self.name, self.reads = bound.name, bound.reads

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Those of the bound learner, then those of the free one, told apart by ``monotone``."""
        return [{**one, "monotone": kind} for kind in (True, False) for one in self.bound.settings]

    def with_setting(self, setting: dict[str, Any]) -> TreeLearner:
        """Return the unfitted learner of the version that the setting names."""
        rest = {name: value for name, value in setting.items() if name != "monotone"}
        return (self.bound if setting["monotone"] else self.free).with_setting(rest)

    def path(self, rows: TrainingRows, train: Rows, test: Rows) -> Floats:
        """Return margins of the test rows for each setting of both versions."""
        return np.column_stack([version.path(rows, train, test) for version in (self.bound, self.free)])

    def choose(self, lost: Floats, clusters: Rows) -> Rows:  # noqa: ARG002  a tie is decided by the mean alone
        """Return the best settings of one version: of the bound one unless the free one's lose less.

        Parameters
        ----------
        lost
            Loss of each row under each setting, shape (n_rows, n_settings).
        clusters
            Integer code of the account of each row; of no use here.
        """
        losses, half = lost.mean(axis=0), lost.shape[1] // 2
        bound, free = (best_of_each(self.bound.settings, part) for part in (losses[:half], losses[half:]))
        holds = losses[:half][bound].mean() <= losses[half:][free].mean()
        return bound if holds else np.asarray(free + half, dtype=np.intp)


def adapted(learners: Sequence[Learner], *, rule: str, options: dict[str, Any] | None) -> list[Any]:
    """Return the learners, trees with the options given, and hedged where the rule says so.

    Parameters
    ----------
    learners
        As from ``candidates``.
    rule
        ``always``: constraints bind; ``no_loss``: they bind where they do not lose out of time.
    options
        Options of ``TreeLearner`` for the learner called ``tree``, as tuning finds them; ``free_tree`` keeps its own,
        as something to fall back on. None leaves all as they are.

    Raises
    ------
    InputError
        If the rule is not known, or an option is not one of a tree.
    """
    if rule not in RULES:
        raise InputError(Fault("monotone_rule", f"one of {', '.join(RULES)}", repr(rule)))
    tuned = [_with(one, options) if options and one.name == "tree" else one for one in learners]
    return [_hedged(one) if rule == "no_loss" else one for one in tuned]


def _with(learner: Any, options: dict[str, Any]) -> TreeLearner:
    unknown = sorted(set(options) - set(learner.options))
    if unknown:
        raise InputError(Fault("tree_options", f"some of {', '.join(learner.options)}", ", ".join(unknown)))
    chosen = {**learner.options, **options}
    made: TreeLearner = type(learner)(**{**chosen, "grid": tuple(tuple(part) for part in chosen["grid"])})
    return made


def _hedged(learner: Any) -> Any:
    if not isinstance(learner, TreeLearner) or not learner.options["monotone"]:
        return learner
    return Hedged(learner, _with(learner, {"monotone": {}}))
