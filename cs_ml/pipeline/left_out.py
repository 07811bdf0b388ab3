"""Accounts to which an outcome cannot happen: no model learned from such rows, so nothing is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.config import Config
from cs_ml.labels import SelectiveLabeler
from cs_ml.pipeline.labelers import labeler_of
from cs_ml.pipeline.past import KEYS
from cs_ml.tables import Tables

__all__ = ["LeftOut", "left_out_of", "told_drivers", "told_scores", "told_themes"]

LeftOut = Mapping[str, "pd.Index[Any]"]


def left_out_of(
    config: Config, tables: Tables | None, spine: pd.DataFrame, targets: Iterable[str]
) -> dict[str, pd.Index[Any]]:
    """Return by target the accounts and dates to which its outcome cannot happen, by what was known then.

    Parameters
    ----------
    config
        Checked config.
    tables
        Source tables; without them nothing is left out.
    spine
        Accounts and dates.
    targets
        Targets that are scored. That of the health score, which every account has, is told of everybody.
    """
    asked = [name for name in targets if name in config.labels and name != config.health.target]
    labelers = {name: labeler_of(config.labels[name]) for name in asked if config.labels[name].kind != "table"}
    if tables is None:
        return {}
    return {
        name: spine.index[~labeler.eligible(tables, spine)]
        for name, labeler in labelers.items()
        if isinstance(labeler, SelectiveLabeler)
    }


def told_scores(scores: pd.DataFrame, left_out: LeftOut) -> pd.DataFrame:
    """Return scores without the probabilities of what cannot happen."""
    columns = {f"p_{target}": rows for target, rows in left_out.items() if f"p_{target}" in scores}
    return scores.assign(**{name: scores[name].mask(scores.index.isin(rows)) for name, rows in columns.items()})


def told_drivers(drivers: pd.DataFrame, left_out: LeftOut) -> pd.DataFrame:
    """Return drivers without those of what cannot happen."""
    told = np.ones(len(drivers), dtype=bool)
    for target, rows in left_out.items():
        at = np.flatnonzero(drivers["target"] == target)
        told[at] = ~pd.MultiIndex.from_frame(drivers[KEYS].iloc[at]).isin(rows)
    return drivers if told.all() else drivers[told].reset_index(drop=True)


def told_themes(themes: Mapping[str, pd.DataFrame], left_out: LeftOut) -> dict[str, pd.DataFrame]:
    """Return points by theme, missing where the outcome cannot happen."""
    return {
        target: frame[~frame.index.isin(left_out[target])].reindex(frame.index) if target in left_out else frame
        for target, frame in themes.items()
    }
