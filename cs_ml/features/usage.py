"""Features of usage: how much, by how many, on how many days, how broadly, and where it is heading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.usage_blocks import Arrays
from cs_ml.engine.usage_state import Part, UsageState
from cs_ml.engine.usage_windows import usage_windows
from cs_ml.features.feature import Feature
from cs_ml.features.usage_words import described
from cs_ml.timeline.lookup import ratio
from cs_ml.timeline.terms import terms_known

__all__ = ["UsageBuilder"]

MONTH, MONTHS = 30, 6
STEPS = (MONTHS - 1) / 2 - np.arange(MONTHS)  # places of the periods on a centred axis, the newest first
PARTS: dict[Part, str] = {"user": "user_id", "feature": "feature", "login": "event", "quantity": "quantity",
                         "active": "active_users"}  # fmt: skip


@dataclass(frozen=True)
class UsageBuilder:
    """Describes what an account did in the product before each date.

    Events are rows of ``usage``; users, active days and features are counted distinctly and exactly. Trends compare
    periods of 30 days: the slope is the least-squares slope of ``log(1 + events)`` over the last six, the change is
    ``log(1 + last) - log(1 + mean of the five before)``. Both are missing where the first event lies less than 180
    days back: what was not observed is not made up.

    Parameters
    ----------
    windows
        Look-back windows in days.
    seats
        Whether to relate users to contracted seats, which takes ``contracts.seats``.
    logins
        Whether any event is a login; where none is, features of logins are absent, not zero.

    Examples
    --------
    >>> builder = UsageBuilder(windows=(7,), seats=False)
    >>> [feature.name for feature in builder.features(["account_id", "event_at"])]
    ['usage_events_count_7d', 'usage_days_distinct_7d', 'usage_events_recency', 'usage_events_slope_180d',
     'usage_events_change_30d']
    """

    windows: tuple[int, ...] = (7, 30, 90, 180)
    seats: bool = True
    logins: bool = True
    reads: tuple[str, ...] = ("usage", "contracts")

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``usage``."""
        present = {*columns, "seats"} if self.seats else {*columns}
        present -= set() if self.logins else {PARTS["login"]}
        return [feature for feature, needed in described(self.windows) if needed <= present]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        if bucket.usage is None:
            return pd.DataFrame(index=keys)
        codes = pd.Index(bucket.accounts).get_indexer(keys.get_level_values("account_id"))
        as_of = bucket.clock.date(keys.get_level_values("as_of"))
        return pd.DataFrame(self.compute(bucket.usage, codes, as_of, _seats(bucket, keys)), index=keys)

    def compute(
        self,
        state: UsageState,
        account_codes: np.ndarray,
        as_of_days: np.ndarray,
        seats: np.ndarray,
        *,
        threads: int = 1,
    ) -> dict[str, np.ndarray]:
        """Return the features of each row as arrays.

        Parameters
        ----------
        state
            Reduced usage.
        account_codes
            Account of each row, shape (n,).
        as_of_days
            Days since 1970-01-01, shape (n,).
        seats
            Contracted seats of each row, NaN where not known, shape (n,).
        threads
            Threads that work on ranges of accounts; the result does not depend on it.

        Returns
        -------
        dict of str to numpy.ndarray of float64
            Shape (n,) each, in the order of :meth:`features`.
        """
        windows = tuple(dict.fromkeys((*self.windows, MONTH)))
        features = self.features(column for part, column in PARTS.items() if state.has(part))
        seats = np.asarray(seats, np.float64)

        def made_of(measures: Arrays, rows: np.ndarray) -> Arrays:
            own = seats[rows]
            own = np.where(own > 0, own, 0)
            found = {**measures, **_trends(measures), **_shares(measures, own), **_reported(measures, windows, own)}
            return {feature.name: found[feature.name.removeprefix("usage_")] for feature in features}

        return usage_windows(
            state, account_codes, as_of_days, windows, periods=MONTHS, period_days=MONTH, threads=threads,
            made_of=made_of,
        )  # fmt: skip


def _seats(bucket: Bucket, keys: pd.MultiIndex) -> np.ndarray:
    """Return the seats of the running contracts, as known before each date."""
    if not bucket.has("contracts", "seats"):
        return np.full(len(keys), np.nan)
    lines = bucket.frames["contracts"]
    terms = terms_known(lines, keys, bucket.clock)
    return np.asarray(terms.take(terms.running()).total(lines["seats"]), dtype=np.float64)


def _trends(found: Arrays) -> Arrays:
    """Slope and change over periods of 30 days, where the account was seen for all of them."""
    observed = found["events_age"] >= MONTH * MONTHS
    events = np.stack([found[f"events_period_{period}"] for period in range(MONTHS)])
    logs = np.log1p(events)
    slope = (STEPS[:, None] * logs).sum(axis=0) / (STEPS @ STEPS)  # not `@`: its bits vary with the rows
    trends = {"events_slope_180d": slope, "events_change_30d": logs[0] - np.log1p(events[1:].mean(axis=0))}
    if "users_period_0" in found:
        before = np.stack([found[f"users_period_{period}"] for period in range(1, MONTHS)]).mean(axis=0)
        trends["users_change_30d"] = np.log1p(found["users_period_0"]) - np.log1p(before)
    return {name: np.where(observed, values, np.nan) for name, values in trends.items()}


def _reported(found: Arrays, windows: Sequence[int], seats: np.ndarray) -> Arrays:
    """Mean of the active users that rows of totals name, and their share of the seats."""
    if f"active_users_sum_{MONTH}d" not in found:
        return {}
    means = {days: ratio(found[f"active_users_sum_{days}d"], found[f"active_rows_count_{days}d"]) for days in windows}
    named = {f"active_users_mean_{days}d": mean for days, mean in means.items()}
    return named | {f"seats_active_share_{days}d": ratio(mean, seats) for days, mean in means.items()}


def _shares(found: Arrays, seats: np.ndarray) -> Arrays:
    """Users by seat and logins by user, where the table says who the users are."""
    if "users_distinct_30d" not in found:
        return {}
    users = found["users_distinct_30d"]
    shares = {"seats_utilisation_30d": ratio(users, seats)}
    if "logins_users_30d" in found:
        shares["logins_rate_30d"] = ratio(found["logins_users_30d"], seats)
        shares["logins_frequency_30d"] = ratio(found["logins_count_30d"], users * (MONTH / 7))
    return shares
