"""One learner under several settings, averaged in log-odds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from cs_ml.models.encode import View
from cs_ml.models.learners import Learner, Member
from cs_ml.models.tree import TreeLearner

__all__ = ["Average", "best_of_each", "chosen_settings"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class Average:
    """Members of one kind that differ in their settings; their margins are averaged.

    Which columns to keep is a choice that few events cannot make: the sets that look best on one half of a small book
    differ from those of the other. Averaging over the choices loses less than making a wrong one (model averaging,
    Hoeting and others 1999), and a mean of log-odds is still a sum over features.

    Parameters
    ----------
    members
        Learners fixed to a setting each, at least one.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)

    @property
    def name(self) -> str:
        """Name that all members have."""
        return self.members[0].name

    @property
    def reads(self) -> str:
        """View that all members read."""
        return self.members[0].reads

    def fit(self, view: View, y: Floats, weights: Floats | None = None) -> Self:
        """Fit every member; trees look at all columns once for all members."""
        told: dict[str, Any] = {"scouts": {}} if isinstance(self.members[0], TreeLearner) else {}
        self.members = tuple(member.fit(view, y, weights, **told) for member in self.members)
        return self

    def margin(self, view: View) -> Floats:
        """Return the mean log-odds of the members, shape (n_rows,)."""
        margins = [member.margin(view) for member in self.members]
        return np.asarray(np.add.reduce(margins) / len(margins), dtype=np.float64)

    def contributions(self, view: View) -> tuple[Floats, float]:
        """Return the mean of what each encoded column adds, and of the bias; they sum to the margin."""
        told = [member.contributions(view) for member in self.members]
        parts, biases = zip(*told, strict=True)
        return np.asarray(np.add.reduce(parts) / len(told)), sum(biases) / len(told)

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        return {"members": [member.to_state() for member in self.members]}

    @classmethod
    def from_state(cls, state: dict[str, Any], make: Callable[[dict[str, Any]], Member]) -> Self:
        """Return the average that ``to_state`` described; ``make`` makes a member again."""
        return cls([make(member) for member in state["members"]])


def chosen_settings(learner: Learner, lost: Floats, clusters: Rows) -> Rows:
    """Return the settings to average: what a learner that can ``choose`` says, or the best for each number of columns.

    Parameters
    ----------
    learner
        Learner that was tried.
    lost
        Loss of each row under each setting, shape (n_rows, n_settings).
    clusters
        Integer code of the account of each row.

    Returns
    -------
    numpy.ndarray of int
        Positions of settings.
    """
    if hasattr(learner, "choose"):
        return np.asarray(learner.choose(lost, clusters), dtype=np.intp)
    return best_of_each(learner.settings, lost.mean(axis=0))


def best_of_each(settings: Sequence[dict[str, Any]], losses: Floats) -> Rows:
    """Return, for each number of columns that may be kept, the setting that did best.

    Parameters
    ----------
    settings
        Told apart by ``columns``, where they have any.
    losses
        Mean loss of each setting, shape (n_settings,).

    Returns
    -------
    numpy.ndarray of int
        Positions of settings.

    Examples
    --------
    >>> settings = [{"columns": columns, "C": C} for columns in (4, None) for C in (0.1, 1.0)]
    >>> best_of_each(settings, np.array([0.3, 0.2, 0.1, 0.4]))
    array([1, 2])
    """
    kinds = [setting.get("columns") for setting in settings]
    groups = [[at for at, kind in enumerate(kinds) if kind == one] for one in dict.fromkeys(kinds)]
    return np.array([group[int(losses[group].argmin())] for group in groups], dtype=np.intp)
