"""Features of breadth: features and people in use, what is used for the first time, how much hangs on one person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.usage_members import NEVER, MemberDays, blocks_of, pairs_of
from cs_ml.engine.usage_state import Days
from cs_ml.features.feature import Feature
from cs_ml.features.words import Page, allowed
from cs_ml.timeline.lookup import ratio

__all__ = ["BreadthBuilder"]

PAGE = Page("usage", "usage", "usage")
MONTH, QUARTER = 30, 90


@dataclass(frozen=True)
class BreadthBuilder:
    """Describes how broadly an account uses the product, and whether the use hangs on one person.

    A feature is used for the first time on the first day it was used, as far as was known. The share of the most
    active user is that of its days among all days of all users, so that a user who works every day beside nine who
    looked in once has 30 of 39.

    Examples
    --------
    >>> [feature.name for feature in BreadthBuilder().features(["user_id"])]
    ['usage_users_top_share_30d']
    """

    reads: tuple[str, ...] = ("usage",)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``usage``."""
        return allowed(ROWS, columns)

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        state = bucket.usage
        values: dict[str, np.ndarray] = {}
        account = pd.Index(bucket.accounts).get_indexer(keys.get_level_values("account_id"))
        as_of = bucket.clock.date(keys.get_level_values("as_of"))
        if state is not None and state.features is not None:
            values |= _features(state.features, account, as_of)
        if state is not None and state.users is not None:
            values["usage_users_top_share_30d"] = _top_share(state.users, account, as_of)
        return pd.DataFrame(values, index=keys)


def _features(part: Days, account: np.ndarray, as_of: np.ndarray) -> dict[str, np.ndarray]:
    """Ask every feature of the account for its first and its last day."""
    days, n_rows = MemberDays(part), len(account)
    newest_first = np.full(n_rows, NEVER, np.int64)
    counts = {name: np.zeros(n_rows) for name in ("ever", "used", "new_30", "new_90")}
    for rows in blocks_of(np.diff(part.members)[account]):
        row, member = pairs_of(part, account[rows])
        row, n_block = row + rows.start, rows.stop - rows.start
        first, last, now = days.oldest(member, as_of[row]), days.newest(member, as_of[row]), as_of[row]
        np.maximum.at(newest_first, row, first)
        seen = first != NEVER
        for name, chosen in {
            "ever": seen,
            "used": seen & (now - last <= MONTH),
            "new_30": seen & (now - first <= MONTH),
            "new_90": seen & (now - first <= QUARTER),
        }.items():
            counts[name][rows] = np.bincount(row[chosen] - rows.start, minlength=n_block)
    return {
        "usage_features_ever_count": counts["ever"],
        "usage_features_share_30d": ratio(counts["used"], counts["ever"]),
        "usage_features_new_count_30d": counts["new_30"],
        "usage_features_new_count_90d": counts["new_90"],
        "usage_features_new_recency": np.where(newest_first == NEVER, np.nan, as_of - newest_first),
    }


def _top_share(part: Days, account: np.ndarray, as_of: np.ndarray) -> np.ndarray:
    """Return the days of the most active user as a share of the days of all users."""
    days, most, total = MemberDays(part), np.zeros(len(account), np.int64), np.zeros(len(account), np.int64)
    for rows in blocks_of(np.diff(part.members)[account]):
        row, member = pairs_of(part, account[rows])
        row += rows.start
        count = days.count(member, as_of[row], MONTH)
        np.maximum.at(most, row, count)
        np.add.at(total, row, count)
    return ratio(most, total)


ROWS = (
    PAGE.row("features_ever_count", "feature", "count", 1, "context", "Features ever used",
             "これまでに利用された機能数", "{value} features were ever used", "これまでに利用された機能は{value}種類"),
    PAGE.row("features_share_30d", "feature", "share", 1, "lever", "Share of the features ever used that are in use",
             "利用したことのある機能のうち直近30日も利用された割合",
             "{value} of the features ever used were used in the last 30 days",
             "これまでに利用された機能のうち直近30日も利用されたのは{value}"),
    PAGE.row("features_new_count_30d", "feature", "count", 1, "lever", "Features used for the first time, last 30 days",
             "初めて利用された機能数(直近30日)", "{value} features were used for the first time in the last 30 days",
             "直近30日に初めて利用された機能は{value}種類"),
    PAGE.row("features_new_count_90d", "feature", "count", 1, "lever", "Features used for the first time, last 90 days",
             "初めて利用された機能数(直近90日)", "{value} features were used for the first time in the last 90 days",
             "直近90日に初めて利用された機能は{value}種類"),
    PAGE.row("features_new_recency", "feature", "days", -1, "signal", "Days since a feature was first used",
             "最後に新しい機能を使い始めてからの日数", "The last feature was taken up {value} days ago",
             "最後に新しい機能を使い始めてから{value}日経過"),
    PAGE.row("users_top_share_30d", "user_id", "share", -1, "lever", "Share of the most active user, last 30 days",
             "最も活発なユーザーへの集中度(直近30日)",
             "The most active user accounts for {value} of all users' active days in the last 30 days",
             "直近30日の全ユーザーの延べ利用日数のうち最も活発な1人が占める割合は{value}"),
)  # fmt: skip
