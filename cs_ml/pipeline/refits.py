"""Whether the signs of a model's reasons would stand had other accounts been there to learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone

from cs_ml.errors import NotEnoughData
from cs_ml.explain import stability
from cs_ml.models import PropensityClassifier
from cs_ml.timeline import as_of_dates

__all__ = ["sign_stability"]

REFITS, ORIGINS = 5, 2
LEARNING_ROWS, JUDGED_ROWS = 20_000, 2_000


def sign_stability(
    model: PropensityClassifier, X: pd.DataFrame, y: pd.DataFrame, *, random_state: int = 0
) -> pd.Series:
    """Return for each feature the share of refits in which its contributions keep their sign.

    Each refit learns from a random half of the accounts, at most 20,000 rows of them. The signs are compared on the
    newest rows, where the published contribution is not zero.

    Parameters
    ----------
    model
        Fitted model whose reasons are published.
    X, y
        Rows it learned from, and their label frame.
    random_state
        Seed of the halves.

    Returns
    -------
    pandas.Series
        Share in [0, 1] by feature; 0 where no refit could be made.

    Notes
    -----
    Half-samples as in Meinshausen and Buehlmann, "Stability selection", 2010.
    """
    rng = np.random.default_rng(random_state)
    newest = X.iloc[np.argsort(as_of_dates(X), kind="stable")[-JUDGED_ROWS:]]
    published = model.contributions(newest)[0]
    refits = [terms for _ in range(REFITS) if (terms := _refit(model, X, y, newest, rng)) is not None]
    if len(refits) < 2:
        return pd.Series(0.0, index=published.columns)
    share = stability(refits, against=published)
    return share.where(published != 0).mean().fillna(0.0)


def _refit(
    model: PropensityClassifier, X: pd.DataFrame, y: pd.DataFrame, newest: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame | None:
    accounts = X.index.get_level_values("account_id")
    everyone = accounts.unique()
    wanted = min(len(everyone) // 2, int(LEARNING_ROWS * len(everyone) / len(X)) + 1)
    half = accounts.isin(rng.choice(everyone, wanted, replace=False))
    try:
        refit = clone(model).set_params(n_origins=ORIGINS).fit(X[half], y[half])
        return refit.contributions(newest)[0]  # type: ignore[no-any-return]
    except NotEnoughData:
        return None
