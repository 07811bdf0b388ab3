"""Features of habit: on which days and hours the product is used, how long the pauses are, when the level moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.usage_members import NEVER, MemberDays, blocks_of
from cs_ml.features.feature import Feature
from cs_ml.features.usage_habits_words import habits_words
from cs_ml.timeline.lookup import ratio

__all__ = ["HabitsBuilder", "gaps", "shift"]

WINDOWS = (30, 90)
GAP_DAYS = 180
WEEK, WEEKS = 7, 26
THURSDAY, WORKDAYS = 3, 5  # 1970-01-01 was a Thursday
CELLS = 1 << 21  # rows by days looked at together


@dataclass(frozen=True)
class HabitsBuilder:
    """Describes the rhythm of an account in the product.

    Parameters
    ----------
    business_hours
        Whether events carry a time of day, so that those on weekdays from 9:00 to 18:00 by the book's clock count.

    Notes
    -----
    A gap is the number of days from one active day to the next, both within the last 180 days. The level of use is the
    number of active days a week in the last 26 weeks before the date; it moved most where a cut into two levels leaves
    the smallest squared deviations (the later one where two cuts are equal), and the shift is the level after it minus
    the level before. The shift is missing where the first event lies less than 26 weeks back.

    Silence is the time since the last active day as a share of the time since the first. With the number of purchases
    these two tell in the Pareto/NBD model whether a customer is still one (Schmittlein, Morrison and Colombo 1987); a
    share means the same early and late in the life of an account, which days since the last use do not.

    Examples
    --------
    >>> [feature.name for feature in HabitsBuilder().features([])][:3]
    ['usage_weekdays_share_30d', 'usage_weekdays_share_90d', 'usage_gap_longest_180d']
    """

    business_hours: bool = False
    reads: tuple[str, ...] = ("usage",)

    def features(self, columns: Iterable[str]) -> list[Feature]:  # noqa: ARG002  account and time are all it takes
        """Return the features that can be made from any ``usage``."""
        return habits_words(business_hours=self.business_hours)

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        if bucket.usage is None:
            return pd.DataFrame(index=keys)
        account = pd.Index(bucket.accounts).get_indexer(keys.get_level_values("account_id"))
        as_of = bucket.clock.date(keys.get_level_values("as_of"))
        days = MemberDays(bucket.usage.days, accounts=True)
        values = self._shares(days, account, as_of) | _silence(days, account, as_of) | _rhythm(days, account, as_of)
        return pd.DataFrame({feature.name: values[feature.name] for feature in self.features([])}, index=keys)

    def _shares(self, days: MemberDays, account: np.ndarray, as_of: np.ndarray) -> dict[str, np.ndarray]:
        """Events on weekdays, and in business hours, as shares of all events."""
        found: dict[str, np.ndarray] = {}
        for window in WINDOWS:
            events = days.sum("rows", account, as_of, window)
            parts = {"weekdays": days.sum("rows", account, as_of, window, only=_workday)}
            if self.business_hours:
                parts["business_hours"] = days.sum("business", account, as_of, window)
            found |= {f"usage_{name}_share_{window}d": ratio(part, events) for name, part in parts.items()}
        return found


def _silence(days: MemberDays, account: np.ndarray, as_of: np.ndarray) -> dict[str, np.ndarray]:
    """Time since the last use as a share of that since the first."""
    first, last = days.oldest(account, as_of), days.newest(account, as_of)
    return {"usage_silence_share": ratio(as_of - last, np.where(first == NEVER, 0, as_of - first))}


def _workday(day: np.ndarray) -> np.ndarray:
    return np.asarray((day + THURSDAY) % WEEK < WORKDAYS)


def _rhythm(days: MemberDays, account: np.ndarray, as_of: np.ndarray) -> dict[str, np.ndarray]:
    """Gaps and shift, from the active days of each row."""
    length = max(GAP_DAYS, WEEK * WEEKS)
    first = days.oldest(account, as_of)
    observed = (first >= 0) & (as_of - first >= WEEK * WEEKS)
    blocks = []
    for rows in blocks_of(np.full(len(account), length), CELLS):
        active = days.presence(account[rows], as_of[rows], length)
        found = gaps(active[:, length - GAP_DAYS :]) | shift(active[:, length - WEEK * WEEKS :])
        blocks.append(np.stack([found[name] for name in RHYTHM]))
    whole = dict(zip(RHYTHM, np.concatenate(blocks, axis=1), strict=True)) if blocks else dict.fromkeys(RHYTHM, as_of)
    for name in ("usage_days_shift_182d", "usage_days_shift_recency"):
        whole[name] = np.where(observed, whole[name], np.nan)
    return whole


RHYTHM = (
    "usage_gap_longest_180d",
    "usage_gap_mean_180d",
    "usage_gap_current_ratio_180d",
    "usage_days_shift_182d",
    "usage_days_shift_recency",
)


def gaps(active: np.ndarray) -> dict[str, np.ndarray]:
    """Return the longest and the mean gap, and the current one as a multiple of the mean.

    Parameters
    ----------
    active
        Active days of each row, the newest last, bool of shape (rows, days).

    Returns
    -------
    dict of str to numpy.ndarray of float64
        Missing where fewer than two days were active.

    Examples
    --------
    >>> {name: values.tolist() for name, values in gaps(np.array([[True, False, False, True, True, False]])).items()}
    {'usage_gap_longest_180d': [3.0], 'usage_gap_mean_180d': [2.0], 'usage_gap_current_ratio_180d': [1.0]}
    """
    n_rows, n_days = active.shape
    row, day = np.nonzero(active)
    same = row[1:] == row[:-1]
    longest = np.zeros(n_rows)
    np.maximum.at(longest, row[1:][same], (day[1:] - day[:-1])[same])
    first, last = np.argmax(active, axis=1), n_days - 1 - np.argmax(active[:, ::-1], axis=1)
    mean = ratio((last - first).astype(float), active.sum(axis=1) - 1)
    mean[longest == 0] = np.nan
    return {
        "usage_gap_longest_180d": np.where(longest == 0, np.nan, longest),
        "usage_gap_mean_180d": mean,
        "usage_gap_current_ratio_180d": (n_days - last) / mean,
    }


def shift(active: np.ndarray) -> dict[str, np.ndarray]:
    """Return by how many days a week the level of use moved where it moved most, and how many days ago that was.

    Parameters
    ----------
    active
        Active days of each row, the newest last, bool of shape (rows, 7 x weeks).

    Returns
    -------
    dict of str to numpy.ndarray of float64
        Where the level never moved the shift is 0, and when is missing.

    Examples
    --------
    >>> quiet, busy = np.zeros((1, 14), bool), np.ones((1, 7), bool)
    >>> {name: values.tolist() for name, values in shift(np.hstack([quiet, busy])).items()}
    {'usage_days_shift_182d': [7.0], 'usage_days_shift_recency': [7.0]}
    """
    weekly = active.reshape(len(active), -1, WEEK).sum(axis=2)
    n_weeks = weekly.shape[1]
    before = np.arange(1, n_weeks)
    running = np.cumsum(weekly, axis=1)
    low, total = running[:, :-1], running[:, -1:]
    difference = (total - low) * before - low * (n_weeks - before)  # whole numbers: equal cuts are equal exactly
    gain = difference.astype(float) ** 2 / (before * (n_weeks - before))
    cut = n_weeks - 2 - np.argmax(gain[:, ::-1], axis=1)
    place = np.arange(len(active)), cut
    moved = difference[place] != 0
    size = difference[place] / (before[cut] * (n_weeks - before[cut]))
    since = (n_weeks - before[cut]) * WEEK
    return {
        "usage_days_shift_182d": np.where(moved, size, 0.0),
        "usage_days_shift_recency": np.where(moved, since, np.nan),
    }
