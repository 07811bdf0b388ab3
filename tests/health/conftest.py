import numpy as np
import pandas as pd
import pytest

from cs_ml.health import HealthScore, Measure, Scorecard

TRUE = np.array([4.0, 2.0, 1.0, 0.0])  # log-odds per 100 points
NAMES = ("days", "seats", "nps", "noise")


def make_card(weights=(4, 2, 1, 0.5), **more):
    measures = tuple(
        Measure(name=name, feature=f"f_{name}", dimension="adoption", knots=((0, 0), (100, 100)), weight=weight)
        for name, weight in zip(NAMES, weights, strict=True)
    )
    return Scorecard(name="test", measures=measures, coverage_floor=0.0, **more)


def make_world(seed=0, n_accounts=150, n_dates=14, base=-3.5, true=TRUE, missing=0.0):
    """Accounts with drifting points and a monthly hazard; the label says whether they leave within 90 days."""
    rng = np.random.default_rng(seed)
    shape = (n_accounts, n_dates + 3, len(true))
    level = rng.uniform(10, 90, (n_accounts, 1, len(true)))
    points = np.clip(level + np.cumsum(rng.normal(0, 4, shape), axis=1), 0, 100)
    hazard = 1 / (1 + np.exp(-(base - (points - 50) @ np.asarray(true) / 100)))
    leaves = rng.uniform(size=hazard.shape) < hazard
    end = np.where(leaves.any(axis=1), leaves.argmax(axis=1), n_dates + 99)
    dates = pd.date_range("2024-01-01", periods=n_dates, freq="MS")
    account, at = np.nonzero(np.arange(n_dates) <= end[:, None])
    left = end[account] <= at + 2
    index = pd.MultiIndex.from_arrays([[f"a{a:05}" for a in account], dates[at]], names=["account_id", "as_of"])
    X = pd.DataFrame(points[account, at], index=index, columns=[f"f_{name}" for name in NAMES[: len(true)]])
    X = X.mask(rng.uniform(size=X.shape) < missing)
    gone = dates[0] + pd.to_timedelta(np.where(left, 30 * end[account] + 15, 0), unit="D")
    y = pd.DataFrame({"label": left.astype(float), "effective_at": gone.where(left)}, index=index)
    return X, y


@pytest.fixture(name="card", scope="session")
def card_fixture():
    return make_card()


@pytest.fixture(name="make_card", scope="session")
def make_card_fixture():
    return make_card


@pytest.fixture(name="make_world", scope="session")
def make_world_fixture():
    return make_world


@pytest.fixture(name="world", scope="session")
def world_fixture():
    return make_world(missing=0.1)


@pytest.fixture(name="fitted", scope="session")
def fitted_fixture(world, card):
    return HealthScore(card).fit(*world)
