"""Makes a world: the tables of a subscription business, and the truth behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from cs_ml.simulate.accounts import account_table, entitlement_table, user_table
from cs_ml.simulate.billing import cost_table, invoice_table
from cs_ml.simulate.cast import Cast
from cs_ml.simulate.commerce import deal_table, marketing_table
from cs_ml.simulate.config import WorldConfig
from cs_ml.simulate.contracts import contract_table
from cs_ml.simulate.frames import BLOCK, Table
from cs_ml.simulate.store import Tables
from cs_ml.simulate.support import onboarding_table, ticket_table
from cs_ml.simulate.truth import latent_table, probability_table
from cs_ml.simulate.usage import usage_table
from cs_ml.simulate.voice import sentiment_table, survey_table, voc_table

__all__ = ["World", "simulate"]

MAKERS: Mapping[str, Callable[[Cast], Table]] = MappingProxyType(
    {
        "accounts": account_table,
        "contracts": contract_table,
        "users": user_table,
        "usage": usage_table,
        "entitlements": entitlement_table,
        "surveys": survey_table,
        "voc": voc_table,
        "tickets": ticket_table,
        "onboarding": onboarding_table,
        "marketing": marketing_table,
        "deals": deal_table,
        "invoices": invoice_table,
        "sentiment": sentiment_table,
    }
)
TRUTHS: Mapping[str, Callable[[Cast], Table]] = MappingProxyType(
    {
        "churn_probability": probability_table,
        "latents": latent_table,
        "effects": lambda cast: cast.plays.table(cast.block, cast.life.alive),
    }
)


@dataclass(frozen=True)
class World:
    """A simulated business on disk.

    Parameters
    ----------
    config
        What it was made from.
    folder
        Where the source tables are, one Parquet file each.
    truth_folder
        Where the truth is: ``churn_probability``, ``drivers``, ``latents``, ``effects``.
    rows
        Number of rows of each source table.
    """

    config: WorldConfig
    folder: Path
    truth_folder: Path
    rows: Mapping[str, int]

    def table(self, name: str) -> pd.DataFrame:
        """Return one source table.

        Parameters
        ----------
        name
            Table, such as ``"contracts"``.

        Returns
        -------
        pandas.DataFrame
            All its rows.
        """
        return pd.read_parquet(self.folder / f"{name}.parquet")

    def truth(self, name: str = "churn_probability") -> pd.DataFrame:
        """Return one table of the truth.

        Parameters
        ----------
        name
            Table, such as ``"effects"``.

        Returns
        -------
        pandas.DataFrame
            All its rows.
        """
        return pd.read_parquet(self.truth_folder / f"{name}.parquet")


def simulate(config: WorldConfig, folder: str | Path, truth_folder: str | Path | None = None) -> World:
    """Write the tables of a simulated business and, apart from them, the truth.

    Blocks of 256 accounts are drawn, written and forgotten one after the other, so memory does not grow with the
    world. The same config gives the same bytes, and a larger world begins with the accounts of a smaller one.

    Parameters
    ----------
    config
        The world.
    folder
        Where the source tables go; made when missing, tables of the same names are replaced.
    truth_folder
        Where the truth goes. Default: beside ``folder``, with ``_truth`` added to its name.

    Returns
    -------
    World
        Where everything is.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     world = simulate(WorldConfig(n_accounts=50, usage_intensity=0.1), Path(place, "sample"))
    ...     len(world.table("accounts")["account_id"].unique()) <= 50, sorted(world.truth("drivers")["driver"])[:2]
    (True, ['adoption', 'champion_lost'])
    """
    folder = Path(folder)
    truth_folder = folder.with_name(f"{folder.name}_truth") if truth_folder is None else Path(truth_folder)
    last = f"A{config.n_accounts - 1:06d}"
    active = np.zeros(config.months, dtype=np.int64)
    with Tables(folder) as tables, Tables(truth_folder) as truths:
        for number in range(-(-config.n_accounts // BLOCK)):
            cast = Cast.of(config, number)
            for name, make in MAKERS.items():
                tables.add(name, make(cast), keep=last)
            for name, make in TRUTHS.items():
                truths.add(name, make(cast), keep=last)
            axis = cast.block.axis
            active += cast.life.alive[: cast.block.kept, axis.first : axis.last].sum(axis=0)
        tables.add("costs", cost_table(config, active))
        truths.add("drivers", _driver_table(config))
    return World(config, folder, truth_folder, MappingProxyType(dict(tables.rows)))


def _driver_table(config: WorldConfig) -> Table:
    """Drivers with coefficients, lag, and the features and tables that carry them; zeros in a world of noise."""
    drivers, live = config.drivers, not config.noise_only
    texts = {
        "unit": [driver.unit for driver in drivers],
        "features": [",".join(driver.features) for driver in drivers],
        "tables": [",".join(driver.tables) for driver in drivers],
    }
    return {
        "driver": np.array([driver.name for driver in drivers], dtype=object),
        "churn_coefficient": np.array([driver.churn * live for driver in drivers], dtype=np.float64),
        "upsell_coefficient": np.array([driver.upsell * live for driver in drivers], dtype=np.float64),
        "lag_months": np.array([driver.lag_months for driver in drivers], dtype=np.int64),
        **{name: np.array(values, dtype=object) for name, values in texts.items()},
    }
