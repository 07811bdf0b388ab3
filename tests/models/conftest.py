"""A small book with a known signal."""

import numpy as np
import pandas as pd
import pytest


def make_book(n_accounts=80, n_dates=12, seed=0, strength=1.5):
    """Leavers log in less; seats and plan are noise; a label is an event within about three months."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2025-01-01", periods=n_dates, freq="MS")
    accounts = [f"a{i:03d}" for i in range(n_accounts)]
    index = pd.MultiIndex.from_product([accounts, dates], names=["account_id", "as_of"])
    level = rng.normal(size=n_accounts).repeat(n_dates)
    logins = level + 0.5 * rng.normal(size=len(index))
    y = (rng.random(len(index)) < 1 / (1 + np.exp(1.5 + strength * logins))).astype(float)
    plan = pd.Categorical(rng.choice(["basic", "pro"], n_accounts).repeat(n_dates))
    seats = np.where(rng.random(len(index)) < 0.2, np.nan, rng.poisson(20, len(index)))
    X = pd.DataFrame({"usage_logins_count_30d": logins, "contracts_seats_current": seats, "plan": plan}, index=index)
    return X, pd.Series(y, index=index, name="label")


@pytest.fixture(scope="session")
def book():
    return make_book()


@pytest.fixture(scope="session")
def fitted(book):
    from cs_ml.models import PropensityClassifier

    return PropensityClassifier(n_origins=3).fit(*book)
