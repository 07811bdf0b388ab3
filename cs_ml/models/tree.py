"""Boosted trees, kept small: shallow, many rows a leaf, and no more columns than out-of-time evidence supports."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from cs_ml.models.bins import FIXED, binned
from cs_ml.models.encode import View
from cs_ml.models.learners import TrainingRows

__all__ = ["AdditiveLearner", "FreeTreeLearner", "TreeLearner"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class TreeLearner:
    """LightGBM for books of hundreds of events, not millions of rows.

    Snapshots of one account resemble each other and share their outcome, so rows overstate what is known. A leaf
    must therefore hold many rows, and among hundreds of columns a few that carry the signal are often better than
    all: the learner ranks columns by gain on the training rows and may keep the best few.

    Parameters
    ----------
    columns
        How many columns to keep; None keeps all.
    trees
        Number of trees.
    leaves
        Leaves a tree at most.
    leaf_rows
        Training rows a leaf at least.
    leaf_weight
        Sum of p * (1 - p) a leaf at least: about the number of positive rows expected in it.
    learning_rate, l2, column_share
        As in LightGBM; with eight columns or fewer every tree sees all of them.
    seeds
        How many models that differ in their column samples are averaged in log-odds.
    monotone
        Feature name to +1 (more of it never lowers the margin) or -1.
    grid
        Numbers of columns and numbers of trees to choose from over time folds.
    random_state
        Seed.
    n_jobs
        Threads that predict; no result depends on it. Trees grow on one thread.

    Examples
    --------
    >>> view, y = View(np.arange(200.0)[:, None], ("logins",)), np.repeat([0.0, 1.0], 100)
    >>> margin = TreeLearner(trees=5, leaf_rows=20, leaf_weight=1.0).fit(view, y).margin(view)
    >>> bool(margin[0] < 0 < margin[-1])
    True
    """

    name: ClassVar[str] = "tree"
    reads: ClassVar[str] = "tree"

    def __init__(
        self,
        *,
        columns: int | None = None,
        trees: int = 60,
        leaves: int = 8,
        leaf_rows: int = 100,
        leaf_weight: float = 5.0,
        learning_rate: float = 0.1,
        l2: float = 10.0,
        column_share: float = 0.7,
        seeds: int = 1,
        monotone: dict[str, int] | None = None,
        grid: tuple[tuple[int, ...], tuple[int, ...]] = ((4, 12), (10, 20, 35, 60, 100)),
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.options: dict[str, Any] = {
            "leaves": leaves,
            "leaf_rows": leaf_rows,
            "leaf_weight": leaf_weight,
            "learning_rate": learning_rate,
            "l2": l2,
            "column_share": column_share,
            "seeds": seeds,
            "monotone": dict(monotone or {}),
            "grid": grid,
            "random_state": random_state,
            "n_jobs": n_jobs,
        }
        self.columns = columns
        self.trees = trees
        self.kept_: Rows = np.empty(0, dtype=np.intp)
        self.boosters_: list[Any] = []

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Few columns before many, few trees before many."""
        columns, trees = self.options["grid"]
        return [{"columns": c, "trees": t} for c in (*columns, None) for t in trees]

    def with_setting(self, setting: dict[str, Any]) -> Self:
        """Return an unfitted learner with so many columns and trees."""
        return type(self)(**setting, **self.options)

    def path(self, rows: TrainingRows, train: Rows, test: Rows) -> Floats:
        """Return margins of the test rows for each setting, on one thread; folds share the bins of all columns."""
        columns, counts = self.options["grid"]
        full = self._boost_all(rows.binned.subset(np.sort(train)), rows.tree.sources, max(counts))
        future, order = rows.tree.take(test), self._ranking(full)
        margins = []
        for few in (np.sort(order[:number]) for number in columns):
            past = _narrow(rows.tree, few).take(train)
            boosters = self._boost_few(past, rows.y[train], rows.weights[train], max(counts))
            margins += [_mean_margin(boosters, future.matrix[:, few], count) for count in counts]
        margins += [_mean_margin(full, future.matrix, count) for count in counts]
        return np.column_stack(margins)

    def fit(
        self, view: View, y: Floats, weights: Floats | None = None, *, scouts: dict[str, Any] | None = None
    ) -> Self:
        """Grow the trees, first on all columns, then on the best few where ``columns`` says so.

        Parameters
        ----------
        view
            Tree view of the training rows.
        y
            Labels 0.0 and 1.0, shape (n_rows,).
        weights
            Row weights with mean one.
        scouts
            Trees on all columns that learners who differ in ``columns`` and ``trees`` alone share: the first who grows
            any leaves them here for the others.

        Returns
        -------
        TreeLearner
            Itself.
        """
        every = np.arange(view.matrix.shape[1])
        scouts = {} if scouts is None else scouts
        if self.columns is not None and self.columns < len(every):
            self.kept_ = np.sort(self._ranking(self._scouts(view, y, weights, scouts))[: self.columns])
            boosters = self._boost_few(_narrow(view, self.kept_), y, weights, self.trees)
        else:
            self.kept_ = every
            boosters = scouts.get("boosters") or self._boost_few(view, y, weights, self.trees)
        self.boosters_ = [_reload(booster.model_to_string(num_iteration=self.trees)) for booster in boosters]
        return self

    def margin(self, view: View) -> Floats:
        """Return log-odds, shape (n_rows,), averaged over seeds."""
        return _mean_margin(self.boosters_, view.matrix[:, self.kept_], self.trees, self.options["n_jobs"])

    def contributions(self, view: View) -> tuple[Floats, float]:
        """Return TreeSHAP values and the bias (Lundberg, Erion and Lee 2018), averaged over seeds."""
        values = np.ascontiguousarray(view.matrix[:, self.kept_])
        raw = [b.predict(values, pred_contrib=True, num_threads=self.options["n_jobs"]) for b in self.boosters_]
        mean = np.add.reduce(raw) / len(raw)
        parts = np.zeros(view.matrix.shape)
        parts[:, self.kept_] = mean[:, :-1]
        return parts, float(mean[0, -1]) if len(mean) else 0.0

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values; the boosters as LightGBM's own text."""
        return {
            "columns": self.columns,
            "trees": self.trees,
            "options": {**self.options, "grid": [list(part) for part in self.options["grid"]]},
            "kept": self.kept_.tolist(),
            "boosters": [booster.model_to_string() for booster in self.boosters_],
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the learner that ``to_state`` described."""
        columns, trees = state["options"]["grid"]
        options = {**state["options"], "grid": (tuple(columns), tuple(trees))}
        learner = cls(columns=state["columns"], trees=state["trees"], **options)
        learner.kept_ = np.array(state["kept"], dtype=np.intp)
        learner.boosters_ = [_reload(text) for text in state["boosters"]]
        return learner

    def _seeds(self) -> range:
        return range(self.options["random_state"], self.options["random_state"] + self.options["seeds"])

    def _scouts(self, view: View, y: Floats, weights: Floats | None, scouts: dict[str, Any]) -> list[Any]:
        if "boosters" not in scouts:
            most = max([*self.options["grid"][1], self.trees])
            scouts["boosters"] = self._boost_few(view, y, weights, most)
        return list(scouts["boosters"])

    def _params(self, sources: tuple[str, ...], seed: int) -> dict[str, Any]:
        o = self.options
        signs = [o["monotone"].get(source, 0) for source in sources]
        return {
            **FIXED,
            "num_leaves": o["leaves"],
            "max_depth": 5,
            "min_data_in_leaf": o["leaf_rows"],
            "min_sum_hessian_in_leaf": o["leaf_weight"],
            "learning_rate": o["learning_rate"],
            "lambda_l2": o["l2"],
            "feature_fraction": o["column_share"] if len(sources) > 8 else 1.0,
            "seed": seed,
            **({"monotone_constraints": signs} if any(signs) else {}),
        }

    def _boost_all(self, rows: Any, sources: tuple[str, ...], trees: int) -> list[Any]:
        """Grow trees on rows in bins, once a seed; on one thread, for two that wait for each other cost up to ten."""
        import lightgbm as lgb  # noqa: PLC0415  heavy, and only this learner needs it

        return [lgb.train(self._params(sources, seed), rows, num_boost_round=trees) for seed in self._seeds()]

    def _boost_few(self, view: View, y: Floats, weights: Floats | None, trees: int) -> list[Any]:
        """Cut the columns of a view into bins of their own, and grow trees."""
        rows = binned(view.matrix, y, weights)
        return self._boost_all(rows, view.sources, trees)

    def _ranking(self, boosters: list[Any]) -> Rows:
        gain = np.add.reduce([booster.feature_importance("gain") for booster in boosters])
        return np.argsort(-gain, kind="stable")


class AdditiveLearner(TreeLearner):
    """Trees of one split each: a sum of steps, one column at a time, between the straight line and the trees.

    Without interactions fewer things can be learned from chance, and what is learned bends where a line cannot
    (generalised additive model by boosting, Lou, Caruana and Gehrke 2012).
    """

    name: ClassVar[str] = "additive"


class FreeTreeLearner(TreeLearner):
    """Trees with smaller leaves and less shrinkage: what strong signals ask for, and the blend says whether they do."""

    name: ClassVar[str] = "free_tree"


def _narrow(view: View, kept: Rows) -> View:
    return View(view.matrix[:, kept], tuple(view.sources[i] for i in kept))


def _mean_margin(boosters: list[Any], values: Floats, trees: int, n_jobs: int = 1) -> Floats:
    values = np.ascontiguousarray(values)
    raw = [b.predict(values, raw_score=True, num_iteration=trees, num_threads=n_jobs) for b in boosters]
    return np.asarray(np.add.reduce(raw) / len(raw), dtype=np.float64)


def _reload(text: str) -> Any:
    import lightgbm as lgb  # noqa: PLC0415  heavy, and only this learner needs it

    return lgb.Booster(model_str=text)
