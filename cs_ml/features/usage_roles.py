"""Features of who uses the product: active people by role, and how long each role has been silent in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.usage_codes import KeyTable
from cs_ml.engine.usage_keys import words_of
from cs_ml.engine.usage_members import NEVER, MemberDays, blocks_of, pairs_of
from cs_ml.engine.usage_state import Days
from cs_ml.features.feature import Feature
from cs_ml.features.words import Page
from cs_ml.tables.tables import Tables

__all__ = ["RoleUsageBuilder"]

PAGE = Page("usage", "usage", "usage,users")
WINDOWS = (30, 90)
FOREVER = np.iinfo(np.int64).max
ROLES = {
    "user": ("plain users", "一般ユーザー"),
    "admin": ("administrators", "管理者"),
    "decision_maker": ("decision makers", "意思決定者"),
    "champion": ("champions", "推進者"),
}


@dataclass(frozen=True)
class RoleUsageBuilder:
    """Counts the people in the product by their role at the customer.

    A role is known from ``known_at`` and ``active_from`` of its row of ``users`` on, whichever is later: before that
    day nobody knew that it was a decision maker who worked there. A person with two roles counts in both.

    Parameters
    ----------
    roles
        Values of ``users.role``.

    Examples
    --------
    >>> [feature.name for feature in RoleUsageBuilder(("champion",)).features(["user_id"])]
    ['usage_champion_distinct_30d', 'usage_champion_distinct_90d', 'usage_champion_recency']
    """

    roles: tuple[str, ...] = tuple(ROLES)
    reads: tuple[str, ...] = ("usage", "users")

    def suited(self, tables: Tables) -> RoleUsageBuilder | None:
        """Return this builder where the tables say who has which role, ``None`` where they do not."""
        return self if "role" in tables.columns("users") else None

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``usage``."""
        return [feature for role in self.roles for feature in _words(role)] if "user_id" in set(columns) else []

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        part = None if bucket.usage is None else bucket.usage.users
        if part is None or not bucket.has("users", "role"):
            names = [feature.name for role in self.roles for feature in _words(role)]
            return pd.DataFrame(np.nan, index=keys, columns=names)
        account = pd.Index(bucket.accounts).get_indexer(keys.get_level_values("account_id"))
        as_of = bucket.clock.date(keys.get_level_values("as_of"))
        since = _since(bucket, part, self.roles)
        found = {role: np.zeros((len(WINDOWS), len(keys))) for role in self.roles}
        newest = {role: np.full(len(keys), NEVER, np.int64) for role in self.roles}
        days = MemberDays(part)
        for rows in blocks_of(np.diff(part.members)[account]):
            row, member = pairs_of(part, account[rows])
            row += rows.start
            last, now = days.newest(member, as_of[row]), as_of[row]
            for role in self.roles:
                seen = (last != NEVER) & (since[role][member] < now)
                np.maximum.at(newest[role], row[seen], last[seen])
                for place, window in enumerate(WINDOWS):
                    np.add.at(found[role][place], row[seen & (now - last <= window)], 1)
        values: dict[str, np.ndarray] = {}
        for role in self.roles:
            named = zip(WINDOWS, found[role], strict=True)
            values |= {f"usage_{role}_distinct_{window}d": counts for window, counts in named}
            values[f"usage_{role}_recency"] = np.where(newest[role] == NEVER, np.nan, as_of - newest[role])
        return pd.DataFrame(values, index=keys)


def _since(bucket: Bucket, part: Days, roles: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return for each role the day on which each user was known to have it."""
    rows = bucket.frames["users"]
    rows = rows[rows["role"].isin(roles).to_numpy(dtype=bool) & rows["user_id"].notna().to_numpy()]
    member = _members(bucket, part, rows)
    known = np.full(len(rows), np.iinfo(np.int64).min)
    for name in ("known_at", "active_from"):
        if name in rows:
            known = np.maximum(known, bucket.clock.day(rows[name]))  # a missing one is the smallest number
    found = {}
    for role in roles:
        chosen = (rows["role"] == role).to_numpy(dtype=bool) & (member >= 0)
        found[role] = np.full(len(part.starts) - 1, FOREVER)
        np.minimum.at(found[role], member[chosen], known[chosen])
    return found


def _members(bucket: Bucket, part: Days, rows: pd.DataFrame) -> np.ndarray:
    """Return which member of usage each row of ``users`` is, -1 for those never seen in the product."""
    account = pd.Index(bucket.accounts).get_indexer(pd.Index(rows["account_id"].astype(object)))
    if not len(part.code) or not len(rows):
        return np.full(len(rows), -1)
    table = KeyTable(np.column_stack([part.groups().astype(np.uint64), part.code]))
    words = words_of(pa.array(rows["user_id"].astype(str), pa.large_string()), "users.user_id")
    found = table.find(np.column_stack([account.astype(np.uint64), words]))
    return np.where(account < 0, -1, found)


def _words(role: str) -> list[Feature]:
    en, ja = ROLES.get(role, (f"people with the role {role}", f"役割「{role}」の人"))
    counts = [
        PAGE.row(
            f"{role}_distinct_{window}d", "", "users", 1, "lever", f"Active {en}, last {window} days",
            f"アクティブな{ja}(直近{window}日)", f"{{value}} {en} were active in the last {window} days",
            f"直近{window}日にアクティブだった{ja}は{{value}}人",
        ) for window in WINDOWS
    ]  # fmt: skip
    recency = PAGE.row(
        f"{role}_recency", "", "days", -1, "signal", f"Days since {en} last used the product",
        f"{ja}の最終利用からの日数", f"{en.capitalize()} last used the product {{value}} days ago",
        f"{ja}の最後の利用から{{value}}日経過",
    )  # fmt: skip
    return [row.feature for row in (*counts, recency)]
