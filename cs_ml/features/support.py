"""Features of support: load and where it heads, backlog, severity, how fast and how lastingly tickets are solved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature
from cs_ml.features.support_words import support_words
from cs_ml.features.words import allowed
from cs_ml.timeline.elapsed import elapsed
from cs_ml.timeline.lookup import Lookup, Pairs, ratio

__all__ = ["SupportBuilder"]

MONTH, MONTHS, HALF_YEAR = 30, 6, 180
BACK_WITHIN = 7  # days; a ticket reopened sooner was not solved at first contact
HOUR = 3_600_000_000  # microseconds


@dataclass(frozen=True)
class SupportBuilder:
    """Describes what an account asked of support before each date, and how it was served as far as was known then.

    A ticket is open until its solution is known; what became of a reopened ticket afterwards the table does not say,
    so it does not count as open again. Times to respond and to solve are those of responses and solutions inside the
    window. Solved at first contact is a ticket with one contact at most that was not reopened within 7 days. The
    change is ``log(1 + last 30 days) - log(1 + mean of the five months before)``, missing where the first ticket lies
    less than 180 days back.

    Parameters
    ----------
    windows
        Look-back windows of the load, in days.
    severe
        Values of ``tickets.severity`` that count as severe.

    Examples
    --------
    >>> [feature.name for feature in SupportBuilder(windows=(30,)).features(["opened_at", "severity"])]
    ['tickets_opened_count_30d', 'tickets_opened_change_30d', 'tickets_opened_recency', 'tickets_severe_count_90d',
     'tickets_severe_share_180d']
    """

    windows: tuple[int, ...] = (30, 90, 180)
    severe: tuple[str, ...] = ("high", "critical", "urgent")
    reads: tuple[str, ...] = ("tickets",)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``tickets``."""
        return allowed(support_words(self.windows), columns)

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["tickets"]
        opened = Lookup(rows, keys, time="opened_at", known="known_at", clock=bucket.clock)
        values = self._load(rows, opened, bucket, keys)
        if "severity" in rows:
            values |= self._severity(rows, opened)
        if "resolved_at" in rows:
            values |= self._backlog(rows, opened, bucket, keys) | _solved(rows, bucket, keys)
        if "first_response_at" in rows:
            answered = Lookup(rows, keys, time="first_response_at", known="known_at", clock=bucket.clock)
            values["response_hours_180d"] = _hours(rows, answered.window(HALF_YEAR), "first_response_at")
        if "category" in rows:
            values["category_share_180d"] = _largest_share(opened.window(HALF_YEAR), rows["category"])
        names = [feature.name for feature in self.features(rows.columns)]
        return pd.DataFrame({name: values[name.removeprefix("tickets_")] for name in names}, index=keys)

    def _load(self, rows: pd.DataFrame, opened: Lookup, bucket: Bucket, keys: pd.MultiIndex) -> dict[str, np.ndarray]:
        ages = elapsed(opened.window(None), rows, "opened_at", keys, bucket.clock)
        values = {f"opened_count_{days}d": opened.window(days).count() for days in self.windows}
        last, half = opened.window(MONTH).count(), opened.window(HALF_YEAR).count()
        change = np.log1p(last) - np.log1p((half - last) / (MONTHS - 1))
        observed = ages.longest() >= HALF_YEAR
        return values | {"opened_change_30d": np.where(observed, change, np.nan), "opened_recency": ages.shortest()}

    def _severity(self, rows: pd.DataFrame, opened: Lookup) -> dict[str, np.ndarray]:
        graded = opened.window(HALF_YEAR).where(rows["severity"].notna())
        severe = self._is_severe(rows)
        return {
            "severe_count_90d": opened.window(90).where(severe).count(),
            "severe_share_180d": graded.share(severe),
        }

    def _backlog(
        self, rows: pd.DataFrame, opened: Lookup, bucket: Bucket, keys: pd.MultiIndex
    ) -> dict[str, np.ndarray]:
        waiting = elapsed(opened.window(None), rows, "resolved_at", keys, bucket.clock).pending()
        ages = elapsed(waiting, rows, "opened_at", keys, bucket.clock)
        values = {"open_count": waiting.count(), "open_age_mean": ages.mean(), "open_age_max": ages.longest()}
        if "severity" in rows:
            values["severe_open_count"] = waiting.where(self._is_severe(rows)).count()
        return values

    def _is_severe(self, rows: pd.DataFrame) -> np.ndarray:
        return np.asarray(rows["severity"].isin(self.severe), dtype=bool)


def _solved(rows: pd.DataFrame, bucket: Bucket, keys: pd.MultiIndex) -> dict[str, np.ndarray]:
    """How tickets solved within 180 days were solved: in which time, at first contact, for good."""
    lookup = Lookup(rows, keys, time="resolved_at", known="known_at", clock=bucket.clock)
    solved = lookup.window(HALF_YEAR)
    values = {"resolution_hours_180d": _hours(rows, solved, "resolved_at")}
    back = np.zeros(len(solved.key), dtype=bool)
    if "reopened_at" in rows:
        reopened = elapsed(solved, rows, "reopened_at", keys, bucket.clock)
        values["reopened_share_180d"] = ratio(reopened.come().count(), solved.count())
        back = elapsed(solved, rows, "resolved_at", keys, bucket.clock).days - reopened.days <= BACK_WITHIN
    if "contacts" in rows:
        contacts = rows["contacts"].to_numpy(dtype=float)
        once = Pairs(solved.key[~back], solved.row[~back], solved.n_keys).where(contacts <= 1)
        values["first_contact_share_180d"] = ratio(once.count(), solved.where(~np.isnan(contacts)).count())
    return values


def _hours(rows: pd.DataFrame, pairs: Pairs, until: str) -> np.ndarray:
    """Return mean hours since opening; whole microseconds are added up, so that no order of rows matters."""
    took = (rows[until] - rows["opened_at"]).to_numpy(dtype="timedelta64[us]")
    return pairs.mean(np.where(np.isnat(took), np.nan, took.astype(float))) / HOUR


def _largest_share(pairs: Pairs, values: Any) -> np.ndarray:
    """Return the share of the most frequent value among those present, by key; NaN without any."""
    codes, levels = pd.factorize(np.asarray(values, dtype=object))
    present = pairs.where(codes >= 0)
    cells, counts = np.unique(present.key * max(len(levels), 1) + codes[present.row], return_counts=True)
    most = np.zeros(pairs.n_keys)
    np.maximum.at(most, cells // max(len(levels), 1), counts.astype(float))
    return ratio(most, present.count())
