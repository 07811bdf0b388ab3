"""Features of entitlements: how much of what the contract includes is used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.usage_members import NEVER, MemberDays
from cs_ml.engine.usage_state import UsageState
from cs_ml.features.feature import Feature
from cs_ml.features.words import Page
from cs_ml.tables.tables import Tables
from cs_ml.timeline.lookup import Lookup, Pairs, ratio
from cs_ml.timeline.revealed import revealed_at

__all__ = ["EntitlementsBuilder"]

PAGE = Page("entitlements", "usage", "entitlements,usage")
ALWAYS = pd.Timestamp("1900-01-01")
WINDOWS = (30, 90)


@dataclass(frozen=True)
class EntitlementsBuilder:
    """Relates the features an account has used to those it was entitled to, as known before each date.

    An account is entitled to a feature from ``valid_from`` on (from the start where it is missing) until ``valid_to``
    has passed and is known. Names are those of ``usage.feature``, letter by letter. Shares are missing where an account
    is entitled to nothing.

    Examples
    --------
    >>> [feature.name for feature in EntitlementsBuilder().features(["feature"])]
    ['entitlements_features_count', 'entitlements_used_share_30d', 'entitlements_used_share_90d',
     'entitlements_never_used_count']
    """

    reads: tuple[str, ...] = ("entitlements", "usage")

    def suited(self, tables: Tables) -> EntitlementsBuilder | None:
        """Return this builder where usage tells features apart, ``None`` where it does not."""
        return self if "feature" in tables.columns("usage") else None

    def features(self, columns: Iterable[str]) -> list[Feature]:  # noqa: ARG002  the feature is always there
        """Return the features that can be made from ``entitlements``."""
        return [row.feature for row in ROWS]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        if bucket.usage is None or bucket.usage.features is None:
            return pd.DataFrame(np.nan, index=keys, columns=[row.feature.name for row in ROWS])
        rows = bucket.frames["entitlements"].reset_index(drop=True)
        as_of = bucket.clock.date(keys.get_level_values("as_of"))
        names, _ = pd.factorize(rows["feature"].astype(object), sort=True)
        pairs = _distinct(_entitled(rows, bucket, keys, as_of), names)
        key, feature = pairs.key, rows["feature"].to_numpy(dtype=object)[pairs.row]
        last = _last_use(bucket, keys, key, feature, as_of)
        count = pairs.count()
        used = {
            window: np.bincount(key[(last != NEVER) & (as_of[key] - last <= window)], minlength=len(keys))
            for window in WINDOWS
        }
        values = {"entitlements_features_count": count}
        values |= {f"entitlements_used_share_{window}d": ratio(number, count) for window, number in used.items()}
        never = np.bincount(key[last == NEVER], minlength=len(keys)).astype(float)
        values["entitlements_never_used_count"] = np.where(count > 0, never, np.nan)
        return pd.DataFrame(values, index=keys)


def _entitled(rows: pd.DataFrame, bucket: Bucket, keys: pd.MultiIndex, as_of: np.ndarray) -> Pairs:
    """Pair each key with the rows that had begun, and were not known to have ended."""
    missing = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    begun = rows.get("valid_from", missing).astype("datetime64[us]").fillna(ALWAYS)
    rows = rows.assign(valid_from=begun, known_at=rows.get("known_at", missing))
    pairs = Lookup(rows, keys, time="valid_from", known="known_at", clock=bucket.clock).window(None)
    ends = rows.get("valid_to", missing).astype("datetime64[us]")
    told = revealed_at(rows, "entitlements", "valid_to") if "valid_to" in rows else ends
    ended = ends.notna().to_numpy()[pairs.row]
    ended &= bucket.clock.day(ends)[pairs.row] < as_of[pairs.key]
    ended &= bucket.clock.day(ends if told is None else told)[pairs.row] < as_of[pairs.key]
    return Pairs(pairs.key[~ended], pairs.row[~ended], pairs.n_keys)


def _distinct(pairs: Pairs, names: np.ndarray) -> Pairs:
    """Keep one row of each key and feature; rows without a feature have none."""
    named = names[pairs.row] >= 0
    key, row = pairs.key[named], pairs.row[named]
    _, first = np.unique(key * (int(names.max(initial=0)) + 1) + names[row], return_index=True)
    return Pairs(key[first], row[first], pairs.n_keys)


def _last_use(
    bucket: Bucket, keys: pd.MultiIndex, key: np.ndarray, feature: np.ndarray, as_of: np.ndarray
) -> np.ndarray:
    """Return the last day each key's account used a feature, ``NEVER`` where it did not."""
    last = np.full(len(key), NEVER, np.int64)
    state = bucket.usage
    if state is None or state.features is None or not len(state.feature_names):
        return last
    account = pd.Index(bucket.accounts).get_indexer(keys.get_level_values("account_id"))[key]
    member = _member(state, account, pd.Index(state.feature_names, dtype=object).get_indexer(pd.Index(feature)))
    seen = np.flatnonzero(member >= 0)
    last[seen] = MemberDays(state.features).newest(member[seen], as_of[key[seen]])
    return last


def _member(state: UsageState, account: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the member of each account and feature, -1 where the account never used it."""
    part = state.features
    if part is None or not len(part.code):
        return np.full(len(account), -1)
    name = part.groups() * len(state.feature_names) + part.code
    order = np.argsort(name, kind="stable")
    wanted = account * len(state.feature_names) + code
    place = np.minimum(np.searchsorted(name, wanted, sorter=order), len(order) - 1)
    return np.where((code >= 0) & (name[order[place]] == wanted), order[place], -1)


ROWS = (
    PAGE.row("features_count", "", "count", 0, "context", "Features in the contract", "契約に含まれる機能数",
             "The contract includes {value} features", "契約に含まれる機能は{value}種類"),
    *(
        PAGE.row(f"used_share_{window}d", "", "share", 1, "lever", f"Contracted features in use, last {window} days",
                 f"契約機能の利用率(直近{window}日)",
                 f"{{value}} of the features in the contract were used in the last {window} days",
                 f"契約に含まれる機能のうち直近{window}日に利用されたのは{{value}}")
        for window in WINDOWS
    ),
    PAGE.row("never_used_count", "", "count", -1, "lever", "Contracted features never used", "未利用の契約機能数",
             "{value} features of the contract were never used", "契約に含まれる機能のうち未利用のものは{value}種類"),
)  # fmt: skip
