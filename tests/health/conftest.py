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


def make_world(seed=0, n_accounts=150, n_dates=14, base=-2.5, true=TRUE, missing=0.0):
    """Accounts with drifting points that leave for good; a label is 1 in the three months before they leave."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2024-01-01", periods=n_dates, freq="MS")
    rows, labels, effective = [], [], []
    for account in range(n_accounts):
        level = rng.uniform(10, 90, len(true))
        for t, date in enumerate(dates):
            points = np.clip(level + rng.normal(0, 8, len(true)), 0, 100)
            eta = base - (points - 50) @ true / 100
            gone = rng.uniform(size=3) < 1 / (1 + np.exp(-(eta - np.log(3))))
            rows.append((f"a{account:04}", date, *points))
            labels.append(float(gone.any()))
            effective.append(date + pd.Timedelta(days=30 * (1 + int(gone.argmax()))) if gone.any() else pd.NaT)
            if gone[0] or t == n_dates - 1:
                break
    frame = pd.DataFrame(rows, columns=["account_id", "as_of", *(f"f_{name}" for name in NAMES[: len(true)])])
    X = frame.set_index(["account_id", "as_of"])
    X = X.mask(rng.uniform(size=X.shape) < missing)
    y = pd.DataFrame({"label": labels, "effective_at": pd.DatetimeIndex(effective)}, index=X.index)
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
