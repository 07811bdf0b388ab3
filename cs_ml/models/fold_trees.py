"""Boosted trees over many folds at once: columns are binned once, folds share the bins and run side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cs_ml.models.bins import FIXED, binned
from cs_ml.models.encode import View

__all__ = ["FoldTrees"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Fold = tuple[Rows, Rows]


@dataclass
class FoldTrees:
    """Rows binned once, with edges of the earliest fold (see :func:`cs_ml.models.bins.binned`), to fit trees on folds.

    Parameters
    ----------
    view
        Tree view of all rows.
    y, weights
        Labels 0.0 and 1.0, and row weights, shape (n_rows,).
    folds
        Row positions of training and test, the earliest fold first.
    n_jobs
        Folds at once, each on one thread; no result depends on it.
    """

    view: View
    y: Floats
    weights: Floats | None
    folds: Sequence[Fold]
    n_jobs: int = 1
    kept: dict[int, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.folds = [(np.sort(train), np.sort(test)) for train, test in self.folds]
        pasts = [train for train, _ in self.folds]
        self.binned = binned(self.view.matrix, self.y, self.weights, pasts, n_jobs=self.n_jobs)

    def boost(self, fold: int, params: dict[str, Any], trees: int) -> Any:
        """Return the booster of one fold's training rows.

        Parameters
        ----------
        fold
            Position of the fold.
        params
            LightGBM's own, beside the objective.
        trees
            Number of trees.
        """
        import lightgbm as lgb  # noqa: PLC0415  heavy, and only trees need it

        return lgb.train(_named(params), self._train(fold), num_boost_round=trees)

    def margins(self, params: dict[str, Any], trees: int) -> list[Floats]:
        """Return the log-odds of the test rows of each fold, as many folds at once as there are jobs."""

        def predict(fold: int) -> Floats:
            future = self.view.matrix[self.folds[fold][1]]
            booster = self.boost(fold, params, trees)
            return np.asarray(booster.predict(future, raw_score=True, num_threads=1), dtype=np.float64)

        with ThreadPoolExecutor(self.n_jobs) as pool:
            return list(pool.map(predict, range(len(self.folds))))

    def curves(self, params: dict[str, Any], trees: int, metric: str, patience: int) -> Iterator[Floats]:
        """Yield, newest fold first, the metric of the test rows after each tree.

        A fold stops growing ``patience`` trees after its best one; the curve then ends early. The newest fold is
        computed alone, because most choices are lost on it; the others side by side, and yielded one by one, so that a
        caller who stops early decides the same with any number of jobs.

        Parameters
        ----------
        params, trees
            As in ``boost``.
        metric
            LightGBM's name: ``binary_logloss`` or ``average_precision``.
        patience
            Trees without gain.
        """
        order = range(len(self.folds))[::-1]
        with ThreadPoolExecutor(self.n_jobs) as pool:
            blocks = [order[:1], *(order[at : at + self.n_jobs] for at in range(1, len(order), self.n_jobs))]
            for block in blocks:
                yield from pool.map(lambda fold: self._curve(fold, params, trees, metric, patience), block)

    def _curve(self, fold: int, params: dict[str, Any], trees: int, metric: str, patience: int) -> Floats:
        import lightgbm as lgb  # noqa: PLC0415  heavy, and only trees need it

        higher = metric == "average_precision"
        booster = lgb.Booster(_named(params) | {"metric": metric}, self._train(fold))
        booster.add_valid(self._test(fold), "test")
        found: list[float] = []
        best = 0
        while len(found) < trees and len(found) - best <= patience:
            booster.update()
            found.append(booster.eval_valid()[0][2])
            if found[-1] > found[best] if higher else found[-1] < found[best]:
                best = len(found) - 1
        return np.array(found, dtype=np.float64)

    def _train(self, fold: int) -> Any:
        return self._subset(fold, 0)

    def _test(self, fold: int) -> Any:
        return self._subset(fold, 1)

    def _subset(self, fold: int, side: int) -> Any:
        key = 2 * fold + side
        if key not in self.kept:
            self.kept[key] = self.binned.subset(self.folds[fold][side]).construct()
        return self.kept[key]


def _named(params: dict[str, Any]) -> dict[str, Any]:
    """Return LightGBM's params; rows are read whole where every tree sees all columns, for that takes less time."""
    every = params.get("feature_fraction", 1.0) == 1.0
    return {**FIXED, "force_col_wise": not every, "force_row_wise": every, **params}
