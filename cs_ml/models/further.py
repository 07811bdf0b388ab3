"""Learners of one's own: what an entry point of the group ``cs_ml.learners`` brings joins the blend.

Such a learner must be able to say in plain values all it has learned, because a bundle runs nothing that it carries;
only code that is installed, under the name that the bundle says, makes a learner of it again.
"""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from cs_ml.errors import BundleError, Fault, InputError
from cs_ml.models.encode import View
from cs_ml.models.learners import Learner, TrainingRows
from cs_ml.store.plain import plain

__all__ = ["GROUP", "FurtherLearner", "Guarded", "further_from_state", "further_learner", "split_names"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
GROUP = "cs_ml.learners"
NEEDED = ("settings", "with_setting", "path", "fit", "margin", "contributions", "to_state", "from_state", "reads")
TRIED_ROWS = 50


class FurtherLearner:
    """A start for learners of one's own: one setting unless told otherwise, tried on each fold by fitting it.

    A subclass sets ``name`` and ``reads`` (``linear``: finite and scaled, or ``tree``: as they are, missing as NaN,
    the levels of a category as their rank by frequency, 0 the most frequent), and writes ``fit``, ``margin``,
    ``contributions``, ``to_state`` and ``from_state``. What is learned must not depend on ``n_jobs`` nor on chance
    other than ``random_state``.

    Parameters
    ----------
    random_state
        Seed.
    n_jobs
        Threads.
    setting
        One of ``choices``.
    """

    name: ClassVar[str] = "further"
    reads: ClassVar[str] = "linear"
    choices: ClassVar[tuple[dict[str, Any], ...]] = ({},)

    def __init__(self, *, random_state: int = 0, n_jobs: int = 1, **setting: Any) -> None:
        self.random_state, self.n_jobs, self.setting = random_state, n_jobs, setting

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Settings to choose from, simplest first."""
        return [dict(choice) for choice in self.choices]

    def with_setting(self, setting: dict[str, Any]) -> Self:
        """Return an unfitted learner fixed to one setting."""
        return type(self)(random_state=self.random_state, n_jobs=self.n_jobs, **setting)

    def path(self, rows: TrainingRows, train: Rows, test: Rows) -> Floats:
        """Return margins of the test rows for each setting, shape (n_test, n_settings)."""
        views = rows.linear(train, test) if self.reads == "linear" else (rows.tree.take(train), rows.tree.take(test))
        tried = [self.with_setting(setting) for setting in self.settings]
        return np.column_stack([_fitted(one, views[0], rows.y[train], rows.weights[train], views[1]) for one in tried])


class Guarded:
    """A learner of somebody else's under its installed name; what it learns is looked at before it is used.

    Parameters
    ----------
    name
        Name of the entry point.
    inner
        The learner.

    Raises
    ------
    InputError
        On ``fit``, with every fault at once: its state is not plain, it does not come back from its state, or its
        contributions do not add up to its margin.
    """

    def __init__(self, name: str, inner: Any) -> None:
        self.name, self.inner = name, inner

    @property
    def reads(self) -> str:
        """View it reads."""
        return str(self.inner.reads)

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Settings to choose from, simplest first."""
        return [dict(setting) for setting in self.inner.settings]

    def with_setting(self, setting: dict[str, Any]) -> Self:
        """Return an unfitted learner fixed to one setting."""
        return type(self)(self.name, self.inner.with_setting(setting))

    def path(self, rows: TrainingRows, train: Rows, test: Rows) -> Floats:
        """Return margins of the test rows for each setting, shape (n_test, n_settings)."""
        return np.asarray(self.inner.path(rows, train, test), dtype=np.float64)

    def fit(self, view: View, y: Floats, weights: Floats | None = None) -> Self:
        """Learn, and refuse what could not be stored or explained."""
        self.inner = self.inner.fit(view, y, weights)
        faults = list(self._faults(view.take(np.arange(min(TRIED_ROWS, len(view.matrix))))))
        if faults:
            raise InputError(faults)
        return self

    def margin(self, view: View) -> Floats:
        """Return log-odds, shape (n_rows,)."""
        return np.asarray(self.inner.margin(view), dtype=np.float64)

    def contributions(self, view: View) -> tuple[Floats, float]:
        """Return what each encoded column adds, and the bias."""
        parts, bias = self.inner.contributions(view)
        return np.asarray(parts, dtype=np.float64), float(bias)

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        state: dict[str, Any] = plain(self.inner.to_state(), f"state of the learner {self.name}")
        return state

    def _faults(self, view: View) -> list[Fault]:
        where = f"learner {self.name}"
        try:
            state = json.loads(json.dumps(self.to_state()))
        except InputError as error:
            return list(error.faults)
        parts, bias = self.contributions(view)
        told, again = self.margin(view), type(self.inner).from_state(state).margin(view)
        checks = (
            ("margins equal bit for bit after to_state and from_state", np.abs(again - told).max()),
            ("contributions and bias that add up to the margin", max(np.abs(parts.sum(axis=1) + bias - told).max(), 0)),
        )
        bounds = (0.0, 1e-6)
        return [
            Fault(where, expected, f"a difference of {off:.2g}")
            for (expected, off), bound in zip(checks, bounds, strict=True)
            if not off <= bound
        ]


def split_names(learners: str | tuple[str, ...], known: tuple[str, ...]) -> tuple[str | tuple[str, ...], list[str]]:
    """Return the learners of the package that are meant, and the names of further ones.

    Examples
    --------
    >>> split_names(("auto", "catboost"), ("logistic", "tree"))
    ('auto', ['catboost'])
    >>> split_names(("logistic", "catboost"), ("logistic", "tree"))
    (('logistic',), ['catboost'])
    """
    names = (learners,) if isinstance(learners, str) else tuple(learners)
    further = [name for name in names if name != "auto" and name not in known]
    if "auto" in names:
        return "auto", further
    return tuple(name for name in names if name in known), further


def further_learner(name: str, known: tuple[str, ...], *, seed: int, n_jobs: int) -> Learner:
    """Return the unfitted learner that an installed package offers under a name.

    Raises
    ------
    InputError
        If there is none, or it cannot do what a learner must.
    """
    points = entry_points(group=GROUP)
    if name not in points.names:
        among = ", ".join(("auto", *known, *sorted(points.names)))
        hint = f"further learners are entry points of the group {GROUP}"
        raise InputError(Fault("learners", f"names among {among}", repr(name), hint=hint))
    inner = points[name].load()(random_state=seed, n_jobs=n_jobs)
    absent = [word for word in NEEDED if not hasattr(inner, word)]
    if absent:
        hint = "cs_ml.models.further.FurtherLearner is a start"
        raise InputError(Fault(f"learner {name}", "what every learner can do", f"no {', '.join(absent)}", hint=hint))
    return Guarded(name, inner)


def further_from_state(name: str, state: dict[str, Any]) -> Guarded:
    """Return the fitted learner which ``to_state`` described.

    Raises
    ------
    BundleError
        If no installed package offers a learner of that name.
    """
    points = entry_points(group=GROUP)
    if name not in points.names:
        listed = ", ".join(sorted(points.names)) or "none"
        raise BundleError(
            f"the model holds a learner {name!r}: expected an installed package that offers it as an entry point of "
            f"{GROUP}, found {listed}; install it again"
        )
    return Guarded(name, points[name].load().from_state(state))


def _fitted(one: Any, past: View, y: Floats, weights: Floats, future: View) -> Floats:
    return np.asarray(one.fit(past, y, weights).margin(future), dtype=np.float64)
