from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from cs_ml.simulate import World, WorldConfig, simulate
from cs_ml.simulate.cast import Cast
from cs_ml.simulate.truth import probability_table


@dataclass(frozen=True)
class Truths:
    """Probability and outcome of 12 blocks (3,072 accounts) without writing their tables."""

    def of(self, **knobs) -> pd.DataFrame:
        config = WorldConfig(n_accounts=3_072, **knobs)
        return pd.concat(self._block(config, number) for number in range(12))

    @staticmethod
    def _block(config: WorldConfig, number: int) -> pd.DataFrame:
        cast = Cast.of(config, number)
        columns = probability_table(cast)
        account = columns.pop("account_id")
        return pd.DataFrame(columns).assign(
            account_id=account.to_pylist(), annual=cast.profile.annual[account.indices.to_numpy()]
        )


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    """300 accounts, few usage rows."""
    return simulate(
        WorldConfig(n_accounts=300, seed=3, usage_intensity=0.3), tmp_path_factory.mktemp("world") / "tables"
    )


@pytest.fixture(scope="session")
def tables(world) -> dict[str, pd.DataFrame]:
    return {name: world.table(name) for name in world.rows}


@pytest.fixture(scope="session")
def truths() -> Truths:
    return Truths()


@pytest.fixture(scope="session")
def truth(truths) -> pd.DataFrame:
    return truths.of(seed=3)


@pytest.fixture(scope="session")
def surprise():
    """How many standard deviations the count of outcomes lies from the sum of their probabilities.

    Rows of one account whose horizons overlap are not independent; every third month start has horizons apart.
    """

    def measure(frame: pd.DataFrame, outcome: str, probability: str) -> float:
        apart = frame[frame["as_of"].dt.month % 3 == 1]
        p = apart[probability]
        return float((apart[outcome].sum() - p.sum()) / np.sqrt((p * (1 - p)).sum()))

    return measure
