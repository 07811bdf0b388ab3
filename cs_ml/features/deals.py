"""Features of deals: what is open, for how long and how much, what was won and lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.deals_words import deals_words
from cs_ml.features.feature import Feature
from cs_ml.features.words import allowed
from cs_ml.timeline.elapsed import Elapsed, elapsed
from cs_ml.timeline.lookup import Lookup, Pairs, ratio

__all__ = ["DealsBuilder"]

GROUPS = {"expansion": ("upsell", "cross_sell"), "renewal": ("renewal",)}
YEAR = 365


@dataclass(frozen=True)
class DealsBuilder:
    """Describes the deals of an account as they were known before each date: expansion and renewal apart.

    A deal is open until its closing is known. Stages carry no dates of their own, so days in stage are days since
    the deal was opened. Won and lost count by the day of closing; a closed deal that says neither counts as neither.

    Examples
    --------
    >>> [feature.name for feature in DealsBuilder().features(["kind", "opened_at"])]
    ['deals_opened_recency', 'deals_expansion_opened_count_365d', 'deals_renewal_opened_count_365d']
    """

    reads: tuple[str, ...] = ("deals",)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``deals``."""
        return allowed(deals_words(), columns)

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["deals"]
        opened = Lookup(rows, keys, time="opened_at", known="known_at", clock=bucket.clock)
        ages = elapsed(opened.window(None), rows, "opened_at", keys, bucket.clock)
        year = opened.window(YEAR)
        masks = {group: np.asarray(rows["kind"].isin(kinds), dtype=bool) for group, kinds in GROUPS.items()}
        values = {"opened_recency": ages.shortest()}
        values |= {f"{group}_opened_count_365d": year.where(mask).count() for group, mask in masks.items()}
        if "closed_at" in rows:
            values |= _open(rows, ages, masks, bucket, keys)
        if {"closed_at", "won"} <= set(rows):
            closed = Lookup(rows, keys, time="closed_at", known="known_at", clock=bucket.clock).window(YEAR)
            won = rows["won"].astype("float64").to_numpy()
            for group, mask in masks.items():
                values |= _outcome(group, closed.where(mask), won)
        names = [feature.name for feature in self.features(rows.columns)]
        return pd.DataFrame({name: values[name.removeprefix("deals_")] for name in names}, index=keys)


def _open(
    rows: pd.DataFrame, ages: Elapsed, masks: dict[str, np.ndarray], bucket: Bucket, keys: pd.MultiIndex
) -> dict[str, np.ndarray]:
    """Count, age and amount of the deals that were open."""
    pending = elapsed(ages.pairs, rows, "closed_at", keys, bucket.clock).pending()
    age = elapsed(pending, rows, "opened_at", keys, bucket.clock)
    talks = np.asarray(rows["kind"] == "downsell", dtype=bool)
    values = {
        "open_count": pending.count(),
        "open_age_max": age.longest(),
        "downsell_open_count": pending.where(talks).count(),
    }
    for group, mask in masks.items():
        chosen = pending.where(mask)
        values[f"{group}_open_count"] = chosen.count()
        values[f"{group}_open_age_max"] = elapsed(chosen, rows, "opened_at", keys, bucket.clock).longest()
        if "amount" in rows:
            values[f"{group}_pipeline_amount"] = _amount(chosen, rows["amount"].to_numpy(dtype=float))
    return values


def _amount(pairs: Pairs, amount: np.ndarray) -> np.ndarray:
    """Return the sum of the amounts, 0 without deals; NaN where there are deals and no amount is known."""
    priced = pairs.where(~np.isnan(amount)).count()
    return np.where((pairs.count() > 0) & (priced == 0), np.nan, pairs.sum(amount))


def _outcome(group: str, closed: Pairs, won: np.ndarray) -> dict[str, np.ndarray]:
    """How many deals were won and lost, and the share won among both."""
    decided = closed.where(~np.isnan(won))
    return {
        f"{group}_won_count_365d": closed.where(won > 0).count(),
        f"{group}_lost_count_365d": closed.where(won == 0).count(),
        f"{group}_win_rate_365d": ratio(closed.where(won > 0).count(), decided.count()),
    }
