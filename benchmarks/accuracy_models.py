"""The models of ``accuracy.py``, ours and its rivals; each is run in a process of its own on rows laid ready.

``python accuracy_models.py NAME FOLDER [SECONDS]`` learns, predicts the later rows, writes ``NAME.npy`` beside them and
says what it spent. Every rival is run as its makers ship it, on one thread; those that cannot take categories get them
as columns of zeros and ones. The AutoML (FLAML) searches by log loss for the processor seconds it is given; the clock
it reads is set to those, for the machine may be shared. Where rows have dates it is told that they are in the order of
time, for otherwise it would choose by random folds.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy_books import Task
from fresh import spending

OURS, AUTOML = "cs_ml", "flaml"


def ours(task: Task, _: float) -> Any:
    """Learn as the pipeline does."""
    from cs_ml.models import PropensityClassifier

    return PropensityClassifier(purge_days=task.purge_days).fit(task.X, task.y)


def logistic(task: Task, _: float) -> Any:
    """Learn a logistic regression on imputed, scaled columns."""
    from cs_ml.models.baselines import PlainLogistic

    return PlainLogistic().fit(task.X, task.y)


def lightgbm(task: Task, _: float) -> Any:
    """Learn LightGBM at its defaults."""
    from rivals import DefaultLightGBM

    return DefaultLightGBM().fit(task.X, task.y)


def histogram(task: Task, _: float) -> Any:
    """Learn scikit-learn's histogram boosting at its defaults."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return HistGradientBoostingClassifier(random_state=0).fit(task.X, task.y)


def catboost(task: Task, _: float) -> Any:
    """Learn CatBoost at its defaults."""
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(thread_count=1, random_seed=0, verbose=0, allow_writing_files=False)
    return _Shaped(model.fit(_texts(task.X), task.y, cat_features=_categories(task.X)), _texts)


def ebm(task: Task, _: float) -> Any:
    """Learn an explainable boosting machine at its defaults."""
    from interpret.glassbox import ExplainableBoostingClassifier

    return _Shaped(ExplainableBoostingClassifier(n_jobs=1, random_state=0).fit(_texts(task.X), task.y), _texts)


def flaml(task: Task, seconds: float) -> Any:
    """Let FLAML search over LightGBM, XGBoost, CatBoost, forests and logistic regression."""
    from flaml import AutoML

    time.time = time.process_time
    X, y, order = task.X, task.y, {}
    if task.timed:
        by_date = np.argsort(X.index.get_level_values("as_of"), kind="stable")
        X, y, order = X.iloc[by_date], y.iloc[by_date], {"split_type": "time"}
    model = AutoML()
    model.fit(
        _numbered(X), y.to_numpy(dtype=int), task="classification", metric="log_loss", time_budget=seconds, n_jobs=1,
        seed=0, verbose=0, **order,
    )  # fmt: skip
    return _Shaped(model, _numbered)


# name: how it learns, and the package it needs
MODELS: dict[str, tuple[Callable[[Task, float], Any], str]] = {
    OURS: (ours, "cs_ml"),
    "logistic": (logistic, "sklearn"),
    "lightgbm": (lightgbm, "lightgbm"),
    "histogram": (histogram, "sklearn"),
    "catboost": (catboost, "catboost"),
    "ebm": (ebm, "interpret"),
    AUTOML: (flaml, "flaml"),
}


def there(name: str) -> bool:
    """Return whether the package that a model needs can be imported."""
    return find_spec(MODELS[name][1]) is not None


class _Shaped:
    """A model that wants its columns in another shape."""

    def __init__(self, model: Any, shape: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        self.model, self.shape = model, shape

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return probabilities of both classes."""
        return np.asarray(self.model.predict_proba(self.shape(X)))


def _categories(X: pd.DataFrame) -> list[str]:
    return [str(name) for name in X if isinstance(X[name].dtype, pd.CategoricalDtype)]


def _texts(X: pd.DataFrame) -> pd.DataFrame:
    """Return categories as text, a missing one as a level of its own; numbers stay."""
    named = _categories(X)
    texts = {name: X[name].astype(object).where(X[name].notna(), "missing").astype(str) for name in named}
    return X.assign(**texts).reset_index(drop=True)


def _numbered(X: pd.DataFrame) -> pd.DataFrame:
    """Return columns under names that every library takes."""
    return X.set_axis([f"c{at}" for at in range(X.shape[1])], axis=1).reset_index(drop=True)


def main(name: str, folder: Path, seconds: float) -> dict[str, float]:
    """Learn, predict and keep the probabilities; return what it took."""
    task = Task.load(folder)
    before = _children()
    with spending() as spent:
        p = MODELS[name][0](task, seconds).predict_proba(task.X_later)[:, 1]
    spent["cpu"] += _children() - before
    np.save(folder / f"{name}.npy", np.clip(np.asarray(p, dtype=float), 0.0, 1.0))
    return spent | {"rows": len(task.X), "columns": task.X.shape[1], "later": len(p)}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 60.0)))
