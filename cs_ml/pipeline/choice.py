"""Deciding once which columns usage gives, from what was known before the first date that is tested on."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cs_ml.config import Config
from cs_ml.features.usage_choice import UsageChoice, choose_usage
from cs_ml.tables import Tables
from cs_ml.timeline import TimeSplit, as_of_dates

__all__ = ["choice_of", "first_test"]


def choice_of(
    config: Config, tables: Tables, spine: pd.DataFrame, labels: Mapping[str, pd.DataFrame], purge: Mapping[str, int]
) -> UsageChoice:
    """Return the choice for a config.

    Parameters
    ----------
    config
        Checked config.
    tables
        Checked source tables.
    spine
        Accounts and dates.
    labels, purge
        Label frame of each target and days until its outcome is certain; empty where nothing is learned.
    """
    return choose_usage(
        tables,
        until=first_test(config, spine, labels, purge),
        top=config.snapshots.top_features,
        login_events=config.snapshots.login_events,
    )


def first_test(
    config: Config, spine: pd.DataFrame, labels: Mapping[str, pd.DataFrame], purge: Mapping[str, int]
) -> pd.Timestamp:
    """Return the first date that any target is tested on; the newest of the spine where none is tested."""
    if config.model.test_dates:
        return pd.Timestamp(min(config.model.test_dates))
    tested = [spine.index.get_level_values("as_of").max()]
    for target, frame in labels.items():
        dates = as_of_dates(frame[frame["label"].notna()])
        split = TimeSplit(purge_days=purge[target], n_origins=config.model.n_origins)
        tested += [first for first, _ in split.origins(dates)[:1]]
    return pd.Timestamp(min(tested))
