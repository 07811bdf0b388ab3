"""Scores and reasons from estimators in hand, for notebooks."""

from __future__ import annotations

import pandas as pd

from cs_ml.config.targets import KINDS
from cs_ml.explain import TypicalValues
from cs_ml.health import HealthScore
from cs_ml.models import PropensityClassifier
from cs_ml.pipeline.score import Fitted, reasons_of, scores_of

__all__ = ["explain_accounts", "score_accounts"]


def score_accounts(
    X: pd.DataFrame, *, health: HealthScore | None = None, mrr: pd.Series | None = None, **models: PropensityClassifier
) -> pd.DataFrame:
    """Score snapshot rows with fitted estimators.

    Parameters
    ----------
    X
        Features by (account_id, as_of).
    health
        Fitted health score; if it was fitted with a model's margin, that of the first model is used.
    mrr
        Monthly revenue of each row; ``contracts_mrr_current`` where missing.
    **models
        Fitted model of each target, by name.

    Returns
    -------
    pandas.DataFrame
        One row a row of ``X``: ``p_<target>``, the columns of the health score, mrr.

    Examples
    --------
    >>> import numpy as np
    >>> X = pd.DataFrame({"logins": np.arange(60.0)})
    >>> churn = PropensityClassifier(learners=("logistic",)).fit(X, (X["logins"] < 20).astype(int))
    >>> score_accounts(X, churn=churn)["p_churn"].is_monotonic_decreasing
    True
    """
    given = X["contracts_mrr_current"] if mrr is None and "contracts_mrr_current" in X else mrr
    return scores_of(_fitted(X, health, models), X, given).drop(columns="model_version")


def explain_accounts(
    X: pd.DataFrame,
    catalog: pd.DataFrame | None = None,
    *,
    health: HealthScore | None = None,
    top: int = 5,
    **models: PropensityClassifier,
) -> pd.DataFrame:
    """Return the largest reasons of each row and target.

    Parameters
    ----------
    X
        Features by (account_id, as_of).
    catalog
        Description of the features; their names stand in where missing.
    health
        Fitted health score.
    top
        Reasons of each row and target, at most.
    **models
        Fitted model of each target, by name; where that is a kind of label the sentences know it, another name is
        spoken of as an outcome.

    Returns
    -------
    pandas.DataFrame
        One row a reason: account_id, as_of, target, rank, feature, theme, value, typical, points, role, stable,
        sentence_en, sentence_ja.
    """
    fitted = _fitted(X, health, models, catalog)
    return reasons_of(fitted, X, {target: target if target in KINDS else "table" for target in models}, top).drivers


def _fitted(
    X: pd.DataFrame,
    health: HealthScore | None,
    models: dict[str, PropensityClassifier],
    catalog: pd.DataFrame | None = None,
) -> Fitted:
    described = pd.DataFrame(index=pd.Index([], name="name")) if catalog is None else catalog
    return Fitted(models, health, next(iter(models), "churn"), TypicalValues().fit(X), described, "")
