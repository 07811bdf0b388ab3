"""Which rows a target learns from, and which it is tested on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cs_ml.config import Config, TrainDates
from cs_ml.errors import NotEnoughData
from cs_ml.pipeline.snapshot import Snapshot
from cs_ml.timeline import as_of_dates

__all__ = ["allowed_rows", "test_rows", "training_rows"]


def allowed_rows(config: Config, snapshot: Snapshot) -> np.ndarray:
    """Tell which rows may be learned from: those of the training dates whose account had not given notice."""
    return np.asarray(~snapshot.spine["notice_given"].to_numpy(dtype=bool) & _chosen(as_of_dates(snapshot.X), config))


def training_rows(config: Config, snapshot: Snapshot, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return features and label frame of the rows a target may learn from.

    Rows whose account had given notice are left out: predicting them is no feat. Where test dates are declared, a
    row learns only if its outcome was certain before the first of them.

    Raises
    ------
    NotEnoughData
        If no labelled row is left.
    """
    dates = as_of_dates(snapshot.X)
    wanted = allowed_rows(config, snapshot)
    if config.model.test_dates:
        purge = pd.Timedelta(days=snapshot.purge_days[target])
        wanted &= dates + purge <= pd.Timestamp(min(config.model.test_dates))
    y = snapshot.labels[target][wanted]
    if not y["label"].notna().any():
        counts = snapshot.labels[target]["state"].value_counts().to_dict()
        raise NotEnoughData(
            f"{target}: expected rows with a known outcome, found states {counts}; "
            "start the snapshots earlier, shorten the horizon, or wait until outcomes are known"
        )
    return snapshot.X[wanted], y


def test_rows(config: Config, snapshot: Snapshot, target: str) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return features and label frame of the declared test dates; ``None`` where none are declared.

    Raises
    ------
    NotEnoughData
        If no row of those dates has a known outcome.
    """
    if not config.model.test_dates:
        return None
    dates = snapshot.X.index.get_level_values("as_of")
    wanted = dates.isin(pd.DatetimeIndex(config.model.test_dates)) & ~snapshot.spine["notice_given"].to_numpy(
        dtype=bool
    )
    y = snapshot.labels[target][wanted]
    if not y["label"].notna().any():
        listed = ", ".join(map(str, config.model.test_dates))
        raise NotEnoughData(f"{target}: expected rows with a known outcome on the test dates {listed}, found none")
    return snapshot.X[wanted], y


def _chosen(dates: pd.Index, config: Config) -> np.ndarray:
    chosen = config.model.train_dates
    if chosen is None:
        return np.ones(len(dates), dtype=bool)
    if isinstance(chosen, TrainDates):
        first = pd.Timestamp(chosen.from_) if chosen.from_ else dates.min()
        last = pd.Timestamp(chosen.to) if chosen.to else dates.max()
        return np.asarray((dates >= first) & (dates <= last))
    return dates.isin(pd.DatetimeIndex(chosen))
