"""The level of utilisation: dormant, low, core or power, what it was 90 days ago, and which way it moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.usage_windows import usage_windows
from cs_ml.features.feature import Feature
from cs_ml.features.words import Page

__all__ = ["LEVELS", "MOVES", "Threshold", "UtilisationBuilder"]

PAGE = Page("usage", "usage", "usage")
MONTH, BACK = 30, 90
LEVELS = ("dormant", "low", "core", "power")  # in this order
MOVES = ("down", "same", "up")


@dataclass(frozen=True)
class Threshold:
    """The least of what a level takes within 30 days.

    Parameters
    ----------
    days, users, features
        Active days, active users, features used; users and features only where the table tells them apart.
    """

    days: int = 1
    users: int = 0
    features: int = 0


@dataclass(frozen=True)
class UtilisationBuilder:
    """Sorts accounts by how much they did in the product in the last 30 days.

    The order of the levels is dormant < low < core < power. An account has the highest level of whose threshold, and
    of all thresholds below it, it meets every part; without an active day it is dormant. The level 90 days ago is the
    one that was given then, from what was known then; it is missing where no event was known yet.

    Parameters
    ----------
    low, core, power
        What each level takes at least.

    Examples
    --------
    >>> strict = UtilisationBuilder(power=Threshold(days=25, users=10, features=10))
    >>> [feature.name for feature in strict.features([])]
    ['usage_level_current', 'usage_level_previous_90d', 'usage_level_change_90d', 'usage_level_move_90d']
    """

    low: Threshold = Threshold(1)
    core: Threshold = Threshold(8, 2, 3)
    power: Threshold = Threshold(16, 5, 6)
    reads: tuple[str, ...] = ("usage",)

    def features(self, columns: Iterable[str]) -> list[Feature]:  # noqa: ARG002  account and time are all it takes
        """Return the features that can be made from any ``usage``."""
        return [row.feature for row in ROWS]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        if bucket.usage is None:
            return pd.DataFrame(index=keys)
        account = pd.Index(bucket.accounts).get_indexer(keys.get_level_values("account_id"))
        as_of = bucket.clock.date(keys.get_level_values("as_of"))
        now = self.level(usage_windows(bucket.usage, account, as_of, (MONTH,)))
        before = usage_windows(bucket.usage, account, as_of - BACK, (MONTH,))
        then, known = self.level(before), ~np.isnan(before["events_age"])
        change = np.where(known, now - then, np.nan)
        values = {
            "usage_level_current": _named(LEVELS, now, np.ones(len(now), bool)),
            "usage_level_previous_90d": _named(LEVELS, then, known),
            "usage_level_change_90d": change,
            "usage_level_move_90d": _named(MOVES, np.sign(now - then) + 1, known),
        }
        return pd.DataFrame(values, index=keys)

    def level(self, found: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the position of each row's level among :data:`LEVELS`.

        Parameters
        ----------
        found
            ``days_distinct_30d`` and, where there are such, ``users_distinct_30d`` and ``features_distinct_30d``.

        Examples
        --------
        >>> UtilisationBuilder().level({"days_distinct_30d": np.array([0, 3, 20]), "users_distinct_30d": np.ones(3)})
        array([0, 1, 1])
        """
        reached: np.ndarray = np.ones(len(found["days_distinct_30d"]), bool)
        level: np.ndarray = np.zeros(len(reached), np.int64)
        for threshold in (self.low, self.core, self.power):
            for part in ("days", "users", "features"):
                if f"{part}_distinct_{MONTH}d" in found:
                    reached = reached & (found[f"{part}_distinct_{MONTH}d"] >= getattr(threshold, part))
            level = level + reached
        return level


def _named(names: tuple[str, ...], place: np.ndarray, known: np.ndarray) -> np.ndarray:
    named: np.ndarray = np.array(names, dtype=object)[place]
    named[~known] = None
    return named


ROWS = (
    PAGE.row("level_current", "", "category", 0, "lever", "Level of utilisation", "利用水準",
             "The level of utilisation is {value}", "利用水準は{value}", kind="category"),
    PAGE.row("level_previous_90d", "", "category", 0, "signal", "Level of utilisation 90 days ago", "90日前の利用水準",
             "The level of utilisation was {value} 90 days ago", "90日前の利用水準は{value}", kind="category"),
    PAGE.row("level_change_90d", "", "difference", 1, "signal", "Levels of utilisation gained in 90 days",
             "90日間の利用水準の変化", "Utilisation moved by {value} levels in 90 days",
             "利用水準は90日間で{value}段階の変化"),
    PAGE.row("level_move_90d", "", "category", 0, "signal", "Direction of utilisation in 90 days",
             "90日間の利用水準の方向", "Utilisation in 90 days: {value}", "90日間の利用水準の推移: {value}",
             kind="category"),
)  # fmt: skip
