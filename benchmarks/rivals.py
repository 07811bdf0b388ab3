"""What anybody would try first: LightGBM at its defaults on the columns as they are."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin


class DefaultLightGBM(ClassifierMixin, BaseEstimator):
    """``LGBMClassifier()``: 100 trees of 31 leaves, categories as they are, free text left out."""

    def __init__(self, n_jobs: int = 1) -> None:
        self.n_jobs = n_jobs

    def fit(self, X: pd.DataFrame, y: Any) -> Self:
        """Learn from the rows that have a label."""
        from lightgbm import LGBMClassifier

        label = np.asarray(y["label"] if isinstance(y, pd.DataFrame) else y, dtype=float)
        self.columns_ = [name for name in X if X[name].dtype.kind == "f" or X[name].dtype == "category"]
        self.model_ = LGBMClassifier(n_jobs=self.n_jobs, random_state=0, deterministic=True, verbose=-1)
        self.model_.fit(X.loc[~np.isnan(label), self.columns_], label[~np.isnan(label)])
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return probabilities of both classes, shape (n_rows, 2)."""
        return np.asarray(self.model_.predict_proba(X[self.columns_]))

    def contributions(self, X: pd.DataFrame) -> np.ndarray:
        """Return what each column adds to the log-odds, and the bias last."""
        return np.asarray(self.model_.predict(X[self.columns_], pred_contrib=True))
